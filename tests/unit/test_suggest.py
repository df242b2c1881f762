"""Rules suggested for a claim: against what is known of the toy and of induction, and the manners of the search."""

from __future__ import annotations

import json
import math
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, RuleError, ScrubError
from scrub_widgets.classes import Batch, RuleFunction, classify
from scrub_widgets.engine.settings import settings
from scrub_widgets.explore import Suggestions, suggest_steps
from scrub_widgets.explore.candidates import Partition, find
from scrub_widgets.rules import both
from tests.unit.exact import Exact
from tests.unit.tiny import shared_task

TOP, A, B = "logits>D", "logits>D>A", "logits>D>B"


@cache
def toy() -> sw.Task:
    return sw.load_task("toy_sum")


@cache
def induction() -> tuple[sw.Task, Hypothesis, str, str]:
    """One induction head whose q and v are whole, and the previous-token head under its k."""
    task = sw.load_task("induction")
    h, head = Hypothesis().claim("a1.h1")
    h, _ = h.claim("*", f"{head}.q")
    h, _ = h.claim("*", f"{head}.v")
    h, previous = h.claim("a0.h0", f"{head}.k")
    return task, h, head, previous


@cache
def for_previous() -> Suggestions:
    task, h, _, previous = induction()
    return sw.suggest_rules(task, h, previous, samples=512, progress=False)


# -- what is known ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("claim", "rule"), [(TOP, "x0 > 3 or x1 > 3"), (A, "x0 > 3"), (B, "x1 > 3")])
def test_the_toy_gets_the_rules_that_it_was_made_with(claim: str, rule: str) -> None:
    h = toy().hypotheses["intended"].with_rule(claim, "same input")
    singles = ["any input", "y", "x0 > 3", "x1 > 3", "x0 > 3 or x1 > 3", "x0", "x1", "x2"]
    found = sw.suggest_rules(
        toy(), h, claim, samples=60_000, rules=singles, combine=False, threshold=0.05, progress=False
    )
    assert found.coarsest is not None
    assert rule in (found.coarsest.rule, *found.coarsest.candidate.twins)
    assert found.verdict(found["any input"]) == found.verdict(found["x2"]) == "costs"
    assert f"'{found.coarsest.rule}'" in found.sentence


def given_labels(labels: Any) -> RuleFunction:
    return lambda batch: labels[batch.index]


def test_costs_hold_the_population_values() -> None:
    """The same functions of fewer digits, so that all draws can be enumerated."""
    x = np.stack(np.meshgrid(*[np.array([1, 3, 4, 6])] * 3, indexing="ij"), -1).reshape(-1, 3)
    y = ((x[:, 0] > 3) | (x[:, 1] > 3)).astype(np.int64)
    rules = {"x0 > 3": x[:, 0] > 3, "x1 > 3": x[:, 1] > 3, "x0 > 3 or x1 > 3": y}
    task = sw.Task(
        toy().model, {f"x{i}": x[:, i] for i in range(3)}, loss=sw.losses.squared_error("y"), columns={"y": y},
        rules={name: given_labels(of) for name, of in rules.items()},
    )  # fmt: skip
    h = toy().hypotheses["intended"]
    labels = {rule: task.classes(rule).codes for rule in (*rules, "y", "x0", "same input", "any input")}
    inputs = {f"x{i}": x[:, i].astype(np.float64) for i in range(3)}

    def mean(hypothesis: Hypothesis) -> float:
        return Exact(task.model, inputs, labels, hypothesis).mean(lambda out, i: (out[:, 0] - y[i]) ** 2)

    tried = ["y", "x0", "x0 > 3", "x1 > 3", "any input"]
    found = sw.suggest_rules(task, h, A, samples=20_000, rules=tried, combine=False, progress=False)
    clean = task.prepare().losses
    own, same = float(np.mean(np.asarray(clean))), mean(h.with_rule(A, "same input"))
    random = mean(Hypothesis())
    assert len(found) == 6
    for row in found.rows[1:]:
        exact = (mean(row.hypothesis) - same) / (random - own)
        assert row.cost.low - 1e-6 <= exact <= row.cost.high + 1e-6, row.rule


def test_the_head_under_k_gets_the_previous_token() -> None:
    found = for_previous()
    assert found.coarsest is not None
    assert found.coarsest.rule == "previous token"
    assert found.pareto[-1] is found.coarsest
    assert found.verdict(found["token"]) == found.verdict(found["next token"]) == "costs"
    assert found.coarsest.bits == pytest.approx(induction()[0].classes("previous token").bits)
    assert found["same input"].bits == pytest.approx(math.log2(2048))
    assert found.q["token"] < 0.001


