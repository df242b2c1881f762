"""A circuit in the form of another tool, and what that form cannot say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Written:
    """A circuit as another tool has it.

    Attributes
    ----------
    format : str
        ``acdc``, ``eap``, ``auto-circuit``.
    body : object
        Plain dictionaries, lists, names and numbers: what that tool reads as JSON, or from Python.
    notes : tuple of str
        Sentences on what was lost on the way.
    """

    format: str
    body: Any
    notes: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """The body as JSON text."""
        return json.dumps(self.body, indent=1, ensure_ascii=False, allow_nan=False)

    def save(self, path: str | Path) -> tuple[str, ...]:
        """Write the JSON to a file; return the notes."""
        Path(path).write_text(self.text, encoding="utf-8")
        return self.notes

    def __str__(self) -> str:
        return "\n".join([f"a circuit in the form of {self.format}", *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__
