"""What a discovery found so far, as a value: its steps, its words, its JSON."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import msgspec

from ..engine.settings import Settings
from ..hypothesis import ROOT, Hypothesis
from ..measure import estimates
from ..measure.estimates import Estimate
from ..result import Result
from ..task import Task
from .questions import SAME
from .sweep import ROUNDING, Sweep

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Phase = Literal["search", "prune", "confirm", "done"]
StepKind = Literal["given", "port", "sweep", "complete", "prune", "rules"]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a discovery was asked for; the fields are the parameters of :func:`scrub_widgets.discover`.

    Attributes
    ----------
    start : Hypothesis
        Where it begins.
    settings : Settings
        Samples, seed, policy, baseline.
    """

    start: Hypothesis = Hypothesis()
    under: str = ROOT
    rule: str = SAME
    max_claims: int = 12
    depth: int = 4
    threshold: float = 0.02
    q: float = 0.05
    budget: int | None = None
    prescreen: int | None = None
    confirm: bool = True
    settings: Settings = Settings()


@dataclass(frozen=True)
class Answer:
    """One measured difference.

    Attributes
    ----------
    name : str
        What was freed or changed: a sender, a port, a claim.
    effect : Estimate
        Change of loss recovered, paired by reference: below zero, the loss gets worse.
    p : float
        Chance of a change at least this large if there is none.
    recovered : Estimate
        Loss recovered after it.
    """

    name: str
    effect: Estimate
    p: float
    recovered: Estimate

    @property
    def cost(self) -> float:
        """Loss recovered that is lost, as a share; zero where there is no number."""
        return -self.effect.value if self.effect.resolved else 0.0

    def matters(self, threshold: float, q: float) -> bool:
        """Whether it costs more than the threshold, and more than noise: by its interval, and by its p-value."""
        e = self.effect
        return e.resolved and e.high < 0 and -e.value > max(threshold, ROUNDING) and self.p <= q


def found(answers: Sequence[Answer], threshold: float, q: float) -> list[Answer]:
    """Those that matter when many were asked about (Benjamini-Hochberg), the most costly first; as :meth:`Sweep.found`."""
    adjusted = estimates.false_discovery([a.p for a in answers])
    told = [a for a, share in zip(answers, adjusted, strict=True) if a.matters(threshold, 1.0) and share <= q]
    return sorted(told, key=lambda a: -a.cost)


@dataclass(frozen=True)
class DiscoveryStep:
    """One thing that was decided.

    Attributes
    ----------
    kind : {"given", "port", "sweep", "complete", "prune", "rules"}
        Claims that were there; a port looked at as a whole; its senders one by one; what only several together can replace; claims
        that are not needed any more; coarser rules.
    under : str
        The port it is about; "" for the whole hypothesis.
    accepted : tuple of str
        Ids of the claims that it made, or that stay.
    refused : tuple of str
        Senders or claims that were looked at and do not matter by themselves.
    skipped : mapping of str to str
        What was not looked at, with the reason.
    effects : tuple of Answer
        What was measured.
    recovered : Estimate
        Loss recovered by the hypothesis as it is after this step.
    scrubs : int
        How many scrubs had been made by then.
    message : str
        A sentence.
    """

    kind: StepKind
    under: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    skipped: Mapping[str, str]
    effects: tuple[Answer, ...]
    recovered: Estimate
    scrubs: int
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, eq=False)
class Discovery:
    """A circuit, as far as it was found.

    Attributes
    ----------
    task : Task
        What it was looked for in.
    options : Options
        What was asked for.
    hypothesis : Hypothesis
        What is claimed so far.
    steps : tuple of DiscoveryStep
        How it came about.
    phase : {"search", "prune", "confirm", "done"}
        What is under way.
    stopped : str
        Why the search ended, in words; "" while it runs.
    recovered : Estimate or None
        Loss recovered by the hypothesis, on the data that was explored.
    confirmed : Estimate or None
        The same on held-out data, measured once; None if there is none, or not yet.
    result : Result or None
        The whole result that :attr:`confirmed` is from; None after reading from JSON.
    scrubs : int
        Scrubs so far.
    seconds, plain_seconds : float
        Time spent; time of one plain forward pass over as many inputs as a scrub has references.
    total : int
        Scrubs in the end, as far as that can be told now.
    message : str
        What is under way, in words.
    sweep : Sweep or None
        The sweep under way.
    left : tuple of str
        What was not looked at, with the reason, each in words: ``'logits>a1.h3.q': 12 claims are made``.
    answers : tuple of (str, Answer)
        Everything that was measured, in order, with a key of what it is about: what resuming needs.
    """

    task: Task = field(repr=False)
    options: Options
    hypothesis: Hypothesis
    steps: tuple[DiscoveryStep, ...] = ()
    phase: Phase = "search"
    stopped: str = ""
    recovered: Estimate | None = None
    confirmed: Estimate | None = None
    result: Result | None = field(default=None, repr=False)
    scrubs: int = 0
    seconds: float = 0.0
    plain_seconds: float = 0.0
    total: int = 0
    message: str = "waiting for the first pass over the data"
    sweep: Sweep | None = field(default=None, repr=False)
    left: tuple[str, ...] = ()
    answers: tuple[tuple[str, Answer], ...] = field(default=(), repr=False)

    @property
    def done(self) -> int:
        """Scrubs so far."""
        return self.scrubs

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase == "done"

    @property
    def tries(self) -> int:
        """How many hypotheses were measured on the explored data before the confirmation."""
        return self.scrubs

    @property
    def forwards(self) -> float:
        """Cost so far in plain forward passes over as many inputs, by the time that both took."""
        return self.seconds / self.plain_seconds if self.plain_seconds else math.nan

    @property
    def eta(self) -> float | None:
        """Seconds that are left, as far as that can be told; None before there is an answer."""
        if not self.scrubs or self.complete:
            return 0.0 if self.complete else None
        return self.seconds / self.scrubs * max(0, self.total - self.scrubs)

    def more(self) -> Iterator[Discovery]:
        """Go on where this one stopped: the same steps as if it had never stopped."""
        from .meter import run  # which is built on this file

        return run(self)

    def __str__(self) -> str:
        from .discovery_words import words

        return words(self)

    __repr__ = __str__

    def plot(self) -> Figure:
        """The circuit by layers, with what each claim costs when freed, and loss recovered over the steps."""
        from .discovery_plot import figure  # matplotlib is loaded only for those who plot

        return figure(self)

    # -- JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Everything but the task, as JSON text: to be read by others, and resumed by :meth:`from_json`."""
        from .discovery_json import written

        return written(self)

    @classmethod
    def from_json(cls, task: Task, text: str) -> Discovery:
        """Read what :meth:`to_json` wrote.

        Parameters
        ----------
        task : Task
            The one that it was made on: the same model, the same data.
        text : str
            JSON.

        Raises
        ------
        ScrubError
            Not JSON, another kind of file or version, another model or other data.
        """
        from .discovery_json import read

        return read(task, text)
