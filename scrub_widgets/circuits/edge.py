"""One edge of a circuit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from ..errors import CircuitError
from ..hypothesis import natural

Key = tuple[str, str, str]
"""Sender, receiver, port: which edge, whatever its score."""


@dataclass(frozen=True)
class Edge:
    """What one component writes, as one port of another reads it.

    Attributes
    ----------
    sender : str
        The component that writes.
    receiver : str
        The component that reads, or ``logits``.
    port : str
        ``q``, ``k``, ``v``; empty where the receiver has only one (``"in"`` is read as empty).
    score : float or None
        What somebody measured of it, in units of their own; finite.
    """

    sender: str
    receiver: str
    port: str = ""
    score: float | None = None

    def __post_init__(self) -> None:
        for what, name in (("sender", self.sender), ("receiver", self.receiver)):
            if not (name and isinstance(name, str)):
                raise CircuitError(f"the {what} of an edge is a component's name, not {name!r}.")
        if not isinstance(self.port, str):
            raise CircuitError(f"the port of an edge is 'q', 'k', 'v' or empty, not {self.port!r}.")
        if self.port == "in":
            object.__setattr__(self, "port", "")
        if self.score is not None:
            try:
                score = float(self.score)
            except (TypeError, ValueError):
                raise CircuitError(f"the score of {self} is a number or None, not {self.score!r}.") from None
            if not math.isfinite(score):
                raise CircuitError(f"the score of {self} is {score}; a finite number or None is expected.")
            object.__setattr__(self, "score", score)

    @property
    def key(self) -> Key:
        """Sender, receiver and port: which edge it is, whatever its score."""
        return self.sender, self.receiver, self.port

    @property
    def into(self) -> str:
        """The port as a name: ``a1.h3.k``, ``m0``, ``logits``."""
        return f"{self.receiver}.{self.port}" if self.port else self.receiver

    def __str__(self) -> str:
        return f"{self.sender} → {self.into}"


def order(edge: Edge) -> tuple[object, ...]:
    """Sort key: by receiver, port, sender, as people count."""
    if not isinstance(edge, Edge):
        raise CircuitError(f"a circuit is made of Edge(sender, receiver, port, score), not {edge!r}.")
    score = (0, 0.0) if edge.score is None else (1, edge.score)
    return _natural(edge.receiver), edge.port, _natural(edge.sender), score


@cache
def _natural(name: str) -> tuple[tuple[int, int, str], ...]:
    return natural(name)
