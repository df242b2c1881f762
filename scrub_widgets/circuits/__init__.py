"""Circuits as sets of edges: what other tools find and write, and what a hypothesis can be made of."""

from .circuit import Circuit, Edge
from .edges import edges_of
from .runs import Kept, measure

__all__ = ["Circuit", "Edge", "Kept", "edges_of", "measure"]
