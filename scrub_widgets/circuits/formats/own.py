"""Circuits as JSON of our own, which says all that a circuit has: names, ports, scores, notes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...errors import CircuitError
from ...graph.base import Layout
from ..circuit import Circuit, Edge

NAME = "scrub-widgets"
KIND = "scrub-widgets circuit"
SCHEMA = 1


def matches(source: object) -> bool:
    """Whether this is such JSON, decoded, or a circuit."""
    return isinstance(source, Circuit) or (isinstance(source, Mapping) and source.get("kind") == KIND)


def read(source: Circuit | Mapping[str, Any], layout: Layout, every: bool = False) -> Circuit:
    """Read what :func:`write` wrote, and check it against the model."""
    del every
    made = source if isinstance(source, Circuit) else from_builtins(source)
    if not made:
        raise CircuitError("this circuit is empty: no edge is in it.")
    made.check(layout)
    return made


def from_builtins(body: Mapping[str, Any]) -> Circuit:
    """A circuit from decoded JSON; the model is not asked."""
    if body.get("kind") != KIND:
        raise CircuitError(f"expected a JSON object of kind '{KIND}'; this is something else.")
    if body.get("schema") != SCHEMA:
        raise CircuitError(f"this circuit has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
    edges = body.get("edges")
    if not isinstance(edges, list) or not all(isinstance(edge, list) and len(edge) == 4 for edge in edges):
        raise CircuitError("the edges of this circuit are not well formed: [sender, receiver, port, score] each.")
    return Circuit(
        tuple(Edge(*edge) for edge in edges), str(body.get("name") or ""), tuple(map(str, body.get("notes") or ()))
    )


def write(circuit: Circuit) -> str:
    """JSON text (schema-versioned)."""
    body = {
        "kind": KIND,
        "schema": SCHEMA,
        "name": circuit.name,
        "notes": list(circuit.notes),
        "edges": [[e.sender, e.receiver, e.port, e.score] for e in circuit],
    }
    return json.dumps(body, indent=1, ensure_ascii=False, allow_nan=False)
