"""How much of what the output depends on a scrub really swaps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ...hypothesis import ROOT, Claim
from ...inputs import claimed_positions
from .data import against

if TYPE_CHECKING:
    from ...classes import Ints
    from ...result import Result

ROWS = 8192
"""Positions that the variance of a component is taken over: it is a weight, so a few per cent of error do no harm."""


def strength(r: Result) -> float:
    """Share of what the output depends on that came from another input than the reference, 0 to 1.

    At every port that is recomputed, each component that it reads counts by how much it varies over the data, and by
    the share of draws that were not the reference; an interior claim counts by its own ports. A component that is always
    the same, or that is kept as it is, adds nothing.
    """
    return _Strength(r).receiver(ROOT)


class _Strength:
    def __init__(self, r: Result) -> None:
        self.r = r
        self.layout = r.task.graph.layout
        self.donors = r.donors
        self.held = claimed_positions(r.hypothesis, r.task.roles, r.task.columns, r.task.positions)
        self.weights: dict[tuple[str, bool], float] = {}

    def receiver(self, claim_id: str) -> float:
        """Mean over the ports of a claim that is recomputed, or of the output."""
        owner = ROOT if claim_id == ROOT else self.r.hypothesis[claim_id].components[0]
        ports = self.layout.owner_ports(owner)
        return float(np.mean([self._port(claim_id, owner, "" if len(ports) == 1 else port) for port in ports]))

    def _port(self, claim_id: str, owner: str, port: str) -> float:
        claims = [c for c in self.r.hypothesis.children(claim_id) if c.port == port]
        senders = self.layout.senders(owner)
        weights = np.array([self._weight(sender, at_output=owner == ROOT) for sender in senders])
        changed = np.array([self._sender(claim_id, sender, claims) for sender in senders])
        return float(weights @ changed / weights.sum()) if weights.sum() > 0 else float(changed.mean())

    def _sender(self, claim_id: str, sender: str, claims: list[Claim]) -> float:
        """Share of a sender that was swapped in this port: by its claims, and where none holds as unclaimed."""
        swapped, covered = 0.0, 0.0
        for claim in claims:
            if claim.whole or sender in claim.components:
                part = float(self.held[claim.id].mean()) if claim.id in self.held else 1.0
                covered += part
                swapped += part * self._claim(claim)
        key = f"{claim_id}/unclaimed"
        own = self.donors.get(key, self.donors.get(f"{key}/{sender}"))
        rest = 0.0 if own is None else self._differs(own)
        return swapped + max(0.0, 1 - covered) * rest

    def _claim(self, claim: Claim) -> float:
        if self.r.hypothesis.children(claim.id):
            return self.receiver(claim.id)
        return self._differs(self.donors[claim.id])

    def _differs(self, donors: Ints) -> float:
        return float((donors != against(self.r.references, donors)).mean())

    def _weight(self, component: str, *, at_output: bool) -> float:
        """Variance over the inputs of what a component writes, at the output where the loss reads it."""
        key = component, at_output
        if key not in self.weights:
            self.weights[key] = _variance(self.r, component, at_output=at_output)
        return self.weights[key]


def _variance(r: Result, component: str, *, at_output: bool) -> float:
    prepared: Any = r.task.prepare()
    table = prepared.model.table(prepared.clean, component)
    if at_output:
        table = table[:, prepared.reads]
    rows = max(16, ROWS // max(1, table.shape[1]))
    with torch.inference_mode():
        written = prepared.model.write(component, table[:rows])
        return float(written.double().var(0, correction=0).sum())
