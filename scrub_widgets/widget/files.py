"""The files that the Export sheet offers, made where the session is."""

from __future__ import annotations

import base64
import io
import re
import threading
from typing import TYPE_CHECKING

from ..errors import ScrubError
from . import export, wire

if TYPE_CHECKING:
    from .widget import ScrubWidget

MIMES = {
    "json": ("scrub.json", "application/json"),
    "script": ("py", "text/x-python"),
    "page": ("html", "text/html"),
    "png": ("png", "image/png"),
    "svg": ("svg", "image/svg+xml"),
}
_drawing = threading.Lock()
"""Messages come on several threads, and matplotlib draws on one at a time."""


def answer_file(widget: ScrubWidget, message: wire.AskFile) -> wire.AnyAnswer:
    """Make what was asked for.

    Raises
    ------
    ScrubError
        It cannot be made yet; the sentence says why.
    """
    text: str | None = None
    data: bytes | None = None
    if message.what == "json":
        text = widget.session.to_json()
    elif message.what == "script":
        text = widget.to_script()
    elif message.what == "page":
        if widget.result is None:
            raise ScrubError("there is no complete result yet that a page could show.")
        text = export.page(widget)
    else:
        data = _picture(widget, message)
        text = data.decode() if message.format == "svg" else None
    ending, mime = MIMES[message.format if message.what == "figure" else message.what]
    name = re.sub(r"[^\w.-]+", "-", widget.session.task.name) or "session"
    figure = f"-{message.name or _figures()[0]}" if message.what == "figure" else ""
    return wire.FileMade(
        id=message.id,
        what=message.what,
        filename=f"{name}{figure}.{ending}",
        mime=mime,
        size=len(data if data is not None else (text or "").encode()),
        text=text,
        data=base64.b64encode(data).decode() if data is not None and text is None else None,
        figures=list(_figures()),
    )


def _figures() -> tuple[str, ...]:
    from ..plots import FIGURES

    return FIGURES


def _picture(widget: ScrubWidget, message: wire.AskFile) -> bytes:
    with _drawing:
        figure = widget.figure(message.name or _figures()[0])
        into = io.BytesIO()
        figure.savefig(
            into, format=message.format, dpi=200, metadata={"Date": None} if message.format == "svg" else None
        )
    return into.getvalue()
