"""How much of known circuits discovery finds, how often it finds what is not there, and what it costs: prints docs/discover.md's tables."""

from __future__ import annotations

import sys
from functools import partial

import pytest

import scrub_widgets as sw
from tests.benchmarks.truth.circuits import CIRCUITS, DEFAULTS, edges_of, score
from tests.benchmarks.truth.nothing import SIGNAL, learnt_by_heart, random_transformer, searched, signal_and_noise

RUNS = 200
FEW = 30
COST = 60
"""Plain forward passes over the data that each accepted claim may cost."""


def test_known_circuits(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "| model | edges | found | precision | recall | loss recovered | scrubs |",
        "|---|---|---|---|---|---|---|",
    ]
    for c in CIRCUITS:
        d = sw.discover(c.task(), **{**DEFAULTS, **c.options})
        found = edges_of(d.hypothesis)
        precision, recall = score(found, c.right)
        lines.append(
            f"| {c.name} | {len(c.right[0])} | {len(found)} | {precision:.2f} | {recall:.2f} | {d.recovered} | {d.scrubs} |"
        )
        assert precision == 1, f"{c.name}: {sorted(found)}"
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


def test_where_there_is_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        "| what does nothing | threshold | false discovery rate | searches with any | sweeps with any | true ones missed |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    embedding = frozenset({"logits < embed"})
    cases = (
        ("30 random functions at 3 ports of a chain", signal_and_noise, SIGNAL),
        ("12 random heads; the embedding alone says the answer", partial(random_transformer, signal=True), embedding),
        ("12 random heads; nothing says the answer", partial(random_transformer, signal=False), frozenset[str]()),
    )  # fmt: skip
    for threshold in (0.0005, 0.02):
        for name, make, right in cases:
            n = searched(make, right, RUNS, threshold=threshold, samples=256)
            lines.append(
                f"| {name} | {100 * threshold:g} points | {100 * n.discoveries:.1f} % | {100 * n.any:.1f} % | "
                f"{n.false} of {n.sweeps} | {100 * n.missed:.1f} % |"
            )
            assert n.discoveries <= 0.05 + 2 * (0.05 * 0.95 / RUNS) ** 0.5
    with capsys.disabled():
        sys.stdout.write(f"\n\n{RUNS} searches each with 256 references, q = 5 %\n\n" + "\n".join(lines) + "\n")


def test_what_is_learnt_by_heart(capsys: pytest.CaptureFixture[str]) -> None:
    """Random answers to 75 texts: what fits them is there, on these texts; the held-out ones say what it is worth."""
    n = searched(learnt_by_heart, frozenset(), FEW, samples=1024)
    words = f"{FEW} searches for random answers: {100 * n.any:.0f} % found something, {100 * n.confirmed:.0f} % were confirmed"
    with capsys.disabled():
        sys.stdout.write(f"\n\n{words}\n")


def test_what_it_costs(capsys: pytest.CaptureFixture[str]) -> None:
    """On the induction task, the clean pass over the data included; in passes over its 2048 inputs and over the 1024 references."""
    lines = [
        "| task | claims | scrubs | seconds | plain passes over the references | plain passes over the data, for each claim |"
    ]
    lines += ["|---|---|---|---|---|---|"]
    for claims in (5, 12, 40):
        task = sw.load_task("induction")
        d = sw.discover(task, max_claims=claims, progress=False)
        made = sum(not c.whole for c in d.hypothesis)
        passes = d.seconds / task.prepare().seconds
        lines.append(
            f"| induction, max_claims={claims} | {made} | {d.scrubs} | {d.seconds:.1f} | {d.forwards:.0f} | {passes / made:.1f} |"
        )
        assert d.forwards / made <= COST
        assert passes / made <= COST
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
