"""Rewrites: a component as parts that combine to exactly the same function, linear or not.

``task.rewrite(direction("m0", vectors))`` gives a task in which ``m0[dir]`` and ``m0[rest]`` stand in the place of ``m0``: components
like others, with ports, claims and rules of their own. A rewrite is accepted after both sides were compared on the data and on
random inputs; parts can be rewritten again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor

from .errors import RewriteError, listed
from .graph.digest import digest
from .graph.graph import Graph
from .graph.mlp import Mlp
from .graph.parts import Bias, Branch, Missed, NeuronGroup, Neurons, OfSite, Projected, Site, SiteFunction, Sources
from .graph.rewritten import Combine, Part
from .graph.transformer import Head, MlpNode

__all__ = ["Rewrite", "Site", "attention", "combine", "direction", "function", "gated", "neuron_groups", "neurons"]

Build = Callable[[Graph], tuple[Mapping[str, Part], Combine | None]]


@dataclass(frozen=True)
class Rewrite:
    """A component and how to write it as parts.

    Attributes
    ----------
    component : str
        What is rewritten.
    words : str
        How, for people.
    mark : str
        A hash of what it is made of: vectors, neurons, code.
    build : callable
        From the graph to the parts by name, and how they combine (None: by a sum).
    """

    component: str
    words: str
    mark: str
    build: Build = field(repr=False)


def direction(component: str, vectors: Any, name: str = "dir") -> Rewrite:
    """A component's projection on some directions, and the rest.

    Parameters
    ----------
    component : str
        Any component or part.
    vectors : Tensor
        ``[k, d]`` or ``[d]``: directions in what the component writes (d_model); they need not be orthogonal or of unit length.
    name : str
        Of the part in the directions; the other is ``rest``.

    Raises
    ------
    RewriteError
        (When the task is rewritten) vectors of another width, zero or dependent ones.
    """
    given = _tensor(f"the directions for '{component}'", vectors)

    def build(graph: Graph) -> tuple[Mapping[str, Part], None]:
        width = graph.width(component)
        rows = given.reshape(-1, given.shape[-1]) if given.ndim else given.reshape(1, 1)
        if given.ndim > 2 or rows.shape[-1] != width:
            raise RewriteError(
                f"the directions have shape {list(given.shape)}; '{component}' writes {width} numbers at each position, so [k, {width}] "
                "is expected."
            )
        basis, size = torch.linalg.qr(rows.to(torch.float64).T)
        if len(rows) > width or not (size.diagonal().abs() > 1e-6 * rows.norm(dim=-1).max()).all():
            raise RewriteError(f"the {len(rows)} directions for '{component}' are zero or depend on each other.")
        onto = (basis @ basis.T).to(graph.device, graph.dtype)
        base = graph.node(component)
        ports = graph.layout.by_id[component].ports
        return {
            name: Projected(graph, component, base, onto, ports),
            "rest": Projected(graph, component, base, torch.eye(width).to(onto) - onto, ports),
        }, None

    return Rewrite(
        component,
        f"{len(given.reshape(-1, given.shape[-1])) if given.ndim else 1} direction(s) and the rest",
        digest("direction", given),
        _named(build, name),
    )


def function(component: str, f: SiteFunction, name: str = "f") -> Rewrite:
    """``y = f(x) + (y - f(x))`` for any Python function: a guess at what the component computes, and what the guess misses.

    Both parts read the component's whole input through one port.

    Parameters
    ----------
    component : str
        Any component or part.
    f : callable
        ``f(site) -> [n, pos, d_model]``; see :class:`Site`. It must give a row the same value whatever other rows are there.
    name : str
        Of the part; the other is ``rest``.
    """

    def build(graph: Graph) -> tuple[Mapping[str, Part], None]:
        return {
            name: OfSite(graph, component, f, name, width=graph.width(component)),
            "rest": Missed(graph, component, f, name, width=graph.width(component)),
        }, None

    return Rewrite(component, f"{name} and what it misses", digest("function", f), _named(build, name))


def combine(component: str, parts: Mapping[str, SiteFunction], combine: Combine) -> Rewrite:
    """Any functions of the component's input that combine to what it writes, linear or not.

    Parameters
    ----------
    component : str
        Any component or part.
    parts : mapping of str to callable
        Name to ``g(site) -> [n, pos, d]``, of any width.
    combine : callable
        ``combine({"g": [n, p, d], ...}) -> [n, p, d_model]``, position by position.

    Raises
    ------
    RewriteError
        (When the task is rewritten) together they are not what the component writes.
    """

    def build(graph: Graph) -> tuple[Mapping[str, Part], Combine]:
        def checked(values: Mapping[str, Tensor]) -> Tensor:
            return torch.as_tensor(combine(dict(values)))

        return {name: OfSite(graph, component, g, name) for name, g in parts.items()}, checked

    return Rewrite(
        component, f"a combination of {listed(parts)}", digest(*parts.values(), combine), _named(build, *parts)
    )


def neurons(component: str, neurons: Sequence[int], name: str = "neurons") -> Rewrite:
    """What some neurons of an MLP write, and the rest of it (other neurons, bias).

    Parameters
    ----------
    component : str
        An MLP.
    neurons : sequence of int
        Which.
    name : str
        Of the part; the other is ``rest``.
    """
    wanted = _tensor(f"the neurons of '{component}'", neurons)
    if wanted.ndim != 1 or wanted.is_floating_point():
        raise RewriteError(f"neurons() takes a list of whole numbers, such as [3, 17], not {neurons!r}.")
    chosen = sorted(set(wanted.tolist()))

    def build(graph: Graph) -> tuple[Mapping[str, Part], None]:
        mlp = _mlp(graph, component)
        if not chosen or not 0 <= chosen[0] <= chosen[-1] < mlp.neurons:
            raise RewriteError(f"'{component}' has neurons 0 to {mlp.neurons - 1}, not {chosen[:12]}.")
        return {name: Neurons(mlp, chosen), "rest": Neurons(mlp, chosen, rest=True)}, None

    words = f"neurons {chosen[:6]}{' ...' if len(chosen) > 6 else ''} and the rest"
    return Rewrite(component, words, digest("neurons", chosen), _named(build, name))


def neuron_groups(component: str, groups: int) -> Rewrite:
    """What neighbouring neurons of an MLP write, in equal groups ``n0-127``, ``n128-255``, ...; and its ``bias``.

    Parameters
    ----------
    component : str
        An MLP.
    groups : int
        How many groups.

    Raises
    ------
    RewriteError
        (When the task is rewritten) no MLP, or fewer neurons than groups.
    """

    def build(graph: Graph) -> tuple[Mapping[str, Part], None]:
        mlp = _mlp(graph, component)
        if not 1 <= groups <= mlp.neurons:
            raise RewriteError(
                f"'{component}' has {mlp.neurons} neurons: they make 1 to {mlp.neurons} groups, not {groups}."
            )
        borders = [mlp.neurons * group // groups for group in range(groups + 1)]
        parts: dict[str, Part] = {
            f"n{start}-{stop - 1}": NeuronGroup(mlp, list(range(start, stop))) for start, stop in pairwise(borders)
        }
        return {**parts, "bias": Bias(mlp)}, None

    return Rewrite(component, f"{groups} groups of neurons and the bias", digest("neuron groups", groups), build)


def gated(component: str) -> Rewrite:
    """A gated MLP as a product: ``gate`` (after its activation function) times ``up``, neuron by neuron.

    Parameters
    ----------
    component : str
        An MLP with a gate (Llama, SmolLM2, Gemma, ...).
    """

    def build(graph: Graph) -> tuple[Mapping[str, Part], Combine]:
        mlp = _mlp(graph, component)
        if not mlp.gated:
            raise RewriteError(f"'{component}' has no gate: its neurons are no products.")
        return {
            branch: Branch(mlp, branch) for branch in ("gate", "up")
        }, lambda parts: mlp.written(parts["gate"] * parts["up"]) + mlp.bias

    return Rewrite(component, "gate times up", "gated", build)


def attention(component: str, *, offset: int | None = None, mask: Any = None, name: str | None = None) -> Rewrite:
    """What a head takes from some source positions, and the rest; the pattern is that of the whole head.

    Parameters
    ----------
    component : str
        A head.
    offset : int, optional
        Source minus query position: -1 is the previous token.
    mask : Tensor, optional
        ``[pos, pos]`` bool, query by source, instead.
    name : str, optional
        Of the part; default ``prev`` for offset -1, ``self`` for 0, ``offset<n>`` for others, ``mask``. The other is ``rest``.
    """
    if (offset is None) == (mask is None):
        raise RewriteError("attention() takes either offset= (source minus query position) or mask= [pos, pos].")
    default = {None: "mask", -1: "prev", 0: "self"}.get(offset, f"offset{offset}")
    part = default if name is None else name
    given = None if mask is None else _tensor(f"the mask for '{component}'", mask)

    def build(graph: Graph) -> tuple[Mapping[str, Part], None]:
        node = graph.node(component)
        if not isinstance(node, Head):
            raise RewriteError(f"'{component}' is no attention head: it has no source positions.")
        n = graph.positions
        if given is None:
            at = torch.arange(n, device=graph.device)
            sources = (at[None, :] - at[:, None]).eq(torch.tensor(offset))
        else:
            sources = given.to(graph.device).bool()
        if sources.shape != (n, n):
            raise RewriteError(f"the mask has shape {list(sources.shape)}; expected [{n}, {n}], query by source.")
        return {
            part: Sources(graph, component, node, sources),
            "rest": Sources(graph, component, node, ~sources),
        }, None

    return Rewrite(component, f"source positions: {part} and the rest", digest(offset, given), _named(build, part))


# -- small things -------------------------------------------------------------------------------------------------------


def _named(build: Build, *names: str) -> Build:
    """Check the names of parts before anything is built."""
    if not names:
        raise RewriteError("a rewrite needs at least one part.")
    for name in names:
        if not re.fullmatch(r"\w[\w-]*", str(name)) or names == ("rest",):
            raise RewriteError(f"a part's name is a word (letters, digits, _ and -) other than 'rest', not {name!r}.")
    return build


def _tensor(what: str, given: Any) -> Tensor:
    try:
        return torch.as_tensor(given).detach()
    except (TypeError, ValueError, RuntimeError) as error:
        raise RewriteError(f"{what} are no numbers: {error}.") from None


def _mlp(graph: Graph, component: str) -> Mlp:
    node = graph.node(component)
    if not isinstance(node, MlpNode):
        raise RewriteError(f"'{component}' is no MLP: it has no neurons.")
    return node.mlp
