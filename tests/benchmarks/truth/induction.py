"""Induction by hand: a real two-layer attention-only transformer whose every weight was written down, not trained."""

from __future__ import annotations

import numpy as np
import torch
from transformer_lens import TransformerBridge, TransformerBridgeConfig
from transformer_lens.model_bridge.sources import boot_native

import scrub_widgets as sw

from .case import Case, Truth, tree

LETTERS = 12
VOCAB = LETTERS + 1
"""Token 0 begins every input."""
LENGTH = 10
INPUTS = 600
SHARP = 30.0
"""Score of the one key that fits, over all others at 0: attention is all there but for a millionth of a millionth."""
SURE = 8.0
"""Logit of the answer, over all others at 0."""

# The residual stream has four rooms: this token, this position, the previous token, the answer.
TOKEN, POSITION, PREVIOUS, ANSWER = 0, VOCAB, VOCAB + LENGTH, 2 * VOCAB + LENGTH
WIDTH = 3 * VOCAB + LENGTH


def _inputs() -> torch.Tensor:
    """``start, seven different letters, A, B``: A is one of the first six of them, and B the letter that came after it."""
    random = np.random.default_rng(0)
    rows = np.zeros((INPUTS, LENGTH), dtype=np.int64)
    for row in rows:
        row[1:8] = 1 + random.permutation(LETTERS)[:7]
        at = random.integers(1, 7)
        row[8:] = row[at], row[at + 1]
    return torch.from_numpy(rows)


def _model() -> TransformerBridge:
    """Head a0.h0 copies the previous token, a1.h0 looks for "the token before was mine" and copies; a1.h1 adds a little noise."""
    config = TransformerBridgeConfig(
        attn_only=True,
        n_layers=2,
        normalization_type=None,
        d_model=WIDTH,
        d_head=VOCAB,
        n_heads=2,
        n_ctx=LENGTH,
        d_vocab=VOCAB,
        seed=0,
    )
    bridge = boot_native(config, device="cpu", dtype=torch.float32)
    weights = {name.replace("._original_component", ""): p for name, p in bridge.original_model.named_parameters()}
    score = SHARP * VOCAB**0.5
    with torch.no_grad():
        for parameter in weights.values():
            parameter.zero_()
        tokens, places = torch.arange(VOCAB), torch.arange(LENGTH)
        weights["tok_embed.weight"][tokens, TOKEN + tokens] = 1
        weights["pos.weight"][places, POSITION + places] = 1
        first = {part: weights[f"layers.0.attn.{part}.weight"] for part in "qkvo"}
        first["q"][places, POSITION + places] = score
        first["k"][places[1:], POSITION + places[:-1]] = 1  # the key of position p is asked for by position p + 1
        first["v"][tokens, TOKEN + tokens] = 1
        first["o"][PREVIOUS + tokens, tokens] = 1
        second = {part: weights[f"layers.1.attn.{part}.weight"] for part in "qkvo"}
        second["q"][tokens, TOKEN + tokens] = score
        second["k"][tokens, PREVIOUS + tokens] = 1
        second["v"][tokens, TOKEN + tokens] = 1
        second["o"][ANSWER + tokens, tokens] = SURE
        second["v"][VOCAB + tokens, PREVIOUS + tokens] = 1  # a1.h1: the mean of all previous tokens, a little
        second["o"][ANSWER + tokens, VOCAB + tokens] = 0.5
        weights["head.weight"][tokens, ANSWER + tokens] = 1
    return bridge.eval()


def hand_built() -> Truth:
    """The circuit: previous-token head, then induction head."""
    task = sw.Task(
        _model(),
        _inputs(),
        loss=sw.losses.next_token(positions=[-1]),
        rules={"nearly the whole input": lambda batch: [str(row[:6].tolist()) for row in np.asarray(batch.tokens)]},
        vocab=["|", *"abcdefghijkl"],
        name="hand-built induction",
    )
    ind = "a1.h0"
    q, v = f"{ind}.q>embed: token", f"{ind}.v>embed: token"
    head = "The head looks for its own token among previous tokens, and copies what stands there."
    cases = (
        Case("the induction head matters", tree(ind)),
        Case("the textbook circuit", tree(ind, q, f"{ind}.k>a0.h0: previous token", v)),
        Case("the same, down to what the previous-token head reads", tree(ind, q, f"{ind}.k>a0.h0: previous token", f"{ind}.k>a0.h0.v>embed: token", v)),
        Case("only the key is refined", tree(ind, f"{ind}.q>*", f"{ind}.k>a0.h0: previous token", f"{ind}.v>*")),
        Case("coarse: the ports, by token", tree(ind, f"{ind}.q>*: token", f"{ind}.k>a0.h0", f"{ind}.v>*: token")),
        Case("the other head of layer 1 does it", tree("a1.h1"), "a1.h1 adds a little noise, a1.h0 does the work."),
        Case("the key is the present token", tree(ind, q, f"{ind}.k>embed: token", v), head),
        Case("the previous-token head knows the present token", tree(ind, q, f"{ind}.k>a0.h0: token", v), "It knows the token before."),
        Case("the value is the previous token", tree(ind, q, f"{ind}.k>a0.h0: previous token", f"{ind}.v>embed: previous token"), "What is copied is the token at the place itself."),
        Case("the embedding says it directly", tree("embed: what followed the earlier occurrence"), "The embedding knows single tokens and does not write where the answer is read."),
        Case("the head knows nearly the whole input", tree(f"{ind}: nearly the whole input"), head),
        Case("the output knows the answer", tree("*: what followed the earlier occurrence at -2"), empty="True of any model that is right: nothing is said of how this one does it."),
        Case("every head matters", tree("embed", "pos_embed", "a0.h0", "a0.h1", "a1.h0", "a1.h1"), "At the output only a1.h0 does."),
    )  # fmt: skip
    return Truth(
        "hand-built induction",
        "a0.h0 copies the previous token; a1.h0 finds its token there and copies what follows",
        task,
        cases,
    )
