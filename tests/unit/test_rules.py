"""Rules and the classes they make."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from scrub_widgets import RuleError, rules
from scrub_widgets.classes import Batch, Classes, classify

TOKENS = torch.tensor([[1, 2, 1, 3], [2, 2, 1, 0], [1, 3, 1, 3], [4, 0, 4, 0]])
BATCH = Batch(
    tokens=TOKENS,
    columns={"template": np.array(["x", "y", "x", "y"])},
    mask=torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1]]).bool(),
    index=np.arange(4),
    text=(("A ", "b"), ("A ", "c"), ("d", "d"), ("A ", "b")),
)


def classes(function: Callable[[Batch], Any]) -> Classes:
    return classify("it", function, BATCH)


@pytest.mark.parametrize(
    ("function", "labels"),
    [
        (rules.token, TOKENS.tolist()),
        (rules.previous_token, [[-1, 1, 2, 1], [-1, 2, 2, 1], [-1, 1, 3, 1], [-1, 4, 0, 4]]),
        (rules.next_token, [[2, 1, 3, -1], [2, 1, 0, -1], [3, 1, 3, -1], [0, 4, 0, -1]]),
        (rules.followed_earlier, [[-1, -1, 2, -1], [-1, 2, -1, -1], [-1, -1, 3, 1], [-1, -1, 0, 4]]),
        (rules.at(rules.token, -1), [3, 0, 3, 0]),
        (rules.length, [4, 3, 2, 4]),
        (rules.same_input, [0, 1, 2, 3]),
        (rules.any_input, [0, 0, 0, 0]),
        (rules.any_input_each_position, [[0] * 4] * 4),
        (rules.column("template"), ["x", "y", "x", "y"]),
        (rules.each_position(rules.column("template")), [["x"] * 4, ["y"] * 4] * 2),
        (rules.regex("A (.)"), ["('b',)", "('c',)", "no match", "('b',)"]),
    ],
)
def test_labels(function: rules.RuleFunction, labels: list[Any]) -> None:
    assert classes(function).labels.tolist() == labels


def test_positions_never_share_a_class() -> None:
    found = classes(rules.token)
    assert found.positionwise
    assert set(found.codes[:, 0]).isdisjoint(found.codes[:, 2])
    members = {int(m) for m in found.members[found.start[found.codes[0, 0]] :][: found.size[found.codes[0, 0]]]}
    assert members == {0, 2}  # the inputs with a 1 in the first place


def test_a_pick_stays_in_the_class_and_reaches_all_of_it() -> None:
    found = classes(rules.column("template"))
    u = np.linspace(0, 0.999, 50)
    assert set(found.pick(np.zeros(50, dtype=np.int64), u).tolist()) == {0, 2}
    by_position = classes(rules.token).pick(np.zeros(50, dtype=np.int64), np.tile(u[:, None], 4))
    assert by_position.shape == (50, 4)
    assert set(by_position[:, 2].tolist()) == {0, 1, 2}


def test_what_a_preview_says() -> None:
    found = classes(rules.column("template"))
    assert found.self_share == 0.5
    assert found.bits == 1.0
    assert found.singletons == 0.0
    assert found.sizes().tolist() == [2, 2]
    everything = classes(rules.same_input)
    assert (everything.self_share, everything.singletons, everything.bits) == (1.0, 1.0, 2.0)
    assert found.same_partition(classes(lambda b: [7, 1, 7, 1]))
    assert not found.same_partition(everything)
    assert not found.same_partition(classes(lambda b: [7, 1, 1, 7]))


def fixed(labels: Any) -> rules.RuleFunction:
    return lambda _: labels


def test_labels_may_be_anything_that_can_be_compared() -> None:
    for labels in ([True, False, True, False], ["p", "q", "p", "q"], np.array([0.5, 1, 0.5, 1]), TOKENS[:, 2] == 1):
        assert classify("it", fixed(labels), BATCH).codes.ndim == 1
    assert classes(lambda _: np.array([(1,), "x", (1,), "x"], dtype=object)).size.tolist() == [2, 2]


def fails_on_three(batch: Batch) -> Any:
    if (batch.tokens[:, 0] == 4).any():
        raise ValueError("four")
    return batch.tokens[:, 0]


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (fails_on_three, "raises on example 3: ValueError: four"),
        (lambda b: b.tokens[:2, 0], r"shape \[2\]; expected \[4\].* or \[4, 4\]"),
        (lambda b: np.zeros((4, 4, 1)), r"shape \[4, 4, 1\]"),
        (lambda b: 3, r"shape \[\]"),
        (lambda b: [0.0, 1.0, float("nan"), 1.0], "example 2 no label"),
        (lambda b: ["x", None, "y", "y"], "example 1 no label"),
        (lambda b: [[1, 2], [3], [4], [5]], "no rectangular array"),
    ],
)
def test_a_rule_that_cannot_be_used_says_why(function: rules.RuleFunction, words: str) -> None:
    with pytest.raises(RuleError, match=words) as error:
        classes(function)
    assert error.value.where == "it"


def test_rules_are_found_by_name() -> None:
    assert rules.find("token", rules.STANDARD, 4) is rules.token
    last = rules.find("token at -1", rules.STANDARD, 4)
    assert classify("x", last, BATCH).labels.tolist() == [3, 0, 3, 0]
    assert rules.shows_tokens(last)
    assert not rules.shows_tokens(rules.any_input)
    with pytest.raises(RuleError, match=r"no rule 'tokn'.*Did you mean 'token'"):
        rules.find("tokn", rules.STANDARD, 4)
    with pytest.raises(RuleError, match="positions 0 to 3"):
        rules.find("token at 9", rules.STANDARD, 4)
    with pytest.raises(RuleError, match="no regular expression"):
        rules.regex("(")
