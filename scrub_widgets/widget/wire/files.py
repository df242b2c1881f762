"""What a session leaves behind, as files."""

from __future__ import annotations

from typing import Literal

from .base import Answer, Message

FileKind = Literal["json", "script", "page", "figure"]
"""The session, a script that prints the same number, an offline page, a picture."""


class AskFile(Message, frozen=True, tag="file"):
    """Make a file; of a figure, its name (the first one if empty) and format."""

    what: FileKind
    name: str = ""
    format: Literal["png", "svg"] = "png"


class FileMade(Answer, frozen=True, tag="file"):
    """A file: ``text``, or ``data`` in base64. ``figures``: names of all that can be drawn."""

    id: str
    what: FileKind
    filename: str
    mime: str
    size: int
    text: str | None
    data: str | None
    figures: list[str]
