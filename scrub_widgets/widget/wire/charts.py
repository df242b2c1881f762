"""What the charts of a finished result draw, besides the result itself and the losses of its examples."""

from __future__ import annotations

from .base import Answer, Interval, Message, Shape


class ClassesInfo(Shape, frozen=True):
    """Which class of a rule each shown reference is in.

    ``names`` are the largest classes, ``rest`` counts the others; ``codes`` has one digit for each shown reference, the place
    of its class in ``names``, or for the others their number, ``len(names)``. Of a position-wise rule: at position ``at``.
    """

    rule: str
    names: list[str]
    rest: int
    codes: str
    at: int | None


class PlaceInfo(Shape, frozen=True):
    """The losses at some positions: of a stretch of them, or of a role."""

    name: str
    positions: list[int]
    model: Interval
    scrubbed: Interval
    baseline: Interval
    change: Interval
    recovered: Interval


class AddedInfo(Shape, frozen=True):
    """One claim of a waterfall: where it led, what it changed in the order added, and what if it is added last."""

    claim: str
    level: Interval
    change: Interval
    last: Interval


class WaterfallInfo(Shape, frozen=True):
    """What each claim costs or gains."""

    start: Interval
    steps: list[AddedInfo]
    end: Interval


class Charts(Shape, frozen=True):
    """Of the complete result with this ``rev``; ``shown`` is how many of its references have class codes."""

    rev: int
    shown: int
    classes: list[ClassesInfo]
    positions: list[PlaceInfo]
    roles: list[PlaceInfo]
    no_positions: str
    waterfall: WaterfallInfo | None


class AskSlice(Message, frozen=True, tag="slice"):
    """Give the losses of the single examples at one position."""

    position: int


class AskWaterfall(Message, frozen=True, tag="waterfall"):
    """Measure what each claim of the present result costs or gains."""


class Sliced(Answer, frozen=True, tag="slice"):
    """Losses at one position for the first ``n`` references of the result with this ``rev``: base64 of little-endian Float32."""

    id: str
    rev: int
    position: int
    n: int
    model: str
    scrubbed: str
    baseline: str
