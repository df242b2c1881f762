"""The history: a tree that only grows, restored and told of piece by piece; names and notes; groups; JSON."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import settings as trials
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, ScrubError, Session
from scrub_widgets.history import History, Step
from scrub_widgets.labels import Label
from scrub_widgets.widget import edits, wire
from scrub_widgets.widget import history as told
from tests.unit.gate import LONG, Gate
from tests.unit.models import gpt2
from tests.unit.tiny import head, shared_task

A = "logits>a1.h0"


def number(session: Session) -> float:
    r = session.wait(LONG)
    assert r is not None
    assert not session.stale
    return r.loss_recovered.value


# -- the tree -----------------------------------------------------------------------------------------------------------


class Walks(RuleBasedStateMachine):
    """Random edits, undo, redo, restore and names, beside a model of what must hold."""

    def __init__(self) -> None:
        super().__init__()
        self.history = History.of(Step())
        self.made: list[tuple[int | None, Hypothesis]] = [(None, Hypothesis())]
        self.undone: list[int] = []

    @rule(name=st.sampled_from(["a0.h0", "a0.h1", "m0", "m1"]))
    def edit(self, name: str) -> None:
        h = head(name=name)
        self.made.append((self.history.at, h))
        self.history = self.history.then(Step(h))
        self.undone = []

    @precondition(lambda self: self.history.can_undo)
    @rule()
    def undo(self) -> None:
        self.undone.append(self.history.at)
        self.history = self.history.undone()

    @precondition(lambda self: self.undone)
    @rule()
    def redo(self) -> None:
        self.history = self.history.redone()
        assert self.history.at == self.undone.pop()

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(0, len(self.history) - 1))
        self.history = self.history.restored(number)
        assert self.history.at == number
        self.undone = []

    @rule(data=st.data(), text=st.text("abc", max_size=4))
    def name(self, data: st.DataObject, text: str) -> None:
        number = data.draw(st.integers(0, len(self.history) - 1))
        at = self.history.at
        self.history = self.history.marked(number, name=text)
        assert self.history[number].label.name == text
        assert self.history.at == at

    @invariant()
    def nothing_is_forgotten(self) -> None:
        kept = [(entry.parent, entry.step.hypothesis) for entry in self.history.entries]
        assert kept == self.made
        assert [entry.id for entry in self.history.entries] == list(range(len(kept)))

    @invariant()
    def undo_leads_to_the_parent_and_redo_back(self) -> None:
        line = self.history.line(self.history.at)
        assert line[-1] == 0
        assert self.history.at in self.history.line(self.history.tip)
        assert self.history.can_undo == (len(line) > 1)
        if self.history.can_undo:
            before = self.history.undone()
            assert before.at == self.made[self.history.at][0]
            assert before.redone().at == self.history.at


TestWalks = Walks.TestCase
TestWalks.settings = trials(max_examples=60, stateful_step_count=40, deadline=None)


def test_an_edit_after_an_undo_begins_a_branch_and_keeps_the_old_one(session: Session) -> None:
    session.set_hypothesis(head("token at 1"))
    first = number(session)
    session.undo()
    session.set_hypothesis(head("any input"))
    second = number(session)
    assert not session.can_redo
    steps = session.history
    assert [(s.id, s.parent, s.present) for s in steps] == [(0, None, False), (1, 0, False), (2, 0, True)]
    assert [s.recovered and s.recovered.value for s in steps][1:] == [first, second]
    assert ">   2 (from 0)" in str(steps)
    session.restore(1)
    assert session.hypothesis == head("token at 1")
    assert not session.stale
    session.undo()
    session.redo()
    assert session.history.present.id == 1
    with pytest.raises(ScrubError, match="no step 9; the steps go from 0 to 2"):
        session.restore(9)
    with pytest.raises(ScrubError, match="no step True"):
        session.mark(True, name="x")


def test_old_numbers_return_at_once(session: Session) -> None:
    rules = ["token at 1", "any input", "previous token", "token", "next token"]
    numbers = []
    for name in rules:
        session.set_hypothesis(head(name))
        numbers.append(number(session))
    for step, value in list(enumerate(numbers, start=1))[::-1]:
        if step == session.history.present.id:
            continue
        began = time.perf_counter()
        session.restore(step)
        took = time.perf_counter() - began
        assert session.result is not None
        assert (session.stale, session.result.loss_recovered.value) == (False, value)
        assert took < 0.1


def test_numbers_stay_when_outcomes_make_room(session: Session) -> None:
    session._known.room = 1  # of no more than the newest outcome
    values = {}
    for at in range(4):
        session.set_hypothesis(head(f"token at {at}"))
        values[at + 1] = number(session)
    assert len(session._known) == 1
    assert {s.id: s.recovered.value for s in session.history if s.recovered and s.id} == values
    session.restore(1)
    assert number(session) == values[1]  # measured again, on the same draws


def test_names_and_notes_of_steps_are_no_steps(session: Session) -> None:
    rev = session.rev
    session.mark(0, name=" nothing claimed ", note="where it began")
    assert session.history[0].label == Label("nothing claimed", "where it began")
    assert (session.rev, len(session.history)) == (rev, 1)
    session.mark(0, name="")
    assert session.history[0].label == Label("", "where it began")


def test_what_the_trait_holds_does_not_grow_with_the_session() -> None:
    session = Session(shared_task(), samples=8)
    long = "; ".join(f"claim a0.h{i} under logits" for i in range(40))
    for i in range(500):
        h = head(f"token at {i % 4}", ("a1.h0", "a0.h1", "m1")[i % 3])
        session.set_hypothesis(h, long)
    info = told.history_of(session)
    assert info.count == len(session.history) == 501
    assert [s.id for s in info.steps] == list(range(461, 501))
    assert len(json.dumps(wire.plain(info))) < 20_000
    session.mark(7, name="the old one")
    session.restore(3)
    shown = told.history_of(session)
    assert {3, 7} < {s.id for s in shown.steps}
    assert len(shown.steps) == told.RECENT
    session.close()


# -- names and notes of claims ----------------------------------------------------------------------------------------


def test_a_name_scrubs_nothing_and_the_number_stays_fresh(session: Session) -> None:
    session.set_hypothesis(head("token"))
    before, outcome = number(session), session.outcome
    heard: list[str] = []
    session.subscribe(lambda _, what: heard.append(what))
    rev = session.label(A, name="mover", note="copies the name")
    assert heard == ["state", "result", "status"]
    assert rev == session.rev == 2
    assert not session.stale
    assert session.outcome is not None
    assert outcome is not None
    assert session.outcome.result is outcome.result
    assert number(session) == before
    assert session.tries == 1
    assert session.labels == {A: Label("mover", "copies the name")}
    session.undo()
    assert session.labels == {}
    assert not session.stale
    session.redo()
    assert session.labels[A].name == "mover"
    assert session.label(A, name="mover") == session.rev == 4  # the same name again is no step


def test_a_name_given_while_a_run_is_on_its_way_does_not_begin_it_anew() -> None:
    m, gate = gpt2(), Gate()
    session = Session(sw.Task(m.bridge, m.tokens, loss=gate), samples=600)
    session.wait(LONG, checked=True)
    runs: list[int] = []
    session.subscribe(lambda s, what: runs.append(s.status.done) if what == "status" else None)
    gate.armed = True
    session.set_hypothesis(head())
    assert gate.entered.wait(LONG)
    rev = session.label(A, name="mover")
    gate.open.set()
    r = session.wait(LONG)
    assert r is not None
    assert session.outcome is not None
    assert (session.outcome.rev, session.rev) == (rev, rev)
    assert not session.stale
    assert runs[:3] == [0, 0, 64]  # queued, the same under its new revision, and on it goes
    session.close()


def test_labels_follow_their_claims_and_go_with_them(session: Session) -> None:
    h, top = head().claim("a0.h0", under=f"{A}.q", rule="token")
    session.set_hypothesis(h)
    session.label(A, name="mover")
    session.label(top, note="why")
    edits.apply(session, wire.Change(claim=A, positions=[2]))
    assert session.labels == {f"{A}@2": Label("mover"), f"{A}@2.q>a0.h0": Label("", "why")}
    edits.apply(session, wire.Remove(claims=[f"{A}@2.q>a0.h0"]))
    assert session.labels == {f"{A}@2": Label("mover")}
    session.set_hypothesis(Hypothesis())
    assert session.labels == {}
    session.undo()
    assert session.labels == {f"{A}@2": Label("mover")}


@pytest.mark.parametrize(
    ("claim", "label", "words"),
    [
        ("logits>a1.h9", {"name": "x"}, "no claim 'logits>a1.h9'"),
        (A, {"name": "x" * 81}, "at most 80 characters"),
        (A, {"name": "two\nlines"}, "one line"),
        (A, {"note": 7}, "a note is text, not 7"),
    ],
)
def test_what_is_no_label_is_refused(session: Session, claim: str, label: dict[str, Any], words: str) -> None:
    session.set_hypothesis(head())
    before = (session.rev, session.step)
    with pytest.raises(ScrubError, match=words):
        session.label(claim, **label)
    assert before == (session.rev, session.step)


# -- groups -----------------------------------------------------------------------------------------------------------


def test_group_and_ungroup_keep_rules_and_what_stands_below() -> None:
    h, first = Hypothesis().claim("a1.h0", rule="token")
    h, second = h.claim("a1.h1", rule="token")
    h, _ = h.claim("a0.h0", under=f"{first}.k", rule="previous token")
    grouped, group = h.group([first, second])
    assert [c.id for c in grouped] == ["logits>a1.h0+a1.h1", "logits>a1.h0+a1.h1.k>a0.h0"]
    assert {c.rule for c in grouped} == {"token", "previous token"}
    apart, ids = grouped.ungroup(group)
    assert ids == [first, second]
    assert [c.id for c in apart] == [first, f"{first}.k>a0.h0", second, f"{second}.k>a0.h0"]
    assert apart.group(ids)[0] == grouped


def test_what_cannot_be_one_claim_says_why() -> None:
    h, first = Hypothesis().claim("a1.h0", rule="token")
    h, second = h.claim("a1.h1", rule="any input")
    with pytest.raises(HypothesisError, match=r"different rules, 'token', 'any input'.*one rule first"):
        h.group([first, second])
    assert h.group([first, second], rule="token")[0]["logits>a1.h0+a1.h1"].rule == "token"
    with pytest.raises(HypothesisError, match="at least two"):
        h.group([first, first])
    with pytest.raises(HypothesisError, match="nothing to ungroup"):
        h.ungroup(first)
    h, below = h.claim("a0.h0", under=f"{first}.k")
    with pytest.raises(HypothesisError, match="different ports"):
        h.group([first, below])
    h, _ = h.claim("a0.h0", under=f"{second}.k", rule="token")
    with pytest.raises(HypothesisError, match="in different ways"):
        h.group([first, second], rule="token")


# -- JSON ---------------------------------------------------------------------------------------------------------------


def test_labels_and_history_round_trip_to_the_byte(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.label(A, name="mover", note="copies\nthe name")
    session.wait(LONG)
    session.undo()
    session.set_settings(seed=5)
    session.wait(LONG, checked=True)
    session.mark(1, name="first try", note="ok")
    text = session.to_json()
    other = Session(shared_task(), samples=64)
    other.load_json(text)
    other.wait(LONG, checked=True)
    assert other.to_json() == text
    assert str(other.history) == str(session.history)
    other.restore(2)
    assert other.labels == {A: Label("mover", "copies\nthe name")}
    assert other.to_json() != text
    other.close()


def test_a_file_is_a_branch_of_a_session_in_which_something_was_done(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    text = session.to_json()
    other = Session(shared_task(), head("any input"), samples=64)
    other.wait(LONG)
    other.load_json(text)
    assert [(s.parent, s.present) for s in other.history] == [(None, False), (0, False), (1, True)]
    assert other.hypothesis == head("token")
    other.undo()
    other.undo()
    assert other.hypothesis == head("any input")
    other.close()


def test_files_from_before_still_load(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    body = json.loads(session.to_json())
    for new in ("labels", "history"):
        del body[new]
    other = Session(shared_task(), samples=64)
    other.load_json(json.dumps(body))
    assert other.hypothesis == head("token")
    other.undo()
    assert other.hypothesis == Hypothesis()
    other.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"labels": {A: {"name": 3}}}, "labels are not well formed"),
        ({"history": {"at": 0}}, "history is not well formed"),
        ({"labels": {A: {"name": "else", "note": ""}}}, "changed by hand"),
    ],
)
def test_a_broken_file_changes_nothing(session: Session, change: dict[str, Any], words: str) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    text = json.dumps({**json.loads(session.to_json()), **change})
    before = (session.rev, session._history)
    with pytest.raises(ScrubError, match=words):
        session.load_json(text)
    assert before == (session.rev, session._history)


def test_a_number_keeps_the_count_of_the_first_time(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.wait(LONG)
    session.set_hypothesis(head("any input"))
    session.wait(LONG)
    session.undo()
    session.wait(LONG, checked=True)
    text = session.to_json()
    other = Session(shared_task(), samples=64)
    other.load_json(text)
    other.wait(LONG, checked=True)
    assert [s.tries for s in other.history] == [0, 1, 2]
    assert other.to_json() == text
    other.close()
