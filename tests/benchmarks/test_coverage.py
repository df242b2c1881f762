"""How often the intervals hold the exact value: 1000 repeated runs of tasks whose exact values are known by enumeration.

Prints the tables of docs/intervals.md. Everything is seeded: the same code prints the same tables.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets import Estimate, FunctionGraph, Hypothesis
from scrub_widgets.measure import estimates
from tests.unit.exact import Atoms, Exact, Floats

RUNS = 1000
Loss = Callable[[Floats, int], Floats]
"""``(outputs [k, d], reference) -> [k]``."""


# -- two tasks ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """A task, two hypotheses, and the loss, the change of the output and the divergence as plain functions."""

    task: sw.Task
    first: Hypothesis
    second: Hypothesis
    loss: Loss
    off: Loss
    kl: Loss | None
    blind: Hypothesis | None = None


def toy() -> Known:
    """toy_sum: the intended hypothesis against the swapped one. Its gap is a tenth of its loss."""
    task = sw.load_task("toy_sum")
    answers, own = task.columns["y"], exact(task, task.hypotheses["intended"]).clean["D"][:, 0]
    return Known(
        task,
        task.hypotheses["intended"],
        task.hypotheses["swapped"],
        loss=lambda outputs, x: (outputs[:, 0] - answers[x]) ** 2,
        off=lambda outputs, x: (outputs[:, 0] - own[x]) ** 2,
        kl=None,
    )


def either(noise: int = 0) -> Known:
    """A classifier with two logits: "x0 > 1 or x1 > 1", from three inputs of four values; rules that nearly fit.

    Parameters
    ----------
    noise : int
        In so many of four equal parts of the data the label is not the right one but x3's, which the model does not read.
    """
    x = np.array(list(product(range(4), range(4), range(4), range(8))), dtype=np.float64)
    x = np.random.default_rng(0).permutation(x)  # so that neighbours in a class have nothing else in common
    right = ((x[:, 0] > 1) | (x[:, 1] > 1)).astype(np.int64)
    y = np.where(x[:, 3] // 2 < 4 - noise, right, x[:, 3] % 2).astype(np.int64)
    model = FunctionGraph({
        "A": lambda x0: 3 * torch.sigmoid(2 * x0 - 3),
        "B": lambda x1: 2 * torch.sigmoid(2 * x1 - 3),
        "C": lambda x2: 0.4 * x2,
        "out": lambda A, B, C: torch.stack([torch.zeros_like(A), A + B + C - 2.5], -1),  # noqa: N803
    })  # fmt: skip
    task = sw.Task(
        model,
        {f"x{i}": x[:, i] for i in range(4)},
        loss=sw.losses.target("y"),
        columns={"y": y},
        rules={
            "high x0": lambda batch: batch.columns["x0"] > 1,
            "high x1": lambda batch: batch.columns["x1"] > 1,
            "pairs": lambda batch: batch.index // 2,
        },
    )
    top, out = Hypothesis().claim("out")
    first, _ = top.claim("A", under=out, rule="high x0")
    second, _ = first.claim("B", under=out, rule="high x1")
    clean = exact(task, first).clean["out"]

    def log_p(outputs: Floats) -> Floats:
        return np.asarray(outputs - np.logaddexp(outputs[:, :1], outputs[:, 1:]))

    def loss(outputs: Floats, at: int) -> Floats:
        return np.asarray(-log_p(outputs)[:, y[at]])

    def kl(outputs: Floats, at: int) -> Floats:
        own = log_p(clean[at : at + 1])
        return np.asarray((np.exp(own) * (own - log_p(outputs))).sum(1))

    def off(outputs: Floats, at: int) -> Floats:
        return np.abs(loss(outputs, at) - loss(clean[at : at + 1], at))

    blind, _ = top.claim("A", under=out, rule="pairs")
    return Known(task, first, second, loss, off, kl, blind)


def exact(task: sw.Task, hypothesis: Hypothesis) -> Exact:
    """Its exact distributions."""
    inputs = {name: np.asarray(task.columns[name], float) for name in task.model.inputs}
    labels = {claim.rule: task.classes(claim.rule).codes for claim in hypothesis}
    return Exact(task.model, inputs, labels, hypothesis)


# -- exact values -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Truth:
    """Exact values by measure, and where the noise of loss recovered comes from.

    Attributes
    ----------
    values : dict
        Measure to value.
    gap : float
        Baseline's loss minus the model's.
    gap_sd, between, within : float
        Standard deviations for one reference: of the gap; of the linearised loss recovered between references (the mean
        over their draws), and within one reference (its draws).
    """

    values: dict[str, float]
    gap: float
    gap_sd: float
    between: float
    within: float


def moments(e: Exact, function: Loss, *, shuffled: bool = False) -> tuple[Floats, Floats]:
    """Mean and variance over the draws, for each reference."""
    known: dict[Any, Atoms] = {}
    (top,) = e.hypothesis.children()  # references with one label have one distribution
    found = []
    for x in range(e.n):
        key = None if shuffled else e.labels[top.rule][x]
        if key not in known:
            known[key] = thinned(Atoms.of(e.clean[e.model.output]) if shuffled else e.output(x))
        values, weights = known[key].values, known[key].weights
        of = function(values, x)
        mean = weights @ of
        found.append((mean, weights @ (of - mean) ** 2))
    means, variances = np.array(found).T
    return means, variances


def thinned(atoms: Atoms) -> Atoms:
    """Hundreds of thousands of atoms of one number merged where they agree to 1e-4: their mean stays exact."""
    if len(atoms.values) < 10_000:
        return atoms
    where = np.unique(atoms.values[:, 0].round(4), return_inverse=True)[1]
    weights = np.bincount(where, atoms.weights).astype(np.float64)
    return Atoms((np.bincount(where, atoms.weights * atoms.values[:, 0]) / weights)[:, None], weights)


def truth(known: Known) -> Truth:
    first, second = exact(known.task, known.first), exact(known.task, known.second)
    clean = first.clean[first.model.output]
    model = np.array([known.loss(clean[x : x + 1], x)[0] for x in range(first.n)])
    base, base_variance = moments(first, known.loss, shuffled=True)
    one, one_variance = moments(first, known.loss)
    two, _ = moments(second, known.loss)
    gap = float((base - model).mean())
    recovered = float((base - one).mean()) / gap if gap else np.nan
    values = {
        "loss recovered": recovered,
        "pointwise": 1 - moments(first, known.off)[0].mean() / moments(first, known.off, shuffled=True)[0].mean(),
        "paired difference": float((one - two).mean()) / gap if gap else np.nan,
    }
    if known.kl is not None:
        values["KL"] = float(moments(first, known.kl)[0].mean())
    between = ((base - one) - recovered * (base - model)).std()
    within = np.sqrt((one_variance + (1 - recovered) ** 2 * base_variance).mean())
    gap_sd = np.sqrt((base - model).var() + base_variance.mean())
    return Truth(values, gap, float(gap_sd), float(between), float(within))


def exact_null(known: Known) -> float:
    """Loss recovered by the matched null of ``either``'s claim about pairs: A's donor is the input itself, or any other.

    Under permuted labels that is all there is: the input itself K/N of the time, else every other input alike.
    """
    e = exact(known.task, known.first)
    a, c = (e.clean[name][:, 0] for name in ("A", "C"))
    rest = np.array(list(product(np.unique(e.clean["B"]), np.unique(c)))).sum(1)  # B and C, one random donor
    self_share = known.task.classes("pairs").self_share
    levels, where = np.unique(a, return_inverse=True)
    share = np.bincount(where) / e.n
    lost = []
    for x in range(e.n):
        own = (levels == a[x]).astype(float)
        others = (share * e.n - own) / (e.n - 1)
        weights = self_share * own + (1 - self_share) * others
        z = (levels[:, None] + rest - 2.5).ravel()
        lost.append(np.repeat(weights, len(rest)) @ known.loss(np.stack([np.zeros_like(z), z], 1), x) / len(rest))
    base = moments(e, known.loss, shuffled=True)[0].mean()
    own_loss = np.mean([known.loss(e.clean["out"][x : x + 1], x)[0] for x in range(e.n)])
    return float((base - np.mean(lost)) / (base - own_loss))


# -- runs ---------------------------------------------------------------------------------------------------------------


@cache
def runs(make: Callable[[], Known], n: int) -> list[dict[str, Estimate]]:
    """Every measure in each of the repeated runs."""
    known = make()
    return [dict(measured(known, n, seed)) for seed in range(RUNS)]


def measured(known: Known, n: int, seed: int) -> Iterator[tuple[str, Estimate]]:
    both = known.task.compare(known.first, known.second, samples=n, seed=seed)
    yield "loss recovered", both.first.loss_recovered
    yield "pointwise", both.first.pointwise
    yield "paired difference", both.difference
    losses = both.first.losses
    yield "loss recovered, delta method", delta(losses.baseline - losses.scrubbed, losses.baseline - losses.model)
    yield "pointwise, delta method", delta(losses.baseline_off - losses.off, losses.baseline_off)
    yield "KL, normal interval", delta(losses.kl, np.ones(n))
    if known.kl is not None:
        yield "KL", both.first.kl
        assert known.blind is not None
        yield "matched null", known.task.scrub(known.blind, n, seed, progress=False).null


def delta(top: Floats, bottom: Floats) -> Estimate:
    """The textbook's interval of a ratio: symmetric, with the normal quantile."""
    value = top.mean() / bottom.mean()
    half = 1.96 * (top - value * bottom).std(ddof=1) / np.sqrt(len(top)) / abs(bottom.mean())
    return Estimate(value, value - half, value + half, "share")


