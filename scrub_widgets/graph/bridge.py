"""From a ``TransformerBridge`` to a :class:`Transformer`: read its weights, run it clean, check that they agree.

A model that cannot be decomposed exactly into heads, MLPs and a sum is refused, with the reason.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from ..engine.batches import Batches
from ..errors import TaskError
from .attention import Attention, Rotary
from .cache import Spots
from .graph import Inputs
from .mlp import Mlp
from .transformer import Block, CleanStream, Transformer, layout_of

_HOOKED = threading.Lock()
"""Hooks are the model's, not the call's: two tasks on one model, in two threads, would fill each other's caches."""
TOLERANCE = 1e-4
"""Largest error that a recomputation may have, relative to the largest value of what it recomputes."""


def read_bridge(bridge: Any, positions: int) -> Transformer:
    """Read the parts of a bridge; :func:`check_exact` says whether they make up the model.

    Parameters
    ----------
    bridge : TransformerBridge
        The model.
    positions : int
        Length of the inputs.

    Raises
    ------
    TaskError
        Not a bridge, in train mode with dropout, or of a kind that has no such parts.
    """
    if not hasattr(bridge, "blocks") or not hasattr(bridge, "cfg") or not hasattr(bridge, "run_with_cache"):
        raise TaskError(
            f"expected a TransformerLens 4 TransformerBridge as the model, not {type(bridge).__name__}; "
            "TransformerBridge.boot_transformers(...) or .boot_native(...) make one."
        )
    dropping = [m for m in bridge.modules() if isinstance(m, torch.nn.Dropout) and m.p > 0 and m.training]
    if dropping:
        raise TaskError("the model is in train mode and drops activations at random; call model.eval() first.")
    cfg = bridge.cfg
    has_mlp = not getattr(cfg, "attn_only", False)
    try:
        rotary = _rotary(bridge, positions)
        blocks = tuple(_block(bridge, layer, has_mlp, rotary) for layer in range(cfg.n_layers))
        unembed = _unembed(bridge)
    except (AttributeError, KeyError, TypeError, NotImplementedError) as error:
        raise TaskError(
            f"the model ({_kind(bridge)}) cannot be decomposed into heads with q, k and v, MLPs and a residual stream: {error}."
        ) from error
    weight = blocks[0].attention.w_q
    has_pos = getattr(bridge, "pos_embed", None) is not None
    parallel = bool(getattr(cfg, "parallel_attn_mlp", False))
    layout = layout_of(cfg.n_layers, cfg.n_heads, has_mlp, has_pos, parallel)
    return Transformer(bridge, layout, blocks, unembed, cfg.d_model, positions, parallel, weight.device, weight.dtype)


def _kind(bridge: Any) -> str:
    return type(getattr(bridge, "original_model", bridge)).__name__


def _raw(component: Any) -> Callable[[Tensor], Tensor]:
    """The model's own module under a bridge component, free of hooks; the identity where there is none."""
    if component is None:
        return lambda x: x
    module: Callable[[Tensor], Tensor] | None = component.original_component
    return module if module is not None else lambda x: x


def _block(bridge: Any, layer: int, has_mlp: bool, rotary: Rotary | None) -> Block:
    cfg, block = bridge.cfg, bridge.blocks[layer]
    inner = block.attn.original_component
    if hasattr(inner, "scaling"):
        scale = float(inner.scaling)
    else:
        scale = 1.0 / float(getattr(inner, "scale", cfg.d_head**0.5))
    attention = Attention(
        norm=_raw(getattr(block, "ln1", None)),
        w_q=_weight(block.attn, "W_Q"),
        w_k=_weight(block.attn, "W_K"),
        w_v=_weight(block.attn, "W_V"),
        w_o=_weight(block.attn, "W_O"),
        b_q=_bias(block.attn, "b_Q"),
        b_k=_bias(block.attn, "b_K"),
        b_v=_bias(block.attn, "b_V"),
        b_o=_bias(block.attn, "b_O"),
        scale=scale,
        softcap=float(getattr(cfg, "attn_scores_soft_cap", -1.0) or -1.0),
        causal=getattr(cfg, "attention_dir", "causal") == "causal",
        rotary=rotary,
        # Hugging Face masks with the lowest number, which leaves a query without keys equal scores everywhere.
        blind_uniform=hasattr(bridge.original_model, "config"),
    )
    if not has_mlp:
        return Block(attention, None)
    return Block(attention, Mlp(_raw(block.ln2), _raw(block.mlp), block.mlp))


