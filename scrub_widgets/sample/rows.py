"""What each node of the hypothesis saw on one example: its donor, the class that it was drawn from, a tag for each source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..classes import Classes, Ints
from ..engine.draws import DrawsOfOne, draw_key
from ..graph.base import Layout
from ..hypothesis import ROOT, WHOLE, Claim, Hypothesis
from ..inputs import Held
from ..rules import find, shows_tokens

if TYPE_CHECKING:
    from ..task import Task

REFERENCE = "ref"
"""The tag of the reference input where it was kept and not drawn."""


@dataclass(frozen=True)
class Source:
    """An input that a draw gave: the same draw of the same input is one source, with one tag.

    Attributes
    ----------
    tag : str
        ``ref``, ``#17``; ``#17·A`` where another draw of the run gave input 17 as well.
    input : int
        Number of the input.
    draw : str
        The draw: a claim's id, ``share <name>``, ``<claim>/unclaimed``, or ``ref``.
    """

    tag: str
    input: int
    draw: str


@dataclass(frozen=True)
class Seen:
    """A claim, or the unclaimed inputs of one, on one example.

    Lists have one entry, or one for each position where the rule draws position by position.

    Attributes
    ----------
    id, parent, port, components, rule, share
        As of the claim. The unclaimed inputs of a claim have the id ``"<claim id>/unclaimed"`` (and ``/<component>`` where each
        has its own donor), that claim as parent and no rule.
    draw : str
        Key of the draw, the same for claims that share one.
    donors : array of int
        Inputs.
    sources : tuple of Source
        The same with their tags.
    labels : tuple of str
        The label under the rule.
    sizes : array of int
        How many inputs could have been drawn: the size of the class, or of the data set.
    enters : bool
        Whether the donor's values enter the model: a claim with claims under it is recomputed, its donor only passes labels down.
    held : array of bool
        ``[pos]``: where it is about.
    rank : int
        How deep it stands, 1 under the output.
    """

    id: str
    parent: str
    port: str
    components: tuple[str, ...]
    rule: str
    share: str | None
    draw: str
    donors: Ints
    sources: tuple[Source, ...]
    labels: tuple[str, ...]
    sizes: Ints
    enters: bool
    held: npt.NDArray[np.bool_]
    rank: int

    @property
    def unclaimed(self) -> bool:
        """Whether these are the unclaimed inputs of a claim."""
        return not self.rule

    @property
    def probability(self) -> npt.NDArray[np.float64]:
        """The chance that exactly this input was drawn: one over the size of the class."""
        return 1.0 / self.sizes

    @property
    def fixed(self) -> bool:
        """Whether nothing else could have been drawn."""
        return bool((self.sizes == 1).all())


@dataclass
class Tags:
    """Hands out tags: never the same for two sources, and never another for one that already has one."""

    _given: dict[tuple[str, int], Source] = field(default_factory=dict)
    _uses: dict[int, int] = field(default_factory=dict)

    def of(self, draw: str, number: int) -> Source:
        """The source that this draw of this input is."""
        if (draw, number) not in self._given:
            self._given[draw, number] = Source(self._tag(draw, number), number, draw)
        return self._given[draw, number]

    def _tag(self, draw: str, number: int) -> str:
        if draw == REFERENCE:
            return REFERENCE
        before = self._uses.get(number, 0)
        self._uses[number] = before + 1
        return f"#{number}" if not before else f"#{number}·{_letters(before - 1)}"


def _letters(n: int) -> str:
    """A .. Z, AA, AB, ..."""
    return (_letters(n // 26 - 1) if n >= 26 else "") + chr(ord("A") + n % 26)


@dataclass(frozen=True)
class Reader:
    """Reads the rows of one example.

    Attributes
    ----------
    task : Task
    layout : Layout
        Components of the graph that was scrubbed.
    draws : DrawsOfOne
    classes : mapping of str to Classes
    held : mapping of str to array of bool
        Where claims hold that do not hold everywhere, ``[pos]`` or ``[inputs, pos]``.
    at : int
        Under a claim that draws position by position every position has draws of its own; the rows are those for this one.
    """

    task: Task
    layout: Layout
    draws: DrawsOfOne
    classes: Mapping[str, Classes]
    held: Mapping[str, Held]
    at: int

    @property
    def hypothesis(self) -> Hypothesis:
        """What was scrubbed."""
        return self.draws.hypothesis

    def rows(self, tags: Tags) -> tuple[Seen, ...]:
        """All rows, parents before children; the unclaimed inputs of a claim after the claims under it."""
        known: dict[str, tuple[Source, ...]] = {ROOT: (tags.of(REFERENCE, int(self.draws.references[0])),)}
        return tuple(self._under(ROOT, 1, known, tags))

    def _under(self, owner: str, rank: int, known: dict[str, tuple[Source, ...]], tags: Tags) -> Iterator[Seen]:
        for claim in self.hypothesis.children(owner):
            row = self._claim(claim, rank, known, tags)
            known[claim.id] = row.sources
            yield row
            yield from self._under(claim.id, rank + 1, known, tags)
        if owner == ROOT or self.hypothesis.children(owner):
            yield from self._unclaimed(owner, rank, tags)

    def donors(self, claim_id: str) -> Ints:
        """A claim's donors as one list: what stands above it is taken at :attr:`at`."""
        return self._list(self.draws.donor(claim_id), self._positionwise(claim_id))

    def _positionwise(self, claim_id: str) -> bool:
        return claim_id != ROOT and self.draws.positionwise(self.hypothesis[claim_id])

    def _list(self, donors: Ints, own_axis: bool) -> Ints:
        """``[1, pos, .., own]`` to ``[own]`` (or ``[1]``)."""
        axes = donors.ndim - 1 - own_axis
        found: Ints = donors[(0, *[self.at] * axes)].reshape(-1)
        return found

    def _above(self, claim: Claim, count: int) -> Ints:
        """The donor of the claim above, for each of a claim's draws."""
        above = self.donors(claim.parent)
        return np.broadcast_to(above[self.at : self.at + 1] if len(above) > 1 else above, (count,))

    def _claim(self, claim: Claim, rank: int, known: Mapping[str, tuple[Source, ...]], tags: Tags) -> Seen:
        donors = self.donors(claim.id)
        classes = self.classes[claim.rule]
        above = self._above(claim, len(donors))
        where = np.arange(len(donors))
        codes = classes.codes[above, where] if classes.positionwise else classes.codes[above]
        labels = classes.labels[above, where] if classes.positionwise else classes.labels[above]
        sizes = classes.size[codes]
        over = known[claim.parent]
        over = over * len(donors) if len(over) == 1 else (over[self.at],) * len(donors)
        key = draw_key(claim)
        # Alone in its class, an input was not drawn but kept: it is the source of the claim above.
        sources = tuple(over[i] if sizes[i] == 1 else tags.of(key, int(donor)) for i, donor in enumerate(donors))
        return Seen(
            id=claim.id,
            parent=claim.parent,
            port=claim.port,
            components=claim.components,
            rule=claim.rule,
            share=claim.share,
            draw=key,
            donors=donors,
            sources=sources,
            labels=tuple(self._words(claim.rule, labels)),
            sizes=sizes,
            enters=not self.hypothesis.children(claim.id),
            held=self._held(claim),
            rank=rank,
        )

    def _words(self, rule: str, labels: npt.NDArray[np.generic]) -> Iterator[str]:
        tokens = shows_tokens(find(rule, self.task.rules, self.task.positions))
        for label in labels:
            yield self.task.word(int(label)) if tokens and int(label) >= 0 else str(label)

    def _held(self, claim: Claim) -> npt.NDArray[np.bool_]:
        if claim.id not in self.held:
            return np.ones(self.task.positions, dtype=np.bool_)
        held = self.held[claim.id]
        return held if held.ndim == 1 else held[self._above(claim, 1)[0]]

    # -- unclaimed inputs -------------------------------------------------------------------------------------------

    def _unclaimed(self, owner: str, rank: int, tags: Tags) -> Iterator[Seen]:
        for component, held in self._open(owner).items():
            name = component or None
            donors = self._list(self.draws.others(owner, name), own_axis=False)
            everyone = self.draws.unclaimed == "global"
            draw = f"{ROOT if everyone else owner}/unclaimed" + (f"/{component}" if component else "")
            yield Seen(
                id=f"{owner}/unclaimed" + (f"/{component}" if component else ""),
                parent=owner,
                port="",
                components=(component,) if component else (),
                rule="",
                share=None,
                draw=draw,
                donors=donors,
                sources=tuple(tags.of(draw, int(donor)) for donor in donors),
                labels=("",) * len(donors),
                sizes=np.full(len(donors), len(self.task)),
                enters=True,
                held=held,
                rank=rank,
            )

    def _open(self, owner: str) -> dict[str, npt.NDArray[np.bool_]]:
        """Where unclaimed inputs enter what a claim reads: by component, or under ``""`` where all have one donor."""
        found: dict[str, npt.NDArray[np.bool_]] = {}
        owners = (ROOT,) if owner == ROOT else self.hypothesis[owner].components
        alone = self.draws.unclaimed == "per component"
        for name in owners:
            ports = self.layout.owner_ports(name)
            for port in ports if len(ports) > 1 else ("",):
                for sender, free in self._free(owner, port, self.layout.senders(name)).items():
                    if free.any():
                        key = sender if alone else ""
                        found[key] = found.get(key, False) | free
        return found

    def _free(self, owner: str, port: str, senders: tuple[str, ...]) -> dict[str, npt.NDArray[np.bool_]]:
        """The positions at which nothing claims a sender of a port."""
        free = {sender: np.ones(self.task.positions, dtype=np.bool_) for sender in senders}
        for claim in self.hypothesis.children(owner):
            if claim.port == port:
                taken = ~self._held(claim)
                for sender in senders if claim.components == (WHOLE,) else claim.components:
                    if sender in free:
                        free[sender] = free[sender] & taken
        return free
