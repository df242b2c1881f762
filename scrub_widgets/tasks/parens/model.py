"""The trained model: how it is built and loaded, and what its heads attend to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from .. import weights
from .data import mask_of

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor
    from transformer_lens import TransformerBridge


def read_card() -> dict[str, Any]:
    """Read what is known about the bundled weights: config, training, measurements."""
    return weights.card(__package__ or "")


def load_model(device: str | torch.device = "cpu") -> TransformerBridge:
    """Load the bundled three-layer balance checker: stored in half precision, computing in float32."""
    return weights.load(__package__ or "", device)


def answer_logits(model: TransformerBridge, tokens: Int64[Tensor, "n pos"]) -> Float[Tensor, "n 2"]:
    """The model's two answers, read at the first position: 0 unbalanced, 1 balanced."""
    logits: Tensor = model(tokens, attention_mask=mask_of(tokens).long(), return_type="logits")
    return logits[:, 0]


@torch.no_grad()
def attention(model: TransformerBridge, tokens: Int64[Tensor, "n pos"]) -> Float[Tensor, "layer n head query key"]:
    """Attention patterns of every layer."""
    names = [f"blocks.{layer}.attn.hook_pattern" for layer in range(model.cfg.n_layers)]
    _, cache = model.run_with_cache(
        tokens, attention_mask=mask_of(tokens).long(), names_filter=lambda name: name in names
    )
    return torch.stack([cache[name] for name in names])