def shares(found: list[Estimate], value: float) -> tuple[float, float, float, float]:
    """Per cent: of the resolved, those that hold the value, lie below it and above it; and of all, the unresolved."""
    resolved = [e for e in found if e.resolved]
    if not resolved:
        return np.nan, np.nan, np.nan, 100.0
    low, high = np.array([e.low for e in resolved]), np.array([e.high for e in resolved])
    below, above = 100 * float((high < value).mean()), 100 * float((low > value).mean())
    return 100 - below - above, below, above, 100 * (1 - len(resolved) / len(found))


def show(capsys: pytest.CaptureFixture[str], lines: list[str]) -> None:
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


@pytest.mark.parametrize("make", [either, toy])
def test_intervals_hold_the_exact_value(make: Callable[[], Known], capsys: pytest.CaptureFixture[str]) -> None:
    known = make()
    t = truth(known)
    values = dict(t.values)
    if make is either:
        values["matched null"] = exact_null(known)
    lines = [f"{make.__name__}: {RUNS} runs for each n", ""]
    lines.append("| measure | exact | n | interval holds it | lies below | lies above | not resolved |")
    lines.append("|---|---|---|---|---|---|---|")
    for name, value in values.items():
        for n in (64, 256, 1024):
            held, below, above, unresolved = shares([run[name] for run in runs(make, n)], value)
            lines.append(
                f"| {name} | {value:.4f} | {n} | {held:.1f} % | {below:.1f} % | {above:.1f} % | {unresolved:.1f} % |"
            )
            wrong = (100 - held) * (1 - unresolved / 100)
            assert wrong < 7.0, lines[-1]
            if unresolved < 5:
                assert 93 <= held <= 97, lines[-1]
    show(capsys, lines)


