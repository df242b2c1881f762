"""What the benchmark knows of a model and of a hypothesis about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

import scrub_widgets as sw
from scrub_widgets.rules import SAME


@dataclass(frozen=True)
class Case:
    """A hypothesis about a model that is known.

    Attributes
    ----------
    says : str
        What it claims, in words.
    hypothesis : Hypothesis
        The same as claims.
    wrong : str
        What the model really does instead, in one sentence; "" for a right hypothesis.
    empty : str
        Why no number can tell this hypothesis from a wrong one, although nothing in it is false; "" where it can.
    """

    says: str
    hypothesis: sw.Hypothesis
    wrong: str = ""
    empty: str = ""

    @property
    def kind(self) -> Literal["right", "wrong", "empty"]:
        """Right: true of the model, and it says something; wrong: false of it; empty: true, and of other models too."""
        return "wrong" if self.wrong else "empty" if self.empty else "right"


@dataclass(frozen=True)
class Truth:
    """A model that is known.

    Attributes
    ----------
    name : str
        For the table.
    does : str
        What the model computes, and how.
    task : Task
        It, its inputs and its loss.
    cases : sequence of Case
        Right ones and wrong ones.
    """

    name: str
    does: str
    task: sw.Task
    cases: Sequence[Case]


def tree(*claims: str) -> sw.Hypothesis:
    """A hypothesis from its claims, each as its id without "logits>", with ": rule" and " / share name" where it has such.

    >>> h = tree("out", "out>A+B: parity / S", "out>A+B>x0")
    """
    h = sw.Hypothesis()
    for claim in claims:
        path, _, said = claim.partition(": ")
        rule, _, share = said.partition(" / ")
        *above, components = path.rsplit(">", 1)
        h, _ = h.claim(
            components.split("+"), under=">".join(["logits", *above]), rule=rule or SAME, share=share or None
        )
    return h


def grid(*sizes: int) -> dict[str, npt.NDArray[np.int64]]:
    """Every combination of ``x0 < sizes[0]``, ``x1 < sizes[1]``, ... once."""
    axes = np.meshgrid(*[np.arange(size) for size in sizes], indexing="ij")
    return {f"x{i}": axis.ravel() for i, axis in enumerate(axes)}
