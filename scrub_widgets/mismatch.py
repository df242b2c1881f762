"""What does not fit when a saved session meets a task: all of it, not the first that is found."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from . import rules as rules_
from .errors import RuleError, listed

if TYPE_CHECKING:
    from .task import Task

PACKAGES = ("scrub-widgets", "torch", "transformer-lens")


def mismatches(task: Task, body: dict[str, Any]) -> list[str]:
    """Why a saved session does not belong to a task, one clause for each reason; empty if it does.

    Other versions of packages are no reason by themselves: they are told beside one.
    """
    found = [
        *_other("data", body.get("data"), task.fingerprint, f" (task '{body.get('task')}', here '{task.name}')"),
        *(
            _other("model", body["model"], task.base_fingerprint, f" (here {task.graph.title})")
            if "model" in body
            else ()
        ),
        *_rules(task, body),
    ]
    return found + list(_versions(body)) if found else []


def _other(what: str, saved: object, here: str, more: str) -> Iterator[str]:
    if saved != here:
        yield f"other {what}: saved with fingerprint {saved}, here it is {here}{more}"


def _rules(task: Task, body: dict[str, Any]) -> Iterator[str]:
    claims = body.get("hypothesis", {}).get("claims", []) if isinstance(body.get("hypothesis"), dict) else []
    made = set(_strings(body.get("made")))
    wanted = dict.fromkeys(claim["rule"] for claim in claims if isinstance(claim, dict) and "rule" in claim)
    missing = [rule for rule in wanted if rule not in made and not _there(task, rule)]
    if missing:
        yield f"rules that are missing here: {listed(missing)}; the task has {listed(task.rules)}"


def _there(task: Task, rule: str) -> bool:
    try:
        rules_.find(rule, task.rules, task.positions)
    except RuleError:
        return False
    return True


def _versions(body: dict[str, Any]) -> Iterator[str]:
    result = body.get("result")
    used = result.get("provenance", {}) if isinstance(result, dict) else {}
    other = [
        f"{name} {used[name]} (here {version(name)})"
        for name in PACKAGES
        if used.get(name, version(name)) != version(name)
    ]
    if other:
        yield f"it was made with {', '.join(other)}"


def _strings(value: object) -> Iterator[str]:
    """All strings in some JSON: names of rules that the file brings along are among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _strings(one)
    elif isinstance(value, list):
        for one in value:
            yield from _strings(one)
