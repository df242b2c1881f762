"""Logic gates: AND, OR with a backup, XOR, and a switch that hardly ever switches."""

from __future__ import annotations

import numpy as np

import scrub_widgets as sw

from .case import Case, Truth, grid, tree

HIGH = 4
"""An input of 0 to 9 is "high" above it."""
BOTH = "One donor with the same answer for all that the output reads: any model that is right passes, whichever part knows what."


def conjunction() -> Truth:
    """AND, with a part N that only adds a little noise."""
    data = grid(10, 10, 10)
    x0, x1 = data["x0"] > HIGH, data["x1"] > HIGH
    model = sw.FunctionGraph({
        "A": lambda x0, x2: (x0 > HIGH) + 0 * x2,
        "B": lambda x1, x2: (x1 > HIGH) + 0 * x2,
        "N": lambda x2: 0.02 * (x2 - 4.5),
        "out": lambda A, B, N: A * B + N,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": (x0 & x1).astype(np.int64)},
        rules={
            "x0 high": lambda batch: batch.columns["x0"] > HIGH,
            "x1 high": lambda batch: batch.columns["x1"] > HIGH,
            "both high": lambda batch: (batch.columns["x0"] > HIGH) & (batch.columns["x1"] > HIGH),
            "which are high": lambda batch: 2 * (batch.columns["x0"] > HIGH) + (batch.columns["x1"] > HIGH),
            "nearly everything": lambda batch: batch.index // 2,
        },
        name="AND",
    )
    cases = (
        Case("A knows whether x0 is high, B whether x1 is", tree("out", "out>A: x0 high", "out>B: x1 high")),
        Case("the same, and out only passes on 'both high'", tree("out: both high", "out>A: x0 high", "out>B: x1 high")),
        Case("down to the inputs", tree("out", "out>A: x0 high", "out>A>x0", "out>B: x1 high", "out>B>x1")),
        Case("down to the inputs, as rules", tree("out", "out>A", "out>A>x0: x0 high", "out>B", "out>B>x1: x1 high")),
        Case("coarse: A and B matter, N does not", tree("out", "out>A+B")),
        Case("coarse: A reads x0, B reads x1", tree("out", "out>A: x0", "out>B: x1")),
        Case("A and B together know which are high", tree("out", "out>A+B: which are high"), empty=BOTH),
        Case("... and N knows whether x0 is high", tree("out", "out>A: x0 high", "out>B: x1 high", "out>N: x0 high"), "N knows x2 only, and hardly matters."),
        Case("only A matters", tree("out", "out>A: x0 high"), "B decides as much as A: both must be high."),
        Case("A knows x1, B knows x0", tree("out", "out>A: x1 high", "out>B: x0 high"), "A reads x0 and never x1, B the other way round."),
        Case("A and B each know the answer", tree("out", "out>A: both high", "out>B: both high"), "Neither knows it: A sees x0 only, B sees x1 only."),
        Case("N carries the answer", tree("out", "out>N: both high"), "N is noise that knows x2 only."),
        Case("out knows x0, x1 and most of x2", tree("out: nearly everything"), "Of x2 it needs nothing: the answer is the AND of two bits."),
    )  # fmt: skip
    return Truth("AND", "out = A and B, plus a little noise; A: x0 > 4, B: x1 > 4", task, cases)


def with_backup() -> Truth:
    """OR of a main part and a backup that works only where the main part fails."""
    data = grid(10, 5, 20)
    y = data["x0"] > HIGH
    model = sw.FunctionGraph({
        "main": lambda x0, x2: (x0 > HIGH) & (x2 < 19),
        "backup": lambda x0, x2: (x0 > HIGH) & (x2 >= 19),
        "N": lambda x1: 0.05 * (x1 - 2),
        "out": lambda main, backup, N: main + backup + N,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": y.astype(np.int64)},
        rules={
            "x0 high": lambda batch: batch.columns["x0"] > HIGH,
            "main works": lambda batch: batch.columns["x2"] < 19,
            "main says yes": lambda batch: (batch.columns["x0"] > HIGH) & (batch.columns["x2"] < 19),
            "backup says yes": lambda batch: (batch.columns["x0"] > HIGH) & (batch.columns["x2"] >= 19),
            "x0 high, main works": lambda batch: 2 * (batch.columns["x0"] > HIGH) + (batch.columns["x2"] < 19),
        },
        name="OR with backup",
    )
    ignored = "Where x2 is 19 the main part is silent, and the backup alone gives the answer."
    cases = (
        Case("coarse: both matter", tree("out", "out>main+backup")),
        Case("both say yes in their own cases", tree("out", "out>main: main says yes", "out>backup: backup says yes")),
        Case("one rule for both", tree("out", "out>main+backup: x0 high, main works"), empty=BOTH),
        Case("down to the inputs, with rules", tree("out", "out>main", "out>main>x0: x0 high", "out>main>x2: main works", "out>backup", "out>backup>x0: x0 high", "out>backup>x2: main works")),
        Case("down to the inputs", tree("out", "out>main: main says yes", "out>backup: backup says yes", "out>main>x0", "out>main>x2", "out>backup>x0", "out>backup>x2")),
        Case("only the main part matters", tree("out", "out>main"), ignored),
        Case("only the main part matters, by x0", tree("out", "out>main: x0 high"), ignored),
        Case("only the backup matters", tree("out", "out>backup"), "The backup works in one case of twenty."),
        Case("both know whether x0 is high", tree("out", "out>main: x0 high", "out>backup: x0 high"), "Each also knows x2: exactly one of them may say yes."),
    )  # fmt: skip
    return Truth("OR with backup", "x0 > 4: said by main, but where x2 is 19 (5 %) by a backup", task, cases)


def exclusive_or() -> Truth:
    """XOR of two bits."""
    data = grid(10, 10, 10)
    x0, x1 = data["x0"] > HIGH, data["x1"] > HIGH
    model = sw.FunctionGraph({
        "A": lambda x0, x2: (x0 > HIGH) + 0 * x2,
        "B": lambda x1, x2: (x1 > HIGH) + 0 * x2,
        "N": lambda x2: 0.02 * (x2 - 4.5),
        "out": lambda A, B, N: A + B - 2 * A * B + N,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": (x0 ^ x1).astype(np.int64)},
        rules={
            "x0 high": lambda batch: batch.columns["x0"] > HIGH,
            "x1 high": lambda batch: batch.columns["x1"] > HIGH,
            "parity": lambda batch: (batch.columns["x0"] > HIGH) ^ (batch.columns["x1"] > HIGH),
            "which are high": lambda batch: 2 * (batch.columns["x0"] > HIGH) + (batch.columns["x1"] > HIGH),
        },
        name="XOR",
    )
    cases = (
        Case("A knows whether x0 is high, B whether x1 is", tree("out", "out>A: x0 high", "out>B: x1 high")),
        Case("the same, and out only passes on the parity", tree("out: parity", "out>A: x0 high", "out>B: x1 high")),
        Case("coarse: A and B matter, N does not", tree("out", "out>A", "out>B")),
        Case("down to the inputs", tree("out", "out>A", "out>A>x0: x0 high", "out>B", "out>B>x1: x1 high")),
        Case("A and B together know which are high", tree("out", "out>A+B: which are high"), empty=BOTH),
        Case("one input is enough", tree("out", "out>A: x0 high"), "Half of a XOR says nothing: both bits are needed."),
        Case("A and B each know the parity", tree("out", "out>A: parity", "out>B: parity"), "Each knows one bit; the parity exists only at the output."),
        Case("A and B know the parity, one draw for both", tree("out", "out>A: parity / S", "out>B: parity / S"), "Each knows one bit; a shared donor brings both bits along, and with them the answer."),
    )  # fmt: skip
    return Truth("XOR", "out = A xor B, plus a little noise; A: x0 > 4, B: x1 > 4", task, cases)


def switch() -> Truth:
    """A majority of the inputs is answered from x0, the others from x1."""
    data = grid(10, 10, 10)
    y = np.where(data["x2"] < 9, data["x0"] > HIGH, data["x1"] > HIGH)
    model = sw.FunctionGraph({
        "usual": lambda x0, x2: (x0 > HIGH) & (x2 < 9),
        "rare": lambda x1, x2: (x1 > HIGH) & (x2 >= 9),
        "out": lambda usual, rare: usual + rare,
    })  # fmt: skip
    task = sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": y.astype(np.int64)},
        rules={
            "x0 high": lambda batch: batch.columns["x0"] > HIGH,
            "x1 high": lambda batch: batch.columns["x1"] > HIGH,
            "rare": lambda batch: batch.columns["x2"] >= 9,
            "usual says yes": lambda batch: (batch.columns["x0"] > HIGH) & (batch.columns["x2"] < 9),
            "rare says yes": lambda batch: (batch.columns["x1"] > HIGH) & (batch.columns["x2"] >= 9),
        },
        name="switch",
    )
    ignored = "One input in ten is answered from x1."
    cases = (
        Case("each part in its own cases", tree("out", "out>usual: usual says yes", "out>rare: rare says yes")),
        Case("down to the inputs", tree("out", "out>usual", "out>rare", "out>usual>x0: x0 high", "out>usual>x2: rare", "out>rare>x1: x1 high", "out>rare>x2: rare")),
        Case("coarse: usual by x0 and x2, rare by rule", tree("out", "out>usual", "out>rare: rare says yes")),
        Case("the usual part is all", tree("out", "out>usual"), ignored),
        Case("the usual part is all, by rule", tree("out", "out>usual: usual says yes"), ignored),
    )  # fmt: skip
    return Truth("switch", "x0 > 4, but where x2 is 9 (10 %) x1 > 4", task, cases)
