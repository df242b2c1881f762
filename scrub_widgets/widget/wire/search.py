"""Searches: a question about every sender of a port, and its answers as they come."""

from __future__ import annotations

from typing import Literal

from .base import Answer, Interval, Message, Number, Shape

Asked = Literal["free", "keep", "rule"]
EachSender = Literal["component", "head", "mlp", "part", "q", "k", "v", "qkv", "position"]


class SearchCell(Shape, frozen=True):
    """What one sender does: the change of loss recovered, as a fraction; ``q``: false discovery rate among all of them."""

    component: str
    effect: Interval
    beyond_noise: bool
    q: float
    exact: bool


class Skipped(Shape, frozen=True):
    """A sender that the question makes no sense for."""

    component: str
    why: str


class SearchInfo(Shape, frozen=True):
    """A search, as far as it is."""

    rev: int
    under: str
    question: Asked
    rule: str | None
    each: EachSender
    cells: list[SearchCell]
    skipped: list[Skipped]
    before: Interval | None
    done: int
    total: int
    running: bool
    message: str
    samples: int
    full: int
    exact: int
    seed: int
    eta: Number
    seconds: float
    cost: float


class AskSearch(Message, frozen=True, tag="search"):
    """Begin a search, or go on with one."""

    under: str
    question: Asked
    rule: str | None
    each: EachSender
    samples: int | None = None
    exact: int = 0
    candidates: list[str] | None = None


class CancelSearch(Message, frozen=True, tag="cancel_search"):
    """Stop the search."""


class Accept(Message, frozen=True):
    """Claim senders that a search found, as one step."""

    components: list[str]
    under: str
    rule: str
    keep: bool


class Searching(Answer, frozen=True):
    """A search that is under way."""

    search: SearchInfo
