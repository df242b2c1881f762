"""Strings of parentheses: balanced, nearly balanced, shuffled and random; and what can be said of them.

An input is ``START ( ) ... END PAD ... PAD``, 42 positions in all: strings have an even number of
parentheses from 2 to 40. A string is balanced if it passes two tests: as many opens as closes
(**count**), and no suffix with more opens than closes (**horizon**: read from the right, the
running height never dips below the ground).

Everything derives from seeds: no file, no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jaxtyping import Bool, Int64
    from torch import Tensor

START, PAD, END, OPEN, CLOSE = range(5)
VOCABULARY = ("[", "_", "]", "(", ")")
LONGEST = 40
POSITIONS = LONGEST + 2

KINDS = ("random", "shuffled", "near", "balanced")
"""Kinds of strings: see :func:`draw`."""

SHARES = (0.5, 0.125, 0.125, 0.25)
"""Share of each kind in the task's data: as in the original study, about one string in three is balanced."""

# Named seeds for independent draws: the seed that a caller passes never makes them overlap.
_EXAMPLES, _TRAINING, _HELD_OUT = 0, 1, 2

Steps = npt.NDArray[np.int64]
"""Parentheses as +1 (open) and -1 (close), 0 after the end: ``[n, 40]``."""


@dataclass(frozen=True)
class Strings:
    """Strings of parentheses.

    Attributes
    ----------
    steps : array of int
        +1 for an open, -1 for a close, 0 after the end; ``[n, 40]``.
    kind : array of int
        How each was drawn: index into :data:`KINDS`, ``[n]``.
    """

    steps: Steps
    kind: npt.NDArray[np.int64]

    @property
    def tokens(self) -> Int64[Tensor, "n pos"]:
        """The inputs of the model."""
        n, length = len(self.steps), np.abs(self.steps).sum(1)
        tokens = np.full((n, POSITIONS), PAD)
        tokens[:, 0] = START
        tokens[:, 1:-1] = np.choose(self.steps + 1, [CLOSE, PAD, OPEN])
        tokens[np.arange(n), length + 1] = END
        return torch.from_numpy(tokens)


def mask_of(tokens: Int64[Tensor, "n pos"]) -> Bool[Tensor, "n pos"]:
    """Where there is a token that is not padding."""
    return tokens != PAD


def steps_of(tokens: Int64[Tensor, "n pos"]) -> Steps:
    """The parentheses of inputs as +1 and -1, 0 elsewhere."""
    inner = np.asarray(tokens)[:, 1:-1]
    return np.asarray((inner == OPEN).astype(np.int64) - (inner == CLOSE))


# -- drawing ----------------------------------------------------------------------------------------------------------


def draw(rng: np.random.Generator, kind: Steps) -> Strings:
    """Draw one string for each entry of ``kind`` (index into :data:`KINDS`), its length uniform over 2, 4, ... 40.

    - *random*: every parenthesis is a fair coin;
    - *shuffled*: as many opens as closes, in random order;
    - *near*: balanced, then one parenthesis flipped or two different ones exchanged (which may leave it balanced);
    - *balanced*: uniform among the balanced strings of its length.
    """
    n = len(kind)
    length = 2 * rng.integers(1, LONGEST // 2 + 1, size=n)
    inside = np.arange(LONGEST) < length[:, None]
    coins = np.where(inside, 2 * rng.integers(2, size=inside.shape) - 1, 0)
    shuffled = _shuffled(rng, length, inside)
    balanced = _balanced(rng, length, inside)
    near = _nearly(rng, balanced)
    steps = np.choose(kind[:, None], [coins, shuffled, near, balanced])
    return Strings(steps, kind)


def _shuffled(rng: np.random.Generator, length: Steps, inside: npt.NDArray[np.bool_]) -> Steps:
    """Half opens, half closes: the places with the lower random keys are open."""
    rank = np.where(inside, rng.random(inside.shape), np.inf).argsort(1).argsort(1)
    return np.where(inside, np.where(rank < length[:, None] // 2, 1, -1), 0)


def _balanced(rng: np.random.Generator, length: Steps, inside: npt.NDArray[np.bool_]) -> Steps:
    """Uniform balanced strings, from left to right with exact odds.

    With height h and r steps left, the share of ways to end at 0 without dipping that go up is
    (h + 2)(r - h) / (2 r (h + 1)).
    """
    steps = np.zeros(inside.shape, dtype=np.int64)
    height = np.zeros(len(length), dtype=np.int64)
    u = rng.random(inside.shape)
    for place in range(inside.shape[1]):
        left = np.maximum(length - place, 1)
        up = u[:, place] < (height + 2) * (left - height) / (2 * left * (height + 1))
        steps[:, place] = np.where(inside[:, place], np.where(up, 1, -1), 0)
        height += steps[:, place]
    return steps


def _nearly(rng: np.random.Generator, balanced: Steps) -> Steps:
    """One flip, or one exchange of an open and a close, each for half of the strings."""
    steps = balanced.copy()
    rows = np.arange(len(steps))
    keys = rng.random(steps.shape)
    one_open = np.where(steps == 1, keys, -1).argmax(1)
    one_close = np.where(steps == -1, keys, -1).argmax(1)
    anywhere = np.where(steps != 0, keys, -1).argmax(1)
    flip = rng.random(len(steps)) < 0.5
    steps[rows[flip], anywhere[flip]] *= -1
    steps[rows[~flip], one_open[~flip]] = -1
    steps[rows[~flip], one_close[~flip]] = 1
    return steps


def examples(n: int, seed: int) -> Strings:
    """Draw the strings of the task: the kinds in their :data:`SHARES`."""
    rng = np.random.default_rng([_EXAMPLES, seed])
    return draw(rng, rng.choice(len(KINDS), size=n, p=SHARES))


def training(seed: int, size: int) -> Iterator[Strings]:
    """Draw batches for training without end, a quarter of each kind."""
    rng = np.random.default_rng([_TRAINING, seed])
    while True:
        yield draw(rng, np.arange(size) % len(KINDS))


def held_out(kind: str, n: int, seed: int) -> Strings:
    """Draw strings of one kind to measure on."""
    which = KINDS.index(kind)
    return draw(np.random.default_rng([_HELD_OUT, seed, which]), np.full(n, which))
