"""How well edges were ranked or chosen, against a true set of edges: ROC curves, areas under them, precision and recall.

A curve begins at (0, 0), nothing found, and ends at (1, 1), everything called found. Where edges share a score, or a ladder of
thresholds leaps, nobody knows in which order they would have come; what is made of that leap is a convention, so all three
are there: a straight line (:attr:`Roc.auc`: a tie counts half, the chance that a true edge outranks a false one), every
false edge first (:attr:`Roc.pessimistic`: what ACDC's tables show), every true edge first (:attr:`Roc.optimistic`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby, pairwise

from ..errors import CircuitError
from .circuit import Edge, Key

Point = tuple[float, float]
"""Share of the false edges, and of the true edges, that are called found."""


@dataclass(frozen=True)
class Roc:
    """A ROC curve.

    Attributes
    ----------
    points : tuple of Point
        From (0, 0) to (1, 1); neither share ever falls.
    true, false : int
        How many edges there are of each kind.
    """

    points: tuple[Point, ...]
    true: int
    false: int

    @property
    def auc(self) -> float:
        """Area under the straight lines between the points: a tie counts half."""
        return self._area(lambda low, high: (low + high) / 2)

    @property
    def pessimistic(self) -> float:
        """Area under the stairs below the curve: of a tie, the false edges come first."""
        return self._area(min)

    @property
    def optimistic(self) -> float:
        """Area under the stairs above the curve: of a tie, the true edges come first."""
        return self._area(max)

    def _area(self, height: Callable[[float, float], float]) -> float:
        return sum((right - left) * height(low, high) for (left, low), (right, high) in pairwise(self.points))

    def __str__(self) -> str:
        return (
            f"AUC {self.auc:.3f} (ties at worst {self.pessimistic:.3f}, at best {self.optimistic:.3f}; "
            f"{self.true} true edges, {self.false} false)"
        )


@dataclass(frozen=True)
class Found:
    """What a chosen set of edges has of the true one.

    Attributes
    ----------
    right, wrong, missed : tuple of Key
        Found and true; found and false; true and not found; sorted.
    """

    right: tuple[Key, ...]
    wrong: tuple[Key, ...]
    missed: tuple[Key, ...]

    @property
    def precision(self) -> float:
        """Share of the found edges that are true; NaN if nothing was found."""
        return _share(len(self.right), len(self.right) + len(self.wrong))

    @property
    def recall(self) -> float:
        """Share of the true edges that were found; NaN if there is none."""
        return _share(len(self.right), len(self.right) + len(self.missed))

    def __str__(self) -> str:
        found, true = len(self.right) + len(self.wrong), len(self.right) + len(self.missed)
        return f"precision {self.precision:.2f}, recall {self.recall:.2f} ({found} found, {len(self.right)} of {true})"


def roc_of_scores(scores: Mapping[Key, float], truth: Iterable[Edge | Key], *, decimals: int | None = None) -> Roc:
    """Rank edges by a score, the largest first.

    Parameters
    ----------
    scores : mapping of Key to float
        Of every edge that could have been found, ``(sender, receiver, port)``.
    truth : iterable of Edge or Key
        The true edges.
    decimals : int, optional
        Scores that agree to so many decimals are ties: differences of rounding rank nothing.

    Raises
    ------
    CircuitError
        A true edge has no score, a score is not a number, or all edges are true or all false.
    """
    true, false = _split(scores, truth)
    odd = next((key for key, score in scores.items() if score != score), None)
    if odd is not None:
        raise CircuitError(f"the score of {Edge(*odd)} is not a number, so it cannot be ranked.")
    rounded = {key: score if decimals is None else round(score, decimals) + 0.0 for key, score in scores.items()}
    points, found = [(0.0, 0.0)], [0, 0]
    ranked = sorted(scores, key=lambda key: -rounded[key])
    for _, tied in groupby(ranked, key=lambda key: rounded[key]):
        for key in tied:
            found[key in true] += 1
        points.append((found[0] / len(false), found[1] / len(true)))
    return Roc(tuple(points), len(true), len(false))


def roc_of_circuits(
    circuits: Iterable[Collection[Edge | Key]], truth: Iterable[Edge | Key], among: Iterable[Edge | Key]
) -> Roc:
    """A curve through circuits, one for each threshold of a ladder, as ACDC's are made.

    Greedy circuits need not be nested. A circuit that has fewer true edges than one with no more false edges is no point of
    the curve: the better one is taken for both.

    Parameters
    ----------
    circuits : iterable of collections of Edge or Key
        The edges kept, in any order of thresholds.
    truth : iterable of Edge or Key
        The true edges.
    among : iterable of Edge or Key
        Every edge that could have been found.

    Raises
    ------
    CircuitError
        An edge is not one of ``among``, or all edges are true or all false.
    """
    everything = _keys(among)
    true, false = _split(everything, truth)
    points = []
    for circuit in circuits:
        kept = _keys(circuit)
        _check_known(kept - everything, "an edge of a circuit")
        points.append((len(kept & false) / len(false), len(kept & true) / len(true)))
    curve: list[Point] = [(0.0, 0.0)]
    for share, recall in sorted(points):
        curve.append((share, max(recall, curve[-1][1])))
    return Roc((*curve, (1.0, 1.0)), len(true), len(false))


def found_of(circuit: Iterable[Edge | Key], truth: Iterable[Edge | Key]) -> Found:
    """Compare a chosen set of edges with the true one, whatever their scores."""
    kept, true = _keys(circuit), _keys(truth)
    return Found(tuple(sorted(kept & true)), tuple(sorted(kept - true)), tuple(sorted(true - kept)))


def _split(everything: Iterable[Key], truth: Iterable[Edge | Key]) -> tuple[set[Key], set[Key]]:
    known, true = set(everything), _keys(truth)
    _check_known(true - known, "a true edge")
    if not true or true == known:
        raise CircuitError(
            f"a ROC curve needs true edges and false ones; of {len(known)} edges {len(true)} are true here."
        )
    return true, known - true


def _check_known(odd: set[Key], what: str) -> None:
    if odd:
        raise CircuitError(f"{what}, {Edge(*min(odd))}, is none of those that could have been found.")


def _keys(edges: Iterable[Edge | Key]) -> set[Key]:
    return {edge.key if isinstance(edge, Edge) else edge for edge in edges}


def _share(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
