"""What can be said of a string of parentheses: the features that rules are made of.

All take tokens ``[n, pos]`` and give one value for each string, ``[n]``; the classes of positions are ``[n, pos]``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .data import CLOSE, END, OPEN, PAD, steps_of

if TYPE_CHECKING:
    from torch import Tensor

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

CLASSES = ("padding", "end after an open", "end after a close", "too many opens from here on", "fine from here on")
"""The five classes of a position, as the original study has them; :func:`horizon_class` numbers them. The start
counts as the first parenthesis."""

CLOSED = -1.0
"""Label of all strings that start closed, for features that only tell apart those that start open."""


def length(tokens: Tensor) -> Ints:
    """Number of parentheses."""
    return np.abs(steps_of(tokens)).sum(1)


def open_proportion(tokens: Tensor) -> Floats:
    """Share of opens among the parentheses, p."""
    steps = steps_of(tokens)
    share: Floats = (steps == 1).sum(1) / np.abs(steps).sum(1)
    return share


def open_proportion_if_open(tokens: Tensor) -> Floats:
    """Open proportion where the string starts open, one label (:data:`CLOSED`) for all that start closed."""
    return np.where(starts_open(tokens), open_proportion(tokens), CLOSED)


def count(tokens: Tensor) -> Bools:
    """Whether there are as many opens as closes."""
    return steps_of(tokens).sum(1) == 0


def starts_open(tokens: Tensor) -> Bools:
    """Whether the first parenthesis is an open one."""
    return steps_of(tokens)[:, 0] == 1


def suffix_height(tokens: Tensor) -> Ints:
    """Opens minus closes from each parenthesis to the last (0 after the end), for each of the 40 places."""
    return steps_of(tokens)[:, ::-1].cumsum(1)[:, ::-1]


def horizon(tokens: Tensor) -> Bools:
    """Whether no suffix has more opens than closes."""
    return (suffix_height(tokens) <= 0).all(1)


def balanced(tokens: Tensor) -> Bools:
    """Whether the string is balanced: it passes count and horizon."""
    return count(tokens) & horizon(tokens)


def horizon_class(tokens: Tensor) -> Ints:
    """The class of each position: padding, end after an open or a close, too many opens from here on, or fine."""
    return _classes(tokens, suffix_height(tokens) > 0)


def adjusted_class(tokens: Tensor, before: Floats, after: Floats) -> Ints:
    """:func:`horizon_class` with the open proportion that a head sees that also looks at what stands before.

    Parameters
    ----------
    tokens : Tensor
        ``[n, pos]``.
    before, after : array of float
        The weight that the head, at each position, gives to a parenthesis before it, and to one on or after it:
        ``[lengths, pos]``, a row for each number of parentheses.
    """
    steps = steps_of(tokens)
    rows = length(tokens)
    seen_after = suffix_height(tokens)
    seen_before = steps.sum(1, keepdims=True) - seen_after
    height = before[rows, 1:-1] * seen_before + after[rows, 1:-1] * seen_after
    return _classes(tokens, height > 1e-9)


def _classes(tokens: Any, too_many: Bools) -> Ints:
    ids = np.asarray(tokens)
    found = np.full(ids.shape, CLASSES.index("fine from here on"))
    found[:, 1:-1][too_many] = CLASSES.index("too many opens from here on")
    found[:, 0] = found[:, 1]
    after_open = (ids == END) & (np.roll(ids, 1, axis=1) == OPEN)
    after_close = (ids == END) & (np.roll(ids, 1, axis=1) == CLOSE)
    found[after_open] = CLASSES.index("end after an open")
    found[after_close] = CLASSES.index("end after a close")
    found[ids == PAD] = CLASSES.index("padding")
    return found
