"""A click's operation as a change of the session: the same road as a script's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import msgspec

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
    if isinstance(op, wire.SetSettings):
        given = _given(op)
        chosen = settings(**{**msgspec.structs.asdict(step.settings), **given})
        return replace(step, settings=chosen), ", ".join(f"{name} {value}" for name, value in given.items())
    hypothesis, words = _claims(step.hypothesis, op, made)
    return replace(step, hypothesis=hypothesis), words


def _claims(h: Hypothesis, op: wire.AnyOperation, made: list[str]) -> tuple[Hypothesis, str]:
    if isinstance(op, wire.Claim):
        h, claim_id = h.claim(
            op.components,
            op.under,
            op.rule,
            paths=cast("Paths", op.paths),  # whatever it is: claim() checks it
            positions=op.positions,
            share=op.share,
        )
        made.append(claim_id)
        return h, f"claim {' + '.join(op.components)} under {op.under}"
    if isinstance(op, wire.SetRule):
        for claim_id in op.claims:
            h = h.with_rule(claim_id, op.rule)
        made += op.claims
        return h, f"rule '{op.rule}' for {listed(op.claims, 3)}"
    if isinstance(op, wire.Change):
        given = _given(op)
        del given["claim"]
        h, claim_id = h.change(op.claim, **given)
        made.append(claim_id)
        return h, f"{', '.join(given)} of '{op.claim}'"
    if isinstance(op, wire.Remove):
        for claim_id in op.claims:
            if claim_id in h or not any(claim_id.startswith((f"{c}>", f"{c}.")) for c in op.claims):
                h = h.remove(claim_id)
        return h, f"remove {listed(op.claims, 3)}"
    return Hypothesis(), "remove all claims"


def _given(op: wire.Operation) -> dict[str, Any]:
    fields = msgspec.structs.asdict(op)
    return {name: value for name, value in fields.items() if value is not msgspec.UNSET}
