"""Circuits of EAP-IG, which are those of the MIB circuit track: JSON with ``cfg``, ``nodes`` and ``edges``.

Facts: ``Graph.to_json``, ``to_pt``, ``from_json``, ``prune`` in ``src/eap/graph.py`` of github.com/hannamw/EAP-IG (795f560);
``circuits/ioi-eap-ig.json`` and ``MIB_circuit_track/circuit_loading.py`` of github.com/hannamw/MIB-circuit-track (b759df3).

- Nodes are ``input`` (the sum of all embeddings), ``a0.h1``, ``m0``, ``logits``; an edge is ``a0.h1->a1.h3<q>`` or ``a0.h1->m0``.
- ``{"score", "in_graph"}`` of each edge of the model; which edges are in the circuit, the edges alone say.
- The ``.pt`` form has the same as tensors ``[sender, receiver]``: read with ``torch.load(weights_only=True)``.
- Single neurons of a node cannot be said here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import CircuitError, listed
from ...graph.base import Layout
from ...hypothesis import ROOT
from ..circuit import Circuit
from .builder import Builder, Merger, Shape
from .written import Written

NAME = "eap"
INPUT = "input"
_EDGE = re.compile(r"(?P<sender>[^<>]+)->(?P<receiver>[^<>]+?)(?:<(?P<port>[qkv])>)?")
_NODE = re.compile(r"input|logits|m\d+|a\d+\.h\d+")


def matches(source: object) -> bool:
    """Whether this looks like such a circuit."""
    return isinstance(source, Mapping) and (
        ("edges" in source and isinstance(source["edges"], Mapping)) or "edges_in_graph" in source
    )


def read(source: Mapping[str, Any], layout: Layout, every: bool = False) -> Circuit:
    """Read the decoded JSON, or the dictionary of the ``.pt`` form.

    Parameters
    ----------
    source : mapping
        With ``edges``, or ``edges_in_graph``.
    layout : Layout
        The model.
    every : bool
        Whether to take the edges that are not in the circuit too, for their scores.
    """
    shape = Shape.of(layout, "EAP-IG")
    cfg = source.get("cfg") or {}
    shape.check(cfg.get("n_layers"), cfg.get("n_heads"))
    rows = list(_of_tensors(source) if "edges_in_graph" in source else _of_names(source["edges"]))
    made = Builder(layout, str(source.get("name") or ""))
    for note in source.get("notes") or ():
        made.note(str(note))
    if rows and not every and not any(kept for *_, kept in rows):
        if all(score is None for _, score, _ in rows):
            raise CircuitError("this circuit is empty: no edge is marked 'in_graph', and none has a score.")
        made.note(
            f"no edge is marked as in the circuit: all {len(rows)} are here with their scores; .top(n) takes the best."
        )
        every = True
    merged = False
    for name, score, kept in rows:
        if kept or every:
            sender, receiver, port = _parsed(name)
            merged = merged or sender == INPUT
            made.add(shape.inputs if sender == INPUT else sender, receiver, port, score)
    if merged and len(shape.inputs) > 1:
        made.note(f"'{INPUT}' is the sum of {listed(shape.inputs)}: here each has an edge with its score.")
    if any("neurons" in node for node in (source.get("nodes") or {}).values() if isinstance(node, Mapping)):
        made.note("single neurons of the nodes are not read: whole components are kept.")
    return made.circuit()


def write(circuit: Circuit, layout: Layout) -> Written:
    """Every edge of the model, marked whether it is in the circuit."""
    shape = Shape.of(layout, "EAP-IG")
    circuit.check(layout)
    merger = Merger(shape)
    kept = merger.merged(circuit)
    if any(score is None for score in kept.values()):
        merger.notes.append("edges without a score have the score 0 there.")
    edges, nodes = {}, {INPUT: False, **{n: False for n in layout.names if n not in shape.inputs}, ROOT: True}
    for key in merger.merged(Circuit.full(layout)):
        sender, receiver, port = key
        for name in (sender, receiver):
            nodes[name] = nodes[name] or key in kept
        edges[f"{sender}->{receiver}<{port}>" if port else f"{sender}->{receiver}"] = {
            "score": kept.get(key) or 0.0,
            "in_graph": key in kept,
        }
    _refuse_parts(nodes)
    cfg = {"n_layers": shape.layers, "n_heads": shape.heads, "parallel_attn_mlp": shape.parallel}
    if not shape.mlps:
        merger.notes.append(
            "the model has no MLPs: EAP-IG counts one in each layer, so it reads this file with a model of its own only."
        )
    body = {"cfg": cfg, "nodes": {n: {"in_graph": is_in} for n, is_in in nodes.items()}, "edges": edges}
    return Written(NAME, body, tuple(merger.notes))


def _of_names(edges: Mapping[str, Any]) -> Iterator[tuple[str, object, bool]]:
    """Name, score and whether it is in the circuit."""
    for name, value in edges.items():
        if isinstance(value, Mapping):
            yield name, value.get("score"), bool(value.get("in_graph", False))
        else:  # an older form: only whether it is in the circuit
            yield name, None, bool(value)


def _of_tensors(source: Mapping[str, Any]) -> Iterator[tuple[str, object, bool]]:
    missing = [key for key in ("src_nodes", "dst_nodes", "edges_scores") if key not in source]
    if missing:
        raise CircuitError(f"this circuit of EAP-IG lacks {listed(missing)}; it has {listed(map(str, source))}.")
    senders, receivers = list(source["src_nodes"]), list(source["dst_nodes"])
    kept, scores = source["edges_in_graph"], source["edges_scores"]
    if tuple(kept.shape) != (len(senders), len(receivers)) or tuple(scores.shape) != tuple(kept.shape):
        raise CircuitError(
            f"'edges_in_graph' of {list(kept.shape)} and 'edges_scores' of {list(scores.shape)} are expected to be "
            f"[{len(senders)}, {len(receivers)}], senders by receivers."
        )
    marks, numbers = kept.tolist(), scores.tolist()
    for i, sender in enumerate(senders):
        for j, receiver in enumerate(receivers):
            if marks[i][j] or numbers[i][j]:  # the rest of the table is mostly no edge at all
                yield f"{sender}->{receiver}", numbers[i][j], bool(marks[i][j])


def _parsed(name: object) -> tuple[str, str, str]:
    form = _EDGE.fullmatch(name) if isinstance(name, str) else None
    if form is None:
        raise CircuitError(f"'{name}' is no edge of EAP-IG: 'a0.h1->a1.h3<q>' or 'm0->logits' are expected.")
    for node in (form["sender"], form["receiver"]):
        if not _NODE.fullmatch(node):
            raise CircuitError(f"'{node}' in '{name}' is no node of EAP-IG: 'input', 'a0.h1', 'm0', 'logits' are.")
    return form["sender"], form["receiver"], form["port"] or ""


def _refuse_parts(nodes: Mapping[str, object]) -> None:
    odd = [name for name in nodes if not _NODE.fullmatch(name)]
    if odd:
        raise CircuitError(f"EAP-IG has no name for {listed(odd)}; take 'networkx' or 'scrub-widgets'.")
