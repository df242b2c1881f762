"""Bundled models: built from the config in their card, with the weights beside it."""

from __future__ import annotations

import json
from importlib.resources import as_file, files
from typing import Any

import torch
from safetensors.torch import load_file
from transformer_lens import TransformerBridge, TransformerBridgeConfig
from transformer_lens.model_bridge.sources import boot_native


def build(config: dict[str, Any], device: str | torch.device = "cpu") -> TransformerBridge:
    """Build an untrained float32 bridge; ``config`` holds ``TransformerBridgeConfig`` arguments."""
    return boot_native(TransformerBridgeConfig(**config), device=device, dtype=torch.float32)


def card(package: str, folder: str = ".") -> dict[str, Any]:
    """Read what is known about the weights in a package, or in a folder of it: config, training, measurements."""
    found: dict[str, Any] = json.loads(files(package).joinpath(folder, "card.json").read_text("utf-8"))
    return found


def load(package: str, device: str | torch.device = "cpu", folder: str = ".") -> TransformerBridge:
    """Load the weights in a package, or in a folder of it, ready for evaluation: float32, however they are stored."""
    model = build(card(package, folder)["config"], device)
    with as_file(files(package).joinpath(folder, "weights.safetensors")) as path:
        model.load_state_dict({name: value.float() for name, value in load_file(path).items()})
    return model.eval()
