"""What the view sends, and what the kernel answers."""

from __future__ import annotations

from .base import Answer, Message, Shape
from .operations import AnyOperation
from .traits import ResultInfo


class PreviewExample(Shape, frozen=True):
    """One input of a preview."""

    index: int
    tokens: list[str]
    label: str


class Preview(Shape, frozen=True):
    """What a rule would swap."""

    rule: str
    positionwise: bool
    n: int
    k: int
    sizes: list[int]
    smallest: int
    singletons: float
    self: float
    bits: float
    at: int | None
    reference: PreviewExample
    same: list[PreviewExample]
    other: PreviewExample | None
    same_partition_as: list[str]
    notes: list[str]


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


class AskPreview(Message, frozen=True, tag="preview"):
    """Show what a rule would swap."""

    rule: str
    example: int | None = None


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


class Previewed(Answer, frozen=True, tag="preview"):
    """What the rule would swap."""

    id: str
    preview: Preview


class Exported(Answer, frozen=True):
    """The session as JSON text."""

    id: str
    text: str


class Pong(Answer, frozen=True):
    """A sign of life."""

    id: str
