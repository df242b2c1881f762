"""What makes two models or rewrites the same: a hash of numbers, names and code."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import torch
from torch import Tensor


def digest(*things: object) -> str:
    """Hash tensors by their bytes, functions by their code and constants, anything else by how it prints."""
    found = hashlib.blake2b(digest_size=8)
    for thing in things:
        found.update(_bytes(thing))
    return found.hexdigest()


def _bytes(thing: object) -> bytes:
    if isinstance(thing, Tensor):
        return f"{list(thing.shape)}".encode() + thing.detach().to("cpu", torch.float64).contiguous().numpy().tobytes()
    if callable(thing):
        return _code(thing)
    return repr(thing).encode()


def _code(function: Callable[..., object]) -> bytes:
    code = getattr(function, "__code__", None)
    plain = int | float | str | Tensor
    held = [cell.cell_contents for cell in getattr(function, "__closure__", None) or ()]
    constants = [thing for thing in (*getattr(code, "co_consts", ()), *held) if isinstance(thing, plain)]
    names = repr(getattr(code, "co_names", ())).encode()
    return b"".join([names, getattr(code, "co_code", b""), *(_bytes(constant) for constant in constants)])
