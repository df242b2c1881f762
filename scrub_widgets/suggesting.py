"""How a session tries other rules in a claim's place: in the engine thread after a discovery, rule by rule."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, cast

from .errors import Cancelled
from .explore.suggest import suggest_steps
from .explore.suggestions import Suggestions
from .interrupt import interruptible

if TYPE_CHECKING:
    from .session import Session

PUBLISH_EVERY = 0.2
"""Seconds between two lists of rules: each message has them all."""


@dataclass(frozen=True, eq=False)
class Suggested:
    """Rules for one claim, as far as they were tried.

    Attributes
    ----------
    rev : int
        The revision that they are about; below the present one they are stale.
    claim : str
        Its id.
    found : Suggestions
        What was measured.
    running : bool
        Whether the engine is at it, or will be.
    message : str
        In words; why it failed, if it did.
    """

    rev: int
    claim: str
    found: Suggestions | None = field(default=None, repr=False)
    running: bool = True
    message: str = "waiting for the engine"


class Suggesting:
    """The part of a session that suggests rules."""

    def _self(self) -> Session:
        return cast("Session", self)

    @property
    def suggestion(self) -> Suggested | None:
        """The newest suggestions of rules; ``.found`` is what :func:`scrub_widgets.suggest_rules` gives."""
        return self._self()._suggested

    def suggest_rules(self, claim: str) -> Suggested:
        """Try each of the task's rules in the place of a claim's own; return at once (:attr:`suggestion`).

        Pairs of rules are not tried here: they are no rules of the task. An edit ends it.

        Raises
        ------
        ScrubError
            No such claim.
        """
        it = self._self()
        with it._lock:
            it._open()
            suggest_steps(
                it.task, it.hypothesis, claim, chosen=it.settings, combine=False
            )  # what is refused, is refused here
            it._suggested = Suggested(it.rev, claim)
            it._jobs.suggest = it._suggested
            it._tell("suggestion")
            it._changed.notify_all()
            return it._suggested

    def cancel_suggest(self) -> None:
        """Stop trying rules; those that were tried stay."""
        stop(self._self(), "cancelled")

    def wait_suggest(self, timeout: float | None = None) -> Suggested | None:
        """Wait until no rules are being tried; return the newest suggestions.

        Raises
        ------
        TimeoutError
            It takes longer.
        """
        it = self._self()
        with it._changed:
            if not it._changed.wait_for(lambda: it._jobs.suggest is None, timeout):
                raise TimeoutError(f"rules are still being tried after {timeout} s.")
            return it._suggested


def stop(session: Session, message: str) -> None:
    """End it, at once as far as anyone sees; what it has stays."""
    with session._lock:
        if session._jobs.suggest is not None and session._suggested is not None:
            session._jobs.suggest = None
            session._suggested = replace(session._suggested, running=False, message=message)
            session._tell("suggestion")
        session._changed.notify_all()


def work(session: Session, job: Suggested) -> None:
    """The engine thread: one rule after the other. Gives way to everything but checks, and then begins again."""

    def wanted() -> None:
        with session._lock:
            if session._jobs.suggest is not job or session._closed or session._jobs.before("suggest"):
                raise Cancelled("cancelled")

    step, told = session.step, 0.0
    try:
        with interruptible(wanted):
            steps = suggest_steps(
                session.task_of(step), step.hypothesis, job.claim, chosen=step.settings, combine=False
            )
            for found in steps:
                told = _tell(session, found, wanted, told)
    except Cancelled:
        return
    except Exception as error:  # noqa: BLE001 - whatever happens must reach the person, not a lost thread
        session.last_error = error
        with session._lock:
            if session._jobs.suggest is job:
                stop(session, str(error) or type(error).__name__)
        return
    with session._lock:
        if session._jobs.suggest is job:
            stop(session, "done")


def _tell(session: Session, found: Suggestions, wanted: Callable[[], None], told: float) -> float:
    """Keep what was tried so far and tell of it, at most every ``PUBLISH_EVERY`` seconds; returns when it was told last."""
    with session._lock:
        wanted()
        assert session._suggested is not None
        session._suggested = replace(session._suggested, found=found, message="trying each rule")
        if time.monotonic() - told <= PUBLISH_EVERY:
            return told
        session._tell("suggestion")
        return time.monotonic()


def moved(session: Session) -> None:
    """After an edit: it is about a hypothesis that is not there any more."""
    suggested = session._suggested
    if suggested is not None and suggested.running and suggested.rev < session.rev:
        stop(session, "ended by an edit")
