"""Slices: does the number hold for each part of the data, or is it a mean of opposites."""

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
MOST_SHOWN = 3

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
        opposite = whole.low(len(parts)) > 0 > own.high(len(parts))
        size = max(apart.low(len(parts)), -apart.high(len(parts)))
        if opposite or (size > 0 and abs(apart.value) > SLICE_APART):
            found.append((abs(apart.value), _words(r, name, code, where, own, opposite=opposite)))
    if not found:
        return []
    words = [sentence for _, sentence in sorted(found, key=lambda pair: -pair[0])]
    more = f" (and {len(words) - MOST_SHOWN} slices more)" if len(words) > MOST_SHOWN else ""
    return [
        Doubt(
            "slices",
            f"{percent(whole.value)} is recovered of the whole, but {'; '.join(words[:MOST_SHOWN])}{more}.",
            "Read the number of each part: the mean over all of them describes none.",
        )
    ]


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
    return own, Measured(own.value - whole.value, average(inside - (top - whole.value * bottom) / bottom.mean()).error)


def _words(r: Result, name: str, code: int, where: Where, own: Measured, *, opposite: bool) -> str:
    worse = ", where it does worse than no hypothesis" if opposite else ""
    size = percent(float(where.mean()))
    return f"{percent(own.value)} where {name} is {value_of(r.task, name, code)} ({size} of the references){worse}"
