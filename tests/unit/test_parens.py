"""The balance checker: its data and features, what the model really learned, and the published hypotheses on it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets.tasks.parens import data, features
from scrub_widgets.tasks.parens.model import read_card
from scrub_widgets.tasks.parens.train import measure


@cache
def task() -> sw.Task:
    return sw.load_task("parens")


def written(tokens: torch.Tensor) -> list[str]:
    return ["".join(data.VOCABULARY[i] for i in row) for row in tokens.tolist()]


def parens(text: str) -> torch.Tensor:
    """One input, written without its start and its padding."""
    ids = ["[", *text, "]"]
    return torch.tensor([[data.VOCABULARY.index(c) for c in ids] + [data.PAD] * (data.POSITIONS - len(ids))])


def is_balanced(text: str) -> bool:
    """The everyday definition, from left to right."""
    height = 0
    for c in text:
        height += 1 if c == "(" else -1
        if height < 0:
            return False
    return height == 0


def test_strings_are_well_formed_and_seeded() -> None:
    strings = data.examples(400, seed=3)
    for text in written(strings.tokens):
        inner = text.rstrip("_")
        assert inner[0] == "["
        assert inner[-1] == "]"
        assert set(inner[1:-1]) <= {"(", ")"}
        assert len(inner) % 2 == 0
        assert 2 <= len(inner) - 2 <= data.LONGEST
    assert torch.equal(strings.tokens, data.examples(400, seed=3).tokens)
    assert not torch.equal(strings.tokens, data.examples(400, seed=4).tokens)
    assert not torch.equal(strings.tokens, data.held_out("random", 400, seed=3).tokens)
    assert set(features.length(strings.tokens).tolist()) == set(range(2, 41, 2))


def test_each_kind_is_what_it_says() -> None:
    random, shuffled, near, balanced = (data.held_out(kind, 500, seed=1).tokens for kind in data.KINDS)
    assert features.count(shuffled).all()
    assert features.balanced(balanced).all()
    assert 0.4 < features.starts_open(random).mean() < 0.6
    # One flip: opens and closes differ by two. One exchange: they do not, and few of these stay balanced.
    apart = np.abs(data.steps_of(near).sum(1))
    assert set(apart.tolist()) == {0, 2}
    assert 0.1 < features.balanced(near).mean() < 0.5


def test_balanced_strings_are_uniform() -> None:
    """Of the five balanced strings of length 6, each is as likely as the others."""
    tokens = data.held_out("balanced", 40_000, seed=2).tokens
    texts, times = np.unique(written(tokens[features.length(tokens) == 6]), return_counts=True)
    assert len(texts) == 5
    expected = times.sum() / 5
    assert ((times - expected) ** 2 / expected).sum() < 18.5  # chi-square with 4 degrees of freedom, p = 0.001


def test_features_say_what_the_words_say() -> None:
    tokens = data.examples(300, seed=5).tokens
    for i, text in enumerate(text.strip("[]_") for text in written(tokens)):
        one = tokens[i : i + 1]
        opens = text.count("(")
        assert features.length(one)[0] == len(text)
        assert features.open_proportion(one)[0] == pytest.approx(opens / len(text))
        assert features.count(one)[0] == (2 * opens == len(text))
        assert features.starts_open(one)[0] == (text[0] == "(")
        assert features.open_proportion_if_open(one)[0] == (opens / len(text) if text[0] == "(" else -1)
        suffixes = [text[k:] for k in range(len(text))]
        assert features.horizon(one)[0] == all(s.count("(") <= s.count(")") for s in suffixes)
        assert features.balanced(one)[0] == is_balanced(text)


def test_the_five_classes_of_a_position() -> None:
    classes = [features.CLASSES[c] for c in features.horizon_class(parens("())("))[0]]
    fine, bad = "fine from here on", "too many opens from here on"
    assert classes[:6] == [fine, fine, fine, fine, bad, "end after an open"]
    assert set(classes[6:]) == {"padding"}
    assert features.CLASSES[features.horizon_class(parens("()"))[0, 3]] == "end after a close"


def test_a_head_that_sees_only_what_follows_needs_no_adjusting() -> None:
    tokens = data.examples(200, seed=6).tokens
    seen = np.ones((data.LONGEST + 1, data.POSITIONS))
    assert (features.adjusted_class(tokens, 0 * seen, seen) == features.horizon_class(tokens)).all()
    # One that sees everything alike judges every position by the whole string.
    whole = features.adjusted_class(tokens, seen, seen)
    too_many = features.open_proportion(tokens) > 0.5
    assert ((whole[:, 1] == features.CLASSES.index("too many opens from here on")) == too_many).all()


def test_the_card_states_what_the_model_does() -> None:
    """The weights that ship are those that the card describes: measured again, on fresh strings."""
    card = read_card()["held_out"]
    again = measure(task().model, n=1000, seed=77)
    for kind in data.KINDS:
        assert card[kind]["accuracy"] >= 0.995
        assert again[kind]["accuracy"] >= 0.99
        assert again[kind]["loss"] == pytest.approx(card[kind]["loss"], abs=0.02)
    assert again["random"]["loss"] != card["random"]["loss"]  # other strings
    assert task().prepare().losses.mean() == pytest.approx(card["task"]["loss"], abs=0.005)
