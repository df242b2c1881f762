"""A port as discovery sees it: kept whole, free, or with claims on some of its senders. Edits of hypotheses only, no data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from ..graph.base import Layout
from ..hypothesis import ROOT, WHOLE, Claim, Hypothesis
from .questions import ANY, SAME, Place, place


@dataclass(frozen=True)
class Port:
    """One port, given all else of a hypothesis.

    Attributes
    ----------
    place : Place
        The port and its senders.
    rest : Hypothesis
        The hypothesis without what is claimed at this port. Where its reader was a leaf, the reader's other ports are kept whole.
    """

    place: Place
    rest: Hypothesis

    @classmethod
    def of(cls, layout: Layout, h: Hypothesis, path: str) -> Port:
        """The port with this path; it must exist."""
        where = place(layout, h, path)
        if where.parent != ROOT and not h.children(where.parent):
            for other in where.others:
                h, _ = h.claim(WHOLE, other, SAME)
        for claim in at(h, where):
            h = h.remove(claim.id)
        return cls(where, h)

    @property
    def path(self) -> str:
        """The port, as a path."""
        return self.place.path

    @cached_property
    def whole(self) -> Hypothesis:
        """The port kept: its whole input as one claim."""
        return self.rest.claim(WHOLE, self.path, SAME)[0]

    @cached_property
    def free(self) -> Hypothesis:
        """Nothing claimed here. A reader without claims would be a leaf and keep everything, so the last port says "any input"."""
        if self.place.parent != ROOT and not self.rest.children(self.place.parent):
            return self.rest.claim(WHOLE, self.path, ANY)[0]
        return self.rest

    def kept(self, names: Sequence[str]) -> Hypothesis:
        """Some senders kept, each as a claim of its own; all else of the port free."""
        h = self.rest if names else self.free
        for name in names:
            h, _ = h.claim(name, self.path, SAME)
        return h

    def with_group(self, names: Sequence[str], others: Sequence[str]) -> Hypothesis:
        """Some senders kept, and others as one claim besides."""
        return (self.kept(names) if names else self.rest).claim(others, self.path, SAME)[0]

    def ids(self, names: Sequence[str]) -> tuple[str, ...]:
        """Ids of claims on single senders of this port."""
        return tuple(f"{self.path}>{name}" for name in names)


def at(h: Hypothesis, where: Place) -> tuple[Claim, ...]:
    """The claims at a port."""
    return tuple(c for c in h.children(where.parent) if c.under == where.path)


def without(h: Hypothesis, claim_id: str) -> Hypothesis:
    """Without a claim and what stands under it; the last one under its reader stays as "any input"."""
    claim = h[claim_id]
    h = h.remove(claim_id)
    if claim.parent != ROOT and not h.children(claim.parent):
        h, _ = h.claim(WHOLE, claim.under, ANY)
    return h


def tidied(layout: Layout, h: Hypothesis, start: Hypothesis | None = None) -> Hypothesis:
    """The same without saying twice that something is kept: a claim whose ports are all kept whole is a leaf, of equal value.

    What ``start`` says stays as it is.
    """
    for claim in h:
        if claim.whole:
            continue
        below = h.children(claim.id)
        kept = [c for c in below if c.whole and c.rule == SAME and c.positions is None and c.share is None]
        if start is not None and any(c.id in start for c in kept):
            continue
        if below and len(kept) == len(below) == len(layout.owner_ports(claim.components[0])):
            for c in kept:
                h = h.remove(c.id)
    return h
