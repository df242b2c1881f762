"""The same measurements over the workers of a Dask cluster: ``client=dask.distributed.Client(...)``, docs/cluster.md.

A task is sent to each worker once and stays there with its clean values. What is handed out are units: some hypotheses on
some references; how a call is cut into them does not depend on the workers, and no number on how it is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .checks import checked
from .run import Unit, answers
from .sent import register, release
from .shown import Progress, bars

if TYPE_CHECKING:
    from ..engine.settings import Settings
    from ..hypothesis import Hypothesis
    from ..measure.estimates import Floats
    from ..task import Task

__all__ = ["Progress", "bars", "checked", "losses_of", "register", "release"]

TOGETHER = 8
"""Hypotheses in one unit."""


def losses_of(
    task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings, client: Any, name: str = "losses"
) -> Iterator[Floats]:
    """Scrubbed losses ``[samples]`` of each hypothesis, in their order, measured by the workers of a cluster.

    Parameters
    ----------
    task, hypotheses, chosen
        As in :func:`scrub_widgets.explore.measured.losses_of`, with the same numbers to the bit.
    client : dask.distributed.Client
        The cluster.
    name : str
        What Dask shows.
    """
    units = cut(len(hypotheses), chosen.samples)
    parts: dict[int, Floats] = {}
    ready = 0
    for number, values in answers(client, task, hypotheses, chosen, units, _losses, name):
        parts[number] = values
        while ready in parts:
            yield from parts.pop(ready)
            ready += 1


def cut(hypotheses: int, samples: int) -> list[Unit]:
    """The units of a call."""
    return [Unit(i, min(i + TOGETHER, hypotheses), 0, samples) for i in range(0, hypotheses, TOGETHER)]


def _losses(task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings, _start: int, _stop: int) -> Floats:
    from ..explore.measured import losses_of as here

    return np.stack(list(here(task, hypotheses, chosen)))
