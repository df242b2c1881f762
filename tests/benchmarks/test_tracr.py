"""Circuits that are known because a compiler made them: how well are their edges found?

``make bench`` prints the tables; ``docs/circuits-truth.md`` explains them. Asserted are the areas that hold by construction;
``tests/unit/test_tracr.py`` asserts the same edge by edge.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pytest

from scrub_widgets.circuits import Roc, found_of, roc_of_circuits, roc_of_scores
from scrub_widgets.circuits.masked import ABLATIONS, Ablation
from tests.unit.tracr_scores import (
    ACDC_AUC,
    CASES,
    DECIMALS,
    PUBLISHED,
    Case,
    alone,
    case,
    claimed,
    costs,
    discovered,
    pruned,
    roc_as_acdc_counts,
)

SEEDS = range(3)
SAMPLES = 256
LADDER = tuple(float(t) for t in np.geomspace(1e-5, 1, 6))
"""Thresholds of the greedy pruning; the losses of these programs reach from 0.01 to 0.5."""


@dataclass(frozen=True)
class Areas:
    """The curve of each seed."""

    curves: tuple[Roc, ...]

    def __str__(self) -> str:
        half, worst = ([getattr(roc, name) for roc in self.curves] for name in ("auc", "pessimistic"))
        return f"{_range(half):>11} {_range(worst):>11}"


def test_edges_of_compiled_programs(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        f"area under the ROC curve of edges; {SAMPLES} references, {len(SEEDS)} seeds (a range where they differ)",
        "ties: counted half, and then with the false edges first, as ACDC's tables have it",
        "",
        f"{'program':11}{'inputs':14}{'edges':>6}{'used':>6}{'differ':>7}  {'ablation':10}"
        + "".join(f"{name:>24}" for name in ("ACDC's greedy pruning", "one edge alone", "discovery")),
    ]
    for program, inputs in CASES:
        c = case(program, inputs)
        for ablation in ABLATIONS:
            greedy, single = (Areas(tuple(of(c, ablation, seed) for seed in SEEDS)) for of in (by_pruning, by_itself))
            own = Areas(tuple(by_discovery(c, seed) for seed in SEEDS)) if ablation == "resample" else None
            truth = f"{len(c.truth.all):6}{len(c.truth.used):6}{len(c.truth.moving):7}"
            lines.append(f"{program:11}{inputs:14}{truth}  {ablation:10} {greedy} {single} {own or ''}".rstrip())
            share = 1.0 if ablation == "zero" else len(c.truth.moving) / len(c.truth.used)
            curves = [*greedy.curves, *single.curves, *(own.curves if own else ())]
            if inputs == "all lengths":  # greedy pruning may find one edge more, by the mask: docs/circuits-truth.md
                assert min(roc.pessimistic for roc in curves) == pytest.approx(share)
            else:
                assert [roc.pessimistic for roc in curves] == pytest.approx([share] * len(curves))
    say(capsys, lines)


def test_beside_the_published_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "the inputs, the true edges, the counting and the area of ACDC's experiments (false edges first in ties)",
        f"{'program':12}{'ablation':10}{'published':>10}{'measured':>10}",
    ]
    for (program, ablation), published in ACDC_AUC.items():
        c = case(program, "as published")
        for seed in SEEDS:
            circuits = [pruned(c.task, threshold, ablation, SAMPLES, seed) for threshold in LADDER]
            measured = roc_as_acdc_counts(circuits, PUBLISHED[program], c.truth.all).pessimistic
            assert measured == pytest.approx(published)
        lines.append(f"{program:12}{ablation:10}{published:10.3f}{measured:10.3f}")
    say(capsys, lines)


def test_what_discovery_claims(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "the hypothesis that scrubbing finds by itself, as edges; worst of the seeds",
        "".join(
            (
                f"{'program':11}{'inputs':14}{'claimed':>8}{'precision':>10}{'recall of used':>15}",
                f"{'of what differs':>16}{'loss recovered':>15}{'scrubs':>7}",
            )
        ),
    ]
    for program, inputs in CASES:
        c = case(program, inputs)
        runs = [discovered(c.task, SAMPLES, seed) for seed in SEEDS]
        circuits = [claimed(found.hypothesis) for found in runs]
        used = [found_of(circuit, c.truth.used) for circuit in circuits]
        differ = min(found_of(circuit, c.truth.moving).recall for circuit in circuits)
        precision, recall = min(f.precision for f in used), min(f.recall for f in used)
        recovered, scrubs = min(found.recovered.value for found in runs), max(found.scrubs for found in runs)
        counted = _range([len(circuit) for circuit in circuits], "d")
        lines.append(
            f"{program:11}{inputs:14}{counted:>8}{precision:10.2f}{recall:15.2f}{differ:16.2f}{100 * recovered:13.1f} %{scrubs:7}"
        )
        assert (precision, differ) == (1, 1)
    say(capsys, lines)


def by_pruning(c: Case, ablation: Ablation, seed: int) -> Roc:
    circuits = [pruned(c.task, threshold, ablation, SAMPLES, seed) for threshold in LADDER]
    return roc_of_circuits(circuits, c.truth.used, c.truth.all)


def by_itself(c: Case, ablation: Ablation, seed: int) -> Roc:
    return roc_of_scores(alone(c.task, c.truth.all, ablation, SAMPLES, seed), c.truth.used, decimals=DECIMALS)


def by_discovery(c: Case, seed: int) -> Roc:
    return roc_of_scores(costs(discovered(c.task, SAMPLES, seed), c.truth.all), c.truth.used, decimals=DECIMALS)


def say(capsys: pytest.CaptureFixture[str], lines: Sequence[str]) -> None:
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


def _range(values: Sequence[float], form: str = ".3f") -> str:
    low, high = format(min(values), form), format(max(values), form)
    return low if low == high else f"{low}..{high}"
