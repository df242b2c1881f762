"""Rules and rewrites made in the view: previews, what there is to choose from, and the edits."""

from __future__ import annotations

from typing import Literal

from ...made import AnyRewrite, AnyRule
from .base import Answer, Message, Operation, Shape


class PreviewExample(Shape, frozen=True):
    """One input of a preview; ``reads``: positions that the rule reads for its label."""

    index: int
    tokens: list[str]
    label: str
    reads: list[int]


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
    back: float | None
    chain: list[str]
    same_label: float | None
    any_label: float | None
    bits: float
    at: int | None
    matches: int | None
    way: Literal["known", "swapped", "unknown"]
    reference: PreviewExample
    same: list[PreviewExample]
    other: PreviewExample | None
    same_partition_as: list[str]
    notes: list[str]


class AskPreview(Message, frozen=True, tag="preview"):
    """Show what a rule would swap, for a claim at ``under``; with ``spec`` one that is not made yet."""

    rule: str
    example: int | None = None
    under: str | None = None
    spec: AnyRule | None = None


class Previewed(Answer, frozen=True, tag="preview"):
    """What the rule would swap."""

    id: str
    preview: Preview


class AskInputs(Message, frozen=True, tag="inputs"):
    """Find inputs whose text holds ``text``, or with the number ``#17``."""

    text: str
    start: int = 0


class FoundInput(Shape, frozen=True):
    """One input; ``label``: its right answer, if the loss knows one."""

    index: int
    tokens: list[str]
    label: str | None


class Inputs(Answer, frozen=True):
    """Some of the inputs found."""

    id: str
    total: int
    start: int
    rows: list[FoundInput]


class AskRewriting(Message, frozen=True, tag="rewriting"):
    """What a component can be written as; with ``spec`` what is to know of that rewrite, with ``rule`` its labels."""

    component: str
    rule: str | None = None
    spec: AnyRewrite | None = None


class Neuron(Shape, frozen=True):
    """A neuron, and its share of what the neurons' outputs vary."""

    index: int
    share: float


class Angle(Shape, frozen=True):
    """The smallest angle to another direction in use, in degrees."""

    part: str
    degrees: float


class Facts(Shape, frozen=True):
    """What is to know of a rewrite before it is made; ``carried`` says what happens to claims."""

    parts: list[str]
    variance: float | None
    angles: list[Angle]
    error: float
    tolerance: float
    carried: list[str]


class Rewriting(Answer, frozen=True):
    """What a component can be written as."""

    id: str
    component: str
    width: int
    tokens: bool
    vectors: list[str]
    neurons: list[Neuron]
    labels: list[str]
    facts: Facts | None
    problem: str | None


# -- edits ------------------------------------------------------------------------------------------------------------


class MakeRule(Operation, frozen=True, tag="make_rule"):
    """Make a rule."""

    name: str
    spec: AnyRule


class RenameRule(Operation, frozen=True, tag="rename_rule"):
    """Give a made rule another name."""

    name: str
    to: str


class DropRule(Operation, frozen=True, tag="drop_rule"):
    """Take a made rule away."""

    name: str


class MakeRewrite(Operation, frozen=True, tag="rewrite"):
    """Write a component as parts."""

    spec: AnyRewrite


class Unsplit(Operation, frozen=True):
    """Put a component together again; ``rule``: for the whole, "" to remove claims that differ."""

    component: str
    rule: str | None = None


class SplitPositions(Operation, frozen=True, tag="split_positions"):
    """Make a claim several claims at disjoint positions or roles."""

    claim: str
    parts: list[list[int] | str]
