"""A guard that looks at parts of the data: does the number hold for each, or is it a mean of opposites?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .data import features, value_of
from .doubt import Doubt, percent
from .paired import NOTHING, Measured, average, gap, recovered, share

if TYPE_CHECKING:
    from ...result import Result

SMALLEST_SHARE = 0.05
"""A slice of less than a twentieth cannot move the whole by much."""
SMALLEST_SLICE = 30
"""Examples below which an interval of a ratio is not to be relied on."""
SLICE_GAP = 0.1
"""A slice with less than a tenth of the mean gap has nothing to recover: its ratio is of no interest."""
SLICE_APART = 0.2
"""Twenty points apart, a reader of the whole number would be wrong about the slice."""
MOST_SHOWN = 4

Where = npt.NDArray[np.bool_]


def slices(r: Result) -> list[Doubt]:
    """Loss recovered on a part of the data that disagrees with the whole."""
    whole = recovered(r)
    parts = list(_parts(r))
    found = []
    for name, code, where in parts:
        own, apart = _compared(r, where)
        if not own.resolved:
            continue
        reversed_ = whole.low(len(parts)) > 0 > own.high(len(parts))
        if reversed_ or abs(apart.value) > SLICE_APART and abs(apart.value) > apart.high(len(parts)) - apart.value:
            found.append((abs(apart.value), _doubt(r, name, code, where, own, whole, reversed_=reversed_)))
    return [doubt for _, doubt in sorted(found, key=lambda pair: -pair[0])[:MOST_SHOWN]]


def _parts(r: Result) -> Iterator[tuple[str, int, Where]]:
    """Slices that are large enough: name of the feature, its value, and which references have it."""
    n = len(r.losses)
    for name, codes in features(r.task).items():
        for code in range(int(codes.max()) + 1):
            where = codes[r.references] == code
            if max(SMALLEST_SLICE, SMALLEST_SHARE * n) <= where.sum() < n:
                yield name, code, where


def _compared(r: Result, where: Where) -> tuple[Measured, Measured]:
    """Loss recovered in a slice, and its difference from the whole, with the error of each."""
    top, bottom = r.losses.baseline - r.losses.scrubbed, gap(r)
    own, whole = share(top[where], bottom[where]), share(top, bottom)
    if not (own.resolved and whole.resolved) or bottom[where].mean() < SLICE_GAP * bottom.mean():
        return NOTHING, NOTHING
    inside = np.where(where, top - own.value * bottom, 0.0) / bottom[where].mean() / where.mean()
    return own, Measured(
        own.value - whole.value, average(inside - (top - whole.value * bottom) / bottom.mean()).error
    )


def _doubt(
    r: Result, name: str, code: int, where: Where, own: Measured, whole: Measured, *, reversed_: bool
) -> Doubt:
    opposite = ": there the hypothesis does worse than no hypothesis" if reversed_ else ""
    return Doubt(
        "slices",
        f"where {name} is {value_of(r.task, name, code)} ({percent(float(where.mean()))} of the references), "
        f"{percent(own.value)} is recovered, against {percent(whole.value)} of the whole{opposite}.",
        "Read the number of each part; a hypothesis that fails on one of them explains the other.",
    )
