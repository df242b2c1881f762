"""What came out for one example: the loss, and the likeliest tokens or the output's value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from ..engine.prepared import Prepared
from ..graph.functions import FunctionGraph

if TYPE_CHECKING:
    from ..task import Task

TOP = 5


@dataclass(frozen=True)
class Guess:
    """A token that the model holds likely.

    Attributes
    ----------
    token : int
        Its id: the entry of the output.
    text : str
        As the task writes it.
    probability : float
    """

    token: int
    text: str
    probability: float


@dataclass(frozen=True)
class Output:
    """The output on one example.

    Attributes
    ----------
    loss : float
    top : tuple of Guess
        The likeliest tokens, likeliest first, at :attr:`position`; empty for a graph of functions.
    value : tuple of float
        The output's first numbers, for a graph of functions; else empty.
    position : int
        Where the output was read.
    """

    loss: float
    top: tuple[Guess, ...]
    value: tuple[float, ...]
    position: int


def read_position(task: Task, at: int) -> int:
    """The position whose output is shown: this one if the loss reads there, else the last that it reads."""
    reads = task.loss.reads(task.positions)
    return at if at in reads else reads[-1]


def output_of(
    task: Task, prepared: Prepared, number: int, logits: Tensor, at: int, loss: float | None = None
) -> Output:
    """Read logits ``[1, reads, vocab]`` of one input.

    Parameters
    ----------
    task : Task
    prepared : Prepared
    number : int
        The input whose labels count.
    logits : Tensor
    at : int
        The position that is looked at.
    loss : float, optional
        Its loss, where it is known; else computed.
    """
    index = np.array([number])
    if loss is None:
        clean = prepared.clean_logits(torch.from_numpy(index).to(logits.device))
        loss = float(prepared.loss_of(logits, task.batch(index, device=logits.device), clean).double().cpu()[0])
    position = read_position(task, at)
    row = logits[0, prepared.reads.index(position)].double().cpu()
    if isinstance(task.model, FunctionGraph):
        return Output(loss, (), tuple(row[:TOP].tolist()), position)
    chances, tokens = row.softmax(-1).topk(min(TOP, len(row)))
    words = len(row) == int(task.model.cfg.d_vocab)
    guesses = (
        Guess(token, task.word(token) if words else f"class {token}", chance)
        for token, chance in zip(tokens.tolist(), chances.tolist(), strict=True)
    )
    return Output(loss, tuple(guesses), (), position)
