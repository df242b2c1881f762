"""The Search panel's messages without a browser."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubWidget
from scrub_widgets.widget import wire
from scrub_widgets.widget.search import MOST_CELLS, searches_of
from tests.unit.gate import LONG
from tests.unit.models import gpt2


@cache
def shared_task() -> sw.Task:
    m = gpt2()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), name="tiny")


@pytest.fixture
def widget() -> Iterator[ScrubWidget]:
    made = ScrubWidget(shared_task(), Hypothesis().claim("a1.h0")[0], samples=64)
    made.wait(LONG)
    yield made
    made.close()


def ask(widget: ScrubWidget, kind: str, **fields: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The answer to a message, and all that was sent meanwhile."""
    sent: list[dict[str, Any]] = []
    widget.send = lambda content, buffers=None: sent.append(content)
    widget._answer({"kind": kind, "id": "7", **fields})
    widget.session.wait_search(LONG)
    return next(content for content in sent if content.get("id") == "7"), sent


SEARCH = {"under": "logits>a1.h0.k", "question": "keep", "rule": None, "each": "component", "samples": 16, "exact": 2}


def test_a_search_is_a_trait_and_fills_in_by_messages(widget: ScrubWidget) -> None:
    answer, sent = ask(widget, "search", **SEARCH)
    assert answer["kind"] == "ack"
    news = [m["search"] for m in sent if m["kind"] == "searching"]
    assert [len(s["cells"]) for s in news[:4]] == [0, 1, 2, 3]
    (search,) = widget._searches
    assert msgspec.convert(search, type=wire.SearchInfo).message == "done"
    assert sum(cell["exact"] for cell in search["cells"]) == 2
    assert (search["done"], search["running"], search["rev"]) == (search["total"], False, widget.session.rev)
    own = sw.importance(shared_task(), widget.hypothesis, "logits>a1.h0.k", "keep", samples=16)
    rough = {cell["component"]: cell["effect"]["value"] for cell in search["cells"] if not cell["exact"]}
    assert rough == {name: round(own[name].effect.value, 5) for name in rough}


def test_accept_is_one_undo_step_and_names_its_claims(widget: ScrubWidget) -> None:
    before = widget.hypothesis
    answer, _ = ask(widget, "accept", components=["embed"], under="logits>a1.h0.k", rule="token", keep=True)
    assert answer["claims"] == ["logits>a1.h0.k>embed"]
    assert len(widget.hypothesis) == 4
    widget.undo()
    assert widget.hypothesis == before


@pytest.mark.parametrize(
    ("kind", "fields", "sentence"),
    [
        ("search", {**SEARCH, "under": "logits>a1.h1.k"}, "no claim"),
        ("search", {**SEARCH, "question": "rule"}, "names the rule"),
        ("search", {**SEARCH, "question": "rule", "rule": "nonsense"}, "no rule 'nonsense'"),
        ("search", {**SEARCH, "each": "neuron"}, "does not know"),
        ("search", {**SEARCH, "samples": 65}, "from 2 to 64"),
        (
            "accept",
            {"components": ["a1.h1"], "under": "logits>a1.h0.k", "rule": "token", "keep": True},
            "does not send",
        ),
        ("accept", {"components": [], "under": "logits", "rule": "token", "keep": True}, "at least one"),
    ],
)
def test_a_refusal_is_a_sentence_and_changes_nothing(
    widget: ScrubWidget, kind: str, fields: dict[str, Any], sentence: str
) -> None:
    before = widget.hypothesis, widget.session.rev, widget.session.searches
    answer, _ = ask(widget, kind, **fields)
    assert answer["kind"] == "rejected"
    assert sentence in answer["message"]
    assert (widget.hypothesis, widget.session.rev, widget.session.searches) == before


def test_the_trait_has_the_newest_searches_that_fit(widget: ScrubWidget) -> None:
    ask(widget, "search", **SEARCH)
    (one,) = widget.session.searches
    cells = len(one.rows)
    many = searches_of([one] * (MOST_CELLS // cells + 5))
    assert len(many) == MOST_CELLS // cells
