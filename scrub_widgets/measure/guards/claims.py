"""Guards that look at the claims and their rules: what they allow to be swapped, and what the data can tell apart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ... import rules
from ...errors import listed
from ...hypothesis import ROOT
from .data import against, fixed, labels, leaves, read_positions, trivial
from .doubt import Doubt, percent
from .strength import covered

if TYPE_CHECKING:
    from ...hypothesis import Claim
    from ...result import Result

UNTESTABLE = 0.2
"""With more than a fifth of the draws giving the input itself back, that fifth of the number comes for nothing."""
ALONE = 0.1
"""Inputs that are alone in their class are never swapped: a tenth of the data is not tested."""
FIXES = 0.99
"""A rule that fixes a value in all but one of a hundred inputs fixes it; exact equality would miss rules with a slip."""
FEW_SWAPS = 30
"""Of fewer swaps nothing is said."""
EVERYTHING = 0.9
"""With nine tenths of what the output depends on fixed to the right answer, the rest has no say."""
ONE_SIDED = 0.9
"""Where two random inputs agree this often anyway, to keep the value says nothing."""


def untestable_claim(r: Result) -> list[Doubt]:
    """A claim whose donor is mostly the input itself tests nothing."""
    found = []
    for claim in r.hypothesis:
        classes = r.classes[claim.rule]
        # To keep an input on purpose is no test that failed; a rule that does so under another name is.
        if claim.rule == rules.SAME or not (classes.self_share > UNTESTABLE or classes.singletons > ALONE):
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
    """Leaves whose rule fixes the right answer keep it by definition, however the model works."""
    answers = labels(r.task)
    if answers is None or fixed(np.zeros(len(answers), dtype=np.int64), answers) > ONE_SIDED:
        return []
    speaking = [claim for claim in leaves(r) if trivial(r.classes[_rule_of(r, claim)]) is None]
    leaks = {claim: kept for claim in speaking if (kept := _kept(r, claim, answers)) >= FIXES}
    share = covered(r, leaks) if leaks else 0.0
    everything = share >= EVERYTHING
    more = f", and {percent(share)} of what the output depends on is claimed like that: any model that is right passes."
    return [
        Doubt(
            "label leak",
            f"{percent(kept)} of the swaps of '{claim.id}' (rule '{_rule_of(r, claim)}') keep the right answer"
            + (more if everything else "."),
            "That the answer survives is then the rule's doing: say which properties of the input it comes from, in claims "
            "under this one.",
            claim.id,
            severity="warning" if everything else "note",
        )
        for claim, kept in leaks.items()
    ]


def _rule_of(r: Result, claim: Claim) -> str:
    """The rule that a leaf stands under: to keep a whole port as it is, is to claim what stands above."""
    while claim.whole and claim.parent != ROOT and trivial(r.classes[claim.rule]) == rules.SAME:
        claim = r.hypothesis[claim.parent]
    return claim.rule


def _kept(r: Result, claim: Claim, answers: npt.NDArray[Any]) -> float:
    """Share of a leaf's swaps that keep the right answer, at the positions where it is read; 0 for too few swaps."""
    donors = r.donors[claim.id]
    if r.classes[claim.rule].positionwise:
        donors = donors[..., read_positions(r, claim)]
    references = against(r.references, donors)
    swapped = donors != references
    if swapped.sum() < FEW_SWAPS:
        return 0.0
    return float((answers[donors] == answers[references])[swapped].mean())


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
            f"{len(kept)} {what} always read on the reference itself, so nothing is tested there: {listed(kept)}.",
            "Read the number as a statement about the rest; to learn what these compute, give them a coarser rule or claims below.",
            kept[0],
            severity="note",
        )
    ]
