"""Greedy pruning: against the obvious way to do it, and on functions whose edges are known."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

import scrub_widgets as sw
from scrub_widgets.circuits import Circuit, Pruning, acdc, acdc_steps, edge_scores, edges_of, measure
from scrub_widgets.errors import Cancelled
from scrub_widgets.hypothesis import ROOT
from scrub_widgets.interrupt import interruptible
from tests.unit.models import attention_only
from tests.unit.tiny import shared_task

SAMPLES = 16


def known() -> sw.Task:
    """Functions that read more than they use: what is not used must go, what is used must stay."""
    rng = np.random.default_rng(0)
    inputs = {f"x{i}": rng.normal(size=64) for i in range(3)}
    functions: dict[str, Callable[..., Tensor]] = {
        "a": lambda x0, x1: x0 + 0.0 * x1,
        "b": lambda x1, x2: 0.0 * x1 + x2**2,
        "idle": lambda x0: x0**3,
        "out": lambda a, b, idle, x2: a * b + 0.0 * idle + 0.0 * x2,
    }
    return sw.Task(sw.FunctionGraph(functions), inputs, loss=sw.losses.squared_error("y"), columns={"y": inputs["x0"]})


TRUE = {("out", ROOT, ""), ("a", "out", ""), ("b", "out", ""), ("x0", "a", ""), ("x2", "b", "")}


@pytest.mark.parametrize("ablation", ["resample", "zero"])
def test_edges_that_nothing_uses_are_pruned_and_the_others_stay(ablation: str) -> None:
    task = known()
    found = acdc(task, 1e-6, metric="l2", ablation=ablation, samples=64, progress=False)  # type: ignore[arg-type]
    assert {e.key for e in found} == TRUE
    assert all(e.score is not None and e.score >= 1e-6 for e in found)
    scores = edge_scores(task, [1e-6, 1e-3], metric="l2", ablation=ablation, samples=64, progress=False)  # type: ignore[arg-type]
    assert {e.key for e in scores if e.score} == TRUE
    assert len(scores) == len(edges_of(task.graph))
    *_, last = acdc_steps(task, 1e-6, metric="l2", ablation=ablation, samples=64)  # type: ignore[arg-type]
    assert last.rises["x0", "idle", ""] == 0  # "idle" leads nowhere by then, so that this was not run
    assert last.runs <= last.total


def greedy(task: sw.Task, threshold: float, metric: str) -> Circuit:
    """The same, each try a whole measurement of its own."""

    def value(circuit: Circuit) -> float:
        found = measure(task, circuit, samples=SAMPLES, progress=False)
        return float((found.divergence if metric == "kl" else found.kept).mean())

    circuit = Circuit(edges_of(task.graph))
    now = value(circuit)
    layout = task.graph.layout
    for owner in (ROOT, *reversed(layout.names)):
        for port in sorted(p if len(layout.owner_ports(owner)) > 1 else "" for p in layout.owner_ports(owner)):
            for sender in reversed(layout.senders(owner)):
                without = circuit.without((sender, owner, port))
                if value(without) - now < threshold:
                    circuit, now = without, value(without)
    return circuit


@pytest.mark.parametrize(("metric", "threshold"), [("kl", 0.003), ("kl", 0.03), ("loss", 0.01)])
def test_it_is_the_obvious_greedy_search(metric: str, threshold: float) -> None:
    model = attention_only()
    task = sw.Task(model.bridge, model.tokens, loss=sw.losses.next_token(positions=[-1]))
    *_, last = acdc_steps(task, threshold, metric=metric, samples=SAMPLES)
    expected = greedy(task, threshold, metric)
    assert {e.key for e in last.circuit} == {e.key for e in expected}
    assert 0 < len(expected) < last.total
    assert last.complete
    assert last.runs <= last.total + 1
    rises, kept = last.rises, {e.key for e in last.circuit}
    assert all((rise >= threshold) == (key in kept) for key, rise in rises.items())
    found = measure(task, last.circuit, samples=SAMPLES, progress=False)
    metrics = {"kl": found.divergence, "loss": found.kept}
    assert last.value == pytest.approx(float(metrics[metric].mean()), abs=1e-5)


def test_scores_of_a_ladder_are_the_largest_thresholds_that_keep_an_edge() -> None:
    task, ladder = shared_task(), [0.001, 0.01, 0.1]
    scores = edge_scores(task, ladder, samples=SAMPLES, progress=False)
    circuits = {tau: acdc(task, tau, samples=SAMPLES, progress=False) for tau in ladder}
    for edge in scores:
        assert edge.score == max((tau for tau, circuit in circuits.items() if edge in circuit), default=0.0)
    assert len({e.score for e in scores}) > 2


def test_steps_can_be_watched_cancelled_and_repeated() -> None:
    task = shared_task()
    seen = list(acdc_steps(task, 0.01, samples=SAMPLES))
    assert seen[0].done == 0
    assert seen[0].circuit == Circuit(edges_of(task.graph))
    assert [p.done for p in seen] == sorted({p.done for p in seen})
    assert all(len(a.circuit) >= len(b.circuit) for a, b in pairwise(seen))
    again = list(acdc_steps(task, 0.01, samples=SAMPLES))
    assert [p.circuit for p in again] == [p.circuit for p in seen]
    assert acdc(task, 0.01, samples=SAMPLES, progress=False) == seen[-1].circuit
    assert "edges tried" in str(seen[-1])

    calls = 0

    def stop() -> None:
        nonlocal calls
        calls += 1
        if calls > 20:
            raise Cancelled("enough")

    done: list[int] = []
    with interruptible(stop), pytest.raises(Cancelled):
        deque(_noted(acdc_steps(task, 0.01, samples=SAMPLES), done), maxlen=0)
    assert 0 < max(done) < seen[-1].total


def _noted(steps: Iterator[Pruning], done: list[int]) -> Iterator[Pruning]:
    for state in steps:
        done.append(state.done)
        yield state


def test_pruning_goes_on_from_a_circuit() -> None:
    task = shared_task()
    first = acdc(task, 0.003, samples=SAMPLES, progress=False)
    second = acdc(task, 0.03, samples=SAMPLES, circuit=first, progress=False)
    assert {e.key for e in second} < {e.key for e in first}


def test_a_metric_of_ones_own() -> None:
    task = shared_task()

    def flips(logits: Tensor, batch: object, clean: Tensor) -> Tensor:
        return (logits.argmax(-1) != clean.argmax(-1)).double().mean(-1)

    found = acdc(task, 0.01, metric=flips, samples=SAMPLES, progress=False)
    assert 0 < len(found) < len(edges_of(task.graph))


REFUSED: list[tuple[Mapping[str, object], str]] = [
    ({"threshold": 0}, "a threshold is a positive number in the metric's unit, not 0"),
    ({"threshold": -0.1}, "positive number"),
    ({"threshold": float("nan")}, "positive number"),
    ({"threshold": "low"}, "not 'low'"),
    ({"threshold": True}, "positive number"),
    ({"threshold": 0.1, "metric": "auc"}, "metric= is one of 'kl', 'loss', 'l2' or a function, not 'auc'"),
    ({"threshold": 0.1, "ablation": "mean"}, "ablation= is one of"),
    ({"threshold": 0.1, "samples": 0}, "samples="),
    ({"threshold": 0.1, "circuit": "a circuit"}, "expected a Circuit"),
]


@pytest.mark.parametrize(("options", "sentence"), REFUSED)
def test_what_is_refused_says_what_was_expected(options: Mapping[str, object], sentence: str) -> None:
    with pytest.raises(sw.ScrubError, match=sentence):
        acdc_steps(shared_task(), **options)  # type: ignore[arg-type]


def test_metrics_that_are_none_are_refused() -> None:
    with pytest.raises(sw.ScrubError, match="take metric='loss' or 'l2'"):
        acdc(known(), 0.1, samples=SAMPLES, progress=False)
    with pytest.raises(sw.ScrubError, match="one number for each reference"):
        acdc(shared_task(), 0.1, metric=lambda logits, batch, clean: torch.zeros(1), samples=SAMPLES, progress=False)
    with pytest.raises(sw.ScrubError, match="positive number"):
        edge_scores(shared_task(), [])
