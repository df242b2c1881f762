"""Values that a session goes through: steps of its history, what its engine does, results as they settle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from .engine.settings import Settings
from .errors import ScrubError
from .hypothesis import Hypothesis
from .made import Made
from .measure.estimates import Estimate
from .measure.guards import Doubt
from .result import Result

Phase = Literal["loading", "idle", "running", "done", "cancelled", "error"]


@dataclass(frozen=True)
class Step:
    """One state in the history.

    Attributes
    ----------
    hypothesis : Hypothesis
        The claims.
    settings : Settings
        Samples, seed, policy, baseline.
    edit : str
        What made it, in words; empty for the first.
    made : Made
        The rules and rewrites made in the session so far.
    """

    hypothesis: Hypothesis = field(default_factory=Hypothesis)
    settings: Settings = field(default_factory=Settings)
    edit: str = ""
    made: Made = field(default_factory=Made)


@dataclass(frozen=True)
class History:
    """Steps, and which of them is the present one.

    Attributes
    ----------
    steps : tuple of Step
        Oldest first; those after the present one were undone.
    at : int
        The present one.
    """

    steps: tuple[Step, ...]
    at: int = 0

    @property
    def step(self) -> Step:
        """The present state."""
        return self.steps[self.at]

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier state."""
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        """Whether there is an undone state."""
        return self.at + 1 < len(self.steps)

    def then(self, step: Step) -> History:
        """With a new step; what was undone is forgotten."""
        return History((*self.steps[: self.at + 1], step), self.at + 1)

    def moved(self, by: int, word: str) -> History:
        """Back or forth in it.

        Raises
        ------
        ScrubError
            There is nothing there.
        """
        if not 0 <= self.at + by < len(self.steps):
            raise ScrubError(f"there is nothing to {word}.")
        return History(self.steps, self.at + by)


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
