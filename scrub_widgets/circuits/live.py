"""Which edges of a circuit carry anything from the input to the output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from ..hypothesis import ROOT

if TYPE_CHECKING:
    from ..graph.base import Layout
    from .circuit import Circuit, Edge


def dead(circuit: Circuit, layout: Layout) -> Mapping[Edge, str]:
    """The edges on no path from an input to the output, each with its reason in words.

    A component that reads nothing along the circuit has, in the circuit, its value on other inputs: its edges are as good as cut.
    (EAP-IG's ``Graph.prune`` leaves out the same ones.)

    Parameters
    ----------
    circuit : Circuit
        A checked one.
    layout : Layout
        Says which components read nothing at all: those are the inputs.
    """
    fed = {name for name in layout.names if not layout.owner_ports(name)}
    for name in layout.names:  # in forward order
        if any(sender in fed for port in layout.owner_ports(name) for sender in circuit.senders(name, port)):
            fed.add(name)
    heard = {ROOT}
    for name in reversed(layout.names):
        if any(receiver in heard for receiver, _ in circuit.receivers(name)):
            heard.add(name)
    found = {}
    for edge in circuit:
        if edge.sender not in fed:
            found[edge] = f"'{edge.sender}' reads nothing along the circuit"
        elif edge.receiver not in heard:
            found[edge] = f"nothing along the circuit leads from '{edge.receiver}' to the output"
    return found


def live(circuit: Circuit, layout: Layout) -> Circuit:
    """The circuit without its dead edges; a note says how many and why."""
    lost = dead(circuit, layout)
    if not lost:
        return circuit
    reasons = "; ".join(dict.fromkeys(lost.values()))
    note = f"{len(lost)} edges carry nothing from the input to the output and were left out: {reasons}."
    return replace(circuit.without(*lost), notes=(*circuit.notes, note))
