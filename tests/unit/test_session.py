"""A session: history, the engine thread, superseding, cancelling, JSON. No sleeps: waits are on events."""

from __future__ import annotations

import gc
import json
import threading
import weakref
from collections.abc import Iterator
from typing import Any

import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, ScrubError, Session
from tests.unit.gate import LONG, Gate
from tests.unit.models import gpt2
from tests.unit.tiny import head, shared_task


@pytest.fixture
def gated() -> Iterator[tuple[Session, Gate]]:
    m, gate = gpt2(), Gate()
    s = Session(sw.Task(m.bridge, m.tokens, loss=gate), samples=1000)
    s.wait(LONG, checked=True)
    gate.armed = True
    yield s, gate
    gate.open.set()
    s.close()


def test_an_edit_gives_the_number_that_a_script_gets(session: Session) -> None:
    session.set_hypothesis(head("token at 1"))
    r = session.wait(LONG)
    assert r is not None
    own = shared_task().scrub(head("token at 1"), samples=64)
    assert r.loss_recovered == own.loss_recovered
    assert not session.stale


def test_undo_and_redo_bring_the_old_numbers_at_once(session: Session) -> None:
    first = session.wait(LONG)
    session.set_hypothesis(head())
    second = session.wait(LONG)
    assert first is not None
    assert second is not None
    told: list[str] = []
    session.subscribe(lambda _, what: told.append(what))
    session.undo()
    assert session.result is first  # before anything could be computed
    assert session.hypothesis == Hypothesis()
    assert not session.can_undo
    session.redo()
    assert session.result is second
    assert told == ["state", "result", "status"] * 2
    with pytest.raises(ScrubError, match="nothing to redo"):
        session.redo()


def test_a_new_edit_forgets_what_was_undone(session: Session) -> None:
    session.set_hypothesis(head())
    session.undo()
    session.set_hypothesis(head("any input"))
    assert not session.can_redo
    session.undo()
    assert session.hypothesis == Hypothesis()


def test_a_refused_edit_changes_nothing(session: Session) -> None:
    before = (session.rev, session.step, session.status)
    with pytest.raises(HypothesisError, match="no component"):
        session.set_hypothesis(Hypothesis().claim("a9.h9")[0])
    with pytest.raises(ScrubError, match="samples="):
        session.set_settings(samples=0)
    with pytest.raises(ScrubError, match="expected a Hypothesis"):
        session.set_hypothesis("a1.h0")  # type: ignore[arg-type]
    assert before == (session.rev, session.step, session.status)


def test_five_edits_end_in_one_result(gated: tuple[Session, Gate]) -> None:
    session, gate = gated
    results: list[int] = []
    session.subscribe(lambda s, what: results.append(s.rev) if what == "result" else None)
    session.set_hypothesis(head())
    assert gate.entered.wait(LONG)  # the first is being computed
    for seed in range(1, 5):
        session.set_settings(seed=seed)
    gate.open.set()
    r = session.wait(LONG)
    assert r is not None
    assert r.settings.seed == 4
    assert results == [session.rev]


def test_cancel_keeps_what_was_shown(gated: tuple[Session, Gate]) -> None:
    session, gate = gated
    before = session.result
    session.set_hypothesis(head())
    assert gate.entered.wait(LONG)
    session.cancel()
    gate.open.set()
    session.wait(LONG)
    assert session.status.phase == "cancelled"
    assert session.hypothesis == head()
    assert session.result is before
    assert session.stale
    session.run()
    r = session.wait(LONG)
    assert r is not None
    assert r.hypothesis == head()
    assert not session.stale


def test_partial_results_come_before_the_last(gated: tuple[Session, Gate]) -> None:
    session, gate = gated
    seen: list[tuple[str, int]] = []
    session.subscribe(
        lambda s, what: (
            seen.append((what, len(s.outcome.result.losses))) if what in ("partial", "result") and s.outcome else None
        )
    )
    gate.open.set()
    session.set_hypothesis(head())
    session.wait(LONG)
    assert seen[0] == ("partial", 64)
    assert seen[-1] == ("result", 1000)
    assert session.outcome is not None
    assert [n for n, _ in session.outcome.trail] == [64, 256, 512, 768, 1000]


