"""Sums: a pair whose parts cancel, six parts that say the same, and the toy of the causal scrubbing post."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

import scrub_widgets as sw

from .case import Case, Truth, grid, tree

if TYPE_CHECKING:
    from torch import Tensor

    from scrub_widgets.classes import Batch


def cancelling_pair() -> Truth:
    """``A = x0 + x2`` and ``B = x1 - x2``: what x2 adds to one it takes from the other. The loss is linear in the output."""
    data = grid(10, 10, 10)
    model = sw.FunctionGraph({
        "A": lambda x0, x2: x0 + x2,
        "B": lambda x1, x2: x1 - x2,
        "out": lambda A, B: A + B - 9,
    })  # fmt: skip

    def margin(logits: Tensor, batch: Batch) -> Tensor:
        return -logits[:, 0, 0] * torch.as_tensor(batch.columns["sign"])

    task = sw.Task(
        model,
        data,
        loss=margin,
        columns={"sign": np.where(data["x0"] + data["x1"] > 9, 1, -1)},
        rules={
            "x0 + x1": lambda batch: batch.columns["x0"] + batch.columns["x1"],
            "x0 and x1": lambda batch: 10 * batch.columns["x0"] + batch.columns["x1"],
            "x0 + x2": lambda batch: batch.columns["x0"] + batch.columns["x2"],
            "x1 - x2": lambda batch: batch.columns["x1"] - batch.columns["x2"],
        },
        name="cancelling pair",
    )
    ignored = "Both parts read x2; it drops out of the sum only if both read the same x2."
    cases = (
        Case("A knows x0 + x2, B knows x1 - x2", tree("out", "out>A: x0 + x2", "out>B: x1 - x2")),
        Case("the same, and out only passes on x0 + x1", tree("out: x0 + x1", "out>A: x0 + x2", "out>B: x1 - x2")),
        Case("A down to the inputs", tree("out", "out>A: x0 + x2", "out>A>x0", "out>A>x2", "out>B: x1 - x2")),
        Case("A and B together know x0 and x1", tree("out", "out>A+B: x0 and x1")),
        Case("A and B together know x0 + x1", tree("out", "out>A+B: x0 + x1")),
        Case("x2 does not matter", tree("out", "out>A", "out>A>x0", "out>B", "out>B>x1"), ignored),
        Case("A knows x0, B knows x1", tree("out", "out>A: x0", "out>B: x1"), ignored),
        Case("A knows x0, B is right", tree("out", "out>A: x0", "out>B: x1 - x2"), ignored),
        Case("only A matters", tree("out", "out>A"), "B brings the other half of the sum."),
    )
    return Truth("cancelling pair", "out = A + B; A = x0 + x2, B = x1 - x2", task, cases)


def average() -> Truth:
    """Six parts that all say x0; the output is their mean."""
    data = grid(10, 10, 10)
    parts = [f"p{i}" for i in range(6)]
    model = sw.FunctionGraph({
        **{name: lambda x0, x1, x2: x0 + 0 * (x1 + x2) for name in parts},
        "out": lambda p0, p1, p2, p3, p4, p5: (p0 + p1 + p2 + p3 + p4 + p5) / 6,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("x0"),
        rules={
            "quarter of x0": lambda batch: batch.columns["x0"] // 4,
            "x0 high": lambda batch: batch.columns["x0"] > 4,
        },
        name="mean of six",
    )

    def each(rule: str) -> list[str]:
        return [f"out>{part}: {rule}" for part in parts]

    together = f"out>{'+'.join(parts)}"
    coarse = "Every part knows x0 itself; donors that are off in different directions average out."
    cases = (
        Case("all six together matter, through x0", tree("out", *each("same input"), *[f"out>{part}>x0" for part in parts])),
        Case("five read x0 and the sixth knows the same", tree("out", *each("same input"), *[f"out>{part}>x0" for part in parts[:-1]])),
        Case("each part only knows the band of four that x0 is in", tree("out", *each("quarter of x0")), coarse),
        Case("each part only knows whether x0 is high", tree("out", *each("x0 high")), coarse),
        Case("together they know the band of four", tree("out", f"{together}: quarter of x0"), "Every part knows x0 itself."),
        Case("one part is enough", tree("out", "out>p0"), "Each part is a sixth of the output."),
    )  # fmt: skip
    return Truth("mean of six", "out = mean of p0 to p5; each of them is x0", task, cases)


def toy() -> Truth:
    """The toy that ships: two soft thresholds and a plain sum, scored against a label that they do not quite compute."""
    task = sw.load_task("toy_sum").with_rules(
        {"x0 + x1 + x2": lambda batch: sum(batch.columns[f"x{i}"] for i in range(3))}
    )
    label = "x0 > 3 or x1 > 3"
    cases = (
        Case("C knows the sum, A and B matter", tree("D", "D>A", "D>B", "D>C: x0 + x1 + x2")),
        Case("the same, A and B together", tree("D", "D>A+B", "D>C: x0 + x1 + x2")),
        Case("the same, A from all its inputs", tree("D", "D>A", "D>A>x0", "D>A>x1", "D>A>x2", "D>B", "D>C: x0 + x1 + x2")),
        Case("the intended one of the post", task.hypotheses["intended"], "C matters too: the sum in it is part of the output."),
        Case("A and B swapped", task.hypotheses["swapped"], "A reads mostly x0 and B mostly x1, not the other way round."),
        Case("swapped, and C by the sum", tree("D", "D>A: x1 > 3", "D>B: x0 > 3", "D>C: x0 + x1 + x2"), "A reads mostly x0 and B mostly x1."),
        Case("D knows the label", tree(f"D: {label}"), "D adds up two soft thresholds and a plain sum; it never computes this 'or'."),
        Case("A, B and C each know the label", tree("D", f"D>A: {label}", f"D>B: {label}", f"D>C: {label}"), "None of them sees both thresholds."),
    )  # fmt: skip
    return Truth(
        "swapped intermediates", "D = A + B + C / 10; A: soft x0 > 3, B: soft x1 > 3, C: x0 + x1 + x2", task, cases
    )
