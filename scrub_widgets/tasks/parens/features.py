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

CLASSES = ("padding", "end after an open", "end after a close", "fine from here on", "too many opens from here on")
"""The five classes of a position, as the original study has them; :func:`horizon_class` numbers them. The start
counts as the first parenthesis."""

FRAME = 3
"""The first class that a parenthesis can have."""

CLOSED = -1.0
"""Label of all strings that start closed, for features that only tell apart those that start open."""


def length(tokens: Tensor) -> Ints:
    """Number of parentheses."""
    return np.asarray(np.abs(steps_of(tokens)).sum(1))


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
    return np.asarray(steps_of(tokens).sum(1) == 0)


def starts_open(tokens: Tensor) -> Bools:
    """Whether the first parenthesis is an open one."""
    return np.asarray(steps_of(tokens)[:, 0] == 1)


def count_and_starts_open(tokens: Tensor) -> Ints:
    """Whether there are as many opens as closes, and whether the first parenthesis is an open one."""
    return 2 * count(tokens) + starts_open(tokens)


def suffix_height(tokens: Tensor) -> Ints:
    """Opens minus closes from each parenthesis to the last (0 after the end), for each of the 40 places."""
    return np.ascontiguousarray(steps_of(tokens)[:, ::-1].cumsum(1)[:, ::-1])


def horizon(tokens: Tensor) -> Bools:
    """Whether no suffix has more opens than closes."""
    return np.asarray((suffix_height(tokens) <= 0).all(1))


def balanced(tokens: Tensor) -> Bools:
    """Whether the string is balanced: it passes count and horizon."""
    return np.asarray(count(tokens) & horizon(tokens))


def horizon_class(tokens: Tensor) -> Ints:
    """The class of each position: padding, end after an open or a close, too many opens from here on, or fine."""
    return _framed(tokens, (suffix_height(tokens) > 0).astype(np.int64))


def two_sided_class(tokens: Tensor) -> Ints:
    """The class of each position, read from both sides, with the parenthesis there and what the string has more of.

    That is: too many opens from here on, too many closes up to here, which parenthesis stands here, and whether the whole
    string has more opens, more closes or as many of both.
    """
    steps, after = steps_of(tokens), suffix_height(tokens)
    total = steps.sum(1, keepdims=True)
    up_to_here = total - after + steps
    code = (after > 0) * 2 + (up_to_here < 0) + 4 * (steps == 1) + 8 * (np.sign(total) + 1)
    return _framed(tokens, code)


def two_sided_class_without_padding(tokens: Tensor) -> Ints:
    """The two-sided class, with the end and the padding called fine as well: a rule that forgets the mask."""
    found = two_sided_class(tokens)
    fine = FRAME + 8  # a string of as many opens as closes, fine on both sides
    return np.where(found < FRAME, fine, found)


def _framed(tokens: Any, inner: Ints) -> Ints:
    """Classes of the parentheses ``[n, 40]`` with those of the start, the end and the padding: ``[n, pos]``."""
    ids = np.asarray(tokens)
    found = np.zeros(ids.shape, dtype=np.int64)
    found[:, 1:-1] = inner + FRAME
    found[:, 0] = found[:, 1]  # from the start on is from the first parenthesis on
    before = np.roll(ids, 1, axis=1)
    found[(ids == END) & (before == OPEN)] = CLASSES.index("end after an open")
    found[(ids == END) & (before == CLOSE)] = CLASSES.index("end after a close")
    found[ids == PAD] = CLASSES.index("padding")
    return found
