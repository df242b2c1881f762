"""Classes as marks of a chart: the largest ones by name, and the rest together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .classes import Ints
from .rules import find, shows_tokens

if TYPE_CHECKING:
    from .task import Task

NAMED = 6
"""As many classes as there are colours that everybody can tell apart; the others are drawn alike."""


@dataclass(frozen=True)
class Marks:
    """Which class some inputs are in.

    Attributes
    ----------
    names : list of str
        The largest classes, largest first.
    rest : int
        How many others there are.
    codes : array of int
        Of each input the place of its class in ``names``; of the others ``len(names)``.
    at : int or None
        Of a position-wise rule: the position that the classes are those of.
    """

    names: list[str]
    rest: int
    codes: Ints
    at: int | None


def marks(task: Task, rule: str, inputs: Ints) -> Marks:
    """The classes of some inputs; of a position-wise rule at the last position that the loss reads.

    Raises
    ------
    RuleError
        No such rule, or it cannot be applied.
    """
    classes = task.classes(rule)
    at = task.loss.reads(task.positions)[-1] if classes.positionwise else None
    codes = classes.codes if at is None else classes.codes[:, at]
    labels = classes.labels if at is None else classes.labels[:, at]
    found, first, own, sizes = np.unique(codes[inputs], return_index=True, return_inverse=True, return_counts=True)
    largest = np.argsort(-sizes, kind="stable")[:NAMED]
    place = np.full(len(found), len(largest))
    place[largest] = np.arange(len(largest))
    words = shows_tokens(find(rule, task.rules, task.positions))

    def name(label: object) -> str:
        return task.word(int(label)) if words and int(label) >= 0 else str(label)  # type: ignore[call-overload]

    names = [name(labels[inputs[first[i]]]) for i in largest]
    return Marks(names, len(found) - len(largest), place[own], at)
