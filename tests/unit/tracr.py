"""Programs compiled by tracr into transformers: the models, their inputs, and which edges they really use.

``scripts/tracr_export.py`` made the files; nothing here needs tracr.
"""

from __future__ import annotations

import itertools
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

    def of_all_lengths(self) -> sw.Task:
        """The program on every input that there is, masked after its end, as a task.

        Behind the mask stands a word of the vocabulary: no part of these models was compiled for PAD, and what a donor has
        behind its own end can be read where the reference goes on.
        """
        mask = torch.arange(LENGTH + 1) <= self.expected.isfinite().sum(1, keepdim=True)
        word = min(set(range(len(self.card["vocabulary"]))) - {self.card["bos"], self.card["pad"]})
        return self._task(self.tokens.where(mask, word), attention_mask=mask.long())

    def of_one_length(self, length: int) -> sw.Task:
        """The program on all inputs of one length."""
        return self._task(self.tokens[self.of_length(length)][:, : length + 1])

    def as_published(self) -> sw.Task:
        """The program on inputs like those of ACDC's experiments with reverse and proportion.

        There, reverse sees the six orders of 1, 2, 3. Proportion sees fifty sequences of four tokens without a BOS before
        them, and takes 0 to 3 for the ids of w to z, which they are not: those are BOS, PAD, w and x.
        """
        if self.name == "reverse":
            orders = torch.tensor(list(itertools.permutations(range(3))))
            return self._task(torch.cat((torch.full((6, 1), self.card["bos"]), orders), 1))
        assert self.name == "frac_prevs"
        drawn = torch.randperm(4**4, generator=torch.Generator().manual_seed(0))[:50]
        return self._task(torch.tensor(list(itertools.product(range(4), repeat=4)))[drawn])

    def _task(self, tokens: Tensor, **options: Any) -> sw.Task:
        words, name = self.card["vocabulary"], f"tracr {self.name}"
        return sw.Task(self.bridge, tokens, loss=squared_distance(), vocab=words, name=name, **options)


@cache
def load(name: str) -> Program:
    """Read a program's files and boot its model."""
    card = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    arrays = load_file(HERE / f"{name}.safetensors")
    tokens, expected = arrays.pop("tokens").long(), arrays.pop("expected")
    bridge = build(card["config"])
    state = {
        key: arrays.pop(key) if key in arrays else torch.zeros_like(value) for key, value in bridge.state_dict().items()
    }
    assert not arrays, f"weights without a place: {sorted(arrays)}"
    bridge.load_state_dict(state)
    return Program(name, card, bridge.eval(), tokens, expected)


def squared_distance() -> Loss:
    """Mean squared distance from the model's own outputs at all tokens but the first, as in ACDC's experiments."""

    def terms(logits: Tensor, batch: Batch, clean: Tensor) -> Tensor:
        far = ((logits - clean) ** 2).mean(-1)
        if batch.mask is None:
            return far / far.shape[1]
        tokens = torch.as_tensor(batch.mask, device=far.device)[:, 1:].to(far.dtype)
        return far * tokens / tokens.sum(-1, keepdim=True)

    def function(logits: Tensor, batch: Batch, clean: Tensor) -> Tensor:
        return terms(logits, batch, clean).sum(-1)

    return Loss("squared distance to the model", lambda length: list(range(1, length)), function, unit="", terms=terms)
