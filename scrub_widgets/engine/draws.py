"""Donors: which input each claim takes its value from. Numpy only; every draw is keyed by (seed, path).

Streams are counter-based (Philox): to change one claim leaves all other draws as they were, and the first
``n`` references and donors do not depend on how many are asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from ..classes import Classes, Ints
from ..errors import HypothesisError, ScrubError, listed
from ..hypothesis import ROOT, Claim, Hypothesis

Floats = npt.NDArray[np.float64]
Unclaimed = Literal["per receiver", "per component", "global"]
"""Who shares the random donor of unclaimed inputs: those of one claim, none, or the whole run."""

POLICIES: tuple[Unclaimed, ...] = get_args(Unclaimed)
MAX_DRAWS = 2**28
"""Most numbers that one claim may draw: nested position-wise claims multiply by the positions each time."""


def stream(seed: int, key: str) -> np.random.Generator:
    """The random stream of one path."""
    digest = hashlib.blake2b(f"{seed}:{key}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))


def draw_key(claim: Claim) -> str:
    """What keys a claim's stream: its path, or the name of the draw that it shares."""
    return claim.id if claim.share is None else f"share {claim.share}"


def draw_references(inputs: int, samples: int, seed: int) -> Ints:
    """Reference inputs: uniform with replacement, so that they are independent draws, ``[samples]``."""
    return stream(seed, "references").integers(inputs, size=samples)


class Draws:
    """All donors of one run, drawn as they are asked for.

    Parameters
    ----------
    hypothesis : Hypothesis
        The claims.
    classes : mapping of str to Classes
        The classes of each rule that the hypothesis names.
    references : array of int
        ``[n]``.
    seed : int
        With the claim's path, the key of each stream.
    unclaimed : {"per receiver", "per component", "global"}
        The policy.
    inputs, positions : int
        Size of the data set.
    """

    def __init__(
        self,
        hypothesis: Hypothesis,
        classes: Mapping[str, Classes],
        references: Ints,
        seed: int,
        unclaimed: Unclaimed,
        inputs: int,
        positions: int,
    ) -> None:
        self.hypothesis = hypothesis
        self.references = references
        self.seed = seed
        self.unclaimed: Unclaimed = unclaimed
        self._classes = classes
        self._inputs = inputs
        self._positions = positions
        self._drawn: dict[str, Ints] = {ROOT: references}

    def positionwise(self, claim: Claim) -> bool:
        """Whether the claim draws one donor for each position."""
        return self._classes[claim.rule].positionwise

    def donor(self, claim: Claim | str) -> Ints:
        """Donors of a claim: ``[n]``, with one more axis ``[.., pos]`` for every position-wise draw on the way down."""
        claim_id = claim if isinstance(claim, str) else claim.id
        if claim_id not in self._drawn:
            self._drawn[claim_id] = self._draw(self.hypothesis[claim_id])
        return self._drawn[claim_id]

    def others(self, claim_id: str, component: str | None = None) -> Ints:
        """Donors of a claim's unclaimed inputs (of one component, under ``per component``), shaped as the claim's donors."""
        shape = self.donor(claim_id).shape
        if self.unclaimed == "global":
            run = self._uniform(f"{ROOT}/unclaimed", self.references.shape)
            return np.broadcast_to(run.reshape(run.shape + (1,) * (len(shape) - 1)), shape)
        key = f"{claim_id}/unclaimed" + ("" if component is None else f"/{component}")
        return self._uniform(key, shape)

    def baseline(self) -> Ints:
        """The random input whose output stands for each reference in the shuffled baseline, ``[n]``.

        The stream is that of the output's unclaimed inputs: with no claims at all, scrubbing gives the baseline itself.
        """
        return self._uniform(f"{ROOT}/unclaimed", self.references.shape)

    def _uniform(self, key: str, shape: tuple[int, ...]) -> Ints:
        if key not in self._drawn:
            u = self._u(key, shape, lambda: np.full(shape, self._inputs))
            self._drawn[key] = (u * self._inputs).astype(np.int64)
        return self._drawn[key]

    def _u(self, key: str, shape: tuple[int, ...], choices: Callable[[], Ints]) -> Floats:  # noqa: ARG002
        """Uniform numbers in [0, 1) for one draw; ``choices`` is how many inputs each of them chooses from."""
        return stream(self.seed, key).random(shape)

    def _draw(self, claim: Claim) -> Ints:
        above = self.donor(claim.parent)
        classes = self._classes[claim.rule]
        shape = (*above.shape, self._positions) if classes.positionwise else above.shape
        if int(np.prod(shape)) > MAX_DRAWS:
            raise ScrubError(
                f"'{claim.id}' stands under {len(shape) - 2} other position-wise claims and needs {' x '.join(map(str, shape))} "
                "draws; take fewer samples or a rule with one label for each input.",
                where=claim.id,
            )
        donors = classes.pick(above, self._u(draw_key(claim), shape, lambda: classes.size[classes.codes[above]]))
        if claim.share is not None:
            self._check_shared(claim, donors)
        return donors

    def _check_shared(self, claim: Claim, donors: Ints) -> None:
        for other in self.hypothesis:
            drawn = self._drawn.get(other.id)
            if other.share == claim.share and drawn is not None and not np.array_equal(drawn, donors):
                raise HypothesisError(
                    f"{listed([other.id, claim.id])} cannot have one draw '{claim.share}': claims with one draw need the same "
                    "rule and must stand under one claim, or under claims that have one draw themselves.",
                    where=claim.id,
                )


class DrawsOfOne(Draws):
    """The draws of one reference of a run; some may be drawn again, all other random numbers stay as they are.

    Parameters
    ----------
    run : Draws
        The run's draws.
    number : int
        Which of its references.
    again : mapping of str to int
        Key of a draw to how often it was drawn again. Each time it gives another input than the time before, where its
        class has one. The claims under it follow with the random numbers that they had: a donor changes only where its
        class does.
    """

    def __init__(self, run: Draws, number: int, again: Mapping[str, int]) -> None:
        one = run.references[number : number + 1]
        super().__init__(run.hypothesis, run._classes, one, run.seed, run.unclaimed, run._inputs, run._positions)
        self.number = number
        self.again = dict(again)

    def _u(self, key: str, shape: tuple[int, ...], choices: Callable[[], Ints]) -> Floats:
        u: Floats = stream(self.seed, key).random((self.number + 1, *shape[1:]))[self.number :]
        times = self.again.get(key, 0)
        if not times:
            return u
        size = choices()
        chosen = (u * size).astype(np.int64)
        for time in range(1, times + 1):
            fresh = stream(self.seed, f"{key}/reference {self.number}/again {time}").random(shape)
            chosen = np.where(size > 1, (chosen + 1 + (fresh * (size - 1)).astype(np.int64)) % size, chosen)
        return (chosen + 0.5) / size
