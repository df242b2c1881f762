"""Train an induction model: ``python -m scrub_widgets.tasks.induction.train --out DIR``.

Writes ``weights.safetensors`` and ``card.json`` to ``--out``; ``choose`` bundles the best of several such
folders. The same arguments and the same versions give the same weights. CPU minutes, one thread.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from ..training import parse, versions, write
from ..weights import build
from .data import LENGTH, VOCABULARY, bigram_loss, draw, examples, seen_before, streams
from .model import attention_scores

if TYPE_CHECKING:
    from jaxtyping import Bool, Float, Int64
    from torch import Tensor
    from transformer_lens import TransformerBridge

BATCH = 128
WARM_UP = 100
HELD_OUT = 10_000  # seed of the streams that are only measured on
_TRAINING = 3  # keeps the training draws apart from streams() and examples(), whatever their seed


@dataclass(frozen=True)
class Recipe:
    """What is varied between candidates; the defaults are the bundled model's."""

    d_model: int = 64
    n_heads: int = 4
    d_head: int = 16
    learning_rate: float = 4e-3
    weight_decay: float = 0.01
    head_penalty: float = 0.003
    positions: str = "standard"
    steps: int = 2000
    seed: int = 0

    def config(self) -> dict[str, Any]:
        """Spell out the arguments of the ``TransformerBridgeConfig``."""
        config = {
            "d_model": self.d_model,
            "d_head": self.d_head,
            "n_heads": self.n_heads,
            "n_layers": 2,
            "n_ctx": LENGTH,
            "d_vocab": VOCABULARY,
            "attn_only": True,
            "normalization_type": "LN",
            "positional_embedding_type": self.positions,
            "seed": self.seed,
        }
        if self.positions == "rotary":
            config["rotary_base"] = 100  # so that every angle tells positions of a short context apart
        return config


def token_losses(model: TransformerBridge, tokens: Int64[Tensor, "n pos"]) -> Float[Tensor, "n pos_minus_1"]:
    """Compute the next-token loss in nats of tokens 1 onwards."""
    logits: Tensor = model(tokens, return_type="logits")
    return cross_entropy(logits[:, :-1].transpose(1, 2), tokens[:, 1:], reduction="none")


def head_sizes(model: TransformerBridge) -> Float[Tensor, "layer head"]:
    """Compute the Frobenius norm of each head's OV matrix: how strongly it can write what it reads."""
    width = model.cfg.d_head
    sizes = []
    for block in model.blocks:
        value = block.attn.v.weight.unflatten(0, (-1, width))  # [head, d_head, d_model]
        out = block.attn.o.weight.unflatten(1, (-1, width)).transpose(0, 1)  # [head, d_model, d_head]
        sizes.append(torch.linalg.matrix_norm(out @ value))
    return torch.stack(sizes)


def train(recipe: Recipe) -> TransformerBridge:
    """Train on fresh streams: AdamW, linear warm-up, then a cosine decay to zero."""
    model = build(recipe.config())
    rng = np.random.default_rng([_TRAINING, recipe.seed])
    optimizer = torch.optim.AdamW(
        model.parameters(),
        lr=recipe.learning_rate,
        betas=(0.9, 0.98),
        weight_decay=recipe.weight_decay,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=recipe.steps,
        pct_start=min(WARM_UP / recipe.steps, 0.5),
        cycle_momentum=False,
    )
    for step in range(1, recipe.steps + 1):
        tokens, repeated = draw(rng, BATCH)
        losses = token_losses(model, tokens)
        optimizer.zero_grad()
        # Every head alike pays for its size, so those that the circuit can spare fade.
        torch.autograd.backward(losses.mean() + recipe.head_penalty * head_sizes(model).sum())
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            copied = repeated[:, 1:]
            print(  # noqa: T201 - a program
                f"step {step:5d}   repeats {losses[copied].mean().item():.3f}"
                f"   elsewhere {losses[~copied].mean().item():.3f}",
                flush=True,
            )
    return model.eval()


def ablation_effects(
    model: TransformerBridge,
    tokens: Int64[Tensor, "n pos"],
    copied: Bool[Tensor, "n pos_minus_1"],
) -> Float[Tensor, "layer head"]:
    """Measure how far the loss on copied tokens rises, in nats, with one head fixed at its mean output.

    The mean is over ``tokens``, for each position by itself.
    """
    n_layers, n_heads = model.cfg.n_layers, model.cfg.n_heads
    effects = torch.zeros(n_layers, n_heads)
    clean = token_losses(model, tokens)[copied].mean()
    for layer in range(n_layers):
        for head in range(n_heads):

            def fix(z: Tensor, head: int = head, **_: object) -> Tensor:  # z [n, pos, head, d_head]
                fixed = z.clone()
                fixed[:, :, head] = z[:, :, head].mean(dim=0)
                return fixed

            with model.hooks(fwd_hooks=[(f"blocks.{layer}.attn.hook_z", fix)]):
                effects[layer, head] = token_losses(model, tokens)[copied].mean() - clean
    return effects


@torch.no_grad()
def measure(model: TransformerBridge) -> dict[str, Any]:
    """Measure losses in nats and facts about each head ``[layer][head]``, on data not trained on."""
    tokens, repeated = streams(2048, seed=HELD_OUT)
    losses, floor = token_losses(model, tokens), bigram_loss(tokens)
    copied = repeated[:, 1:]
    new = seen_before(tokens)[:, :-1] == 0
    task = examples(2048, seed=1)
    # Every example is replaced by another one (the one before it) and keeps its own label.
    logits = model(task.roll(1, dims=0), return_type="logits")[:, -2]
    heads = attention_scores(model, tokens)
    heads["ablation"] = ablation_effects(model, tokens, copied)
    heads["size"] = head_sizes(model)
    return {
        "losses": {
            "after_first_occurrence": losses[new].mean().item(),
            "after_first_occurrence_bigram_floor": floor[new].mean().item(),
            "repeated": losses[copied].mean().item(),
            "seen_but_not_repeated": losses[~new & ~copied].mean().item(),
            "examples": token_losses(model, task)[:, -1].mean().item(),
            "examples_shuffled": cross_entropy(logits, task[:, -1]).item(),
        },
        "heads": {
            name: [[round(value, 4) for value in layer] for layer in values.tolist()] for name, values in heads.items()
        },
    }


def main() -> None:
    """Train, measure, save."""
    recipe, out = parse(Recipe, __doc__ or "", "runs/induction")
    torch.set_num_threads(1)  # the sums' order, hence the weights, depends on it
    start = time.process_time()
    model = train(recipe)
    card = {
        "config": recipe.config(),
        "recipe": asdict(recipe) | {"batch": BATCH, "warm_up": WARM_UP},
        "cpu_seconds": round(time.process_time() - start),
        "versions": versions(),
        **measure(model),
    }
    weights = {name: value.detach().contiguous() for name, value in model.state_dict().items()}
    write(out, weights, card)
    print(json.dumps({"losses": card["losses"], "heads": card["heads"]}))  # noqa: T201 - a program


if __name__ == "__main__":
    main()
