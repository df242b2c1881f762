"""A sweep over the senders of a port: each answer is the difference of two hypotheses, whatever way it is computed."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, ScrubError
from scrub_widgets.engine.settings import Settings
from scrub_widgets.explore import sweep_steps
from scrub_widgets.explore.questions import EACH, Question, accepted, question
from tests.unit.exact import Exact
from tests.unit.models import attention_only, native_mlp

SAMPLES = 192


@cache
def task(mlp: bool = False) -> sw.Task:
    m = native_mlp() if mlp else attention_only()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), name="tiny")


def asked(
    h: Hypothesis, under: str = "logits", ask: str = "free", each: Any = "component", mlp: bool = False
) -> Question:
    return question(task(mlp).graph.layout, h, under, ask, each, task(mlp).classes)


def tree(h: Hypothesis) -> set[tuple[str, str]]:
    return {(c.id, c.rule) for c in h}


TOP, HEAD = "logits", "logits>a2.h0"
LEAF = Hypothesis().claim("a2.h0")[0]
OPEN = LEAF.claim("*", f"{HEAD}.q")[0].claim("a0.h1", f"{HEAD}.k", "token")[0]
GROUP = Hypothesis().claim(["a2.h0", "a2.h1"], rule="token at 1")[0]


# -- what is asked ----------------------------------------------------------------------------------------------------


def test_to_free_under_an_open_port_keeps_all_else() -> None:
    q = asked(Hypothesis())
    assert tree(q.before) == {("logits>*", "same input")}
    (claim,) = q.after("a1.h0")
    assert claim.rule == "same input"
    assert set(claim.components) == set(task().graph.layout.names) - {"a1.h0"}


def test_to_free_under_a_leaf_keeps_its_other_ports_too() -> None:
    q = asked(LEAF, f"{HEAD}.k")
    assert q.before == LEAF
    after = q.after("a1.h0")
    whole = {f"{HEAD}.q>*", f"{HEAD}.v>*"}
    assert {c.id for c in after if c.whole} == whole
    (kept,) = [c for c in after if c.port == "k"]
    assert set(kept.components) == {c for c in task().graph.layout.senders("a2.h0") if c != "a1.h0"}


def test_to_free_what_is_claimed_takes_the_claim_away() -> None:
    q = asked(OPEN, f"{HEAD}.k")
    assert q.before == OPEN
    assert tree(q.after("a0.h1")) == tree(OPEN) - {(f"{HEAD}.k>a0.h1", "token")}
    assert "free already" in str(q.why_not("a1.h0"))
    group = asked(GROUP)
    assert tree(group.after("a2.h1")) == {("logits>a2.h0", "token at 1")}


def test_to_free_the_last_claim_does_not_close_its_reader() -> None:
    h = LEAF.claim("a0.h1", f"{HEAD}.k", "token")[0]
    after = asked(h, f"{HEAD}.k").after("a0.h1")
    assert (f"{HEAD}.k>a0.h1", "any input") in tree(after)


def test_to_keep_is_one_claim_more() -> None:
    q = asked(OPEN, f"{HEAD}.k", "keep")
    assert q.before == OPEN
    assert tree(q.after("a1.h0")) == tree(OPEN) | {(f"{HEAD}.k>a1.h0", "same input")}
    assert (f"{HEAD}.k>a0.h1", "same input") in tree(q.after("a0.h1"))
    leaf = asked(LEAF, f"{HEAD}.k", "keep")
    assert tree(leaf.before) == tree(LEAF) | {(f"{HEAD}.q>*", "same input"), (f"{HEAD}.v>*", "same input")}
    assert tree(leaf.after("a1.h0")) == tree(leaf.before) | {(f"{HEAD}.k>a1.h0", "same input")}


def test_to_keep_under_the_only_port_of_a_leaf_starts_from_any_input() -> None:
    h = Hypothesis().claim("m1")[0]
    q = asked(h, "logits>m1", "keep", mlp=True)
    assert tree(q.before) == tree(h) | {("logits>m1>*", "any input")}
    assert tree(q.after("m0")) == tree(h) | {("logits>m1>m0", "same input")}


def test_a_rule_is_given_to_one_of_a_group_alone() -> None:
    q = asked(GROUP, ask="token")
    assert tree(q.after("a2.h1")) == {("logits>a2.h0", "token at 1"), ("logits>a2.h1", "token")}
    assert tree(q.after("a1.h1")) == tree(GROUP) | {("logits>a1.h1", "token")}
    assert "already" in str(asked(GROUP, ask="token at 1").why_not("a2.h0"))


def test_what_stands_under_a_group_stays_under_the_rest_of_it() -> None:
    h = GROUP.claim("a0.h0", "logits>a2.h0+a2.h1.q", "token")[0]
    assert tree(asked(h).after("a2.h1")) == {("logits>a2.h0", "token at 1"), ("logits>a2.h0.q>a0.h0", "token")}


def test_one_input_of_a_head() -> None:
    q = asked(Hypothesis(), each="k")
    after = q.after("a2.h0")
    assert {c.id for c in after if c.whole} == {f"{HEAD}.q>*", f"{HEAD}.v>*"}
    keep = asked(Hypothesis(), ask="keep", each="k")
    assert tree(keep.after("a2.h0")) == {(HEAD, "same input"), (f"{HEAD}.k>*", "same input")}
    assert tree(asked(LEAF, each="v").after("a2.h0")) == tree(LEAF) | {
        (f"{HEAD}.q>*", "same input"),
        (f"{HEAD}.k>*", "same input"),
    }
    assert "v is free already" in str(asked(OPEN, each="v").why_not("a2.h0"))
    assert tree(asked(OPEN, each="q").after("a2.h0")) == tree(OPEN) - {(f"{HEAD}.q>*", "same input")}
    assert "all of its inputs" in str(asked(LEAF, ask="keep", each="q").why_not("a2.h0"))
    assert tree(asked(OPEN, ask="keep", each="v").after("a2.h0")) == tree(OPEN) | {(f"{HEAD}.v>*", "same input")}


@pytest.mark.parametrize("each", EACH)
@pytest.mark.parametrize("ask", ["free", "keep", "token"])
@pytest.mark.parametrize(
    ("h", "under"), [(Hypothesis(), TOP), (LEAF, TOP), (LEAF, f"{HEAD}.k"), (OPEN, f"{HEAD}.k"), (GROUP, TOP)]
)
def test_every_hypothesis_that_is_asked_about_can_be_scrubbed(h: Hypothesis, under: str, ask: str, each: str) -> None:
    q = asked(h, under, ask, each)
    task().check(q.before)
    for name in q.candidates:
        if q.why_not(name) is None:
            task().check(q.after(name))


# -- what is measured -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("unclaimed", ["per receiver", "per component", "global"])
@pytest.mark.parametrize(
    ("h", "under", "ask", "each"),
    [
        (Hypothesis(), TOP, "free", "component"),
        (LEAF, f"{HEAD}.k", "free", "component"),
        (LEAF, f"{HEAD}.k", "keep", "component"),
        (OPEN, f"{HEAD}.k", "token at 1", "head"),
        (LEAF, TOP, "free", "q"),
    ],
)
def test_each_row_is_two_scrubs(h: Hypothesis, under: str, ask: str, each: Any, unclaimed: str) -> None:
    chosen: dict[str, Any] = {"samples": SAMPLES, "seed": 3, "unclaimed": unclaimed}
    sweep = sw.importance(task(), h, under, ask, each=each, progress=False, **chosen)
    assert sweep.complete
    assert len(sweep) > 0
    for row in sweep.rows:
        compared = task().compare(sweep.before, row.hypothesis, **chosen)
        assert row.effect == compared.difference
        assert row.recovered == compared.second.loss_recovered
        assert np.array_equal(row.losses, compared.second.losses.scrubbed)
        assert np.array_equal(sweep.base.losses.scrubbed, compared.first.losses.scrubbed)


def test_nearly_all_of_a_port_costs_no_more_than_the_few_that_are_missing() -> None:
    """A group of most senders is read from its donor's stream: the same to rounding as component by component."""
    names = task().graph.layout.names
    for unclaimed in ("per receiver", "per component", "global"):
        chosen: dict[str, Any] = {"samples": SAMPLES, "unclaimed": unclaimed}
        grouped = task().scrub(Hypothesis().claim(names[1:], rule="token at 1")[0], **chosen)
        apart = Hypothesis()
        for name in names[1:]:  # one draw for all, and so the same donors, but each claim by itself
            apart, _ = apart.claim(name, rule="token at 1", share="one")
        by_hand = Hypothesis().claim(names[1:], rule="token at 1", share="one")[0]
        one, other = (task().scrub(h, **chosen).losses.scrubbed for h in (by_hand, apart))
        assert np.allclose(one, other, rtol=1e-4, atol=1e-5)
        assert not np.allclose(one, grouped.losses.scrubbed)  # other draws: the comparison above can fail


