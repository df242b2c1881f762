"""The edges that a compiled program really has, from its weights and what is written on its inputs.

An edge from a sender into a port is *wired* if the port's weights make something of what the sender writes on some input:
``write @ W_in`` for an MLP, ``write @ W_V @ W_O`` for values, ``write @ W_U`` for the logits, and for queries and keys the
sender's part of the attention scores, unless it is the same for all keys, which a softmax does not see. No edge is removed to
find out, and no model is run but the clean one. Two kinds of wired edges cannot be found by taking them away:

- *idle*: without it, the component that reads it writes the same on every input, wherever anybody reads that: defaults that
  never come into play, such as attention to BOS where the program's own selection is never empty;
- *still*: what the port makes of it is the same on every input (positions, constants), so that a resampling exchanges it for
  itself.

The *used* edges are the wired ones that are not idle.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from scrub_widgets import Task
from scrub_widgets.circuits.circuit import Circuit, Key
from scrub_widgets.graph.cache import Spots
from scrub_widgets.graph.transformer import Head, MlpNode
from scrub_widgets.hypothesis import ROOT

ROUNDING = 1e-4
"""Nothing smaller is told from rounding; what these programs write is at least 0.1."""


@dataclass(frozen=True)
class Truth:
    """The edges of a compiled program.

    Attributes
    ----------
    all : frozenset of Key
        Every edge of the model.
    wired, idle, still : frozenset of Key
        Those that carry something that the port's weights read; of these, those without which nothing changes where they
        are read, and those that carry the same on every input.
    """

    all: frozenset[Key]
    wired: frozenset[Key]
    idle: frozenset[Key]
    still: frozenset[Key]

    @property
    def used(self) -> frozenset[Key]:
        """Wired and not idle."""
        return self.wired - self.idle

    @property
    def moving(self) -> frozenset[Key]:
        """Used, and not the same on every input: all that a resampling can find."""
        return self.used - self.still


def truth_of(tasks: Iterable[Task]) -> Truth:
    """The edges of a model, seen on several data sets of one length each, without padding."""
    wirings = [_Wiring(task) for task in tasks]
    every = frozenset(edge.key for edge in Circuit.full(wirings[0].layout))
    with torch.inference_mode():
        on = [frozenset(edge for edge in every if w.carries(edge)) for w in wirings]
        idle = [frozenset(edge for edge in wired if w.idle(edge, wired)) for w, wired in zip(wirings, on, strict=True)]
        wired = frozenset().union(*on)
        used = frozenset().union(*(a - b for a, b in zip(on, idle, strict=True)))
        still = frozenset(edge for edge in wired if _still([w.made(edge) for w in wirings]))
    return Truth(every, wired, wired - used, still)


def _still(made: list[Tensor]) -> bool:
    """Whether values ``[n, pos, d]`` of several lengths agree on all inputs, position by position."""
    longest = max(made, key=lambda values: values.shape[1])
    return all(float((v - longest[:1, : v.shape[1]]).abs().max()) <= ROUNDING for v in made)


class _Wiring:
    """What is written and read on one data set."""

    def __init__(self, task: Task) -> None:
        self.graph, self.layout, self.n = task.graph, task.graph.layout, len(task)
        self.clean = task.prepare().clean
        self.spots = Spots.all(self.graph.positions, self.graph.device)

    def carries(self, edge: Key) -> bool:
        """Whether the port's weights make something of it; of queries and keys: scores that differ between keys."""
        _, receiver, port = edge
        made = self.made(edge)
        if port in ("q", "k"):
            other = self.graph.node(receiver).project(
                "k" if port == "q" else "q", self.clean.stream(receiver), self.spots
            )
            scores = made @ other.mT if port == "q" else other @ made.mT
            made = scores - scores.mean(-1, keepdim=True)
        return float(made.abs().max()) > ROUNDING

    def made(self, edge: Key) -> Tensor:
        """What a port's weights alone make of what a sender writes, ``[n, pos, d]``."""
        sender, receiver, port = edge
        written = self.written(sender)
        if receiver == ROOT:
            return self.graph.output(written)
        node = self.graph.node(receiver)
        if isinstance(node, MlpNode):
            weight: Tensor = node.mlp.bridge.W_in.detach()
            return written @ weight
        assert isinstance(node, Head)
        made = node.project(port, written, self.spots)
        return self.graph.emit(receiver, made) if port == "v" else made

    def written(self, sender: str) -> Tensor:
        """What a component writes, ``[n, pos, d_model]``."""
        return self.graph.emit(sender, self.clean.table(sender)).expand(self.n, -1, -1)

    def idle(self, edge: Key, wired: frozenset[Key]) -> bool:
        """Whether the receiver writes the same if the port reads nothing from the sender."""
        sender, receiver, port = edge
        stream = self.clean.stream(receiver)
        less = stream - self.written(sender)
        if receiver == ROOT:
            moved = self.graph.output(stream) - self.graph.output(less)
        else:
            moved = self.computed(receiver, {port: stream}, stream) - self.computed(receiver, {port: less}, stream)
        # The first token (BOS) of an output counts nowhere, and of a component only where it is a key or a value of others.
        across = any(reads == receiver and into in ("k", "v") for reads, _, into in wired)
        return float(moved[:, 0 if across else 1 :].abs().max()) <= ROUNDING

    def computed(self, receiver: str, ports: dict[str, Tensor], stream: Tensor) -> Tensor:
        """What a component writes if some of its ports read other streams."""
        node, names = self.graph.node(receiver), self.layout.owner_ports(receiver)
        names = names if len(names) > 1 else ("",)
        read = {name: node.project(name, ports.get(name, stream), self.spots) for name in names}
        return self.graph.emit(receiver, node.compute(self.clean, read, self.spots, torch.arange(self.n)))
