"""A click's operation as a change of the session: the same road as a script's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import msgspec

from .. import labels
from ..engine.settings import settings
from ..errors import listed
from ..history import Step
from ..hypothesis import Hypothesis, Paths
from ..session import Session
from . import making, wire


def apply(session: Session, op: wire.AnyOperation) -> tuple[int, list[str]]:
    """Apply an operation as one step; return the revision and the ids of the claims it made or changed.

    Raises
    ------
    ScrubError
        It cannot be done; nothing has changed.
    """
    if isinstance(op, wire.Load):
        return session.load_json(op.text), []
    if isinstance(op, wire.MakingOperation):
        return making.apply(session, op)
    made: list[str] = []

    def change(step: Step) -> Step:
        after, words = _after(step, op, made)
        return replace(after, edit=words)

    return session.edit(change), made


def _after(step: Step, op: wire.AnyOperation, made: list[str]) -> tuple[Step, str]:
    if isinstance(op, wire.Batch):
        said = []
        for one in op.ops:
            step, words = _after(step, one, made)
            said.append(words)
        return step, "; ".join(said)
    return APPLY[type(op)](step, op, made)


def _settings(step: Step, op: wire.SetSettings, _: list[str]) -> tuple[Step, str]:
    given = _given(op)
    chosen = settings(**{**msgspec.structs.asdict(step.settings), **given})
    return replace(step, settings=chosen), ", ".join(f"{name} {value}" for name, value in given.items())


def _claim(step: Step, op: wire.Claim, made: list[str]) -> tuple[Step, str]:
    h, claim_id = step.hypothesis.claim(
        op.components,
        op.under,
        op.rule,
        paths=cast("Paths", op.paths),  # whatever it is: claim() checks it
        positions=op.positions,
        share=op.share,
    )
    made.append(claim_id)
    return replace(step, hypothesis=h), f"claim {' + '.join(op.components)} under {op.under}"


def _rule(step: Step, op: wire.SetRule, made: list[str]) -> tuple[Step, str]:
    h = step.hypothesis
    for claim_id in op.claims:
        h = h.with_rule(claim_id, op.rule)
    made += op.claims
    return replace(step, hypothesis=h), f"rule '{op.rule}' for {listed(op.claims, 3)}"


def _change(step: Step, op: wire.Change, made: list[str]) -> tuple[Step, str]:
    given = _given(op)
    del given["claim"]
    h, claim_id = step.hypothesis.change(op.claim, **given)
    made.append(claim_id)
    after = replace(step, hypothesis=h, labels=labels.moved(step.labels, op.claim, claim_id))
    return after, f"{', '.join(given)} of '{op.claim}'"


def _remove(step: Step, op: wire.Remove, _: list[str]) -> tuple[Step, str]:
    h = step.hypothesis
    for claim_id in op.claims:
        if claim_id in h or not any(claim_id.startswith((f"{c}>", f"{c}.")) for c in op.claims):
            h = h.remove(claim_id)
    return replace(step, hypothesis=h), f"remove {listed(op.claims, 3)}"


def _label(step: Step, op: wire.SetLabel, made: list[str]) -> tuple[Step, str]:
    given = _given(op)
    del given["claim"]
    made.append(op.claim)
    after = replace(step, labels=labels.labelled(step.labels, step.hypothesis, op.claim, **given))
    return after, f"{' and '.join(given) or 'name'} of '{op.claim}'"


def _group(step: Step, op: wire.Group, made: list[str]) -> tuple[Step, str]:
    h, group_id = step.hypothesis.group(op.claims, op.rule)
    made.append(group_id)
    after = replace(step, hypothesis=h, labels=labels.grouped(step.labels, op.claims, group_id))
    return after, f"group {listed(op.claims, 3)}"


def _ungroup(step: Step, op: wire.Ungroup, made: list[str]) -> tuple[Step, str]:
    h, ids = step.hypothesis.ungroup(op.claim)
    made += ids
    after = replace(step, hypothesis=h, labels=labels.ungrouped(step.labels, op.claim, ids))
    return after, f"ungroup '{op.claim}'"


def _clear(step: Step, op: wire.Clear, made: list[str]) -> tuple[Step, str]:
    del op, made
    return replace(step, hypothesis=Hypothesis()), "remove all claims"


APPLY: dict[type[wire.Operation], Callable[[Step, Any, list[str]], tuple[Step, str]]] = {
    wire.Claim: _claim,
    wire.SetRule: _rule,
    wire.Change: _change,
    wire.Remove: _remove,
    wire.SetSettings: _settings,
    wire.SetLabel: _label,
    wire.Group: _group,
    wire.Ungroup: _ungroup,
    wire.Clear: _clear,
}
"""From a step to the next and what was done in words, for each operation; ids of claims it made go into the list."""


def _given(op: wire.Operation) -> dict[str, Any]:
    fields = msgspec.structs.asdict(op)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}
