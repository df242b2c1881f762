"""Discoveries: what is asked for, what it will cost, and what was found so far."""

from __future__ import annotations

from typing import Literal

from .base import Answer, Interval, Message, Number, Shape
from .search import Skipped
from .traits import ClaimRow


class DiscoverOptions(Shape, frozen=True):
    """What a discovery is asked for; ``present``: from the present hypothesis, else from nothing. Shares, not points."""

    under: str
    present: bool
    rule: str
    max_claims: int
    depth: int
    threshold: float
    budget: int
    samples: int


class FoundClaim(Shape, frozen=True):
    """A claim found so far, or given at the start, with what freeing it costs where that was measured."""

    claim: ClaimRow
    given: bool
    effect: Interval | None


class FoundStep(Shape, frozen=True):
    """One decision, as a sentence."""

    kind: str
    under: str
    accepted: list[str]
    message: str
    recovered: Interval
    scrubs: int


class DiscoveryInfo(Shape, frozen=True):
    """A discovery, as far as it is. ``present``: whether what it found is the present hypothesis."""

    number: int
    rev: int
    asked: DiscoverOptions
    phase: Literal["search", "prune", "confirm", "done"]
    running: bool
    message: str
    error: str
    stopped: str
    done: int
    total: int
    eta: Number
    seconds: float
    cost: Number
    claims: list[FoundClaim]
    steps: list[FoundStep]
    skipped: list[Skipped]
    recovered: Interval | None
    seed: int
    present: bool


class Discover(Message, frozen=True):
    """Begin a discovery; without ``go``, only tell what it would cost."""

    asked: DiscoverOptions
    go: bool


class DoDiscovery(Message, frozen=True, tag="discovery"):
    """What is done with the discovery that there is."""

    act: Literal["cancel", "resume", "accept"]


class Planned(Answer, frozen=True):
    """What a discovery costs at most. ``measured``: by the time that scrubs took, else that of plain forward passes."""

    id: str
    scrubs: int
    senders: int
    samples: int
    seconds: float
    measured: bool


class Discovering(Answer, frozen=True):
    """A discovery that is under way."""

    discovery: DiscoveryInfo
