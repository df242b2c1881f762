"""A guard that tries finer rules: what is missing to 100 % may be what a rule leaves out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .claims import UNTESTABLE
from .data import trivial
from .doubt import Doubt, percent, points
from .numbers import HIGH
from .paired import recovered
from .twins import claimed_rules, classes_of, instead, palette

if TYPE_CHECKING:
    from ...result import Result

TRIED = 4
"""Finer rules that are tried for each claimed one, the coarsest first: each is one more scrub."""
FINER = 0.01
"""A point more than self-samples explain; below it, a finer rule is a detail."""


def finer_rule(r: Result) -> list[Doubt]:
    """Nearly all is recovered, and with a finer rule of the task more: the claimed one is not all that matters there.

    A finer rule has smaller classes, so more donors are the input itself; what that alone is worth (the missing part, times the
    share of self-samples) does not count.
    """
    whole = recovered(r)
    if not whole.resolved or whole.value < HIGH:
        return []
    pairs = [(name, other) for name in claimed_rules(r) for other in _finer(r, name)]
    found = []
    for name, other in pairs:
        more, theirs = instead(r, name, other)
        for_nothing = max(0.0, 1 - whole.value) * r.task.classes(other).self_share
        if more.value > FINER + for_nothing and more.low(len(pairs)) > for_nothing:
            found.append(
                Doubt(
                    "finer rule",
                    f"with '{other}', which keeps more than '{name}' does, {percent(theirs)} are recovered, {points(more.value)} more.",
                    f"'{name}' is not all that matters there: claim the finer rule, or say that the rest is a small error.",
                    next(c.id for c in r.hypothesis if c.rule == name),
                )
            )
    return found


def _finer(r: Result, name: str) -> list[str]:
    """Rules of the task whose classes lie within those of a claimed one, the coarsest few of them."""
    ours = r.classes[name]
    found = {}
    for other in palette(r, name):
        theirs = classes_of(r, other)
        if theirs is None or trivial(theirs) is not None or theirs.self_share > UNTESTABLE:
            continue
        if len(theirs.size) > len(ours.size) and theirs.refines(ours):
            found[other] = len(theirs.size)
    return sorted(found, key=lambda other: found[other])[:TRIED]
