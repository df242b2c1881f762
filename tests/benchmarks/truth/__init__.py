"""Models whose circuit is known because somebody wrote it down, with hypotheses that are right and hypotheses that are wrong.

Each file holds one or two models and all that is claimed about them. What a model does is not measured, it is read off its code.
"""

from __future__ import annotations

from collections.abc import Callable

from .case import Case, Truth
from .fresh import comparison, gated, majority, remainder
from .gates import conjunction, exclusive_or, switch, with_backup
from .induction import hand_built
from .leaks import shortcut, twins
from .noise import random_network
from .sums import average, cancelling_pair, toy

__all__ = ["FRESH", "TRUTHS", "Case", "Truth"]

TRUTHS: tuple[Callable[[], Truth], ...] = (
    hand_built,
    conjunction,
    with_backup,
    exclusive_or,
    switch,
    cancelling_pair,
    average,
    toy,
    shortcut,
    twins,
    random_network,
)
"""Models that the guards were tried and improved on."""

FRESH: tuple[Callable[[], Truth], ...] = (majority, comparison, remainder, gated)
"""Models that no guard was changed for: what they show is not learned by heart."""
