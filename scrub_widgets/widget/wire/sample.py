"""One example of a result: what each claim saw, what came out, and a head's attention."""

from __future__ import annotations

from typing import Literal

import msgspec

from .base import Answer, Message, Number, Shape


class SourceInfo(Shape, frozen=True):
    """An input that a draw gave; the tag is the same wherever it stands, and no other has it. ``draw``: which of the draws."""

    tag: str
    input: int
    draw: int


class SeenRow(Shape, frozen=True):
    """A claim on one example, or the unclaimed inputs of one (no rule); lists have one entry, or one for each position."""

    id: str
    parent: str
    port: str
    components: list[str]
    rule: str
    share: str | None
    draw: str
    rank: int
    enters: bool
    fixed: bool
    sources: list[int]
    tokens: list[str]
    labels: list[str]
    sizes: list[int]
    held: list[int] | None


class GuessInfo(Shape, frozen=True):
    """A likely token."""

    text: str
    probability: float


class OutputInfo(Shape, frozen=True):
    """What came out: tokens, or the numbers of a graph of functions."""

    loss: Number
    top: list[GuessInfo]
    value: list[Number]


class OutputsInfo(Shape, frozen=True):
    """Clean and scrubbed, read at ``position``; ``redrawn`` is the scrubbed output with draws that were drawn again."""

    position: int
    clean: OutputInfo
    scrubbed: OutputInfo
    redrawn: OutputInfo | None


class SampleInfo(Shape, frozen=True):
    """One example; ``at`` is the position that rows are about where every position has draws of its own."""

    example: int
    n: int
    reference: int
    tokens: list[str]
    at: int
    again: dict[str, int]
    locked: list[str]
    losses: list[float]
    draws: list[str]
    sources: list[SourceInfo]
    rows: list[SeenRow]
    hidden: int
    outputs: OutputsInfo | None


class AttentionInfo(Shape, frozen=True):
    """Attention of a head, ``[query][key]``, from position ``first`` on; ``how`` the scrubbed pattern comes about, and in words."""

    head: str
    claim: str | None
    how: Literal["recomputed", "donor", "unclaimed", "run"]
    words: str
    first: int
    clean: list[list[float]]
    scrubbed: list[list[float]] | None


class Samples(Shape, frozen=True):
    """Examples that are kept for a page without a kernel."""

    rev: int
    samples: list[SampleInfo]


# -- from the view -------------------------------------------------------------------------------------------------


class OfExample(Message, frozen=True, kw_only=True):
    """About one example of the newest complete result, with draws drawn again."""

    example: int
    at: int | None = None
    again: dict[str, int] = msgspec.field(default_factory=dict)


class AskSample(OfExample, frozen=True, tag="sample"):
    """What each claim saw; ``act`` is done first, on ``node`` or, for ``redraw``, on all that is not locked."""

    locked: list[str] = msgspec.field(default_factory=list)
    act: Literal["redraw", "lock", "unlock"] | None = None
    node: str | None = None


class AskOutputs(OfExample, frozen=True, tag="outputs"):
    """What came out."""


class AskAttention(OfExample, frozen=True, kw_only=True, tag="attention"):
    """A head's attention; of its first claim, if none is named."""

    head: str
    claim: str | None = None


# -- from the kernel -----------------------------------------------------------------------------------------------


class Sampled(Answer, frozen=True, tag="sample"):
    """An example of the result with this ``rev``."""

    id: str
    rev: int
    sample: SampleInfo


class CameOut(Answer, frozen=True, tag="outputs"):
    """Its outputs."""

    id: str
    rev: int
    outputs: OutputsInfo


class Attended(Answer, frozen=True, tag="attention"):
    """A head's attention on it."""

    id: str
    rev: int
    attention: AttentionInfo
