"""The same measurements over the workers of a Dask cluster: ``client=dask.distributed.Client(...)``, docs/cluster.md.

A task is sent to each worker once and stays there with its clean values. What is handed out are units: some hypotheses on
some references; how a call is cut into them does not depend on the workers, and no number on how it is cut.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import numpy as np

from ..engine.run import Losses, joined
from ..engine.stack import width
from .checks import checked
from .run import Unit, answers
from .sent import register, release
from .shown import Progress, bars

if TYPE_CHECKING:
    from ..engine.settings import Settings
    from ..hypothesis import Hypothesis
    from ..measure.estimates import Floats
    from ..task import Task

__all__ = ["Progress", "bars", "checked", "losses_of", "register", "release", "stream"]

TOGETHER = 8
"""Hypotheses in one unit: stacked, and worked out from the same clean values."""
SPAN = 256
"""References in one unit at least: a chunk of the engine."""
SPANS = 16
"""Into so many parts the references of a hypothesis are cut at most."""


def losses_of(
    task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings, client: Any, name: str = "losses"
) -> Generator[Floats]:
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
    if not hypotheses:
        return
    checked(client)
    units = cut(len(hypotheses), chosen.samples, _together(task, hypotheses[0], chosen))
    with closing(answers(client, task, hypotheses, chosen, units, _losses, name)) as found:
        for parts in _in_order(found, len(spans(chosen.samples))):
            yield from (np.concatenate(rows) for rows in zip(*parts, strict=True))


def stream(task: Task, hypothesis: Hypothesis, chosen: Settings, client: Any) -> Iterator[Losses]:
    """Losses of one hypothesis on all references so far, as :meth:`Scrub.stream` gives them, measured by the workers.

    Parameters
    ----------
    task, hypothesis, chosen
        What to measure.
    client : dask.distributed.Client
        The cluster.
    """
    parts: list[Losses] = []
    units = cut(1, chosen.samples)
    with closing(answers(client, task, [hypothesis], chosen, units, _results, "scrub")) as found:
        for (some,) in _in_order(found, 1):
            parts += some
            yield joined(parts)


def spans(samples: int) -> list[tuple[int, int]]:
    """Borders of the parts that the references are cut into."""
    step = SPAN * -(-samples // (SPAN * SPANS))
    return [(start, min(start + step, samples)) for start in range(0, samples, step)]


def cut(hypotheses: int, samples: int, together: int = TOGETHER) -> list[Unit]:
    """The units of a call, those of the first hypotheses first: decided by what is asked alone."""
    return [
        Unit(first, min(first + together, hypotheses), start, stop)
        for first in range(0, hypotheses, together)
        for start, stop in spans(samples)
    ]


def _together(task: Task, first: Hypothesis, chosen: Settings) -> int:
    """Hypotheses in one unit: few, unless the device needs full stacks for numbers that are equal to the bit."""
    prepared = task.prepare()
    return TOGETHER if prepared.alike else width(task._scrub(first, chosen, prepared)[0])


def _in_order(found: Iterator[tuple[int, Any]], each: int) -> Iterator[list[Any]]:
    """The values of ``each`` neighbouring units, in the order of the units, as soon as they are all there."""
    waiting: dict[int, Any] = {}
    ready: list[Any] = []
    at = 0
    for number, values in found:
        waiting[number] = values
        while at in waiting:
            ready.append(waiting.pop(at))
            at += 1
            if len(ready) == each:
                yield ready
                ready = []


def _losses(task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings, within: tuple[int, int]) -> list[Floats]:
    return list(task.scrubbed_together(hypotheses, chosen, within))


def _results(task: Task, hypotheses: Sequence[Hypothesis], chosen: Settings, within: tuple[int, int]) -> list[Losses]:
    return list(task.parts(hypotheses[0], chosen, within))
