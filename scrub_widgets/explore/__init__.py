"""Looking for what matters: sweeps over the senders of a port, and whole circuits found by them."""

from .discover import discover, discover_steps
from .discovery import Discovery, DiscoveryStep
from .prescreen import Screen, Verified, prescreen
from .suggest import suggest_rules, suggest_steps
from .suggestions import Suggestion, Suggestions
from .sweep import Row, Sweep, importance, sweep_steps

__all__ = [
    "Discovery",
    "DiscoveryStep",
    "Row",
    "Screen",
    "Suggestion",
    "Suggestions",
    "Sweep",
    "Verified",
    "discover",
    "discover_steps",
    "importance",
    "prescreen",
    "suggest_rules",
    "suggest_steps",
    "sweep_steps",
]
