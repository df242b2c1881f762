"""The tree of claims: ids, edits, words, JSON, refusals."""

from __future__ import annotations

import json

import pytest

from scrub_widgets import Hypothesis, HypothesisError


def induction() -> tuple[Hypothesis, str]:
    h, head = Hypothesis().claim("a1.h3", under="logits")
    h, _ = h.claim("a0.h2", under=f"{head}.k", rule="previous token")
    h, _ = h.claim("embed", under=f"{head}.q", rule="token")
    return h, head


def test_an_id_is_the_path_from_the_root() -> None:
    h, head = induction()
    assert head == "logits>a1.h3"
    assert [c.id for c in h] == [head, f"{head}.k>a0.h2", f"{head}.q>embed"]
    _, of_mlp = h.claim("m1", under="logits")
    assert of_mlp == "logits>m1"


@pytest.mark.parametrize("under", ["logits", "logits.in"])
def test_a_single_port_may_be_written_or_left_out(under: str) -> None:
    assert Hypothesis().claim("m1", under=under)[1] == "logits>m1"
    h, _ = Hypothesis().claim("m1")
    assert h.claim("a0.h1", under="logits>m1.in")[1] == "logits>m1>a0.h1"


def test_groups_and_positions_are_part_of_the_id() -> None:
    h, group = Hypothesis().claim(["a0.h3", "a0.h1"], positions=[5, 4])
    assert group == "logits>a0.h1+a0.h3@4,5"
    assert h.claim("a0.h1", positions=[0])[1] == "logits>a0.h1@0"
    assert Hypothesis().claim("a0.h1", positions="subject")[1] == "logits>a0.h1@subject"


def test_an_edit_leaves_the_old_value_as_it_was() -> None:
    h, head = induction()
    smaller = h.remove(f"{head}.k>a0.h2")
    assert len(h) == 3
    assert len(smaller) == 2
    assert h.with_rule(head, "any input")[head].rule == "any input"
    assert h[head].rule == "same input"


def test_to_remove_a_claim_removes_what_stands_under_it() -> None:
    h, head = induction()
    other, _ = h.claim("a1.h0")
    assert [c.id for c in other.remove(head)] == ["logits>a1.h0"]


def test_claims_below_follow_when_the_positions_of_one_change() -> None:
    h, head = induction()
    moved, new = h.change(head, positions=[7])
    assert new == "logits>a1.h3@7"
    assert [c.id for c in moved] == [new, f"{new}.k>a0.h2", f"{new}.q>embed"]


def test_the_order_of_making_does_not_matter() -> None:
    a = Hypothesis().claim("embed")[0].claim("a1.h10")[0].claim("a1.h9")[0]
    b = Hypothesis().claim("a1.h9")[0].claim("embed")[0].claim("a1.h10")[0]
    assert a == b
    assert hash(a) == hash(b)
    assert [c.name for c in a] == ["a1.h9", "a1.h10", "embed"]


def test_json_round_trips_and_carries_its_version() -> None:
    h, head = induction()
    h, _ = h.claim("*", under=f"{head}.v", rule="token", positions=[1, 2], share="S")
    h, _ = h.claim(["a1.h0", "a1.h1"], paths="all", positions="subject")
    text = h.to_json()
    assert Hypothesis.from_json(text) == h
    assert Hypothesis.from_json(text).to_json() == text
    assert json.loads(text)["schema"] == 1


def test_the_tree_in_words() -> None:
    h, head = induction()
    h, _ = h.change(f"{head}.q>embed", share="S", paths="all")
    assert str(h).splitlines() == [
        "logits",
        "└─ a1.h3 · same input",
        "   ├─ k ← a0.h2 · previous token",
        "   └─ q ← embed · token · all paths · one draw 'S'",
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "not the JSON of a hypothesis"),
        ("[]", "something else"),
        ('{"kind": "scrub-widgets hypothesis", "schema": 99, "claims": []}', "schema version 99"),
        ('{"kind": "scrub-widgets hypothesis", "schema": 1, "claims": [{"parent": 3}]}', "not well formed"),
        (
            '{"kind": "scrub-widgets hypothesis", "schema": 1, "claims": [{"parent": "logits>x", "components": ["y"]}]}',
            "no claim 'logits>x'",
        ),
    ],
)
def test_json_that_is_no_hypothesis_is_refused(text: str, words: str) -> None:
    with pytest.raises(HypothesisError, match=words):
        Hypothesis.from_json(text)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"component": "embed", "under": "logits>a1.h4.k"}, "no claim 'logits>a1.h4.k'.*Did you mean 'logits>a1.h3'"),
        ({"component": "a1.h3"}, "already claims it"),
        ({"component": ["a1.h0", "a1.h3"]}, "already claims it"),
        ({"component": "*"}, "already claims it"),
        ({"component": "a1.h3", "positions": [2]}, "already claims it"),
        ({"component": []}, "takes a component's name"),
        ({"component": ["*", "embed"]}, "cannot be grouped"),
        ({"component": ["embed", "embed"]}, "each component once"),
        ({"component": "a 1"}, "no component's name"),
        ({"component": "embed", "rule": print}, "task.with_rules"),
        ({"component": "embed", "rule": ""}, "name of a rule"),
        ({"component": "embed", "paths": "indirect"}, "'direct' or 'all'"),
        ({"component": "embed", "positions": []}, "at least one"),
        ({"component": "embed", "positions": [0.5]}, "whole numbers"),
        ({"component": "embed", "positions": "4,5"}, "role's name"),
        ({"component": "embed", "share": ""}, "share="),
        ({"component": "embed", "under": 3}, "path of a port"),
    ],
)
def test_a_claim_that_cannot_stand_is_refused(arguments: dict[str, object], words: str) -> None:
    h, _ = induction()
    with pytest.raises(HypothesisError, match=words):
        h.claim(**arguments)  # type: ignore[arg-type]
    assert h == induction()[0]


def test_nothing_stands_under_a_whole_input() -> None:
    h, head = induction()
    h, whole = h.claim("*", under=f"{head}.v")
    with pytest.raises(HypothesisError, match="no ports of its own"):
        h.claim("embed", under=whole)


def test_unknown_claims_and_fields_are_refused() -> None:
    h, head = induction()
    with pytest.raises(HypothesisError, match=r"no claim 'logits>a1\.h9'"):
        h.remove("logits>a1.h9")
    with pytest.raises(HypothesisError, match="no 'colour' to change"):
        h.change(head, colour="red")
