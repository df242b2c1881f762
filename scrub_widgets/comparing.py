"""Two steps of a session against each other: what was claimed otherwise, and whether it makes a difference."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from . import remembered
from .diff import Change, changes
from .engine.settings import Settings
from .errors import Cancelled, ScrubError
from .history import Outcome, Status, Step
from .hypothesis import ROOT, Hypothesis
from .interrupt import interruptible
from .measure import estimates
from .measure.estimates import Estimate
from .result import Result

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True, eq=False)
class Compared:
    """A step A and a step B.

    Attributes
    ----------
    a, b : int
        Which steps.
    before, after : Step
        Their states.
    changes : tuple of Change
        What must be added, removed and changed to get from A to B.
    notes : tuple of str
        What to know about the difference, in sentences.
    settings : Settings
        What both were measured with.
    first, second : Result or None
        The results of A and of B; None as long as they are being measured.
    difference : Estimate or None
        Loss recovered of B minus that of A, paired by reference.
    problem : str
        Why there is no difference, in a sentence.
    running : bool
        Whether it is being measured.
    """

    a: int
    b: int
    before: Step
    after: Step
    changes: tuple[Change, ...]
    notes: tuple[str, ...]
    settings: Settings
    first: Result | None = None
    second: Result | None = None
    difference: Estimate | None = None
    problem: str = ""
    running: bool = False

    @property
    def within_noise(self) -> bool | None:
        """Whether the interval of the difference holds zero; None where there is no difference."""
        if self.difference is None or not self.difference.resolved:
            return None
        return self.difference.low <= 0 <= self.difference.high

    @property
    def words(self) -> str:
        """What came out, in a few words."""
        if self.running:
            return "being measured"
        if self.within_noise is None:
            return self.problem or f"the difference is {self.difference}"
        return "the difference is within noise" if self.within_noise else "the difference is beyond noise"

    def __str__(self) -> str:
        numbers = [
            f"{letter} (step {n})  {result.loss_recovered}"
            for letter, n, result in (("A", self.a, self.first), ("B", self.b, self.second))
            if result is not None
        ]
        paired = "" if self.difference is None or self.within_noise is None else f"B - A  {self.difference}: "
        return "\n".join([*numbers, f"{paired}{self.words}", *self.notes, *map(str, self.changes)])

    __repr__ = __str__


def begin(session: Session, a: int, b: int) -> Compared:
    """What is known before anything is measured.

    Raises
    ------
    ScrubError
        No such steps, or the same step twice.
    """
    before, after = session._history[a].step, session._history[b].step
    if a == b:
        raise ScrubError(f"step {a} cannot be compared with itself; choose two different steps.")
    chosen, notes = _fair(before, after)
    return Compared(
        a=a,
        b=b,
        before=before,
        after=after,
        changes=changes(before.hypothesis, after.hypothesis),
        notes=notes,
        settings=chosen,
        problem=_pointless(before, after),
    )


def _pointless(before: Step, after: Step) -> str:
    """Why there is no difference of claims to measure."""
    if before.key == after.key:
        return "Both steps have the same claims and the same settings, so they have the same number."
    if before.hypothesis == after.hypothesis and before.key[2:] == after.key[2:]:
        return (
            f"Both steps have the same claims; only {_differing(before, after)}. There is no difference of claims to "
            "measure: the intervals of the two numbers say how far they may lie apart."
        )
    return ""


def _fair(before: Step, after: Step) -> tuple[Settings, tuple[str, ...]]:
    """The settings that both are measured with, and what to say about them."""
    chosen, notes = after.settings, []
    if before.hypothesis != after.hypothesis:
        if before.settings != after.settings:
            notes.append(
                f"The steps have different settings ({_differing(before, after)}). A paired difference needs the same "
                "draws, so both are measured here with the settings of B."
            )
        if chosen.baseline == "ablated" and _ablated(before.hypothesis) != _ablated(after.hypothesis):
            chosen = msgspec.structs.replace(chosen, baseline="shuffled")
            notes.append(
                "They claim different components under logits, so 0 % of the baseline 'ablated' is not the same for both; "
                "here both are measured against 'shuffled'."
            )
    return chosen, tuple(notes)


def _ablated(h: Hypothesis) -> set[tuple[object, ...]]:
    return {(name, claim.positions) for claim in h.children(ROOT) for name in claim.components}


def _differing(before: Step, after: Step) -> str:
    a, b = (msgspec.structs.asdict(step.settings) for step in (before, after))
    return ", ".join(f"{name} {a[name]} in A and {b[name]} in B" for name in a if a[name] != b[name])


def ask(session: Session, a: int, b: int) -> Compared:
    """Compare two steps: from memory at once, else by the engine thread; returns what is known so far."""
    with session._lock:
        session._open()
        found = begin(session, a, b)
        if not found.problem:
            found = _from_memory(session, found)
        session.comparison = found
        session._jobs.compare = found if found.running else None
        if found.running and session.status.phase not in ("loading", "running"):
            session._say(Status("running", session.rev, 0, 2 * found.settings.samples, _saying(found)))
        session._tell("compare")
        session._changed.notify_all()
        return found


def _from_memory(session: Session, found: Compared) -> Compared:
    results = [known.result for step in _steps(found) if (known := session._known.outcome(step.key)) is not None]
    return _judged(found, *results) if len(results) == 2 else replace(found, running=True)


def _steps(found: Compared) -> tuple[Step, Step]:
    """Both states, with the settings that they are compared under."""
    return replace(found.before, settings=found.settings), replace(found.after, settings=found.settings)


def _judged(found: Compared, first: Result, second: Result) -> Compared:
    gap = first.losses.baseline - first.losses.model
    difference = estimates.ratio(first.losses.scrubbed - second.losses.scrubbed, gap)
    return replace(found, first=first, second=second, difference=difference, running=False)


def compare(session: Session, a: int, b: int, timeout: float | None) -> Compared:
    """Ask, and wait for the answer."""
    with session._changed:
        found = ask(session, a, b)
        if not found.running:
            return found

        def ended() -> bool:
            return session.comparison is None or not session.comparison.running

        if not session._changed.wait_for(ended, timeout):
            raise TimeoutError(f"the comparison is still running after {timeout} s ({session.status.message}).")
        ending = session.comparison
        if ending is not None and ending.difference is not None:
            return ending
        raise session.status.error or ScrubError("the comparison was cancelled, or closed before it was done.")


def stop(session: Session, problem: str = "The comparison was cancelled.") -> None:
    """End a comparison that is being measured; what is known of it stays."""
    session._jobs.compare = None
    if session.comparison is not None and session.comparison.running:
        session.comparison = replace(session.comparison, running=False, problem=problem)
        session._tell("compare")


# -- in the engine thread -------------------------------------------------------------------------------------------


def measure(session: Session, wanted: Compared) -> None:
    """Scrub what is not remembered; gives way to runs and confirmations, and goes on after them."""
    samples = wanted.settings.samples

    def alive() -> None:
        with session._lock:
            jobs = session._jobs
            if jobs.compare is not wanted or jobs.run is not None or jobs.confirm is not None or session._closed:
                raise Cancelled("cancelled")

    try:
        results = [_measured(session, wanted, step, i * samples, alive) for i, step in enumerate(_steps(wanted))]
    except Cancelled:
        with session._lock:
            jobs = session._jobs
            if not any((jobs.run, jobs.confirm, jobs.compare)) and session.status.phase == "running":
                session._say(Status("cancelled", session.rev, message="the comparison was cancelled"))
        return
    except Exception as error:  # noqa: BLE001 - whatever happens must reach the person, not a lost thread
        with session._lock:
            if session._jobs.compare is wanted:
                stop(session, str(error))
                session._say(Status("error", session.rev, 0, 2 * samples, str(error), error))
        return
    found = _judged(wanted, *results)
    with session._lock:
        if session._jobs.compare is wanted:
            session._jobs.compare = None
            session.comparison = found
            session._tell("compare")
            session._say(Status("done", session.rev, samples, samples, f"compared: {found.words}"))


def _measured(session: Session, wanted: Compared, step: Step, before: int, alive: Callable[[], None]) -> Result:
    known = session._known.outcome(step.key)
    if known is not None:
        return known.result
    total, began, result = 2 * wanted.settings.samples, time.monotonic(), None

    def say(done: int, _: int) -> None:
        alive()
        with session._lock:
            session._say(Status("running", session.rev, before + done, total, _saying(wanted)))

    with interruptible(alive):
        for result in session.task_of(step).stream(step.hypothesis, step.settings, say):
            say(len(result.losses), total)
    assert result is not None
    trail = ((len(result.losses), result.loss_recovered),)
    outcome = Outcome(session.rev, result, trail, True, time.monotonic() - began)
    outcome = remembered.finished(session, step, outcome)
    with session._lock:
        alive()
        remembered.keep(session, step, outcome)
        session._tell("confirm")  # the tries
        session._tell("history")
    return outcome.result


def _saying(wanted: Compared) -> str:
    return f"comparing step {wanted.a} with step {wanted.b}"
