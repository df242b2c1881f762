"""What was found when other rules were tried in a claim's place: how much each keeps, and how much it recovers."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from ..engine.settings import Settings
from ..errors import ScrubError, listed
from ..hypothesis import Hypothesis
from ..made import Both, MadeRule
from ..measure import estimates
from ..measure.estimates import Estimate, Floats
from ..result import Comparison, Result
from ..rules import SAME
from ..task import Task
from .candidates import Candidate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SCHEMA = 1
KIND = "scrub-widgets suggestions"
MANY = 10
"""Beyond so many rules tried, the best may be the best by chance."""


@dataclass(frozen=True, eq=False)
class Suggestion:
    """One rule in the claim's place.

    Attributes
    ----------
    candidate : Candidate
        The rule: its name, twins, and what it keeps.
    hypothesis : Hypothesis
        What was scrubbed; its rules are those of :attr:`Suggestions.task`.
    recovered : Estimate
        Loss recovered with it.
    effect : Estimate
        Loss recovered beyond that with the claim's present rule, paired by reference.
    cost : Estimate
        Loss recovered with ``same input`` beyond that with this rule, paired by reference: above zero, the rule drops
        something that matters.
    losses : array of float
        Scrubbed losses ``[n]``.
    p : float
        Chance of a cost at least this far from zero if there is none: a paired, two-sided t test.
    """

    candidate: Candidate
    hypothesis: Hypothesis = field(repr=False)
    recovered: Estimate
    effect: Estimate
    cost: Estimate
    losses: Floats = field(repr=False)
    p: float

    @property
    def rule(self) -> str:
        """The rule's name; of a pair ``"first + second"``."""
        return self.candidate.rule

    @property
    def bits(self) -> float:
        """What the rule keeps of the input: the entropy of its classes, mean over the positions that are read."""
        return self.candidate.bits

    @property
    def made(self) -> MadeRule | None:
        """A pair as a rule that a session can make: ``session.make_rule(made.name, made.spec)``."""
        parts = self.candidate.parts
        return MadeRule(self.rule, Both(first=parts[0], second=parts[1])) if parts else None


