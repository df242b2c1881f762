"""Rules to try in a claim: those of the task and their pairs, each partition of the inputs once, from coarse to fine."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

import numpy as np

from ..classes import Ints
from ..errors import RuleError, ScrubError, listed
from ..measure.guards.claims import ALONE, UNTESTABLE
from ..rules import ANY, SAME
from ..task import Task

MOST = 150
"""Partitions that are measured at most; of the pairs, the finest are left out first."""


@dataclass(frozen=True)
class Partition:
    """How a rule parts the inputs at the positions that are read.

    Attributes
    ----------
    codes : array of int
        ``[n]``, or ``[n, read]`` where each position draws by itself; numbered by first occurrence at each position.
    """

    codes: Ints = field(repr=False)

    @classmethod
    def of(cls, codes: Ints, read: Sequence[int]) -> Partition:
        """Of a rule's classes: where a single position is read, a position-wise rule has one label for each input."""
        if codes.ndim == 2:
            codes = codes[:, list(read)]
            codes = codes[:, 0] if codes.shape[1] == 1 else codes
        columns = [_numbered(column) for column in codes.reshape(len(codes), -1).T]
        return cls(np.stack(columns, 1).reshape(codes.shape))

    def and_(self, other: Partition) -> Partition:
        """Inputs are alike if both say so; position-wise if one of the two is."""
        a, b = self.codes, other.codes
        if a.ndim != b.ndim:
            a, b = (x[:, None] if x.ndim == 1 else x for x in (a, b))
        both = a * (int(b.max()) + 1) + b
        return Partition.of(both, range(both.shape[1]) if both.ndim == 2 else ())

    @property
    def key(self) -> str:
        """Equal for rules that allow the same swaps; where every input is alone, whoever draws."""
        if self.trivial == SAME:
            return SAME
        digest = hashlib.blake2b(np.ascontiguousarray(self.codes).tobytes(), digest_size=16).hexdigest()
        return f"{self.codes.ndim} {digest}"

    def _sizes(self) -> list[Ints]:
        return [np.bincount(column) for column in self.codes.reshape(len(self.codes), -1).T]

    @property
    def trivial(self) -> str | None:
        """``any input`` or ``same input`` where it says just that."""
        most = [len(sizes) for sizes in self._sizes()]
        if max(most) == 1:
            return ANY
        return SAME if min(most) == len(self.codes) else None

    @property
    def bits(self) -> float:
        """Entropy of the class of a uniform input, mean over the positions that are read."""
        shares = [sizes / len(self.codes) for sizes in self._sizes()]
        return float(np.mean([-(p * np.log2(p)).sum() for p in shares])) + 0.0

    @property
    def classes(self) -> float:
        """How many classes, mean over the positions."""
        return float(np.mean([len(sizes) for sizes in self._sizes()]))

    @property
    def self_share(self) -> float:
        """Chance that a draw gives the same input back."""
        return self.classes / len(self.codes)

    @property
    def untestable(self) -> bool:
        """Whether so many draws give the same input back, or so many inputs are alone, that little is swapped."""
        alone = float(np.mean([(sizes == 1).sum() / len(self.codes) for sizes in self._sizes()]))
        return self.self_share > UNTESTABLE or alone > ALONE


@dataclass(frozen=True)
class Candidate:
    """A rule to try.

    Attributes
    ----------
    rule : str
        Its name; of a pair ``"first + second"``.
    parts : tuple of str
        The two rules of a pair; else empty.
    twins : tuple of str
        Other rules that allow the same swaps here.
    bits : float
        What it keeps of the input: the entropy of its classes.
    classes : float
        How many classes, at each position.
    self_share : float
        Chance that a draw gives the same input back.
    says : str or None
        ``any input`` or ``same input`` where it says just that.
    untestable : bool
        Whether too few inputs can be swapped under it; never of ``same input``, which swaps none on purpose.
    """

    rule: str
    parts: tuple[str, ...]
    twins: tuple[str, ...]
    bits: float
    classes: float
    self_share: float
    says: str | None
    untestable: bool


