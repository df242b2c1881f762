"""Programs compiled by tracr into transformers: the models, their inputs, and which edges they really use.

``scripts/tracr_export.py`` made the files; nothing here needs tracr.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

import scrub_widgets as sw
from scrub_widgets.classes import Batch
from scrub_widgets.losses import Loss
from scrub_widgets.tasks.weights import build

HERE = Path(__file__).parent.parent / "data" / "tracr"
PROGRAMS = ("reverse", "frac_prevs", "hist", "sort")
LENGTH = 5
"""Tokens of the longest input, without the BOS before it."""


@dataclass(frozen=True, eq=False)
class Program:
    """A compiled program.

    Attributes
    ----------
    name : str
        One of :data:`PROGRAMS`.
    card : dict
        What the export says of it: config, labels of the residual stream, vocabulary, output values.
    bridge : TransformerBridge
        The model.
    tokens : Tensor
        All inputs of lengths 1 to 5 behind a BOS, ``[n, 6]``; PAD after the end.
    expected : Tensor
        What the program says of them, ``[n, 6]``: a number, or the index of an output value; NaN at the BOS and after the end.
    """

    name: str
    card: dict[str, Any]
    bridge: Any
    tokens: Tensor
    expected: Tensor

    @property
    def categorical(self) -> bool:
        """Whether the output is one of several values, else a number."""
        return self.card["outputs"] is not None

    def of_length(self, length: int) -> Tensor:
        """Which inputs have so many tokens behind the BOS, ``[n]``."""
        return self.expected.isfinite().sum(1) == length

    def task(self, tokens: Tensor | None = None) -> sw.Task:
        """The program's model as a task, judged by the squared distance from its own output.

        Parameters
        ----------
        tokens : Tensor, optional
            ``[n, pos]``; default: all inputs of the full length.
        """
        if tokens is None:
            tokens = self.tokens[self.of_length(LENGTH)]
        return sw.Task(
            self.bridge, tokens, loss=squared_distance(), vocab=self.card["vocabulary"], name=f"tracr {self.name}"
        )


@cache
def load(name: str) -> Program:
    """Read a program's files and boot its model."""
    card = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    arrays = load_file(HERE / f"{name}.safetensors")
    tokens, expected = arrays.pop("tokens").long(), arrays.pop("expected")
    bridge = build(card["config"])
    state = {key: arrays.pop(key) if key in arrays else torch.zeros_like(value) for key, value in bridge.state_dict().items()}
    assert not arrays, f"weights without a place: {sorted(arrays)}"
    bridge.load_state_dict(state)
    return Program(name, card, bridge.eval(), tokens, expected)


def squared_distance() -> Loss:
    """Mean squared distance from the model's own outputs at all positions but the first, as in ACDC's experiments."""

    def terms(logits: Tensor, _: Batch, clean: Tensor) -> Tensor:
        return ((logits - clean) ** 2).mean(-1) / logits.shape[1]

    def function(logits: Tensor, batch: Batch, clean: Tensor) -> Tensor:
        return terms(logits, batch, clean).sum(-1)

    def distance(logits: Tensor, clean: Tensor) -> Tensor:
        return ((logits - clean) ** 2).mean((-1, -2))

    return Loss(
        "squared distance to the model",
        lambda length: list(range(1, length)),
        function,
        unit="",
        distance=distance,
        terms=terms,
    )
