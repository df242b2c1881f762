"""How a lesson recognises that its task is done: statements about the hypothesis and about the run that belongs to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from ..errors import listed
from ..hypothesis import Hypothesis, natural

if TYPE_CHECKING:
    from ..history import Step as State
    from ..measure.estimates import Estimate
    from ..result import Result

Range = tuple[float | None, float | None]
"""Least and most, both included; None where there is no limit."""


class Check(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What must hold; every field that is given.

    Attributes
    ----------
    claim : str or tuple of str, optional
        A component (or a group) that must be claimed ``under`` this port, with this ``rule`` (or one of several, or any).
    absent : str, optional
        A claim id that must not be there.
    claims : int, optional
        How many claims there are.
    recovered, pointwise : [least, most], optional
        Where the number of the run must lie, as fractions; None for no limit.
    samples : int, optional
        Least number of samples of the run.
    """

    claim: str | tuple[str, ...] | None = None
    under: str = "logits"
    rule: str | tuple[str, ...] | None = None
    absent: str | None = None
    claims: int | None = None
    recovered: Range | None = None
    pointwise: Range | None = None
    samples: int | None = None

    @property
    def measured(self) -> bool:
        """Whether it speaks of a run, not of the hypothesis alone."""
        return self.recovered is not None or self.pointwise is not None

    def missing(self, state: State, result: Result | None) -> Iterator[str]:
        """What does not hold, a sentence each; without a result only what the hypothesis and the settings say."""
        yield from self._missing_claim(state.hypothesis)
        if self.absent is not None and self.absent in state.hypothesis:
            yield f"{words(self.absent)} is still claimed."
        if self.claims is not None and len(state.hypothesis) != self.claims:
            yield f"The hypothesis has {_counted(len(state.hypothesis))}; this task is about {_counted(self.claims)}."
        if self.samples is not None and state.settings.samples < self.samples:
            yield f"The run has {state.settings.samples} samples; this task asks for {self.samples} or more."
        if result is not None:
            yield from _outside("Loss recovered", result.loss_recovered, self.recovered)
            yield from _outside("The pointwise score", result.pointwise, self.pointwise)

    def _missing_claim(self, h: Hypothesis) -> Iterator[str]:
        if self.claim is None:
            return
        names = (self.claim,) if isinstance(self.claim, str) else tuple(sorted(self.claim, key=natural))
        found = [c for c in h if c.under == self.under and c.components == names]
        where = f"{' + '.join(names)} under {words(self.under)}"
        if not found:
            yield f"There is no claim on {where} yet."
            return
        rules = () if self.rule is None else (self.rule,) if isinstance(self.rule, str) else self.rule
        other = [c.rule for c in found if rules and c.rule not in rules]
        if other:
            yield f"The rule of {where} is {listed(other)}; this task is about another one."


def missing(checks: Iterable[Check], state: State, result: Result | None) -> tuple[str, ...]:
    """What does not hold of several checks: the claims first, then how many there are, then the numbers of the run."""
    checks = list(checks)
    named = [said for check in checks if check.claims is None for said in check.missing(state, None)]
    claims = named or [said for check in checks for said in check.missing(state, None)]
    if claims or result is None:
        return tuple(claims[:2])
    return tuple(said for check in checks for said in check.missing(state, result))


def words(path: str) -> str:
    """``logits>a1.h2.k`` as it is shown: ``logits ▸ a1.h2.k``."""
    return path.replace(">", " ▸ ")


def _counted(n: int) -> str:
    return "1 claim" if n == 1 else f"{n} claims"


def _outside(name: str, estimate: Estimate, limits: Range | None) -> Iterator[str]:
    if limits is None:
        return
    least, most = limits
    value = estimate.value
    if not estimate.resolved:
        yield f"{name} is not resolved in this run: take more samples."
    elif (least is not None and value < least) or (most is not None and value > most):
        yield f"{name} is {round(100 * value, 1) + 0.0:.1f} % in this run; this task is done {_wanted(least, most)}."


def _wanted(least: float | None, most: float | None) -> str:
    if most is None:
        return f"from {100 * (least or 0):.0f} % on"
    if least is None:
        return f"at {100 * most:.0f} % or less"
    return f"between {100 * least:.0f} and {100 * most:.0f} %"
