"""Circuits that are known, as edges: what discovery has to find, and what it must not.

An edge is ``receiver.port < sender``. Of hand-built models the edges are read off the code; where parts can stand in for each other
there are several right answers. Of trained ones they are those that an independent count or the model's own page says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import scrub_widgets as sw
from scrub_widgets.hypothesis import ROOT, Hypothesis

from .case import grid
from .fresh import comparison, gated, majority, remainder
from .gates import HIGH, conjunction, exclusive_or, switch, with_backup
from .induction import hand_built
from .leaks import shortcut, twins
from .noise import LIVE, PAIRS, random_network
from .sums import average, cancelling_pair

Edges = frozenset[str]


@dataclass(frozen=True)
class Circuit:
    """A model whose circuit is known.

    Attributes
    ----------
    name : str
        For the table.
    task : callable
        Makes the task.
    right : tuple of set of str
        The right answers, as edges.
    options : mapping
        Parameters of the discovery.
    """

    name: str
    task: Callable[[], sw.Task]
    right: tuple[Edges, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def edges(*lines: str) -> Edges:
    """``edges("out: A B", "A: x0")``: who reads whom, below ``logits: out`` which goes without saying."""
    found = {f"{ROOT} < out"}
    for line in lines:
        receiver, _, senders = line.partition(":")
        found |= {f"{receiver} < {sender}" for sender in senders.split()}
    return frozenset(found)


def edges_of(h: Hypothesis) -> Edges:
    """The edges that a hypothesis claims, each once, wherever in the tree it stands."""
    found = set()
    for claim in h:
        readers = (ROOT,) if claim.parent == ROOT else h[claim.parent].components
        if not claim.whole:
            port = f".{claim.port}" if claim.port else ""
            found |= {f"{reader}{port} < {sender}" for reader in readers for sender in claim.components}
    return frozenset(found)


def score(found: Edges, right: Sequence[Edges]) -> tuple[float, float]:
    """Precision and recall, against the right answer that is nearest."""
    return max(((len(found & r) / max(1, len(found)), len(found & r) / len(r)) for r in right), key=sum)


def _task(functions: dict[str, Any], y: Callable[..., Any], *sizes: int) -> sw.Task:
    data = grid(*sizes)
    return sw.Task(
        sw.FunctionGraph(functions),
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": np.asarray(y(**data), dtype=np.float64)},
    )


def two_of_three() -> sw.Task:
    """Three copies of one bit, and the output asks for two: each copy can be replaced by the others."""
    return _task(
        {
            **{name: (lambda x0: x0 > HIGH) for name in "ABC"},
            "N": lambda x1: 0.02 * x1,
            "out": lambda A, B, C, N: (A + B + C > 1) + N,
        },
        lambda x0, x1: (x0 > HIGH) + 0.02 * x1,
        10,
        4,
    )


def two_roads() -> sw.Task:
    """(A and B) or (C and D), where C and D repeat A and B, but the noise X shows that only one road counts: none is needed alone."""
    return _task(
        {
            "A": lambda x0: x0 > HIGH,
            "B": lambda x1: x1 > HIGH,
            "C": lambda x0: x0 > HIGH,
            "D": lambda x1: x1 > HIGH,
            "E": lambda x0: x0 > HIGH,
            "F": lambda x1: x1 > HIGH,
            "X": lambda x2: 0.02 * x2,
            "out": lambda A, B, C, D, E, F, X: (A * B + C * D + E * F > 1) + X,
        },
        lambda x0, x1, x2: (x0 > HIGH) * (x1 > HIGH) + 0.02 * x2,
        10,
        10,
        3,
    )


def needle() -> sw.Task:
    """Thirty parts that are read and add next to nothing, and two that matter, four functions deep."""
    names = [f"n{i}" for i in range(30)]
    read = ", ".join(names)
    # A graph takes its edges from the parameters' names, so that many of them are written as text.
    many = eval(f"lambda D, B, {read}: D + 2 * B + 0.001 * ({' + '.join(names)})")
    return _task(
        {
            **{name: (lambda x0, x1, x2: x0 + x1 - x2) for name in names},
            "A": lambda x0: x0 > HIGH,
            "C": lambda A, x2: 1.0 * A + 0 * x2,
            "D": lambda C, x1: 3 * C + 0.01 * x1,
            "B": lambda x1: x1 > HIGH,
            "out": many,
        },
        lambda x0, x1, x2: 3.0 * (x0 > HIGH) + 2.0 * (x1 > HIGH) + 0.01 * x1 + 0.03 * (x0 + x1 - x2),
        10,
        10,
        4,
    )


def cancelling_squared() -> sw.Task:
    """The cancelling pair, judged by the squared error: errors of opposite sign do not make up for each other."""
    task = cancelling_pair().task
    y = task.columns["x0"] + task.columns["x1"] - 9
    return sw.Task(
        task.model,
        {name: task.columns[name] for name in ("x0", "x1", "x2")},
        loss=sw.losses.squared_error("y"),
        columns={"y": np.asarray(y, dtype=np.float64)},
    )


TEXTBOOK = frozenset({
    "logits < a1.h0", "a1.h0.q < embed", "a1.h0.k < a0.h0", "a1.h0.v < embed", "a0.h0.v < embed",
})  # fmt: skip
"""The hand-built induction head. The previous-token head looks by position alone, and its pattern is the same for all inputs."""

INDUCTION = frozenset({
    f"a1.h{i}{port} < {sender}" for i in range(4) for port, sender in ((".q", "embed"), (".k", "a0.h0"), (".v", "embed"))
} | {f"logits < a1.h{i}" for i in range(4)} | {"logits < embed", "a0.h0.v < embed"})  # fmt: skip
"""The trained one: four induction heads (all four, by attention pattern), a previous-token head a0.h0, and the embedding's bigrams."""

