"""What the heads of layer 0 should write if they only took the mean of what they see: phi(p) = v (2p - 1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import torch

from ...graph.parts import Site
from ...rewrites import Rewrite, function
from .data import CLOSE, LONGEST, OPEN
from .hypotheses import PROPORTION

if TYPE_CHECKING:
    from jaxtyping import Float
    from torch import Tensor


@torch.no_grad()
def mean_direction(model: Any, head: int) -> Float[Tensor, " d_model"]:
    """Half of what an open adds to a head of layer 0, less what a close adds, mean over the places of a string.

    As in the original study: a parenthesis with its position, through the norm and the head's value and output weights.
    """
    block = model.blocks[0]
    place = model.pos_embed.W_pos[1 : LONGEST + 1]
    opens, closes = (block.ln1(model.embed.W_E[token] + place) for token in (OPEN, CLOSE))
    direction: Tensor = (opens - closes).mean(0) @ block.attn.W_V[head] @ block.attn.W_O[head] / 2
    return direction


def phi(direction: Float[Tensor, " d_model"]) -> Callable[[Site], Float[Tensor, "n pos d_model"]]:
    """``v (2p - 1)`` at every position: v where all are open, -v where all are closed, 0 in between."""

    def value(site: Site) -> Tensor:
        opens, closes = ((site.tokens == token).sum(1) for token in (OPEN, CLOSE))
        balance = (opens - closes) / (opens + closes).clamp_min(1)
        n, positions = site.tokens.shape
        return (balance[:, None] * direction)[:, None].expand(n, positions, -1)

    return value


def rewrites(model: Any) -> tuple[Rewrite, ...]:
    """Each head of layer 0 as phi and what phi misses."""
    heads = (int(name.rpartition("h")[2]) for name in PROPORTION)
    return tuple(
        function(name, phi(mean_direction(model, head)), name="phi")
        for name, head in zip(PROPORTION, heads, strict=True)
    )
