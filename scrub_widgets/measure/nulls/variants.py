"""Hypotheses to compare a hypothesis with: random components, the complement, a claim less, a claim more. No torch, no data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, groupby, islice, permutations, product

import numpy as np

from ...errors import HypothesisError, ScrubError, listed
from ...graph.base import Component, Layout
from ...hypothesis import ROOT, WHOLE, Claim, Hypothesis

SAME, ANY = "same input", "any input"
FEW = 5000
"""Up to so many hypotheses are written out, and drawn from without replacement."""
TRIES = 50
"""Tries for each one that is wanted, where there are more."""

Alike = tuple[str, int, str | None]
"""Kind, layer, and what it is a part of: components that may stand for each other."""

Where = Callable[[Claim], frozenset[int]]
"""The positions at which a claim holds."""


def renamed(h: Hypothesis, names: Mapping[str, str]) -> Hypothesis:
    """The same tree with other components; what is not named stays."""
    made, ids = Hypothesis(), {ROOT: ROOT}
    for claim in h:
        made, ids[claim.id] = made.claim(
            [names.get(c, c) for c in claim.components],
            under=_under(ids[claim.parent], claim.port),
            rule=claim.rule,
            paths=claim.paths,
            positions=claim.positions,
            share=claim.share,
        )
    return made


def random_hypotheses(
    h: Hypothesis, layout: Layout, draws: int, random: np.random.Generator, legal: Callable[[Hypothesis], bool]
) -> tuple[list[Hypothesis], bool]:
    """Hypotheses of the same shape on random components, none of them twice and none of them ``h``.

    One renaming holds for the whole tree: a component that is claimed twice stays one component, and siblings stay apart.

    Returns
    -------
    list of Hypothesis
        At most ``draws``.
    bool
        Whether these are all there are.

    Raises
    ------
    ScrubError
        No component has another one of its kind in its layer.
    """
    used = list(dict.fromkeys(c for claim in h for c in claim.components if c != WHOLE))
    kinds = [_kind(layout.by_id[c]) for c in used]
    pools = {kind: [c.id for c in layout.components if _kind(c) == kind] for kind in dict.fromkeys(kinds)}
    members = {kind: [c for c, own in zip(used, kinds, strict=True) if own == kind] for kind in pools}
    count = math.prod(math.perm(len(pools[kind]), len(members[kind])) for kind in pools)
    few = count <= FEW
    ways = _every_way(members, pools) if few else _random_ways(members, pools, random, TRIES * draws)
    others = (other for other in (renamed(h, names) for names in ways) if other != h and legal(other))
    found = list(dict.fromkeys(others if few else islice(others, 2 * draws)))
    if not found:
        raise ScrubError(
            f"there is nothing to put in the place of {listed(used)}: no other choice of components of the same kinds and "
            "layers gives another hypothesis."
        )
    chosen = random.permutation(len(found))[:draws]
    return [found[i] for i in chosen], few and len(found) <= draws


def _kind(component: Component) -> Alike:
    return component.kind, component.layer, component.part_of


def _every_way(members: Mapping[Alike, list[str]], pools: Mapping[Alike, list[str]]) -> Iterator[dict[str, str]]:
    names = list(chain.from_iterable(members.values()))
    for choice in product(*(permutations(pools[kind], len(members[kind])) for kind in pools)):
        yield dict(zip(names, chain.from_iterable(choice), strict=True))


def _random_ways(
    members: Mapping[Alike, list[str]], pools: Mapping[Alike, list[str]], random: np.random.Generator, tries: int
) -> Iterator[dict[str, str]]:
    for _ in range(tries):
        names: dict[str, str] = {}
        for kind, pool in pools.items():
            names |= zip(members[kind], random.permutation(pool).tolist(), strict=False)
        yield names


def without(h: Hypothesis, claim_id: str) -> Hypothesis:
    """The hypothesis without a claim and what stands under it: its component counts as unclaimed there.

    If it is the last claim under another one, that one would become a leaf and keep more than before. So it then stays, as
    ``any input``: everything else keeps its draws.
    """
    claim = h[claim_id]
    rest = h.remove(claim_id)
    if claim.parent == ROOT or rest.children(claim.parent):
        return rest
    return rest.claim(claim.components, claim.under, ANY, paths=claim.paths, positions=claim.positions)[0]


def additions(h: Hypothesis, layout: Layout) -> list[tuple[str, Hypothesis]]:
    """Each further component claimed with ``same input``, under the output or a port that has claims: (id, hypothesis).

    Raises
    ------
    ScrubError
        There is none.
    """
    ports = dict.fromkeys([(ROOT, ""), *((claim.parent, claim.port) for claim in h)])
    found = []
    for parent, port in ports:
        here = [claim for claim in h.children(parent) if claim.port == port]
        if any(claim.whole for claim in here):
            continue
        taken = {c for claim in here for c in claim.components}
        for name in _senders(h, layout, parent):
            if name not in taken:
                more, claim_id = h.claim(name, under=_under(parent, port), rule=SAME)
                found.append((claim_id, more))
    if not found:
        raise ScrubError("there is no further component to claim: every port that has claims is claimed whole.")
    return found


def complement(h: Hypothesis, layout: Layout, where: Where, everywhere: frozenset[int]) -> Hypothesis:
    """What the hypothesis left unclaimed is kept, what it claimed is freed.

    Every leaf becomes unclaimed; every input that was unclaimed is claimed with ``same input``; claims with claims under
    them stay, with ``same input``, so that the same paths are opened. A path from the embeddings to the output is then
    kept unless it ends in one of the hypothesis's leaves.

    Raises
    ------
    HypothesisError
        A claim about all paths: its unclaimed inputs are those of a run of their own, and nothing says what to keep of it.
    """
    for claim in h:
        if claim.paths == "all":
            raise HypothesisError(
                f"a complement is made of direct claims, and '{claim.id}' is about all paths.", where=claim.id
            )
    return _complement(h, layout, where, everywhere, Hypothesis(), ROOT, ROOT, (ROOT,))


def _complement(
    h: Hypothesis,
    layout: Layout,
    where: Where,
    everywhere: frozenset[int],
    made: Hypothesis,
    old: str,
    new: str,
    owners: tuple[str, ...],
) -> Hypothesis:
    """Claim under ``new``, in ``made``, what ``old`` left unclaimed in ``h``, and what is interior there."""
    names = layout.owner_ports(owners[0])
    for port in names if len(names) > 1 else ("",):
        here = [claim for claim in h.children(old) if claim.port == port]
        made = _keep_rest(here, layout.senders(owners[0]), where, everywhere, made, _under(new, port))
        for claim in here:
            if h.children(claim.id):
                for group in _alike(claim.components, layout):
                    made, inner = made.claim(group, under=_under(new, port), rule=SAME, positions=claim.positions)
                    made = _complement(h, layout, where, everywhere, made, claim.id, inner, group)
    return made


def _keep_rest(
    here: Sequence[Claim],
    senders: tuple[str, ...],
    where: Where,
    everywhere: frozenset[int],
    made: Hypothesis,
    under: str,
) -> Hypothesis:
    """Claim with ``same input`` what nobody claimed in this port: those with the same free positions together."""
    free = {
        s: everywhere.difference(*(where(claim) for claim in here if claim.whole or s in claim.components))
        for s in senders
    }
    for rest in dict.fromkeys(free.values()):
        group = [s for s in senders if free[s] == rest]
        if rest:
            positions = None if rest == everywhere else sorted(rest)
            made, _ = made.claim(WHOLE if len(group) == len(senders) else group, under=under, positions=positions)
    return made


def _alike(components: tuple[str, ...], layout: Layout) -> list[tuple[str, ...]]:
    """A group, in parts that read the same components: with ``same input`` they have one donor anyway."""
    return [tuple(part) for _, part in groupby(sorted(components, key=layout.senders), key=layout.senders)]


def _senders(h: Hypothesis, layout: Layout, parent: str) -> list[str]:
    """Components that a claim under ``parent`` can name: upstream of all of its components."""
    owners = (ROOT,) if parent == ROOT else h[parent].components
    return [s for s in layout.senders(owners[0]) if all(s in layout.senders(owner) for owner in owners)]


def _under(parent: str, port: str) -> str:
    return f"{parent}.{port}" if port else parent
