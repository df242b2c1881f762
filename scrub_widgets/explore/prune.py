"""What a hypothesis does not need: claims that can be left out, and rules finer than they have to be."""

from __future__ import annotations

from ..hypothesis import WHOLE
from .ports import without
from .questions import ANY, SAME
from .state import Asks, Change, Spent, State


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


def coarsen(state: State) -> Asks:
    """Give each claim the coarsest of some rules that costs no more than the threshold; the deepest claims first.

    Rules are tried from coarse to fine, on top of those that were given already, and each cost is the paired difference from the
    hypothesis before: in all the coarser rules cost at most the threshold, as far as that was measured.
    """
    o, full = state.options, state.h
    mine = [c for c in full if c.id not in o.start and c.rule == SAME]
    effects, given, unread = [], [], 0
    for claim in sorted(mine, key=lambda c: (-c.id.count(">"), c.id)):
        for rule in state.rules:
            state.message = f"is '{rule}' all that matters about {claim.id}?"
            try:
                state.afford(1)
            except Spent:
                unread += 1
                break
            coarser = state.h.with_rule(claim.id, rule)
            (answer,) = yield Change(f"{claim.id}: {rule}", full, coarser)
            effects.append(answer)
            if answer.effect.resolved and answer.cost <= o.threshold:
                state.h, state.recovered = coarser, answer.recovered
                given.append(f"{claim.id} ({rule})")
                break
    words = f"{len(given)} of {len(mine)} claims got a coarser rule: {', '.join(given) or 'any other one costs more'}."
    if unread:
        words += f" For {unread} not all rules were tried: the budget of {o.budget} scrubs is spent."
    state.step("rules", "", words, accepted=[c.id for c in mine if state.h[c.id].rule != SAME], effects=effects)