def test_where_one_position_is_read_rules_are_twins_that_agree_there() -> None:
    task, h, head, _ = induction()
    found = sw.suggest_rules(task, h, head, samples=512, progress=False)
    assert {"token at -2"} == set(found["token"].candidate.twins)
    best = found.coarsest
    assert best is not None
    assert best.rule == "next token"  # the answer, in this data
    assert "what followed the earlier occurrence" in best.candidate.twins
    assert found["what followed the earlier occurrence"] is best


# -- the numbers are those of a comparison ----------------------------------------------------------------------------


def test_each_row_is_a_comparison() -> None:
    found = for_previous()
    task, h, _, previous = induction()
    for rule in ("previous token", "token"):
        row = found[rule]
        other = task.compare(h.with_rule(previous, rule), h.with_rule(previous, "same input"), samples=512)
        np.testing.assert_allclose(row.losses, other.first.losses.scrubbed, atol=1e-5)
        assert row.cost.value == pytest.approx(other.difference.value, abs=1e-5)
        assert (row.cost.low, row.cost.high) == pytest.approx((other.difference.low, other.difference.high), abs=1e-5)
        assert row.effect.value == pytest.approx(-row.cost.value, abs=1e-5)  # the present rule is 'same input'
        assert row.hypothesis == h.with_rule(previous, rule)


def test_pairs_are_rules_of_the_suggestions_task() -> None:
    found = sw.suggest_rules(toy(), toy().hypotheses["intended"], A, samples=512, progress=False)
    row = next(row for row in found.rows if row.candidate.parts)
    made = row.made
    assert made is not None
    assert made.name == row.rule == " + ".join(row.candidate.parts)
    again = found.task.scrub(row.hypothesis, samples=512, progress=False)
    np.testing.assert_allclose(again.losses.scrubbed, row.losses, atol=1e-6)
    with pytest.raises(RuleError):
        toy().check(row.hypothesis)
    session = sw.Session(toy())
    session.make_rule(made.name, made.spec)
    session.task.check(row.hypothesis)
    bits = [row.bits for row in found.ranked]
    assert bits == sorted(bits)


def test_it_is_deterministic_and_can_be_watched() -> None:
    task, h, _, previous = induction()
    again = sw.suggest_rules(task, h, previous, samples=512, progress=False)
    assert again.to_json() == for_previous().to_json()
    chosen = settings(samples=512)
    steps = list(suggest_steps(task, h, previous, chosen=chosen))
    assert [len(s) for s in steps] == list(range(len(steps)))
    assert steps[0].coarsest is None
    assert steps[0].sentence == "nothing can be said yet."
    assert steps[1].rows[0].rule == "same input"
    assert not steps[1].complete
    assert "still to be tried" in str(steps[1])
    assert steps[-1].complete
    assert steps[-1].to_json() == again.to_json()
    rest = suggest_steps(task, h, previous, chosen=chosen)
    next(rest)
    rest.close()  # type: ignore[attr-defined]


# -- what cannot be told ----------------------------------------------------------------------------------------------


def test_twins_are_measured_once_and_marked() -> None:
    found = for_previous()
    assert found["length"].rule == "any input"  # all inputs are of one length
    assert found["any input"].candidate.says == "any input"
    assert found["any input at each position"].candidate.says == "any input"
    assert found["length"] is found["any input"]
    assert sum(row.candidate.says == "same input" for row in found.rows) == 1


def test_a_rule_under_which_nearly_every_input_is_alone_is_not_suggested() -> None:
    task = shared_task()
    alone = task.with_rules(alone=lambda batch: np.minimum(batch.index, len(batch) - 3))
    h, claim = Hypothesis().claim("a1.h0")
    found = sw.suggest_rules(alone, h, claim, samples=256, rules=["alone", "any input"], progress=False)
    assert found.verdict(found["alone"]) == "untestable"
    assert found["alone"] not in found.pareto
    assert found.coarsest is not found["alone"]
    assert "untestable" in str(found)


def test_where_nothing_coarser_will_do_it_says_so() -> None:
    task, h, _, previous = induction()
    found = sw.suggest_rules(task, h, previous, samples=256, rules=["token"], progress=False)
    assert found.coarsest is found["same input"]
    assert "no coarser rule costs surely less than 2 points" in found.sentence


def test_what_is_undecided_wants_more_samples() -> None:
    found = sw.suggest_rules(toy(), toy().hypotheses["intended"], A, samples=128, combine=False, progress=False)
    assert "undecided" in {found.verdict(row) for row in found.rows} or "not resolved" in str(found)


def test_claims_with_one_draw_get_one_rule() -> None:
    task, h, _, _ = induction()
    h, head = Hypothesis().claim("a1.h1")
    h, q = h.claim("a0.h0", f"{head}.q", share="S")
    h, k = h.claim("a0.h0", f"{head}.k", share="S")
    found = sw.suggest_rules(task, h, k, samples=64, rules=["token", "previous token"], combine=False, progress=False)
    assert found.claims == tuple(c.id for c in h if c.share)
    assert set(found.claims) == {q, k}
    for row in found.rows:
        assert {c.rule for c in row.hypothesis if c.share} == {row.rule}


