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


def test_how_an_estimate_reads() -> None:
    assert str(Estimate(0.831, 0.794, 0.8694, "share")) == "83.1 % [79.4, 86.9]"
    assert str(Estimate(0.5, 0.25, 0.75)) == "0.5000 [0.2500, 0.7500]"
    assert str(Estimate(-1e-9, -1e-9, 0.0, "share")) == "0.0 % [0.0, 0.0]"
    assert math.isnan(float(estimates.UNRESOLVED))
