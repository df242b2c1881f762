"""Rules tried in a claim's place."""

from __future__ import annotations

from .base import Interval, Message, Shape


class SuggestedRule(Shape, frozen=True):
    """One rule: what it keeps, what it costs beside *same input*; ``best``: nothing coarser recovers as much."""

    rule: str
    bits: float
    cost: Interval
    recovered: Interval
    best: bool


class SuggestionInfo(Shape, frozen=True):
    """Rules for a claim, from coarse to fine; ``claims`` share its draw and get the same rule."""

    rev: int
    claim: str
    claims: list[str]
    running: bool
    message: str
    done: int
    total: int
    rules: list[SuggestedRule]
    coarsest: str | None
    sentence: str


class Suggest(Message, frozen=True):
    """Try other rules in a claim's place."""

    claim: str
