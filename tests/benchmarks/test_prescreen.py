"""What a prescreen, a run with removed edges and greedy pruning cost, in plain forward passes over the same references.

Prints a table; asserts equal losses and the goals that do not hang on the machine. CPU seconds of one thread.
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
import transformers
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module

import scrub_widgets as sw
from scrub_widgets.circuits import Circuit, acdc_steps, edges_of, measure
from scrub_widgets.explore.prescreen import Screen, prescreen
from scrub_widgets.hypothesis import Hypothesis

GPT2_SAMPLES = 16
"""References at GPT-2-small shape: 20 tokens each."""


def gpt2_small(positions: int = 20) -> sw.Task:
    """GPT-2 small's shape with random weights; the loss reads the last prediction."""
    config = transformers.GPT2Config(n_positions=positions)
    torch.manual_seed(0)
    model: Any = transformers.GPT2LMHeadModel(config)
    model.eval()
    model.set_attn_implementation("eager")
    bridge = build_bridge_from_module(model, "GPT2LMHeadModel", hf_config=model.config, device="cpu")
    tokens = torch.randint(config.vocab_size, (32, positions), generator=torch.Generator().manual_seed(2))
    return sw.Task(bridge, tokens, loss=sw.losses.next_token(positions=[-1]), name="GPT-2 small shape")


def cpu(work: Callable[[], object], repeats: int = 3) -> float:
    """The least CPU time of some repetitions."""
    least = float("inf")
    for _ in range(repeats):
        start = time.process_time()
        work()
        least = min(least, time.process_time() - start)
    return least


def plain(task: sw.Task, samples: int) -> float:
    """CPU seconds of one plain forward pass over as many inputs."""
    rows = torch.arange(samples) % len(task)

    def forward() -> None:
        with torch.inference_mode():
            task.model(task.tokens[rows])

    forward()
    return cpu(forward)


def spearman(screen: Screen, sweep: sw.Sweep) -> float:
    """Rank correlation of the sizes of first-order and exact effects."""
    first = [abs(screen.effects[row.component].value) for row in sweep.rows]
    exact = [abs(row.effect.value) for row in sweep.rows]
    one, other = (np.argsort(np.argsort(values)).astype(float) for values in (first, exact))
    return float(np.corrcoef(one, other)[0, 1])


def show(capsys: pytest.CaptureFixture[str], title: str, lines: list[str]) -> None:
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join([title, *lines]) + "\n")


def test_order_and_cost_of_the_prescreen_on_induction(capsys: pytest.CaptureFixture[str]) -> None:
    task, samples = sw.load_task("induction"), 256
    task.prepare()
    one = plain(task, samples)
    h, heads = Hypothesis().claim([f"a1.h{i}" for i in range(4)])
    lines = [f"{'port':36} {'question':16} {'each':10} {'rank':>5} {'prescreen':>10} {'sweep':>7}  x plain forward"]
    for given, under, ask, each in [
        (Hypothesis(), "logits", "free", "component"),
        (Hypothesis(), "logits", "keep", "component"),
        (Hypothesis(), "logits", "free", "q"),
        (Hypothesis(), "logits", "free", "k"),
        (Hypothesis(), "logits", "free", "v"),
        (h, f"{heads}.k", "free", "component"),
        (h, f"{heads}.k", "keep", "component"),
        (h, f"{heads}.k", "previous token", "component"),
    ]:
        options = {"each": each, "samples": samples}
        screening = partial(prescreen, task, given, under, ask, **options)  # type: ignore[arg-type]
        sweeping = partial(sw.importance, task, given, under, ask, progress=False, **options)  # type: ignore[arg-type]

        def sweep_afresh(sweeping: Callable[[], sw.Sweep] = sweeping) -> sw.Sweep:
            task._memo.clear()
            return sweeping()

        rank = spearman(screening(), sweeping())
        cost = [cpu(work) / one for work in (screening, sweep_afresh)]
        lines.append(f"{under:36} {ask:16} {each:10} {rank:5.2f} {cost[0]:10.2f} {cost[1]:7.2f}")
        assert rank > 0.7
    show(capsys, f"prescreen against sweep on induction, {samples} references", lines)


