"""Numbers with their intervals.

References are independent draws, each with donors of its own, so a mean over references carries both sources of noise:
which inputs were references, and what was drawn for them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN where the value is not resolved (a ratio over a gap that may be zero).
    unit : {"share", "loss"}
        How it prints: shares as per cent, never clamped to 0..100.
    """

    value: float
    low: float
    high: float
    unit: Literal["share", "loss"] = "loss"

    @property
    def resolved(self) -> bool:
        """Whether there is a number at all."""
        return math.isfinite(self.value)

    def __str__(self) -> str:
        if not self.resolved:
            return "not resolved (the baseline's loss cannot be told from the model's)"
        if self.unit == "share":
            value, low, high = (round(100 * x, 1) + 0.0 for x in (self.value, self.low, self.high))
            return f"{value:.1f} % [{low:.1f}, {high:.1f}]"
        value, low, high = (round(x, 4) + 0.0 for x in (self.value, self.low, self.high))  # + 0.0: never "-0.0"
        return f"{value:.4f} [{low:.4f}, {high:.4f}]"

    __repr__ = __str__

    def __float__(self) -> float:
        return self.value


UNRESOLVED = Estimate(math.nan, math.nan, math.nan, "share")


def mean(values: Floats) -> Estimate:
    """Mean of independent values ``[n]``, with a normal interval."""
    value = float(values.mean())
    half = Z95 * _standard_error(values)
    return Estimate(value, value - half, value + half)


def ratio(top: Floats, bottom: Floats) -> Estimate:
    """Ratio of two means over the same references, by the delta method; unresolved if the bottom may be zero.

    Parameters
    ----------
    top, bottom : array of float
        ``[n]``, paired by reference.
    """
    below = mean(bottom)
    if len(top) < 2 or below.low <= 0 <= below.high:
        return UNRESOLVED
    value = float(top.mean()) / below.value
    half = Z95 * _standard_error(top - value * bottom) / abs(below.value)
    return Estimate(value, value - half, value + half, "share")


def _standard_error(values: Floats) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.inf


def loss_recovered(model: Floats, scrubbed: Floats, baseline: Floats) -> Estimate:
    """(L_baseline - L_scrubbed) / (L_baseline - L_model), never clamped. Losses ``[n]``, paired by reference."""
    return ratio(baseline - scrubbed, baseline - model)


def pointwise(scrubbed_off: Floats, baseline_off: Floats) -> Estimate:
    """1 - mean|d_scrubbed| / mean|d_baseline|: errors of opposite sign do not cancel here. Sizes of changes, ``[n]``."""
    off = ratio(scrubbed_off, baseline_off)
    return Estimate(1 - off.value, 1 - off.high, 1 - off.low, "share")


def shares(model: Floats, scrubbed: Floats) -> tuple[float, float]:
    """Shares of examples with a lower and with a higher loss than the model's own (beyond rounding)."""
    change = scrubbed - model
    beyond = 1e-5 * np.maximum(1.0, np.abs(model))
    return float((change < -beyond).mean()), float((change > beyond).mean())
