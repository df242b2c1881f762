"""Edges of auto-circuit, by name: ``A0.2->A2.5.Q``, ``Resid Start->MLP 1``, ``MLP 1->Resid End``; and its prune scores.

Facts: ``Edge.name`` and ``PruneScores`` in ``auto_circuit/types.py``, the nodes in ``model_utils/transformer_lens_utils.py``, the
shape of a mask in ``utils/graph_utils.py`` (``make_model_patchable``) of github.com/UFO-101/auto-circuit (98db58c).

- ``Resid Start`` is the sum of all embeddings. Heads have an input each for ``Q``, ``K`` and ``V``, or one for all (``A2.5``).
- Prune scores: by module name (``blocks.2.hook_q_input``) a tensor ``[head, sender]``, ``[sender]``, or with a first axis of positions.
- An edge may be one of a token position (``seq_idx``), which cannot be said here: it is kept if it is at some position.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from ...errors import CircuitError, listed
from ...graph.base import Layout
from ...hypothesis import ROOT
from ..circuit import Circuit
from .builder import QKV, Builder, Merger, Shape, layer_of
from .written import Written

NAME = "auto-circuit"
START, END = "Resid Start", "Resid End"
_NODE = re.compile(r"A(?P<layer>\d+)\.(?P<head>\d+)(?:\.(?P<port>[QKV]))?|MLP (?P<mlp>\d+)")
_LINE = re.compile(r"(?P<edge>[^\t,:]+->[^\t,:]+?)(?:[\t,: ]+(?P<score>[-+]?(?:\d|\.\d|inf|nan)\S*))?")
_MODULE = re.compile(r"blocks\.\d+\.hook_(?P<what>q_input|k_input|v_input|attn_in|mlp_in|resid_post)")
POSITIONS = "edges of single token positions: an edge is kept here if it is there at some position."
MERGED = "a head has one input for q, k and v there: here each of them has the edge."


def matches(source: object) -> bool:
    """Whether this looks like edges of auto-circuit."""
    if isinstance(source, Mapping):
        return bool(source) and all(_is_edge(key) or _is_module(key) for key in source)
    if isinstance(source, list | tuple | set | frozenset):
        return bool(source) and all(_is_edge(item) or _is_scored(item) for item in source)
    return isinstance(source, str) and all(_LINE.fullmatch(line) for line in _lines(source)) and "->" in source


def read(source: Any, layout: Layout, every: bool = False) -> Circuit:
    """Read names or ``Edge`` objects, with scores if there are any, or prune scores.

    Parameters
    ----------
    source : str, mapping or iterable
        Lines of names; names or ``Edge`` objects; ``{name or edge: score}``; ``{module name: tensor}``.
    layout : Layout
        The model.
    every : bool
        Of no meaning here: all edges that are there are taken.
    """
    del every
    shape = Shape.of(layout, NAME)
    made = Builder(layout)
    if isinstance(source, Mapping) and source and all(_is_module(key) for key in source):
        rows = _of_modules(source, shape, made)
        made.note("prune scores are scores of all edges: .top(n) takes the best.")
    else:
        rows = _of_edges(source, made)
    heads = 0
    for name, score in rows:
        first, _, last = name.partition("->")
        receiver, ports = _receiver(last, name)
        senders = shape.inputs if first == START else (_component(first, name),)
        heads = max(
            heads, *(int(form["head"]) + 1 for form in map(_NODE.fullmatch, (first, last)) if form and form["head"]), 0
        )
        if len(ports) > 1:
            made.note(MERGED)
        if first == START and len(shape.inputs) > 1:
            made.note(f"'{START}' is the sum of {listed(shape.inputs)}: here each has an edge with its score.")
        made.add(senders, receiver, ports, score)
    return made.circuit()


def write(circuit: Circuit, layout: Layout) -> Written:
    """``{edge name: score}``; the score is None where the edge has none."""
    shape = Shape.of(layout, NAME)
    circuit.check(layout)
    merger = Merger(shape)
    body = {}
    for (sender, receiver, port), score in merger.merged(circuit).items():
        into = END if receiver == ROOT else _named(receiver, layout) + (f".{port.upper()}" if port else "")
        body[f"{START if sender == 'input' else _named(sender, layout)}->{into}"] = score
    return Written(NAME, body, tuple(merger.notes))


# -- names --------------------------------------------------------------------------------------------------------------


def _component(node: str, edge: str) -> str:
    form = _NODE.fullmatch(node)
    if form is None or form["port"]:
        residual = "; nodes of the residual stream come from a graph that is not factorized" * node.startswith("Resid")
        raise CircuitError(
            f"'{node}' in '{edge}' is no sender of auto-circuit: '{START}', 'A0.2' and 'MLP 1' are{residual}."
        )
    return f"m{form['mlp']}" if form["mlp"] else f"a{form['layer']}.h{form['head']}"


def _receiver(node: str, edge: str) -> tuple[str, tuple[str, ...]]:
    if node == END:
        return ROOT, ("",)
    form = _NODE.fullmatch(node)
    if form is None:
        raise CircuitError(f"'{node}' in '{edge}' is no receiver of auto-circuit: 'A2.5.Q', 'MLP 1' and '{END}' are.")
    if form["mlp"]:
        return f"m{form['mlp']}", ("",)
    return f"a{form['layer']}.h{form['head']}", (form["port"].lower(),) if form["port"] else QKV


def _named(component: str, layout: Layout) -> str:
    c = layout.by_id[component]
    if c.part_of is not None:
        raise CircuitError(f"auto-circuit has no name for '{component}'; take 'networkx' or 'scrub-widgets'.")
    return f"MLP {c.layer}" if c.kind == "mlp" else f"A{c.layer}.{c.slot}"


# -- forms --------------------------------------------------------------------------------------------------------------


def _is_edge(item: object) -> bool:
    name = item if isinstance(item, str) else getattr(item, "name", None)
    return isinstance(name, str) and re.fullmatch(r"(Resid|A\d|MLP )[^>]*->[^>]+", name) is not None


def _is_scored(item: object) -> bool:
    return isinstance(item, list | tuple) and len(item) == 2 and _is_edge(item[0])


def _is_module(key: object) -> bool:
    return isinstance(key, str) and _MODULE.fullmatch(key) is not None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def _of_edges(source: Any, made: Builder) -> Iterator[tuple[str, object]]:
    """Names of edges with their scores."""
    if isinstance(source, str):
        for line in _lines(source):
            form = _LINE.fullmatch(line)
            if form is None:
                raise CircuitError(f"'{line}' is no edge of auto-circuit, such as 'A0.2->A2.5.Q'.")
            yield form["edge"].strip(), form["score"]
        return
    items: Iterable[Any] = source.items() if isinstance(source, Mapping) else source
    for item in items:
        edge, score = item if isinstance(item, tuple | list) and len(item) == 2 else (item, None)
        if getattr(edge, "seq_idx", None) is not None:
            made.note(POSITIONS)
        name = edge if isinstance(edge, str) else getattr(edge, "name", None)
        if not isinstance(name, str):
            raise CircuitError(f"{edge!r} is no edge of auto-circuit, such as 'A0.2->A2.5.Q'.")
        yield name, score


def _of_modules(source: Mapping[str, Any], shape: Shape, made: Builder) -> Iterator[tuple[str, object]]:
    """Prune scores as names of edges with scores; at several positions the largest by size."""
    for module, values in source.items():
        form, layer = _MODULE.fullmatch(module), layer_of(module)
        assert form is not None
        assert layer is not None
        what = form["what"]
        if what == "resid_post":
            shape.check(layer + 1, None)
        table = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, dtype=np.float64)
        by_head = what not in ("mlp_in", "resid_post")
        if table.ndim == 2 + by_head:
            made.note(POSITIONS)
            table = np.take_along_axis(table, np.abs(table).argmax(0)[None], 0)[0]
        senders = _before(shape, layer, what)
        wanted = (shape.heads, len(senders)) if by_head else (len(senders),)
        if table.shape != wanted:
            raise CircuitError(
                f"the prune scores of '{module}' have shape {list(table.shape)}; this model has {list(wanted)} "
                f"({shape.layers} layers of {shape.heads} heads), with or without positions before."
            )
        into = {"mlp_in": f"MLP {layer}", "resid_post": END}.get(what, "")
        for *at, sender in np.ndindex(*table.shape):
            port = "" if what == "attn_in" else f".{what[0].upper()}"
            yield f"{senders[sender]}->{into or f'A{layer}.{at[0]}{port}'}", float(table[(*at, sender)])


def _before(shape: Shape, layer: int, what: str) -> list[str]:
    """Names of the senders that stand before a module's input, in their order."""
    names = [START]
    for i in range(shape.layers):
        heads, mlp = [f"A{i}.{head}" for head in range(shape.heads)], [f"MLP {i}"] * shape.mlps
        if i == layer and what != "resid_post":
            return names + heads * (what == "mlp_in" and not shape.parallel)
        names += heads + mlp
    return names
