"""A circuit: a frozen set of edges between components, with scores. No torch, no data.

Names are those of the graph's layout: ``embed``, ``pos_embed``, ``a0.h1``, ``m0``, ``logits``; a head is read into through
its ports ``q``, ``k`` and ``v``, all else through its only port, written ``""``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import CircuitError
from ..hypothesis import ROOT, natural

if TYPE_CHECKING:
    from ..graph.base import Layout
    from ..hypothesis import Hypothesis
    from ..task import Task
    from .formats import Written

Key = tuple[str, str, str]
"""Sender, receiver, port: which edge, whatever its score."""


@dataclass(frozen=True)
class Edge:
    """What one component writes, as one port of another reads it.

    Attributes
    ----------
    sender : str
        The component that writes.
    receiver : str
        The component that reads, or ``logits``.
    port : str
        ``q``, ``k``, ``v``; empty where the receiver has only one (``"in"`` is read as empty).
    score : float or None
        What somebody measured of it, in units of their own; finite.
    """

    sender: str
    receiver: str
    port: str = ""
    score: float | None = None

    def __post_init__(self) -> None:
        for what, name in (("sender", self.sender), ("receiver", self.receiver)):
            if not (name and isinstance(name, str)):
                raise CircuitError(f"the {what} of an edge is a component's name, not {name!r}.")
        if not isinstance(self.port, str):
            raise CircuitError(f"the port of an edge is 'q', 'k', 'v' or empty, not {self.port!r}.")
        if self.port == "in":
            object.__setattr__(self, "port", "")
        if self.score is not None:
            try:
                score = float(self.score)
            except (TypeError, ValueError):
                raise CircuitError(f"the score of {self} is a number or None, not {self.score!r}.") from None
            if not math.isfinite(score):
                raise CircuitError(f"the score of {self} is {score}; a finite number or None is expected.")
            object.__setattr__(self, "score", score)

    @property
    def key(self) -> Key:
        """Sender, receiver and port: which edge it is, whatever its score."""
        return self.sender, self.receiver, self.port

    @property
    def into(self) -> str:
        """The port as a name: ``a1.h3.k``, ``m0``, ``logits``."""
        return f"{self.receiver}.{self.port}" if self.port else self.receiver

    def __str__(self) -> str:
        return f"{self.sender} → {self.into}"


@dataclass(frozen=True)
class Circuit:
    """A set of edges; equal if the edges (with their scores) are.

    Attributes
    ----------
    edges : tuple of Edge
        Each once, sorted by receiver, port and sender; given in any order.
    name : str
        For people; two circuits of the same edges are equal whatever they are called.
    notes : tuple of str
        Sentences on what could not be said in the form that it came from, or that it went to.
    """

    edges: tuple[Edge, ...] = ()
    name: str = field(default="", compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        edges = tuple(sorted(self.edges, key=_order))
        for one, other in pairwise(edges):
            if one.key == other.key and one != other:
                raise CircuitError(f"the edge {one} is given twice, with scores {one.score} and {other.score}.")
        object.__setattr__(self, "edges", tuple(dict.fromkeys(edges)))
        object.__setattr__(self, "notes", tuple(dict.fromkeys(self.notes)))

    @classmethod
    def full(cls, on: Task | Layout, name: str = "all edges") -> Circuit:
        """Every edge of a model, without scores."""
        return cls(tuple(_all_edges(_layout(on))), name)

    # -- what is in it ----------------------------------------------------------------------------------------------

    @cached_property
    def by_key(self) -> Mapping[Key, Edge]:
        """The edges by sender, receiver and port."""
        return {edge.key: edge for edge in self.edges}

    @cached_property
    def nodes(self) -> tuple[str, ...]:
        """All that an edge leaves or enters, ``logits`` included where it is read into; sorted by name."""
        return tuple(sorted({name for e in self.edges for name in (e.sender, e.receiver)}, key=natural))

    @cached_property
    def ports(self) -> tuple[tuple[str, str], ...]:
        """Receivers with those of their ports that some edge enters."""
        return tuple(dict.fromkeys((e.receiver, e.port) for e in self.edges))

    @cached_property
    def _senders(self) -> Mapping[tuple[str, str], tuple[str, ...]]:
        found: dict[tuple[str, str], list[str]] = {}
        for e in self.edges:
            found.setdefault((e.receiver, e.port), []).append(e.sender)
        return {key: tuple(names) for key, names in found.items()}

    def senders(self, receiver: str, port: str = "") -> tuple[str, ...]:
        """Who sends to a port along an edge of the circuit."""
        return self._senders.get((receiver, "" if port == "in" else port), ())

    def receivers(self, sender: str) -> tuple[tuple[str, str], ...]:
        """The ports ``(receiver, port)`` that read a component along an edge of the circuit."""
        return tuple((e.receiver, e.port) for e in self.edges if e.sender == sender)

    def __contains__(self, edge: object) -> bool:
        """Whether an edge, or ``(sender, receiver, port)``, is in the circuit, whatever its score."""
        return (edge.key if isinstance(edge, Edge) else edge) in self.by_key

    def __iter__(self) -> Iterator[Edge]:
        return iter(self.edges)

    def __len__(self) -> int:
        return len(self.edges)

    def __str__(self) -> str:
        counted = f"{len(self)} edge{'s' * (len(self) != 1)} between {len(self.nodes)} nodes"
        lines = [f"{self.name}: {counted}" if self.name else counted]
        for receiver, port in self.ports:
            into = f"{receiver}.{port}" if port else receiver
            lines.append(f"  {into} ← {', '.join(self.senders(receiver, port))}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])

    __repr__ = __str__

    # -- others made of it ------------------------------------------------------------------------------------------

    def where(self, edges: Iterable[Edge | Key]) -> Circuit:
        """The same circuit with these of its edges only."""
        keys = {edge.key if isinstance(edge, Edge) else edge for edge in edges}
        return Circuit(tuple(e for e in self.edges if e.key in keys), self.name, self.notes)

    def without(self, *edges: Edge | Key) -> Circuit:
        """The same circuit without these edges."""
        keys = {edge.key if isinstance(edge, Edge) else edge for edge in edges}
        return Circuit(tuple(e for e in self.edges if e.key not in keys), self.name, self.notes)

    def top(self, count: int, *, signed: bool = False) -> Circuit:
        """The edges with the largest scores; ties by name.

        Parameters
        ----------
        count : int
            How many.
        signed : bool
            Whether a large negative score counts as small; by default its size counts.

        Raises
        ------
        CircuitError
            An edge has no score.
        """
        bare = next((e for e in self.edges if e.score is None), None)
        if bare is not None:
            raise CircuitError(f"the edge {bare} has no score, so edges cannot be ranked.")
        size = [e.score if signed else abs(e.score) for e in self.edges if e.score is not None]
        order = sorted(range(len(self.edges)), key=lambda i: -size[i])
        return Circuit(tuple(self.edges[i] for i in order[: max(0, count)]), self.name, self.notes)

    # -- against a model --------------------------------------------------------------------------------------------

    def check(self, on: Task | Layout) -> None:
        """Refuse a circuit that this model cannot hold, with a sentence that says what exists.

        Parameters
        ----------
        on : Task or Layout
            The model.

        Raises
        ------
        CircuitError
            Unknown component or port, an edge against the order of the forward pass, a circuit of a larger model.
        """
        from .check import check

        check(self, _layout(on))

    def dead(self, on: Task | Layout) -> Mapping[Edge, str]:
        """The edges on no path from an input to the output, each with its reason in words."""
        from .live import dead

        return dead(self, _layout(on))

    def live(self, on: Task | Layout) -> Circuit:
        """The circuit without its dead edges; a note says how many and why."""
        from .live import live

        return live(self, _layout(on))

    # -- as a hypothesis --------------------------------------------------------------------------------------------

    def to_hypothesis(self, on: Task | Layout, rule: str = "same input", *, limit: int = 2000) -> Hypothesis:
        """The circuit as a tree of claims: every path from the output down its edges is one.

        Scrubbed with ``unclaimed="global"`` it is the circuit as other tools run it; dead edges (:meth:`dead`) are left out.

        Parameters
        ----------
        on : Task or Layout
            The model.
        rule : str
            Of all claims.
        limit : int
            At most so many claims: their number is counted before they are made.

        Raises
        ------
        CircuitError
            It does not fit the model, nothing leads from an input to the output, or there are too many paths.
        """
        from .trees import to_hypothesis

        return to_hypothesis(self, _layout(on), rule, limit)

    @classmethod
    def from_hypothesis(cls, h: Hypothesis, on: Task | Layout, name: str = "") -> Circuit:
        """The edges that a hypothesis keeps; notes say what edges cannot (rules, positions, shared draws).

        A claim without claims under it keeps all that its component reads, so all edges above it are in the circuit.
        """
        from .trees import from_hypothesis

        return from_hypothesis(h, _layout(on), name)

    # -- as other tools have it -------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """JSON text that says all of it; :func:`scrub_widgets.circuits.load` reads it."""
        from .formats import own

        return own.write(self)

    def to_eap(self, on: Task | Layout) -> Written:
        """As JSON of EAP-IG and of the MIB circuit track: every edge of the model, and whether it is in the circuit."""
        from .formats import eap

        return eap.write(self, _layout(on))

    def to_acdc(self, on: Task | Layout) -> Written:
        """As the list that ACDC saves: ``[[receiver hook, index, sender hook, index], effect]`` each."""
        from .formats import acdc

        return acdc.write(self, _layout(on))

    def to_auto_circuit(self, on: Task | Layout) -> Written:
        """As auto-circuit's names of edges, with scores."""
        from .formats import autocircuit

        return autocircuit.write(self, _layout(on))

    def to_networkx(self) -> Any:
        """As a ``networkx.MultiDiGraph``: nodes are components, each edge has its ``port`` and, where there is one, its ``score``."""
        from .formats import graphs

        return graphs.write(self)

    def save(self, path: str | Path, format: str = "scrub-widgets", on: Task | Layout | None = None) -> tuple[str, ...]:  # noqa: A002
        """Write a file; return sentences on what its form cannot say.

        Parameters
        ----------
        path : str or Path
            Where to.
        format : {"scrub-widgets", "eap", "acdc", "auto-circuit", "networkx"}
            Which form, all of them JSON.
        on : Task or Layout, optional
            The model, which the forms of other tools need.
        """
        from .formats.save import save

        return save(self, Path(path), format, None if on is None else _layout(on))


def _layout(on: Task | Layout) -> Layout:
    from ..graph.base import Layout

    return on if isinstance(on, Layout) else on.graph.layout


def _all_edges(layout: Layout) -> Iterator[Edge]:
    for receiver in (*layout.names, ROOT):
        ports = layout.owner_ports(receiver)
        for port in ports:
            for sender in layout.senders(receiver):
                yield Edge(sender, receiver, port if len(ports) > 1 else "")


def _order(edge: Edge) -> tuple[object, ...]:
    if not isinstance(edge, Edge):
        raise CircuitError(f"a circuit is made of Edge(sender, receiver, port, score), not {edge!r}.")
    score = (0, 0.0) if edge.score is None else (1, edge.score)
    return natural(edge.receiver), edge.port, natural(edge.sender), score