def test_a_whole_port_can_be_asked_about() -> None:
    task, h, head, _ = induction()
    found = sw.suggest_rules(task, h, f"{head}.v>*", samples=128, rules=["token", "any input"], progress=False)
    assert found.complete
    assert found.coarsest is not None
    assert found.coarsest.rule == "token"  # v reads the token that it copies


def test_confirmed_on_held_out_data() -> None:
    compared = for_previous().confirm(samples=256)
    assert compared.second.hypothesis == for_previous()["previous token"].hypothesis
    assert abs(compared.difference.value) < 0.02
    assert compared.second.provenance["data"] != induction()[0].fingerprint
    found = sw.suggest_rules(toy(), toy().hypotheses["intended"], A, samples=64, rules=["y"], progress=False)
    with pytest.raises(ScrubError, match="no held-out data"):
        found.confirm()


def test_how_it_is_shown() -> None:
    found = for_previous()
    words = str(found)
    assert "→  5.7" in words
    assert "confirm the one you take on held-out data" in words
    assert "pairs of rules were left out" in words
    body = json.loads(found.to_json())
    assert body["coarsest"] == "previous token"
    assert body["rows"][0]["bits"] == 0
    figure = found.plot()
    assert {t.get_text() for t in figure.axes[0].texts} == {row.rule for row in found.pareto}


# -- refused ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claim", "options", "words"),
    [
        ("logits>D>C", {}, "no claim 'logits>D>C' in this hypothesis; it has .*'logits>D>A'"),
        ("logits", {}, "'logits' is the output: it has no rule"),
        (3, {}, "claim= takes the id of a claim"),
        (A, {"rules": "y"}, "rules= takes a list of names of rules, not 'y'"),
        (A, {"rules": []}, "rules= takes at least one rule"),
        (A, {"rules": ["z"]}, "no rule 'z'; the task has 'same input'"),
        (A, {"threshold": 2}, "threshold= takes a share between 0 and 1, not 2"),
        (A, {"q": True}, "q= takes a share between 0 and 1, not True"),
        (A, {"samples": 1}, "samples= takes a whole number"),
        (A, {"unclaimed": "none"}, "unclaimed= is one of"),
    ],
)
def test_bad_questions(claim: Any, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ScrubError, match=words):
        sw.suggest_rules(toy(), toy().hypotheses["intended"], claim, progress=False, **options)


def test_a_hypothesis_of_another_model_is_refused() -> None:
    with pytest.raises(HypothesisError, match=r"no component 'a1\.h1'"):
        sw.suggest_rules(toy(), induction()[1], "logits>a1.h1")


# -- partitions -------------------------------------------------------------------------------------------------------


@st.composite
def labels(draw: st.DrawFn) -> np.ndarray:
    shape = draw(st.sampled_from([(7,), (7, 3)]))
    return np.asarray(
        draw(st.lists(st.integers(0, 3), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
    ).reshape(shape)


@given_settings(max_examples=200, database=None, deadline=None)
@given(a=labels(), b=labels())
def test_partitions_are_those_of_the_classes(a: np.ndarray, b: np.ndarray) -> None:
    batch = Batch(tokens=np.zeros((7, 3), dtype=np.int64), index=np.arange(7))
    of_a, of_b = (classify("rule", lambda _, x=x: x, batch) for x in (a, b))  # type: ignore[misc]
    ours = Partition.of(of_a.codes, range(3)), Partition.of(of_b.codes, range(3))
    if of_a.codes.shape == of_b.codes.shape:
        assert (ours[0].key == ours[1].key) == of_a.same_partition(of_b)
    together = classify("both", both(lambda _: a, lambda _: b), batch)
    pair = ours[0].and_(ours[1])
    assert pair.key == Partition.of(together.codes, range(3)).key
    assert pair.bits == pytest.approx(together.bits)
    assert pair.self_share == pytest.approx(together.self_share)


def test_only_the_positions_that_are_read_count() -> None:
    codes = np.array([[0, 1], [0, 2], [0, 1]])
    assert Partition.of(codes, [0]).trivial == "any input"
    assert Partition.of(codes, [1]).key == Partition.of(np.array([5, 9, 5]), [0, 1]).key
    assert Partition.of(codes, [0, 1]).key != Partition.of(codes, [1, 0]).key


def test_what_is_left_out_is_counted() -> None:
    task, _, _, _ = induction()
    found = find(task, None, "same input", range(task.positions), True)
    assert found.candidates[0].rule == "same input"
    assert found.pairs_left_out > 0
    assert not any(c.untestable for c in found.candidates if c.parts)
    assert not find(task, None, "same input", range(task.positions), False).pairs_left_out
