"""What changed between two hypotheses, claim by claim."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Literal

from .hypothesis import Claim, Hypothesis

FIELDS = ("rule", "positions", "paths", "share")
ABSENT = {"positions": "everywhere", "share": "own draw"}


@dataclass(frozen=True)
class Change:
    """One claim that differs.

    Attributes
    ----------
    sign : {"+", "-", "~"}
        It is only in the second, only in the first, or in both in different ways.
    before, after : Claim or None
        As it stands in the first and in the second hypothesis.
    what : tuple of str
        What differs, in words: ``"rule: token → position"``.
    """

    sign: Literal["+", "-", "~"]
    before: Claim | None
    after: Claim | None
    what: tuple[str, ...] = ()

    @property
    def claim(self) -> Claim:
        """As it stands in the second hypothesis, or where it is not there, in the first."""
        found = self.after or self.before
        assert found is not None
        return found

    def __str__(self) -> str:
        return f"{self.sign} {self.claim.id} · {', '.join(self.what) or self.claim.rule}"


def changes(first: Hypothesis, second: Hypothesis) -> tuple[Change, ...]:
    """What must be added (+), removed (-) and changed (~) to get from the first to the second, parents first.

    A claim is the same one if it names the same components under the same port, wherever it holds: another position is
    a change of the claim, not another claim. Where one component is claimed at several positions, claims with one id
    are matched first.
    """
    partner = _matched(first, second)
    found = []
    for claim in second:
        before = partner.get(claim.id)
        what = () if before is None else _differs(before, claim)
        if before is None or what:
            found.append(Change("+" if before is None else "~", before, claim, what))
    held = {claim.id for claim in partner.values()}
    return (*found, *(Change("-", claim, None) for claim in first if claim.id not in held))


def _matched(first: Hypothesis, second: Hypothesis) -> dict[str, Claim]:
    """Id in the second hypothesis to the claim of the first that it is."""
    partner = {claim.id: first[claim.id] for claim in second if claim.id in first}
    waiting: dict[str, list[Claim]] = defaultdict(list)
    for claim in first:
        if claim.id not in partner:
            waiting[_anywhere(claim.id)].append(claim)
    for claim in second:
        same = waiting.get(_anywhere(claim.id))
        if claim.id not in partner and same:
            partner[claim.id] = same.pop(0)
    return partner


def _anywhere(claim_id: str) -> str:
    """An id without the positions in it."""
    steps = []
    for step in claim_id.split(">"):
        name, at, where = step.partition("@")
        _, dot, port = where.rpartition(".")
        steps.append(f"{name}.{port}" if at and dot else name)
    return ">".join(steps)


def _differs(before: Claim, after: Claim) -> tuple[str, ...]:
    return tuple(
        f"{name}: {_said(name, before)} → {_said(name, after)}"
        for name in FIELDS
        if getattr(before, name) != getattr(after, name)
    )


def _said(name: str, claim: Claim) -> str:
    value = getattr(claim, name)
    if value is None:
        return ABSENT[name]
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
