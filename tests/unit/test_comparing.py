"""Two steps against each other: the tree diff, the paired difference, what is said about settings, and the job."""

from __future__ import annotations

import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubError, Session
from scrub_widgets.diff import changes
from scrub_widgets.history import Step
from scrub_widgets.widget import wire
from scrub_widgets.widget.history import compare_of
from tests.unit.gate import LONG, Gate
from tests.unit.models import gpt2
from tests.unit.tiny import head, shared_task


def test_the_diff_names_what_was_added_removed_and_changed() -> None:
    a, top = Hypothesis().claim("a1.h0", rule="token")
    a, _ = a.claim("a0.h0", under=f"{top}.q", rule="token")
    a, _ = a.claim("m1")
    b, top = Hypothesis().claim("a1.h0", rule="previous token", positions=[4, 5], paths="all", share="S1")
    b, _ = b.claim("a0.h0", under=f"{top}.q", rule="token")
    b, _ = b.claim("a1.h1")
    found = changes(a, b)
    assert [(c.sign, c.claim.id) for c in found] == [
        ("~", "logits>a1.h0@4,5"),
        ("+", "logits>a1.h1"),
        ("-", "logits>m1"),
    ]
    assert found[0].what == (
        "rule: token → previous token",
        "positions: everywhere → 4, 5",
        "paths: direct → all",
        "share: own draw → S1",
    )
    assert changes(a, a) == ()
    assert [c.sign for c in changes(b, a)] == ["~", "+", "-"]


def test_claims_at_several_positions_are_matched_by_their_own_first() -> None:
    a = Hypothesis().claim("m1", positions=[0])[0].claim("m1", positions=[1])[0]
    b = Hypothesis().claim("m1", positions=[1])[0].claim("m1", positions=[2])[0]
    assert [str(c) for c in changes(a, b)] == ["~ logits>m1@2 · positions: 0 → 2"]


def test_the_difference_is_that_of_a_script_and_comes_from_memory(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    session.set_hypothesis(head("any input"))
    session.wait(LONG)
    runs: list[str] = []
    session.subscribe(lambda s, what: runs.append(f"{what} {s.status.phase}"))
    found = session.compare(1, 2, LONG)
    assert runs == ["compare done"]
    script = shared_task().compare(head("token"), head("any input"), samples=64)
    assert found.difference == script.difference
    assert found.within_noise == script.within_noise
    assert found.words in str(found)
    assert "~ logits>a1.h0 · rule: token → any input" in str(found)
    back = session.compare(2, 1, LONG)
    assert back.difference is not None
    assert back.difference.value == pytest.approx(-found.difference.value)
    shown = compare_of(session)
    assert shown is not None
    assert (shown.a, shown.b, shown.running) == (2, 1, False)
    assert [c.rule for c in shown.before] == ["any input"]
    session.close_comparison()
    assert compare_of(session) is None


def test_other_settings_get_their_sentence_and_those_of_b(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    session.edit(lambda step: Step(head("any input"), sw.engine.settings.settings(32, 7)))
    session.wait(LONG)
    found = session.compare(1, 2, LONG)
    assert "samples 64 in A and 32 in B, seed 0 in A and 7 in B" in found.notes[0]
    assert "settings of B" in found.notes[0]
    script = shared_task().compare(head("token"), head("any input"), samples=32, seed=7)
    assert found.difference == script.difference
    assert session.tries == 2  # what was measured for the comparison is no new hypothesis


def test_claims_that_are_the_same_have_no_difference(session: Session) -> None:
    session.set_settings(seed=3)
    session.wait(LONG)
    found = session.compare(0, 1, LONG)
    assert found.difference is None
    assert "same claims; only seed 0 in A and 3 in B" in found.words
    session.set_hypothesis(head())
    session.label("logits>a1.h0", name="mover")
    assert "same claims and the same settings" in session.compare(2, 3, LONG).words
    with pytest.raises(ScrubError, match="cannot be compared with itself"):
        session.compare(1, 1)
    with pytest.raises(ScrubError, match="no step 12"):
        session.compare(1, 12)


def test_ablated_baselines_that_differ_are_replaced_and_it_is_said(session: Session) -> None:
    session.edit(lambda step: Step(head("token"), sw.engine.settings.settings(64, baseline="ablated")))
    session.wait(LONG)
    session.set_hypothesis(head("token", "a1.h1"))
    session.wait(LONG)
    found = session.compare(1, 2, LONG)
    assert "against 'shuffled'" in found.notes[0]
    script = shared_task().compare(head("token"), head("token", "a1.h1"), samples=64)
    assert found.difference == script.difference
    session.set_hypothesis(head("any input", "a1.h1"))
    session.wait(LONG)
    assert session.compare(2, 3, LONG).notes == ()  # the same components are ablated


def gated() -> tuple[Session, Gate]:
    """A session with two steps, of which the first was never measured under the settings of the second."""
    m, gate = gpt2(), Gate()
    session = Session(sw.Task(m.bridge, m.tokens, loss=gate), samples=600)
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    session.edit(lambda step: Step(head("any input"), sw.engine.settings.settings(600, 5)))
    session.wait(LONG, checked=True)
    gate.armed = True
    return session, gate


def test_a_comparison_can_be_cancelled() -> None:
    session, gate = gated()
    assert session.ask_compare(1, 2).running
    assert gate.entered.wait(LONG)
    session.cancel()
    gate.open.set()
    assert session.comparison is not None
    assert session.comparison.words == "The comparison was cancelled."
    session.wait(LONG)
    assert session.status.phase == "cancelled"
    assert not session.stale
    assert session.compare(1, 2, LONG).difference is not None
    session.close()


def test_a_comparison_gives_way_to_an_edit_and_goes_on() -> None:
    session, gate = gated()
    session.ask_compare(1, 2)
    assert gate.entered.wait(LONG)
    session.set_hypothesis(head("previous token"))
    gate.open.set()
    r = session.wait(LONG)
    assert r is not None
    assert r.hypothesis == head("previous token")
    assert session.compare(1, 2, LONG).difference is not None
    session.close()


def test_the_shape_on_the_wire(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    session.compare(0, 1, LONG)
    shown = compare_of(session)
    assert shown is not None
    plain = wire.plain(shown)
    assert plain["changes"][0]["sign"] == "+"
    assert plain["difference"]["low"] <= plain["difference"]["value"] <= plain["difference"]["high"]


def test_a_comparison_cancelled_before_it_began_is_over() -> None:
    session, gate = gated()
    session.run()  # the engine is inside this run, and stays there
    assert gate.entered.wait(LONG)
    assert session.ask_compare(1, 2).running
    session.cancel()
    gate.open.set()
    session.wait(10)
    assert session.status.phase == "cancelled"
    session.ask_compare(1, 2)
    session.close_comparison()
    session.wait(10)
    assert session.comparison is None
    session.close()
