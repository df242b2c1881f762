"""What nulls recover on the bundled induction task: prints the tables of docs/nulls.md and what each null costs."""

from __future__ import annotations

import sys
import time

import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, nulls
from tests.unit.test_nulls import meaningless

RUNS = 150


def best_head() -> Hypothesis:
    """The textbook hypothesis about one head."""
    h, head = Hypothesis().claim("a1.h0")
    h, _ = h.claim("a0.h0", under=f"{head}.k", rule="previous token")
    h, _ = h.claim("embed", under=f"{head}.q", rule="token")
    return h.claim("*", under=f"{head}.v", rule="token")[0]


def test_meaningless_rules(capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["| class size m | one draw for all components | own draw for each | matched null of the latter |"]
    lines.append("|---|---|---|---|")
    lines += [f"| {m} | {' | '.join(f'{100 * x + 0.0:.0f} %' for x in row)} |" for m, row in meaningless().items()]
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


def test_what_a_rank_can_tell(capsys: pytest.CaptureFixture[str]) -> None:
    """A hypothesis that is worth its null: how often its rank is high, and whether the interval beside it holds zero."""
    task, h, n = sw.load_task("toy_sum"), "swapped", 4096
    null = np.mean(
        [task.scrub(task.hypotheses[h], 20_000, seed=900 + s, progress=False).null_losses for s in range(40)]
    )
    exact = (float(null) - 4.2485) / (
        4.6555 - 4.2121
    )  # its own value and the gap by enumeration, see docs/intervals.md
    results = [task.scrub(task.hypotheses[h], n, seed=s, progress=False) for s in range(RUNS)]
    found = [(r, nulls.permuted(r, progress=False)) for r in results]
    small = np.mean([table.p_value <= 0.05 for _, table in found])
    above = np.mean([table.above.low <= exact <= table.above.high for _, table in found])
    paired = np.mean([r.above_null.low <= exact <= r.above_null.high for r, _ in found])
    lines = [
        f"toy_sum, swapped: {100 * exact:.1f} points above its null; {RUNS} runs with {n} references, 20 permutations",
        f"p-value <= 0.05 in {100 * small:.0f} %",
        f"the exact value is held by 'above them' in {100 * above:.0f} %, by r.above_null in {100 * paired:.0f} %",
    ]
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
    assert min(above, paired) > 0.9


def test_the_nulls_of_one_head(capsys: pytest.CaptureFixture[str]) -> None:
    task = sw.load_task("induction")
    task.scrub(best_head(), seed=1)  # classes and the clean pass are made once
    start = time.process_time()
    r = task.scrub(best_head())
    scrub = time.process_time() - start
    start = time.process_time()
    lines = [f"matched null {r.null}, above it {r.above_null}"]
    lines.append(f"cost: {(time.process_time() - start) / scrub:.1f} scrubs")
    for kind in ("permuted", "random_components", "complement", "leave_one_out", "add_one"):
        start = time.process_time()
        table = getattr(nulls, kind)(r)
        lines += ["", str(table), f"cost: {(time.process_time() - start) / scrub:.1f} scrubs"]
        assert table.complete
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
