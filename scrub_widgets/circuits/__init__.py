"""Circuits as sets of edges: what other tools find and write, and what a hypothesis can be made of."""

from .circuit import Circuit, Edge

__all__ = ["Circuit", "Edge"]
