"""Circuits as graphs of networkx: nodes are components, an edge knows its port and its score.

Facts: ``DiGraph`` and ``MultiDiGraph`` of networkx.org; ``node_link_data`` for JSON, whose list of edges is named ``edges`` or ``links``.

- In a ``MultiDiGraph`` each port has an edge of its own (key and attribute ``port``); in a ``DiGraph`` one edge has ``port="q"`` or
  ``ports=["q", "k"]``. A receiver may also be named with its port, ``a1.h3.k``. Without any port, a head reads through all three.
- The score is the attribute ``score``, or else ``weight``.
- ``input`` is the sum of all embeddings.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import CircuitError, listed
from ...graph.base import Layout
from ...hypothesis import ROOT
from ..circuit import Circuit
from .builder import Builder

NAME = "networkx"


def matches(source: object) -> bool:
    """Whether this is a graph, or the JSON of one."""
    if isinstance(source, Mapping):
        return "nodes" in source and isinstance(source.get("edges", source.get("links")), list)
    return hasattr(source, "is_multigraph") and hasattr(source, "is_directed")


def read(source: Any, layout: Layout, every: bool = False) -> Circuit:
    """Read a graph, or the decoded JSON of ``node_link_data``.

    Parameters
    ----------
    source : networkx.DiGraph, networkx.MultiDiGraph or mapping
        The graph.
    layout : Layout
        The model.
    every : bool
        Of no meaning here: all edges that are there are taken.
    """
    import networkx as nx

    del every
    graph = _of_json(source) if isinstance(source, Mapping) else source
    if not graph.is_directed():
        raise CircuitError(
            "this graph has no directions; a DiGraph or a MultiDiGraph is expected, edges from sender to receiver."
        )
    if not nx.is_directed_acyclic_graph(graph):
        ring = [step[0] for step in nx.find_cycle(graph)]
        raise CircuitError(
            f"this graph runs in a circle, {' → '.join(map(str, [*ring, ring[0]]))}; a circuit follows the forward pass."
        )
    made = Builder(layout, str(graph.graph.get("name") or ""))
    for note in graph.graph.get("notes") or ():
        made.note(str(note))
    inputs = tuple(c.id for c in layout.components if c.kind in ("embed", "pos_embed"))
    for first, last, data in graph.edges(data=True):
        sender, receiver = str(first), str(last)
        if receiver == _without_port(sender, layout):
            continue  # from a port to its own component: an edge of the drawing only
        merged = sender == "input" and "input" not in layout.by_id
        if merged and len(inputs) > 1:
            made.note(f"'input' is the sum of {listed(inputs)}: here each has an edge with its score.")
        into, ports = _ports(receiver, data, layout, made)
        made.add(inputs if merged else sender, into, ports, data.get("score", data.get("weight")))
    return made.circuit()


def write(circuit: Circuit) -> Any:
    """A ``networkx.MultiDiGraph`` with an edge for each port; its name and notes are attributes of the graph."""
    import networkx as nx

    graph = nx.MultiDiGraph(name=circuit.name, notes=list(circuit.notes))
    for edge in circuit:
        score = {} if edge.score is None else {"score": edge.score}
        graph.add_edge(edge.sender, edge.receiver, edge.port or "in", port=edge.port, **score)
    return graph


def _ports(receiver: str, data: Mapping[str, Any], layout: Layout, made: Builder) -> tuple[str, tuple[str, ...]]:
    """The component that reads, and through which ports."""
    owner = _without_port(receiver, layout)
    if owner is not None:
        return owner, (receiver.rpartition(".")[2],)
    said = data.get("ports", data.get("port"))
    if said:
        return receiver, (said,) if isinstance(said, str) else tuple(map(str, said))
    known = layout.owner_ports(receiver) if receiver == ROOT or receiver in layout.by_id else ("in",)
    if len(known) > 1:
        made.note(f"an edge to a head without a port is taken as one to each of {listed(known)}.")
        return receiver, known
    return receiver, ("",)


def _without_port(name: str, layout: Layout) -> str | None:
    """``a1.h3`` for ``a1.h3.k``; None if this is no name of a port."""
    owner, _, port = name.rpartition(".")
    return owner if owner in layout.by_id and port in layout.owner_ports(owner) else None


def _of_json(body: Mapping[str, Any]) -> Any:
    import networkx as nx

    if not body.get("directed", True):
        raise CircuitError("this graph has no directions; edges from sender to receiver are expected.")
    graph = nx.MultiDiGraph(**(body.get("graph") or {}))
    for edge in body.get("edges", body.get("links")) or ():
        if not isinstance(edge, Mapping) or "source" not in edge or "target" not in edge:
            raise CircuitError(f"an edge of a graph's JSON has a 'source' and a 'target'; this is {edge!r}.")
        data = {key: value for key, value in edge.items() if key not in ("source", "target", "key")}
        graph.add_edge(str(edge["source"]), str(edge["target"]), **data)
    return graph
