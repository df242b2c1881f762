"""The statistics that guards share: ratios of means over the same references, with the error of each.

Many guards look at one result, so each looks strictly: at 1 % instead of 5 %, divided by the number of things that
it compares (Bonferroni), and a difference must also be large enough to matter. With that a sound hypothesis is
rarely warned about by chance alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING

from ...engine.draws import Unclaimed

if TYPE_CHECKING:
    from ...hypothesis import Hypothesis
    from ...result import Result
    from ...task import Task
    from ..estimates import Floats

ALPHA = 0.01
"""Chance of a false alarm of one guard where there is nothing: a dozen of them together stay near 5 %, since each also
asks for a difference of some size."""


@dataclass(frozen=True)
class Measured:
    """A value with its standard error; NaN where the gap that it is a share of cannot be told from zero."""

    value: float
    error: float

    def low(self, tests: int = 1) -> float:
        """Lower end of the strict interval, one of ``tests`` that are looked at."""
        return self.value - _quantile(tests) * self.error

    def high(self, tests: int = 1) -> float:
        """Upper end of it."""
        return self.value + _quantile(tests) * self.error

    @property
    def resolved(self) -> bool:
        """Whether there is a number at all."""
        return math.isfinite(self.value) and math.isfinite(self.error)


NOTHING = Measured(math.nan, math.nan)


def _quantile(tests: int) -> float:
    return NormalDist().inv_cdf(1 - ALPHA / (2 * max(tests, 1)))


def share(top: Floats, bottom: Floats) -> Measured:
    """Mean of ``top`` as a share of the mean of ``bottom``, ``[n]`` each, by the delta method; the bottom must be above 0."""
    if len(top) < 2 or average(bottom).low() <= 0:
        return NOTHING
    below = float(bottom.mean())
    value = float(top.mean()) / below
    return Measured(value, _error(top - value * bottom) / below)


def average(values: Floats) -> Measured:
    """Mean of ``[n]`` independent values."""
    return Measured(float(values.mean()), _error(values))


def _error(values: Floats) -> float:
    return float(values.std(ddof=1) / math.sqrt(len(values))) if len(values) > 1 else math.inf


def gap(r: Result) -> Floats:
    """What there is to recover on each reference, ``[n]``: the baseline's loss minus the model's."""
    return r.losses.baseline - r.losses.model


def recovered(r: Result) -> Measured:
    """Loss recovered with its error."""
    return share(r.losses.baseline - r.losses.scrubbed, gap(r))


def difference(r: Result, scrubbed: Floats) -> Measured:
    """Loss recovered with other scrubbed losses ``[n]`` of the same references, minus that of the result."""
    return share(r.losses.scrubbed - scrubbed, gap(r))


def excess_over_pointwise(r: Result) -> Measured:
    """Loss recovered minus the pointwise score, paired by reference."""
    top, bottom = r.losses.baseline - r.losses.scrubbed, gap(r)
    off, size = r.losses.off, r.losses.baseline_off
    first, second = share(top, bottom), share(off, size)
    if not (first.resolved and second.resolved):
        return NOTHING
    influence = (top - first.value * bottom) / bottom.mean() + (off - second.value * size) / size.mean()
    return Measured(first.value - (1 - second.value), _error(influence))


def again(
    r: Result, hypothesis: Hypothesis | None = None, unclaimed: Unclaimed | None = None, task: Task | None = None
) -> Floats:
    """Scrubbed losses ``[n]`` of another hypothesis or policy on the references of a result, with its draws.

    The shuffled baseline costs nothing and is not looked at: differences are shares of the result's own gap.
    """
    chosen = (task or r.task).scrub(
        r.hypothesis if hypothesis is None else hypothesis,
        samples=len(r.losses),
        seed=r.settings.seed,
        unclaimed=unclaimed or r.settings.unclaimed,
        progress=False,
    )
    return chosen.losses.scrubbed
