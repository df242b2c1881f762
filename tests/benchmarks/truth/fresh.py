"""Models written down after the guards were finished: no guard was changed for any of these."""

from __future__ import annotations

import numpy as np

import scrub_widgets as sw

from .case import Case, Truth, grid, is_high, tree

HIGH = 4
ANSWER = "One donor with the same answer for all that the output reads: any model that is right passes."


def majority() -> Truth:
    """At least two of three bits."""
    data = grid(10, 10, 10)
    bits = np.stack([data[f"x{i}"] > HIGH for i in range(3)])
    model = sw.FunctionGraph({
        "A": lambda x0: x0 > HIGH,
        "B": lambda x1: x1 > HIGH,
        "C": lambda x2: x2 > HIGH,
        "out": lambda A, B, C: A + B + C > 1,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": (bits.sum(0) > 1).astype(np.int64)},
        rules={
            **{f"x{i} high": is_high(i) for i in range(3)},
            "majority": lambda batch: sum((batch.columns[f"x{i}"] > HIGH) * 1 for i in range(3)) > 1,
            "how many": lambda batch: sum((batch.columns[f"x{i}"] > HIGH) * 1 for i in range(3)),
        },
        name="majority",
    )
    each = ["out>A: x0 high", "out>B: x1 high", "out>C: x2 high"]
    cases = (
        Case("each part knows its bit", tree("out", *each)),
        Case("the same, and out only passes on how many", tree("out: how many", *each)),
        Case("each part reads its input", tree("out", "out>A: x0", "out>B: x1", "out>C", "out>C>x2: x2 high")),
        Case("together they know how many", tree("out", "out>A+B+C: how many"), empty=ANSWER),
        Case("two of the three are enough", tree("out", *each[:2]), "The third decides where the two differ."),
        Case("each part knows the majority", tree("out", "out>A: majority", "out>B: majority", "out>C: majority"), "Each knows one bit."),
        Case("each part knows how many", tree("out", "out>A: how many", "out>B: how many", "out>C: how many"), "Each knows one bit."),
        Case("A knows x1, B knows x0", tree("out", "out>A: x1 high", "out>B: x0 high", "out>C: x2 high"), "The other way round."),
    )  # fmt: skip
    return Truth("majority", "out = at least two of A, B, C; each is one bit", task, cases)


def comparison() -> Truth:
    """Which of two numbers is larger, by their difference."""
    data = grid(10, 10, 10)
    model = sw.FunctionGraph({
        "D": lambda x0, x1, x2: x0 - x1 + 0 * x2,
        "N": lambda x2: 0.01 * x2,
        "out": lambda D, N: (D > 0) + N,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": (data["x0"] > data["x1"]).astype(np.int64)},
        rules={
            "x0 - x1": lambda batch: batch.columns["x0"] - batch.columns["x1"],
            "about x0 - x1": lambda batch: (batch.columns["x0"] - batch.columns["x1"] + 10) // 4,
            "how far apart": lambda batch: np.abs(batch.columns["x0"] - batch.columns["x1"]),
            "x0 larger": lambda batch: batch.columns["x0"] > batch.columns["x1"],
        },
        name="comparison",
    )
    cases = (
        Case("D knows the difference", tree("out", "out>D: x0 - x1"), empty=ANSWER),
        Case("D reads x0 and x1, not x2", tree("out", "out>D", "out>D>x0", "out>D>x1")),
        Case("D knows the difference and reads x0 and x1", tree("out", "out>D: x0 - x1", "out>D>x0", "out>D>x1")),
        Case("the answer, and D reads x0 and x1", tree("out: x0 larger", "out>D: x0 - x1", "out>D>x0", "out>D>x1")),
        Case("D knows about how much", tree("out", "out>D: about x0 - x1"), "D knows the difference exactly, and 0 and 1 matter."),
        Case("D knows x0", tree("out", "out>D: x0"), "D reads x1 as well."),
        Case("D knows how far they are apart", tree("out", "out>D: how far apart"), "D knows which is larger."),
        Case("D reads x0", tree("out", "out>D", "out>D>x0"), "D reads x1 as well."),
        Case("N knows the difference as well", tree("out", "out>D", "out>D>x0", "out>D>x1", "out>N: x0 - x1"), "N knows x2 only."),
    )  # fmt: skip
    return Truth("comparison", "out = x0 > x1, by D = x0 - x1, plus a little noise", task, cases)


def remainder() -> Truth:
    """A sum modulo 4."""
    data = grid(12, 12, 6)
    model = sw.FunctionGraph({
        "S": lambda x0, x1, x2: x0 + x1 + 0 * x2,
        "out": lambda S: S % 4,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": (data["x0"] + data["x1"]) % 4},
        rules={
            "x0 mod 4": lambda batch: batch.columns["x0"] % 4,
            "x1 mod 4": lambda batch: batch.columns["x1"] % 4,
            "x0 odd": lambda batch: batch.columns["x0"] % 2,
            "x1 odd": lambda batch: batch.columns["x1"] % 2,
            "x0 + x1": lambda batch: batch.columns["x0"] + batch.columns["x1"],
            "sum odd": lambda batch: (batch.columns["x0"] + batch.columns["x1"]) % 2,
        },
        name="remainder",
    )
    cases = (
        Case("of each input its remainder matters", tree("out", "out>S", "out>S>x0: x0 mod 4", "out>S>x1: x1 mod 4")),
        Case("S reads x0 and x1", tree("out", "out>S", "out>S>x0", "out>S>x1")),
        Case("S knows the sum", tree("out", "out>S: x0 + x1"), empty=ANSWER),
        Case("of each input it matters whether it is odd", tree("out", "out>S", "out>S>x0: x0 odd", "out>S>x1: x1 odd"), "Its remainder by 4 matters."),
        Case("S knows whether the sum is odd", tree("out", "out>S: sum odd"), "Its remainder by 4 matters."),
        Case("S reads x0", tree("out", "out>S", "out>S>x0"), "S reads x1 as well."),
    )  # fmt: skip
    return Truth("remainder", "out = (x0 + x1) mod 4", task, cases)


def gated() -> Truth:
    """A gate chooses between two parts; a copy of one of them stands by."""
    data = grid(10, 10, 10)
    gate = data["x2"] > 1
    model = sw.FunctionGraph({
        "G": lambda x2: x2 > 1,
        "A": lambda x0: x0,
        "copy": lambda x0: x0,
        "B": lambda x1: x1,
        "out": lambda G, A, copy, B: G * (A + copy) / 2 + (1 - G) * B,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": np.where(gate, data["x0"], data["x1"])},
        rules={
            "gate": lambda batch: batch.columns["x2"] > 1,
            "x0 // 2": lambda batch: batch.columns["x0"] // 2,
            "x1 // 2": lambda batch: batch.columns["x1"] // 2,
        },
        name="gate",
    )
    cases = (
        Case("each knows its input", tree("out", "out>G: gate", "out>A: x0", "out>copy: x0", "out>B: x1")),
        Case("A and the copy have one draw", tree("out", "out>G: gate", "out>A+copy: x0", "out>B: x1")),
        Case("down to the inputs", tree("out", "out>G", "out>G>x2: gate", "out>A", "out>A>x0", "out>copy: x0", "out>B: x1")),
        Case("B does not matter", tree("out", "out>G: gate", "out>A: x0", "out>copy: x0"), "In one input of five the gate takes B."),
        Case("the gate does not matter", tree("out", "out>A: x0", "out>copy: x0", "out>B: x1"), "The gate says whose turn it is."),
        Case("A is enough", tree("out", "out>G: gate", "out>A: x0", "out>B: x1"), "The copy is half of it."),
        Case("A and B know their inputs by halves", tree("out", "out>G: gate", "out>A: x0 // 2", "out>copy: x0 // 2", "out>B: x1 // 2"), "They know them exactly."),
    )  # fmt: skip
    return Truth("gate", "out = x0 (by two copies) where x2 > 1, else x1", task, cases)
