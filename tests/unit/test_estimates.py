"""Estimates: values by hand, intervals by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from scrub_widgets.measure import estimates
from scrub_widgets.measure.estimates import Estimate

RANDOM = np.random.default_rng(0)


def test_loss_recovered_by_hand() -> None:
    model, baseline = np.array([0.0, 1.0, 0.0, 1.0]), np.array([4.0, 5.0, 4.2, 5.2])
    found = estimates.loss_recovered(model, np.array([1.0, 2.0, 1.0, 2.2]), baseline)
    assert found.value == pytest.approx((4.6 - 1.55) / (4.6 - 0.5))
    assert found.low < found.value < found.high


def test_it_is_not_clamped() -> None:
    model, baseline = np.zeros(4), np.array([1.0, 1.1, 0.9, 1.0])
    assert estimates.loss_recovered(model, model - 0.5, baseline).value == pytest.approx(1.5)
    assert estimates.loss_recovered(model, baseline + 1, baseline).value == pytest.approx(-1.0)


def test_a_gap_of_noise_gives_no_ratio() -> None:
    noise = RANDOM.normal(size=(3, 50))
    found = estimates.loss_recovered(*noise)
    assert not found.resolved
    assert "not resolved" in str(found)


def test_pointwise_sees_what_cancels_in_the_mean() -> None:
    model, baseline = np.zeros(100), np.full(100, 1.0) + RANDOM.normal(size=100) * 0.01
    scrubbed = np.tile([0.8, -0.8], 50)
    assert estimates.loss_recovered(model, scrubbed, baseline).value == pytest.approx(1.0, abs=0.01)
    assert estimates.pointwise(abs(scrubbed - model), abs(baseline - model)).value == pytest.approx(0.2, abs=0.01)
    assert estimates.shares(model, scrubbed) == (0.5, 0.5)


@pytest.mark.parametrize("n", [64, 512])
def test_intervals_cover_the_true_ratio(n: int) -> None:
    truth, hits, runs = 0.8, 0, 400
    for _ in range(runs):
        gap = RANDOM.gamma(4.0, 1.0, size=n)
        top = truth * gap + RANDOM.normal(size=n)
        found = estimates.ratio(top, gap)
        hits += found.low <= truth <= found.high
    assert 0.92 <= hits / runs <= 0.98


def test_a_gap_that_may_be_zero_says_how_many_references_would_tell() -> None:
    noise = RANDOM.normal(size=100)
    gap = 0.1 + (noise - noise.mean()) / noise.std(ddof=1)  # a tenth of a standard deviation, exactly
    found = estimates.ratio(gap, gap)
    assert "is 0.1 [-0.09842, 0.2984], so it may be zero" in str(found)
    assert "if it is as large as it looks, 600 references would tell" in str(
        found
    )  # half as many again as 1.98^2 / 0.1^2
    assert estimates.ratio(np.tile(gap, 6), np.tile(gap, 6)).resolved
    assert "take a task that the model does better" in str(estimates.ratio(gap - 0.1, gap - 0.1))
    assert estimates.pointwise(np.abs(gap), gap).why == found.why


def test_a_ratio_is_resolved_exactly_where_the_gaps_interval_excludes_zero() -> None:
    unit = RANDOM.normal(size=(2, 50))
    unit = (unit - unit.mean(1, keepdims=True)) / unit.std(1, ddof=1, keepdims=True)
    border = estimates.t_quantile(49) / math.sqrt(50)
    assert not estimates.ratio(unit[0], unit[1] + 0.999 * border).resolved
    found = estimates.ratio(unit[0] + 1, unit[1] + 1.001 * border)
    assert found.low < found.value < found.high
    assert found.high > 100  # Fieller's interval grows without bound towards the border; the delta method's does not


def test_the_interval_of_a_long_tail_reaches_further_on_its_side() -> None:
    values = RANDOM.exponential(size=64)
    found, mirrored = estimates.mean(values), estimates.mean(-values)
    assert found.high - found.value > 1.1 * (found.value - found.low)
    assert (mirrored.low, mirrored.high) == pytest.approx((-found.high, -found.low))
    assert estimates.mean(np.full(9, 2.0)) == Estimate(2.0, 2.0, 2.0)
    assert estimates.mean(np.ones(1)).high == math.inf


def test_students_t() -> None:
    """Against printed tables: two-sided 5 % points, and the p-value at them."""
    for freedom, t in ((5, 2.571), (10, 2.228), (30, 2.042), (63, 1.998), (1000, 1.962)):
        assert estimates.t_quantile(freedom) == pytest.approx(t, abs=0.007)
        unit = RANDOM.normal(size=freedom + 1)
        unit = (unit - unit.mean()) / unit.std(ddof=1)
        assert estimates.p_value(unit + t / math.sqrt(freedom + 1)) == pytest.approx(0.05, abs=5e-4)
    assert estimates.p_value(np.zeros(10)) == 1.0
    assert estimates.p_value(np.ones(10)) == 0.0


def test_false_discovery_by_hand() -> None:
    assert estimates.false_discovery([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert estimates.false_discovery([0.5, 0.9]) == pytest.approx([0.9, 0.9])
    assert estimates.false_discovery([]) == []


def test_false_discoveries_stay_below_the_rate() -> None:
    """Twenty claims without any effect and five with one: of the marked ones, at most 5 % are wrong on average."""
    wrong = []
    for _ in range(300):
        p = np.concatenate([RANDOM.uniform(size=20), RANDOM.uniform(size=5) * 1e-4])
        marked = np.array(estimates.false_discovery(p.tolist())) <= 0.05
        assert marked[20:].all()
        wrong.append(marked[:20].sum() / marked.sum())
    assert np.mean(wrong) < 0.05


def test_how_an_estimate_reads() -> None:
    assert str(Estimate(0.831, 0.794, 0.8694, "share")) == "83.1 % [79.4, 86.9]"
    assert str(Estimate(0.5, 0.25, 0.75)) == "0.5000 [0.2500, 0.7500]"
    assert str(Estimate(-1e-9, -1e-9, 0.0, "share")) == "0.0 % [0.0, 0.0]"
    assert math.isnan(float(estimates.UNRESOLVED))
