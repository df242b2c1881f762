"""Greedy pruning of edges in the manner of ACDC (Conmy et al., 2023), for comparison, on the cache that scrubbing has.

From the output backwards, each edge into a component is removed for a try; it stays removed if the metric rises by less
than the threshold. All tries are on the same references and donors, and each computes only what lies between the edge and
the output; an edge from which no kept path leads there costs nothing.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from ..classes import Batch
from ..engine.settings import settings
from ..errors import CircuitError, listed
from ..losses import divergence
from ..task import Task
from .circuit import Circuit, Edge, Key
from .edges import edges_of, removed_by
from .masked import Ablation
from .runs import Output, Runs, check_ablation, check_circuit

Metric = Callable[[Tensor, Batch, Tensor], Any]
"""``f(logits [n, reads, vocab], batch, the model's own logits) -> [n]``: how far a run is from the model; lower is better."""

METRICS = ("kl", "loss", "l2")
"""KL(model || run) in nats; the task's loss; the squared distance of the logits. Means over positions and references."""


@dataclass(frozen=True, eq=False)
class Pruning:
    """Greedy pruning of edges, as far as it got.

    Attributes
    ----------
    threshold : float
        An edge was removed if the metric rose by less.
    order : tuple of Edge
        All edges, in the order in which they are tried.
    rises : mapping of Key to float
        By how much the metric rose without the edge, for those that were tried.
    removed : frozenset of Key
        Those that were removed, including those that a circuit to begin with did not have.
    start, value : float
        The metric before anything was tried, and now.
    runs : int
        Runs that were made; the other tries could not change the output, or had been run.
    seconds : float
        Time spent.
    plain_seconds : float
        Time of one plain forward pass over as many inputs, by the clean pass over the task's data.
    """

    threshold: float
    order: tuple[Edge, ...] = field(repr=False)
    rises: Mapping[Key, float] = field(repr=False)
    removed: frozenset[Key] = field(repr=False)
    start: float
    value: float
    runs: int
    seconds: float
    plain_seconds: float

    @property
    def done(self) -> int:
        """Edges that were tried."""
        return len(self.rises)

    @property
    def total(self) -> int:
        """Edges to try."""
        return len(self.order)

    @property
    def complete(self) -> bool:
        """Whether all were tried."""
        return self.done == self.total

    @property
    def forwards(self) -> float:
        """Cost so far in plain forward passes over as many inputs, by the time that both took."""
        return self.seconds / self.plain_seconds if self.plain_seconds else math.nan

    @property
    def eta(self) -> float:
        """Seconds that are left if the rest takes as long as what was tried; the last edges cost more than the first."""
        return self.seconds / self.done * (self.total - self.done) if self.done else math.nan

    @cached_property
    def circuit(self) -> Circuit:
        """The edges that are kept so far; the score of one that was tried is the rise of the metric without it."""
        kept = (e for e in self.order if e.key not in self.removed)
        return Circuit(
            tuple(replace(e, score=self.rises.get(e.key)) for e in kept), f"ACDC, threshold {self.threshold:g}"
        )

    def __str__(self) -> str:
        return (
            f"{self.done} of {self.total} edges tried, {len(self.circuit)} kept at threshold {self.threshold:g}; metric "
            f"{self.start:.4g} → {self.value:.4g}; {self.runs} runs, {self.forwards:.1f} plain forward passes"
        )

    __repr__ = __str__


def acdc(
    task: Task,
    threshold: float,
    *,
    metric: str | Metric = "kl",
    ablation: Ablation = "resample",
    samples: int = 256,
    seed: int = 0,
    circuit: Circuit | None = None,
    progress: bool = True,
) -> Circuit:
    """Prune edges greedily, as ACDC does: the circuit that is left, each edge with the rise of the metric without it.

    Parameters
    ----------
    task : Task
        What to prune on.
    threshold : float
        An edge is removed if the metric rises by less; positive, in the metric's unit.
    metric : {"kl", "loss", "l2"} or callable
        KL(model || run) in nats; the task's loss; the squared distance of the logits from the model's; all at the positions
        that the loss reads. Or ``f(logits [n, reads, vocab], batch, the model's logits) -> [n]``, lower being better.
    ablation : {"resample", "zero"}
        What a removed edge carries: its sender's value on a random input (one for each reference), or zero.
    samples, seed : int
        References and donors, as in :meth:`Task.scrub` with ``unclaimed="global"``.
    circuit : Circuit, optional
        Edges to begin with; default: all of them.
    progress : bool
        Whether to show a progress bar when it takes long.

    Raises
    ------
    ScrubError
        A bad threshold, metric, ablation or circuit; a metric that is not finite.

    See Also
    --------
    scrub_widgets.circuits.acdc_steps : The same step by step.
    """
    steps = acdc_steps(task, threshold, metric=metric, ablation=ablation, samples=samples, seed=seed, circuit=circuit)
    return _last(steps, progress).circuit


def acdc_steps(
    task: Task,
    threshold: float,
    *,
    metric: str | Metric = "kl",
    ablation: Ablation = "resample",
    samples: int = 256,
    seed: int = 0,
    circuit: Circuit | None = None,
) -> Iterator[Pruning]:
    """The pruning of :func:`acdc` step by step: first before anything is tried, then after each port.

    To stop is to iterate no further; parameters and errors are those of :func:`acdc`, raised before anything is computed.
    """
    taus = _thresholds([threshold])
    runs = _tries(task, metric, ablation, samples, seed)
    removed = frozenset[Key]() if circuit is None else removed_by(task.graph, check_circuit(circuit))
    return _steps(runs, taus[0], removed)


def edge_scores(
    task: Task,
    thresholds: Sequence[float],
    *,
    metric: str | Metric = "kl",
    ablation: Ablation = "resample",
    samples: int = 256,
    seed: int = 0,
    progress: bool = True,
) -> Circuit:
    """Every edge with the largest threshold at which greedy pruning keeps it; 0 if none does. For ROC curves.

    Parameters
    ----------
    task, metric, ablation, samples, seed, progress
        As in :func:`acdc`.
    thresholds : sequence of float
        Positive; one pruning for each, all on the same references, and runs that they share are made once.

    Raises
    ------
    ScrubError
        As in :func:`acdc`.
    """
    ladder = _thresholds(thresholds)
    runs = _tries(task, metric, ablation, samples, seed)
    scores = {edge.key: 0.0 for edge in edges_of(task.graph)}
    for threshold in ladder:
        for edge in _last(_steps(runs, threshold, frozenset()), progress).circuit:
            scores[edge.key] = threshold
    return Circuit(
        tuple(replace(edge, score=scores[edge.key]) for edge in edges_of(task.graph)),
        f"largest threshold of ACDC ({len(ladder)} thresholds, {ablation})",
    )


# -- inside ----------------------------------------------------------------------------------------------------------


class _Tries:
    """The metric of runs with removed edges, each output computed once."""

    def __init__(self, task: Task, of: Metric, ablation: Ablation, samples: int, seed: int) -> None:
        self.task, self.of = task, of
        self._given = (task, samples, seed, ablation)
        self.plain = 0.0
        self.count = 0
        self._values: dict[tuple[Any, ...], float] = {}

    @cached_property
    def runs(self) -> Runs:
        runs = Runs(*self._given)
        self.plain = runs.prepared.seconds / len(self.task) * len(runs.references)
        return runs

    def value(self, removed: frozenset[Key] | set[Key]) -> float:
        plans = [masked.plan(removed) for masked in self.runs.masked]
        key = tuple(masked.key(plan) for masked, plan in zip(self.runs.masked, plans, strict=True))
        if key not in self._values:
            self.count += 1
            parts = [self._of(out) for out in self.runs.planned(plans)]
            self._values[key] = float(np.concatenate(parts).mean())
        return self._values[key]

    def _of(self, out: Output) -> np.ndarray[Any, np.dtype[np.float64]]:
        with torch.inference_mode():
            values = torch.as_tensor(self.of(out.logits, out.batch, out.clean)).double()
        if values.shape != (len(out.logits),):
            raise CircuitError(
                f"the metric gave shape {list(values.shape)}; expected [{len(out.logits)}], one number for each reference."
            )
        if not bool(torch.isfinite(values).all()):
            advice = " An output of one number is no distribution: take metric='loss' or 'l2'." * (
                out.logits.shape[-1] == 1
            )
            raise CircuitError(f"the metric is not finite on some references.{advice}")
        return values.cpu().numpy()


def _steps(tries: _Tries, threshold: float, without: frozenset[Key]) -> Iterator[Pruning]:
    began, made = time.perf_counter(), tries.count
    layout = tries.task.graph.layout
    edges = [edge for edge in edges_of(tries.task.graph) if edge.key not in without]
    rank = {name: i for i, name in enumerate(layout.names)}
    # Receivers from the output backwards; of each port the nearest sender first.
    order = tuple(sorted(edges, key=lambda e: (-rank.get(e.receiver, len(rank)), e.port, -rank[e.sender])))
    removed, rises = set(without), dict[Key, float]()
    start = value = tries.value(removed)

    def now() -> Pruning:
        seconds = time.perf_counter() - began
        return Pruning(
            threshold, order, dict(rises), frozenset(removed), start, value, tries.count - made, seconds, tries.plain
        )

    yield now()
    for edge, after in zip(order, (*order[1:], None), strict=True):
        removed.add(edge.key)
        tried = tries.value(removed)
        rises[edge.key] = tried - value
        if tried - value < threshold:
            value = tried
        else:
            removed.discard(edge.key)
        if after is None or (after.receiver, after.port) != (edge.receiver, edge.port):
            yield now()


def _last(steps: Iterator[Pruning], progress: bool) -> Pruning:
    found = next(steps)
    with tqdm(total=found.total, desc="prune", unit="edge", leave=False, delay=2.0, disable=not progress) as bar:
        for found in steps:
            bar.update(found.done - bar.n)
    return found


def _tries(task: Task, metric: str | Metric, ablation: Ablation, samples: int, seed: int) -> _Tries:
    chosen = settings(samples, seed)
    check_ablation(ablation)
    return _Tries(task, _metric(task, metric), ablation, chosen.samples, chosen.seed)


def _metric(task: Task, metric: str | Metric) -> Metric:
    named: dict[str, Metric] = {
        "kl": lambda logits, _, clean: divergence(clean, logits),
        "loss": lambda logits, batch, clean: task.prepare().loss_of(logits, batch, clean),
        "l2": lambda logits, _, clean: (logits - clean).square().sum(-1).mean(-1),
    }
    if isinstance(metric, str) and metric in named:
        return named[metric]
    if not callable(metric):
        raise CircuitError(f"metric= is one of {listed(METRICS)} or a function, not {metric!r}.")
    return metric


def _thresholds(thresholds: Any) -> list[float]:
    """Positive numbers, ascending."""
    given = list(thresholds) if isinstance(thresholds, Sequence | np.ndarray) and len(thresholds) else [thresholds]
    wrong = [t for t in given if isinstance(t, bool | str) or not _positive(t)]
    if wrong:
        raise CircuitError(f"a threshold is a positive number in the metric's unit, not {wrong[0]!r}.")
    return sorted({float(t) for t in given})


def _positive(value: Any) -> bool:
    try:
        return 0 < float(value) < math.inf
    except (TypeError, ValueError):
        return False
