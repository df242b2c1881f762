"""The traits: what must survive a reload."""

from __future__ import annotations

from typing import Literal

from .base import Interval, Number, Shape


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
    """A rule of the palette; ``k`` classes, None if it cannot be applied. Its letter stays when others are added."""

    name: str
    doc: str
    positionwise: bool
    k: int | None
    source: Literal["built-in", "column", "task", "made"]
    letter: str


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
    columns: list[str]
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
    name: str
    note: str


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
