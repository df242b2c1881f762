"""The trained model: how it is built and loaded, and what its heads attend to."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import load_file
from transformer_lens import TransformerBridge, TransformerBridgeConfig
from transformer_lens.model_bridge.sources import boot_native

from .data import mask_of

if TYPE_CHECKING:
    from jaxtyping import Float, Int64
    from torch import Tensor


def build_model(config: dict[str, Any], device: str | torch.device = "cpu") -> TransformerBridge:
    """Build an untrained float32 bridge; ``config`` holds ``TransformerBridgeConfig`` arguments."""
    return boot_native(TransformerBridgeConfig(**config), device=device, dtype=torch.float32)


def read_card() -> dict[str, Any]:
    """Read what is known about the bundled weights: config, training, measurements."""
    card: dict[str, Any] = json.loads(files(__package__).joinpath("card.json").read_text("utf-8"))
    return card


def load_model(device: str | torch.device = "cpu") -> TransformerBridge:
    """Load the bundled three-layer balance checker: stored in half precision, computing in float32."""
    model = build_model(read_card()["config"], device)
    with as_file(files(__package__).joinpath("weights.safetensors")) as path:
        model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return model.eval()


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
