"""What two Dask workers save: seconds of a sweep on them over seconds of the same sweep here. Prints a table; asserts equal bits.

Wall-clock seconds in one run on one machine, one torch thread here and on each worker: two idle cores are needed for a ratio that
says something. The first call to a cluster also sends the task, and has each worker make its clean pass.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from transformer_lens import TransformerBridge, TransformerBridgeConfig

import scrub_widgets as sw
from tests.unit.workers import two_workers

POSITIONS = 12


def half_of_gpt2() -> sw.Task:
    """Six layers of eight heads with random weights, 19 million of them."""
    config = TransformerBridgeConfig(
        d_model=512, d_head=64, n_heads=8, n_layers=6, n_ctx=POSITIONS, d_vocab=1000, d_mlp=2048, act_fn="gelu_new", seed=0,
    )  # fmt: skip
    bridge = TransformerBridge.boot_native(config, device="cpu")
    bridge.eval()
    tokens = torch.randint(1000, (512, POSITIONS), generator=torch.Generator().manual_seed(1))
    return sw.Task(bridge, tokens, loss=sw.losses.next_token([-1]), name="six layers, 19 million weights")


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found


@pytest.mark.parametrize(("make", "samples"), [(half_of_gpt2, 1024), (partial(sw.load_task, "induction"), 8192)])
def test_two_workers(make: Callable[[], sw.Task], samples: int, capsys: pytest.CaptureFixture[str]) -> None:
    task = make()
    task.prepare()
    h, head = sw.Hypothesis().claim(task.graph.layout.names[-2])
    lines = [
        f"{task}; {samples} references",
        f"{'sweep':28} {'senders':>7} {'here s':>8} {'first s':>8} {'then s':>8} {'ratio':>6}",
    ]
    with two_workers() as client:
        for at, under in (
            (sw.Hypothesis(), "logits"),
            (h, task.graph.layout.by_id[head.split(">")[1]].ports and f"{head}.k"),
        ):
            if not under:
                continue
            sweep = partial(sw.importance, task, at, under, samples=samples, progress=False)
            runs = []
            for spread in (None, client, client):
                task._memo.clear()
                runs.append(seconds(partial(sweep, client=spread)))
            (here, mine), (first, _), (then, theirs) = runs
            for row in mine.rows:
                assert np.array_equal(row.losses, theirs[row.component].losses)
            lines.append(f"free, {under:22} {len(mine):7} {here:8.2f} {first:8.2f} {then:8.2f} {then / here:6.2f}")
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")
