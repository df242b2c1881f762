"""Numbers with their intervals.

References are independent draws, each with donors of its own, so a mean over references carries both sources of noise:
which inputs were references, and what was drawn for them. How often the intervals hold the exact value is measured in
``tests/benchmarks/test_coverage.py`` and told in ``docs/intervals.md``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Z95 = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""
MANY = 1_000_000
"""Beyond this many references, advice to take more of them is no advice."""


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval.

    Attributes
    ----------
    value, low, high : float
        NaN where the value is not resolved (a ratio over a gap that may be zero).
    unit : {"share", "loss"}
        How it prints: shares as per cent, never clamped to 0..100.
    why : str
        Where there is no value: the reason, and what to do about it.
    """

    value: float
    low: float
    high: float
    unit: Literal["share", "loss"] = "loss"
    why: str = ""

    @property
    def resolved(self) -> bool:
        """Whether there is a number at all."""
        return math.isfinite(self.value)

    def __str__(self) -> str:
        if not self.resolved:
            return f"not resolved ({self.why or 'the baseline cannot be told from the model'})"
        if self.unit == "share":
            value, low, high = (round(100 * x, 1) + 0.0 for x in (self.value, self.low, self.high))
            return f"{value:.1f} % [{low:.1f}, {high:.1f}]"
        value, low, high = (round(x, 4) + 0.0 for x in (self.value, self.low, self.high))  # + 0.0: never "-0.0"
        return f"{value:.4f} [{low:.4f}, {high:.4f}]"

    __repr__ = __str__

    def __float__(self) -> float:
        return self.value


def plain(e: Estimate) -> dict[str, float | None]:
    """Value and ends as JSON holds them: what is no finite number is None."""
    ends = {"value": e.value, "low": e.low, "high": e.high}
    return {name: x if math.isfinite(x) else None for name, x in ends.items()}


def from_plain(body: Mapping[str, Any], unit: Literal["share", "loss"] = "share", why: str = "") -> Estimate:
    """The estimate that :func:`plain` wrote; None becomes NaN."""
    value, low, high = (math.nan if body[name] is None else float(body[name]) for name in ("value", "low", "high"))
    return Estimate(value, low, high, unit, why)


UNRESOLVED = Estimate(math.nan, math.nan, math.nan, "share")


def mean(values: Floats) -> Estimate:
    """Mean of independent values ``[n]``, with a t interval that is corrected for skewness (Hall 1992).

    Losses and divergences have long tails on one side: a symmetric interval of 64 of them misses on that side.
    """
    value = float(values.mean())
    n = len(values)
    if n < 2:
        return Estimate(value, -math.inf, math.inf)
    spread, skew = float(values.std(ddof=1)), _skewness(values)
    step = t_quantile(n - 1) / math.sqrt(n)
    return Estimate(value, value - spread * _unskewed(step, skew, n), value - spread * _unskewed(-step, skew, n))


def ratio(top: Floats, bottom: Floats) -> Estimate:
    """Ratio of two means over the same references; unresolved if the bottom may be zero.

    The interval is Fieller's: all ratios that a t test of mean(top - ratio * bottom) = 0 does not refuse. It need not be
    symmetric, and it is bounded exactly where the interval of the bottom does not hold zero.

    Parameters
    ----------
    top, bottom : array of float
        ``[n]``, paired by reference.
    """
    n = len(top)
    if n < 2:
        return UNRESOLVED
    over, under = float(top.mean()), float(bottom.mean())
    scale = t_quantile(n - 1) ** 2 / n
    (top_variance, both), (_, bottom_variance) = np.cov(top, bottom).tolist()
    lead = under**2 - scale * bottom_variance
    if lead <= 0:
        return Estimate(math.nan, math.nan, math.nan, "share", _unresolved(under, scale * bottom_variance, n))
    middle = over * under - scale * both
    half = math.sqrt(max(0.0, middle**2 - lead * (over**2 - scale * top_variance)))
    value = over / under
    return Estimate(value, min(value, (middle - half) / lead), max(value, (middle + half) / lead), "share")


def _unresolved(gap: float, squared_half: float, n: int) -> str:
    """Why there is no ratio, in words, and what to do about it."""
    half = math.sqrt(squared_half)
    size = f"the baseline's change from the model is {gap:.4g} [{gap - half:.4g}, {gap + half:.4g}], so it may be zero"
    needed = n * squared_half / gap**2 if gap else math.inf
    if needed > MANY:
        return f"{size}; take a task that the model does better than the baseline"
    more = 10 ** math.floor(math.log10(needed) - 1)
    count = more * math.ceil(1.5 * needed / more)  # half as many again: at the border it is resolved every other time
    return f"{size}; if it is as large as it looks, {count:,} references would tell"


def t_quantile(freedom: int) -> float:
    """Student's t of a two-sided 95 % interval, from the normal quantile (Wallace 1959)."""
    z = Z95 * (8 * freedom + 3) / (8 * freedom + 1)
    return math.sqrt(freedom * math.expm1(z * z / freedom))


def p_value(differences: Floats) -> float:
    """Chance of a mean at least this far from zero if the true mean is zero: a paired, two-sided t test.

    Parameters
    ----------
    differences : array of float
        ``[n]``, one for each reference.
    """
    freedom = len(differences) - 1
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences)) if freedom > 0 else math.inf
    if error <= 1e-12 * max(1.0, float(np.abs(differences).max())):
        return 1.0 if abs(float(differences.mean())) <= error else 0.0
    t = float(differences.mean()) / error
    z = (8 * freedom + 1) / (8 * freedom + 3) * math.sqrt(freedom * math.log1p(t * t / freedom))
    return math.erfc(z / math.sqrt(2))


def false_discovery(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p-values: calling all those <= 5 % real, 5 % of the calls are expected wrong.

    Parameters
    ----------
    p_values : sequence of float
        One for each claim.
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")[::-1]
    scaled = p[order] * len(p) / np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(scaled))
    return [float(q) for q in adjusted]


def _skewness(values: Floats) -> float:
    off = values - values.mean()
    spread = float(off.std())
    return float((off**3).mean()) / spread**3 if spread > 1e-12 * max(1.0, float(np.abs(values).max())) else 0.0


def _unskewed(step: float, skew: float, n: int) -> float:
    """Where a t statistic of skewed values reaches what ``step`` is for symmetric ones (both divided by sqrt(n))."""
    if abs(skew) < 1e-6:
        return step
    return 3 / skew * (float(np.cbrt(1 + skew * (step - skew / (6 * n)))) - 1)


def loss_recovered(model: Floats, scrubbed: Floats, baseline: Floats) -> Estimate:
    """(L_baseline - L_scrubbed) / (L_baseline - L_model), never clamped. Losses ``[n]``, paired by reference."""
    return ratio(baseline - scrubbed, baseline - model)


def pointwise(scrubbed_off: Floats, baseline_off: Floats) -> Estimate:
    """1 - mean|d_scrubbed| / mean|d_baseline|: errors of opposite sign do not cancel here. Sizes of changes, ``[n]``."""
    off = ratio(scrubbed_off, baseline_off)
    return Estimate(1 - off.value, 1 - off.high, 1 - off.low, "share", off.why)


def shares(model: Floats, scrubbed: Floats) -> tuple[float, float]:
    """Shares of examples with a lower and with a higher loss than the model's own (beyond rounding)."""
    change = scrubbed - model
    beyond = 1e-5 * np.maximum(1.0, np.abs(model))
    return float((change < -beyond).mean()), float((change > beyond).mean())
