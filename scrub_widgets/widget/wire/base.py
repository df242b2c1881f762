"""What all shapes are made of."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from ...measure.estimates import Estimate

Number = float | None
"""Finite, or None: NaN is not JSON."""


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON object with exactly these fields."""


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="op", tag=str.lower):
    """One edit."""


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What the view sends; ``id`` comes back in the answer."""

    id: str


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What the kernel sends."""


class Interval(Shape, frozen=True):
    """An estimate."""

    value: Number
    low: Number
    high: Number

    @staticmethod
    def of(estimate: Estimate) -> Interval:
        """From an estimate; NaN and infinities become None."""
        return Interval(value=finite(estimate.value), low=finite(estimate.low), high=finite(estimate.high))


def plain(shape: Shape | Answer) -> Any:
    """A shape as plain JSON values, for a trait or a message; bytes stay bytes, which travel as buffers."""
    return msgspec.to_builtins(shape, builtin_types=(bytes,))


def finite(value: float) -> Number:
    """A float for JSON."""
    return float(value) if math.isfinite(value) else None
