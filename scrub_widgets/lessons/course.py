"""One person's way through a lesson, beside the history of their session. Knows no widget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..errors import ScrubError
from ..history import Step as State
from . import progress as files
from .check import missing
from .lesson import Hint, Lesson, Step, after
from .progress import Attempt, Progress, Trace

if TYPE_CHECKING:
    from ..result import Result
    from ..session import Session
    from ..task import Task


def begin(lesson: Lesson, path: Path | None, task: Task) -> tuple[Progress, State]:
    """Progress as the file has it (or none yet), and the state to begin in.

    Raises
    ------
    ScrubError
        The file is of something else, or its place cannot be written.
    """
    known = files.begun(lesson)
    if path is not None and path.exists():
        known = files.read(path.read_text("utf-8"), lesson)
    elif path is not None and not path.parent.is_dir():
        raise ScrubError(f"progress= is to be written to '{path}', but there is no folder '{path.parent}'.")
    at = lesson.place(known.at)
    return known, arrival(lesson, known, at, task)


def arrival(lesson: Lesson, known: Progress, at: int, task: Task) -> State:
    """The state of a step on arrival: its starter, or what was left there before, if the task can still scrub that."""
    left = files.work(known.of(lesson.steps[at].id))
    if left is not None:
        try:
            task.check(left.hypothesis)
        except ScrubError:  # a rule that was made in the widget is gone with its kernel
            return lesson.start(at)
    return left or lesson.start(at)


class Course:
    """A lesson that is open on a session.

    Parameters
    ----------
    session : Session
        Where it is held.
    lesson : Lesson
        The lesson.
    known : Progress, optional
        What was done before.
    path : Path, optional
        Where progress is kept.
    changed : callable, optional
        Told after every change, on the thread that made it.
    """

    def __init__(
        self,
        session: Session,
        lesson: Lesson,
        known: Progress | None = None,
        path: Path | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        check_task(session.task, lesson)
        self.session = session
        self.lesson = lesson
        self.path = path
        self.problem: str | None = None
        """Why the progress could not be saved."""
        self.known = files.begun(lesson) if known is None else known
        """What was done so far, but for the present state."""
        self._at = lesson.place(self.known.at)
        self._changed = changed
        self._waiting: int | None = None  # the revision whose run a check waits for
        self._lock = session._lock  # one lock for both: a check hears of its run while the session holds it
        self._leave = session.subscribe(lambda _, what: self._heard(what))
        with self._lock:
            self._arrive(self._at)

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def at(self) -> int:
        """The present step, from 0."""
        return self._at

    @property
    def step(self) -> Step:
        """The present step."""
        return self.lesson.steps[self._at]

    @property
    def trace(self) -> Trace:
        """What was done on it."""
        return self.known.of(self.step.id)

    @property
    def hints(self) -> tuple[Hint, ...]:
        """The hints taken on it."""
        return self.step.hints[: self.trace.hints]

    @property
    def waiting(self) -> bool:
        """Whether a check waits for the step's own run."""
        return self._waiting is not None

    @property
    def progress(self) -> Progress:
        """What was done so far, the present state included."""
        with self._lock:
            trace = self.trace.left(self.session.step)
            return msgspec.structs.replace(self.known, at=self.step.id, steps={**self.known.steps, self.step.id: trace})

    # -- doing ------------------------------------------------------------------------------------------------------

    def go(self, at: int) -> None:
        """To a step, from 0. What is left here is kept; there is its starter, or what was left there before.

        Raises
        ------
        ScrubError
            There is no such step.
        """
        with self._lock:
            if not 0 <= at < len(self.lesson.steps):
                raise ScrubError(f"lesson {self.lesson.name} has steps 0 to {len(self.lesson.steps) - 1}, not {at}.")
            reading = self.step.question is None and not self.step.check
            changes = msgspec.structs.asdict(self.trace.left(self.session.step))
            if reading and at > self._at:
                changes["done"] = True  # there was nothing to do but to read
            self.known = self.known.having(self.step.id, **changes)
            self._arrive(at)

    def reset(self) -> None:
        """The starter state of the step again, as one undo step; attempts, hints and notes stay."""
        with self._lock:
            self._put(self.lesson.start(self._at), "started again")
            self._tell()

    def answer(self, choice: int) -> Attempt:
        """Choose an answer, from 0.

        Raises
        ------
        ScrubError
            The step asks no question, or has no such answer.
        """
        with self._lock:
            asked = self.step.question
            if asked is None:
                raise ScrubError(f"step '{self.step.title}' asks no question.")
            if not 0 <= choice < len(asked.choices):
                raise ScrubError(f"the choices go from 0 to {len(asked.choices) - 1}, not {choice}.")
            passed = None if asked.key is None else choice == asked.key
            return self._attempted(Attempt(choice=choice, passed=passed), done=passed is not False)

    def ask_check(self) -> Attempt | None:
        """Look whether the task is done, as soon as the present state has its run; return the outcome if it is there now.

        Raises
        ------
        ScrubError
            The step has no task.
        """
        with self._lock:
            if not self.step.check:
                raise ScrubError(f"step '{self.step.title}' has no task to check.")
            result = self._own_run()
            if result is None and not self._missing(None) and any(check.measured for check in self.step.check):
                if self.session.status.phase in ("cancelled", "error"):
                    raise ScrubError("there is no run of the present claims to look at: press Run, then Check.")
                self._waiting = self.session.rev
                self._tell()
                return None
            return self._checked(result)

    def check(self, timeout: float | None = None) -> Attempt:
        """Wait for the run of the present state, and look whether the task is done.

        Raises
        ------
        ScrubError
            The step has no task, or the run failed or was cancelled.
        TimeoutError
            The run takes longer.
        """
        self.session.wait(timeout)
        found = self.ask_check()
        if found is None:
            raise ScrubError("another edit came meanwhile; check again.")
        return found

    def hint(self) -> Hint:
        """Take the next hint. The last one makes the edit, as one undo step.

        Raises
        ------
        ScrubError
            There are no more, or the edit cannot be made.
        """
        with self._lock:
            taken = self.trace.hints
            if not self.step.hints:
                raise ScrubError(f"step '{self.step.title}' has no hints.")
            hint = self.step.hints[min(taken, len(self.step.hints) - 1)]
            if taken >= len(self.step.hints) and not hint.do:
                raise ScrubError(f"step '{self.step.title}' has no more hints.")
            if hint.do:
                self._put(after(hint.do, self.session.step), "done as the hint says")
            self.known = self.known.having(self.step.id, hints=max(taken, self.step.hints.index(hint) + 1))
            self._tell()
            return hint

    def note(self, observation: str | None = None, interpretation: str | None = None) -> None:
        """Write down what was seen, and what it may mean."""
        given = {"observation": observation, "interpretation": interpretation}
        with self._lock:
            self.known = self.known.having(
                self.step.id, **{name: text for name, text in given.items() if text is not None}
            )
            self._tell()

    def close(self) -> None:
        """Leave the lesson; the hypothesis stays as it is."""
        self._leave()

    # -- inside -----------------------------------------------------------------------------------------------------

    def _arrive(self, at: int) -> None:
        self._at = at
        self._waiting = None
        self.known = self.known.having(self.step.id, visited=True)
        self._put(arrival(self.lesson, self.known, at, self.session.task), "starter state")
        self._tell()

    def _put(self, state: State, words: str) -> None:
        edit = f"lesson {self.lesson.name}, step {self._at + 1}: {words}"
        self.session.edit(lambda now: replace(now, hypothesis=state.hypothesis, settings=state.settings, edit=edit))

    def _own_run(self) -> Result | None:
        """The complete result of exactly the present state."""
        return None if self.session.stale else self.session.result

    def _missing(self, result: Result | None) -> tuple[str, ...]:
        return missing(self.step.check, self.session.step, result)

    def _checked(self, result: Result | None) -> Attempt:
        self._waiting = None
        lacking = self._missing(result)
        recovered = None
        if result is not None and result.loss_recovered.resolved:
            estimate = result.loss_recovered
            recovered = (estimate.value, estimate.low, estimate.high)
        claims = tuple(claim.id for claim in self.session.hypothesis)
        found = Attempt(passed=not lacking, missing=lacking, recovered=recovered, claims=claims)
        return self._attempted(found, done=not lacking)

    def _attempted(self, attempt: Attempt, *, done: bool) -> Attempt:
        attempt = msgspec.structs.replace(attempt, rev=self.session.rev, time=files.now())
        trace = self.trace
        self.known = self.known.having(self.step.id, attempts=(*trace.attempts, attempt), done=trace.done or done)
        self._tell()
        return attempt

    def _heard(self, what: str) -> None:
        """The session moved: a check that waits is made when its run is in, and dropped when there will be none."""
        with self._lock:
            if what == "state":
                self._save()  # so that a kernel that dies takes no work along
            if self._waiting is None:
                return
            if what == "result" and not self.session.stale and self.session.result is not None:
                self._checked(self.session.result)
            elif self._waiting != self.session.rev or self.session.status.phase in ("cancelled", "error"):
                self._waiting = None
                self._tell()

    def _tell(self) -> None:
        """Save, then say that something changed."""
        self._save()
        self._changed()

    def _save(self) -> None:
        """A full disk is no reason to lose a click: it is said in the panel."""
        if self.path is None:
            return
        try:
            files.save(self.path, self.progress)
            self.problem = None
        except OSError as error:
            self.problem = f"Progress could not be saved to {self.path}: {error.strerror or error}."


def check_task(task: Task, lesson: Lesson) -> None:
    """Refuse a lesson on another task, or one whose states cannot be scrubbed there.

    Raises
    ------
    ScrubError
        What it needs, and how to get it.
    """
    if task.name != lesson.task:
        raise ScrubError(needs(lesson, task.name))
    for at, step in enumerate(lesson.steps):
        for state in (lesson.start(at), lesson.solved(at)):
            try:
                task.check(state.hypothesis)
            except ScrubError as error:
                raise ScrubError(f"lesson {lesson.name}, step {at + 1} ('{step.id}'): {error}") from None


def needs(lesson: Lesson, here: str) -> str:
    """Which task a lesson needs, and how to load it."""
    from ..tasks import NAMES

    how = f'sw.ScrubWidget(lesson="{lesson.name}")' if lesson.task in NAMES else "sw.ScrubWidget(task, lesson=...)"
    return f"lesson {lesson.name} is about the task '{lesson.task}', and this one is '{here}': run {how} in a new cell."
