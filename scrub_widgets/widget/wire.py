"""The shapes that kernel and view exchange; ``docs/wire.md`` in types. ``js/src/wire.ts`` is its twin."""

from __future__ import annotations

import math
from typing import Any, Literal

import msgspec

from ..errors import ScrubError
from ..measure.estimates import Estimate

Number = float | None
"""Finite, or None: NaN is not JSON."""


class Shape(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A JSON object with exactly these fields."""


# -- traits -----------------------------------------------------------------------------------------------------------


class Component(Shape, frozen=True):
    """A glyph of the map."""

    id: str
    kind: Literal["embed", "pos_embed", "head", "mlp", "input", "function"]
    layer: int
    slot: int
    ports: list[str]
    part_of: str | None
    part: str | None


class Port(Shape, frozen=True):
    """A place that reads ``senders``, or if those are None what the first ``upto`` of the graph's components wrote."""

    id: str
    owner: str
    name: str
    upto: int
    senders: list[str] | None


class Rewritten(Shape, frozen=True):
    """A component that was split; ``error`` is the largest difference of its parts together from it, as a share of it."""

    component: str
    parts: list[str]
    error: float


class Graph(Shape, frozen=True):
    """What can be claimed."""

    title: str
    layers: int
    heads: int
    has_mlp: bool
    components: list[Component]
    ports: list[Port]
    rewrites: list[Rewritten]


class Rule(Shape, frozen=True):
    """A rule of the palette; ``k`` classes, None if it cannot be applied."""

    name: str
    doc: str
    positionwise: bool
    k: int | None


class TaskInfo(Shape, frozen=True):
    """What is scrubbed."""

    name: str
    n: int
    n_pos: int
    loss: str
    unit: str
    model: str
    rules: list[Rule]
    roles: dict[str, list[int]]
    baselines: list[str]
    policies: list[str]


class ClaimRow(Shape, frozen=True):
    """One claim."""

    id: str
    parent: str
    port: str
    components: list[str]
    rule: str
    paths: Literal["direct", "all"]
    positions: list[int] | str | None
    share: str | None


class SettingsInfo(Shape, frozen=True):
    """How a scrub is run."""

    samples: int
    seed: int
    unclaimed: str
    baseline: str


class State(Shape, frozen=True):
    """The present hypothesis and settings."""

    rev: int
    claims: list[ClaimRow]
    settings: SettingsInfo
    can_undo: bool
    can_redo: bool
    last_edit: str


class Selection(Shape, frozen=True):
    """What is selected; ``under`` is the port that a new claim goes to."""

    nodes: list[str]
    claim: str | None
    under: str


class ErrorInfo(Shape, frozen=True):
    """An error for a person."""

    kind: str
    message: str
    where: str | None


class StatusInfo(Shape, frozen=True):
    """What the engine is doing."""

    phase: Literal["loading", "idle", "running", "done", "cancelled", "error"]
    rev: int
    done: int
    total: int
    message: str
    error: ErrorInfo | None


class Interval(Shape, frozen=True):
    """An estimate."""

    value: Number
    low: Number
    high: Number

    @staticmethod
    def of(estimate: Estimate) -> Interval:
        """From an estimate; NaN and infinities become None."""
        return Interval(value=finite(estimate.value), low=finite(estimate.low), high=finite(estimate.high))


class TrailPoint(Shape, frozen=True):
    """The estimate after ``n`` references."""

    n: int
    value: Number
    low: Number
    high: Number


class LossIntervals(Shape, frozen=True):
    """Mean losses."""

    model: Interval
    scrubbed: Interval
    baseline: Interval


class Warned(Shape, frozen=True):
    """One reason to doubt a number; ``where`` is the claim that it is about."""

    name: str
    severity: Literal["note", "warning"]
    evidence: str
    advice: str
    where: str | None


class ResultInfo(Shape, frozen=True):
    """An estimate with all that stands beside it; what needs runs of its own is in once it is ``checked``."""

    rev: int
    n: int
    samples: int
    complete: bool
    recovered: Interval
    recovered_from: dict[str, Interval]
    kl: Interval
    pointwise: Interval
    better: float
    worse: float
    loss: LossIntervals
    baseline: str
    unclaimed: str
    seed: int
    trail: list[TrailPoint]
    warnings: list[Warned]
    checked: bool
    null: Interval | None
    above_null: Interval | None
    seconds: float
    provenance: dict[str, str | int | float]


class Confirmed(Shape, frozen=True):
    """A hypothesis measured once on held-out inputs."""

    key: str
    claims: list[str]
    recovered: Interval
    inputs: int
    samples: int
    tries: int
    rev: int


class ConfirmInfo(Shape, frozen=True):
    """Explore, then confirm; ``present`` is the place in ``recorded`` of the present hypothesis."""

    held_out: bool
    problem: str | None
    running: bool
    tries: int
    present: int | None
    recorded: list[Confirmed]


class Examples(Shape, frozen=True):
    """Losses of the single examples of the result with this ``rev``, as little-endian Float32 ``[n]``."""

    rev: int
    n: int
    model: bytes
    scrubbed: bytes
    baseline: bytes


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


# -- messages from the view -------------------------------------------------------------------------------------------


class Operation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="op", tag=str.lower):
    """One edit."""


