"""Train a balance checker: ``python -m scrub_widgets.tasks.parens.train --out DIR``.

Writes ``weights.safetensors`` and ``card.json`` to ``--out``. The same arguments and the same versions give the same
weights. CPU minutes, one thread.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch.nn.functional import cross_entropy

from ..training import parse, versions, write
from ..weights import build
from .data import KINDS, POSITIONS, VOCABULARY, examples, held_out, training
from .features import balanced
from .model import answer_logits

if TYPE_CHECKING:
    from transformer_lens import TransformerBridge

WARM_UP = 200
HELD_OUT = 10_000  # strings of each kind that are only measured on


@dataclass(frozen=True)
class Recipe:
    """What can be varied; the defaults are the bundled model's."""

    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    batch: int = 128
    steps: int = 8000
    seed: int = 0

    def config(self) -> dict[str, Any]:
        """Spell out the arguments of the ``TransformerBridgeConfig``: the shape of the original study's model."""
        return {
            "d_model": 56,
            "d_head": 28,
            "n_heads": 2,
            "n_layers": 3,
            "d_mlp": 56,
            "act_fn": "relu",
            "n_ctx": POSITIONS,
            "d_vocab": len(VOCABULARY),
            "d_vocab_out": 2,
            "attention_dir": "bidirectional",
            "normalization_type": "LN",
            "seed": self.seed,
        }


def train(recipe: Recipe) -> TransformerBridge:
    """Train on fresh strings: AdamW, linear warm-up, then a cosine decay to zero."""
    model = build(recipe.config())
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer,
        max_lr=recipe.learning_rate,
        total_steps=recipe.steps,
        pct_start=min(WARM_UP / recipe.steps, 0.5),
        cycle_momentum=False,
    )
    batches = training(recipe.seed, recipe.batch)
    for step in range(1, recipe.steps + 1):
        strings = next(batches)
        tokens = strings.tokens
        label = torch.from_numpy(balanced(tokens)).long()
        logits = answer_logits(model, tokens)
        loss = cross_entropy(logits, label)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            right = (logits.argmax(-1) == label).numpy()
            shares = "  ".join(f"{name} {right[strings.kind == i].mean():.2f}" for i, name in enumerate(KINDS))
            print(f"step {step:5d}   loss {loss.item():.4f}   {shares}", flush=True)  # noqa: T201 - a program
    return model.eval()


@torch.no_grad()
def measure(model: TransformerBridge, n: int = HELD_OUT, seed: int = 0) -> dict[str, Any]:
    """Measure accuracy and loss in nats on strings not trained on: ``n`` of each kind, and ``n`` of the task's mix."""
    found: dict[str, Any] = {}
    for kind in (*KINDS, "task"):
        tokens = (examples(n, seed=2**20 + seed) if kind == "task" else held_out(kind, n, seed)).tokens
        label = torch.from_numpy(balanced(tokens)).long()
        logits = torch.cat([answer_logits(model, part) for part in torch.split(tokens, 1000)])
        found[kind] = {
            "accuracy": round((logits.argmax(-1) == label).double().mean().item(), 6),
            "loss": round(cross_entropy(logits, label).item(), 6),
            "balanced": round(label.double().mean().item(), 4),
        }
    return found


def main() -> None:
    """Train, round to half precision, measure, save."""
    recipe, out = parse(Recipe, __doc__ or "", "runs/parens")
    torch.set_num_threads(1)  # the sums' order, hence the weights, depends on it
    start = time.process_time()
    model = train(recipe)
    seconds = time.process_time() - start
    weights = {name: value.detach().half().contiguous() for name, value in model.state_dict().items()}
    # What is measured is what ships: the rounded weights.
    model.load_state_dict({name: value.float() for name, value in weights.items()})
    card = {
        "config": recipe.config(),
        "recipe": asdict(recipe) | {"warm_up": WARM_UP},
        "cpu_seconds": round(seconds),
        "versions": versions(),
        "held_out": measure(model),
    }
    write(out, weights, card)
    print(json.dumps(card["held_out"]))  # noqa: T201 - a program


if __name__ == "__main__":
    main()
