"""How much of what the output depends on a scrub really swaps."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import torch

from ...engine.draws import stream
from ...graph.cache import Spots
from ...hypothesis import ROOT, Claim
from ...inputs import claimed_positions
from .data import against

if TYPE_CHECKING:
    from ...classes import Ints
    from ...result import Result

FUNCTION_ROWS = 256
"""Pairs of inputs on which it is tried how much a function depends on each thing that it reads."""
ROWS = 8192
"""Positions that the variance of a component is taken over: it is a weight, so a few per cent of error do no harm."""


def strength(r: Result) -> float:
    """Share of what could have mattered that came from another input than the reference, 0 to 1.

    At every port that is recomputed, each component that it reads counts by how much it varies over the data, and by
    the share of draws that were not the reference; an interior claim counts by its own ports. A component that is always
    the same, or that is kept as it is, adds nothing. A swap that turned out to have no effect was a test, and counts.
    """

    def swapped(donors: Ints) -> float:
        return float((donors != against(r.references, donors)).mean())

    return _Depends(r, _variation, lambda claim: swapped(r.donors[claim.id]), swapped).receiver(ROOT)


def covered(r: Result, claims: Collection[Claim]) -> float:
    """Share of what the output depends on that comes from some leaves, 0 to 1: weighed by its effect on who reads it."""
    return _Depends(r, _effect, lambda claim: float(claim in claims), lambda _: 0.0).receiver(ROOT)


class _Depends:
    """A mean over all that the output depends on, of a number for each leaf and one for unclaimed donors."""

    def __init__(
        self,
        r: Result,
        weigh: Callable[[Result, str, str], float],
        leaf: Callable[[Claim], float],
        unclaimed: Callable[[Ints], float],
    ) -> None:
        self.r = r
        self.weigh = cache(partial(weigh, r))
        self.leaf, self.unclaimed = leaf, unclaimed
        self.layout = r.task.graph.layout
        self.held = claimed_positions(r.hypothesis, r.task.roles, r.task.columns, r.task.positions)

    def receiver(self, claim_id: str) -> float:
        """Mean over the ports of a claim that is recomputed, or of the output."""
        owner = ROOT if claim_id == ROOT else self.r.hypothesis[claim_id].components[0]
        ports = self.layout.owner_ports(owner)
        return float(np.mean([self._port(claim_id, owner, "" if len(ports) == 1 else port) for port in ports]))

    def _port(self, claim_id: str, owner: str, port: str) -> float:
        claims = [c for c in self.r.hypothesis.children(claim_id) if c.port == port]
        senders = self.layout.senders(owner)
        weights = np.array([self.weigh(sender, owner) for sender in senders])
        changed = np.array([self._sender(claim_id, sender, claims) for sender in senders])
        return float(weights @ changed / weights.sum()) if weights.sum() > 0 else float(changed.mean())

    def _sender(self, claim_id: str, sender: str, claims: list[Claim]) -> float:
        """The number of a sender in this port: of its claims, and where none holds of an unclaimed one."""
        total, part = 0.0, 0.0
        for claim in claims:
            if claim.whole or sender in claim.components:
                held = float(self.held[claim.id].mean()) if claim.id in self.held else 1.0
                part += held
                total += held * (self.receiver(claim.id) if self.r.hypothesis.children(claim.id) else self.leaf(claim))
        if part >= 1:
            return total
        key = f"{claim_id}/unclaimed"
        own = self.r.donors.get(key, self.r.donors.get(f"{key}/{sender}"))
        return total + (0.0 if own is None else (1 - part) * self.unclaimed(own))


def _is_function(r: Result, owner: str) -> bool:
    return owner != ROOT and r.task.graph.layout.by_id[owner].kind == "function"


def _variation(r: Result, sender: str, owner: str) -> float:
    """Variance over the inputs of what a component writes, for the output where the loss reads it.

    What is written to one residual stream is in one unit. Functions read each other in units of their own, which do not
    compare: what varies counts as one.
    """
    prepared = r.task.prepare()
    table = prepared.clean.table(sender)
    if owner == ROOT:
        table = table[:, prepared.reads]
    rows = max(16, ROWS // max(1, table.shape[1]))
    with torch.inference_mode():
        written = prepared.model.emit(sender, table[:rows])
        found = float(written.double().var(0, correction=0).sum())
    return float(found > 0) if _is_function(r, owner) else found


def _effect(r: Result, sender: str, owner: str) -> float:
    """Mean square change of a function's value when one thing that it reads comes from another input.

    For readers of a residual stream that would be a run for each component, and the variation has to do.
    """
    if not _is_function(r, owner):
        return _variation(r, sender, owner)
    prepared, graph = r.task.prepare(), r.task.graph
    inputs = stream(0, "strength").integers(len(r.task), size=(2, FUNCTION_ROWS))
    here, there = (torch.from_numpy(row) for row in inputs)
    spots = Spots.all(graph.positions, graph.device)
    with torch.inference_mode():
        table, read = prepared.clean.table(sender), prepared.clean.stream(owner)[here]
        other = read + graph.write(sender, table[there] - table[here], owner)
        own, moved = (graph.node(owner).compute(prepared.clean, {"": x}, spots, here) for x in (read, other))
        return float(((moved - own).double() ** 2).mean(0).sum())
