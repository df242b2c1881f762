"""One reason to doubt a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Severity = Literal["note", "warning"]


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
    severity: Severity = "warning"

    def __str__(self) -> str:
        return f"{self.name}: {self.evidence} {self.advice}"


def percent(share: float) -> str:
    """A share in words: ``83 %``; small ones keep a digit."""
    value = 100 * share
    return f"{value:.1f} %" if 0 < abs(value) < 1 else f"{value:.0f} %"


def points(share: float) -> str:
    """A difference of two shares in words: ``12 points``."""
    value = abs(100 * share)
    words = f"{value:.1f}" if value < 0.95 else f"{value:.0f}"
    return f"{words} point" if words == "1" else f"{words} points"
