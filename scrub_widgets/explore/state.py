"""What a search asks, and what it knows while it runs. No data."""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field

from ..graph.base import Layout
from ..hypothesis import Hypothesis
from ..measure.estimates import Estimate
from .discovery import Answer, DiscoveryStep, Options, Phase, StepKind
from .ports import tidied
from .questions import place


@dataclass(frozen=True)
class Change:
    """Ask for the difference between two hypotheses."""

    name: str
    before: Hypothesis
    after: Hypothesis


@dataclass(frozen=True)
class Senders:
    """Ask what each sender of a port costs when it is freed, given a hypothesis that keeps the port whole."""

    hypothesis: Hypothesis
    path: str
    names: tuple[str, ...]


@dataclass(frozen=True)
class Order:
    """Ask for the senders of a port in the order of their gradient, given a hypothesis that keeps the port whole."""

    hypothesis: Hypothesis
    path: str


Question = Change | Senders | Order
Asks = Generator[Question, tuple[Answer, ...], None]


class Spent(Exception):  # noqa: N818 - running out of budget is no error of anyone's
    """The budget does not reach for what comes next."""


UNMEASURED = Estimate(math.nan, math.nan, math.nan, "share", "not measured yet")


@dataclass
class State:
    """What a search knows while it runs."""

    layout: Layout
    options: Options
    h: Hypothesis
    rules: tuple[str, ...] = ()
    """Rules to try in the end, the coarsest first."""
    phase: Phase = "search"
    stopped: str = ""
    message: str = ""
    recovered: Estimate = UNMEASURED
    scrubs: int = 0
    steps: list[DiscoveryStep] = field(default_factory=list)
    queue: list[str] = field(default_factory=list)
    unseen: dict[str, list[str]] = field(default_factory=dict)
    """Why something was not looked at, to what it was."""
    worth: dict[str, float] = field(default_factory=dict)
    """Claim id to what freeing it costs."""
    skipped: Mapping[str, str] = field(default_factory=dict)
    """What a prescreen left out of the sweep under way."""

    @property
    def tidy(self) -> Hypothesis:
        """The hypothesis as it is shown."""
        return tidied(self.layout, self.h, self.options.start)

    @property
    def claims(self) -> int:
        """Claims that the search made, whole ports not counted."""
        return sum(not c.whole and c.id not in self.options.start for c in self.h)

    @property
    def room(self) -> int:
        """How many claims more there may be."""
        return self.options.max_claims - self.claims

    @property
    def expected(self) -> int:
        """Scrubs that what is in the queue will take, and the pruning, as far as that can be told."""
        search = sum(3 + len(place(self.layout, self.h, path).senders) for path in self.queue)
        total = self.scrubs + search + (len(self.h) if self.phase in ("search", "prune") else 0)
        return total if self.options.budget is None else min(total, self.options.budget)

    def afford(self, scrubs: int) -> None:
        """Refuse what the budget does not reach for; what pruning will take is set aside while searching."""
        aside = self.claims if self.phase == "search" else 0
        if self.options.budget is not None and self.scrubs + scrubs + aside > self.options.budget:
            raise Spent

    def step(
        self,
        kind: StepKind,
        under: str,
        message: str,
        *,
        accepted: Sequence[str] = (),
        refused: Sequence[str] = (),
        effects: Sequence[Answer] = (),
        recovered: Estimate | None = None,
    ) -> None:
        """Note what was decided."""
        self.recovered = recovered or self.recovered
        self.message = message
        now = (
            tuple(accepted),
            tuple(refused),
            dict(self.skipped),
            tuple(effects),
            self.recovered,
            self.scrubs,
            message,
        )
        self.steps.append(DiscoveryStep(kind, under, *now))

    def leave(self, why: str, what: Sequence[str]) -> None:
        """Note what is not looked at."""
        if what:
            self.unseen.setdefault(why, []).extend(what)

    @property
    def left(self) -> tuple[str, ...]:
        """What was not looked at, in words: ``'logits>a1.h3.q': 12 claims are made``."""
        return tuple(f"'{name}': {why}" for why, what in self.unseen.items() for name in what)

    def matters(self, answer: Answer) -> bool:
        """Whether something costs more than the threshold and more than noise."""
        return answer.matters(self.options.threshold, self.options.q)
