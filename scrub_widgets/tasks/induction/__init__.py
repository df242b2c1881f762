"""The induction task: ``A B ... A -> B`` in token streams that repeat, with a small model trained on them."""

from __future__ import annotations

import string

from ... import losses, rules
from ...errors import TaskError, listed, suggestion
from ...task import Task

INPUTS = 2048
SEED = 1
HELD_OUT = 2
"""Seed of the examples that confirm what was found on the others."""
READ_AT_A = ("token", "previous token", "next token", "what followed the earlier occurrence")
VOCAB = string.ascii_lowercase + string.ascii_uppercase + string.digits + "+="


def load(inputs: int = INPUTS, seed: int = SEED, device: str = "cpu", model: str | None = None) -> Task:
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
    model : str, optional
        Which of the bundled models: ``"seed 0"``, the one that the tutorials explain, or ``"seed 1"``, trained in the same
        way from another seed and explained by nobody.

    Raises
    ------
    TaskError
        No such model is bundled.
    """
    from .data import examples
    from .model import FIRST, MODELS, load_model

    model = FIRST if model is None else model
    if model not in MODELS:
        there = listed(MODELS)
        raise TaskError(f"induction has no model '{model}'; it has {there}.{suggestion(model, MODELS)}")
    # The position-wise rules of every task, and their sequence-wise forms at A, where the answer is read.
    at_a = {f"{name} at -2": rules.at(rules.STANDARD[name], -2) for name in READ_AT_A}
    return Task(
        load_model(device, model),
        examples(inputs, seed=seed),
        loss=losses.next_token(positions=[-1]),
        rules=at_a,
        vocab=VOCAB,
        name="induction" if model == FIRST else f"induction, {model}",
        held_out=None if seed == HELD_OUT else lambda: load(inputs, HELD_OUT, device, model),
    )
