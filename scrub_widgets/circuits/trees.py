"""From a circuit to the hypothesis that says the same, and back.

The hypothesis is the circuit as a tree: every path down kept edges, from the output on, is a claim. Scrubbed with
``unclaimed="global"`` and the rule ``same input`` it is the circuit as other tools run it: what is kept comes from the reference, what is
cut from one other input, and a component that is reached by two paths has one value. Under ``per receiver`` each path draws for itself.

- Embeddings that a port reads together are one claim with one draw: the input of the model is one, whatever it is written from.
- A head of which some ports are kept reads nothing but other inputs at the rest.
- A component that reads nothing along the circuit has its value on other inputs: it is not claimed, for a claim without
  claims under it would keep all of it. Where inputs are padded, so is its padding mask that of the other input.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import CircuitError, HypothesisError
from ..hypothesis import ROOT, Claim, Hypothesis, _ordered, natural
from .circuit import Circuit, Edge
from .live import live

if TYPE_CHECKING:
    from ..graph.base import Layout


@dataclass(frozen=True)
class Tree:
    """A circuit, as the paths from its output.

    Attributes
    ----------
    circuit : Circuit
        Checked, without dead edges.
    layout : Layout
        The model.
    """

    circuit: Circuit
    layout: Layout
    counted: dict[str, int] = field(default_factory=dict)

    def groups(self, receiver: str, port: str) -> Iterator[tuple[str, ...]]:
        """What is claimed at a port: each sender, the embeddings together."""
        senders = self.circuit.senders(receiver, port)
        embedded = tuple(s for s in senders if self.layout.by_id[s].kind in ("embed", "pos_embed"))
        if embedded:
            yield embedded
        yield from ((s,) for s in senders if s not in embedded)

    def ports(self, receiver: str) -> list[str]:
        """The ports of a component that some edge enters."""
        names = self.layout.owner_ports(receiver)
        return [port for name in names if self.circuit.senders(receiver, port := name if len(names) > 1 else "")]

    def claims_under(self, receiver: str) -> int:
        """How many claims stand under one of this component."""
        if receiver not in self.counted:
            self.counted[receiver] = sum(
                1 + (self.claims_under(names[0]) if len(names) == 1 else 0)
                for port in self.ports(receiver)
                for names in self.groups(receiver, port)
            )
        return self.counted[receiver]

    def claims(self, receiver: str, claim_id: str, rule: str) -> Iterator[Claim]:
        """All claims under one."""
        for port in self.ports(receiver):
            for names in self.groups(receiver, port):
                components = tuple(sorted(names, key=natural))
                claim = Claim(parent=claim_id, port=port, components=components, rule=rule)
                yield claim
                if len(names) == 1:
                    yield from self.claims(names[0], claim.id, rule)


def to_hypothesis(circuit: Circuit, layout: Layout, rule: str, limit: int) -> Hypothesis:
    """See :meth:`Circuit.to_hypothesis`."""
    if not (rule and isinstance(rule, str)):
        raise HypothesisError(f"rule= takes the name of a rule of the task, not {rule!r}.")
    circuit.check(layout)
    kept = live(circuit, layout)
    if not kept:
        said = f": {kept.notes[-1]}" if len(circuit) else "."
        raise CircuitError(
            f"no edge of this circuit leads from an input to the output, so there is nothing to claim{said}"
        )
    tree = Tree(kept, layout)
    count = tree.claims_under(ROOT)
    if count > limit:
        raise CircuitError(
            f"as a tree this circuit of {len(kept)} edges has {count:,} claims, one for each path to the output, and limit= is "
            f"{limit:,}; sw.circuits.measure(task, circuit) runs each component once instead, or take fewer edges, "
            "circuit.top(n)."
        )
    return Hypothesis(_ordered(tuple(tree.claims(ROOT, ROOT, rule))))


# -- back ---------------------------------------------------------------------------------------------------------------


def from_hypothesis(h: Hypothesis, layout: Layout, name: str = "") -> Circuit:
    """See :meth:`Circuit.from_hypothesis`."""
    layout.check(h)
    edges: dict[Edge, None] = {}
    notes: list[str] = []
    for claim in h:
        owners = (ROOT,) if claim.parent == ROOT else h[claim.parent].components
        for owner in owners:
            names = layout.senders(owner) if claim.whole else claim.components
            for sender in names:
                _add(edges, _path_edges(layout, sender, owner, claim))
                if not h.children(claim.id):
                    _add(edges, _upstream(layout, sender))
    whole = [c for c in h if not h.children(c.id) and (c.whole or any(layout.owner_ports(n) for n in c.components))]
    if whole:
        notes.append(
            f"{len(whole)} claims keep all that their components read, such as '{whole[0].id}': all edges above them are here."
        )
    notes += _lost(h)
    return Circuit(tuple(edges), name, tuple(notes))


def _lost(h: Hypothesis) -> Iterator[str]:
    """What edges cannot say of a hypothesis."""
    rules = {c.rule for c in h} - {"same input"}
    if rules:
        yield f"edges know no rules: {', '.join(sorted(rules))} became 'same input'."
    if any(c.positions is not None for c in h):
        yield "edges know no positions: claims at some positions became edges at all of them."
    if any(c.share is not None for c in h):
        yield "edges know no shared draws."
    if any(c.paths == "all" for c in h):
        yield "claims on all paths became all edges between the two components."
    at: dict[tuple[str, ...], set[frozenset[tuple[str, ...]]]] = {}
    for claim in h:
        below = frozenset((c.port, *c.components) for c in h.children(claim.id))
        at.setdefault(claim.components, set()).add(below)
    twice = [names for names, trees in at.items() if len(trees) > 1]
    if twice:
        yield f"what is claimed in different ways on different paths ({'+'.join(twice[0])}) has the edges of all of them."


def _add(edges: dict[Edge, None], new: Iterator[Edge]) -> None:
    for edge in new:
        edges[edge] = None


def _path_edges(layout: Layout, sender: str, owner: str, claim: Claim) -> Iterator[Edge]:
    """The edge of a direct claim; for all paths, every edge on a way from the one to the other."""
    if claim.paths == "direct":
        yield Edge(sender, owner, claim.port)
        return
    between = {n for n in layout.ancestors(owner) if sender in layout.ancestors(n)}
    for name in between:
        yield from (e for e in _into(layout, name) if e.sender == sender or e.sender in between)
    for name in layout.senders(owner):
        if name == sender or name in between:
            yield Edge(name, owner, claim.port)


def _upstream(layout: Layout, name: str) -> Iterator[Edge]:
    """Every edge into a component and into all that it reads."""
    for reader in (name, *layout.ancestors(name)):
        yield from _into(layout, reader)


def _into(layout: Layout, name: str) -> Iterator[Edge]:
    ports = layout.owner_ports(name)
    for port in ports:
        for sender in layout.senders(name):
            yield Edge(sender, name, port if len(ports) > 1 else "")
