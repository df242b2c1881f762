"""What guards know of the data: labels, lengths, small columns, and how far a rule fixes one of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...classes import Ints
from ...hypothesis import ROOT, Claim

if TYPE_CHECKING:
    from ...classes import Classes
    from ...result import Result
    from ...task import Task

LABEL = "label"
MOST_VALUES = 20
"""A column with more values has no slice of 5 % for most of them; it is measured, not categorical."""


def labels(task: Task) -> npt.NDArray[Any] | None:
    """The right answer of each input, ``[inputs]``: the loss's own, else the column "label"; None if nobody knows."""
    found = task.loss.labels(task.batch()) if task.loss.labels is not None else task.columns.get(LABEL)
    if found is None:
        return None
    array = np.asarray(found.detach().cpu() if hasattr(found, "detach") else found)
    return array if array.shape == (len(task),) else None


def lengths(task: Task) -> Ints | None:
    """The number of tokens of each input, ``[inputs]``; None without a mask."""
    return None if task.mask is None else np.asarray(task.mask.sum(1), dtype=np.int64)


def features(task: Task) -> dict[str, Ints]:
    """Properties with few values, as codes ``[inputs]``; one of those that say the same is kept."""
    given = {LABEL: labels(task), "length": lengths(task), **task.columns}
    found: dict[str, Ints] = {}
    seen: set[bytes] = set()
    for name, values in given.items():
        codes = None if values is None else codes_of(np.asarray(values))
        if codes is not None and 2 <= codes.max() + 1 <= MOST_VALUES and codes.tobytes() not in seen:
            seen.add(codes.tobytes())
            found[name] = codes
    return found


def codes_of(values: npt.NDArray[Any]) -> Ints | None:
    """Values ``[n]`` as numbers from 0 up in order of first appearance; None for other shapes and for fractions."""
    if values.ndim != 1 or values.dtype.kind not in "biufU" or (values.dtype.kind == "f" and (values % 1 != 0).any()):
        return None
    _, first, codes = np.unique(values, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[codes]


def value_of(task: Task, name: str, code: int) -> str:
    """A value of a feature in words."""
    values = labels(task) if name == LABEL else lengths(task) if name == "length" else task.columns[name]
    array = np.asarray(values if values is not None else task.columns[name])
    codes = codes_of(array)
    assert codes is not None
    return str(array[int((codes == code).argmax())])


def fixed(codes: Ints, values: npt.NDArray[Any]) -> float:
    """Chance that another input of the same class has the same value: how far a rule fixes it.

    Inputs that are alone in their class have no other; NaN if more than half of them are.

    Parameters
    ----------
    codes : array of int
        Class of each input, ``[inputs]``.
    values : array
        ``[inputs]``.
    """
    value = np.unique(values, return_inverse=True)[1].reshape(-1)
    _, where, both = np.unique(codes * (int(value.max()) + 1) + value, return_inverse=True, return_counts=True)
    _, at, size = np.unique(codes, return_inverse=True, return_counts=True)
    same, alike = size[at.reshape(-1)], both[where.reshape(-1)]
    shared = same > 1
    if shared.mean() < 0.5:
        return float("nan")
    return float(((alike[shared] - 1) / (same[shared] - 1)).mean())


def rule_fixes(r: Result, claim: Claim, values: npt.NDArray[Any]) -> float:
    """How far a claim's rule fixes a value: the least over the positions at which the claim is read."""
    codes = r.classes[claim.rule].codes
    if codes.ndim == 1:
        return fixed(codes, values)
    return min(fixed(codes[:, p], values) for p in read_positions(r, claim))


def read_positions(r: Result, claim: Claim) -> list[int]:
    """Token positions at which a claim's value is read: those of the loss, and all of them behind a key or a value."""
    while True:
        owners = () if claim.parent == ROOT else r.hypothesis[claim.parent].components
        if claim.paths == "all" or any(claim.port in r.task.graph.node(owner).everywhere for owner in owners):
            return list(range(r.task.positions))
        if claim.parent == ROOT:
            return list(r.task.loss.reads(r.task.positions))
        claim = r.hypothesis[claim.parent]


def trivial(classes: Classes) -> str | None:
    """``"any input"`` or ``"same input"`` where a rule says just that, at every position; else None."""
    inputs, positions = len(classes.codes), classes.codes.shape[1] if classes.positionwise else 1
    if len(classes.size) == positions:
        return "any input"
    return "same input" if len(classes.size) == inputs * positions else None


def leaves(r: Result) -> list[Claim]:
    """The claims whose own donor enters the model."""
    return [claim for claim in r.hypothesis if not r.hypothesis.children(claim.id)]


def against(references: Ints, donors: Ints) -> Ints:
    """The references ``[n]`` in the shape that broadcasts to donors ``[n, ...]``."""
    return references.reshape(-1, *(1,) * (donors.ndim - 1))
