"""Guards that look at what was drawn: whose share of the data changed, and whether donors look like the data."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from ...classes import Ints
from ...hypothesis import ROOT, Claim
from .claims import FIXES
from .data import against, features, leaves, lengths, read_positions, rule_fixes, value_of
from .doubt import Doubt, percent
from .paired import ALPHA
from .strength import strength

if TYPE_CHECKING:
    from ...result import Result

WEAK = 0.05
"""With less than a twentieth of what the output depends on really changed, 100 % is what any hypothesis would get."""
RATHER_WEAK = 0.2
DRIFT = 0.05
"""Usage that differs by less than five points in all moves a mean loss by less than that share of its range."""
EXPECTED = 5.0
"""The chi-square approximation wants about five expected draws for each value; rarer ones are counted together."""
PADDED = 0.1
"""One position in ten reading padding as if it were a token is no accident of a few long inputs."""
OTHER_LENGTH = 0.01


def weak_test(r: Result) -> list[Doubt]:
    """Hardly anything was swapped: the number is near 100 % whatever the claims say."""
    found = strength(r)
    if found >= RATHER_WEAK:
        return []
    return [
        Doubt(
            "weak test",
            f"strength {percent(found)}: of what the output depends on, weighed by how much it varies over the inputs, only "
            f"{percent(found)} came from another input than the reference.",
            "Claim fewer components, or take coarser rules: what is kept as it is cannot fail.",
            severity="warning" if found < WEAK else "note",
        )
    ]


def donor_drift(r: Result) -> list[Doubt]:
    """Donors that are not distributed as the data are: then the scrub tests another data set."""
    known = features(r.task)
    drawn = {"the references": r.references, **{f"the donors of '{key}'": d for key, d in r.donors.items()}}
    tests = len(known) * len(drawn)
    found = []
    for name, codes in known.items():
        for who, donors in drawn.items():
            chance, value, expected, seen = _usage(codes, donors)
            if chance < ALPHA / tests and abs(seen - expected) > DRIFT:
                found.append(
                    Doubt(
                        "donor drift",
                        f"{percent(seen)} of {who} have {name} {value_of(r.task, name, value)}, which {percent(expected)} of the "
                        "inputs have.",
                        "Draw references and donors uniformly from the data, or give the task the data that is meant.",
                    )
                )
    return found


def _usage(codes: Ints, donors: Ints) -> tuple[float, int, float, float]:
    """Chance of such usage if draws are uniform, and the value that is furthest off, with its expected and seen share."""
    data = np.bincount(codes) / len(codes)
    used = np.bincount(codes[donors].ravel(), minlength=len(data)) / donors.size
    n = len(donors)  # the positions of one reference are not independent draws: they count once
    worst = int(np.abs(used - data).argmax())
    rare = n * data < EXPECTED
    groups = [(used[i], data[i]) for i in np.flatnonzero(~rare)]
    if rare.any():
        groups.append((used[rare].sum(), data[rare].sum()))
    statistic = n * sum((u - p) ** 2 / p for u, p in groups)
    return _chi_square_tail(statistic, len(groups) - 1), worst, float(data[worst]), float(used[worst])


def _chi_square_tail(statistic: float, freedom: int) -> float:
    """Chance of a chi-square value this large (Wilson and Hilferty's cube root)."""
    if freedom < 1:
        return 1.0
    spread = 2 / (9 * freedom)
    return 1 - NormalDist().cdf(((statistic / freedom) ** (1 / 3) - (1 - spread)) / math.sqrt(spread))


def padding_read(r: Result) -> list[Doubt]:
    """A leaf whose donor is shorter than the input that sets the mask: padding is read as if it were a token."""
    if r.task.mask is None:
        return []
    tokens = r.task.mask.numpy()
    found = []
    for claim in leaves(r):
        share = _padded(r, claim, tokens)
        if share > PADDED:
            found.append(
                Doubt(
                    "padding read",
                    f"at {percent(share)} of the token positions that are read of '{claim.id}', its donor has padding.",
                    "Take a rule that keeps the length as well, or a claim on the positions that all inputs have.",
                    claim.id,
                )
            )
    return found


def _padded(r: Result, claim: Claim, tokens: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> float:
    """Share of the positions read (where the claim above has a token) at which the donor has none."""
    above, donors = (r.references if claim.parent == ROOT else r.donors[claim.parent]), r.donors[claim.id]
    at = read_positions(r, claim)
    if isinstance(claim.positions, tuple):
        at = [p for p in at if p in {q % r.task.positions for q in claim.positions}]
    if not at or isinstance(claim.positions, str):
        return 0.0
    there = tokens[above][..., at]
    if donors.ndim == above.ndim:
        here = tokens[donors][..., at]
    else:
        here = np.stack([tokens[donors[..., p], p] for p in at], axis=-1)
    return float((there & ~here).sum() / max(there.sum(), 1))


def masks_and_lengths(r: Result) -> list[Doubt]:
    """The padding mask is an input that no rule here fixes: it comes with each claim's own donor."""
    tokens = lengths(r.task)
    if tokens is None or len(np.unique(tokens)) < 2:
        return []
    free = [c for c in r.hypothesis if not rule_fixes(r, c, tokens) >= FIXES and c.rule != "same input"]
    donors = r.donors
    shares = [float((tokens[donors[c.id]] != tokens[against(r.references, donors[c.id])]).mean()) for c in free]
    if len(free) < sum(c.rule != "same input" for c in r.hypothesis) or max(shares, default=0.0) <= OTHER_LENGTH:
        return []
    return [
        Doubt(
            "masks and lengths",
            f"no rule here fixes the length, and {percent(float(np.mean(shares)))} of the donors have another length than their "
            "reference; the padding mask comes with each claim's own donor.",
            "Try the rules with the length added to them: how the mask was scrubbed has moved a published number by ten points.",
            severity="note",
        )
    ]
