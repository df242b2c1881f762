"""What to doubt about a result. Each guard is a pure function of it; none hides a number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

if TYPE_CHECKING:
    from ..result import Result

FEW_SAMPLES = 64
UNTESTABLE = 0.2
CANCELLATION = 3.0


@dataclass(frozen=True)
class Doubt:
    """One reason to doubt a number.

    Attributes
    ----------
    name : str
        Of the guard.
    evidence : str
        What was measured.
    advice : str
        What to do about it.
    where : str or None
        A claim id, if it is about one.
    severity : {"note", "warning"}
        A note is good to know; a warning says that the number may not mean what it seems to.
    """

    name: str
    evidence: str
    advice: str
    where: str | None = None
    severity: Literal["note", "warning"] = "warning"

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence} {self.advice}"


def no_gap(r: Result) -> list[Doubt]:
    """The baseline's loss cannot be told from the model's: the ratio means nothing."""
    if r.loss_recovered.resolved:
        return []
    return [
        Doubt(
            "no gap",
            f"the model's loss is {r.model_loss}, the baseline's {r.baseline_loss}.",
            "Take more samples, or a task that the model does better than the baseline.",
        )
    ]


def few_samples(r: Result) -> list[Doubt]:
    """Too few references for an interval that can be relied on."""
    if len(r.losses) >= FEW_SAMPLES:
        return []
    return [
        Doubt(
            "few samples",
            f"{len(r.losses)} reference inputs.",
            f"Take at least {FEW_SAMPLES}; 1024 for a final number.",
        )
    ]


def untestable_claim(r: Result) -> list[Doubt]:
    """A claim whose donor is mostly the input itself tests nothing."""
    found = []
    for claim in r.hypothesis:
        classes = r.classes[claim.rule]
        if claim.rule != "same input" and classes.self_share > UNTESTABLE:
            found.append(
                Doubt(
                    "untestable claim",
                    f"under the rule '{claim.rule}' {100 * classes.self_share:.0f} % of the draws of '{claim.id}' give the same "
                    "input back.",
                    "Take a coarser rule or more inputs.",
                    claim.id,
                )
            )
    return found


def cancellation(r: Result) -> list[Doubt]:
    """Losses that went up on some examples and down on others cancel in the mean."""
    change = r.losses.scrubbed - r.losses.model
    gap = abs(r.baseline_loss.value - r.model_loss.value)
    size = float(np.abs(change).mean())
    if not r.loss_recovered.resolved or size <= CANCELLATION * abs(float(change.mean())) or size <= 0.1 * gap:
        return []
    return [
        Doubt(
            "cancellation",
            f"the loss is lower on {100 * r.better:.0f} % of the examples and higher on {100 * r.worse:.0f} %, by {size:.3g} on "
            f"average, but the mean moves only by {abs(float(change.mean())):.3g}.",
            "Read the pointwise score and the KL instead of the loss recovered.",
        )
    ]


GUARDS: tuple[Callable[[Result], list[Doubt]], ...] = (no_gap, few_samples, untestable_claim, cancellation)


def doubts(r: Result) -> list[Doubt]:
    """All that the guards have to say about a result."""
    return [doubt for guard in GUARDS for doubt in guard(r)]
