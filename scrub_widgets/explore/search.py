"""A search as a session keeps it: a first pass over all senders, then the best of them with all samples. Values only."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field

import msgspec

from ..engine.settings import Settings
from ..hypothesis import Hypothesis
from ..measure.estimates import false_discovery
from ..task import Task
from .questions import Question
from .sweep import Row, Sweep


@dataclass(frozen=True, eq=False)
class Search:
    """A question about every sender of a port, and its answers so far.

    Attributes
    ----------
    rev : int
        The newest revision of the session that this is about: below the present one, it is stale.
    state : Hashable
        What decides the numbers of the state that it is about.
    task : Task
        What it is measured on.
    question : Question
        What is asked.
    settings : Settings
        Those of the session.
    samples : int
        Of the first pass; below those of the session, its answers are estimates.
    exact : int
        How many of the best of an estimate are measured again with all samples.
    candidates : tuple of str or None
        The senders that are asked about, if not all.
    first, again : Sweep or None
        The first pass, and that with all samples.
    running : bool
        Whether the engine is at it, or will be.
    message : str
        In words.
    """

    rev: int
    state: Hashable = field(repr=False)
    task: Task = field(repr=False)
    question: Question
    settings: Settings
    samples: int
    exact: int = 0
    candidates: tuple[str, ...] | None = None
    first: Sweep | None = field(default=None, repr=False)
    again: Sweep | None = field(default=None, repr=False)
    running: bool = True
    message: str = "waiting for the engine"

    @property
    def key(self) -> Hashable:
        """What makes two searches the same one."""
        q = self.question
        return (self.state, q.place.path, q.ask, q.each, self.samples, self.candidates)

    @property
    def hypothesis(self) -> Hypothesis:
        """The hypothesis that is asked about."""
        return self.question.hypothesis

    @property
    def under(self) -> str:
        """The port, as a path."""
        return self.question.place.path

    @property
    def estimate(self) -> bool:
        """Whether the first pass has fewer samples than the session."""
        return self.samples < self.settings.samples

    @property
    def chosen(self) -> Settings:
        """Settings of the first pass."""
        return msgspec.structs.replace(self.settings, samples=self.samples)

    @property
    def rows(self) -> tuple[Row, ...]:
        """The best answer there is for each sender, in the order in which they were asked about."""
        better = {row.component: row for row in self.again.rows} if self.again is not None else {}
        return tuple(better.get(row.component, row) for row in (self.first.rows if self.first is not None else ()))

    @property
    def q(self) -> Mapping[str, float]:
        """False discovery rate of each sender among all that have an answer (Benjamini-Hochberg), by the best one there is."""
        rows = self.rows
        return {row.component: q for row, q in zip(rows, false_discovery([row.p for row in rows]), strict=True)}

    @property
    def exact_rows(self) -> frozenset[str]:
        """Senders whose answer has all samples."""
        of = self.again if self.estimate else self.first
        return frozenset() if of is None else frozenset(row.component for row in of.rows)

    @property
    def best(self) -> tuple[str, ...]:
        """The senders to measure again, once the first pass is complete."""
        if not self.estimate or self.first is None:
            return ()
        return tuple(row.component for row in self.first.ranked[: self.exact])

    @property
    def done(self) -> int:
        """Answers, those with all samples counted again."""
        return sum(len(sweep) for sweep in (self.first, self.again) if sweep is not None)

    @property
    def total(self) -> int:
        """Answers in the end."""
        if self.first is None:
            names = self.question.candidates if self.candidates is None else self.candidates
            return sum(self.question.why_not(name) is None for name in names)
        first = len(self.first) + len(self.first.left)
        known = len(self.again) if self.again is not None else 0
        return first + (max(known, min(self.exact, first)) if self.estimate else 0)

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for is there."""
        return self.first is not None and self.first.complete and self.done >= self.total

    @property
    def seconds(self) -> float:
        """Time spent."""
        return sum(sweep.seconds for sweep in (self.first, self.again) if sweep is not None)

    @property
    def forwards(self) -> float:
        """Cost so far in plain forward passes over as many inputs as the session has samples."""
        plain = self.first.plain_seconds * self.settings.samples / self.samples if self.first is not None else 0.0
        return self.seconds / plain if plain else 0.0

    @property
    def eta(self) -> float | None:
        """Seconds that are left, by what an answer took so far; None before there is one."""
        if self.first is None or not len(self.first):
            return None
        each = self.first.seconds / len(self.first)
        later = self.total - len(self.first) - len(self.first.left) - (len(self.again) if self.again is not None else 0)
        return each * (len(self.first.left) + later * self.settings.samples / self.samples)
