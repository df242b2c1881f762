"""The induction task: ``A B ... A -> B`` in token streams that repeat, with a small model trained on them."""

from __future__ import annotations

import string

from ... import losses
from ...task import Task

INPUTS = 2048
SEED = 1
VOCAB = string.ascii_lowercase + string.ascii_uppercase + string.digits + "+="


def load(inputs: int = INPUTS, seed: int = SEED, device: str = "cpu") -> Task:
    """The task on freshly drawn examples.

    Every input ends in ``A B``, and ``A B`` occurred once before; the loss is the model's on that last ``B``.

    Parameters
    ----------
    inputs : int
        How many examples.
    seed : int
        Of the examples.
    device : str
        Where the model computes.
    """
    from .data import examples
    from .model import load_model

    return Task(
        load_model(device),
        examples(inputs, seed=seed),
        loss=losses.next_token(positions=[-1]),
        vocab=VOCAB,
        name="induction",
    )
