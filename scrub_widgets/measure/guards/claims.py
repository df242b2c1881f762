"""Guards that look at the claims and their rules: what they allow to be swapped, and what the data can tell apart."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

from ... import rules
from ...errors import RuleError, listed
from .data import against, fixed, labels, leaves, rule_fixes, trivial
from .doubt import Doubt, percent

if TYPE_CHECKING:
    from ...classes import Classes
    from ...result import Result

UNTESTABLE = 0.2
"""With more than a fifth of the draws giving the input itself back, that fifth of the number comes for nothing."""
ALONE = 0.1
"""Inputs that are alone in their class are never swapped: a tenth of the data is not tested."""
FIXES = 0.99
"""A rule that fixes a value in all but one of a hundred inputs fixes it; exact equality would miss rules with a slip."""
ONE_SIDED = 0.9
"""Where two random inputs agree this often anyway, to keep the value says nothing."""


def untestable_claim(r: Result) -> list[Doubt]:
    """A claim whose donor is mostly the input itself tests nothing."""
    found = []
    for claim in r.hypothesis:
        classes = r.classes[claim.rule]
        if trivial(classes) is not None or not (classes.self_share > UNTESTABLE or classes.singletons > ALONE):
            continue
        found.append(
            Doubt(
                "untestable claim",
                f"under the rule '{claim.rule}' {percent(classes.self_share)} of the draws of '{claim.id}' give the same input "
                f"back, and {percent(classes.singletons)} of the inputs have no other to be swapped with.",
                "Take a coarser rule or more inputs.",
                claim.id,
            )
        )
    return found


def degenerate_rule(r: Result) -> list[Doubt]:
    """A rule that turns out to be `any input` or `same input` on this data, under another name."""
    found = []
    for claim in r.hypothesis:
        really = trivial(r.classes[claim.rule])
        if really is None or claim.rule in _SAYS[really]:
            continue
        words = "all inputs one label" if really == rules.ANY else "every input a label of its own"
        found.append(
            Doubt(
                "degenerate rule",
                f"on this data the rule '{claim.rule}' gives {words}, so '{claim.id}' says '{really}' and no more.",
                "Take a rule that splits the data into several classes, or data on which this one does.",
                claim.id,
            )
        )
    return found


_SAYS = {rules.ANY: {rules.ANY, "any input at each position"}, rules.SAME: {rules.SAME}}


def label_leak(r: Result) -> list[Doubt]:
    """A leaf whose rule fixes the task's right answer keeps it by definition, however the model gets there."""
    answers = labels(r.task)
    if answers is None or fixed(np.zeros(len(answers), dtype=np.int64), answers) > ONE_SIDED:
        return []
    found = []
    for claim in leaves(r):
        kept = float("nan") if trivial(r.classes[claim.rule]) else rule_fixes(r, claim, answers)
        if kept < FIXES or np.isnan(kept):
            continue
        everything = claim.whole and claim.parent == "logits"
        found.append(
            Doubt(
                "label leak",
                f"the rule '{claim.rule}' of '{claim.id}' fixes the right answer: {percent(kept)} of its swaps keep it"
                + (", and the claim is about everything that the output reads." if everything else "."),
                "That the answer survives is then the rule's doing: say which properties of the input it comes from, in "
                "claims under this one.",
                claim.id,
                severity="warning" if everything else "note",
            )
        )
    return found


def never_resampled(r: Result) -> list[Doubt]:
    """Claims whose donor always was the reference: scaffolding that the scrub left standing."""
    donors = r.donors
    kept = [c.id for c in leaves(r) if (donors[c.id] == against(r.references, donors[c.id])).all()]
    if not kept:
        return []
    what = "claim was" if len(kept) == 1 else "claims were"
    return [
        Doubt(
            "never resampled",
            f"{len(kept)} {what} always read on the reference itself: {listed(kept)}.",
            "Nothing is tested there: the number says that the rest may be swapped, and not what these compute.",
            kept[0],
            severity="note",
        )
    ]


def extensional_twins(r: Result) -> list[Doubt]:
    """Another rule of the task allows exactly the same swaps: the data cannot tell the two apart."""
    found = []
    for name in dict.fromkeys(claim.rule for claim in r.hypothesis):
        if trivial(r.classes[name]) is not None:
            continue
        twins = [other for other in r.task.rules if _twins(r, name, other)]
        if twins:
            found.append(
                Doubt(
                    "extensional twins",
                    f"on this data the rule '{name}' allows exactly the same swaps as {listed(twins)}.",
                    "The number supports one as much as the other; inputs on which they differ would tell them apart.",
                    next(claim.id for claim in r.hypothesis if claim.rule == name),
                    severity="note",
                )
            )
    return found


def _twins(r: Result, name: str, other: str) -> bool:
    if other == name or _function(r, name) is _function(r, other):
        return False
    theirs = _classes(r, other)
    return theirs is not None and r.classes[name].same_partition(theirs)


def _function(r: Result, name: str) -> object:
    """What a rule is made from: ``token at 5`` and ``token at -3`` are one function by construction."""
    return inspect.unwrap(rules.find(name, r.task.rules, r.task.positions))


def _classes(r: Result, name: str) -> Classes | None:
    """The classes of a rule of the palette; None if it raises: nobody claimed it, so it is nobody's error here."""
    try:
        return r.task.classes(name)
    except RuleError:
        return None
