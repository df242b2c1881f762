"""Writing a circuit to a file, in any of the forms."""

from __future__ import annotations

import json
from pathlib import Path

from ...errors import CircuitError, listed
from ...graph.base import Layout
from ..circuit import Circuit
from . import acdc, autocircuit, eap, graphs, own

FOREIGN = {module.NAME: module.write for module in (eap, acdc, autocircuit)}


def save(circuit: Circuit, path: Path, form: str, layout: Layout | None) -> tuple[str, ...]:
    """See :meth:`Circuit.save`."""
    if form == own.NAME:
        path.write_text(own.write(circuit), encoding="utf-8")
        return ()
    if form == graphs.NAME:
        import networkx as nx

        path.write_text(json.dumps(nx.node_link_data(graphs.write(circuit), edges="edges"), indent=1), encoding="utf-8")
        return ()
    if form not in FOREIGN:
        raise CircuitError(f"format= is one of {listed([own.NAME, *FOREIGN, graphs.NAME])}, not {form!r}.")
    if layout is None:
        raise CircuitError(f"the form '{form}' names what a model has: give on=task.")
    notes: tuple[str, ...] = FOREIGN[form](circuit, layout).save(path)
    return notes