def _weight(attn: Any, name: str) -> Tensor:
    weight: Tensor = getattr(attn, name)
    return weight.detach().contiguous()


def _bias(attn: Any, name: str) -> Tensor | None:
    bias: Tensor | None = getattr(attn, name, None)
    return None if bias is None else bias.detach().contiguous()


def _rotary(bridge: Any, positions: int) -> Rotary | None:
    if getattr(bridge.cfg, "positional_embedding_type", "standard") != "rotary":
        return None
    native = getattr(bridge.original_model, "rotary", None)
    if native is not None:
        return Rotary(native.cos_cached[:positions], native.sin_cached[:positions], adjacent=True)
    like = bridge.blocks[0].attn.W_Q
    tables = bridge.rotary_emb.original_component(
        like.new_zeros(1, positions, bridge.cfg.d_model), torch.arange(positions, device=like.device)[None]
    )
    return Rotary(tables[0][0].detach(), tables[1][0].detach(), adjacent=False)


def _unembed(bridge: Any) -> Callable[[Tensor], Tensor]:
    norm, head = _raw(bridge.ln_final), _raw(bridge.unembed)
    cap = float(getattr(bridge.cfg, "output_logits_soft_cap", -1.0) or -1.0)

    def unembed(x: Tensor) -> Tensor:
        logits = head(norm(x))
        return torch.tanh(logits / cap) * cap if cap > 0 else logits

    return unembed


# -- running it clean -------------------------------------------------------------------------------------------------


def run_clean(
    model: Transformer,
    inputs: Inputs,
    on_logits: Callable[[slice, Tensor], None],
    batch: int,
    progress: Callable[[int, int], None] | None = None,
) -> CleanStream:
    """One clean pass over the data: what each component wrote and each port read, from the model's own forward pass.

    Parameters
    ----------
    model : Transformer
        The model.
    inputs : Inputs
        On the model's device.
    on_logits : callable
        Takes the rows of a batch and their logits ``[rows, pos, vocab]``.
    batch : int
        Inputs in one forward pass.
    progress : callable, optional
        ``progress(done, total)`` after each batch; what it raises ends the pass.
    """
    n = len(inputs)
    names = _names(model)
    clean: CleanStream | None = None

    def run(start: int, stop: int) -> int:
        nonlocal clean
        rows = slice(start, stop)
        part, logits = _forward(model, inputs.rows(rows), names)
        if clean is None:
            clean = _empty(part, inputs)
        _store(clean, part, rows)
        on_logits(rows, logits)
        return stop

    batches = Batches(n, batch, model.device)
    for done in batches.each(run):
        if progress is not None:
            progress(done, n)
    assert clean is not None
    clean.note = batches.note
    return clean


def _names(model: Transformer) -> list[str]:
    names = ["hook_embed", "ln_final.hook_in"]
    if "pos_embed" in model.layout.by_id:
        names.append("hook_pos_embed")
    for layer, block in enumerate(model.blocks):
        names += [f"blocks.{layer}.hook_in", f"blocks.{layer}.attn.hook_z", f"blocks.{layer}.hook_attn_out"]
        if block.mlp is not None:
            names.append(f"blocks.{layer}.hook_mlp_out")
            if not model.parallel:
                names.append(f"blocks.{layer}.ln2.hook_in")
    return names


def _forward(model: Transformer, inputs: Inputs, names: list[str]) -> tuple[CleanStream, Tensor]:
    wanted, tokens, mask = set(names), inputs.tokens, inputs.mask
    extra = {} if mask is None else {"attention_mask": mask.long()}
    with _HOOKED:
        logits, cache = model.bridge.run_with_cache(tokens, names_filter=lambda name: name in wanted, **extra)
    n, pos = tokens.shape

    def take(name: str) -> Tensor:
        value: Tensor = cache[name]
        return value.detach()

    part = CleanStream(inputs, model.layout, take("hook_embed"), None)
    if "hook_pos_embed" in wanted:
        part.pos_embed = take("hook_pos_embed").expand(n, pos, -1) if mask is not None else take("hook_pos_embed")[:1]
        part.pos_embed = part.pos_embed.reshape(-1, pos, model.d_model)
    for layer, block in enumerate(model.blocks):
        part.pre.append(take(f"blocks.{layer}.hook_in"))
        z = take(f"blocks.{layer}.attn.hook_z").reshape(n, pos, block.attention.heads, -1)
        part.z.append(z.permute(2, 0, 1, 3))
        if block.mlp is not None:
            part.mlp.append(take(f"blocks.{layer}.hook_mlp_out"))
            if not model.parallel:
                part.mid.append(take(f"blocks.{layer}.ln2.hook_in"))
    part.pre.append(take("ln_final.hook_in"))
    return part, logits.detach()


