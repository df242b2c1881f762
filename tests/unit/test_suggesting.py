"""A session suggests rules for a claim: in the engine thread, as a script gets them, ended by an edit. No sleeps."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubError, ScrubWidget
from scrub_widgets.widget import wire
from tests.unit.gate import LONG
from tests.unit.tiny import shared_task

CLAIM = "logits>a1.h0"


@pytest.fixture
def widget() -> Iterator[ScrubWidget]:
    made = ScrubWidget(shared_task(), Hypothesis().claim("a1.h0", rule="token")[0], samples=64)
    made.wait(LONG)
    yield made
    made.close()


def test_suggestions_are_those_of_a_script_and_reach_the_view(widget: ScrubWidget) -> None:
    session = widget.session
    begun = session.suggest_rules(CLAIM)
    assert (begun.rev, begun.running) == (session.rev, True)
    suggested = session.wait_suggest(LONG)
    assert suggested is not None
    assert (suggested.running, suggested.message) == (False, "done")
    own = sw.suggest_rules(shared_task(), session.hypothesis, CLAIM, samples=64, combine=False, progress=False)
    assert suggested.found is not None
    assert [(r.rule, r.cost, r.bits) for r in suggested.found.rows] == [(r.rule, r.cost, r.bits) for r in own.rows]
    shown = msgspec.convert(widget._suggestion, type=wire.SuggestionInfo)
    assert [r.bits for r in shown.rules] == sorted(r.bits for r in shown.rules)
    assert {r.rule for r in shown.rules if r.best} == {r.rule for r in own.pareto}
    assert shown.coarsest == (None if own.coarsest is None else own.coarsest.rule)
    assert (shown.done, shown.total, shown.sentence) == (len(own), len(own), own.sentence)
    assert session.hypothesis[CLAIM].rule == "token"  # nothing is changed until a rule is taken


def test_an_edit_ends_it_and_makes_it_stale(widget: ScrubWidget) -> None:
    session = widget.session
    with session._lock:  # the engine cannot begin
        session.suggest_rules(CLAIM)
        session.set_hypothesis(Hypothesis().claim("a1.h1")[0])
        suggested = session.suggestion
    assert suggested is not None
    assert (suggested.running, suggested.message) == (False, "ended by an edit")
    assert suggested.rev < session.rev
    assert session.wait_suggest(LONG) is suggested


def test_a_claim_that_is_not_there_is_refused(widget: ScrubWidget) -> None:
    with pytest.raises(ScrubError, match=r"no claim 'logits>a0\.h0'"):
        widget.session.suggest_rules("logits>a0.h0")
    assert widget.session.suggestion is None
