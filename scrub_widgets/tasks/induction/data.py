"""Token streams in which what followed a token before usually follows it again.

A stream is a walk on a fixed bigram table (every token has its own Zipf-shaped favourites) with
repeats: when the walk comes back to a token A, it usually goes on as it did after the earlier A,
and copies on from there for a while. So there are two ways to predict the next token: the bigram
table, at best :func:`bigram_loss`, and, far better where A has been seen, induction.

Everything derives from seeds: no file, no network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

if TYPE_CHECKING:
    from jaxtyping import Bool, Float64, Int64
    from torch import Tensor

VOCABULARY = 64
LENGTH = 32

# Chance that a token seen before is followed by what followed it then, and likewise that a copied
# stretch goes on for one more token. High enough that induction pays, low enough that one stretch
# in five is just "A B": an earlier context longer than A must not be needed to find B.
COPY = 0.85

# Named seeds for independent draws: the seed that a caller passes never makes them overlap.
_TABLE, _STREAMS, _EXAMPLES = 0, 1, 2


def bigram_table() -> Float64[np.ndarray, "vocabulary vocabulary"]:
    """Build the probability of each next token (columns) after each token (rows).

    Each row is the Zipf distribution 1/rank, ranks shuffled anew for each row. No token follows
    itself, so that "the token after the earlier A" is never A.
    """
    rng = np.random.default_rng(_TABLE)
    zipf = 1.0 / np.arange(1, VOCABULARY)
    table = np.zeros((VOCABULARY, VOCABULARY))
    for token, row in enumerate(table):
        row[np.arange(VOCABULARY) != token] = rng.permutation(zipf / zipf.sum())
    return table


def draw(
    rng: np.random.Generator, n: int, length: int = LENGTH
) -> tuple[Int64[Tensor, "n length"], Bool[Tensor, "n length"]]:
    """Draw ``n`` streams: their tokens, and where a token was copied.

    ``repeated[i, p]`` is True where token ``p - 1`` had occurred before and token ``p`` was copied
    from what followed it there: where induction predicts token ``p``.
    """
    cumulative = bigram_table().cumsum(axis=1)
    cumulative[:, -1] = 1.0  # rounding must not leave a gap above the last token
    rows = np.arange(n)
    tokens = np.zeros((n, length), dtype=np.int64)
    repeated = np.zeros((n, length), dtype=bool)
    tokens[:, 0] = rng.integers(VOCABULARY, size=n)
    last_seen = np.full((n, VOCABULARY), -1)
    source = np.full(n, -1)  # which earlier position token p - 1 repeats; -1: none
    begin = np.zeros(n, dtype=np.int64)  # where the running stretch began
    for p in range(1, length):
        current = tokens[:, p - 1]
        outside = source < 0
        source = np.where(outside, last_seen[rows, current], source)
        begin = np.where(outside, p - 1, begin)
        last_seen[rows, current] = p - 1
        # A stretch never runs into its own copy: it would go round in circles.
        copied = (source >= 0) & (source + 1 < begin) & (rng.random(n) < COPY)
        fresh = (rng.random((n, 1)) < cumulative[current]).argmax(axis=1)
        tokens[:, p] = np.where(copied, tokens[rows, source + 1], fresh)
        repeated[:, p] = copied
        source = np.where(copied, source + 1, -1)
    return torch.from_numpy(tokens), torch.from_numpy(repeated)


def streams(n: int, length: int = LENGTH, seed: int = 0) -> tuple[Int64[Tensor, "n length"], Bool[Tensor, "n length"]]:
    """Draw ``n`` seeded streams of the training distribution (see :func:`draw`)."""
    return draw(np.random.default_rng([_STREAMS, seed]), n, length)


def examples(n: int, seed: int, length: int = LENGTH) -> Int64[Tensor, "n length"]:
    """Draw ``n`` different streams that end in a plain case of induction: "A B ... A B".

    The last token B was copied, and the token A before it occurs exactly once earlier, followed
    there by B. So the task is read off the logits at position -2, which predict the last token.
    Where the earlier A stands, and for how long the two contexts agree before it, varies.
    """
    if length < 4:
        raise ValueError(f"length is {length}, but 'A B A B' needs at least 4 tokens")
    rng = np.random.default_rng([_EXAMPLES, seed])
    kept = torch.empty((0, length), dtype=torch.int64)
    while len(kept) < n:
        tokens, repeated = draw(rng, 4 * n, length)
        earlier = tokens[:, :-2] == tokens[:, -2:-1]
        followed = (earlier & (tokens[:, 1:-1] == tokens[:, -1:])).any(dim=1)
        kept = torch.cat([kept, tokens[repeated[:, -1] & (earlier.sum(dim=1) == 1) & followed]])
        # Drop rows seen before without disturbing the order in which they were drawn.
        _, index = np.unique(kept.numpy(), axis=0, return_index=True)
        kept = kept[np.sort(index)]
    return kept[:n]


def seen_before(tokens: Int64[Tensor, "n length"]) -> Int64[Tensor, "n length"]:
    """Count how often each token occurred earlier in its own sequence."""
    same = tokens[:, :, None] == tokens[:, None, :]
    return same.tril(diagonal=-1).sum(dim=2)


def bigram_loss(tokens: Int64[Tensor, "n length"]) -> Float64[Tensor, "n length_minus_1"]:
    """Compute the loss in nats, for tokens 1 onwards, of one who knows only the bigram table."""
    table = torch.from_numpy(bigram_table())
    return -table[tokens[:, :-1], tokens[:, 1:]].log()
