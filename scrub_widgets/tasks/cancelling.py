"""Two functions whose errors cancel: a trap for whoever reads only the mean loss. Every number can be worked out."""

from __future__ import annotations

import numpy as np
import torch

from ..classes import Batch
from ..graph.functions import FunctionGraph
from ..hypothesis import Hypothesis
from ..task import Task

VALUES = 10
"""Each input is uniform on 0 to 9; the data holds every combination once."""
LIMIT = 9
"""The question is whether x0 + x1 is above it."""


def model() -> FunctionGraph:
    """``out = A + B - 9`` with ``A = x0 + x2`` and ``B = x1 - x2``: what A adds, B takes away again."""
    return FunctionGraph(
        {
            "A": lambda x0, x2: x0 + x2,
            "B": lambda x1, x2: x1 - x2,
            "out": lambda A, B: A + B - LIMIT,  # noqa: N803 - functions have capital letters here
        }
    )


def margin(logits: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Minus how far the output is on the right side, ``[n]``; lower is better, as for every loss."""
    return -logits[:, 0, 0] * torch.as_tensor(batch.columns["side"], dtype=logits.dtype, device=logits.device)


def hypothesis(rule_of_a: str, rule_of_b: str) -> Hypothesis:
    """What A and B know of the inputs, under an output that is kept."""
    h, top = Hypothesis().claim("out")
    h, _ = h.claim("A", under=top, rule=rule_of_a)
    return h.claim("B", under=top, rule=rule_of_b)[0]


def load() -> Task:
    """The task over all 1000 inputs; its hypotheses are the ``"tempting"`` one and the ``"true"`` one."""
    x = np.stack(np.meshgrid(*[np.arange(VALUES)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return Task(
        model(),
        {f"x{i}": x[:, i] for i in range(3)},
        loss=margin,
        columns={"side": np.where(x[:, 0] + x[:, 1] > LIMIT, 1.0, -1.0)},
        rules={
            "x0 + x2": lambda batch: batch.columns["x0"] + batch.columns["x2"],
            "x1 - x2": lambda batch: batch.columns["x1"] - batch.columns["x2"],
        },
        name="cancelling",
        hypotheses={"tempting": hypothesis("x0", "x1"), "true": hypothesis("x0 + x2", "x1 - x2")},
    )
