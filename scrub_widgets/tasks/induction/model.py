"""The trained model: how it is built, loaded, and what its heads attend to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from .. import weights
from .data import seen_before

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor
    from transformer_lens import TransformerBridge


MODELS = {"seed 0": ".", "seed 1": "seed_1"}
"""The bundled models: one recipe, trained from two seeds. The tutorials explain the first; nobody explains the other."""
FIRST = "seed 0"


def read_card(model: str = FIRST) -> dict[str, Any]:
    """Read what is known about the bundled weights: config, training, measurements."""
    return weights.card(__package__ or "", MODELS[model])


def load_model(device: str | torch.device = "cpu", model: str = FIRST) -> TransformerBridge:
    """Load a bundled two-layer attention-only transformer: float32, ready for evaluation."""
    return weights.load(__package__ or "", device, MODELS[model])


@torch.no_grad()
def attention_scores(
    model: TransformerBridge, tokens: Int64[Tensor, "n pos"]
) -> dict[str, Float[Tensor, "layer head"]]:
    """Measure how much each head behaves like a previous-token head and like an induction head.

    ``"previous_token"``: mean attention from a position to the one before it.
    ``"induction"``: mean attention from a token that occurred exactly once before to the position
    after that earlier occurrence. 1 is a perfect head of its kind.
    """
    n_layers = model.cfg.n_layers
    names = [f"blocks.{layer}.attn.hook_pattern" for layer in range(n_layers)]
    _, cache = model.run_with_cache(tokens, names_filter=names)
    patterns = torch.stack([cache[name] for name in names])  # [layer, n, head, query, key]
    previous = patterns.diagonal(offset=-1, dim1=-2, dim2=-1).mean(dim=(1, 3))

    second = seen_before(tokens) == 1
    earlier = (tokens[:, :, None] == tokens[:, None, :]).tril(diagonal=-1)
    row, query = second.nonzero(as_tuple=True)
    key = earlier[row, query].int().argmax(dim=-1) + 1
    induction = patterns[:, row, :, query, key].mean(dim=0)  # advanced axes come first
    return {"previous_token": previous, "induction": induction}
