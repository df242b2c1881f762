"""Where in the inputs a loss comes from: what each read position adds to it, or each stretch of them where there are many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from ..classes import Batch
from ..losses import Loss

Parts = npt.NDArray[np.float32]
"""``[n, stretches]``."""
MOST = 128
"""More points than this no chart can show beside each other."""
ENTRIES = 2**19
"""Numbers that are kept for one result: 2 MB for each of its three losses, however many samples and positions there are."""


def stretches(loss: Loss, reads: list[int], samples: int) -> list[list[int]]:
    """The read positions, each alone, or in equal stretches where there are too many to keep them apart.

    Returns
    -------
    list of list of int
        Empty where the loss is not a sum over several positions, or there are too many samples to keep anything.
    """
    if loss.terms is None:
        return []
    count = min(len(reads), MOST, ENTRIES // samples)
    return [part.tolist() for part in np.array_split(np.asarray(reads), count)] if count > 1 else []


def losses_and_parts(
    loss: Loss, within: list[list[int]], logits: Tensor, batch: Batch, clean: Tensor
) -> tuple[Tensor, Tensor]:
    """Losses ``[n]`` and what each stretch adds to them ``[n, stretches]``, from logits ``[n, reads, vocab]``."""
    assert loss.terms is not None
    terms = loss.terms(logits, batch, clean)
    parts = [part.sum(-1) for part in torch.split(terms, [len(stretch) for stretch in within], -1)]
    return terms.sum(-1), torch.stack(parts, -1)
