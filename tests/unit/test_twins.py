"""Rules that nobody claimed: twins by accident, twins by definition, and neighbours that explain more."""

from __future__ import annotations

from functools import cache

import numpy as np

import scrub_widgets as sw
from scrub_widgets.measure.guards import twins
from scrub_widgets.measure.guards.doubt import Doubt
from scrub_widgets.measure.guards.finer import finer_rule

RANDOM = np.random.default_rng(0)
N = 800


@cache
def task() -> sw.Task:
    """``(x0 > 4) and (x2 > 4)``, where x1 > 4 exactly where x0 > 4, and x3 > 4 in 97 % of the inputs where x0 > 4."""
    x0, x2 = RANDOM.integers(10, size=(2, N))
    high = x0 > 4
    near = high ^ (RANDOM.random(N) < 0.03)
    data = {
        "x0": x0,
        "x1": 5 * high + RANDOM.integers(5, size=N),
        "x2": x2,
        "x3": 5 * near + RANDOM.integers(5, size=N),
    }
    model = sw.FunctionGraph({
        "A": lambda x0, x1, x3: (x0 > 4) + 0 * (x1 + x3),
        "B": lambda x2: x2 > 4,
        "out": lambda A, B: A * B,  # noqa: N803 - names of the parts
    })  # fmt: skip
    return sw.Task(
        model,
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": high & (x2 > 4), "tag": x2 > 4},
        rules={
            "x0 high": lambda batch: batch.columns["x0"] > 4,
            "x1 high": lambda batch: batch.columns["x1"] > 4,
            "x2 high": lambda batch: batch.columns["x2"] > 4,
            "x2 low": lambda batch: batch.columns["x2"] < 5,
            "x3 high": lambda batch: batch.columns["x3"] > 4,
            "raises": lambda batch: 1 / 0,
        },
    )


def scrub(a: str, b: str = "same input", cause: str = "") -> sw.Result:
    h, out = sw.Hypothesis().claim("out")
    h, claim = h.claim("A", under=out, rule="same input" if cause else a)
    if cause:
        h, _ = h.claim(cause, under=claim, rule=a)
    h, _ = h.claim("B", under=out, rule=b)
    return task().scrub(h)


def severities(found: list[Doubt]) -> list[str]:
    return [doubt.severity for doubt in found]


def test_twins_by_accident_are_a_warning_for_what_is_computed_and_a_note_for_an_input() -> None:
    for rule, other in (("x0 high", "x1 high"), ("x1 high", "x0 high")):
        found = twins.extensional_twins(scrub(rule))
        assert severities(found) == ["warning"]
        assert f"'{rule}' allows exactly the same swaps as '{other}'" in found[0].evidence
    assert severities(twins.extensional_twins(scrub("x0 high", cause="x0"))) == ["note"]


def test_twins_by_definition_are_a_note() -> None:
    found = twins.extensional_twins(scrub("x0", "x2 high"))
    assert severities(found) == ["note"]
    assert "'x2 low'" in found[0].evidence
    assert "'tag'" in found[0].evidence  # what a column would be in other inputs is not known


def test_no_twins() -> None:
    assert twins.extensional_twins(scrub("x0")) == []
    assert twins.extensional_twins(scrub("x3 high")) == []


def test_a_neighbour_that_recovers_more() -> None:
    found = twins.better_twin(scrub("x3 high"))
    assert severities(found) == ["warning", "warning"]  # x0 and its exact twin x1
    assert (
        "the rule 'x0 high' splits the data nearly as 'x3 high' does, and with it in its place 100 %"
        in found[0].evidence
    )
    assert found[0].where == "logits>out>A"


def test_no_neighbour_recovers_more() -> None:
    assert twins.better_twin(scrub("x0 high")) == []  # x3 is near, and worse
    assert twins.better_twin(scrub("x2 high")) == []  # wrong, and nothing is near


def thirds() -> sw.Task:
    """``x0 + x1`` of two digits; "by pairs" mixes up 6 and 7, which costs about two points."""
    data = {name: RANDOM.integers(10, size=N) for name in ("x0", "x1")}
    return sw.Task(
        sw.FunctionGraph({"A": lambda x0: 1.0 * x0, "B": lambda x1: 1.0 * x1, "out": lambda A, B: A + B}),  # noqa: N803
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": data["x0"] + data["x1"]},
        rules={
            "x0 by pairs": lambda batch: batch.columns["x0"] // 2,
            "x0 by pairs and x1": lambda batch: batch.columns["x0"] // 2 + 100 * batch.columns["x1"],
            "nearly alone": lambda batch: batch.index // 2,
        },
    )


def test_a_finer_rule_that_recovers_more() -> None:
    t = thirds()
    h, out = sw.Hypothesis().claim("out")
    coarse, _ = h.claim("A", under=out, rule="x0 by pairs")[0].claim("B", under=out, rule="x1")
    (doubt,) = finer_rule(t.scrub(coarse, samples=1024))
    assert doubt.severity == "warning"
    assert doubt.evidence.startswith("with 'x0', which keeps more than 'x0 by pairs' does, 100 % are recovered")
    assert doubt.where == "logits>out>A"
    right = coarse.with_rule(f"{out}>A", "x0")
    assert finer_rule(t.scrub(right, samples=1024)) == []
    low = coarse.with_rule(f"{out}>B", "any input")  # far from 90 %: the number says it
    assert finer_rule(t.scrub(low, samples=1024)) == []
