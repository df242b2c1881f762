"""A discovery as JSON text, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, get_args

import msgspec

from ..errors import ScrubError
from ..hypothesis import Hypothesis
from ..measure.estimates import Estimate, from_plain, plain
from ..task import Task
from .discovery import Answer, Discovery, DiscoveryStep, Options, Phase, StepKind

SCHEMA = 1
KIND = "scrub-widgets discovery"


def written(d: Discovery) -> str:
    """As :meth:`Discovery.to_json`."""
    body = {
        "kind": KIND,
        "schema": SCHEMA,
        "options": msgspec.to_builtins(d.options),
        "hypothesis": json.loads(d.hypothesis.to_json()),
        "steps": [_step(step) for step in d.steps],
        "phase": d.phase,
        "stopped": d.stopped,
        "recovered": _estimate(d.recovered),
        "confirmed": _estimate(d.confirmed),
        "scrubs": d.scrubs,
        "tries": d.tries,
        "seconds": d.seconds,
        "plain_seconds": d.plain_seconds,
        "total": d.total,
        "message": d.message,
        "left": list(d.left),
        "answers": [[key, _answer(answer)] for key, answer in d.answers],
        "data": d.task.fingerprint,
        "model": d.task._model_fingerprint,
    }
    return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)


def read(task: Task, text: str) -> Discovery:
    """As :meth:`Discovery.from_json`."""
    try:
        body = json.loads(text)
    except (ValueError, TypeError) as error:
        raise ScrubError(f"this is not the JSON of a discovery: {error}.") from None
    if not isinstance(body, dict) or body.get("kind") != KIND:
        raise ScrubError(f"expected a JSON object of kind '{KIND}'; this is something else.")
    if body.get("schema") != SCHEMA:
        raise ScrubError(f"this discovery has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
    for name, own in (("data", task.fingerprint), ("model", task._model_fingerprint)):
        if body.get(name) != own:
            raise ScrubError(f"this discovery was made with {_OTHER[name]} than those of task '{task.name}'.")
    try:
        return _read(task, body)
    except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
        raise ScrubError(f"this discovery is not well formed: {error}.") from None


_OTHER = {"data": "other inputs", "model": "other weights"}


def _read(task: Task, body: Mapping[str, Any]) -> Discovery:
    if body["phase"] not in get_args(Phase):
        raise ValueError(f"no phase {body['phase']!r}")
    return Discovery(
        task,
        msgspec.convert(body["options"], Options),
        Hypothesis.from_builtins(body["hypothesis"]),
        tuple(_step_back(step) for step in body["steps"]),
        body["phase"],
        str(body["stopped"]),
        _estimate_back(body["recovered"]),
        _estimate_back(body["confirmed"]),
        scrubs=int(body["scrubs"]),
        seconds=float(body["seconds"]),
        plain_seconds=float(body["plain_seconds"]),
        total=int(body["total"]),
        message=str(body["message"]),
        left=tuple(map(str, body["left"])),
        answers=tuple((str(key), _answer_back(answer)) for key, answer in body["answers"]),
    )


def _step(step: DiscoveryStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "under": step.under,
        "accepted": list(step.accepted),
        "refused": list(step.refused),
        "skipped": dict(step.skipped),
        "effects": [_answer(a) for a in step.effects],
        "recovered": _estimate(step.recovered),
        "scrubs": step.scrubs,
        "message": step.message,
    }


def _step_back(body: Mapping[str, Any]) -> DiscoveryStep:
    if body["kind"] not in get_args(StepKind):
        raise ValueError(f"no step of kind {body['kind']!r}")
    recovered = _estimate_back(body["recovered"])
    assert recovered is not None
    return DiscoveryStep(
        body["kind"],
        str(body["under"]),
        tuple(map(str, body["accepted"])),
        tuple(map(str, body["refused"])),
        {str(name): str(why) for name, why in body["skipped"].items()},
        tuple(_answer_back(a) for a in body["effects"]),
        recovered,
        int(body["scrubs"]),
        str(body["message"]),
    )


def _answer(a: Answer) -> dict[str, Any]:
    return {"name": a.name, "effect": _estimate(a.effect), "p": a.p, "recovered": _estimate(a.recovered)}


def _answer_back(body: Mapping[str, Any]) -> Answer:
    effect, recovered = _estimate_back(body["effect"]), _estimate_back(body["recovered"])
    if effect is None or recovered is None:
        raise ValueError("an answer without its estimate")
    return Answer(str(body["name"]), effect, float(body["p"]), recovered)


def _estimate(e: Estimate | None) -> dict[str, Any] | None:
    if e is None:
        return None
    return {**plain(e), "why": e.why} if e.why else {**plain(e)}


def _estimate_back(body: Mapping[str, Any] | None) -> Estimate | None:
    return None if body is None else from_plain(body, why=str(body.get("why", "")))