def test_the_intervals_that_were_not_taken(capsys: pytest.CaptureFixture[str]) -> None:
    """Symmetric intervals miss on one side, three to six times as often as on the other, where references are few."""
    values = truth(either()).values
    lines = [f"either: {RUNS} runs for each n; holds the exact value (lies below it / above it)", ""]
    lines += ["| interval | n = 64 | n = 256 | n = 1024 |", "|---|---|---|---|"]
    for name in ("loss recovered", "pointwise", "KL"):
        for tried in (name, f"{name}, normal interval" if name == "KL" else f"{name}, delta method"):
            cells, sides = [], []
            for n in (64, 256, 1024):
                held, below, above, _ = shares([run[tried] for run in runs(either, n)], values[name])
                cells.append(f"{held:.1f} % ({below:.1f} / {above:.1f})")
                sides.append(abs(below - above))
            words = tried if tried != name else f"{name}, the one taken"
            lines.append(f"| {words} | {' | '.join(cells)} |")
            assert (sides[0] > 3) == (tried != name), lines[-1]
    show(capsys, lines)


def test_half_of_the_noise_is_not_enough(capsys: pytest.CaptureFixture[str]) -> None:
    """An interval that counts one source of noise only, with that source known exactly."""
    t = truth(either())
    value = t.values["loss recovered"]
    lines = [f"either, loss recovered: {RUNS} runs for each n", ""]
    lines += ["| what the interval counts | n = 64 | n = 256 | n = 1024 |", "|---|---|---|---|"]
    both = float(np.hypot(t.between, t.within))
    for words, sd in (
        ("which inputs were references", t.between),
        ("what was drawn for them", t.within),
        ("both", both),
    ):
        held = {}
        for n in (64, 256, 1024):
            found = np.array([run["loss recovered"].value for run in runs(either, n)])
            held[n] = 100 * float((np.abs(found - value) <= 1.96 * sd / np.sqrt(n) / abs(t.gap)).mean())
        lines.append(
            f"| {words} ({100 * sd**2 / both**2:.0f} % of the variance) | "
            + " | ".join(f"{h:.1f} %" for h in held.values())
            + " |"
        )
        assert (max(held.values()) < 92) == (words != "both")
    show(capsys, lines)


