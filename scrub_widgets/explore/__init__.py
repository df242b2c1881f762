"""Looking for what matters: sweeps over the senders of a port, given a hypothesis."""

from .sweep import Row, Sweep, importance, sweep_steps

__all__ = ["Row", "Sweep", "importance", "sweep_steps"]
