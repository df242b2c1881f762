"""Leaving out what a hypothesis does not need, one claim after the other."""

from __future__ import annotations

from ..hypothesis import WHOLE
from .descent import Asks, Change, Spent, State
from .ports import without
from .questions import ANY


def prune(state: State) -> Asks:
    """Free each claim that the search made, the least important first; what in all costs no more than the threshold is left out.

    Each cost is the paired difference from the hypothesis before pruning, so that many small ones do not add up unseen.
    """
    o = state.options
    state.phase = "prune"
    state.h = state.tidy
    full = state.h
    mine = [c for c in full if c.id not in o.start and not (c.whole and c.rule == ANY)]
    order = sorted(mine, key=lambda c: (state.worth.get(c.id, 0.0), -c.id.count(">"), c.id))
    effects, gone = [], []
    unread = 0
    for claim in order:
        if claim.id not in state.h:
            continue  # it went with the claim that it stood under
        state.message = f"is {claim.id} needed?"
        try:
            state.afford(1)
        except Spent:
            unread += 1
            continue
        (answer,) = yield Change(claim.id, full, without(state.h, claim.id))
        effects.append(answer)
        if not state.matters(answer):
            state.h = without(state.h, claim.id)
            gone.append(claim.id)
            state.recovered = answer.recovered
    state.h = state.tidy
    kept = [c.id for c in state.h if c.id not in o.start and not c.id.endswith(f">{WHOLE}")]
    words = f"{len(gone)} of {len(order)} claims left out: " + (", ".join(gone) or "each of them is needed") + "."
    if unread:
        words += f" {unread} were not tried: the budget of {o.budget} scrubs is spent."
    state.step("prune", "", words, accepted=kept, refused=gone, effects=effects)
