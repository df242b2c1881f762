"""The toy of the causal scrubbing post: three inputs, a sum of two thresholds and a nuisance; every number can be worked out.

Source: the example of section 3.1 of "Causal Scrubbing" (Redwood Research, 2022), in the concrete form of its exercises.
"""

from __future__ import annotations

import numpy as np
import torch

from .. import losses
from ..graph.functions import FunctionGraph
from ..hypothesis import Hypothesis
from ..task import Task

VALUES = 10
"""Each input is uniform on 0 to 9; the data holds every combination once."""
THRESHOLD = 3


def model() -> FunctionGraph:
    """``D = A + B + C / 10``: A is a soft "x0 > 3", B a soft "x1 > 3", C the plain sum."""
    return FunctionGraph(
        {
            "A": lambda x0, x1, x2: torch.sigmoid(x0 + 0.1 * x1 - 0.05 * x2 - 3),
            "B": lambda x0, x1, x2: torch.sigmoid(-0.01 * x0 + x1 + 0.2 * x2 - 3),
            "C": lambda x0, x1, x2: x0 + x1 + x2,
            "D": lambda A, B, C: A + B + 0.1 * C,  # noqa: N803 - the names of the post
        }
    )


def hypothesis(rule_of_a: str, rule_of_b: str) -> Hypothesis:
    """The output is "x0 > 3 or x1 > 3", of what A and B know of x0 and of x1; C does not matter."""
    h, top = Hypothesis().claim("D", rule="x0 > 3 or x1 > 3")
    for name, rule, cause in (("A", rule_of_a, "x0"), ("B", rule_of_b, "x1")):
        h, claim = h.claim(name, under=top, rule=rule)
        h, _ = h.claim(cause, under=claim)
    return h


def load() -> Task:
    """The task over all 1000 inputs; its loss is the squared distance of D from the label "x0 > 3 or x1 > 3"."""
    x = np.stack(np.meshgrid(*[np.arange(VALUES)] * 3, indexing="ij"), -1).reshape(-1, 3)
    over = x > THRESHOLD
    return Task(
        model(),
        {f"x{i}": x[:, i] for i in range(3)},
        loss=losses.squared_error("y"),
        columns={"y": (over[:, 0] | over[:, 1]).astype(np.int64)},
        rules={
            "x0 > 3": lambda batch: batch.columns["x0"] > THRESHOLD,
            "x1 > 3": lambda batch: batch.columns["x1"] > THRESHOLD,
            "x0 > 3 or x1 > 3": lambda batch: batch.columns["y"],
        },
        name="toy_sum",
        hypotheses={"intended": hypothesis("x0 > 3", "x1 > 3"), "swapped": hypothesis("x1 > 3", "x0 > 3")},
    )
