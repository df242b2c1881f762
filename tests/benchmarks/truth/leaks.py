"""Answers that leak: a model that reads a tag instead of working, and features that always come together."""

from __future__ import annotations

import numpy as np

import scrub_widgets as sw

from .case import Case, Truth, grid, is_high, tree

HIGH = 4


def shortcut() -> Truth:
    """A model that is meant to work out "x0 and x1 are high", and reads a tag that gives the answer away (97 % right)."""
    data = grid(10, 10, 10)
    y = (data["x0"] > HIGH) & (data["x1"] > HIGH)
    slip = np.random.default_rng(0).random(len(y)) < 0.03
    model = sw.FunctionGraph({
        "T": lambda x0, x1, tag: tag + 0 * (x0 + x1),
        "S": lambda x0, x1: (x0 > HIGH) & (x1 > HIGH),
        "out": lambda T, S: T + 0 * S,
    })  # fmt: skip
    task = sw.Task(
        model,
        {**data, "tag": (y ^ slip).astype(np.int64)},
        loss=sw.losses.squared_error("y"),
        columns={"y": y.astype(np.int64)},
        rules={
            "both high": lambda batch: (batch.columns["x0"] > HIGH) & (batch.columns["x1"] > HIGH),
            "x0 high": lambda batch: batch.columns["x0"] > HIGH,
            "x1 high": lambda batch: batch.columns["x1"] > HIGH,
        },
        name="label leak",
    )
    reads = "The model reads the tag, and never looks at x0 and x1."
    cases = (
        Case("T knows the tag", tree("out", "out>T: tag")),
        Case("T reads the tag", tree("out", "out>T", "out>T>tag")),
        Case("T reads the tag, and that is all that it keeps", tree("out", "out>T: tag", "out>T>tag")),
        Case("the output knows the tag", tree("out: tag")),
        Case("T works out 'both high'", tree("out", "out>T: both high"), reads),
        Case("the output is 'both high'", tree("out: both high"), reads),
        Case("T works it out of x0 and x1", tree("out", "out>T: both high", "out>T>x0: x0 high", "out>T>x1: x1 high"), reads),
        Case("S works it out", tree("out", "out>S: both high", "out>S>x0: x0 high", "out>S>x1: x1 high"), "S does work it out, and nobody reads it."),
    )  # fmt: skip
    return Truth("label leak", "out = a tag that gives the answer away in 97 % of the inputs", task, cases)


def twins() -> Truth:
    """AND of two bits, where one bit is the same in x0 and in x1, and nearly the same in x3."""
    random = np.random.default_rng(1)
    n = 1000
    x0, x2 = random.integers(10, size=(2, n))
    high = x0 > HIGH
    near = high ^ (random.random(n) < 0.02)
    data = {
        "x0": x0,
        "x1": 5 * high + random.integers(5, size=n),
        "x2": x2,
        "x3": 5 * near + random.integers(5, size=n),
    }
    model = sw.FunctionGraph({
        "A": lambda x0, x1, x3: (x0 > HIGH) + 0 * (x1 + x3),
        "B": lambda x2: x2 > HIGH,
        "out": lambda A, B: A * B,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": (high & (x2 > HIGH)).astype(np.int64)},
        rules={f"x{i} high": is_high(i) for i in range(4)},
        name="twins",
    )
    cases = (
        Case("A reads x0, B knows whether x2 is high", tree("out", "out>A", "out>A>x0", "out>B: x2 high")),
        Case("A reads whether x0 is high", tree("out", "out>A", "out>A>x0: x0 high", "out>B", "out>B>x2: x2 high")),
        Case("A knows x0", tree("out", "out>A: x0", "out>B: x2 high")),
        Case("A knows whether x0 is high", tree("out", "out>A: x0 high", "out>B: x2 high"), empty="In this data x1 is high exactly where x0 is: 'x1 high' allows the same swaps."),
        Case("A knows whether x1 is high", tree("out", "out>A: x1 high", "out>B: x2 high"), "A reads x0; in this data x1 is high exactly where x0 is."),
        Case("A knows whether x3 is high", tree("out", "out>A: x3 high", "out>B: x2 high"), "A reads x0; in this data x3 is high nearly always where x0 is (98 %)."),
        Case("A reads x1", tree("out", "out>A", "out>A>x1", "out>B: x2 high"), "A reads x0 and never x1."),
        Case("A reads x3", tree("out", "out>A", "out>A>x3", "out>B: x2 high"), "A reads x0 and never x3."),
    )  # fmt: skip
    return Truth("twins", "out = (x0 > 4) and (x2 > 4); x1 > 4 always where x0 > 4, x3 > 4 in 98 %", task, cases)