@dataclass(frozen=True)
class Found:
    """What is tried, and what is not.

    Attributes
    ----------
    candidates : tuple of Candidate
        ``same input`` first, which the others are compared with, then from coarse to fine.
    skipped : dict of str to str
        Rules that cannot be applied here, with the reason.
    pairs_left_out : int
        Pairs that were too fine to be tested, or too many.
    """

    candidates: tuple[Candidate, ...]
    skipped: dict[str, str]
    pairs_left_out: int


def find(task: Task, names: Sequence[str] | None, present: str, read: Sequence[int], combine: bool) -> Found:
    """Collect the rules to try.

    Parameters
    ----------
    task : Task
        With the data.
    names : sequence of str, optional
        Which rules; default: all of the task. ``same input`` and the present one are tried in any case.
    present : str
        The claim's own rule.
    read : sequence of int
        Positions at which the claim is read.
    combine : bool
        Whether to try pairs of them.
    """
    wanted = tuple(dict.fromkeys([SAME, present, *_chosen(task, names)]))
    singles, skipped = dict[str, Partition](), dict[str, str]()
    for name in wanted:
        try:
            singles[name] = Partition.of(task.classes(name).codes, read)
        except RuleError as error:
            if names is not None or name in (SAME, present):
                raise
            skipped[name] = str(error)
    kept: dict[str, Candidate] = {}
    for name, partition in singles.items():
        _note(kept, name, (), partition)
    pairs = list(_pairs(task, singles)) if combine else []
    fine = sum(partition.untestable for *_, partition in pairs if partition.key not in kept)
    more: dict[str, Candidate] = {}
    for name, parts, partition in pairs:
        if partition.key not in kept and not partition.untestable:
            _note(more, name, parts, partition)
    room = max(0, MOST - len(kept))
    coarsest = sorted(more.values(), key=_coarse)[:room]
    same, *rest = sorted([*kept.values(), *coarsest], key=lambda c: (c.rule != SAME, _coarse(c)))
    return Found((same, *rest), skipped, fine + len(more) - len(coarsest))


def _chosen(task: Task, names: Sequence[str] | None) -> Sequence[str]:
    if names is None:
        return tuple(task.rules)
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        raise ScrubError(
            f"rules= takes a list of names of rules, not {names!r}; the task has {listed(task.rules, 20)}."
        )
    if not names:
        raise ScrubError(f"rules= takes at least one rule; the task has {listed(task.rules, 20)}.")
    return names


def _pairs(task: Task, singles: dict[str, Partition]) -> Iterator[tuple[str, tuple[str, ...], Partition]]:
    """Every two rules that say something and are no twins; each partition alone stands for its twins."""
    seen = {SAME, *(p.key for p in singles.values() if p.trivial is not None)}
    different: list[tuple[str, Partition]] = []
    for name, partition in singles.items():
        if partition.key not in seen:
            seen.add(partition.key)
            different.append((name, partition))
    for (one, a), (other, b) in combinations(different, 2):
        name = f"{one} + {other}"
        yield name if name not in task.rules else f"{name} (both)", (one, other), a.and_(b)


def _note(kept: dict[str, Candidate], name: str, parts: tuple[str, ...], partition: Partition) -> None:
    """A new partition, or a twin of one that is there."""
    key = partition.key
    if key in kept:
        kept[key] = replace(kept[key], twins=(*kept[key].twins, name))
        return
    says = partition.trivial
    kept[key] = Candidate(
        name, parts, (), partition.bits, partition.classes, partition.self_share, says,
        partition.untestable and says != SAME,
    )  # fmt: skip


def _coarse(c: Candidate) -> tuple[float, int, str]:
    return round(c.bits, 9), len(c.parts), c.rule


def _numbered(column: Ints) -> Ints:
    """Labels as numbers in the order in which they first occur."""
    _, first, where = np.unique(column, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[where.reshape(column.shape)]
