"""How a session asks for a confirmation: once for each frozen hypothesis, in the engine thread."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from . import jobs
from .confirm import Confirmation
from .errors import ScrubError
from .history import Status

if TYPE_CHECKING:
    from .session import Session


def problem(session: Session) -> str | None:
    """Why the present hypothesis cannot be confirmed, in a sentence; None if it can."""
    if not session.task.has_held_out:
        return (
            "there are no held-out inputs to confirm on: make the task with Task(..., held_out=0.25), and a quarter of its "
            "inputs is kept aside before exploring begins."
        )
    if not len(session.hypothesis):
        return "there is nothing to confirm yet: claim a component first."
    return None


def ask(session: Session) -> Confirmation | None:
    """The recorded confirmation of the present hypothesis; if there is none, a measurement is begun."""
    with session._lock:
        session._open()
        known = session.confirmation
        if known is not None:
            known = replace(known, repeated=True)
            session._say(replace(session.status, message=str(known)))
            return known
        reason = problem(session)
        if reason is not None:
            raise ScrubError(reason)
        running = session._jobs.confirm
        if running is not None and running[1].hypothesis != session.hypothesis:
            raise ScrubError("another hypothesis is being confirmed; ask again when it is done.")
        if running is None:
            session._jobs.confirm = (session.rev, session.step)
            if session.status.phase not in ("loading", "running"):
                session._say(Status("running", session.rev, 0, session.settings.samples, jobs.CONFIRMING))
            session._tell("confirm")
            session._changed.notify_all()
        return None


def confirm(session: Session, timeout: float | None) -> Confirmation:
    """Ask, and wait for the answer."""
    with session._changed:
        hypothesis = session.hypothesis
        known = ask(session)
        if known is not None:
            return known
        if not session._changed.wait_for(lambda: not session.confirming, timeout):
            raise TimeoutError(f"the confirmation is still running after {timeout} s ({session.status.message}).")
        found = session._record.of(hypothesis)
        if found is not None:
            return found
        raise session.status.error or ScrubError("the confirmation was cancelled; nothing was recorded.")
