"""Bytes before a run: what does not fit is refused with a sentence before any long work."""

from __future__ import annotations

import psutil
import torch

from ..errors import TaskError
from ..graph.transformer import Transformer

MAX_BATCH = 256
LOGITS_OF_A_BATCH = 256 * 2**20
STREAMS_OF_A_ROW = 6
"""Residual streams that one row of a chunk holds at once: the port's input, its norm, q, k, v and what is added."""


def free_bytes(device: torch.device) -> int:
    """Memory that a device can still give."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


def clean_bytes(model: Transformer, inputs: int, positions: int) -> int:
    """Bytes of the clean values of a data set."""
    layers = len(model.blocks)
    mlps = sum(block.mlp is not None for block in model.blocks)
    streams = 1 + (layers + 1) + mlps * (1 if model.layout.parallel else 2)
    heads = sum(block.attention.w_q.shape[0] * block.attention.w_q.shape[2] for block in model.blocks)
    return inputs * positions * (streams * model.d_model + heads) * model.dtype.itemsize


def batch_size(model: Transformer, positions: int) -> int:
    """Inputs in one forward pass of the clean run: the logits of all positions must stay small."""
    vocab = max(int(model.bridge.cfg.d_vocab), int(getattr(model.bridge.cfg, "d_vocab_out", 0) or 0))
    return max(1, min(MAX_BATCH, LOGITS_OF_A_BATCH // (positions * vocab * model.dtype.itemsize)))


def row_bytes(model: Transformer, positions: int) -> int:
    """Bytes that one row of a chunk needs while it is computed."""
    return STREAMS_OF_A_ROW * positions * model.d_model * model.dtype.itemsize


def check_fits(what: str, needed: int, device: torch.device, advice: str) -> None:
    """Refuse what does not fit.

    Raises
    ------
    TaskError
        More is needed than the device can give.
    """
    free = free_bytes(device)
    if needed > free:
        raise TaskError(f"{what} need {_words(needed)}, and {_words(free)} are free on {device}; {advice}.")


def _words(size: int) -> str:
    for unit, name in ((2**30, "GB"), (2**20, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} bytes"
