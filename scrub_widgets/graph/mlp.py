"""One layer's MLP with the norm before it: the model's own modules, and a look at its neurons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Mlp:
    """An MLP as the model computes it.

    Attributes
    ----------
    norm, body : callable
        The norm before it and the model's own module, free of hooks.
    bridge : MLPBridge
        The bridge's view of it: weights in one convention, ``W_in [d_model, d_mlp]``, ``W_out [d_mlp, d_model]``.
    """

    norm: Callable[[Tensor], Tensor]
    body: Callable[[Tensor], Tensor]
    bridge: Any

    def __call__(self, x: Float[Tensor, "rows p d_model"]) -> Float[Tensor, "rows p d_model"]:
        """What it writes, of the stream that it reads."""
        written: Tensor = self.body(self.norm(x))
        return written

    @property
    def neurons(self) -> int:
        """How many neurons it has."""
        return int(self.bridge.W_out.shape[0])

    @property
    def gated(self) -> bool:
        """Whether each neuron is a product of a gate and a linear branch."""
        return getattr(self.bridge, "W_gate", None) is not None

    def activations(self, x: Float[Tensor, "rows p d_model"]) -> Float[Tensor, "rows p d_mlp"]:
        """The neurons' activations: what the output weights read."""
        seen: list[Tensor] = []
        hook = self.bridge.out.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
        try:
            self(x)
        finally:
            hook.remove()
        return seen[-1]

    def written(self, activations: Float[Tensor, "rows p k"], neurons: list[int] | None = None) -> Tensor:
        """What some neurons (default: all) write, without the bias, ``[rows, p, d_model]``."""
        weight: Tensor = self.bridge.W_out.detach()
        return activations @ (weight if neurons is None else weight[neurons])

    def branch(self, x: Float[Tensor, "rows p d_model"], name: str) -> Float[Tensor, "rows p d_mlp"]:
        """A gated MLP's ``gate`` (after its activation function) or its linear ``up`` branch."""
        weight, bias = ("W_gate", "b_gate") if name == "gate" else ("W_in", "b_in")
        y: Tensor = self.norm(x) @ getattr(self.bridge, weight).detach()
        b = getattr(self.bridge, bias, None)
        if b is not None:
            y = y + b.detach()
        return self._act(y) if name == "gate" else y

    @property
    def bias(self) -> Tensor:
        """The output bias, ``[d_model]``."""
        bias = getattr(self.bridge, "b_out", None)
        found: Tensor = torch.zeros_like(self.bridge.W_out[0]) if bias is None else bias.detach()
        return found

    def _act(self, y: Tensor) -> Tensor:
        module = self.bridge.original_component
        act = next((getattr(module, name) for name in ("act_fn", "act") if hasattr(module, name)), None)
        if act is None:
            raise AttributeError("its activation function is not known by name")
        value: Tensor = act(y)
        return value
