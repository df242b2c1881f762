"""A session as a JSON file, and back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec

from . import ledger
from .confirm import read_record
from .engine.settings import Settings, settings
from .errors import ScrubError
from .history import Step
from .hypothesis import Hypothesis
from .labels import kept, read_labels, write_labels
from .made import Made
from .mismatch import mismatches

if TYPE_CHECKING:
    from .session import Session

SCHEMA = 1
KIND = "scrub-widgets session"


def written(session: Session) -> str:
    """Hypothesis, labels, settings, the result if it is that of the present state, the history, what was tried and confirmed."""
    with session._lock:
        step, outcome, record = session.step, session.outcome, session._record.to_builtins()
        fresh = outcome if outcome is not None and outcome.complete and not session.stale else None
        history = ledger.written(session)
    body = {
        "kind": KIND,
        "schema": SCHEMA,
        "task": session.task.name,
        "data": session.task.fingerprint,
        "model": session.task.base_fingerprint,
        "hypothesis": json.loads(step.hypothesis.to_json()),
        "labels": write_labels(step.labels),
        "settings": msgspec.to_builtins(step.settings),
        "made": step.made.to_builtins(),
        "result": None if fresh is None else json.loads(fresh.result.to_json(checked=fresh.checked)),
        "checked": fresh is not None and fresh.checked,
        "history": history,
        **record,
    }
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False)


def load(session: Session, text: str) -> int:
    """Take over what :func:`written` wrote, or a hypothesis alone; return the new revision.

    Raises
    ------
    ScrubError
        Not such a file, another version, or made on other data; nothing has changed.
    """
    try:
        body = json.loads(text)
    except ValueError as error:
        raise ScrubError(f"this is not JSON: {error}.") from None
    if not isinstance(body, dict) or body.get("kind") != KIND:
        return session.set_hypothesis(Hypothesis.from_builtins(body), "hypothesis loaded from JSON")
    _check(session, body)
    tried, confirmations, searched = read_record(body)
    _check_held_out(session, {c.data for c in confirmations})
    made = Made.from_builtins(body.get("made"))
    session.task_with(made)  # what takes long, before any lock
    h = Hypothesis.from_builtins(body.get("hypothesis"))
    labels = kept(read_labels(body.get("labels")), h)
    after = Step(h, settings(**body["settings"]), "session loaded from JSON", labels, made)
    history, numbers = (None, []) if body.get("history") is None else ledger.read(body["history"])
    if history is not None and (history.step.key, history.step.labels, history.step.made) != (after.key, labels, made):
        raise ScrubError("this session's history does not end in its hypothesis: the file was changed by hand.")
    with session._lock:
        if history is None:
            rev = session.edit(lambda _: after)
        else:
            for entry in history.entries:
                session.check_meanings(entry.step)
            for step, number in numbers:
                session._known.note(step.key, number)
            rev = session._go(lambda own: ledger.joined(own, history))
        session._record.merge(tried, confirmations, searched)
        session._tell("confirm")
    return rev


def _check_held_out(session: Session, confirmed_on: set[str]) -> None:
    held_out = session.task.held_out if confirmed_on else None
    if held_out is not None and confirmed_on != {held_out.fingerprint}:
        raise ScrubError(
            f"this session was confirmed on other held-out data, with fingerprint {min(confirmed_on)}; here it is "
            f"{held_out.fingerprint}."
        )


def _check(session: Session, body: dict[str, Any]) -> None:
    if body.get("schema") != SCHEMA:
        raise ScrubError(f"this session has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
    wrong = mismatches(session.task, body)
    if wrong:
        raise ScrubError(f"this session does not fit here: {'; '.join(wrong)}.")
    given = body.get("settings")
    if not isinstance(given, dict) or set(given) - set(Settings.__struct_fields__):
        raise ScrubError(f"this session's settings are not well formed: {given!r}.")
