"""What can be scrubbed: components that write to a stream, ports that read it, and edges between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from ..errors import HypothesisError, listed, suggestion
from ..hypothesis import ROOT, WHOLE, Hypothesis

Kind = Literal["embed", "pos_embed", "head", "mlp", "input", "function"]


@dataclass(frozen=True)
class Component:
    """A node that writes to the residual stream.

    Attributes
    ----------
    id : str
        ``embed``, ``pos_embed``, ``a1.h3``, ``m0``.
    kind : {"embed", "pos_embed", "head", "mlp"}
        What it is.
    layer : int
        -1 for the embeddings.
    slot : int
        Place within the layer: the head's number.
    ports : tuple of str
        Names of the ports it reads through: ``("q", "k", "v")``, ``("in",)``, or none.
    """

    id: str
    kind: Kind
    layer: int
    slot: int
    ports: tuple[str, ...]
    part_of: str | None = None
    part: str | None = None


@dataclass(frozen=True)
class Layout:
    """Components in the order of the forward pass, and which of them each port reads.

    Attributes
    ----------
    components : tuple of Component
        In forward order.
    parallel : bool
        Whether an MLP reads the same stream as the heads of its layer (Pythia) instead of their output as well.
    """

    components: tuple[Component, ...]
    parallel: bool = False

    @cached_property
    def by_id(self) -> dict[str, Component]:
        """Components by id."""
        return {c.id: c for c in self.components}

    @cached_property
    def names(self) -> tuple[str, ...]:
        """All ids, in forward order."""
        return tuple(self.by_id)

    def owner_ports(self, owner: str) -> tuple[str, ...]:
        """Names of the ports of a component or of the output."""
        return ("in",) if owner == ROOT else self.by_id[owner].ports

    def senders(self, owner: str) -> tuple[str, ...]:
        """Components upstream of a component (each of its ports reads the same stream) or of the output."""
        return self._senders[owner]

    @cached_property
    def _senders(self) -> dict[str, tuple[str, ...]]:
        table = {ROOT: self.names}
        for reader in self.components:
            table[reader.id] = tuple(c.id for c in self.components if self._before(c, reader))
        return table

    def _before(self, writer: Component, reader: Component) -> bool:
        if not reader.ports:
            return False
        if writer.layer == reader.layer:
            return not self.parallel and writer.kind == "head" and reader.kind == "mlp"
        return writer.layer < reader.layer

    # -- checks of a hypothesis -----------------------------------------------------------------------------------

    def check(self, hypothesis: Hypothesis) -> None:
        """Refuse a hypothesis that this graph cannot hold, with a sentence that says what exists.

        Raises
        ------
        HypothesisError
            Unknown component or port, a sender that is not upstream, or claims under something without inputs.
        """
        for claim in hypothesis:
            owners = (ROOT,) if claim.parent == ROOT else hypothesis[claim.parent].components
            self._check_port(owners, claim.port, claim.id)
            for name in claim.components:
                if name != WHOLE:
                    self._check_sender(name, owners, claim.under, claim.id)

    def _check_port(self, owners: Sequence[str], port: str, where: str) -> None:
        together = " + ".join(owners)
        kinds = {self.owner_ports(owner) for owner in owners}
        if len(kinds) > 1:
            raise HypothesisError(
                f"{together} have different ports, so nothing can be claimed under them together; claim them apart.",
                where=where,
            )
        (ports,) = kinds
        if not ports:
            raise HypothesisError(
                f"{together} reads nothing from the stream: no claim can stand under it.", where=where
            )
        if port in ports or (not port and len(ports) == 1):
            return
        if not port:
            raise HypothesisError(
                f"{together} reads through the ports {listed(ports)}: say which, for example "
                f"'{where.rpartition('>')[0]}.{ports[0]}'.",
                where=where,
            )
        raise HypothesisError(f"{together} has no port '{port}'; it has {listed(ports)}.", where=where)

    def _check_sender(self, name: str, owners: Sequence[str], under: str, where: str) -> None:
        if name not in self.by_id:
            raise HypothesisError(
                f"no component '{name}'; {self._nearby(name)}.{suggestion(name, self.names)}", where=where
            )
        for owner in owners:
            if name not in self.senders(owner):
                raise HypothesisError(
                    f"'{name}' is not upstream of '{under}': its output comes too late to be read there; "
                    f"that port reads {listed(self.senders(owner))}.",
                    where=where,
                )

    def _nearby(self, name: str) -> str:
        """What exists around an unknown name: the heads of that layer, or which layers there are."""
        heads = [c for c in self.components if c.kind == "head"]
        layer = name[1:].split(".", 1)[0]
        same = [c.id for c in heads if str(c.layer) == layer]
        if name[:1] == "a" and same:
            return f"layer {layer} has heads {same[0]} to {same[-1]}"
        return f"the model has {listed(self.names)}"
