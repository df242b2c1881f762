"""Looking for what matters: sweeps over the senders of a port, and whole circuits found by them."""

from .discover import discover, discover_steps
from .discovery import Discovery, DiscoveryStep
from .sweep import Row, Sweep, importance, sweep_steps

__all__ = ["Discovery", "DiscoveryStep", "Row", "Sweep", "discover", "discover_steps", "importance", "sweep_steps"]
