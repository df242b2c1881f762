"""The history of a session for people: every step with its number, as a tree in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from .engine.settings import Settings
from .history import Entry
from .hypothesis import Hypothesis
from .labels import Label, Labels
from .measure.estimates import Estimate

if TYPE_CHECKING:
    from .session import Session

LEDGER = 40
"""Steps that are printed; the others are counted."""


@dataclass(frozen=True)
class PastStep:
    """One step of a session's history.

    Attributes
    ----------
    id : int
        Its number, from 0, for ``restore``, ``mark`` and ``compare``.
    parent : int or None
        The step that it was made from.
    hypothesis : Hypothesis
        The claims.
    settings : Settings
        Samples, seed, policy, baseline.
    edit : str
        What made it, in words.
    labels : mapping of str to Label
        Names and notes of its claims.
    label : Label
        Name and note of the step itself.
    recovered : Estimate or None
        Loss recovered, once it was measured.
    tries : int or None
        How many hypotheses had been tried by then.
    present : bool
        Whether the session is here.
    """

    id: int
    parent: int | None
    hypothesis: Hypothesis
    settings: Settings
    edit: str
    labels: Labels
    label: Label
    recovered: Estimate | None
    tries: int | None
    present: bool

    def __str__(self) -> str:
        number = "not measured" if self.recovered is None else str(self.recovered)
        branch = "" if self.parent in (None, self.id - 1) else f" (from {self.parent})"
        name = f"  '{self.label.name}'" if self.label.name else ""
        return f"{'>' if self.present else ' '}{self.id:4}{branch}  {number}  {self.edit or 'start'}{name}"

    __repr__ = __str__


@dataclass(frozen=True, repr=False)
class Past:
    """All steps of a session, oldest first; prints as a list, with ``>`` at the present one."""

    steps: tuple[PastStep, ...]

    def __len__(self) -> int:
        return len(self.steps)

    def __iter__(self) -> Iterator[PastStep]:
        return iter(self.steps)

    @overload
    def __getitem__(self, at: int) -> PastStep: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[PastStep, ...]: ...
    def __getitem__(self, at: int | slice) -> PastStep | tuple[PastStep, ...]:
        return self.steps[at]

    @property
    def present(self) -> PastStep:
        """The step that the session is at."""
        return next(step for step in self.steps if step.present)

    def __str__(self) -> str:
        earlier = len(self.steps) - LEDGER
        lines = [f"… {earlier} earlier steps"] if earlier > 0 else []
        return "\n".join([*lines, *map(str, self.steps[-LEDGER:])])

    __repr__ = __str__


def past(session: Session) -> Past:
    """The history of a session; under its lock."""
    return Past(tuple(one(session, entry) for entry in session._history.entries))


def one(session: Session, entry: Entry) -> PastStep:
    """One step of it."""
    step = entry.step
    number = session._known.number(step.key)
    return PastStep(
        id=entry.id,
        parent=entry.parent,
        hypothesis=step.hypothesis,
        settings=step.settings,
        edit=step.edit,
        labels=step.labels,
        label=entry.label,
        recovered=None if number is None else number.recovered,
        tries=None if number is None else number.tries,
        present=entry.id == session._history.at,
    )
