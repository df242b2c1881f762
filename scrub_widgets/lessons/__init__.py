"""Lessons: causal scrubbing learned by doing it, in the widget or from Python."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ..errors import ScrubError, listed, suggestion
from .course import Course
from .lesson import Lesson
from .progress import Progress
from .read import from_builtins, from_file
from .verify import verify

FOLDER = Path(__file__).parent
NAMES = ("L0", "L1", "L2", "L3")
"""The lessons that ship, in the order in which they build on each other."""

__all__ = ["NAMES", "Course", "Lesson", "Progress", "load", "verify"]


def load(lesson: str | Path | Mapping[str, object] | Lesson) -> Lesson:
    """A lesson that ships, or one of your own.

    Parameters
    ----------
    lesson : str, Path, mapping or Lesson
        A name (``"L1"``), the path of a JSON file, or what such a file holds.

    Raises
    ------
    ScrubError
        There is no such lesson, or it is not well formed; the sentence says in which step.
    """
    if isinstance(lesson, Lesson):
        return lesson
    if isinstance(lesson, Mapping):
        return from_builtins(lesson)
    if isinstance(lesson, Path):
        return from_file(lesson)
    if not isinstance(lesson, str):
        raise ScrubError(f"a lesson is a name, the path of a JSON file, or a dict, not {type(lesson).__name__}.")
    if lesson in NAMES:
        return from_file(FOLDER / f"{lesson}.json")
    if lesson.endswith(".json"):
        return from_file(Path(lesson))
    raise ScrubError(
        f"no lesson '{lesson}' ships with scrub-widgets; there is {listed(NAMES)}, or give the path of a .json file."
        f"{suggestion(lesson, NAMES)}"
    )
