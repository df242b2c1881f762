"""What all readers need: the shape of a transformer's layout, and edges that are collected with notes."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ...errors import CircuitError, listed
from ...graph.base import Layout
from ..circuit import Circuit, Edge, Key

QKV = ("q", "k", "v")


@dataclass(frozen=True)
class Shape:
    """Layers, heads and embeddings of a transformer.

    Attributes
    ----------
    layout : Layout
        Components in forward order.
    """

    layout: Layout

    @classmethod
    def of(cls, layout: Layout, tool: str) -> Shape:
        """The shape of a layout.

        Raises
        ------
        CircuitError
            It is no transformer.
        """
        if not any(c.kind in ("head", "mlp") for c in layout.components):
            raise CircuitError(
                f"circuits of {tool} are about transformers; this model has {listed(layout.names)}: "
                "take 'networkx' or 'scrub-widgets'."
            )
        return cls(layout)

    @cached_property
    def layers(self) -> int:
        """How many layers."""
        return 1 + max(c.layer for c in self.layout.components)

    @cached_property
    def heads(self) -> int:
        """How many heads a layer has at most."""
        return max((1 + c.slot for c in self.layout.components if c.kind == "head"), default=0)

    @cached_property
    def mlps(self) -> bool:
        """Whether there are MLPs."""
        return any(c.kind == "mlp" for c in self.layout.components)

    @cached_property
    def parallel(self) -> bool:
        """Whether the attention and the MLP of a layer read the same stream."""
        first = next((c for c in self.layout.components if c.kind == "mlp"), None)
        by_id = self.layout.by_id
        return first is not None and all(
            by_id[s].kind != "head" or by_id[s].layer < first.layer for s in self.layout.senders(first.id)
        )

    @cached_property
    def inputs(self) -> tuple[str, ...]:
        """The embeddings, which most tools have as one node."""
        return tuple(c.id for c in self.layout.components if c.kind in ("embed", "pos_embed"))

    def check(self, layers: int | None, heads: int | None) -> None:
        """Refuse a circuit of a model of another size."""
        here = f"this model has {self.layers} layers of {self.heads} heads"
        if layers is not None and layers != self.layers:
            raise CircuitError(f"the circuit is of a model of {layers} layers; {here}.")
        if heads is not None and self.heads and heads != self.heads:
            raise CircuitError(f"the circuit is of a model with {heads} heads in a layer; {here}.")


def largest(scores: Iterable[float | None]) -> float | None:
    """The score of the largest size, or None if there is none."""
    found = [score for score in scores if score is not None]
    return max(found, key=abs, default=None)


@dataclass
class Builder:
    """Edges as they are read, merged ones taken apart.

    Attributes
    ----------
    layout : Layout
        The model.
    name : str
        Of the circuit.
    """

    layout: Layout
    name: str = ""
    notes: list[str] = field(default_factory=list)
    found: dict[Key, list[float | None]] = field(default_factory=dict)

    def add(
        self, senders: str | Sequence[str], receiver: str, ports: str | Sequence[str] = "", score: object = None
    ) -> None:
        """Note an edge, or several that are one in the form that is read: each has its score."""
        number = self.number(score)
        for sender in (senders,) if isinstance(senders, str) else senders:
            for port in (ports,) if isinstance(ports, str) else ports:
                self.found.setdefault((sender, receiver, port), []).append(number)

    def number(self, score: object) -> float | None:
        """A score as a number; what is none, and what is not finite, counts as missing."""
        if score is None:
            return None
        try:
            number = float(score)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise CircuitError(f"the score of an edge is a number, not {score!r}.") from None
        if math.isfinite(number):
            return number
        self.note("some scores are not finite: these edges have none.")
        return None

    def note(self, sentence: str) -> None:
        """Add a sentence, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def circuit(self) -> Circuit:
        """The circuit, checked against the model.

        Raises
        ------
        CircuitError
            No edges, or such that the model does not have.
        """
        if not self.found:
            raise CircuitError("this circuit is empty: no edge is in it.")
        if any(len(scores) > 1 for scores in self.found.values()):
            self.note("some edges stand there several times: here once, with the largest score by size.")
        edges = [Edge(*key, largest(scores)) for key, scores in self.found.items()]
        made = Circuit(tuple(edges), self.name, tuple(self.notes))
        made.check(self.layout)
        return made


@dataclass
class Merger:
    """Edges as they are written, embeddings merged into one sender.

    Attributes
    ----------
    shape : Shape
        The model.
    """

    shape: Shape
    notes: list[str] = field(default_factory=list)

    def merged(self, circuit: Circuit) -> Mapping[Key, float | None]:
        """The edges by key, those of the embeddings as edges of ``input``."""
        inputs, found = self.shape.inputs, dict[Key, list[float | None]]()
        for edge in circuit:
            sender = "input" if edge.sender in inputs else edge.sender
            found.setdefault((sender, edge.receiver, edge.port), []).append(edge.score)
        embedded = [scores for (sender, _, _), scores in found.items() if sender == "input"]
        alone = sum(len(scores) < len(inputs) for scores in embedded)
        if alone:
            self.notes.append(
                f"the embeddings are one node there: {alone} ports that read only some of {listed(inputs)} read all of them."
            )
        if any(len(set(scores)) > 1 for scores in embedded):
            self.notes.append("where the embeddings had different scores, the largest by size was written.")
        return {key: largest(scores) for key, scores in found.items()}


def layer_of(name: str) -> int | None:
    """The layer of a hook's name, ``blocks.3.attn.hook_q``."""
    parts = name.split(".")
    return int(parts[1]) if len(parts) > 2 and parts[0] == "blocks" and parts[1].isdigit() else None
