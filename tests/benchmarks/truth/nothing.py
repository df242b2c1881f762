"""Tasks in which there is nothing to be found, or nothing besides what is known: how often is something found all the same?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformer_lens import TransformerBridgeConfig
from transformer_lens.model_bridge.sources import boot_native

import scrub_widgets as sw

from .case import grid
from .circuits import Edges, edges_of

VOCAB, WIDTH, LENGTH, TEXTS = 13, 16, 6, 150


@dataclass(frozen=True)
class Nulls:
    """What many searches found that is not there.

    Attributes
    ----------
    runs : int
        Searches, one for each seed.
    discoveries : float
        False discovery rate: the mean share of false edges among those found (none found counts as 0).
    any : float
        Share of the searches with a false edge.
    missed : float
        Share of the true edges that were not found.
    sweeps, false : int
        Sweeps, and those of them that accepted a sender which does nothing.
    confirmed : float
        Share of the searches that found something false and whose loss recovered on held-out data is above zero, by its interval.
    """

    runs: int
    discoveries: float
    any: float
    missed: float
    sweeps: int
    false: int
    confirmed: float


def searched(make: Callable[[int], sw.Task], right: Edges, runs: int, **options: Any) -> Nulls:
    """Search in one task for each seed."""
    rows, sweeps, false = [], 0, 0
    true = {edge.split(" < ")[1] for edge in right}
    for seed in range(runs):
        d = sw.discover(make(seed), seed=seed, progress=False, max_claims=40, **options)
        found = edges_of(d.hypothesis)
        wrong = found - right
        held = d.confirmed is not None and d.confirmed.resolved and d.confirmed.low > 0
        rows.append((len(wrong) / max(1, len(found)), bool(wrong), len(right - found) / max(1, len(right)), held))
        of = [step for step in d.steps if step.kind == "sweep"]
        sweeps += len(of)
        false += sum(any(claim.rpartition(">")[2] not in true for claim in step.accepted) for step in of)
    wrong_share, any_wrong, missed, confirmed = (float(x) for x in np.mean(rows, axis=0))
    return Nulls(runs, wrong_share, any_wrong, missed, sweeps, false, confirmed)


def signal_and_noise(seed: int, width: int = 10, loud: float = 1.0) -> sw.Task:
    """Three functions in a row carry a sign to the output; at each stands a crowd of random functions that do nothing on average.

    The loss is linear in the output, and the data holds every combination of the sign and the three inputs that the crowd reads, so
    to free one of the crowd changes single losses (by up to all of the signal), and the mean by exactly zero.
    """
    random = np.random.default_rng(seed)
    data = grid(6, 6, 6)
    n = len(data["x0"])
    inputs = {name: np.concatenate([x, x]) for name, x in data.items()} | {"s": np.repeat([-1, 1], n)}

    def crowd(level: int) -> dict[str, Any]:
        def noisy(table: torch.Tensor) -> Any:
            return lambda x0, x1, x2: table[x0.long(), x1.long(), x2.long()]

        scale = loud / width**0.5
        return {f"n{level}_{i}": noisy(torch.from_numpy(random.normal(size=(6, 6, 6))) * scale) for i in range(width)}

    functions: dict[str, Any] = {}
    above = "s"
    for level in range(3):
        functions |= (others := crowd(level))
        name = f"S{level}" if level < 2 else "out"
        functions[name] = eval(f"lambda {', '.join([above, *others])}: {' + '.join([above, *others])}")
        above = name
    return sw.Task(sw.FunctionGraph(functions), inputs, loss=_by_sign)


SIGNAL = frozenset({"logits < out", "out < S1", "S1 < S0", "S0 < s"})


def random_transformer(seed: int, *, signal: bool) -> sw.Task:
    """Three layers of random heads. With a signal, the embedding of the last token alone says the answer, and no head can read it.

    Each text occurs twice, with either sign at its end, and the loss is linear in one logit: so what the heads write changes single
    losses, and the mean by exactly zero. Without a signal nothing says the answer.
    """
    draw = torch.Generator().manual_seed(seed)
    model = _random_heads(seed, draw, 2.0 if signal else 0.0)
    tokens = torch.randint(0, VOCAB - 2, (TEXTS, LENGTH), generator=draw).repeat(2, 1)
    tokens[:TEXTS, -1], tokens[TEXTS:, -1] = VOCAB - 1, VOCAB - 2
    return sw.Task(model, tokens, loss=_by_sign, columns={"s": np.repeat([1, -1], TEXTS)}, name="random weights")


def learnt_by_heart(seed: int) -> sw.Task:
    """The same heads and random signs, fixed for each text: on these few texts some head fits them, on others none does."""
    draw = torch.Generator().manual_seed(seed)
    model = _random_heads(seed, draw, 0.0)
    tokens = torch.randint(0, VOCAB, (TEXTS, LENGTH), generator=draw)
    signs = 2 * torch.randint(0, 2, (TEXTS,), generator=draw).numpy() - 1
    return sw.Task(model, tokens, loss=_by_sign, columns={"s": signs}, name="random signs", held_out=0.5)


def _random_heads(seed: int, draw: torch.Generator, signal: float) -> Any:
    """Random weights; the first direction of the stream is read by the output alone, and written by the last token."""
    config = TransformerBridgeConfig(
        attn_only=True,
        n_layers=3,
        normalization_type=None,
        d_model=WIDTH,
        d_head=4,
        n_heads=4,
        n_ctx=LENGTH,
        d_vocab=VOCAB,
        seed=seed,
    )
    bridge = boot_native(config, device="cpu", dtype=torch.float32)
    weights = {name.replace("._original_component", ""): p for name, p in bridge.original_model.named_parameters()}
    plus, minus = VOCAB - 1, VOCAB - 2
    with torch.no_grad():
        for name, p in weights.items():
            p.copy_(0.25 * torch.randn(p.shape, generator=draw))
            if name.endswith((".q.weight", ".k.weight", ".v.weight")):
                p[:, 0] = 0
        embed = weights["tok_embed.weight"]
        embed[minus] = embed[plus]
        embed[:, 0] = 0
        embed[plus, 0], embed[minus, 0] = signal, -signal
        weights["head.weight"][0, 0] = 1
    return bridge.eval()


def _by_sign(logits: torch.Tensor, batch: Any) -> torch.Tensor:
    return -logits[:, -1, 0] * torch.as_tensor(np.asarray(batch.columns["s"])).to(logits)
