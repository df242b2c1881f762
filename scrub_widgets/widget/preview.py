"""What a rule would swap, before anything is claimed with it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from ..classes import Classes, Ints
from ..directions import label_texts
from ..engine.draws import stream
from ..errors import RuleError, ScrubError
from ..hypothesis import ROOT, Hypothesis
from ..made import AnyRule, MadeRule, Regex
from ..making import add_made
from ..measure.guards.claims import ALONE, UNTESTABLE
from ..patterns import MATCHED_NOTHING
from ..reads import tokens_read
from ..rules import SAME
from ..session import Session
from ..task import Task
from . import wire

SAME_CLASS_EXAMPLES = 3
SIZES = 24
DRAWS = 20_000
"""Simulated draws for the share that lands back on the reference: its standard error is at most 0.4 points."""
DRAFT = "rule being made"


def preview_of(
    session: Session,
    rule: str,
    example: int | None = None,
    under: str | None = None,
    spec: AnyRule | None = None,
) -> wire.Preview:
    """What a rule would swap: its classes, and some inputs that it calls the same as a reference.

    Parameters
    ----------
    session : Session
        With the task.
    rule : str
        Name of the rule.
    example : int, optional
        The reference input; default: one of them.
    under : str, optional
        The path of the port where the claim would stand; the rules of the claims above it matter for where draws land.
    spec : AnyRule, optional
        A rule that is not made yet.

    Raises
    ------
    ScrubError
        No such rule or example, or the rule cannot be applied.
    """
    task = session.task
    if spec is not None:
        rule = rule or DRAFT
        if rule in task.rules:
            rule = f"{rule} ({DRAFT})"
        task = add_made(task, MadeRule(rule, spec))
    classes = task.classes(rule)
    random = stream(0, f"preview {rule}")
    reference = int(random.integers(len(task))) if example is None else example
    if not 0 <= reference < len(task):
        raise ScrubError(f"there is no example {reference}; the inputs go from 0 to {len(task) - 1}.")
    at = task.loss.reads(task.positions)[-1] if classes.positionwise else None
    codes = classes.codes if at is None else classes.codes[:, at]
    members = np.flatnonzero(codes == codes[reference])
    others = np.flatnonzero(codes != codes[reference])
    same = [int(i) for i in random.permutation(members[members != reference])[:SAME_CLASS_EXAMPLES]]
    shown = [reference, *same, *([int(random.choice(others))] if len(others) else [])]
    read = tokens_read(task, rule, shown, at)
    labels = label_texts(task, rule)
    examples = [
        wire.PreviewExample(
            index=i,
            tokens=list(task.texts[i]),
            label=str(labels[i] if at is None else labels[i, at]),
            reads=list(positions),
        )
        for i, positions in zip(shown, read.positions, strict=True)
    ]
    chain = _chain(session.hypothesis, under)
    kept, chance = _same_label(task, codes)
    return wire.Preview(
        rule=rule,
        positionwise=classes.positionwise,
        n=len(task),
        k=len(np.unique(codes)),
        sizes=classes.sizes(at or 0)[:SIZES].tolist(),
        smallest=int(np.unique(codes, return_counts=True)[1].min()),
        singletons=classes.singletons,
        self=classes.self_share,
        back=_back(task, [*chain, rule], at) if chain else None,
        chain=chain,
        same_label=kept,
        any_label=chance,
        bits=classes.bits,
        at=at,
        matches=_matches(spec, classes),
        way=read.way,
        reference=examples[0],
        same=examples[1 : 1 + len(same)],
        other=examples[1 + len(same)] if len(others) else None,
        same_partition_as=[name for name in task.rules if name != rule and _same(task, name, classes)],
        notes=_notes(rule, classes),
    )


def _matches(spec: AnyRule | None, classes: Classes) -> int | None:
    return int((classes.labels != MATCHED_NOTHING).sum()) if isinstance(spec, Regex) else None


def _same(task: Task, name: str, classes: Classes) -> bool:
    try:
        return task.classes(name).same_partition(classes)
    except RuleError:
        return False


def _chain(hypothesis: Hypothesis, under: str | None) -> list[str]:
    """The rules above a port that say less than `same input`, from the output down."""
    claim = under or ROOT
    if claim != ROOT and claim not in hypothesis:
        claim = claim.rpartition(".")[0]
    rules: list[str] = []
    while claim != ROOT and claim in hypothesis:
        rules.append(hypothesis[claim].rule)
        claim = hypothesis[claim].parent
    return [rule for rule in reversed(rules) if rule != SAME]


def _back(task: Task, chain: list[str], at: int | None) -> float:
    """How often a donor at the end of a chain of claims is the reference itself, from simulated draws."""
    random = stream(0, "back " + " ".join(chain))
    references = random.integers(len(task), size=DRAWS)
    donors: Ints = references
    for rule in chain:
        classes = task.classes(rule)
        u = random.random(DRAWS)
        place = task.loss.reads(task.positions)[-1] if at is None else at
        donors = _pick_at(classes, donors, u, place) if classes.positionwise else classes.pick(donors, u)
    return float((donors == references).mean())


def _pick_at(classes: Classes, like: Ints, u: npt.NDArray[np.float64], at: int) -> Ints:
    codes = classes.codes[like, at]
    picked: Ints = classes.members[classes.start[codes] + (u * classes.size[codes]).astype(np.int64)]
    return picked


def _same_label(task: Task, codes: Ints) -> tuple[float | None, float | None]:
    """How often a draw has the reference's right answer, and how often any input has."""
    answers = answers_of(task)
    if answers is None:
        return None, None
    value = np.unique(answers, return_inverse=True)[1].reshape(-1)
    if len(value) != len(codes):
        return None, None
    _, where, size = np.unique(codes, return_inverse=True, return_counts=True)
    _, which, both = np.unique(where * (int(value.max()) + 1) + value, return_inverse=True, return_counts=True)
    kept = (both[which.reshape(-1)] / size[where.reshape(-1)]).mean()
    chance = ((np.bincount(value) / len(value)) ** 2).sum()
    return float(kept), float(chance)


def answers_of(task: Task) -> npt.NDArray[Any] | None:
    """The right answer of each input, as the loss reads it; None where there is none, or each has its own number."""
    if task.loss.labels is None:
        return None
    found = task.loss.labels(task.batch(text=False))
    answers = found.detach().cpu().numpy() if hasattr(found, "detach") else np.asarray(found)
    return None if answers.ndim != 1 or answers.dtype.kind == "f" else answers


def _notes(rule: str, classes: Classes) -> list[str]:
    if rule == SAME or not (classes.self_share > UNTESTABLE or classes.singletons > ALONE):
        return []
    share, alone = (f"{100 * x:.0f} %" for x in (classes.self_share, classes.singletons))
    words = (
        f"Untestable: {share} of the draws give the same input back, and {alone} of the inputs have no other to be swapped with, so "
        "a claim with this rule is hardly tested."
    )
    return [words]