def test_the_toy_by_hand() -> None:
    """Population values by enumeration: D freed from each of A, B, C, one at a time, under a kept D."""
    toy = sw.load_task("toy_sum")
    labels = {rule: np.asarray(toy.classes(rule).codes) for rule in ("same input", "any input", "x0 > 3 or x1 > 3")}
    inputs = {name: np.asarray(toy.columns[name], dtype=float) for name in ("x0", "x1", "x2")}
    y = np.asarray(toy.columns["y"], dtype=float)

    def loss(values: Any, x: int) -> Any:
        return (values[:, 0] - y[x]) ** 2

    h = Hypothesis().claim("D", rule="x0 > 3 or x1 > 3")[0]
    sweep = sw.importance(toy, h, under="logits>D", question="free", samples=60_000, progress=False)
    exact = Exact(toy.model, inputs, labels, h)
    own, shuffled, before = exact.own(loss), exact.shuffled(loss), exact.mean(loss)
    for name in ("A", "B", "C"):
        rest = [c for c in ("A", "B", "C") if c != name]
        freed = h
        for other in rest:  # the same as the group of them: `same input` has one donor
            freed, _ = freed.claim(other, under="logits>D")
        after = Exact(toy.model, inputs, labels, freed).mean(loss)
        effect = sweep[name].effect
        assert effect.low <= (before - after) / (shuffled - own) <= effect.high
        assert effect.high - effect.low < 0.25
    assert sweep["C"].effect.value > 0  # C hurts: without it the loss is lower than the hypothesis predicts
    assert sweep["C"].beyond_noise