def test_an_error_in_a_rule_is_shown_and_the_session_goes_on() -> None:
    calls: list[int] = []

    def fails_late(batch: sw.rules.Batch) -> Any:
        calls.append(1)
        raise ValueError("no luck")

    task = shared_task().with_rules(bad=fails_late)
    session = Session(task, samples=64)
    session.wait(LONG)
    with pytest.raises(sw.RuleError, match="raises on example 0: ValueError: no luck"):
        session.set_hypothesis(head("bad"))
    session.set_hypothesis(head())
    assert session.wait(LONG) is not None
    session.close()


def test_an_error_while_computing_is_kept_and_said() -> None:
    m = gpt2()
    armed: list[bool] = []

    def loss(logits: Any, batch: sw.rules.Batch) -> Any:
        return logits[:, 0, 0] / 0 if armed else logits[:, 0, 0]

    session = Session(sw.Task(m.bridge, m.tokens, loss=loss), samples=64)
    session.wait(LONG)
    armed.append(True)
    session.set_hypothesis(head())
    with pytest.raises(ScrubError, match="for reference example"):
        session.wait(LONG)
    assert session.status.phase == "error"
    assert session.last_error is session.status.error
    armed.clear()
    session.set_settings(seed=1)
    assert session.wait(LONG) is not None
    session.close()


def test_json_round_trips_to_the_byte(session: Session) -> None:
    session.set_hypothesis(head("token"))
    session.set_settings(seed=5, unclaimed="global", baseline="ablated")
    session.wait(LONG, checked=True)
    text = session.to_json()
    assert json.loads(text)["checked"]
    other = Session(shared_task(), samples=64)
    other.load_json(text)
    other.wait(LONG, checked=True)
    assert other.to_json() == text
    assert other.hypothesis == session.hypothesis
    assert other.settings == session.settings
    other.load_json(Hypothesis().to_json())
    assert other.hypothesis == Hypothesis()
    with pytest.raises(HypothesisError, match="claims none"):  # nothing left that the baseline could ablate
        other.wait(LONG)
    other.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"schema": 9}, "schema version 9"),
        ({"data": "0000"}, r"other data: saved with fingerprint 0000, here it is \w+ \(task 'tiny', here 'tiny'\)"),
        ({"data": "0000", "model": "1111"}, "other data: .*; other model: saved with fingerprint 1111"),
        ({"settings": {"samples": 2, "speed": 1}}, "settings are not well formed"),
        ({"kind": "cake"}, "something else"),
    ],
)
def test_files_that_do_not_belong_here_are_refused(session: Session, change: dict[str, Any], words: str) -> None:
    text = json.dumps({**json.loads(session.to_json()), **change})
    with pytest.raises(ScrubError, match=words):
        session.load_json(text)
    with pytest.raises(ScrubError, match="not JSON"):
        session.load_json("{")


def test_a_closed_session_says_so_and_its_thread_ends() -> None:
    session = Session(shared_task(), samples=64)
    session.close()
    assert not session._thread.is_alive()
    with pytest.raises(ScrubError, match="closed"):
        session.set_hypothesis(head())


def test_a_session_that_nobody_keeps_is_collected_and_its_thread_ends() -> None:
    session = Session(shared_task(), samples=64)
    session.wait(LONG, checked=True)
    thread, alive = session._thread, weakref.ref(session)
    del session
    thread.join(LONG)  # it holds the session only while it works, and ends when there is none
    assert not thread.is_alive()
    gc.collect()
    assert alive() is None


def test_edits_and_previews_do_not_wait_for_the_engine(gated: tuple[Session, Gate]) -> None:
    session, gate = gated
    session.set_hypothesis(head())
    assert gate.entered.wait(LONG)  # the engine is inside a chunk, and stays there
    answered = threading.Event()

    def clicks() -> None:
        session.set_hypothesis(head("previous token"))
        session.task.classes("next token")
        answered.set()

    threading.Thread(target=clicks, daemon=True).start()
    assert answered.wait(LONG)
    gate.open.set()
    assert session.wait(LONG) is not None


def test_wait_gives_up_after_its_time(gated: tuple[Session, Gate]) -> None:
    session, gate = gated
    session.set_hypothesis(head())
    assert gate.entered.wait(LONG)
    with pytest.raises(TimeoutError, match="still running"):
        session.wait(0.01)
