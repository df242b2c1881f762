"""Edits."""

from __future__ import annotations

import msgspec

from . import making as mk
from .base import Operation


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


class SetLabel(Operation, frozen=True, tag="label"):
    """Another name or note for a claim; an empty one takes it away."""

    claim: str
    name: str | msgspec.UnsetType = msgspec.UNSET
    note: str | msgspec.UnsetType = msgspec.UNSET


class Group(Operation, frozen=True):
    """Several claims as one, with one draw; without a rule they must have the same."""

    claims: list[str]
    rule: str | None = None


class Ungroup(Operation, frozen=True):
    """One claim for each component of a group."""

    claim: str


class Batch(Operation, frozen=True):
    """Several edits as one step."""

    ops: list[Claim | SetRule | Change | Remove | SetSettings | SetLabel | Group | Ungroup | Clear]


MakingOperation = mk.MakeRule | mk.RenameRule | mk.DropRule | mk.MakeRewrite | mk.Unsplit | mk.SplitPositions
AnyOperation = (
    Claim
    | SetRule
    | Change
    | Remove
    | SetSettings
    | SetLabel
    | Group
    | Ungroup
    | Load
    | Clear
    | Batch
    | MakingOperation
)
