"""Slices: does the number hold for each part of the data, or is it a mean of opposites."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import torch

from .data import features, value_of
from .doubt import Doubt, percent
from .paired import Measured, average, gap, share

if TYPE_CHECKING:
    from ...result import Result
    from ..estimates import Floats

SMALLEST_SHARE = 0.05
"""A slice of less than a twentieth cannot move the whole by much."""
SMALLEST_SLICE = 30
"""Examples below which an interval of a ratio is not to be relied on."""
SLICE_GAP = 0.1
"""A slice with less than a tenth of the mean gap has nothing to recover: its ratio is of no interest."""
SLICE_APART = 0.2
"""Twenty points apart, a reader of the whole number would be wrong about the slice."""
MOST_SHOWN = 3
MOST_BLOCKS = 10
"""Where more positions are read they are taken together in so many stretches."""


@dataclass(frozen=True)
class Part:
    """A part of the data.

    Attributes
    ----------
    words : str
        Which.
    top, bottom : array of float
        What it adds to what is recovered, and to what there is to recover, on each reference: ``[n]``.
    size : float
        Share of the data.
    """

    words: str
    top: Floats
    bottom: Floats
    size: float


def slices(r: Result) -> list[Doubt]:
    """Loss recovered on a part of the data that disagrees with the whole."""
    return _compared(r.losses.baseline - r.losses.scrubbed, gap(r), list(_parts(r)))


def _parts(r: Result) -> Iterator[Part]:
    """Slices that are large enough, by every property with few values."""
    n, top, bottom = len(r.losses), r.losses.baseline - r.losses.scrubbed, gap(r)
    for name, codes in features(r.task).items():
        for code in range(int(codes.max()) + 1):
            where = codes[r.references] == code
            if max(SMALLEST_SLICE, SMALLEST_SHARE * n) <= where.sum() < n:
                size = float(where.mean())
                words = f"where {name} is {value_of(r.task, name, code)} ({percent(size)} of the references)"
                yield Part(words, np.where(where, top, 0.0), np.where(where, bottom, 0.0), size)


def position_slices(r: Result) -> list[Doubt]:
    """The same for the token positions that the loss reads; the baseline is the shuffled one."""
    loss = r.task.loss
    reads = loss.reads(r.task.positions)
    if loss.terms is None or len(reads) < 2 or len(r.losses) < SMALLEST_SLICE:
        return []
    chunks = []
    for batch, clean, scrubbed, shuffled in r.task.outputs(
        r.hypothesis, msgspec.structs.replace(r.settings, samples=len(r.losses), baseline="shuffled")
    ):
        terms = [loss.terms(logits, batch, clean) for logits in (clean, scrubbed, shuffled)]
        chunks.append(torch.stack(terms).double().cpu().numpy())
    model, other, baseline = np.concatenate(chunks, axis=1)
    top, bottom = baseline - other, baseline - model
    blocks = np.array_split(np.arange(len(reads)), min(len(reads), MOST_BLOCKS))
    parts = [
        Part(_places([reads[i] for i in block]), top[:, block].sum(1), bottom[:, block].sum(1), len(block) / len(reads))
        for block in blocks
    ]
    return _compared(top.sum(1), bottom.sum(1), parts)


def _places(positions: Sequence[int]) -> str:
    return f"at position {positions[0]}" if len(positions) == 1 else f"at positions {positions[0]} to {positions[-1]}"


def _compared(top: Floats, bottom: Floats, parts: Sequence[Part]) -> list[Doubt]:
    """The parts that disagree with the whole."""
    whole = share(top, bottom)
    if not whole.resolved:
        return []
    found = []
    for part in parts:
        own = share(part.top, part.bottom)
        if not own.resolved or part.bottom.mean() < SLICE_GAP * part.size * bottom.mean():
            continue
        influence = (part.top - own.value * part.bottom) / part.bottom.mean() - (
            top - whole.value * bottom
        ) / bottom.mean()
        apart = Measured(own.value - whole.value, average(influence).error)
        opposite = whole.low(len(parts)) > 0 > own.high(len(parts))
        beyond = max(apart.low(len(parts)), -apart.high(len(parts))) > 0 and abs(apart.value) > SLICE_APART
        if opposite or beyond:
            worse = ", where it does worse than no hypothesis" if opposite else ""
            found.append((abs(apart.value), f"{percent(own.value)} {part.words}{worse}"))
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
