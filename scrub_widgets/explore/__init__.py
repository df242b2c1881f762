"""Looking for what matters: sweeps over the senders of a port, and whole circuits found by them."""

from .discover import discover, discover_steps
from .discovery import Discovery, DiscoveryStep
from .prescreen import Screen, Verified, prescreen
from .sweep import Row, Sweep, importance, sweep_steps

__all__ = [
    "Discovery",
    "DiscoveryStep",
    "Row",
    "Screen",
    "Sweep",
    "Verified",
    "discover",
    "discover_steps",
    "importance",
    "prescreen",
    "sweep_steps",
]
