"""The loss position by position: where in the inputs a hypothesis holds, and where it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ScrubError
from . import estimates
from .estimates import Estimate, Floats

if TYPE_CHECKING:
    from ..engine.run import Losses
    from ..result import Result


@dataclass(frozen=True)
class Place:
    """The losses at some positions, over all references.

    Attributes
    ----------
    name : str
        The positions in words, or the role's name.
    positions : tuple of int
        Which; several where a role has several, or where there are too many positions to keep them apart.
    model, scrubbed, baseline : Estimate
        Mean losses there. Their mean over all read positions is the loss itself.
    change : Estimate
        Scrubbed minus model, paired by reference.
    recovered : Estimate
        Loss recovered there; not resolved where the baseline cannot be told from the model.
    """

    name: str
    positions: tuple[int, ...]
    model: Estimate
    scrubbed: Estimate
    baseline: Estimate
    change: Estimate
    recovered: Estimate


def places(losses: Losses, within: Sequence[Sequence[int]]) -> tuple[Place, ...]:
    """One place for each stretch of read positions."""
    reads = sum(len(stretch) for stretch in within)
    return tuple(
        _place(_words(stretch), stretch, losses_at(losses, [i], reads, len(stretch)))
        for i, stretch in enumerate(within)
    )


def roles(losses: Losses, within: Sequence[Sequence[int]], named: Mapping[str, Sequence[int]]) -> tuple[Place, ...]:
    """One place for each role whose positions the loss reads; none where positions are only kept in stretches."""
    if any(len(stretch) > 1 for stretch in within):
        return ()
    column = {stretch[0]: i for i, stretch in enumerate(within)}
    found = {name: [p for p in at if p in column] for name, at in named.items()}
    return tuple(
        _place(name, at, losses_at(losses, [column[p] for p in at], len(column), len(at)))
        for name, at in found.items()
        if at
    )


def losses_at(losses: Losses, columns: Sequence[int], reads: int, positions: int) -> tuple[Floats, Floats, Floats]:
    """Model, scrubbed and baseline loss ``[n]`` at the positions of some columns, per position.

    What a position adds is times the number of read positions: the mean over positions is then the loss.
    """
    scale = reads / positions
    at = list(columns)
    model, scrubbed, baseline = (
        part[:, at].sum(1, dtype=np.float64) * scale
        for part in (losses.model_at, losses.scrubbed_at, losses.baseline_at)
    )
    return model, scrubbed, baseline


def at_position(r: Result, position: int) -> tuple[Floats, Floats, Floats]:
    """Model, scrubbed and baseline loss of each reference at one position, ``[n]`` each.

    Raises
    ------
    ScrubError
        The loss is not a sum over positions, or does not read this one.
    """
    within = r.stretches
    if not within:
        raise ScrubError(f"there are no losses of single positions: {why_none(r)}")
    for i, stretch in enumerate(within):
        if position in stretch:
            return losses_at(r.losses, [i], sum(len(s) for s in within), len(stretch))
    raise ScrubError(
        f"the loss reads positions {_words([p for s in within for p in s])}; {position} is not among them."
    )


def why_none(r: Result) -> str:
    """Why there is no chart of positions, in one sentence."""
    loss = r.task.loss
    reads = loss.reads(r.task.positions)
    if r.task.positions == 1:
        return "The inputs have no token positions."
    if len(reads) == 1:
        return f"The loss '{loss.name}' reads one position only, {reads[0]}: there is nothing to tell apart."
    if loss.terms is None:
        return f"The loss '{loss.name}' does not say what each position adds to it."
    return f"With {len(r.losses):,} samples the losses of single positions are not kept; take fewer samples."


def _place(name: str, positions: Sequence[int], at: tuple[Floats, Floats, Floats]) -> Place:
    model, scrubbed, baseline = at
    return Place(
        name,
        tuple(positions),
        estimates.mean(model),
        estimates.mean(scrubbed),
        estimates.mean(baseline),
        estimates.mean(scrubbed - model),
        estimates.loss_recovered(model, scrubbed, baseline),
    )


def _words(positions: Sequence[int]) -> str:
    """``5``, ``3 to 6``, or ``1, 4, 5``."""
    first, last = positions[0], positions[-1]
    if len(positions) == 1:
        return str(first)
    if list(positions) == list(range(first, last + 1)):
        return f"{first} to {last}"
    return ", ".join(map(str, positions))
