"""From a teacher's JSON to a :class:`Lesson`: every mistake in it has a sentence that says where it is."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from ..errors import ScrubError, listed
from .check import missing
from .lesson import Lesson, Step

KIND = "scrub-widgets lesson"
SCHEMA = 1


def from_file(path: Path) -> Lesson:
    """A lesson in a JSON file."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ScrubError(f"the lesson '{path}' cannot be read: {error.strerror}.") from None
    try:
        body = json.loads(text)
    except ValueError as error:
        raise ScrubError(f"the lesson '{path.name}' is not JSON: {error}.") from None
    return from_builtins(body, f"lesson '{path.name}'")


def from_builtins(body: object, called: str = "this lesson") -> Lesson:
    """A lesson as decoded JSON.

    Raises
    ------
    ScrubError
        It is none: what was expected, and in which step.
    """
    if not isinstance(body, Mapping) or body.get("kind") != KIND:
        raise ScrubError(f'{called}: expected a JSON object with "kind": "{KIND}"; this is something else.')
    if body.get("schema") != SCHEMA:
        raise ScrubError(f"{called} has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
    fields = {name: value for name, value in body.items() if name not in ("kind", "schema")}
    try:
        lesson = msgspec.convert(fields, Lesson)
    except msgspec.ValidationError as error:
        raise ScrubError(f"{called}: {_in_words(str(error))}.") from None
    _check(lesson, called)
    return lesson


def to_builtins(lesson: Lesson) -> dict[str, Any]:
    """A lesson as it stands in a file."""
    return {"kind": KIND, "schema": SCHEMA, **msgspec.to_builtins(lesson)}


def _in_words(error: str) -> str:
    """``Expected `str`, got `int` - at `$.steps[0].hints[1].text``` with the place in words."""
    said, _, place = error.partition(" - at `$")
    parts = re.findall(r"\.?(\w+)(?:\[(\d+|\.\.\.)\])?", place)
    words = [f"{name.removesuffix('s')} {int(n) + 1}" if n.isdigit() else name for name, n in parts]
    said = said[:1].lower() + said[1:]
    return f"{said}, at {', '.join(words)}" if words else said


def _check(lesson: Lesson, called: str) -> None:
    """What the types cannot say."""
    if not lesson.steps:
        raise ScrubError(f"{called} has no steps.")
    twice = [name for name, n in Counter(step.id for step in lesson.steps).items() if n > 1]
    if twice:
        raise ScrubError(f"{called} has two steps with the id {listed(twice)}: progress files tell steps apart by it.")
    for at, step in enumerate(lesson.steps):
        where = f"{called}, step {at + 1} ('{step.id}')"
        problem = _problem(step)
        if problem:
            raise ScrubError(f"{where}: {problem}")
        try:
            solved = lesson.solved(at)
        except ScrubError as error:
            raise ScrubError(f"{where}: {error}") from None
        lacking = missing(step.check, solved, None)
        if lacking:
            raise ScrubError(f"{where}: its last hint does not do what its check asks for. {lacking[0]}")


def _problem(step: Step) -> str | None:
    """Why a step cannot be, by itself."""
    asked = step.question
    if asked is not None and (step.check or step.task):
        return "it has a question and a task; put them on two steps."
    if asked is not None and len(asked.choices) < 2:
        return "a question needs two choices or more."
    if asked is not None and asked.key is not None and not 0 <= asked.key < len(asked.choices):
        return f"the key of its question is {asked.key}; the choices go from 0 to {len(asked.choices) - 1}."
    if bool(step.task) != bool(step.check):
        return "a task and its check belong together; it has only one of them."
    if step.check and not step.solution:
        return "its last hint must carry the task out: give it a 'do'."
    if any(hint.do for hint in step.hints[:-1]):
        return "only the last hint has a 'do'; those before it are words and a spotlight."
    return None
