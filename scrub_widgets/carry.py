"""What becomes of the claims when a component is written as parts, when it is put together again, and when positions are split."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from .errors import HypothesisError, listed
from .hypothesis import ROOT, Claim, Hypothesis, Positions

Parts = tuple[str, str]


Where = dict[str, str]
"""The new ids of claims: of several, the first."""


def apart(h: Hypothesis, component: str, parts: Parts) -> tuple[Hypothesis, list[str], Where]:
    """The claims on a component as claims on both of its parts, with one draw; those in groups name both parts.

    Parameters
    ----------
    h : Hypothesis
        Before the rewrite.
    component : str
        What is rewritten.
    parts : tuple of str
        Ids of its parts.

    Returns
    -------
    Hypothesis
        After it.
    list of str
        What was done, a sentence for each claim.
    dict of str to str
        The new ids of the claims.
    """
    said: list[str] = []
    taken = {claim.share for claim in h}

    def split(claim: Claim) -> list[Claim]:
        if component not in claim.components:
            return [claim]
        if len(claim.components) > 1:
            said.append(f"The group '{claim.name}' names both parts now.")
            return [msgspec.structs.replace(claim, components=_swap(claim.components, component, parts))]
        share = claim.share or _share_name(claim, taken)
        said.append(f"'{claim.name}' under '{claim.under}' became two claims with its rule and one draw, '{share}'.")
        return [msgspec.structs.replace(claim, components=(part,), share=share) for part in parts]

    made, where = _rebuilt(h, split, taken)
    return made, said, where


def as_parts(h: Hypothesis, component: str, parts: Sequence[str]) -> tuple[Hypothesis, Where]:
    """The claims on a component as claims on all of its parts as a group, with one donor: they say what they said before.

    Returns
    -------
    Hypothesis
        After the rewrite.
    dict of str to str
        The new ids of the claims.
    """

    def swap(claim: Claim) -> list[Claim]:
        return [msgspec.structs.replace(claim, components=_swap(claim.components, component, parts))]

    return _rebuilt(h, swap, {claim.share for claim in h})


def _share_name(claim: Claim, taken: set[str | None]) -> str:
    name = claim.id if claim.name in taken else claim.name
    taken.add(name)
    return name


def _rebuilt(h: Hypothesis, split: Callable[[Claim], list[Claim]], taken: set[str | None]) -> tuple[Hypothesis, Where]:
    """A hypothesis in which each claim became one or several, each with a copy of what stood under it."""
    made = Hypothesis()
    where: dict[str, list[str]] = {ROOT: [ROOT]}
    for claim in h:  # parents before children
        parents, where[claim.id] = where[claim.parent], []
        # What stands under parts that share a draw shares one, too: the tree says what it said before.
        share = claim.share or (_share_name(claim, taken) if len(parents) > 1 else None)
        for parent in parents:
            for new in split(msgspec.structs.replace(claim, parent=parent, share=share)):
                made, claim_id = _put(made, new)
                where[claim.id].append(claim_id)
    return made, {old: new[0] for old, new in where.items() if new}


def _put(h: Hypothesis, claim: Claim) -> tuple[Hypothesis, str]:
    return h.claim(
        claim.components if len(claim.components) > 1 else claim.components[0],
        under=claim.under,
        rule=claim.rule,
        paths=claim.paths,
        positions=claim.positions,
        share=claim.share,
    )


def _swap(components: Sequence[str], old: str, new: Sequence[str]) -> tuple[str, ...]:
    return tuple(name for c in components for name in (new if c == old else (c,)))


def together(h: Hypothesis, component: str, parts: Parts, rule: str | None = None) -> tuple[Hypothesis, Where]:
    """The claims on the parts of a component as claims on the whole.

    Parameters
    ----------
    h : Hypothesis
        Before.
    component : str
        What is put together again.
    parts : tuple of str
        Ids of its parts.
    rule : str, optional
        For the whole, where both parts have different rules or only one is claimed; ``""`` removes such claims.

    Returns
    -------
    Hypothesis
        After it.
    dict of str to str
        The new ids of the claims that are still there.

    Raises
    ------
    HypothesisError
        Both parts are not claimed alike and no rule is given, or other things stand under them; the sentence says which.
    """
    for claim in h:
        _check_group(claim, component, parts)
    for under in dict.fromkeys(claim.under for claim in h if _single(claim, parts)):
        if not any(c.under == under and _single(c, parts) for c in h):
            continue  # it stood under a part that is gone
        h = _joined(h, under, component, parts, rule)
    return _renamed(h, lambda names: _whole(names, component, parts))


def _single(claim: Claim, parts: Parts) -> bool:
    return len(claim.components) == 1 and claim.components[0] in parts


def _check_group(claim: Claim, component: str, parts: Parts) -> None:
    named = [part for part in parts if part in claim.components]
    if len(claim.components) > 1 and len(named) == 1:
        raise HypothesisError(
            f"the group '{claim.id}' names only one part of '{component}': claim the part apart from the group first.",
            where=claim.id,
        )


def _joined(h: Hypothesis, under: str, component: str, parts: Parts, rule: str | None) -> Hypothesis:
    """Under one port: the first part's claim stays and will be renamed, the second's goes."""
    mine = [[c for c in h if c.under == under and c.components == (part,)] for part in parts]
    first, second = mine
    if rule == "":
        for claim in (*first, *second):
            h = h.remove(claim.id) if claim.id in h else h
        return h
    agree = [_said(c) for c in first] == [_said(c) for c in second]
    if not agree and rule is None:
        both = listed(f"{c.components[0]}: {c.rule}" for c in (*first, *second))
        raise HypothesisError(
            f"the parts of '{component}' are not claimed alike under '{under}' ({both}): say which rule the whole gets, or remove "
            "these claims.",
            where=(first or second)[0].id,
        )
    if agree:
        _check_below(h, component, first, second)
        keep, drop = first, second
    else:
        keep, drop = (first, second) if first else (second, [])
    for claim in drop:
        h = h.remove(claim.id)
    for claim in keep if rule else ():
        h = h.with_rule(claim.id, rule or "")
    return h


def _said(claim: Claim) -> tuple[str, str, Positions]:
    return claim.rule, claim.paths, claim.positions


def _check_below(h: Hypothesis, component: str, first: Sequence[Claim], second: Sequence[Claim]) -> None:
    for a, b in zip(first, second, strict=True):
        below = [
            {(c.id.removeprefix(top.id), c.rule, c.paths) for c in h if c.id.startswith((f"{top.id}>", f"{top.id}."))}
            for top in (a, b)
        ]
        if below[0] != below[1]:
            raise HypothesisError(
                f"different claims stand under '{a.id}' and '{b.id}': remove those of one, and then put '{component}' together.",
                where=a.id,
            )


def _whole(names: tuple[str, ...], component: str, parts: Parts) -> tuple[str, ...]:
    return tuple(dict.fromkeys(component if name in parts else name for name in names))


def _renamed(h: Hypothesis, rename: Callable[[tuple[str, ...]], tuple[str, ...]]) -> tuple[Hypothesis, Where]:
    def split(claim: Claim) -> list[Claim]:
        return [msgspec.structs.replace(claim, components=rename(claim.components))]

    made, where = _rebuilt(h, split, {claim.share for claim in h})
    for claim in list(made):  # a share that a rewrite made, with nobody left to share it with
        if claim.share in (claim.name, claim.id) and sum(c.share == claim.share for c in made) == 1:
            made, _ = made.change(claim.id, share=None)
    return made, where


def by_positions(h: Hypothesis, claim_id: str, parts: Sequence[Positions]) -> tuple[Hypothesis, list[str]]:
    """A claim as claims at disjoint positions, each with a copy of what stands under it.

    Parameters
    ----------
    h : Hypothesis
        With the claim.
    claim_id : str
        Which.
    parts : sequence of positions
        Indices or a role's name for each claim; where none of them is, the component counts as unclaimed.

    Returns
    -------
    Hypothesis
        With the new claims.
    list of str
        Their ids.

    Raises
    ------
    HypothesisError
        Fewer than two parts, or parts that overlap.
    """
    claim = h[claim_id]
    if len(parts) < 2:
        raise HypothesisError("at least two parts are expected, such as '0-3; 4, 5' or 'subject; end'.", where=claim_id)
    below = [c for c in h if c.id.startswith((f"{claim_id}>", f"{claim_id}."))]
    rest = h.remove(claim_id)
    made = []
    for positions in parts:
        rest, new = _put(rest, msgspec.structs.replace(claim, positions=positions))
        made.append(new)
        for c in below:
            rest, _ = _put(rest, msgspec.structs.replace(c, parent=new + c.parent[len(claim_id) :]))
    return rest, made
