"""What a sweep costs, as a ratio to so many plain forward passes. Prints a table; asserts equal losses and the goal.

The goal: all senders into one port for at most 0.6 x (number of senders x one plain forward pass of the same references), and far
less where only the last position is read. CPU seconds of one thread, as in ``test_speed.py``; every sweep begins with an empty
memory, and the hypothesis that the senders are compared with is counted in.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest
import torch
from transformer_lens import TransformerBridge, TransformerBridgeConfig

import scrub_widgets as sw
from scrub_widgets.engine.draws import draw_references
from scrub_widgets.engine.settings import Settings
from scrub_widgets.explore.measured import losses_of
from scrub_widgets.hypothesis import Hypothesis
from tests.benchmarks.test_speed import cpu_seconds

GOAL = 0.6
POSITIONS = 12


@dataclass(frozen=True)
class Row:
    """A sweep: CPU seconds of one plain forward pass, of the sweep, and of its answers alone: together and one by one."""

    what: str
    senders: int
    plain: float
    sweep: float
    together: float
    apart: float

    @property
    def ratio(self) -> float:
        """Cost of one sender in plain forward passes over the same references."""
        return self.sweep / self.senders / self.plain


@cache
def bridge() -> TransformerBridge:
    """A model of GPT-2-small's shape with random weights."""
    config = TransformerBridgeConfig(
        d_model=768, d_head=64, n_heads=12, n_layers=12, n_ctx=POSITIONS, d_vocab=50257, d_mlp=3072, act_fn="gelu_new", seed=0,
    )  # fmt: skip
    made = TransformerBridge.boot_native(config, device="cpu")
    made.eval()
    return made


def gpt2_shape(loss: sw.losses.Loss) -> sw.Task:
    tokens = torch.randint(50257, (32, POSITIONS), generator=torch.Generator().manual_seed(1))
    return sw.Task(bridge(), tokens, loss=loss, name="the shape of GPT-2 small")


def measured(task: sw.Task, h: Hypothesis, under: str, question: str, samples: int, repeats: int) -> Row:
    """The cost of one sweep; its losses are those of one scrub after the other."""
    task.prepare()
    chosen = Settings(samples=samples)
    tokens = task.tokens[torch.from_numpy(draw_references(len(task), samples, 0))]
    found: list[sw.Sweep] = []

    def forward() -> None:
        with torch.inference_mode():
            task.model(tokens)

    def sweep() -> None:
        found[:] = [sw.importance(task, h, under, question, samples=samples, progress=False)]

    def together() -> None:
        list(losses_of(task, [row.hypothesis for row in found[0].rows], chosen))

    def apart() -> None:
        losses[:] = [task.scrubbed(row.hypothesis, chosen) for row in found[0].rows]

    losses: list[np.ndarray[tuple[int], np.dtype[np.float64]]] = []
    plain = cpu_seconds(forward, repeats)
    whole, both, one = (cpu_seconds(work, repeats, fresh=task._memo.clear) for work in (sweep, together, apart))
    for row, alone in zip(found[0].rows, losses, strict=True):
        np.testing.assert_allclose(row.losses, alone, rtol=0, atol=1e-5)
    return Row(f"{question} under {under}", len(losses), plain, whole, both, one)


def report(title: str, rows: list[Row], capsys: pytest.CaptureFixture[str]) -> None:
    lines = [title, ""]
    lines.append(
        f"{'sweep':30} {'senders':>7} {'plain ms':>9} {'sweep ms':>9} {'x plain, each':>14}  goal      answers one by one / together"
    )
    lines += [
        f"{row.what:30} {row.senders:7} {1000 * row.plain:9.1f} {1000 * row.sweep:9.1f} {row.ratio:14.3f}  <= {GOAL:4}  "
        f"{1000 * row.apart:9.1f} / {1000 * row.together:.1f} ms = {row.apart / row.together:.2f}"
        for row in rows
    ]
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
    assert all(row.ratio <= GOAL for row in rows)


@pytest.mark.parametrize(
    ("reads", "references", "ports"), [("the last position", 24, "qkv"), ("all positions", 16, "k")]
)
def test_cost_at_the_shape_of_gpt2_small(
    reads: str, references: int, ports: str, capsys: pytest.CaptureFixture[str]
) -> None:
    task = gpt2_shape(sw.losses.next_token([-1] if reads == "the last position" else None))
    h, head = Hypothesis().claim("a9.h6")
    rows = [measured(task, Hypothesis(), "logits", "free", references, repeats=1)]
    rows += [measured(task, h, f"{head}.{port}", "free", references, repeats=1) for port in ports]
    report(f"{task}; {references} references of {POSITIONS} tokens; the loss reads {reads}", rows, capsys)


def test_cost_on_the_induction_task(capsys: pytest.CaptureFixture[str]) -> None:
    task = sw.load_task("induction")
    h, head = Hypothesis().claim("a1.h3")
    rows = [
        measured(task, at, under, question, 1024, repeats=5)
        for at, under, question in [
            (Hypothesis(), "logits", "free"),
            (Hypothesis(), "logits", "keep"),
            *((h, f"{head}.{port}", "free") for port in "qkv"),
        ]
    ]
    report(f"{task}; 1024 references", rows, capsys)
