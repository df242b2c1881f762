"""What one person did in a lesson: frozen values, and the JSON file that keeps them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from ..errors import ScrubError
from ..history import Step as State
from ..hypothesis import Hypothesis
from .lesson import Lesson, Piece

KIND = "scrub-widgets lesson progress"
SCHEMA = 1


class Attempt(Piece, frozen=True, kw_only=True):
    """One answer or one check, as it stood when it was made; later edits do not change it.

    Attributes
    ----------
    choice : int, optional
        Which answer was chosen, from 0.
    passed : bool, optional
        Whether the step was done with it; None for an answer that is neither right nor wrong.
    missing : tuple of str
        What did not hold, in sentences.
    recovered : [value, low, high], optional
        Loss recovered of the step's own run, as fractions.
    claims : tuple of str
        The claims of that run.
    rev : int
        The revision that was looked at.
    time : str
        When, UTC.
    """

    choice: int | None = None
    passed: bool | None = None
    missing: tuple[str, ...] = ()
    recovered: tuple[float | None, float | None, float | None] | None = None
    claims: tuple[str, ...] = ()
    rev: int = 0
    time: str = ""


class Trace(Piece, frozen=True, kw_only=True):
    """What was done on one step: attempts, hints taken, notes, and the state that was left behind."""

    visited: bool = False
    done: bool = False
    attempts: tuple[Attempt, ...] = ()
    hints: int = 0
    observation: str = ""
    interpretation: str = ""
    hypothesis: dict[str, Any] | None = None
    settings: dict[str, Any] | None = None

    def left(self, state: State) -> Trace:
        """With the state as it is left."""
        made = msgspec.to_builtins(state.hypothesis.claims)
        body = {"kind": "scrub-widgets hypothesis", "schema": 1, "claims": made}
        return msgspec.structs.replace(self, hypothesis=body, settings=msgspec.to_builtins(state.settings))


class Progress(Piece, frozen=True, kw_only=True):
    """One person's way through a lesson: where they are, and a :class:`Trace` by step id.

    Attributes
    ----------
    lesson, task : str
        Which lesson, on which task.
    at : str
        Id of the step they are at.
    steps : dict of str to Trace
        The steps that were visited.
    """

    kind: str = KIND
    schema: int = SCHEMA
    lesson: str
    task: str
    at: str
    steps: dict[str, Trace] = msgspec.field(default_factory=dict)

    def of(self, step_id: str) -> Trace:
        """What was done on a step."""
        return self.steps.get(step_id, Trace())

    def having(self, step_id: str, **changes: Any) -> Progress:
        """With changes to one step."""
        trace = msgspec.structs.replace(self.of(step_id), **changes)
        return msgspec.structs.replace(self, steps={**self.steps, step_id: trace})

    def to_json(self) -> str:
        """As JSON text."""
        plain = msgspec.to_builtins(self) | {"kind": self.kind, "schema": self.schema}
        return msgspec.json.format(msgspec.json.encode(plain, order="sorted"), indent=2).decode()

    def __str__(self) -> str:
        done = sum(trace.done for trace in self.steps.values())
        lines = [f"lesson {self.lesson}: {_counted(done, 'step')} done, now at '{self.at}'"]
        for name, trace in self.steps.items():
            word = "done" if trace.done else "open"
            taken = f"{_counted(len(trace.attempts), 'attempt')}, {_counted(trace.hints, 'hint')}"
            lines.append(f"  {name:20} {word:5} {taken}")
        return "\n".join(lines)

    __repr__ = __str__


def _counted(n: int, what: str) -> str:
    return f"{n} {what}" if n == 1 else f"{n} {what}s"


def begun(lesson: Lesson) -> Progress:
    """Nothing done yet."""
    return Progress(lesson=lesson.name, task=lesson.task, at=lesson.steps[0].id)


def read(text: str, lesson: Lesson) -> Progress:
    """A progress file of this lesson.

    Raises
    ------
    ScrubError
        Something else is in it.
    """
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ScrubError(f"this progress file is not JSON: {error}.") from None
    if not isinstance(found, dict) or found.get("kind") != KIND:
        raise ScrubError(f"expected a JSON file of kind '{KIND}'; this is something else.")
    if found.get("schema") != SCHEMA:
        raise ScrubError(f"this progress file has schema version {found.get('schema')!r}; this version reads {SCHEMA}.")
    if found.get("lesson") != lesson.name:
        raise ScrubError(
            f"this progress file is of lesson '{found.get('lesson')}', not of '{lesson.name}': give each lesson a file."
        )
    try:
        return msgspec.convert(found, Progress)
    except msgspec.ValidationError as error:
        raise ScrubError(f"this progress file is not well formed: {error}.") from None


def work(trace: Trace) -> State | None:
    """The state that was left behind on a step, if there is one."""
    if trace.hypothesis is None or trace.settings is None:
        return None
    from ..engine.settings import settings

    return State(Hypothesis.from_builtins(trace.hypothesis), settings(**trace.settings))


def save(path: Path, progress: Progress) -> None:
    """Write the file, whole or not at all; an ``OSError`` if it cannot be."""
    beside = path.with_name(f".{path.name}.part")
    beside.write_text(progress.to_json() + "\n", encoding="utf-8")
    beside.replace(path)


def now() -> str:
    """The time, for a progress file."""
    return datetime.now(UTC).isoformat(timespec="seconds")
