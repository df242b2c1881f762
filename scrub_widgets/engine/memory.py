"""Bytes before a run: what does not fit is refused with a sentence before any long work."""

from __future__ import annotations

import psutil
import torch

from ..errors import TaskError


def free_bytes(device: torch.device) -> int:
    """Memory that a device can still give."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    return int(psutil.virtual_memory().available)


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
