"""Values that a session goes through: steps of its history, what its engine does, results as they settle."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field, replace
from typing import Literal

from .engine.settings import Settings
from .errors import ScrubError
from .hypothesis import Hypothesis
from .labels import NONE, UNNAMED, Label, Labels
from .made import Made
from .measure.estimates import Estimate
from .measure.guards import Doubt
from .measure.waterfall import Waterfall
from .result import Result

Phase = Literal["loading", "idle", "running", "done", "cancelled", "error"]


@dataclass(frozen=True)
class Step:
    """One state that a session can be in.

    Attributes
    ----------
    hypothesis : Hypothesis
        The claims.
    settings : Settings
        Samples, seed, policy, baseline.
    edit : str
        What made it, in words; empty for the first.
    labels : mapping of str to Label
        Names and notes of the claims, by id.
    made : Made
        The rules and rewrites made in the session so far.
    """

    hypothesis: Hypothesis = field(default_factory=Hypothesis)
    settings: Settings = field(default_factory=Settings)
    edit: str = ""
    labels: Labels = field(default_factory=lambda: NONE)
    made: Made = field(default_factory=Made)

    @property
    def key(self) -> Key:
        """What decides the number: states with one key have one result, whatever they are called.

        The name of a rule means one thing in a session, so its making is not part of it; parts of a component, also unclaimed
        ones, have donors of their own under some settings.
        """
        return self.hypothesis, self.settings, self.made.rewrites


Key = tuple[Hashable, ...]
"""What decides a number."""


@dataclass(frozen=True)
class Entry:
    """A step in the log.

    Attributes
    ----------
    id : int
        Its place in the log, from 0.
    parent : int or None
        The step that it was made from; None for the first.
    step : Step
        The state.
    label : Label
        What a person calls this step.
    touch : int
        Counts up each time that something of a step is new: when it was made, visited, named, or got its number.
    """

    id: int
    parent: int | None
    step: Step
    label: Label = UNNAMED
    touch: int = 0


@dataclass(frozen=True)
class History:
    """Everything that a session went through: a tree of steps that only grows, and the present one.

    Undo goes to the step that the present one was made from, redo back towards the tip, restoring to any step; an edit
    adds a step under the present one. So an edit after an undo begins a branch, and nothing is ever forgotten.

    Attributes
    ----------
    entries : tuple of Entry
        Oldest first; an entry's id is its place.
    at : int
        The present one.
    tip : int
        The end of the branch that the present one is on: where redo leads.
    """

    entries: tuple[Entry, ...]
    at: int = 0
    tip: int = 0

    @staticmethod
    def of(step: Step) -> History:
        """One that begins with this step."""
        return History((Entry(0, None, step),))

    def __len__(self) -> int:
        return len(self.entries)

    @property
    def entry(self) -> Entry:
        """The present entry."""
        return self.entries[self.at]

    @property
    def step(self) -> Step:
        """The present state."""
        return self.entry.step

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return self.entry.parent is not None

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state."""
        return self.at != self.tip

    def __getitem__(self, number: object) -> Entry:
        """The entry with this id.

        Raises
        ------
        ScrubError
            There is none.
        """
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < len(self.entries):
            raise ScrubError(f"there is no step {number!r}; the steps go from 0 to {len(self.entries) - 1}.")
        return self.entries[number]

    def then(self, step: Step) -> History:
        """With a new step under the present one, which is now the present one."""
        new = Entry(len(self.entries), self.at, step, touch=self._touches + 1)
        return History((*self.entries, new), new.id, new.id)

    def undone(self) -> History:
        """At the step that the present one was made from.

        Raises
        ------
        ScrubError
            This is the first.
        """
        if self.entry.parent is None:
            raise ScrubError("there is nothing to undo.")
        return replace(self, at=self.entry.parent).touched(self.entry.parent)

    def redone(self) -> History:
        """One step nearer to the tip.

        Raises
        ------
        ScrubError
            This is the tip.
        """
        if not self.can_redo:
            raise ScrubError("there is nothing to redo.")
        step = next(n for n in self.line(self.tip) if self.entries[n].parent == self.at)
        return replace(self, at=step).touched(step)

    def restored(self, number: int) -> History:
        """At any step. Redo then leads on along the branch that it is on, else along its newest one."""
        _ = self[number]
        tip = self.tip if number in self.line(self.tip) else self._newest_end(number)
        return replace(self, at=number, tip=tip).touched(number)

    def marked(self, number: int, name: object = None, note: object = None) -> History:
        """With another name or note for a step."""
        label = self[number].label.with_(name, note)
        return self._with(replace(self.entries[number], label=label)).touched(number)

    def touched(self, *numbers: int) -> History:
        """With these as the ones that changed last."""
        found = self
        for number in numbers:
            found = found._with(replace(found.entries[number], touch=found._touches + 1))
        return found

    def line(self, number: int) -> list[int]:
        """A step and all those that it was made from, newest first."""
        found, at = [], self[number].id
        while True:
            found.append(at)
            parent = self.entries[at].parent
            if parent is None:
                return found
            at = parent

    @property
    def _touches(self) -> int:
        return max(entry.touch for entry in self.entries)

    def _newest_end(self, number: int) -> int:
        """The last step made along the newest branch from here."""
        newest = {entry.parent: entry.id for entry in self.entries}
        while number in newest:
            number = newest[number]
        return number

    def _with(self, entry: Entry) -> History:
        return replace(self, entries=(*self.entries[: entry.id], entry, *self.entries[entry.id + 1 :]))


@dataclass(frozen=True)
class Status:
    """What the engine is doing.

    Attributes
    ----------
    phase : str
        ``loading``, ``idle``, ``running``, ``done``, ``cancelled`` or ``error``.
    rev : int
        The revision that this is about.
    done, total : int
        Progress.
    message : str
        In words.
    error : ScrubError or Exception or None
        What went wrong, in phase ``error``.
    """

    phase: Phase
    rev: int
    done: int = 0
    total: int = 0
    message: str = ""
    error: Exception | None = None


@dataclass(frozen=True)
class Outcome:
    """A result as it settles.

    Attributes
    ----------
    rev : int
        Revision it belongs to.
    result : Result
        Over the references so far.
    trail : tuple of (int, Estimate)
        How the estimate settled as samples came.
    complete : bool
        Whether all samples are in.
    seconds : float
        Time spent.
    warnings : tuple of Doubt
        What to doubt: of a complete result first what is cheap to know, then, once it is checked, everything.
    null : Estimate or None
        What the same tree recovers with meaningless rules, once it is checked; None where no rule was claimed.
    above_null : Estimate or None
        The difference, paired by reference.
    checked : bool
        Whether what needs runs of its own is in.
    waterfall : Waterfall or None
        What each claim costs or gains, once somebody asked for it.
    """

    rev: int
    result: Result
    trail: tuple[tuple[int, Estimate], ...]
    complete: bool
    seconds: float
    warnings: tuple[Doubt, ...] = ()
    null: Estimate | None = None
    above_null: Estimate | None = None
    checked: bool = False
    waterfall: Waterfall | None = None