class Claim(Operation, frozen=True):
    """Add a claim."""

    components: list[str]
    under: str
    rule: str
    paths: str = "direct"
    positions: list[int] | str | None = None
    share: str | None = None


class SetRule(Operation, frozen=True, tag="rule"):
    """Another rule for some claims."""

    claims: list[str]
    rule: str


class Change(Operation, frozen=True):
    """Other paths, positions or draw for a claim."""

    claim: str
    paths: str | msgspec.UnsetType = msgspec.UNSET
    positions: list[int] | str | msgspec.UnsetType | None = msgspec.UNSET
    share: str | msgspec.UnsetType | None = msgspec.UNSET


class Remove(Operation, frozen=True):
    """Remove claims with what stands under them."""

    claims: list[str]


class SetSettings(Operation, frozen=True, tag="settings"):
    """Other settings."""

    samples: int | msgspec.UnsetType = msgspec.UNSET
    seed: int | msgspec.UnsetType = msgspec.UNSET
    unclaimed: str | msgspec.UnsetType = msgspec.UNSET
    baseline: str | msgspec.UnsetType = msgspec.UNSET


class Load(Operation, frozen=True):
    """Take over an exported session or hypothesis."""

    text: str


class Clear(Operation, frozen=True):
    """Remove all claims."""


class Batch(Operation, frozen=True):
    """Several edits as one step."""

    ops: list[Claim | SetRule | Change | Remove | SetSettings | Clear]


AnyOperation = Claim | SetRule | Change | Remove | SetSettings | Load | Clear | Batch


class Message(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What the view sends; ``id`` comes back in the answer."""

    id: str


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


AnyMessage = Edit | Undo | Redo | Run | Cancel | Confirm | AskPreview | Export | Ping


# -- messages to the view ---------------------------------------------------------------------------------------------


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind", tag=str.lower):
    """What the kernel sends."""


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


AnyAnswer = Ack | Rejected | Partial | Previewed | Exported | Pong


def read_message(content: object) -> AnyMessage:
    """Decode a message from the view.

    Raises
    ------
    ScrubError
        It is none of those that there are.
    """
    try:
        message: AnyMessage = msgspec.convert(content, type=AnyMessage)
    except msgspec.ValidationError as error:
        raise ScrubError(f"the view sent a message that this version does not know: {error}.") from None
    return message


def plain(shape: Shape | Answer) -> Any:
    """A shape as plain JSON values, for a trait or a message; bytes stay bytes, which travel as buffers."""
    return msgspec.to_builtins(shape, builtin_types=(bytes,))


def finite(value: float) -> Number:
    """A float for JSON."""
    return float(value) if math.isfinite(value) else None
