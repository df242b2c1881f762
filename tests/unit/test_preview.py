"""What the preview says of a rule before it is claimed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets import made
from scrub_widgets.errors import ScrubError
from scrub_widgets.reads import tokens_read
from scrub_widgets.widget.preview import preview_of
from tests.e2e.tasks import toy
from tests.unit.models import gpt2

N = 2000


def odd_sum(batch: sw.rules.Batch) -> Any:
    """Reads the tokens at 1 and 4."""
    return (batch.tokens[:, 1] + batch.tokens[:, 4]) % 2


def after_five(batch: sw.rules.Batch) -> Any:
    """At each position whether the token before it is a 5."""
    tokens = np.asarray(batch.tokens)
    found = np.zeros(tokens.shape, dtype=bool)
    found[:, 1:] = tokens[:, :-1] == 5
    return found


def known_only(batch: sw.rules.Batch) -> Any:
    """Raises on inputs that are no data."""
    seen = {tuple(row) for row in task().tokens.tolist()}
    if any(tuple(row) not in seen for row in batch.tokens.tolist()):
        raise ValueError("what is this?")
    return batch.tokens[:, 0] % 2


@cache
def task() -> sw.Task:
    tokens = torch.randint(1, 13, (N, 6), generator=torch.Generator().manual_seed(5))
    return sw.Task(
        gpt2().bridge,
        tokens,
        loss=sw.losses.next_token([-1]),
        rules={"odd sum": odd_sum, "after five": after_five, "known only": known_only},
        columns={"third": np.arange(N) % 3},
        vocab=[f"t{i:02}" for i in range(13)],
        name="tiny",
    )


@pytest.fixture(scope="module")
def session() -> Iterator[sw.Session]:
    s = sw.Session(task(), samples=4)
    s.wait(60)
    yield s
    s.close()


def test_story_2_in_numbers() -> None:
    s = sw.Session(toy(), samples=4)
    try:
        p = preview_of(s, "four classes")
        assert (p.k, p.sizes, p.smallest, p.self, p.singletons) == (4, [150, 30, 15, 5], 5, 0.02, 0.0)
        assert len(p.same) == 3
        assert all(example.reads == [0] for example in (p.reference, *p.same))  # x, the first of its values
        assert (p.way, p.notes) == ("swapped", [])
        own = preview_of(s, "identity")
        assert (own.k, own.self, own.singletons, own.same) == (200, 1.0, 1.0, [])
        assert own.notes[0].startswith("Untestable: 100 % of the draws")
        assert preview_of(s, "same input").notes == []  # kept on purpose
        assert "same input" in own.same_partition_as
    finally:
        s.close()


@pytest.mark.parametrize(
    ("rule", "at", "reads", "way"),
    [
        ("token", 4, [4], "known"),
        ("previous token", 4, [3], "known"),
        ("previous token", 0, [], "known"),
        ("next token", 4, [5], "known"),
        ("token at 2", None, [2], "known"),
        ("previous token at -1", None, [4], "known"),
        ("same input", None, [0, 1, 2, 3, 4, 5], "known"),
        ("any input", None, [], "known"),
        ("third", None, [], "known"),
        ("odd sum", None, [1, 4], "swapped"),
        ("after five", 4, [3], "swapped"),
        ("known only", None, [], "unknown"),
    ],
)
def test_what_a_rule_reads(rule: str, at: int | None, reads: list[int], way: str) -> None:
    read = tokens_read(task(), rule, range(8), at)
    assert read.way == way
    found = {p for positions in read.positions for p in positions}
    assert found == set(reads)  # nothing that it does not read; all that it reads, on some of these inputs


def test_what_a_pattern_reads(session: sw.Session) -> None:
    p = preview_of(session, "", 0, spec=made.Regex(pattern=r"t05(t\d\d)"))
    assert p.matches == sum("t05t" in "".join(words) for words in task().texts)
    for example in (p.reference, *p.same):
        text = "".join(example.tokens)
        found = text.find("t05t")
        assert example.reads == ([] if found < 0 else [found // 3 + 1])


def test_earlier_occurrence() -> None:
    tokens = torch.tensor([[3, 4, 5, 3, 6, 4], [1, 2, 3, 4, 5, 6]])
    t = sw.Task(gpt2().bridge, tokens, loss=sw.losses.kl())
    rule = "what followed the earlier occurrence"
    assert tokens_read(t, rule, [0, 1], 3).positions == ((0, 1, 3), (3,))


def test_labels_are_compared_with_the_right_answer(session: sw.Session) -> None:
    answers = task().tokens[:, -1].numpy()
    for rule, codes in (("third", np.arange(N) % 3), ("odd sum", odd_sum(task().batch()).numpy())):
        p = preview_of(session, rule)
        pairs = [(answers[codes == codes[i]] == answers[i]).mean() for i in range(N)]
        assert p.same_label == pytest.approx(float(np.mean(pairs)))
        assert p.any_label == pytest.approx(float(np.mean([(answers == a).mean() for a in answers])))
    assert preview_of(session, "", spec=made.Label()).same_label == 1.0


def test_back_at_the_reference_under_other_claims() -> None:
    s = sw.Session(sw.Task(gpt2().bridge, task().tokens[:60], loss=sw.losses.kl([-1])), samples=4)
    try:
        s.add_rule("thirds", lambda b: np.asarray(b.index) % 3)
        s.add_rule("fours", lambda b: np.asarray(b.index) % 4)
        h, top = sw.Hypothesis().claim("m1", rule="thirds")
        h, kept = h.claim("a1.h0", rule="same input")
        s.set_hypothesis(h)
        assert preview_of(s, "fours").back is None
        assert preview_of(s, "fours", under=f"{kept}.q").back is None  # what stands above keeps the input
        found = preview_of(s, "fours", under=top)
        # Of the 20 inputs of a third every fifth is the same modulo 4, and then one of 15 is drawn: 5/20 * 1/15.
        assert found.chain == ["thirds"]
        assert found.back == pytest.approx(1 / 60, abs=0.004)
        assert preview_of(s, "same input", under=top).back == pytest.approx(1 / 20, abs=0.006)
    finally:
        s.close()


def test_an_example_can_be_chosen_and_must_exist(session: sw.Session) -> None:
    assert preview_of(session, "third", 7).reference.index == 7
    with pytest.raises(ScrubError, match="there is no example 2000; the inputs go from 0 to 1999"):
        preview_of(session, "third", 2000)
    with pytest.raises(ScrubError, match=r"no rule 'thrid'.*Did you mean 'third'"):
        preview_of(session, "thrid")


SPECS: list[Callable[[], made.AnyRule]] = [
    lambda: made.Regex(pattern="t05(t..)"),
    lambda: made.Both(first="odd sum", second="third"),
    lambda: made.Painted(bins={"a": tuple(range(50))}),
]


@pytest.mark.parametrize(
    "rule", ["token", "odd sum", "after five", "same input", "what followed the earlier occurrence"]
)
def test_a_preview_is_there_at_once(session: sw.Session, rule: str) -> None:
    session.task.texts  # noqa: B018 - written once for all rules
    began = time.perf_counter()
    preview_of(session, rule, 3)
    assert time.perf_counter() - began < 0.3


@pytest.mark.parametrize("spec", SPECS)
def test_a_draft_is_there_at_once(session: sw.Session, spec: Callable[[], made.AnyRule]) -> None:
    began = time.perf_counter()
    preview_of(session, "", 3, spec=spec())
    assert time.perf_counter() - began < 0.6  # with a process of its own for the pattern
