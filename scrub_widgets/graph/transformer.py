"""Any TransformerLens 4 bridge as a graph: embeddings, heads with q/k/v ports, MLPs, logits.

Clean values come from the model's own forward pass; recomputation uses its weights and its own norms, MLPs and
unembedding. No flag of the model is set and no hook stays registered.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..hypothesis import ROOT
from .attention import Attention
from .base import Component, Layout
from .cache import Spots, gather


@dataclass(frozen=True)
class Block:
    """One layer: its attention and, where it has one, its MLP with the norm before it."""

    attention: Attention
    mlp: Callable[[Tensor], Tensor] | None


@dataclass
class Clean:
    """What every component wrote on every input, and the stream that every port read.

    Attributes
    ----------
    embed, pos_embed : Tensor
        ``[inputs, pos, d_model]``; positions ``[1, pos, d_model]``, absent where the model adds none to the stream.
    pre : list of Tensor
        The stream before each layer and after the last, ``[inputs, pos, d_model]`` each.
    mid : list of Tensor
        The stream between attention and MLP; empty where no port reads it.
    z : list of Tensor
        Each layer's heads before their output weights, ``[heads, inputs, pos, d_head]``.
    mlp : list of Tensor
        Each layer's MLP output.
    mask : Tensor or None
        Attention mask ``[inputs, pos]``.
    """

    embed: Tensor
    pos_embed: Tensor | None
    pre: list[Tensor] = field(default_factory=list)
    mid: list[Tensor] = field(default_factory=list)
    z: list[Tensor] = field(default_factory=list)
    mlp: list[Tensor] = field(default_factory=list)
    mask: Tensor | None = None


@dataclass(frozen=True)
class Transformer:
    """The parts of a bridge that scrubbing needs.

    Attributes
    ----------
    bridge : TransformerBridge
        The model, as given.
    layout : Layout
        Its components and ports.
    blocks : tuple of Block
        Its layers.
    unembed : callable
        Final norm and unembedding: ``[rows, p, d_model] -> [rows, p, vocab]``.
    device, dtype
        Where and how it computes.
    """

    bridge: Any
    layout: Layout
    blocks: tuple[Block, ...]
    unembed: Callable[[Tensor], Tensor]
    d_model: int
    device: torch.device
    dtype: torch.dtype

    # -- where things stand ---------------------------------------------------------------------------------------

    def table(self, clean: Clean, component: str) -> Tensor:
        """Clean values of a component in its own space: a head's ``z``, else what it writes; ``[inputs, pos, d]``."""
        c = self.layout.by_id[component]
        if c.kind == "head":
            return clean.z[c.layer][c.slot]
        if c.kind == "mlp":
            return clean.mlp[c.layer]
        if c.kind == "pos_embed":
            assert clean.pos_embed is not None
            return clean.pos_embed
        return clean.embed

    def stream(self, clean: Clean, owner: str) -> Tensor:
        """The stream that the ports of a component (or the output) read, ``[inputs, pos, d_model]``."""
        if owner == ROOT:
            return clean.pre[-1]
        c = self.layout.by_id[owner]
        return clean.mid[c.layer] if c.kind == "mlp" and not self.layout.parallel else clean.pre[c.layer]

    def constant(self, owner: str) -> Float[Tensor, " d_model"]:
        """What the ports of a component read that no component wrote: the output biases of earlier attention."""
        total = torch.zeros(self.d_model, device=self.device, dtype=self.dtype)
        for layer, block in enumerate(self.blocks):
            if block.attention.b_o is not None and self._reads_attention(owner, layer):
                total = total + block.attention.b_o
        return total

    def _reads_attention(self, owner: str, layer: int) -> bool:
        if owner == ROOT:
            return True
        c = self.layout.by_id[owner]
        return layer < c.layer or (layer == c.layer and c.kind == "mlp" and not self.layout.parallel)

    # -- computing ------------------------------------------------------------------------------------------------

    def write(self, component: str, value: Float[Tensor, "rows p d"]) -> Float[Tensor, "rows p d_model"]:
        """What a value in a component's own space adds to the stream."""
        c = self.layout.by_id[component]
        return value @ self.blocks[c.layer].attention.w_o[c.slot] if c.kind == "head" else value

    def project(self, head: str, port: str, x: Float[Tensor, "rows p d_model"], spots: Spots) -> Tensor:
        """A head's query, key or value made of a stream."""
        c = self.layout.by_id[head]
        return self.blocks[c.layer].attention.project(port, x, c.slot, spots)

    def attend(
        self, head: str, q: Tensor, k: Tensor, v: Tensor, spots: Spots, mask: Bool[Tensor, "rows pos"] | None
    ) -> Float[Tensor, "rows p d_head"]:
        """A head's ``z`` at the wanted positions."""
        return self.blocks[self.layout.by_id[head].layer].attention.mix(q, k, v, spots, mask)

    def mlp(self, component: str, x: Float[Tensor, "rows p d_model"]) -> Float[Tensor, "rows p d_model"]:
        """An MLP's output on a stream."""
        mlp = self.blocks[self.layout.by_id[component].layer].mlp
        assert mlp is not None
        return mlp(x)

    def run(
        self,
        clean: Clean,
        inputs: Int[Tensor, " rows"],
        patches: Mapping[str, tuple[Tensor, Tensor | None]],
        owner: str,
    ) -> Run:
        """Run the model on inputs with some components' values replaced, up to the ports of ``owner``.

        Parameters
        ----------
        clean : Clean
            Clean values.
        inputs : Tensor
            ``[rows]``: the inputs to run on.
        patches : mapping
            Component to (value in its own space ``[rows, pos, d]``, where it holds: ``[pos]``, ``[rows, pos]``, or None).
        owner : str
            Component whose ports are read, or ``logits``.
        """
        spots = Spots.all(clean.embed.shape[1], self.device)
        mask = None if clean.mask is None else clean.mask[inputs]
        owner_at = None if owner == ROOT else self.layout.by_id[owner]
        values: dict[str, Tensor] = {}

        def patched(component: str, own: Tensor) -> Tensor:
            if component in patches:
                value, keep = patches[component]
                own = value if keep is None else torch.where(keep.unsqueeze(-1), value, own)
            values[component] = own
            return own

        first = max(min(self.layout.by_id[name].layer for name in patches), 0)
        x = gather(clean.pre[first], inputs, spots)
        for name in patches:
            if self.layout.by_id[name].layer < 0:
                own = gather(self.table(clean, name), inputs, spots)
                x = x + patched(name, own) - own
        for layer in range(first, len(self.blocks)):
            if owner_at is not None and owner_at.layer == layer and (owner_at.kind == "head" or self.layout.parallel):
                break
            block = self.blocks[layer]
            z = block.attention.all_heads(x, mask)
            mid = x if block.attention.b_o is None else x + block.attention.b_o
            for head in range(block.attention.heads):
                mid = mid + patched(f"a{layer}.h{head}", z[head]) @ block.attention.w_o[head]
            if owner_at is not None and owner_at.layer == layer:
                x = mid
                break
            if block.mlp is not None:
                mid = mid + patched(f"m{layer}", block.mlp(x if self.layout.parallel else mid))
            x = mid
        return Run(x, values)

    def fingerprint(self) -> str:
        """A hash of the model's weights."""
        digest = hashlib.blake2b(digest_size=8)
        for name, value in sorted(self.bridge.state_dict().items()):
            digest.update(name.encode())
            digest.update(value.detach().float().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()


@dataclass(frozen=True)
class Run:
    """A run with replaced components.

    Attributes
    ----------
    stream : Tensor
        What the reader's ports read, ``[rows, pos, d_model]``.
    values : mapping of str to Tensor
        Values of the components from the first replaced layer on, in their own space; earlier ones are clean.
    """

    stream: Tensor
    values: Mapping[str, Tensor]


def components_of(layers: int, heads: int, has_mlp: bool, has_pos_embed: bool) -> tuple[Component, ...]:
    """The components of a transformer in forward order."""
    found = [Component("embed", "embed", -1, 0, ())]
    if has_pos_embed:
        found.append(Component("pos_embed", "pos_embed", -1, 1, ()))
    for layer in range(layers):
        found += [Component(f"a{layer}.h{head}", "head", layer, head, ("q", "k", "v")) for head in range(heads)]
        if has_mlp:
            found.append(Component(f"m{layer}", "mlp", layer, heads, ("in",)))
    return tuple(found)
