"""One claim over several components, and several claims out of one. Every rule is kept, also of what stands under them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from .errors import HypothesisError, listed
from .hypothesis import Claim, Hypothesis


def group(h: Hypothesis, claim_ids: Sequence[str], rule: str | None = None) -> tuple[Hypothesis, str]:
    """Several claims under one port as one claim with one draw; returns the hypothesis and the group's id.

    Parameters
    ----------
    h : Hypothesis
        Where they stand.
    claim_ids : sequence of str
        At least two, under one port, with the same paths and positions.
    rule : str, optional
        The rule of the group; may be left out where all of them have the same.

    Raises
    ------
    HypothesisError
        They cannot be one claim; the sentence says what differs.
    """
    members = [h[claim_id] for claim_id in dict.fromkeys(claim_ids)]
    if len(members) < 2:
        raise HypothesisError("a group is made of at least two claims under one port.")
    shared = {
        "port": _same(members, "under", "stand under different ports"),
        "paths": _same(members, "paths", "are about different paths"),
        "positions": _same(members, "positions", "are about different positions"),
        "rule": rule or _same(members, "rule", "have different rules", "give them one rule first"),
    }
    if any(claim.whole for claim in members):
        raise HypothesisError("the whole input of a port cannot be grouped with single components.")
    shares = {claim.share for claim in members}
    without = h
    for claim in members:
        without = without.remove(claim.id)
    made, group_id = without.claim(
        [name for claim in members for name in claim.components],
        under=members[0].under,
        rule=str(shared["rule"]),
        paths=members[0].paths,
        positions=members[0].positions,
        share=shares.pop() if len(shares) == 1 else None,
    )
    for claim in members:
        made = _with_below(made, h, claim.id, group_id)
    return made, group_id


def ungroup(h: Hypothesis, claim_id: str) -> tuple[Hypothesis, list[str]]:
    """A group as one claim for each component, each with a draw of its own; returns the hypothesis and their ids.

    Raises
    ------
    HypothesisError
        No such claim, or it is about one component.
    """
    claim = h[claim_id]
    if len(claim.components) < 2:
        raise HypothesisError(f"'{claim_id}' is about one component: there is nothing to ungroup.", where=claim_id)
    made, ids = h.remove(claim_id), []
    for name in claim.components:
        made, own = made.claim(
            name, claim.under, claim.rule, paths=claim.paths, positions=claim.positions, share=claim.share
        )
        made = _with_below(made, h, claim_id, own)
        ids.append(own)
    return made, ids


def _same(members: Sequence[Claim], field: str, words: str, advice: str = "") -> object:
    found = list(dict.fromkeys(getattr(claim, field) for claim in members))
    if len(found) > 1:
        values = listed(["everywhere" if value is None else str(value) for value in found])
        raise HypothesisError(f"these claims {words}, {values}, so they cannot be one{advice and f'; {advice}'}.")
    return found[0]


def _with_below(made: Hypothesis, h: Hypothesis, old: str, new: str) -> Hypothesis:
    """With copies of what stood under ``old``, now under ``new``; what is there already must say the same."""
    for claim in h:
        if claim.parent == old or claim.parent.startswith((f"{old}>", f"{old}.")):
            copy = msgspec.structs.replace(claim, parent=new + claim.parent[len(old) :])
            if copy.id not in made:
                made = made.claim(
                    copy.components,
                    copy.under,
                    copy.rule,
                    paths=copy.paths,
                    positions=copy.positions,
                    share=copy.share,
                )[0]
            elif made[copy.id] != copy:
                raise HypothesisError(
                    f"{copy.name} is claimed under several of them in different ways ('{made[copy.id].rule}', "
                    f"'{copy.rule}'): make these equal first.",
                    where=claim.id,
                )
    return made
