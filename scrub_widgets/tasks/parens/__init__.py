"""The balance checker: strings of parentheses, and a small transformer that says which are balanced."""

from __future__ import annotations

from ... import losses
from ...task import Task

INPUTS = 4096
SEED = 1
HELD_OUT = 2
"""Seed of the strings that confirm what was found on the others."""


def load(inputs: int = INPUTS, seed: int = SEED, device: str = "cpu", *, phi: bool = True) -> Task:
    """The task on freshly drawn strings.

    The model answers at the first position; the loss is its surprise at whether the string is balanced.

    Parameters
    ----------
    inputs : int
        How many strings.
    seed : int
        Of the strings.
    device : str
        Where the model computes.
    phi : bool
        Whether the heads of layer 0 are written as ``[phi]`` and ``[rest]``, which hypotheses 2b and 4 speak of; see
        :func:`with_phi`.
    """
    from . import data, features
    from .hypotheses import ready_made
    from .model import load_model
    from .rules import RULES

    strings = data.examples(inputs, seed=seed)
    tokens = strings.tokens
    columns = {
        "balanced": features.balanced(tokens).astype("int64"),
        "kind": [data.KINDS[i] for i in strings.kind],
    }
    task = Task(
        load_model(device),
        tokens,
        loss=losses.target("balanced", position=0),
        rules=RULES,
        columns=columns,
        attention_mask=data.mask_of(tokens),
        roles={"start": 0, "first": 1},
        vocab=data.VOCABULARY,
        name="parens",
        hypotheses=ready_made(),
        held_out=None if seed == HELD_OUT else lambda: load(inputs, HELD_OUT, device, phi=False),
    )
    return with_phi(task) if phi else task


def with_phi(task: Task) -> Task:
    """The same task with both heads of layer 0 written as ``[phi]`` and ``[rest]``, and all seven hypotheses.

    ``phi(p) = v (2p - 1)`` is what a head would write that takes the plain mean of the parentheses, p being the share of
    opens: "2b" and "4" say that nothing else of these heads is read by the head that counts.
    """
    from .hypotheses import ready_made
    from .phi import rewrites

    if task.rewrites:
        return task
    other = task.rewrite(*rewrites(task.model))
    other.hypotheses = ready_made(rewritten=True)
    return other
