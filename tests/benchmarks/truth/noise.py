"""Random weights: a network that was never trained, and rules that mean nothing."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

import scrub_widgets as sw

from .case import Case, Truth, grid, tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from scrub_widgets.classes import Batch

PAIRS = list(combinations(range(4), 2))
"""Each unit reads two of four inputs."""
LIVE = [f"h{i}" for i in range(len(PAIRS))]
DEAD = "dead"


def network(seed: int) -> sw.Task:
    """Random units of two inputs each, summed up with random weights; the task is to be what it is.

    Its rules are random labels: they know nothing of the model, and nothing of the inputs.
    """
    random = np.random.default_rng(seed)
    data = grid(6, 6, 6, 6)

    def weights(n: int) -> list[float]:
        """Between 0.5 and 1.5 in size: a live unit varies and matters, or a claim about it could not be tested."""
        return [float(x) for x in random.choice([-1, 1], n) * random.uniform(0.5, 1.5, n)]

    w = [weights(2) for _ in PAIRS]

    def unit(i: int, a: Tensor, b: Tensor) -> Tensor:
        return torch.tanh(w[i][0] * (a - 2.5) + w[i][1] * (b - 2.5))

    units: dict[str, Callable[..., Tensor]] = {
        "h0": lambda x0, x1: unit(0, x0, x1),
        "h1": lambda x0, x2: unit(1, x0, x2),
        "h2": lambda x0, x3: unit(2, x0, x3),
        "h3": lambda x1, x2: unit(3, x1, x2),
        "h4": lambda x1, x3: unit(4, x1, x3),
        "h5": lambda x2, x3: unit(5, x2, x3),
    }
    v = weights(len(LIVE))
    model = sw.FunctionGraph({
        **units,
        DEAD: lambda x0: torch.tanh(x0 - 2.5),
        "out": lambda h0, h1, h2, h3, h4, h5, dead: sum(
            (a * h for a, h in zip(v, (h0, h1, h2, h3, h4, h5), strict=True)), 0 * dead
        ),
    })  # fmt: skip
    values = {name: torch.from_numpy(x).double() for name, x in data.items()}
    written = {name: f(**{x: values[x] for x in model.parents[name]}) for name, f in units.items()}
    y = sum(a * written[name] for a, name in zip(v, LIVE, strict=True))
    n = len(data["x0"])

    def column(labels: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> Callable[[Batch], Any]:
        return lambda batch: labels[batch.index]

    def pair(a: int, b: int) -> Callable[[Batch], Any]:
        return lambda batch: 6 * batch.columns[f"x{a}"] + batch.columns[f"x{b}"]

    return sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": np.asarray(y)},
        rules={
            **{f"random {k}": column(random.integers(k, size=n)) for k in (2, 5, 20)},
            "pairs of inputs": column(random.permutation(n) // 2),
            **{f"x{a}, x{b}": pair(a, b) for a, b in PAIRS},
        },
        name="random weights",
    )


def random_network() -> Truth:
    """One such network, with right hypotheses (who reads what) and wrong ones."""
    task = network(0)
    pairs = [f"x{a}, x{b}" for a, b in PAIRS]
    reads = [f"out>{name}: {pair}" for name, pair in zip(LIVE, pairs, strict=True)]
    inputs = [f"out>{name}>x{i}" for name, pair in zip(LIVE, PAIRS, strict=True) for i in pair]
    nothing = "Each unit knows its two inputs; the labels are random."
    cases = (
        Case("each unit knows its two inputs", tree("out", *reads)),
        Case("the same, two of them down to the inputs", tree("out", *reads, *inputs[:4])),
        Case("all units but the dead one matter", tree("out", *[f"out>{name}" for name in LIVE[:3]], *reads[3:])),
        Case("every unit matters", tree("out", *[f"out>{name}" for name in [*LIVE, DEAD]]), "The dead unit is multiplied by zero."),
        Case("each unit knows a random label of 20", tree("out", *[f"out>{name}: random 20" for name in LIVE]), nothing),
        Case("all units together know a random label", tree("out", f"out>{'+'.join(LIVE)}: random 20"), nothing),
        Case("all units together know which pair it is", tree("out", f"out>{'+'.join(LIVE)}: pairs of inputs"), nothing),
        Case("each unit knows the next one's inputs", tree("out", *[f"out>{name}: {pair}" for name, pair in zip(LIVE, pairs[1:] + pairs[:1], strict=True)]), "Each unit knows its own two inputs."),
    )  # fmt: skip
    return Truth(
        "random weights", "out = random sum of six random units of two inputs each, and a dead one", task, cases
    )