CIRCUITS: tuple[Circuit, ...] = (
    Circuit("AND", lambda: conjunction().task, (edges("out: A B", "A: x0", "B: x1"),)),
    Circuit("XOR", lambda: exclusive_or().task, (edges("out: A B", "A: x0", "B: x1"),)),
    Circuit(
        "OR with backup",
        lambda: with_backup().task,
        (edges("out: main backup", "main: x0 x2", "backup: x0 x2"),),
    ),
    Circuit("switch", lambda: switch().task, (edges("out: usual rare", "usual: x0 x2", "rare: x1 x2"),)),
    Circuit("majority", lambda: majority().task, (edges("out: A B C", "A: x0", "B: x1", "C: x2"),)),
    Circuit("comparison", lambda: comparison().task, (edges("out: D", "D: x0 x1"),)),
    Circuit("remainder", lambda: remainder().task, (edges("out: S", "S: x0 x1"),)),
    Circuit("gate", lambda: gated().task, (edges("out: G copy A B", "G: x2", "copy: x0", "A: x0", "B: x1"),)),
    Circuit("label leak", lambda: shortcut().task, (edges("out: T", "T: tag"),)),
    Circuit("twins", lambda: twins().task, (edges("out: A B", "A: x0", "B: x2"),)),
    Circuit(
        "mean of six",
        lambda: average().task,
        (edges("out: p0 p1 p2 p3 p4 p5", *(f"p{i}: x0" for i in range(6))),),
    ),
    Circuit(
        "random units",
        lambda: random_network().task,
        (edges(f"out: {' '.join(LIVE)}", *(f"h{i}: x{a} x{b}" for i, (a, b) in enumerate(PAIRS))),),
    ),
    Circuit(
        "two of three copies",
        two_of_three,
        tuple(edges(f"out: {a} {b}", f"{a}: x0", f"{b}: x0") for a, b in ("AB", "AC", "BC")),
    ),
    Circuit(
        "two of three roads",
        two_roads,
        tuple(
            edges(f"out: {a} {b} {c} {d}", f"{a}: x0", f"{b}: x1", f"{c}: x0", f"{d}: x1")
            for a, b, c, d in ("ABCD", "ABEF", "CDEF")
        ),
    ),
    Circuit("two among thirty", needle, (edges("out: D B", "D: C", "C: A", "A: x0", "B: x1"),), {"depth": 6}),
    Circuit(
        "toy_sum",
        lambda: sw.load_task("toy_sum"),
        (edges("D: A B C", "A: x0 x1", "B: x1 x2", "C: x0 x1 x2") - {f"{ROOT} < out"} | {f"{ROOT} < D"},),
        {"samples": 65536},
    ),
    Circuit(
        "cancelling, linear loss",
        lambda: sw.load_task("cancelling"),
        (edges("out: A B", "A: x0 x2", "B: x1 x2"),),
    ),
    Circuit("cancelling, squared", cancelling_squared, (edges("out: A B", "A: x0 x2", "B: x1 x2"),)),
    Circuit("hand-built induction", lambda: hand_built().task, (TEXTBOOK,)),
    Circuit("trained induction", lambda: sw.load_task("induction"), (INDUCTION,), {"samples": 1024}),
)
"""All of them."""
DEFAULTS: Mapping[str, Any] = {"samples": 4096, "max_claims": 60, "depth": 5, "progress": False}
