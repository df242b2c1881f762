"""Equivalence classes whose labels are permuted over the inputs, for each reference anew: what a rule is worth that knows nothing.

To permute the labels is to rename the inputs: a donor under permuted labels is ``back(pick(there(x)))``, with ``there`` a
random permutation of the inputs and ``back`` its inverse. Each reference has a permutation of its own, so references stay
independent draws and their interval counts the noise of the permutation too. The permutations are never stored: a small
keyed cipher computes them where they are needed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from .classes import Classes, Ints
from .engine.draws import stream

Words = npt.NDArray[np.uint64]


@dataclass(frozen=True)
class EachPermuted(Classes):
    """The classes of a rule, with the inputs renamed by a permutation of its own for each reference.

    Attributes
    ----------
    inner : Classes
        The rule's own classes.
    seed : int
    rule : str
        With the seed, the key of the permutations: all claims of one rule share them.
    """

    inner: Classes
    seed: int
    rule: str

    @classmethod
    def of(cls, inner: Classes, seed: int, rule: str) -> Classes:
        """Permute the labels of these classes; without labels they stay as they are, with the same draws."""
        if not inner.labelled:
            return inner
        own = {field.name: getattr(inner, field.name) for field in fields(Classes)}
        return cls(**own, inner=inner, seed=seed, rule=rule)

    def pick(self, like: Ints, u: npt.NDArray[np.float64]) -> Ints:
        """Draw an input from the class that each input in ``like`` has for its reference (the first axis)."""
        size = len(self.codes)
        keys = stream(self.seed, f"permuted {self.rule}").integers(2**64, size=len(like), dtype=np.uint64)
        picked = self.inner.pick(shuffled(like, keys, size), u)
        return shuffled(picked, keys, size, back=True)


def shuffled(values: Ints, keys: Words, size: int, *, back: bool = False) -> Ints:
    """Values under random permutations of ``0 .. size - 1``, one for each key.

    Parameters
    ----------
    values : array of int
        ``[n, ...]``, each below ``size``.
    keys : array of uint64
        ``[n]``: rows with one key have one permutation.
    size : int
        Of the set that is permuted.
    back : bool
        The inverse permutation.
    """
    half = np.uint64(max(1, ((size - 1).bit_length() + 1) // 2))
    found = values.astype(np.uint64).reshape(-1)
    own = np.broadcast_to(keys.reshape(-1, *[1] * (values.ndim - 1)), values.shape).reshape(-1)
    todo = np.arange(found.size)
    while todo.size:  # the cipher permutes a power of two: walk on until the value is inside again
        found[todo] = _cipher(found[todo], own[todo], half, back=back)
        todo = todo[found[todo] >= size]
    return found.astype(np.int64).reshape(values.shape)


def _cipher(values: Words, keys: Words, half: np.uint64, *, back: bool) -> Words:
    """A Feistel network: whatever the mixing function, each round can be undone. Small sets need more rounds."""
    mask = (np.uint64(1) << half) - np.uint64(1)
    turns = range(4 + 24 // int(half))
    left, right = values >> half, values & mask
    if back:
        left, right = right, left
    for turn in reversed(turns) if back else turns:
        left, right = right, left ^ (_mixed(keys + right * np.uint64(0x9E3779B97F4A7C15) + np.uint64(turn)) & mask)
    if back:
        left, right = right, left
    return (left << half) | right


def _mixed(words: Words) -> Words:
    """Every bit of the outcome depends on every bit given (splitmix64)."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
