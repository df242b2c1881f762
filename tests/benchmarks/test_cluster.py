"""What two Dask workers save: seconds of a sweep on them over seconds of the same sweep here. Prints a table; asserts equal bits.

One torch thread here and on each worker. Wall-clock seconds need two idle cores to say something; so there are CPU seconds too: the
ratio of those of the busiest process to those of a sweep here is what the wall clock shows where every process has a core of its own.
The first call to a cluster also sends the task, and has each worker make its clean pass.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from transformer_lens import TransformerBridge, TransformerBridgeConfig

import scrub_widgets as sw
from tests.unit.workers import two_workers

POSITIONS = 12
TITLE = (
    f"{'':26} {'':>7} {'wall s':^31} {'CPU s':^31}\n"
    f"{'sweep':26} {'senders':>7} {'here':>7} {'first':>7} {'then':>7} {'ratio':>6} {'here':>7} {'client':>7} {'worker':>7} {'ratio':>6}"
)


def half_of_gpt2() -> sw.Task:
    """Six layers of eight heads with random weights, 19 million of them."""
    config = TransformerBridgeConfig(
        d_model=512, d_head=64, n_heads=8, n_layers=6, n_ctx=POSITIONS, d_vocab=1000, d_mlp=2048, act_fn="gelu_new", seed=0,
    )  # fmt: skip
    bridge = TransformerBridge.boot_native(config, device="cpu")
    bridge.eval()
    tokens = torch.randint(1000, (512, POSITIONS), generator=torch.Generator().manual_seed(1))
    return sw.Task(bridge, tokens, loss=sw.losses.next_token([-1]), name="six layers, 19 million weights")


@dataclass(frozen=True)
class Cost:
    """Of one run: wall-clock seconds, CPU seconds here, and CPU seconds of the busiest worker."""

    wall: float
    here: float
    worker: float
    sweep: sw.Sweep


def cost(work: Callable[[], sw.Sweep], client: Any) -> Cost:
    before = client.run(time.process_time)
    wall, here = time.perf_counter(), time.process_time()
    found = work()
    wall, here = time.perf_counter() - wall, time.process_time() - here
    after = client.run(time.process_time)
    return Cost(wall, here, max(after[worker] - before[worker] for worker in after), found)


@pytest.mark.parametrize(("make", "samples"), [(half_of_gpt2, 1024), (partial(sw.load_task, "induction"), 8192)])
def test_two_workers(make: Callable[[], sw.Task], samples: int, capsys: pytest.CaptureFixture[str]) -> None:
    task = make()
    task.prepare()
    last = f"a{max(c.layer for c in task.graph.layout.components if c.kind == 'head')}.h2"
    h, head = sw.Hypothesis().claim(last)
    lines = [f"{task}; {samples} references", TITLE]
    with two_workers() as client:
        for at, under in ((sw.Hypothesis(), "logits"), (h, f"{head}.k")):
            runs = []
            for spread in (None, client, client):
                task._memo.clear()
                sweep = partial(sw.importance, task, at, under, samples=samples, progress=False, client=spread)
                runs.append(cost(sweep, client))
            here, first, then = runs
            for row in here.sweep.rows:
                assert np.array_equal(row.losses, then.sweep[row.component].losses)
            lines.append(
                f"free, {under:20} {len(here.sweep):7} {here.wall:7.2f} {first.wall:7.2f} {then.wall:7.2f} {then.wall / here.wall:6.2f}"
                f" {here.here:7.2f} {then.here:7.2f} {then.worker:7.2f} {max(then.here, then.worker) / here.here:6.2f}"
            )
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
