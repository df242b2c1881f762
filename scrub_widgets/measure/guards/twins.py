"""Guards that look at the rules nobody claimed: one that allows the same swaps, or one close by that explains more."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING

import numpy as np

from ... import rules
from ...classes import Batch, classify
from ...data import Data
from ...errors import RuleError, listed
from .data import fixed, trivial
from .doubt import Doubt, percent, points
from .paired import Measured, again, difference, gap, recovered, share

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...classes import Classes, Ints
    from ...hypothesis import Hypothesis
    from ...result import Result

PROBE = 512
"""Recombined inputs on which it is tried whether two rules are one: a difference in one of a hundred is nearly surely seen."""
NEAR = 0.8
"""Swaps under one rule keep the other in four of five of the cases that chance would not keep: both tell nearly one story."""
BETTER = 0.02
"""A neighbour that recovers two points more explains what the rule at hand leaves open; less is a detail."""


def extensional_twins(r: Result) -> list[Doubt]:
    """Another rule of the task allows exactly the same swaps: the data cannot tell the two apart.

    A warning where the rules differ on recombined inputs (they only happen to agree on this data) and the claim is about
    something computed. Which property of an *input* is named makes no difference to what reads that input.
    """
    found = []
    for name in claimed_rules(r):
        twins = [other for other in palette(r, name) if _same(r.classes[name], classes_of(r, other))]
        if not twins:
            continue
        computed = [c.id for c in r.hypothesis if c.rule == name and not _inputs_only(r, c.components)]
        accident = [other for other in twins if _differ_elsewhere(r, name, other)]
        where = computed or [c.id for c in r.hypothesis if c.rule == name]
        found.append(
            Doubt(
                "extensional twins",
                f"on this data the rule '{name}' allows exactly the same swaps as {listed(twins)}.",
                "The number supports one as much as the other; inputs on which they differ would tell them apart, or claims "
                "under this one that say which inputs it reads.",
                where[0],
                severity="warning" if accident and computed else "note",
            )
        )
    return found


def better_twin(r: Result) -> list[Doubt]:
    """A rule that nearly always agrees with a claimed one recovers more: the number may be due to that one."""
    if not recovered(r).resolved:
        return []
    pairs = list(_neighbours(r))
    found = []
    for name, other in pairs:
        more, theirs = instead(r, name, other)
        if more.value > BETTER and more.low(len(pairs)) > 0:
            found.append(
                Doubt(
                    "better twin",
                    f"the rule '{other}' splits the data nearly as '{name}' does, and with it in its place {percent(theirs)} are "
                    f"recovered, {points(more.value)} more.",
                    f"What '{name}' recovers may be due to '{other}': look at inputs on which the two differ.",
                    next(c.id for c in r.hypothesis if c.rule == name),
                )
            )
    return found


def instead(r: Result, name: str, other: str) -> tuple[Measured, float]:
    """How much more is recovered with another rule in a claimed one's place, and how much in all."""
    scrubbed = again(r, renamed(r.hypothesis, name, other))
    return difference(r, scrubbed), 1 + share(r.losses.model - scrubbed, gap(r)).value


def claimed_rules(r: Result) -> list[str]:
    """The rules of the hypothesis that say something on this data."""
    return [name for name in dict.fromkeys(c.rule for c in r.hypothesis) if trivial(r.classes[name]) is None]


def palette(r: Result, name: str) -> list[str]:
    """The task's other rules; the column that the loss reads is the answer, not an explanation."""
    own = _function(r, name)
    return [o for o in r.task.rules if o != name and o not in r.task.loss.columns and _function(r, o) is not own]


def _function(r: Result, name: str) -> object:
    """What a rule is made from: ``token at 5`` and ``token at -3`` are one function by construction."""
    return inspect.unwrap(rules.find(name, r.task.rules, r.task.positions))


def classes_of(r: Result, name: str) -> Classes | None:
    """The classes of a rule of the palette; None if it raises: nobody claimed it, so it is nobody's error here."""
    try:
        return r.task.classes(name)
    except RuleError:
        return None


def _same(ours: Classes, theirs: Classes | None) -> bool:
    return theirs is not None and ours.same_partition(theirs)


def _inputs_only(r: Result, components: tuple[str, ...]) -> bool:
    by_id = r.task.graph.layout.by_id
    return all(name in by_id and by_id[name].kind == "input" for name in components)


def _differ_elsewhere(r: Result, name: str, other: str) -> bool:
    """Whether two rules part on inputs that are no data; False where one cannot be asked there (it reads a column)."""
    task = r.task
    inputs = task.graph.random_inputs(PROBE, task.data.inputs, seed=0)
    columns = {key: value.numpy() for key, value in inputs.values.items()}
    batch: Batch = Data(inputs.rows(slice(None)), columns, task.word).batch(np.arange(PROBE), text=True)
    try:
        first, second = (classify(n, rules.find(n, task.rules, task.positions), batch) for n in (name, other))
    except RuleError:
        return False
    return not first.same_partition(second)


def _neighbours(r: Result) -> Iterator[tuple[str, str]]:
    """Rules of the hypothesis with others that nearly agree."""
    for name in claimed_rules(r):
        ours = r.classes[name]
        for other in () if ours.positionwise else palette(r, name):
            theirs = classes_of(r, other)
            if theirs is None or theirs.positionwise or _same(ours, theirs):
                continue
            if min(_kept(ours.codes, theirs.codes), _kept(theirs.codes, ours.codes)) >= NEAR:
                yield name, other


def _kept(codes: Ints, values: Ints) -> float:
    """How far swaps within some classes keep a value, beyond what any swap keeps: 0 by chance, 1 always."""
    chance = fixed(np.zeros_like(codes), values)
    return (fixed(codes, values) - chance) / (1 - chance) if chance < 1 else 0.0


def renamed(h: Hypothesis, rule: str, other: str) -> Hypothesis:
    """The same claims with one rule in another's place."""
    for claim in list(h):
        if claim.rule == rule:
            h = h.change(claim.id, rule=other)[0]
    return h