def test_an_ablated_baseline_is_one_for_all_rows() -> None:
    sweep = sw.importance(task(), LEAF, samples=SAMPLES, baseline="ablated", question="keep")
    assert sweep.settings.baseline == ("a2.h0",)
    assert np.array_equal(
        sweep.base.losses.baseline, task().scrub(LEAF, samples=SAMPLES, baseline="ablated").losses.baseline
    )
    with pytest.raises(HypothesisError, match="claims none"):
        sw.importance(task(), samples=SAMPLES, baseline="ablated")


# -- step by step -----------------------------------------------------------------------------------------------------


def test_a_sweep_goes_on_where_it_stopped() -> None:
    chosen = Settings(samples=SAMPLES)
    steps = sweep_steps(task(), LEAF, f"{HEAD}.k", chosen=chosen)
    seen = [next(steps) for _ in range(4)]
    assert [len(s) for s in seen] == [0, 1, 2, 3]
    *_, whole = sweep_steps(task(), LEAF, f"{HEAD}.k", chosen=chosen, resume=seen[-1])
    at_once = sw.importance(task(), LEAF, f"{HEAD}.k", samples=SAMPLES)
    assert [row.component for row in whole.rows] == [row.component for row in at_once.rows]
    assert [row.effect for row in whole.rows] == [row.effect for row in at_once.rows]
    assert whole.rows[:3] == seen[-1].rows
    with pytest.raises(ScrubError, match="to resume is of another"):
        sweep_steps(task(), LEAF, f"{HEAD}.q", chosen=chosen, resume=seen[-1])


