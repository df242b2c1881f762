"""Scrubbed losses of many hypotheses, which everything that explores is made of: sweeps, discovery, suggestions of rules.

All on the same references and, where the claims agree, the same donors, so that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..engine.settings import Settings
from ..hypothesis import Hypothesis
from ..measure.estimates import Floats
from ..task import Task


def losses_of(task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings) -> Iterator[Floats]:
    """Scrubbed losses ``[samples]`` of each hypothesis, in their order, each as soon as it is there.

    Parameters
    ----------
    task : Task
        What to measure on.
    hypotheses : sequence of Hypothesis
        Checked ones, or such with small changes.
    chosen : Settings
        Samples, seed, policy.
    """
    yield from task.scrubbed_together(hypotheses, chosen)
