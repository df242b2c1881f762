"""Names and notes, groups, the history and comparisons."""

from __future__ import annotations

from typing import Literal

import msgspec

from .base import Answer, Interval, Message, Shape
from .traits import ClaimRow

# -- traits -----------------------------------------------------------------------------------------------------------


class HistoryStep(Shape, frozen=True):
    """A step of the history.

    ``recovered`` is None as long as nobody measured it; ``same`` is the first step with the same claims and settings, its
    own id where it is that one.
    """

    id: int
    parent: int | None
    edit: str
    name: str
    note: str
    claims: int
    samples: int
    seed: int
    recovered: Interval | None
    tries: int | None
    same: int


class HistoryInfo(Shape, frozen=True):
    """How many steps there are, which is the present one, and those of which something changed last."""

    count: int
    at: int
    tip: int
    steps: list[HistoryStep]


class ChangeRow(Shape, frozen=True):
    """A claim that differs between two steps."""

    sign: Literal["+", "-", "~"]
    before: ClaimRow | None
    after: ClaimRow | None
    what: list[str]


class CompareInfo(Shape, frozen=True):
    """Step a against step b; ``difference`` is b minus a, paired by reference."""

    a: int
    b: int
    running: bool
    problem: str
    words: str
    within_noise: bool | None
    first: Interval | None
    second: Interval | None
    difference: Interval | None
    samples: int
    notes: list[str]
    changes: list[ChangeRow]
    before: list[ClaimRow]
    after: list[ClaimRow]


# -- messages ------------------------------------------------------------------------------------------


class Restore(Message, frozen=True):
    """Go to a step of the history."""

    step: int


class Mark(Message, frozen=True):
    """Another name or note for a step of the history."""

    step: int
    name: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET


class AskHistory(Message, frozen=True, tag="history"):
    """Give the steps before this one, a page of them."""

    before: int


class AskCompare(Message, frozen=True, tag="compare"):
    """Compare two steps; without steps, close the comparison."""

    a: int | None
    b: int | None


class Earlier(Answer, frozen=True, tag="history"):
    """Steps of the history, oldest first."""

    id: str
    steps: list[HistoryStep]
