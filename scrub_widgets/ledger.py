"""The history in a session's file. Steps share most of their claims, so each claim is written once and named by its place."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from .engine.settings import Settings, settings
from .errors import ScrubError
from .history import Entry, History, Step
from .hypothesis import KIND, SCHEMA, Claim, Hypothesis
from .labels import Label, kept, read_labels, write_labels
from .made import Made
from .measure.estimates import Estimate
from .remembered import Number

if TYPE_CHECKING:
    from .session import Session


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """A step in a file."""

    parent: int | None
    edit: str
    name: str
    note: str
    claims: list[int]
    settings: int
    labels: dict[str, Any]
    made: int
    recovered: dict[str, float | None] | None
    tries: int | None


class _Ledger(msgspec.Struct, forbid_unknown_fields=True):
    """A history in a file."""

    at: int
    tip: int
    claims: list[Claim]
    settings: list[dict[str, Any]]
    made: list[Made]
    steps: list[_Row]


def written(session: Session) -> dict[str, Any]:
    """The history as plain JSON values; under the session's lock."""
    claims: dict[Claim, int] = {}
    chosen: dict[Settings, int] = {}
    made: dict[Made, int] = {}
    rows = []
    for entry in session._history.entries:
        step, number = entry.step, session._known.number(entry.step.key)
        rows.append(
            {
                "parent": entry.parent,
                "edit": step.edit,
                "name": entry.label.name,
                "note": entry.label.note,
                "claims": [claims.setdefault(claim, len(claims)) for claim in step.hypothesis],
                "settings": chosen.setdefault(step.settings, len(chosen)),
                "labels": write_labels(step.labels),
                "made": made.setdefault(step.made, len(made)),
                "recovered": None if number is None else _ends(number.recovered),
                "tries": None if number is None else number.tries,
            }
        )
    return {
        "at": session._history.at,
        "tip": session._history.tip,
        "claims": msgspec.to_builtins(list(claims)),
        "settings": msgspec.to_builtins(list(chosen)),
        "made": [one.to_builtins() for one in made],
        "steps": rows,
    }


def _ends(estimate: Estimate) -> dict[str, float | None]:
    ends = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
    return {name: end if math.isfinite(end) else None for name, end in ends.items()}


def read(body: Any) -> tuple[History, list[tuple[Step, Number]]]:
    """What :func:`written` wrote, and the numbers of its steps.

    Raises
    ------
    ScrubError
        It is not well formed.
    """
    try:
        ledger = msgspec.convert(body, _Ledger)
        entries = tuple(_entry(ledger, n, row) for n, row in enumerate(ledger.steps))
        history = History(entries)
        history[ledger.at]
        history = replace(history, at=ledger.at, tip=ledger.tip)
        if ledger.at not in history.line(ledger.tip):
            raise ScrubError("its present step is not on the branch of its last one")
    except (msgspec.ValidationError, ScrubError, IndexError, ValueError) as error:
        raise ScrubError(f"this session's history is not well formed: {error}.") from None
    known = [
        (entry.step, Number(_estimate(row.recovered), row.tries))
        for entry, row in zip(entries, ledger.steps, strict=True)
        if row.recovered is not None
    ]
    return history, known


def _entry(ledger: _Ledger, n: int, row: _Row) -> Entry:
    if (row.parent is None) != (n == 0) or (row.parent is not None and not 0 <= row.parent < n):
        raise ScrubError(f"step {n} was made from step {row.parent}")
    if any(at < 0 for at in (*row.claims, row.settings, row.made)):
        raise ScrubError(f"step {n} names a claim that is not there")
    claims = [msgspec.to_builtins(ledger.claims[at]) for at in row.claims]
    hypothesis = Hypothesis.from_builtins({"kind": KIND, "schema": SCHEMA, "claims": claims})
    step = Step(
        hypothesis,
        settings(**ledger.settings[row.settings]),
        row.edit,
        kept(read_labels(row.labels), hypothesis),
        ledger.made[row.made],
    )
    return Entry(n, row.parent, step, Label().with_(row.name, row.note), touch=n)


def _estimate(ends: dict[str, float | None]) -> Estimate:
    value, low, high = (math.nan if ends.get(k) is None else ends[k] for k in ("value", "low", "high"))
    return Estimate(value, low, high, "share")  # type: ignore[arg-type]


def joined(own: History, loaded: History) -> History:
    """A session's own history and a loaded one: that one alone if nothing was done here yet, else as a branch from here."""
    if len(own) == 1 and not len(own.step.hypothesis) and not own.entry.label:
        return loaded
    by = len(own)
    grafted = tuple(
        replace(
            entry,
            id=entry.id + by,
            parent=own.at if entry.parent is None else entry.parent + by,
            step=entry.step if entry.parent is not None else replace(entry.step, edit="history loaded from JSON"),
            touch=entry.touch + by + max(e.touch for e in own.entries),
        )
        for entry in loaded.entries
    )
    return History((*own.entries, *grafted), loaded.at + by, loaded.tip + by)
