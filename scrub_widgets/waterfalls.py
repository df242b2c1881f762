"""How a session measures a waterfall: on request, for the result that is shown, in the engine thread, remembered with it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .errors import Cancelled, ScrubError
from .history import Outcome, Status, Step
from .interrupt import interruptible
from .measure import waterfall as falls
from .measure.waterfall import Waterfall

if TYPE_CHECKING:
    from .session import Session

MEASURING = "measuring the waterfall"
CANCELLED = "the waterfall was cancelled; nothing was kept of it"


def order(session: Session) -> list[str]:
    """The present claims in the order in which they were added on this branch; those of one step as the tree is written."""
    path, entry = [session._history.entry], session._history.entry
    while entry.parent is not None:
        entry = session._history[entry.parent]
        path.append(entry)
    added: list[str] = []
    for entry in reversed(path):
        here = [claim.id for claim in entry.step.hypothesis]
        added = [claim for claim in added if claim in here]
        added += [claim for claim in here if claim not in added]
    return added


def ask(session: Session) -> Waterfall | None:
    """The waterfall of the present result, if it is known; else its measurement is begun."""
    with session._lock:
        session._open()
        outcome = session.outcome
        if outcome is None or not outcome.complete or session.stale:
            raise ScrubError("a waterfall belongs to a complete result: wait for the present hypothesis to have one.")
        if outcome.waterfall is not None:
            return outcome.waterfall
        if not len(session.hypothesis):
            raise ScrubError("there is no claim whose cost or gain could be measured: claim a component first.")
        if not outcome.result.loss_recovered.resolved:
            raise ScrubError(f"there is nothing to divide up: the loss recovered is {outcome.result.loss_recovered}.")
        if session._jobs.waterfall is None:
            session._jobs.waterfall = session.step
            if session.status.phase not in ("loading", "running"):
                session._say(Status("running", session.rev, 0, 0, MEASURING))
            session._changed.notify_all()
        return None


def wait(session: Session, timeout: float | None) -> Waterfall:
    """Ask, and wait for the answer."""
    with session._changed:
        known = ask(session)
        if known is not None:
            return known
        step = session.step
        if not session._changed.wait_for(lambda: session._jobs.waterfall is None, timeout):
            raise TimeoutError(f"the waterfall is still being measured after {timeout} s ({session.status.message}).")
        outcome = session.outcome
        if outcome is not None and outcome.waterfall is not None and session.step.key == step.key:
            return outcome.waterfall
        raise session.status.error or ScrubError(
            "the waterfall was cancelled, or an edit came first; nothing was kept."
        )


def measure(session: Session, step: Step) -> None:
    """Scrub all partial hypotheses; gives way to edits and runs, but not to new names."""

    def stop() -> None:
        with session._lock:
            if session._jobs.waterfall is not step or session._closed:
                raise Cancelled("cancelled")

    with session._lock:
        outcome = session.outcome
        chosen = order(session)
    end = Status("cancelled", session.rev, message=CANCELLED)
    error: Exception | None = None
    found: Waterfall | None = None
    try:
        stop()
        assert outcome is not None
        with interruptible(stop):
            for done, total, so_far in falls.steps(outcome.result, chosen):
                stop()
                with session._lock:
                    session._say(Status("running", session.rev, done, total, MEASURING))
                found = so_far
        end = Status("done", session.rev, total, total, "the waterfall is measured")
    except Cancelled:
        pass
    except Exception as raised:  # noqa: BLE001 - whatever happens must reach the person, not a lost thread
        error = raised
    _over(session, step, found, end if error is None else Status("error", 0, message=str(error), error=error))


def _over(session: Session, step: Step, found: Waterfall | None, end: Status) -> None:
    """The end of a measurement, however it ended."""
    with session._lock:
        if session._closed:
            return
        present = step.key == session.step.key
        if session._jobs.waterfall is step:
            session._jobs.waterfall = None
            if present and found is not None and session.outcome is not None:
                _keep(session, replace(session.outcome, waterfall=found))
        if present and session._jobs.run is None:
            session._say(replace(end, rev=session.rev))
        session._changed.notify_all()


def _keep(session: Session, outcome: Outcome) -> None:
    """With the result, and with what is still to be checked of it."""
    if session._jobs.check is not None:
        session._jobs.check = outcome
    session.outcome = outcome
    session._known.keep(session.step.key, outcome)
    session._tell("charts")
