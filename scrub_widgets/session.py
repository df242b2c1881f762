"""One person's work on a task: the history of edits, the engine thread, its progress, and who is told.

Edits come from any thread, are checked and applied under one lock, and return at once. One engine thread computes the
newest hypothesis chunk by chunk; a newer edit supersedes it between two chunks. A session knows no widget.
"""

from __future__ import annotations

import json
import threading
import time
import traceback
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec

from .engine.settings import Settings, settings
from .errors import Cancelled, ScrubError
from .history import Outcome, Status, Step
from .hypothesis import Hypothesis
from .measure.estimates import Estimate
from .result import Result
from .task import Task

SCHEMA = 1
KIND = "scrub-widgets session"
KEEP_RESULTS = 200
PUBLISH_EVERY = 0.05
"""Seconds between two partial results: a browser draws no faster than it can be told."""

Listener = Callable[["Session", str], None]
"""Told ``"state"``, ``"status"``, ``"partial"`` or ``"result"`` when that changed, on the thread that changed it."""


class Session:
    """A task being worked on.

    Parameters
    ----------
    task : Task
        What is scrubbed.
    hypothesis : Hypothesis, optional
        Where to start.
    """

    def __init__(self, task: Task, hypothesis: Hypothesis | None = None, **chosen: Any) -> None:
        start = hypothesis or Hypothesis()
        task.check(start)
        self.task = task
        self.rev = 0
        self.outcome: Outcome | None = None
        self.status = Status("loading", 0, message="starting")
        self.last_error: Exception | None = None
        self._history = [Step(start, settings(**chosen))]
        self._at = 0
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._wanted: tuple[int, Step] | None = None
        self._stop_before = 0  # runs of revisions below this are to stop
        self._cancelled = False
        self._closed = False
        self._listeners: list[Listener] = []
        self._results: OrderedDict[tuple[Hypothesis, Settings], Outcome] = OrderedDict()
        # The thread holds the session only while it works, so that a session nobody keeps can be collected.
        self._thread = threading.Thread(
            target=_work, args=(weakref.ref(self), self._changed), daemon=True, name="scrub"
        )
        self._thread.start()
        self.run()

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The present state."""
        return self._history[self._at]

    @property
    def hypothesis(self) -> Hypothesis:
        """The present hypothesis."""
        return self.step.hypothesis

    @property
    def settings(self) -> Settings:
        """The present settings."""
        return self.step.settings

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state."""
        return self._at + 1 < len(self._history)

    @property
    def result(self) -> Result | None:
        """The newest complete result, of whatever revision; see :attr:`stale`."""
        outcome = self.outcome
        return outcome.result if outcome is not None and outcome.complete else None

    @property
    def stale(self) -> bool:
        """Whether the result is older than the last edit."""
        return self.outcome is None or self.outcome.rev < self.rev

    # -- editing ----------------------------------------------------------------------------------------------------

    def edit(self, change: Callable[[Step], Step]) -> int:
        """Apply a change; return the new revision. A refused change leaves everything as it was.

        Parameters
        ----------
        change : callable
            From the present step to the next, whose ``edit`` says in words what was done.

        Raises
        ------
        ScrubError
            The next state cannot be scrubbed.
        """
        with self._lock:
            self._open()
            after = change(self.step)
            self.task.check(after.hypothesis)
            if (after.hypothesis, after.settings) == (self.hypothesis, self.settings):
                return self.rev
            self._history = [*self._history[: self._at + 1], after]
            self._at += 1
            return self._moved()

    def set_hypothesis(self, hypothesis: Hypothesis, edit: str = "hypothesis set from Python") -> int:
        """Replace the hypothesis, as one step."""
        if not isinstance(hypothesis, Hypothesis):
            raise ScrubError(f"expected a Hypothesis, not {type(hypothesis).__name__}.")
        return self.edit(lambda step: replace(step, hypothesis=hypothesis, edit=edit))

    def set_settings(self, **changes: Any) -> int:
        """Change samples, seed, unclaimed or baseline, as one step."""

        def change(step: Step) -> Step:
            chosen = settings(**{**msgspec.structs.asdict(step.settings), **changes})
            return replace(step, settings=chosen, edit=", ".join(f"{name} {value}" for name, value in changes.items()))

        return self.edit(change)

    def undo(self) -> int:
        """Go back one step.

        Raises
        ------
        ScrubError
            There is none.
        """
        return self._step(-1, "undo")

    def redo(self) -> int:
        """Take back the last undo.

        Raises
        ------
        ScrubError
            There is none.
        """
        return self._step(1, "redo")

    def _step(self, by: int, word: str) -> int:
        with self._lock:
            self._open()
            if not 0 <= self._at + by < len(self._history):
                raise ScrubError(f"there is nothing to {word}.")
            self._at += by
            return self._moved()

    def _moved(self) -> int:
        """After any change: a new revision, a remembered result at once, else a run."""
        self.rev += 1
        known = self._results.get((self.hypothesis, self.settings))
        if known is not None:
            self.outcome = replace(known, rev=self.rev)
            self._stop_before = self.rev + 1
            self._wanted = None
            self._tell("state")
            self._tell("result")
            self._say(Status("done", self.rev, self.settings.samples, self.settings.samples, "from memory"))
        else:
            self._tell("state")
            self.run()
        return self.rev

    # -- running ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Compute the present state (again), in the engine thread."""
        with self._lock:
            self._open()
            self._cancelled = False
            self._stop_before = self.rev
            self._results.pop((self.hypothesis, self.settings), None)
            self._wanted = (self.rev, self.step)
            self._say(Status("running", self.rev, 0, self.settings.samples, "queued"))
            self._changed.notify_all()

    def cancel(self) -> None:
        """Stop what is running; what was published stays."""
        with self._lock:
            self._cancelled = True
            if self._wanted is not None:
                self._wanted = None
                self._say(Status("cancelled", self.rev, message="cancelled before it began"))
            elif self.status.phase == "running":
                self._say(replace(self.status, message="cancelling"))

    def wait(self, timeout: float | None = None) -> Result | None:
        """Wait until nothing is running; return the result.

        Parameters
        ----------
        timeout : float, optional
            Seconds.

        Raises
        ------
        TimeoutError
            It takes longer.
        ScrubError
            The run failed.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self.status.phase not in ("loading", "running"), timeout):
                raise TimeoutError(f"the scrub is still running after {timeout} s ({self.status.message}).")
            if self.status.error is not None:
                raise self.status.error
            return self.result

    def close(self) -> None:
        """Stop the engine thread and forget what was computed."""
        with self._lock:
            self._closed = True
            self._cancelled = True
            self._wanted = None
            self._listeners.clear()
            self._results.clear()
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)

    # -- JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Hypothesis, settings, what they were tested on and the result, as JSON text."""
        with self._lock:
            fresh = self.result is not None and not self.stale
            body = {
                "kind": KIND,
                "schema": SCHEMA,
                "task": self.task.name,
                "data": self.task.fingerprint,
                "hypothesis": json.loads(self.hypothesis.to_json()),
                "settings": msgspec.to_builtins(self.settings),
                "result": json.loads(self.result.to_json()) if fresh and self.result is not None else None,
            }
        return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)

    def load_json(self, text: str) -> int:
        """Take over the hypothesis (and settings) of an exported file, as one step.

        Raises
        ------
        ScrubError
            Not such a file, another version, or made on other data.
        """
        try:
            body = json.loads(text)
        except ValueError as error:
            raise ScrubError(f"this is not JSON: {error}.") from None
        if not isinstance(body, dict) or body.get("kind") != KIND:
            return self.set_hypothesis(Hypothesis.from_builtins(body), "hypothesis loaded from JSON")
        if body.get("schema") != SCHEMA:
            raise ScrubError(f"this session has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
        if body.get("data") != self.task.fingerprint:
            raise ScrubError(
                f"this session was made on other data: task '{body.get('task')}' with fingerprint {body.get('data')}; "
                f"here is '{self.task.name}' with {self.task.fingerprint}."
            )
        given = body.get("settings")
        if not isinstance(given, dict) or set(given) - set(Settings.__struct_fields__):
            raise ScrubError(f"this session's settings are not well formed: {given!r}.")
        after = Step(Hypothesis.from_builtins(body.get("hypothesis")), settings(**given), "session loaded from JSON")
        return self.edit(lambda _: after)

    # -- telling ----------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of changes; returns a function that ends it."""
        with self._lock:
            self._listeners.append(listener)

        def leave() -> None:
            with self._lock:
                if listener in self._listeners:
                    self._listeners.remove(listener)

        return leave

    def _tell(self, what: str) -> None:
        for listener in list(self._listeners):
            listener(self, what)

    def _say(self, status: Status) -> None:
        self.status = status
        if status.error is not None:
            self.last_error = status.error
        self._tell("status")
        self._changed.notify_all()

    def _open(self) -> None:
        if self._closed:
            raise ScrubError("this session is closed; make a new one.")

    # -- the engine thread ------------------------------------------------------------------------------------------

    def _check(self, rev: int) -> None:
        """Between two chunks: raise if this run is no longer wanted."""
        with self._lock:
            if self._cancelled or self._closed or rev < self._stop_before:
                raise Cancelled("cancelled")

    def _compute(self, rev: int, step: Step) -> None:
        began, told = time.monotonic(), 0.0
        trail: list[tuple[int, Estimate]] = []

        def loading(done: int, total: int) -> None:
            self._check(rev)
            with self._lock:
                self._say(Status("running", rev, done, total, "running the model on all inputs, once"))

        try:
            for result in self.task.stream(step.hypothesis, step.settings, loading):
                trail.append((len(result.losses), result.loss_recovered))
                complete = len(result.losses) == step.settings.samples
                told = self._publish(step, Outcome(rev, result, tuple(trail), complete, time.monotonic() - began), told)
        except Cancelled:
            with self._lock:
                if self._wanted is None and rev == self.rev and not self._closed:
                    self._say(Status("cancelled", rev, len(trail) and trail[-1][0], step.settings.samples, "cancelled"))
        except Exception as error:  # noqa: BLE001 - whatever happens must reach the person, not a lost thread
            if not isinstance(error, ScrubError):
                error.add_note(traceback.format_exc())
            with self._lock:
                if rev == self.rev:
                    self._say(Status("error", rev, 0, step.settings.samples, str(error), error))

    def _publish(self, step: Step, outcome: Outcome, told: float) -> float:
        """Tell of a result, of partial ones at most every ``PUBLISH_EVERY`` seconds; returns when one was told last."""
        if outcome.complete:
            _ = outcome.result.recovered_from  # computed now, and not while listeners hold the lock
        with self._lock:
            self._check(outcome.rev)
            if outcome.complete:
                self._finish(step, outcome)
            elif time.monotonic() - told > PUBLISH_EVERY:
                told = time.monotonic()
                self.outcome = outcome
                self._tell("partial")
                n = len(outcome.result.losses)
                self._say(Status("running", outcome.rev, n, step.settings.samples, "scrubbing"))
        return told

    def _finish(self, step: Step, outcome: Outcome) -> None:
        self.outcome = outcome
        self._results[step.hypothesis, step.settings] = outcome
        while len(self._results) > KEEP_RESULTS:
            self._results.popitem(last=False)
        self._tell("result")
        n, took = step.settings.samples, f"in {outcome.seconds:.2f} s"
        self._say(Status("done", outcome.rev, n, n, took))


def _work(session: weakref.ref[Session], changed: threading.Condition) -> None:
    """The engine thread: take the newest wanted run, compute it, wait for the next."""
    while True:
        with changed:
            present = session()
            while present is not None and present._wanted is None and not present._closed:
                del present  # not held while waiting
                changed.wait(timeout=1.0)
                present = session()
            if present is None or present._closed:
                return
            assert present._wanted is not None
            (rev, step), present._wanted = present._wanted, None
        present._compute(rev, step)
        del present