def test_pruning_on_induction(capsys: pytest.CaptureFixture[str]) -> None:
    task, samples = sw.load_task("induction"), 256
    task.prepare()
    one, lines = plain(task, samples), []
    for threshold in (0.003, 0.03, 0.3):
        steps = partial(acdc_steps, task, threshold, samples=samples)
        *_, last = steps()
        seconds = cpu(lambda steps=steps: list(steps()))  # type: ignore[misc]
        kept = measure(task, last.circuit, progress=False)
        lines.append(
            f"threshold {threshold:5g}: {len(last.circuit):3d} of {last.total} edges kept, {kept.loss_recovered} of the loss recovered;"
            f" {seconds / one:5.1f} plain forwards, {seconds / one / last.total:.3f} for each edge"
        )
        assert seconds / one / last.total < 1.1
    show(capsys, f"ACDC-style pruning on induction, {samples} references", lines)


def test_cost_at_gpt2_small_shape(capsys: pytest.CaptureFixture[str]) -> None:
    task, samples = gpt2_small(), GPT2_SAMPLES
    task.prepare()
    one, lines = plain(task, samples), []
    screen = cpu(lambda: prescreen(task, samples=samples), 2)
    lines.append(
        f"prescreen of all {len(task.graph.layout.names)} senders of the logits: {screen / one:.2f} plain forwards"
    )
    h = Hypothesis().claim("a9.h6")[0]
    deep = cpu(lambda: prescreen(task, h, "logits>a9.h6.k", samples=samples), 2)
    lines.append(f"prescreen of the {len(task.graph.layout.senders('a9.h6'))} senders of a9.h6.k: {deep / one:.2f}")
    sweep = cpu(lambda: sw.importance(task, h, "logits>a9.h6.k", samples=samples, progress=False), 1)
    lines.append(f"exact sweep of these: {sweep / one:.2f}")
    edges = edges_of(task.graph)
    random = np.random.default_rng(0)
    for share in (0.02, 0.5, 0.98):
        circuit = Circuit(tuple(e for e in edges if random.random() < share))
        seconds = cpu(partial(measure, task, circuit, samples=samples, progress=False), 2)
        lines.append(f"a circuit of {share:.0%} of the {len(edges)} edges, drawn at random: {seconds / one:.2f}")
    # Sixty edges from the output backwards: nearly all others are kept meanwhile, unlike in the middle of a whole pruning.
    tried = random.permutation(len(edges))[:60]
    for threshold, what in ((1e-12, "that keeps the edges tried"), (1e3, "that removes them")):
        costs = _tries(task, samples, threshold, [edges[i].key for i in sorted(tried, reverse=True)])
        lines.append(f"pruning {what}: {costs / one:.3f} for each edge (60 of {len(edges)}, all others kept)")
        assert costs / one < 1.1
    show(capsys, f"GPT-2 small shape, {samples} references of {task.positions} tokens", lines)


def _tries(task: sw.Task, samples: int, threshold: float, keys: list[tuple[str, str, str]]) -> float:
    """CPU seconds of one try, in the course of a pruning of these edges alone."""
    from scrub_widgets.circuits.acdc import _Tries
    from scrub_widgets.losses import divergence

    tries = _Tries(task, lambda logits, _, clean: divergence(clean, logits), "resample", samples, 0)
    removed: set[tuple[str, str, str]] = set()
    now = tries.value(removed)
    start = time.process_time()
    for key in keys:
        removed.add(key)
        value = tries.value(removed)
        if value - now < threshold:
            now = value
        else:
            removed.discard(key)
    return (time.process_time() - start) / len(keys)
