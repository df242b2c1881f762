"""Scrubbed losses of many hypotheses, which everything that explores is made of: sweeps, discovery, suggestions of rules.

All on the same references and, where the claims agree, the same donors, so that their differences are paired.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

from ..engine.settings import Settings
from ..hypothesis import Hypothesis
from ..measure.estimates import Floats
from ..task import Task


def losses_of(
    task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings, client: Any = None, name: str = "losses"
) -> Generator[Floats]:
    """Scrubbed losses ``[samples]`` of each hypothesis, in their order, each as soon as it is there.

    Parameters
    ----------
    task : Task
        What to measure on.
    hypotheses : sequence of Hypothesis
        Checked ones, or such with small changes.
    chosen : Settings
        Samples, seed, policy.
    client : dask.distributed.Client, optional
        Measure on the workers of its cluster; the numbers are the same.
    name : str
        What Dask shows.
    """
    if client is not None:
        from ..cluster import losses_of as spread

        yield from spread(task, hypotheses, chosen, client, name)  # closing this one closes that
        return
    yield from task.scrubbed_together(hypotheses, chosen)
