"""One example of a result: what every node of the hypothesis saw, what came out, and what another draw would change."""

from .attention import Attention
from .output import Guess, Output
from .rows import REFERENCE, Seen, Source
from .sample import Sample

__all__ = ["REFERENCE", "Attention", "Guess", "Output", "Sample", "Seen", "Source"]