def test_a_gap_of_noise_is_called_unresolved(capsys: pytest.CaptureFixture[str]) -> None:
    """No gap is called one at the nominal rate, and the ratio comes back as the gap grows beyond its noise."""
    n = 64
    lines = [f"either with wrong labels, n = {n}: {RUNS} runs each", ""]
    lines.append(
        "| wrong labels | exact gap | gap / its standard error | resolved | the interval is wrong, of all runs |"
    )
    lines.append("|---|---|---|---|---|")
    for noise in (4, 3, 2, 1, 0):
        known = either(noise)
        t = truth(known)
        found = [known.task.scrub(known.first, n, seed, progress=False).loss_recovered for seed in range(RUNS)]
        held, _, _, unresolved = shares(found, t.values["loss recovered"])
        resolved = 100 - unresolved
        none = abs(t.gap) < 1e-9
        wrong = "any number is" if none else f"{(100 - held) * resolved / 100:.1f} %"
        lines.append(
            f"| {25 * noise} % | {t.gap:.3f} | {t.gap / t.gap_sd * np.sqrt(n):.1f} | {resolved:.1f} % | {wrong} |"
        )
        if none:
            assert 3 <= resolved <= 7
    assert resolved > 99
    show(capsys, lines)


def test_a_change_that_is_none_is_called_one_at_the_nominal_rate(capsys: pytest.CaptureFixture[Any]) -> None:
    """Two rules that know equally little differ by noise only: the paired test and the interval agree on that."""
    known = either()
    task = known.task.with_rules(
        even=lambda batch: batch.columns["x3"] % 2, early=lambda batch: batch.columns["x3"] < 4
    )
    h, out = Hypothesis().claim("out")
    pair = [h.claim("A", under=out, rule=rule)[0] for rule in ("even", "early")]
    lines = [f"either, two rules about x3, which the model does not read: {RUNS} runs each", ""]
    lines += ["| n | the interval of the difference excludes zero | p-value below 5 % |", "|---|---|---|"]
    for n in (64, 256):
        found = [task.compare(pair[0], pair[1], samples=n, seed=seed) for seed in range(RUNS)]
        beyond = 100 * float(np.mean([not c.within_noise for c in found]))
        small = 100 * float(
            np.mean([estimates.p_value(c.first.losses.scrubbed - c.second.losses.scrubbed) < 0.05 for c in found])
        )
        lines.append(f"| {n} | {beyond:.1f} % | {small:.1f} % |")
        assert 3 <= beyond <= 7
        assert 3 <= small <= 7
    show(capsys, lines)
