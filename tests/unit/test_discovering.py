"""A session's discovery: in the engine thread, from a frozen start, cancelled, resumed, accepted as one step. No sleeps."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubError, Session
from scrub_widgets.engine import stack
from scrub_widgets.explore import Discovery, discover
from tests.unit.gate import LONG
from tests.unit.models import gpt2
from tests.unit.test_search import Turnstile

BUDGET = 60


class Waiting(Turnstile):
    """The divergence from the model, which can be made to wait, or to fail."""

    error: Exception | None = None

    def __call__(self, logits: Any, batch: Any, clean: Any = None) -> Any:
        super().__call__(logits, batch)
        if self.error is not None:
            raise self.error
        return sw.losses.kl().function(logits, batch, clean)


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Session, Waiting]]:
    monkeypatch.setattr(stack, "MOST", 1)  # every hypothesis by itself: an answer comes with the last one of its stack
    m, gate = gpt2(), Waiting()
    loss = replace(sw.losses.kl(), name="gated", function=gate, terms=None)
    s = Session(sw.Task(m.bridge, m.tokens, loss=loss, held_out=0.25), samples=48)
    s.wait(LONG, checked=True)
    yield s, gate
    gate.free.set()
    s.close()


def whole(session: Session, **more: Any) -> Discovery:
    """The same from a script."""
    s = session.settings
    return discover(session.task, samples=s.samples, seed=s.seed, budget=BUDGET, confirm=False, progress=False, **more)


def test_a_discovery_gives_what_a_script_gets(slow: tuple[Session, Waiting]) -> None:
    session, _ = slow
    begun = session.discover(budget=BUDGET, threshold=0.01)
    assert (begun.running, begun.number, begun.rev) == (True, 1, session.rev)
    finding = session.wait_discover(LONG)
    assert finding is not None
    own = whole(session, threshold=0.01)
    assert finding.hypothesis == own.hypothesis
    assert finding.found.answers == own.answers
    assert [step.message for step in finding.found.steps] == [step.message for step in own.steps]
    assert finding.complete
    assert not finding.running
    assert finding.fresh > 0
    assert session.hypothesis == Hypothesis()  # nothing is claimed until it is accepted
    assert session.tries == own.scrubs  # each scrub was of another hypothesis


def test_cancel_keeps_the_steps_and_resume_ends_as_if_it_had_never_stopped(slow: tuple[Session, Waiting]) -> None:
    session, gate = slow
    own = whole(session, threshold=0.01)
    gate.let(15)
    session.discover(budget=BUDGET, threshold=0.01)
    assert gate.waiting.wait(LONG)
    began = time.monotonic()
    session.cancel_discover()
    assert time.monotonic() - began < 1
    kept = session.discovery
    assert kept is not None
    assert (kept.running, kept.message, session.discovering) == (False, "cancelled", False)
    assert 0 < kept.found.scrubs < own.scrubs
    gate.free.set()
    assert session.wait_discover(LONG) is kept  # what was under way is not added any more
    session.resume_discover()
    finding = session.wait_discover(LONG)
    assert finding is not None
    assert finding.hypothesis == own.hypothesis
    assert finding.found.answers == own.answers
    assert finding.found.steps[: len(kept.found.steps)] == kept.found.steps
    with pytest.raises(ScrubError, match="the discovery is complete"):
        session.resume_discover()


def test_an_edit_goes_first_and_takes_nothing_of_it(slow: tuple[Session, Waiting]) -> None:
    session, gate = slow
    own = whole(session, threshold=0.01)
    gate.let(12)
    session.discover(budget=BUDGET, threshold=0.01)
    assert gate.waiting.wait(LONG)
    order: list[str] = []
    done = threading.Event()

    def listen(_: Session, what: str) -> None:
        if what == "result" or (what == "discovery" and not session.discovering):
            order.append(what)
        if what == "discovery" and not session.discovering:
            done.set()

    session.subscribe(listen)
    session.set_hypothesis(Hypothesis().claim("a1.h0")[0])
    gate.free.set()
    assert done.wait(LONG)
    assert order[0] == "result"
    finding = session.discovery
    assert finding is not None
    assert finding.rev < session.rev
    assert finding.hypothesis == own.hypothesis
    assert finding.found.answers == own.answers
    assert session.hypothesis == Hypothesis().claim("a1.h0")[0]


def test_accept_is_one_step_and_confirming_counts_the_tries(slow: tuple[Session, Waiting]) -> None:
    session, _ = slow
    session.discover(budget=BUDGET, threshold=0.01)
    finding = session.wait_discover(LONG)
    assert finding is not None
    before = session.rev
    assert session.accept_discovery() == before + 1
    assert session.hypothesis == finding.hypothesis
    assert session.step.edit == f"accept the circuit found: {finding.fresh} claims"
    result = session.wait(LONG)
    assert result is not None
    assert finding.found.recovered is not None
    assert result.loss_recovered.value == pytest.approx(finding.found.recovered.value, abs=1e-6)
    confirmed = session.confirm(LONG)
    assert confirmed.tries == finding.found.scrubs + 1
    session.undo()
    assert session.hypothesis == Hypothesis()


def test_it_begins_at_a_port_of_the_present_hypothesis(slow: tuple[Session, Waiting]) -> None:
    session, _ = slow
    given = Hypothesis().claim("a1.h0")[0]
    session.set_hypothesis(given)
    session.discover("logits>a1.h0.k", present=True, budget=BUDGET)
    finding = session.wait_discover(LONG)
    assert finding is not None
    assert finding.found.options.start == given
    assert all(claim.parent != "logits" for claim in finding.hypothesis if claim.id not in given)


def test_a_plan_costs_nothing_and_tells_the_scrubs(slow: tuple[Session, Waiting]) -> None:
    session, _ = slow
    plan = session.plan_discover(budget=BUDGET, samples=32)
    assert (plan.scrubs, plan.samples, plan.senders) == (BUDGET, 32, 8)
    assert plan.seconds > 0
    assert not plan.measured
    assert session.discovery is None
    session.search()
    session.wait_search(LONG)
    assert session.plan_discover(budget=BUDGET).measured


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ({"threshold": 2.0}, "between 0 and 1"),
        ({"budget": 0}, "budget="),
        ({"depth": 0}, "depth="),
        ({"max_claims": 0}, "max_claims="),
        ({"rule": "nonsense"}, "no rule 'nonsense'"),
        ({"under": "logits>a1.h0.k"}, "no claim"),
        ({"samples": 4096}, "from 2 to 48"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_sentence(
    slow: tuple[Session, Waiting], asked: dict[str, Any], sentence: str
) -> None:
    session, _ = slow
    wanted = {"budget": BUDGET, **asked}
    acts: list[Callable[..., object]] = [session.discover, session.plan_discover]
    for act in acts:
        with pytest.raises(ScrubError, match=sentence):
            act(**wanted)
    assert session.discovery is None
    assert not session.discovering


def test_there_is_one_at_a_time_and_something_to_accept(slow: tuple[Session, Waiting]) -> None:
    session, gate = slow
    with pytest.raises(ScrubError, match="no discovery to resume"):
        session.resume_discover()
    with pytest.raises(ScrubError, match="nothing was found yet"):
        session.accept_discovery()
    gate.let(12)
    session.discover(budget=BUDGET, threshold=0.01)
    assert gate.waiting.wait(LONG)
    with pytest.raises(ScrubError, match="is under way"):
        session.discover(budget=BUDGET)
    with pytest.raises(TimeoutError, match="still running"):
        session.wait_discover(0.01)
    session.cancel()  # stops everything
    assert not session.discovering


def test_what_fails_is_told_and_what_was_found_stays(slow: tuple[Session, Waiting]) -> None:
    session, gate = slow
    gate.let(12)
    session.discover(budget=BUDGET, threshold=0.01)
    assert gate.waiting.wait(LONG)

    gate.error = RuntimeError("the device is gone")
    gate.free.set()
    with pytest.raises(ScrubError, match="the device is gone"):
        session.wait_discover(LONG)
    finding = session.discovery
    assert finding is not None
    assert "the device is gone" in finding.error
    assert finding.found.scrubs > 0


def test_tries_are_not_counted_twice_by_a_file(slow: tuple[Session, Waiting]) -> None:
    session, _ = slow
    session.discover(budget=BUDGET, threshold=0.01)
    session.wait_discover(LONG)
    tries = session.tries
    session.load_json(session.to_json())
    assert session.tries == tries
