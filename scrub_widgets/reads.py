"""What a rule reads of an input: known for built-in rules, found for Python functions by swapping one token at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal
from weakref import WeakKeyDictionary

import numpy as np
import torch

from . import rules
from .classes import Batch, Ints
from .engine.draws import stream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .task import Task

Way = Literal["known", "swapped", "unknown"]
"""How it is known: by the rule's definition, by trying, or not at all (the function raises on changed inputs)."""

SWAPS = 6
"""Other inputs that each token is taken from: four of other classes, the rest any."""
MOST = 96
"""Tokens of one input that are tried; of longer inputs those around the position that is shown."""

_tried: WeakKeyDictionary[Task, dict[tuple[str, int, int | None], tuple[int, ...] | None]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Read:
    """Positions that a rule reads in some inputs.

    Attributes
    ----------
    positions : tuple of tuple of int
        For each input; of a graph of functions, places in the list of its named values.
    way : str
        How that is known.
    """

    positions: tuple[tuple[int, ...], ...]
    way: Way


def tokens_read(task: Task, rule: str, inputs: Sequence[int], at: int | None) -> Read:
    """What a rule reads for the labels of some inputs.

    Parameters
    ----------
    task : Task
        With the rule.
    rule : str
        Its name.
    inputs : sequence of int
        Which inputs.
    at : int or None
        The position whose label is meant, for a position-wise rule.
    """
    function = rules.find(rule, task.rules, task.positions)
    known = rules.reader(function)
    if known is not None:
        batch = task.batch(np.asarray(inputs), text=True)
        return Read(tuple(tuple(sorted(set(known(batch, row, at)))) for row in range(len(batch))), "known")
    memory = _tried.setdefault(task, {})
    new = [i for i in dict.fromkeys(inputs) if (rule, i, at) not in memory]
    if new:
        memory.update({(rule, i, at): found for i, found in zip(new, _try(task, rule, function, new, at), strict=True)})
    found = [memory[rule, i, at] for i in inputs]
    if any(one is None for one in found):
        return Read(tuple(() for _ in inputs), "unknown")
    return Read(tuple(one or () for one in found), "swapped")


def _try(
    task: Task, rule: str, function: rules.RuleFunction, inputs: Sequence[int], at: int | None
) -> list[tuple[int, ...] | None]:
    """For each input the tokens that change its label when another input's stands there; None where the function raises."""
    classes = task.classes(rule)
    codes = classes.codes if at is None else classes.codes[:, at]
    random = stream(0, f"reads {rule}")
    row_of, place_of, donor_of = [], [], []
    for i in inputs:
        different = np.flatnonzero(codes != codes[i])
        if not len(different):
            continue
        donors = np.concatenate([random.choice(different, SWAPS - 2), random.integers(len(task), size=2)])
        for place in _places(task, i, at):
            row_of += [i] * SWAPS
            place_of += [place] * SWAPS
            donor_of += donors.tolist()
    if not row_of:
        return [() for _ in inputs]
    batch = _swapped(task, np.asarray(row_of), np.asarray(place_of), np.asarray(donor_of))
    try:
        labels = np.asarray(function(batch))
        labels = labels if at is None else labels[:, at]
        before = classes.labels[row_of] if at is None else classes.labels[row_of, at]
        changed = labels.astype(str) != before.astype(str)
    except Exception:  # noqa: BLE001 - whatever a user's function raises on inputs that it was not written for
        return [None for _ in inputs]
    rows, places = np.asarray(row_of), np.asarray(place_of)
    return [tuple(sorted({int(p) for p in places[changed & (rows == i)]})) for i in inputs]


def _places(task: Task, i: int, at: int | None) -> list[int]:
    if task.data.inputs.values:
        return list(range(len(task.data.inputs.values)))
    places = list(range(task.positions)) if task.mask is None else np.flatnonzero(task.mask[i].numpy()).tolist()
    if len(places) <= MOST:
        return places
    middle = 0 if at is None else at
    return sorted(sorted(places, key=lambda p: abs(p - middle))[:MOST])


def _swapped(task: Task, rows: Ints, places: Ints, donors: Ints) -> Batch:
    """The inputs ``rows``, each with one token (or named value) of another input."""
    batch = task.batch(rows, text=False)
    values = task.data.inputs.values
    if values:
        columns = dict(batch.columns)
        for place, name in enumerate(values):
            mine = places == place
            changed = np.array(columns[name], copy=True)
            changed[mine] = task.columns[name][donors[mine]]
            columns[name] = changed
        return replace(batch, columns=columns)
    tokens = batch.tokens.clone()
    n = torch.arange(len(rows))
    where = torch.from_numpy(places)
    tokens[n, where] = task.tokens[torch.from_numpy(donors), where]
    words = [list(task.texts[i]) for i in rows]
    for text, place, donor in zip(words, places, donors, strict=True):
        text[place] = task.texts[donor][place]
    return replace(batch, tokens=tokens, text=tuple(map(tuple, words)))
