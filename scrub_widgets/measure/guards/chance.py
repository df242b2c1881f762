"""A guard that asks the matched null whether the labels are worth anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .doubt import Doubt, percent
from .paired import gap, share

if TYPE_CHECKING:
    from ...result import Result


def no_better_than_chance(r: Result) -> list[Doubt]:
    """The same tree with permuted labels recovers as much: the number is due to the tree and not to its rules.

    It must also be as far from the model, example by example: where swaps take out something harmful, the null has the lower
    loss, and the hypothesis may all the same be the one that keeps what the model does.
    """
    if not r.labelled:
        return []  # `same input` and `any input` have no labels that could mean nothing
    more = share(r.null_losses - r.losses.scrubbed, gap(r))
    own = r.losses.model
    closer = share(np.abs(r.null_losses - own) - np.abs(r.losses.scrubbed - own), np.abs(gap(r)))
    if not more.resolved or more.low() > 0 or closer.low() > 0:
        return []
    return [
        Doubt(
            "no better than chance",
            f"{percent(r.loss_recovered.value)} is recovered, and {percent(r.null.value)} by the same tree with meaningless labels: the "
            f"difference, {r.above_null}, cannot be told from nothing.",
            "Take more samples; if it stays so, the rules explain nothing of this number.",
        )
    ]