def test_what_it_prints_and_exports() -> None:
    sweep = sw.importance(task(), LEAF, question="keep", samples=SAMPLES)
    body = json.loads(sweep.to_json())
    assert [r["component"] for r in body["rows"]] == [r.component for r in sweep.rows]
    assert body["skipped"] == {"a2.h0": "it is claimed as 'same input' already"}
    text = str(sweep)
    assert "keep each sender under logits" in text
    assert "not asked: a2.h0" in text
    assert sweep.ranked[0].effect.value == max(r.effect.value for r in sweep.rows)
    assert sweep.forwards > 0
    figure = sweep.plot()
    assert "keep each sender" in figure.get_suptitle()
    with pytest.raises(ScrubError, match="already"):
        sweep["a2.h0"]


def test_nothing_beyond_noise_says_so() -> None:
    same = sw.importance(task(), samples=SAMPLES, candidates=["pos_embed"])  # it is the same on every input
    assert "nothing beyond noise at n = 192; raise samples" in str(same)


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"under": "logits>a9.h9"}, "no claim 'logits>a9.h9'"),
        ({"under": HEAD}, "reads through the ports 'q', 'k', 'v': say which"),
        ({"under": f"{HEAD}.in"}, "reads through the ports"),
        ({"under": 3}, "takes the path of a port"),
        ({"question": "fre"}, "question= is 'free', 'keep' or the name of a rule, and .*'fre'"),
        ({"question": None}, "question= is 'free', 'keep' or the name of a rule, not None"),
        ({"each": "neuron"}, "each= is one of 'component', 'head'"),
        ({"each": "mlp"}, "no sender of 'logits' is a 'mlp'"),
        ({"candidates": ["a7.h0"]}, "'a7.h0' does not send to 'logits'"),
        ({"candidates": "a0.h0"}, "candidates= takes a list"),
        ({"candidates": ["embed"], "each": "head"}, "'embed' is not a 'head'"),
        ({"samples": 1}, "samples="),
        ({"h": Hypothesis().claim("a9.h0")[0]}, "no component 'a9.h0'"),
    ],
)
def test_bad_input_gets_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ScrubError, match=sentence):
        sw.importance(task(), **{"h": LEAF, **options})


def test_a_whole_input_and_an_embedding_have_no_senders() -> None:
    h = Hypothesis().claim("*")[0]
    with pytest.raises(HypothesisError, match="whole port input"):
        sw.importance(task(), h, "logits>*")
    with pytest.raises(HypothesisError, match="reads nothing"):
        sw.importance(task(), Hypothesis().claim("embed")[0], "logits>embed")


# -- accepting --------------------------------------------------------------------------------------------------------


def test_accepting_keeps_the_other_inputs_of_a_leaf() -> None:
    layout = task().graph.layout
    h = accepted(layout, LEAF, f"{HEAD}.k", ["a0.h1", "embed"], "token")
    assert tree(h) == tree(LEAF) | {
        (f"{HEAD}.k>a0.h1", "token"),
        (f"{HEAD}.k>embed", "token"),
        (f"{HEAD}.q>*", "same input"),
        (f"{HEAD}.v>*", "same input"),
    }
    alone = accepted(layout, LEAF, f"{HEAD}.k", ["a0.h1"], "token", keep=False)
    assert tree(alone) == tree(LEAF) | {(f"{HEAD}.k>a0.h1", "token")}
    assert tree(accepted(layout, OPEN, f"{HEAD}.k", ["embed"], "token")) == tree(OPEN) | {(f"{HEAD}.k>embed", "token")}
    with pytest.raises(HypothesisError, match="claimed as 'token' already"):
        accepted(layout, OPEN, f"{HEAD}.k", ["a0.h1"], "token")
    with pytest.raises(HypothesisError, match="does not send"):
        accepted(layout, OPEN, f"{HEAD}.k", ["a2.h1"], "token")
    with pytest.raises(HypothesisError, match="at least one"):
        accepted(layout, OPEN, f"{HEAD}.k", [], "token")