@dataclass(frozen=True, eq=False)
class Suggestions:
    """Rules for one claim, as far as they were tried.

    Attributes
    ----------
    task : Task
        What it was measured on: the task with the pairs as rules.
    hypothesis : Hypothesis
        The present one.
    claims : tuple of str
        The claim; all that share its draw have one rule, so they stand here too.
    settings : Settings
        Samples, seed, policy, baseline.
    base : Result
        Of the present hypothesis.
    rows : tuple of Suggestion
        ``same input`` first, then from coarse to fine.
    left : tuple of str
        Rules without an answer yet.
    skipped : mapping of str to str
        Rules that could not be tried, with the reason.
    pairs_left_out : int
        Pairs of rules that part the inputs too finely to test anything, or were too many.
    threshold : float
        What may be missing to ``same input`` at most, as a share of loss recovered, to call it nothing.
    level : float
        False discovery rate at which a cost is called one.
    """

    task: Task = field(repr=False)
    hypothesis: Hypothesis
    claims: tuple[str, ...]
    settings: Settings
    base: Result
    rows: tuple[Suggestion, ...]
    left: tuple[str, ...]
    skipped: Mapping[str, str]
    pairs_left_out: int
    threshold: float
    level: float

    @property
    def complete(self) -> bool:
        """Whether every rule has its answer."""
        return not self.left

    @cached_property
    def q(self) -> Mapping[str, float]:
        """False discovery rate of each rule's cost, over all that were tried (Benjamini-Hochberg)."""
        tried = [row for row in self.rows if row.candidate.says != SAME]
        adjusted = estimates.false_discovery([row.p for row in tried]) if tried else []
        return {SAME: 1.0} | {row.rule: q for row, q in zip(tried, adjusted, strict=True)}

    @property
    def ranked(self) -> tuple[Suggestion, ...]:
        """From coarse to fine."""
        return tuple(sorted(self.rows, key=lambda row: (row.bits, row.rule)))

    def __getitem__(self, rule: str) -> Suggestion:
        """The row of a rule, by its name or that of a twin."""
        for row in self.rows:
            if rule == row.rule or rule in row.candidate.twins:
                return row
        raise ScrubError(f"no row for '{rule}': {self.skipped.get(rule, 'it was not tried, or has no answer yet')}.")

    def __len__(self) -> int:
        return len(self.rows)

    def verdict(self, row: Suggestion) -> str:
        """What a row says: ``costs nothing``, ``costs``, ``better``, ``undecided``, ``untestable`` or ``not resolved``."""
        cost = row.cost
        if not cost.resolved:
            return "not resolved"
        if row.candidate.says == SAME:
            return "costs nothing"
        if row.candidate.untestable:
            return "untestable"
        if self.q[row.rule] <= self.level and cost.high < 0 and cost.value < -self.threshold:
            return "better"
        if cost.high <= self.threshold:
            return "costs nothing"
        return "costs" if self.q[row.rule] <= self.level and cost.low > 0 else "undecided"

    @property
    def coarsest(self) -> Suggestion | None:
        """The rule that keeps fewest bits among those whose cost is surely below the threshold.

        At worst that is ``same input`` itself; None only where there is no number yet, or none at all.
        """
        free = [row for row in self.ranked if self.verdict(row) in ("costs nothing", "better")]
        return free[0] if free else None

    @cached_property
    def pareto(self) -> tuple[Suggestion, ...]:
        """From coarse to fine, each rule that recovers more than all coarser ones on the line, beyond noise."""
        line: list[Suggestion] = []
        rows = [row for row in self.rows if row.recovered.resolved and not row.candidate.untestable]
        for row in sorted(rows, key=lambda row: (round(row.bits, 9), -row.recovered.value, row.rule)):
            if not line or estimates.mean(line[-1].losses - row.losses).low > 0:
                line.append(row)
        return tuple(line)

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        best, most = self.coarsest, math.log2(len(self.task))
        if best is None:
            return "nothing can be said yet." if not self.rows else f"no loss recovered: {self.rows[0].recovered}."
        if best.candidate.says == SAME:
            return (
                f"no coarser rule costs surely less than {100 * self.threshold:g} points: 'same input' it stays, unless there is a "
                f"rule that was not tried{'' if self.complete else ' yet'}."
            )
        again = f", here the same as {listed(best.candidate.twins)}" if best.candidate.twins else ""
        return (
            f"'{best.rule}'{again} is the coarsest rule that costs nothing: it keeps {best.bits:.2f} of {most:.2f} bits and "
            f"recovers {best.recovered}, {_points(best.cost)} points less than 'same input'."
        )

    def __str__(self) -> str:
        best = self.coarsest
        lines = [
            f"rules for {' and '.join(self.claims)}, from coarse to fine; n = {len(self.base.losses)}, seed {self.settings.seed}",
            f"  {'bits':>5}  {'loss recovered':<24} {'less than same input':<22}  rule",
        ]
        for row in self.ranked:
            mark = "→" if row is best else "·" if row in self.pareto else " "
            cost = _points(row.cost) if row.candidate.says != SAME else ""
            words = [self.verdict(row)] if row.candidate.says != SAME else []
            words += [f"says '{row.candidate.says}'"] if row.candidate.says not in (None, row.rule) else []
            words += [f"= {', '.join(row.candidate.twins)}"] if row.candidate.twins else []
            words += ["now"] if row.hypothesis == self.hypothesis else []
            note = f"  ({'; '.join(words)})" if words else ""
            lines.append(f"{mark} {row.bits:5.2f}  {row.recovered!s:<24} {cost:<22}  {row.rule}{note}")
        lines.append(self.sentence)
        return "\n".join([*lines, *self.notes])

    __repr__ = __str__

    @property
    def notes(self) -> tuple[str, ...]:
        """What to keep in mind, in sentences."""
        found = []
        if any(self.verdict(row) == "undecided" for row in self.rows):
            found.append("undecided: the interval reaches from nothing to more than nothing; more samples would tell.")
        if len(self.rows) > MANY:
            found.append(f"{len(self.rows)} rules were tried on this data: confirm the one you take on held-out data.")
        if self.left:
            found.append(f"{len(self.left)} rules are still to be tried.")
        if self.pairs_left_out:
            found.append(
                f"{self.pairs_left_out} pairs of rules were left out: nearly every input would be alone, or too many."
            )
        found += [f"not tried: '{name}' ({why})" for name, why in self.skipped.items()]
        return tuple(found)

    def confirm(self, rule: str | None = None, samples: int = 1024, seed: int = 0) -> Comparison:
        """A rule against ``same input`` on the task's held-out data, which no try has touched.

        Parameters
        ----------
        rule : str, optional
            Which; default: the coarsest that costs nothing.
        samples, seed : int
            As in :meth:`Task.scrub`.
        """
        held, row = self.task.held_out, self.coarsest if rule is None else self[rule]
        if held is None or row is None:
            raise ScrubError(
                "the task has no held-out data: give Task(..., held_out=0.25)." if held is None else self.sentence
            )
        return held.compare(
            self[SAME].hypothesis, row.hypothesis, samples, seed, self.settings.unclaimed, self.settings.baseline
        )

    def plot(self) -> Figure:
        """Bits kept against loss recovered, with the line of those that are worth their bits."""
        from .suggest_plot import figure  # matplotlib is loaded only for those who plot

        return figure(self)

    def to_json(self) -> str:
        """All rows with their intervals and verdicts, and where they come from, as JSON text."""
        best = self.coarsest
        body = {
            "kind": KIND,
            "schema": SCHEMA,
            "claims": list(self.claims),
            "hypothesis": json.loads(self.hypothesis.to_json()),
            "rows": [
                {
                    "rule": row.rule,
                    "parts": list(row.candidate.parts),
                    "twins": list(row.candidate.twins),
                    "says": row.candidate.says,
                    "bits": row.bits,
                    "classes": row.candidate.classes,
                    "recovered": estimates.plain(row.recovered),
                    "cost": estimates.plain(row.cost),
                    "effect": estimates.plain(row.effect),
                    "p": row.p,
                    "q": self.q[row.rule],
                    "verdict": self.verdict(row),
                    "pareto": row in self.pareto,
                }
                for row in self.ranked
            ],
            "coarsest": None if best is None else best.rule,
            "sentence": self.sentence,
            "notes": list(self.notes),
            "left": list(self.left),
            "threshold": self.threshold,
            "level": self.level,
            "provenance": dict(self.base.provenance),
        }
        return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def _points(e: Estimate) -> str:
    if not e.resolved:
        return "not resolved"
    value, low, high = (round(100 * x, 1) + 0.0 for x in (e.value, e.low, e.high))
    return f"{value:.1f} [{low:.1f}, {high:.1f}]"
