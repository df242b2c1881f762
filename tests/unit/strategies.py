"""Random claim trees, for hypothesis (the testing library) to draw, and the rules that they use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from hypothesis import strategies as st

from scrub_widgets.hypothesis import ROOT, WHOLE, Hypothesis

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.unit.brute import Graph, Indices

DEPTH = 4
"""Claims from the output to the lowest leaf."""
NESTED_POSITIONS = 2
"""Position-wise claims above a leaf; each multiplies the rows of a brute-force run by the positions."""
MEMBERS = 3
"""Components in a group."""


def first_token_parity(tokens: Indices) -> Indices:
    """One label for each input, two classes."""
    return tokens[:, 0] % 2


def last_token_thirds(tokens: Indices) -> Indices:
    """One label for each input, three classes."""
    return tokens[:, -1] % 3


def token_parity(tokens: Indices) -> Indices:
    """One label for each input and position."""
    return tokens % 2


def running_sum(tokens: Indices) -> Indices:
    """One label for each input and position, from everything up to there."""
    return tokens.cumsum(axis=1) % 3


RULES: Mapping[str, Callable[[Indices], Indices]] = {
    "first token parity": first_token_parity,
    "last token thirds": last_token_thirds,
    "token parity": token_parity,
    "running sum": running_sum,
}
"""Rules that a user would write, as functions of tokens ``[N, pos]``."""


def labels(tokens: Indices) -> dict[str, Indices]:
    """Labels by rule name, ``[N]`` or ``[N, pos]``: the rules above and, by hand, the built-in ones."""
    nothing = np.full((len(tokens), 1), -1)
    return {
        "same input": np.arange(len(tokens)),
        "any input": np.zeros(len(tokens), dtype=int),
        "token": tokens,
        "previous token": np.concatenate([nothing, tokens[:, :-1]], axis=1),
        "next token": np.concatenate([tokens[:, 1:], nothing], axis=1),
        **{name: rule(tokens) for name, rule in RULES.items()},
    }


POSITION_WISE = frozenset({"token", "previous token", "next token", "token parity", "running sum"})
SEQUENCE_WISE = frozenset({"same input", "any input", "first token parity", "last token thirds"})


@dataclass(frozen=True)
class _Port:
    """A port that claims can be put under."""

    path: str
    senders: tuple[str, ...]
    """What stands upstream of it, for every member of its owner."""
    depth: int
    nested: int
    """Position-wise claims from the output to its owner."""


@st.composite
def trees(draw: st.DrawFn, graph: Graph, positions: int, max_claims: int = 8) -> Hypothesis:
    """A well-formed hypothesis about a model: groups, whole inputs, some positions, all paths, shared draws.

    Parameters
    ----------
    graph : Graph
        The components that the model has.
    positions : int
        Length of the inputs.
    max_claims : int
        Upper bound of the number of claims.
    """
    tree = Hypothesis()
    ports = [_Port(ROOT, graph.components, depth=1, nested=0)]
    few, many = st.integers(0, max_claims), st.integers(max_claims // 2, max_claims)
    for _ in range(draw(st.one_of(few, many))):
        # Left to chance, a tree is wide and shallow.
        port = draw(st.one_of(st.sampled_from(ports), st.sampled_from(ports[-3:])))
        component = draw(_components(port, graph))
        where = draw(_positions(tree, port, component, positions))
        if where == "nowhere":
            continue
        rules = SEQUENCE_WISE | (POSITION_WISE if port.nested < NESTED_POSITIONS else set())
        rule = draw(st.sampled_from(sorted(rules)))
        tree, new = tree.claim(
            component,
            under=port.path,
            rule=rule,
            # The whole input has no paths of its own: it is what all paths end in.
            paths="direct" if component == WHOLE else draw(st.sampled_from(["direct", "all"])),
            positions=where,
        )
        tree, new = _shared(draw, tree, new)
        if port.depth < DEPTH:
            members = tree[new].components
            senders, nested = _upstream(members, graph), port.nested + (rule in POSITION_WISE)
            ports += [
                _Port(f"{new}.{name}" if name else new, senders, port.depth + 1, nested)
                for name in _common_ports(members, graph)
            ]
    return tree


def _components(port: _Port, graph: Graph) -> st.SearchStrategy[Any]:
    """One component, the whole input, any group, or (most often) a part or what can have claims under it."""
    choices: list[st.SearchStrategy[Any]] = [st.sampled_from(port.senders), st.just(WHOLE)]
    heads = [name for name in port.senders if graph.ports(name) == ("q", "k", "v")]
    mlps = [name for name in port.senders if graph.ports(name) == ("",)]
    if heads or mlps:
        choices += [st.sampled_from(heads + mlps)] * 2
    parts = [name for name in port.senders if name.endswith("]")]
    if parts:
        siblings = [name for name in parts if graph.whole(name) == graph.whole(parts[-1])]
        choices += [st.sampled_from(parts)] * 3 + [st.sampled_from(siblings)]
    choices += [
        st.lists(st.sampled_from(names), min_size=2, max_size=MEMBERS, unique=True)
        for names in (port.senders, heads, heads, mlps)
        if len(names) > 1
    ]
    return st.one_of(choices)


@st.composite
def _positions(
    draw: st.DrawFn, tree: Hypothesis, port: _Port, component: str | list[str], positions: int
) -> list[int] | Literal["nowhere"] | None:
    """Everywhere, some positions that nothing claims yet, or nowhere."""
    names = {component} if isinstance(component, str) else set(component)
    taken = [c for c in tree if c.under == port.path and (c.whole or WHOLE in names or names & set(c.components))]
    if not taken and draw(st.integers(0, 2)):
        return None
    used = {p for c in taken for p in (range(positions) if c.positions is None else c.positions)}
    free = sorted(set(range(positions)) - used)
    return draw(st.lists(st.sampled_from(free), min_size=1, unique=True)) if free else "nowhere"


def _shared(draw: st.DrawFn, tree: Hypothesis, new: str) -> tuple[Hypothesis, str]:
    """Sometimes one draw with a sibling that has the same rule."""
    claim = tree[new]
    siblings = [c for c in tree.children(claim.parent) if c.rule == claim.rule and c.id != new]
    if not siblings or not draw(st.booleans()):
        return tree, new
    sibling = draw(st.sampled_from(siblings))
    name = sibling.share or f"S{sum(c.share is not None for c in tree) + 1}"
    tree, _ = tree.change(sibling.id, share=name)
    return tree.change(new, share=name)


def _common_ports(members: tuple[str, ...], graph: Graph) -> tuple[str, ...]:
    """The ports of a group whose members all have the same ones."""
    if members == (WHOLE,):
        return ()
    ports = {graph.ports(name) for name in members}
    return ports.pop() if len(ports) == 1 else ()


def _upstream(members: tuple[str, ...], graph: Graph) -> tuple[str, ...]:
    first, *rest = (graph.senders(graph.site(name)) for name in members)
    return tuple(name for name in first if all(name in senders for senders in rest))
