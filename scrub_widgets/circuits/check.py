"""Whether a model can hold a circuit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CircuitError, listed, suggestion
from ..hypothesis import ROOT

if TYPE_CHECKING:
    from ..graph.base import Layout
    from .circuit import Circuit, Edge


def check(circuit: Circuit, layout: Layout) -> None:
    """See :meth:`Circuit.check`."""
    _names(circuit, layout)
    for edge in circuit:
        _port(edge, layout)
        reads = layout.senders(edge.receiver)
        if edge.sender in reads:
            continue
        if edge.sender == edge.receiver:
            raise CircuitError(f"the edge {edge} would make a component read itself.")
        raise CircuitError(
            f"there is no edge {edge}: '{edge.sender}' comes too late, or side by side; '{edge.into}' reads {listed(reads)}."
        )


def _names(circuit: Circuit, layout: Layout) -> None:
    known = {*layout.names, ROOT}
    unknown = [name for name in circuit.nodes if name not in known]
    if not unknown:
        return
    if len(unknown) > 1 and len(unknown) > len(circuit.nodes) / 4:
        raise CircuitError(
            f"{len(unknown)} of the {len(circuit.nodes)} nodes of this circuit are not in the model, such as "
            f"{listed(unknown, 3)}: it seems to be a circuit of another model; this one has {listed(layout.names)}."
        )
    parts = [c.id for c in layout.components if c.part_of == unknown[0]]
    if parts:
        raise CircuitError(f"'{unknown[0]}' was rewritten as {listed(parts)}: edges of those are expected.")
    raise CircuitError(
        f"no component '{unknown[0]}'; the model has {listed(layout.names)}.{suggestion(unknown[0], known)}"
    )


def _port(edge: Edge, layout: Layout) -> None:
    if edge.sender == ROOT:
        raise CircuitError(f"the edge {edge} leaves the output, which nothing reads.")
    ports = layout.owner_ports(edge.receiver)
    if not ports:
        raise CircuitError(f"there is no edge {edge}: '{edge.receiver}' reads nothing.")
    if edge.port in ports or (not edge.port and len(ports) == 1):
        return
    if not edge.port:
        raise CircuitError(f"the edge {edge} names no port: '{edge.receiver}' reads through {listed(ports)}.")
    raise CircuitError(f"there is no edge {edge}: '{edge.receiver}' has no port '{edge.port}'; it has {listed(ports)}.")
