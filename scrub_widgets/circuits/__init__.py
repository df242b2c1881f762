"""Circuits as sets of edges: what other tools find and write, and what a hypothesis can be made of."""

from .acdc import Pruning, acdc, acdc_steps, edge_scores
from .circuit import Circuit, Edge
from .edges import edges_of
from .formats import load
from .runs import Kept, measure

__all__ = ["Circuit", "Edge", "Kept", "Pruning", "acdc", "acdc_steps", "edge_scores", "edges_of", "load", "measure"]
