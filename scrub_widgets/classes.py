"""Inputs as rules see them, and the equivalence classes that a rule makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import RuleError

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Batch:
    """Inputs as rules and losses see them.

    Attributes
    ----------
    tokens : Tensor
        Token ids ``[n, pos]``, int64; on the CPU for rules, on the model's device for losses.
    columns : mapping of str to array
        The task's columns, each ``[n, ...]``.
    mask : Tensor or None
        Attention mask ``[n, pos]``, True where there is a token; None where every input fills all positions.
    index : array of int
        Which inputs of the task these are, ``[n]``.
    text : tuple of tuple of str
        The tokens as text, if the task knows how to write them; else the ids as text.
    data : str
        A hash of the data set that these are from, where a rule sees all of it; else empty.
    """

    tokens: Any
    columns: Mapping[str, Any] = field(default_factory=dict)
    mask: Any = None
    index: Any = None
    text: tuple[tuple[str, ...], ...] = ()
    data: str = ""

    def __len__(self) -> int:
        return len(self.tokens)


RuleFunction = Callable[[Batch], Any]
"""``f(batch) -> labels`` of shape ``[n]`` or ``[n, pos]``: numbers, booleans or text; array, tensor or list."""


@dataclass(frozen=True)
class Classes:
    """The equivalence classes that a rule makes of a data set.

    Attributes
    ----------
    codes : array of int
        Class of each input ``[n]``, or of each input at each position ``[n, pos]`` (positions never share a class).
    labels : array
        The labels as the rule gave them, same shape.
    members : array of int
        The inputs, sorted by class: class ``c`` is ``members[start[c] : start[c] + size[c]]``.
    start, size : array of int
        ``[k]`` each.
    """

    codes: Ints
    labels: npt.NDArray[Any]
    members: Ints
    start: Ints
    size: Ints

    @property
    def positionwise(self) -> bool:
        """Whether every position has classes of its own."""
        return self.codes.ndim == 2

    def pick(self, like: Ints, u: npt.NDArray[np.float64]) -> Ints:
        """Draw an input from the class of each input in ``like``.

        Parameters
        ----------
        like : array of int
            Inputs of any shape ``[...]``.
        u : array of float
            Uniform in [0, 1); ``[...]``, or ``[..., pos]`` for a position-wise rule.
        """
        codes = self.codes[like]
        return self.members[self.start[codes] + (u * self.size[codes]).astype(np.int64)]

    def permuted(self, order: Ints) -> Classes:
        """The same class sizes with the inputs shuffled: input ``i`` has the class that ``order[i]`` had."""
        codes = self.codes[order]
        return replace(self, codes=codes, labels=self.labels[order], members=_members(codes))

    @cached_property
    def self_share(self) -> float:
        """Chance that a uniform draw gives the same input back: K/N, over all positions where position-wise."""
        return len(self.size) / self.codes.size

    @cached_property
    def labelled(self) -> bool:
        """Whether permuted labels would allow other swaps: not where all inputs are alike, or each is its own class."""
        return bool(((self.size > 1) & (self.size < len(self.codes))).any())

    @cached_property
    def bits(self) -> float:
        """Entropy of the class of a uniform input, in bits (mean over the positions)."""
        positions = self.codes.shape[1] if self.positionwise else 1
        p = self.size / len(self.codes)
        return float(-(p * np.log2(p)).sum() / positions) + 0.0

    @cached_property
    def singletons(self) -> float:
        """Share of inputs that are alone in their class."""
        return float((self.size == 1).sum() / self.codes.size)

    def sizes(self, position: int = 0) -> Ints:
        """Class sizes, largest first; of one position for a position-wise rule."""
        codes = self.codes[:, position] if self.positionwise else self.codes
        return np.sort(np.unique(codes, return_counts=True)[1])[::-1].astype(np.int64)

    def refines(self, other: Classes) -> bool:
        """Whether inputs that agree under this rule always agree under the other: it allows no swap that the other forbids."""
        if self.codes.shape != other.codes.shape:
            return False
        pairs = np.unique(self.codes.ravel() * len(other.size) + other.codes.ravel())
        return len(pairs) == len(self.size)

    def same_partition(self, other: Classes) -> bool:
        """Whether two rules allow exactly the same swaps."""
        return len(self.size) == len(other.size) and self.refines(other)


def classify(name: str, function: RuleFunction, batch: Batch) -> Classes:
    """Apply a rule to a data set.

    Raises
    ------
    RuleError
        The rule raises (the first such example is named), its labels have a wrong shape, or an input has none.
    """
    try:
        raw = function(batch)
    except RuleError as error:  # a rule that says itself what is wrong
        raise RuleError(f"rule '{name}': {error}", where=name) from error
    except Exception as error:
        example = _first_failing(function, batch)
        where = f" on example {example}" if example is not None else ""
        raise RuleError(f"rule '{name}' raises{where}: {type(error).__name__}: {error}", where=name) from error
    labels = _as_array(name, raw)
    n, pos = batch.tokens.shape
    if labels.shape not in ((n,), (n, pos)):
        raise RuleError(
            f"rule '{name}' gave labels of shape {list(labels.shape)}; expected [{n}], one for each input, "
            f"or [{n}, {pos}], one for each input and position.",
            where=name,
        )
    missing = _missing(labels)
    if missing.any():
        example = int(np.argwhere(missing)[0][0])
        raise RuleError(
            f"rule '{name}' gives example {example} no label (None or NaN); every input needs one.", where=name
        )
    codes = _codes(labels)
    if labels.ndim == 2:
        codes = _codes(codes + np.arange(pos) * (int(codes.max()) + 1))
    size = np.bincount(codes.ravel()).astype(np.int64)
    start = np.concatenate([[0], np.cumsum(size)[:-1]]).astype(np.int64)
    return Classes(codes, labels, _members(codes), start, size)


def _codes(labels: npt.NDArray[Any]) -> Ints:
    """Labels as numbers from 0 up."""
    return np.unique(labels, return_inverse=True)[1].reshape(labels.shape).astype(np.int64)


def _members(codes: Ints) -> Ints:
    """The inputs sorted by class, and by number within a class."""
    order = np.argsort(codes, axis=None, kind="stable")
    return (order // codes.shape[1] if codes.ndim == 2 else order).astype(np.int64)


def _as_array(name: str, raw: object) -> npt.NDArray[Any]:
    if hasattr(raw, "detach"):
        raw = raw.detach().cpu().numpy()
    try:
        array = np.asarray(raw)
    except ValueError as error:
        raise RuleError(f"rule '{name}' gave no rectangular array of labels: {error}.", where=name) from None
    if array.dtype == object:  # mixed or optional values: compared by what they print as; None stays "no label"
        words = ["" if value is None else f"{type(value).__name__} {value}" for value in array.ravel()]
        array = np.asarray(words).reshape(array.shape)
    return array


def _missing(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    if np.issubdtype(labels.dtype, np.floating):
        return np.asarray(np.isnan(labels))
    if labels.dtype.kind == "U":
        return np.asarray(labels == "")
    return np.zeros(labels.shape, dtype=np.bool_)


def _first_failing(function: RuleFunction, batch: Batch) -> int | None:
    """The first example on which a rule raises by itself; None if it only fails on the whole."""
    for i in range(len(batch)):
        one = Batch(
            tokens=batch.tokens[i : i + 1],
            columns={key: value[i : i + 1] for key, value in batch.columns.items()},
            mask=None if batch.mask is None else batch.mask[i : i + 1],
            index=batch.index[i : i + 1],
            text=batch.text[i : i + 1],
        )
        try:
            function(one)
        except Exception:  # noqa: BLE001 - whatever the user's function raises
            return i
    return None