def _empty(part: CleanStream, inputs: Inputs) -> CleanStream:
    def room(value: Tensor, axis: int = 0) -> Tensor:
        shape = list(value.shape)
        shape[axis] = len(inputs)
        return value.new_empty(shape)

    same = part.pos_embed is None or part.pos_embed.shape[0] == 1
    return CleanStream(
        inputs,
        part.layout,
        embed=room(part.embed),
        pos_embed=part.pos_embed if same else room(part.pos_embed),  # type: ignore[arg-type]
        pre=[room(x) for x in part.pre],
        mid=[room(x) for x in part.mid],
        z=[room(x, 1) for x in part.z],
        mlp=[room(x) for x in part.mlp],
    )


def _store(clean: CleanStream, part: CleanStream, rows: slice) -> None:
    clean.embed[rows] = part.embed
    if clean.pos_embed is not None and part.pos_embed is not None and clean.pos_embed is not part.pos_embed:
        clean.pos_embed[rows] = part.pos_embed
    for mine, new in zip(clean.pre + clean.mid + clean.mlp, part.pre + part.mid + part.mlp, strict=True):
        mine[rows] = new
    for mine, new in zip(clean.z, part.z, strict=True):
        mine[:, rows] = new


# -- does it add up? --------------------------------------------------------------------------------------------------


def check_exact(model: Transformer, inputs: Inputs) -> dict[str, float]:
    """Compare every part with the model's own forward pass on a few inputs.

    Returns
    -------
    dict of str to float
        The largest relative error of each comparison.

    Raises
    ------
    TaskError
        One is above :data:`TOLERANCE`: the sentence says which part does not add up.
    """
    try:
        clean, logits = _forward(model, inputs, _names(model))
    except (KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise TaskError(f"the model ({_kind(model.bridge)}) cannot be read through its hooks: {error}.") from error
    spots = Spots.all(model.positions, model.device)
    everything = torch.arange(len(inputs), device=model.device)
    errors: dict[str, float] = {}

    def compare(what: str, mine: Tensor, own: Tensor) -> None:
        # At padding too: where another input has a token, a donor's padding can be read.
        off = float((mine - own).abs().max() / own.abs().max().clamp_min(1e-30))
        errors[what] = off
        if not off <= TOLERANCE:
            raise TaskError(
                f"the model ({_kind(model.bridge)}) cannot be scrubbed exactly: {what} recomputed from its weights differs from "
                f"its own forward pass by {off:.2g} of its size (at most {TOLERANCE:g} is accepted)."
            )

    total = clean.embed if clean.pos_embed is None else clean.embed + clean.pos_embed
    for layer, block in enumerate(model.blocks):
        compare(f"the stream before layer {layer}, as the sum of what was written to it,", total, clean.pre[layer])
        z = block.attention.all_heads(clean.pre[layer], inputs.mask)
        for head in range(block.attention.heads):
            node = model.node(f"a{layer}.h{head}")
            read = {port: node.project(port, clean.pre[layer], spots) for port in "qkv"}
            z[head] = node.compute(clean, read, spots, everything)
        own = clean.z[layer]
        compare(f"the attention of layer {layer}", z.permute(1, 2, 0, 3), own.permute(1, 2, 0, 3))
        attn = torch.einsum("hrpe,hed->rpd", own, block.attention.w_o)
        total = total + attn if block.attention.b_o is None else total + attn + block.attention.b_o
        if block.mlp is not None:
            x = clean.pre[layer] if model.parallel else clean.mid[layer]
            if not model.parallel:
                compare(f"the stream between attention and MLP of layer {layer}", total, x)
            compare(f"the MLP of layer {layer}", block.mlp(x), clean.mlp[layer])
            total = total + clean.mlp[layer]
    compare("the final stream, as the sum of all components,", total, clean.pre[-1])
    compare("the logits", model.unembed(clean.pre[-1]), logits)
    return errors
