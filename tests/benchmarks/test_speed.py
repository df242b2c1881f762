"""What scrubbing costs, as ratios to a plain forward pass in the same process. Prints a table; asserts equal losses, no times.

CPU seconds of one thread, the least of several repetitions: other work on the machine moves them little.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets.engine.draws import Draws, draw_references
from scrub_widgets.engine.settings import Settings
from scrub_widgets.hypothesis import Hypothesis
from tests.unit.brute import Brute

SAMPLES = 1024
REPEATS = 7


@dataclass(frozen=True)
class Row:
    """A line of the table: seconds, and the ratio to ``per`` with the goal for it."""

    work: str
    seconds: float
    ratio: float
    goal: str


def cpu_seconds(work: Callable[[], object], repeats: int = REPEATS, fresh: Callable[[], object] | None = None) -> float:
    """The least CPU time of some repetitions; ``fresh`` runs before each, untimed."""
    least = float("inf")
    for _ in range(repeats):
        if fresh is not None:
            fresh()
        start = time.process_time()
        work()
        least = min(least, time.process_time() - start)
    return least


def induction(rule: str = "previous token") -> Hypothesis:
    """The induction hypothesis of the README: one head, its key, query and value."""
    h, head = Hypothesis().claim("a1.h3")
    h, _ = h.claim("a0.h2", under=f"{head}.k", rule=rule)
    h, _ = h.claim("embed", under=f"{head}.q", rule="token")
    h, _ = h.claim("*", under=f"{head}.v", rule="token")
    return h


def all_heads(task: sw.Task) -> Hypothesis:
    """Every head of the last layer as one claim, with its key, query and value."""
    h, heads = Hypothesis().claim([c.id for c in task.graph.layout.components if c.layer == 1])
    h, _ = h.claim(
        [c.id for c in task.graph.layout.components if c.kind == "head" and c.layer == 0], under=f"{heads}.k"
    )
    h, _ = h.claim("embed", under=f"{heads}.q", rule="token")
    h, _ = h.claim("*", under=f"{heads}.v", rule="token")
    return h


def test_cost_on_the_induction_task(capsys: pytest.CaptureFixture[str]) -> None:
    task = sw.load_task("induction")
    task.prepare()
    chosen = Settings(samples=SAMPLES)
    references = draw_references(len(task), SAMPLES, 0)
    tokens = task.tokens[torch.from_numpy(references)]

    def forward() -> None:
        with torch.inference_mode():
            task.model(tokens)

    def scrub(h: Hypothesis) -> sw.Result:
        return task.scrub(h, samples=SAMPLES, progress=False)

    def draw() -> None:
        h = induction()
        classes = {claim.rule: task.classes(claim.rule) for claim in h}
        draws = Draws(h, classes, draw_references(len(task), SAMPLES, 0), 0, "per receiver", len(task), task.positions)
        for claim in h:
            draws.donor(claim)
        for receiver in ("logits", "logits>a1.h3"):
            draws.others(receiver)

    for h in (induction(), induction("token"), all_heads(task)):
        scrub(h)  # classes and allocations are made once
    plain = cpu_seconds(forward)
    whole = cpu_seconds(lambda: scrub(induction()), fresh=task._memo.clear)
    wide = cpu_seconds(lambda: scrub(all_heads(task)), fresh=task._memo.clear)

    def before_edit() -> None:
        task._memo.clear()
        scrub(induction())

    edit = cpu_seconds(lambda: scrub(induction("token")), fresh=before_edit)
    drawing = cpu_seconds(draw)
    r = scrub(induction())
    brute = Brute(task.model, task.tokens)
    slow_start = time.process_time()
    logits = brute.scrub(r.hypothesis, r.references, r.donors, chosen.unclaimed)
    slow = time.process_time() - slow_start
    np.testing.assert_allclose(task.loss_of(logits, r.references), r.losses.scrubbed, atol=1e-4)

    rows = [
        Row("plain forward pass", plain, 1.0, ""),
        Row("scrub of the induction hypothesis", whole, whole / plain, "<= 1.5"),
        Row("the same with all heads of layer 1 as a group", wide, wide / plain, "(<= 1.5)"),
        Row("edit of one leaf", edit, edit / plain, "<= 0.3"),
        Row("drawing all donors", drawing, drawing / plain, "<= 0.1"),
        Row("brute force, hooks and full forwards", slow, slow / plain, ""),
        Row("  brute force / scrub", slow, slow / whole, ">= 20"),
    ]
    lines = [f"{SAMPLES} references, {torch.get_num_threads()} thread, {task}", ""]
    lines.append(f"{'work':48} {'CPU ms':>9} {'x forward':>10}  goal")
    lines += [f"{row.work:48} {1000 * row.seconds:9.1f} {row.ratio:10.2f}  {row.goal}" for row in rows]
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
