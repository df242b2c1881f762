"""Circuits as sets of edges: what other tools find and write, and what a hypothesis can be made of."""

from .circuit import Circuit, Edge
from .formats import load

__all__ = ["Circuit", "Edge", "load"]
