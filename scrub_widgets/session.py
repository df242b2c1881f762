"""One person's work on a task: the history of edits, what was tried and confirmed, and who is told.

Edits come from any thread, are checked and applied under one lock, and return at once. One engine thread does the jobs
(:mod:`~scrub_widgets.jobs`): a newer edit supersedes what it computes between two chunks. A session knows no widget.
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from . import comparing, confirming, discovering, jobs, saved, searching, suggesting, waterfalls
from .comparing import Compared
from .confirm import Confirmation, Record
from .discovering import Discovering, Finding
from .engine.settings import Settings, settings
from .errors import ScrubError
from .explore.questions import FREE, Each, accepted
from .explore.search import Search
from .history import History, Outcome, Status, Step
from .hypothesis import ROOT, Hypothesis
from .jobs import Jobs
from .labels import Label, kept, labelled
from .making import Making, Tasks
from .measure.waterfall import Waterfall
from .past import Past, past
from .remembered import Remembered
from .result import Result
from .suggesting import Suggested, Suggesting
from .task import Task

Listener = Callable[["Session", str], None]
"""Told ``"state"``, ``"status"``, ``"partial"``, ``"result"``, ``"checked"``, ``"charts"``, ``"confirm"``, ``"history"`` (names and
numbers of steps), ``"compare"``, ``"search"``, ``"searching"``, ``"discovery"``, ``"discovering"`` or ``"suggestion"`` when that changed, on the
thread that changed it."""


class Session(Making, Discovering, Suggesting):
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
        self._tasks = Tasks(task)
        self._meanings: dict[str, object] = {}  # of names made here that a claim used
        self._pinned = 0  # steps whose names are among them
        self._given: set[str] = set()  # rules from Python
        self._letters: dict[str, int] = {}
        self.rev = 0
        self.outcome: Outcome | None = None
        self.status = Status("loading", 0, message="starting")
        self.last_error: Exception | None = None
        self.comparison: Compared | None = None
        self._history = History.of(Step(start, settings(**chosen)))
        self._lock = threading.RLock()
        self._changed = threading.Condition(self._lock)
        self._jobs = Jobs()
        self._record = Record()
        self._stop_before = 0  # runs of revisions below this are to stop
        self._cancelled = False
        self._closed = False
        self._listeners: list[Listener] = []
        self._known = Remembered()
        self._searches: OrderedDict[Hashable, Search] = OrderedDict()
        self._finding: Finding | None = None
        self._suggested: Suggested | None = None
        # The thread holds the session only while it works, so that a session nobody keeps can be collected.
        self._thread = threading.Thread(
            target=jobs.work, args=(weakref.ref(self), self._changed), daemon=True, name="scrub"
        )
        self._thread.start()
        self.run()

    # -- reading ----------------------------------------------------------------------------------------------------

    @property
    def step(self) -> Step:
        """The present state."""
        return self._history.step

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
        return self._history.can_undo

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state."""
        return self._history.can_redo

    @property
    def result(self) -> Result | None:
        """The newest complete result, of whatever revision; see :attr:`stale`."""
        outcome = self.outcome
        return outcome.result if outcome is not None and outcome.complete else None

    @property
    def stale(self) -> bool:
        """Whether the result is older than the last edit."""
        return self.outcome is None or self.outcome.rev < self.rev

    @property
    def tries(self) -> int:
        """How many different hypotheses were measured here, those of discoveries too, whatever their settings."""
        return self._record.tries

    @property
    def confirmations(self) -> tuple[Confirmation, ...]:
        """What was measured on the held-out inputs, oldest first."""
        return self._record.confirmations

    @property
    def confirmation(self) -> Confirmation | None:
        """That of the present hypothesis."""
        return self._record.of(self.hypothesis)

    @property
    def confirming(self) -> bool:
        """Whether a confirmation is asked for and not there yet."""
        return self._jobs.confirm is not None

    # -- editing ----------------------------------------------------------------------------------------------------

    def edit(self, change: Callable[[Step], Step]) -> int:
        """Apply a change as one step; return the new revision. A refused change leaves everything as it was.

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
            before = self.step
            after = change(before)
            self.check_meanings(after)
            self.task_of(after).check(after.hypothesis)
            after = replace(after, labels=kept(after.labels, after.hypothesis))
            if (after.key, after.labels, after.made) == (before.key, before.labels, before.made):
                return self.rev
            return self._moved(self._history.then(after))

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

    def label(self, claim: str, *, name: str | None = None, note: str | None = None) -> int:
        """Name a claim, or note something about it, as one step; an empty text takes it away.

        Labels stand beside the hypothesis: they follow the claim, go with it, and change no number.

        Raises
        ------
        ScrubError
            No such claim, or no such name.
        """
        what = " and ".join(word for word, value in (("name", name), ("note", note)) if value is not None)

        def change(step: Step) -> Step:
            labels = labelled(step.labels, step.hypothesis, claim, name, note)
            return replace(step, labels=labels, edit=f"{what or 'name'} of '{claim}'")

        return self.edit(change)

    @property
    def labels(self) -> dict[str, Label]:
        """Names and notes of the present claims, by id."""
        return dict(self.step.labels)

    def undo(self) -> int:
        """Go back to the step that the present one was made from; a ScrubError if there is none."""
        return self._go(History.undone)

    def redo(self) -> int:
        """Take back the last undo; a ScrubError if there is none."""
        return self._go(History.redone)

    # -- history ----------------------------------------------------------------------------------------------------

    @property
    def history(self) -> Past:
        """Every step so far, with its number where it is known; nothing is ever forgotten."""
        with self._lock:
            return past(self)

    def restore(self, step: int) -> int:
        """Go to any step of the history; return the new revision. Undo then leads on to what it was made from.

        Raises
        ------
        ScrubError
            There is no such step, or its hypothesis cannot be scrubbed any more.
        """
        return self._go(lambda history: history.restored(step))

    def mark(self, step: int, *, name: str | None = None, note: str | None = None) -> None:
        """Name a step of the history, or note something about it; an empty text takes it away. This is no step itself."""
        with self._lock:
            self._open()
            self._history = self._history.marked(step, name, note)
            self._tell("history")

    def _go(self, move: Callable[[History], History]) -> int:
        self.task_of(move(self._history).step)  # what takes long, before any lock
        with self._lock:
            self._open()
            after = move(self._history)
            if after.step is self.step:
                return self.rev  # restored to where it is
            self.check_meanings(after.step)
            self.task_of(after.step).check(after.step.hypothesis)
            return self._moved(after)

    def _moved(self, after: History) -> int:
        """To another step: a new revision, a remembered result at once, else a run."""
        before, self._history = self.step, after
        self.rev += 1
        self.keep_meanings()
        searching.moved(self)
        discovering.moved(self)
        suggesting.moved(self)
        if self.step.key == before.key:
            return self._renamed()
        known = self._known.outcome(self.step.key)
        if known is None:
            self._tell("state")
            self.run()
            return self.rev
        self.outcome = replace(known, rev=self.rev)
        self._stop_before = self.rev + 1
        self._jobs.run = None
        self._jobs.waterfall = None
        self._jobs.check = None if known.checked else self.outcome
        self._tell("state")
        self._tell("result")
        self._say(Status("done", self.rev, self.settings.samples, self.settings.samples, "from memory"))
        return self.rev

    def _renamed(self) -> int:
        """After a change of names alone: nothing is computed, and what is shown, or on its way, is of this revision now."""
        fresh = self.outcome is not None and self.outcome.rev == self.rev - 1
        if self.outcome is not None and fresh:
            self.outcome = replace(self.outcome, rev=self.rev)
        self._tell("state")
        if self.outcome is not None and fresh:
            self._tell("result" if self.outcome.complete else "partial")
        self._say(replace(self.status, rev=self.rev))
        return self.rev

    # -- comparing --------------------------------------------------------------------------------------------------

    def ask_compare(self, a: int, b: int) -> Compared:
        """Have two steps of the history compared; return at once with what is known so far (:attr:`comparison`).

        Raises
        ------
        ScrubError
            No such steps, or the same step twice.
        """
        return comparing.ask(self, a, b)

    def compare(self, a: int, b: int, timeout: float | None = None) -> Compared:
        """The difference of two steps of the history in loss recovered, paired by reference, and in what they claim.

        Parameters
        ----------
        a, b : int
            Steps, as in :attr:`history`; the difference is b minus a.
        timeout : float, optional
            Seconds.

        Raises
        ------
        ScrubError
            No such steps, the same step twice, the measurement failed, or it was cancelled.
        TimeoutError
            It takes longer; the measurement goes on.
        """
        return comparing.compare(self, a, b, timeout)

    def close_comparison(self) -> None:
        """Forget the comparison, and stop measuring it."""
        with self._lock:
            comparing.stop(self)
            self.comparison = None
            self._tell("compare")
            self._changed.notify_all()

    # -- running ----------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Compute the present state (again), in the engine thread."""
        with self._lock:
            self._open()
            self._cancelled = False
            self._stop_before = self.rev
            self._known.forget(self.step.key)
            self._jobs.run = (self.rev, self.step)
            self._jobs.waterfall = self._jobs.check = None
            self._say(Status("running", self.rev, 0, self.settings.samples, "queued"))

    def cancel(self) -> None:
        """Stop what is running, a confirmation and a comparison too; what was published stays."""
        with self._lock:
            self._cancelled = True
            self._jobs.waterfall = self._jobs.check = None
            searching.stop(self, "cancelled")
            discovering.stop(self, "cancelled")
            suggesting.stop(self, "cancelled")
            if self._jobs.confirm is not None:
                self._jobs.confirm = None
                self._tell("confirm")
            comparing.stop(self)
            if self._jobs.run is not None:
                self._jobs.run = None
                self._say(Status("cancelled", self.rev, message="cancelled before it began"))
            elif self.status.phase == "running":
                self._say(replace(self.status, message="cancelling"))

    def wait(self, timeout: float | None = None, *, checked: bool = False) -> Result | None:
        """Wait until nothing is running; return the result.

        Parameters
        ----------
        timeout : float, optional
            Seconds.
        checked : bool
            Whether to wait for the warnings that need runs of their own and for the matched null as well.

        Raises
        ------
        TimeoutError
            It takes longer.
        ScrubError
            The run failed.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._resting(checked), timeout):
                raise TimeoutError(f"the scrub is still running after {timeout} s ({self.status.message}).")
            if self.status.error is not None:
                raise self.status.error
            return self.result

    def _resting(self, checked: bool) -> bool:
        return self.status.phase not in ("loading", "running") and not (checked and self._jobs.check is not None)

    def close(self) -> None:
        """Stop the engine thread and give back the memory of what was computed.

        The task keeps nothing of it either; where it is still used, that is computed again.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self._cancelled = True
            self._jobs = Jobs()
            self._listeners.clear()
            self._known.clear()
            self._searches.clear()
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout=10)
        self.outcome = None
        self._record.forget_results()
        self._tasks.release()

    # -- explore, then confirm --------------------------------------------------------------------------------------

    @property
    def confirm_problem(self) -> str | None:
        """Why the present hypothesis cannot be confirmed, in a sentence; None if it can."""
        return confirming.problem(self)

    def ask_confirm(self) -> Confirmation | None:
        """Have the present hypothesis measured on the held-out inputs; return at once.

        Returns
        -------
        Confirmation or None
            The recorded one, if this hypothesis was measured before: there is never a second number. None if it comes.

        Raises
        ------
        ScrubError
            No held-out inputs, or nothing claimed; the sentence says what to do.
        """
        return confirming.ask(self)

    def confirm(self, timeout: float | None = None) -> Confirmation:
        """Measure the present hypothesis on the held-out inputs, once; a second time gives the recorded number.

        Parameters
        ----------
        timeout : float, optional
            Seconds.

        Raises
        ------
        ScrubError
            No held-out inputs, nothing claimed, the measurement failed, or it was cancelled.
        TimeoutError
            It takes longer; the measurement goes on.
        """
        return confirming.confirm(self, timeout)

    # -- the waterfall ----------------------------------------------------------------------------------------------

    def ask_waterfall(self) -> Waterfall | None:
        """Have it measured what each claim of the present result costs or gains; return at once.

        Returns
        -------
        Waterfall or None
            None if it comes; it is then remembered with the result.

        Raises
        ------
        ScrubError
            Nothing is claimed, or the present hypothesis has no complete result yet.
        """
        return waterfalls.ask(self)

    def waterfall(self, timeout: float | None = None) -> Waterfall:
        """What each claim costs or gains, in the order in which the claims were added here, and removed last.

        Parameters
        ----------
        timeout : float, optional
            Seconds.

        Raises
        ------
        ScrubError
            As :meth:`ask_waterfall`; or it was cancelled, or an edit came first.
        TimeoutError
            It takes longer; the measurement goes on.
        """
        self.wait(timeout)
        return waterfalls.wait(self, timeout)

    # -- searching --------------------------------------------------------------------------------------------------

    @property
    def searches(self) -> tuple[Search, ...]:
        """What was asked of the senders of a port, oldest first; at most 12."""
        with self._lock:
            return tuple(self._searches.values())

    @property
    def searching(self) -> bool:
        """Whether a search is under way."""
        return self._jobs.search is not None

    def search(
        self,
        under: str = ROOT,
        question: str = FREE,
        *,
        each: Each = "component",
        samples: int | None = None,
        exact: int = 0,
        candidates: Sequence[str] | None = None,
    ) -> Search:
        """Ask of each sender of a port how much it matters, given the present hypothesis; return at once.

        Answers come one by one (:attr:`searches`). A search that was cancelled, or ended by an edit that was undone, goes on
        where it stopped when it is asked for again.

        Parameters
        ----------
        under, question, each, candidates
            As in :func:`scrub_widgets.importance`.
        samples : int, optional
            Of a first pass, up to those of the session, which is the default.
        exact : int
            Where the first pass has fewer samples: how many of the best are then measured with all of them.

        Raises
        ------
        ScrubError
            No such port, question or sender.
        """
        return searching.ask(self, under, question, each, samples, exact, candidates)

    def cancel_search(self) -> None:
        """Stop the search; its answers so far stay."""
        searching.stop(self, "cancelled")

    def wait_search(self, timeout: float | None = None) -> Search | None:
        """Wait until no search is under way; return the newest one.

        Raises
        ------
        TimeoutError
            It takes longer.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: not self.searching, timeout):
                raise TimeoutError(f"the search is still running after {timeout} s.")
            return next(reversed(self._searches.values()), None)

    def accept(
        self, components: Sequence[str], under: str = ROOT, rule: str = "same input", *, keep: bool = True
    ) -> int:
        """Claim senders that a search found, as one step; return the new revision.

        Parameters
        ----------
        components : sequence of str
            Each becomes a claim of its own. Positions, ``["@5", "@7"]`` as a search about them names them, become one claim
            of all that is read there.
        under : str
            The port, as a path.
        rule : str
            Name of the rule.
        keep : bool
            Whether the other ports of a claim that had nothing under it are kept whole (``*``), as the search measured them.

        Raises
        ------
        HypothesisError
            It cannot be claimed there.
        """
        names = [components] if isinstance(components, str) else list(components)
        layout = self.task.graph.layout

        def change(step: Step) -> Step:
            take = searching.accepted_at if names and all(name.startswith("@") for name in names) else accepted
            h = take(layout, step.hypothesis, under, names, rule, keep=keep)
            return replace(step, hypothesis=h, edit=f"accept {', '.join(names)} under {under}")

        return self.edit(change)

    # -- JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Hypothesis, settings, the result as far as it is checked, what was tried and confirmed, as JSON text."""
        return saved.written(self)

    def load_json(self, text: str) -> int:
        """Take over the hypothesis (and settings) of an exported file, as one step, and what it tried and confirmed.

        Raises
        ------
        ScrubError
            Not such a file, another version, or made on other data.
        """
        return saved.load(self, text)

    # -- telling ----------------------------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Be told of changes; returns a function that ends it."""
        with self._lock:
            self._listeners.append(listener)
        return partial(self._leave, listener)

    def _leave(self, listener: Listener) -> None:
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)

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
