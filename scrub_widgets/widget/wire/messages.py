"""What the view sends, and what the kernel answers."""

from __future__ import annotations

from .base import Answer, Message
from .operations import AnyOperation
from .traits import ResultInfo

# -- from the view -------------------------------------------------------------------------------------------------


class Edit(Message, frozen=True):
    """Change the session."""

    op: AnyOperation


class Undo(Message, frozen=True):
    """Go back one step."""


class Redo(Message, frozen=True):
    """Take back an undo."""


class Run(Message, frozen=True):
    """Compute again."""


class Cancel(Message, frozen=True):
    """Stop computing."""


class Confirm(Message, frozen=True):
    """Measure the present hypothesis on held-out inputs, if it was not yet."""


class Export(Message, frozen=True):
    """Give the session's JSON."""


class Ping(Message, frozen=True):
    """Ask for a sign of life."""


# -- from the kernel -----------------------------------------------------------------------------------------------


class Ack(Answer, frozen=True):
    """Done; ``claims`` are the ids of the claims that the edit made or changed."""

    id: str
    rev: int
    claims: list[str]


class Rejected(Answer, frozen=True):
    """Refused with a sentence; nothing has changed."""

    id: str
    message: str


class Partial(Answer, frozen=True):
    """The estimate so far."""

    result: ResultInfo


class Exported(Answer, frozen=True):
    """The session as JSON text."""

    id: str
    text: str


class Pong(Answer, frozen=True):
    """A sign of life."""

    id: str
