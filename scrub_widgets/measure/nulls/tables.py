"""What comparing a hypothesis with others gives: a rank among random ones, or a change for each claim."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ...hypothesis import Hypothesis
from ..estimates import UNRESOLVED, Estimate, Floats, false_discovery

TIE = 1e-6
"""Shares of the gap that differ by less are equal: rounding is no evidence."""
LEVEL = 0.05
"""The false discovery rate at which claims are marked."""


@dataclass(frozen=True)
class Row:
    """One hypothesis beside the one that is judged.

    Attributes
    ----------
    name : str
        The draw, or the id of the claim that was removed or added.
    hypothesis : Hypothesis
        What was scrubbed.
    loss_recovered : Estimate
        On the references of the judged hypothesis, from its baseline.
    change : Estimate
        Its loss recovered minus that of the judged hypothesis, paired by reference.
    p_value : float
        Of a change this large if there were none: a paired t test.
    """

    name: str
    hypothesis: Hypothesis
    loss_recovered: Estimate
    change: Estimate
    p_value: float


@dataclass(frozen=True)
class Table:
    """A hypothesis and those that it was compared with.

    Attributes
    ----------
    kind : str
        How these were made: ``"permuted"``, ``"leave_one_out"``, ...
    title : str
        The same in words.
    hypothesis : Hypothesis
        The one that is judged.
    observed : Estimate
        Its loss recovered.
    references : int
        How many; the same ones in every row.
    planned : int
        Rows when all is done.
    rows : tuple of Row
        Those that are done.
    """

    kind: str
    title: str
    hypothesis: Hypothesis = field(repr=False)
    observed: Estimate
    references: int
    planned: int
    rows: tuple[Row, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all rows are done."""
        return len(self.rows) == self.planned

    @property
    def values(self) -> Floats:
        """Loss recovered in each row."""
        return np.array([row.loss_recovered.value for row in self.rows])

    def to_builtins(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        return {
            "kind": self.kind,
            "title": self.title,
            "hypothesis": json.loads(self.hypothesis.to_json()),
            "observed": _numbers(self.observed),
            "references": self.references,
            "planned": self.planned,
            "rows": [
                {
                    "name": row.name,
                    "hypothesis": json.loads(row.hypothesis.to_json()),
                    "loss_recovered": _numbers(row.loss_recovered),
                    "change": _numbers(row.change),
                    "p_value": row.p_value,
                }
                for row in self.rows
            ],
        }

    def to_json(self) -> str:
        """Everything as JSON text."""
        return json.dumps(self.to_builtins(), indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)

    def _head(self) -> list[str]:
        done = "" if self.complete else f", {len(self.rows)} of {self.planned} done"
        return [f"{self.title}; {self.references} references{done}", f"hypothesis  {self.observed}"]


@dataclass(frozen=True)
class NullDraws(Table):
    """A hypothesis among random ones.

    Attributes
    ----------
    above : Estimate
        Loss recovered minus the mean of the draws, paired by reference: the rank takes the references as they are, this
        interval counts that others could have been drawn.
    exhaustive : bool
        Whether the rows are all hypotheses there are of this kind.
    """

    above: Estimate = UNRESOLVED
    exhaustive: bool = False

    @property
    def rank(self) -> int:
        """Place of the hypothesis among the draws, 1 the best; draws that recover as much stand before it."""
        return 1 + int((self.values >= self.observed.value - TIE).sum())

    @property
    def p_value(self) -> float:
        """(1 + draws that recover at least as much) / (1 + draws)."""
        return self.rank / (1 + len(self.rows))

    @property
    def smallest_p_value(self) -> float:
        """1 / (1 + draws): no result of so few draws can say more."""
        return 1 / (1 + len(self.rows))

    def to_builtins(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        own = {"rank": self.rank, "p_value": self.p_value, "smallest_p_value": self.smallest_p_value}
        return {**super().to_builtins(), **own, "above": _numbers(self.above), "exhaustive": self.exhaustive}

    def __str__(self) -> str:
        lines, draws = self._head(), len(self.rows)
        if not draws:
            return "\n".join(lines)
        low, middle, high = (100 * float(f(self.values)) for f in (np.min, np.mean, np.max))
        reach = self.rank - 1
        every = "all there are: " if self.exhaustive else ""
        words = f"{reach or 'no'} draw{'s' if reach > 1 else ''} recover{'s' if reach < 2 else ''} as much"
        limit = (
            f"the smallest that {draws} draws can give"
            if not reach
            else f"the smallest that {draws} draws can give is {self.smallest_p_value:.2g}"
        )
        return "\n".join(
            [
                *lines,
                f"draws       {every}{middle:.1f} % on average, from {low:.1f} to {high:.1f} %",
                f"above them  {self.above}",
                f"rank        {self.rank} of {draws + 1}: {words}",
                f"p-value     {self.p_value:.2g} = (1 + {reach}) / (1 + {draws}), {limit}",
            ]
        )

    __repr__ = __str__


@dataclass(frozen=True)
class Changes(Table):
    """What each of several changes does to a hypothesis."""

    @property
    def q_values(self) -> list[float]:
        """p-values adjusted for how many there are (Benjamini and Hochberg): see :attr:`marked`."""
        return false_discovery([row.p_value for row in self.rows])

    @property
    def marked(self) -> tuple[Row, ...]:
        """The rows that count at a false discovery rate of 5 %: of such rows, 5 % are expected to be noise."""
        return tuple(row for row, q in zip(self.rows, self.q_values, strict=True) if q <= LEVEL)

    def to_builtins(self) -> dict[str, Any]:
        """Everything as plain values, for JSON."""
        body = super().to_builtins()
        body["rows"] = [{**row, "q_value": q} for row, q in zip(body["rows"], self.q_values, strict=True)]
        return body

    def __str__(self) -> str:
        width = max([5, *(len(row.name) for row in self.rows)])
        lines = self._head()
        if self.rows:
            lines.append(f"{'':{width}}  {'recovers':>24}  {'change':>24}  {'p-value':>9}  {'q-value':>9}")
        for row, q in zip(self.rows, self.q_values, strict=True):
            cells = f"{row.loss_recovered!s:>24}  {row.change!s:>24}  {_small(row.p_value):>9}  {_small(q):>9}"
            lines.append(f"{row.name:{width}}  {cells}{' *' if q <= LEVEL else ''}")
        if len(self.rows) > 1:
            lines.append(
                f"* {len(self.marked)} of {len(self.rows)}: beyond noise at a false discovery rate of {100 * LEVEL:.0f} % "
                "(of the marked ones, so many are expected to be noise)"
            )
        return "\n".join(lines)

    __repr__ = __str__


def _small(p: float) -> str:
    return "< 1e-4" if p < 1e-4 else f"{p:.4f}"


def _numbers(estimate: Estimate) -> dict[str, float | None]:
    values = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: value if math.isfinite(value) else None for name, value in values.items()}
