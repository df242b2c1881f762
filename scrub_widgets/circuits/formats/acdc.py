"""Edge lists of ACDC: ``((receiver hook, index, sender hook, index), effect)``.

Facts: ``save_edges`` in ``acdc/TLACDCExperiment.py`` (the list that it pickles), ``setup_from_model`` in
``acdc/TLACDCCorrespondence.py`` (names and indices), ``TorchIndex`` and ``EdgeType`` in ``acdc/TLACDCEdge.py``, ``get_docstring_subgraph_true_edges``
in ``acdc/docstring/utils.py`` (``{(hook, index, hook, index): True}``) of github.com/ArthurConmy/Automatic-Circuit-Discovery (bc99ace).

- Index ``[:, :, 3]`` (``[None, None, 3]``) of ``blocks.1.attn.hook_result`` is head 3; ``[:]`` is all of a hook.
- ``blocks.0.hook_resid_pre`` is the sum of all embeddings; or ``hook_embed`` and ``hook_pos_embed`` apart.
- A port has two edges in a row: ``attn.hook_q <- hook_q_input <- sender``. If the list has any of the first kind, a port without one is cut.

Its ``edges.pkl`` is a pickle, which can run any code, so it is never opened here. Where ACDC is installed::

    edges = pickle.load(open("edges.pkl", "rb"))
    json.dump([[[a, a_i.hashable_tuple, b, b_i.hashable_tuple], e] for (a, a_i, b, b_i), e in edges], open("edges.json", "w"))

or give the list itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ...errors import CircuitError, listed
from ...graph.base import Layout
from ...hypothesis import ROOT
from ..circuit import Circuit
from .builder import Builder, Merger, Shape
from .written import Written

NAME = "acdc"
_HOOK = re.compile(
    r"blocks\.(?P<layer>\d+)\.(?:attn\.hook_(?P<direct>[qkv])|hook_(?P<port>[qkv])_input|(?P<head>attn\.hook_result)"
    r"|hook_(?P<mlp>mlp_in|mlp_out)|hook_(?P<stream>resid_pre|resid_post))|hook_(?P<embed>embed|pos_embed)"
)
_INDEX = r"\[[^\]]*\]"
_NODE = rf"['\"]?(?P<hook{{0}}>(?:blocks\.\d+\.)?(?:attn\.)?hook_\w+)['\"]?,?\s*(?P<index{{0}}>{_INDEX})"
_LINE = re.compile(
    r"\(?\(?\s*"
    + _NODE.format(1)
    + r"\)?\s*(?P<arrow>->|→|<-|←|,)\s*\(?"
    + _NODE.format(2)
    + r"\)*\s*[,:]?\s*(?P<score>[-+]?(?:\d|\.\d|nan|inf)\S*?)?\)?;?"
)
"""A line as ACDC prints an edge: receiver, then sender; with an arrow it goes where the arrow points."""


class Node(NamedTuple):
    """A hook and the part of it that is meant."""

    hook: str
    at: tuple[int | None, ...]

    def __str__(self) -> str:
        return f"{self.hook}[{', '.join(':' if i is None else str(i) for i in self.at)}]"


class Row(NamedTuple):
    """An edge of ACDC."""

    receiver: Node
    sender: Node
    score: object


def matches(source: object) -> bool:
    """Whether this looks like edges of ACDC."""
    if isinstance(source, str):
        lines = _lines(source)
        return bool(lines) and all(_LINE.fullmatch(line) for line in lines)
    items = list(source) if isinstance(source, Mapping | list | tuple | set | frozenset) else []
    first = _flat(items[0]) if items else []
    return len(first) >= 4 and "hook_" in str(first[0])


def read(source: Any, layout: Layout, every: bool = False) -> Circuit:
    """Read lines of text, a list (as in ``edges.pkl``), or a dictionary of edges to True, False or an effect.

    Parameters
    ----------
    source : str, mapping or iterable
        The edges.
    layout : Layout
        The model.
    every : bool
        Whether to take edges that are marked False too.
    """
    shape = Shape.of(layout, "ACDC")
    made = Builder(layout)
    rows = list(_rows(source, every))
    _check_size(rows, shape)
    opened = {(n.layer, n.slot, n.port) for row in rows if (n := _read(row.receiver)).direct}
    cut = 0
    for row in rows:
        receiver, sender = _read(row.receiver), _read(row.sender)
        if receiver.direct:
            if receiver[:3] != sender[:3]:
                raise CircuitError(f"ACDC has no edge from '{row.sender}' to '{row.receiver}'.")
            continue
        if opened and receiver.port and (receiver.layer, receiver.slot, receiver.port) not in opened:
            cut += 1
            continue
        if sender.name == "input" and len(shape.inputs) > 1:
            made.note(
                f"'{row.sender.hook}' is the sum of {listed(shape.inputs)}: here each has an edge with its score."
            )
        made.add(shape.inputs if sender.name == "input" else sender.name, receiver.name, receiver.port, row.score)
    if cut:
        made.note(f"{cut} edges enter an input whose own edge (attn.hook_q ← hook_q_input, or k, v) was cut: left out.")
    if rows and not opened and any(_read(row.receiver).port for row in rows):
        made.note("no edge attn.hook_q ← hook_q_input (or k, v) is in the list: all of them are taken as kept.")
    return made.circuit()


def write(circuit: Circuit, layout: Layout) -> Written:
    """The list that ACDC's ``save_edges`` pickles, with plain lists for its indices."""
    shape = Shape.of(layout, "ACDC")
    circuit.check(layout)
    apart = _apart(circuit, shape)
    merger = Merger(shape)
    rows = {e.key: e.score for e in circuit} if apart else merger.merged(circuit)
    notes = list(merger.notes)
    if apart:
        notes.append("the embeddings have edges of their own there: for a graph with use_pos_embed=True.")
    body: list[list[Any]] = []
    opened: dict[tuple[str, str], None] = {}
    for (sender, receiver, port), score in rows.items():
        at, into = _hook(receiver, port, layout, reads=True), _hook(sender, "", layout, reads=False)
        body.append([[*at, *into], score])
        if port:
            opened[receiver, port] = None
    for receiver, port in opened:
        c = layout.by_id[receiver]
        index = [None, None, c.slot]
        body.append([[f"blocks.{c.layer}.attn.hook_{port}", index, f"blocks.{c.layer}.hook_{port}_input", index], None])
    return Written(NAME, body, tuple(notes))


def _apart(circuit: Circuit, shape: Shape) -> bool:
    """Whether some port reads one of two embeddings only."""
    read = [{s for s in circuit.senders(*port) if s in shape.inputs} for port in circuit.ports]
    return shape.inputs == ("embed", "pos_embed") and any(len(some) == 1 for some in read)


# -- nodes --------------------------------------------------------------------------------------------------------------


class _Read(NamedTuple):
    """A node of ACDC as a component."""

    layer: int
    slot: int | None
    port: str
    name: str
    direct: bool


def _read(node: Node) -> _Read:
    form = _HOOK.fullmatch(node.hook)
    if form is None:
        raise CircuitError(
            f"'{node.hook}' is no node of ACDC: 'blocks.1.attn.hook_result', 'blocks.1.hook_q_input', 'blocks.0.hook_mlp_in' are."
        )
    numbers = [i for i in node.at if i is not None]
    layer = int(form["layer"] or 0)
    by_head = bool(form["direct"] or form["port"] or form["head"])
    if len(numbers) != by_head or (by_head and (len(node.at) != 3 or node.at[2] is None)):
        wanted = "'[:, :, 3]', a head," if by_head else "'[:]'"
        raise CircuitError(f"'{node}': the index {wanted} is expected; single positions cannot be said here.")
    if by_head:
        return _Read(
            layer, numbers[0], form["direct"] or form["port"] or "", f"a{layer}.h{numbers[0]}", bool(form["direct"])
        )
    if form["mlp"]:
        return _Read(layer, None, "", f"m{layer}", False)
    return _Read(layer, None, "", form["embed"] or (ROOT if form["stream"] == "resid_post" else "input"), False)


def _hook(component: str, port: str, layout: Layout, *, reads: bool) -> tuple[str, list[int | None]]:
    if component == ROOT:
        layers = 1 + max(c.layer for c in layout.components)
        return f"blocks.{layers - 1}.hook_resid_post", [None]
    if component == "input":
        return "blocks.0.hook_resid_pre", [None]
    c = layout.by_id[component]
    if c.part_of is not None:
        raise CircuitError(f"ACDC has no name for '{component}'; take 'networkx' or 'scrub-widgets'.")
    if c.kind == "head":
        hook = f"hook_{port}_input" if reads else "attn.hook_result"
        return f"blocks.{c.layer}.{hook}", [None, None, c.slot]
    return (f"blocks.{c.layer}.hook_mlp_{'in' if reads else 'out'}" if c.kind == "mlp" else f"hook_{c.id}"), [None]


def _check_size(rows: Sequence[Row], shape: Shape) -> None:
    for row in rows:
        form = _HOOK.fullmatch(row.receiver.hook)
        if form and form["stream"] == "resid_post":
            shape.check(int(form["layer"]) + 1, None)


# -- forms --------------------------------------------------------------------------------------------------------------


def _lines(text: str) -> list[str]:
    return [line.strip().rstrip(",") for line in text.splitlines() if line.strip().strip("[]{},")]


def _rows(source: Any, every: bool) -> Iterator[Row]:
    if isinstance(source, str):
        for line in _lines(source):
            form = _LINE.fullmatch(line)
            if form is None:
                raise CircuitError(f"'{line}' is no edge as ACDC prints it.")
            first, second = (Node(form[f"hook{i}"], _index(form[f"index{i}"])) for i in (1, 2))
            forward = form["arrow"] in ("->", "→")
            yield Row(second, first, form["score"]) if forward else Row(first, second, form["score"])
        return
    for item in source.items() if isinstance(source, Mapping) else source:
        flat = _flat(item)
        if len(flat) not in (4, 5) or not isinstance(flat[0], str) or not isinstance(flat[2], str):
            raise CircuitError(
                f"{item!r} is no edge of ACDC: ((receiver hook, index, sender hook, index), effect) is expected."
            )
        mark = flat[4] if len(flat) == 5 else None
        if mark is False and not every:
            continue
        score = None if isinstance(mark, bool) else mark
        yield Row(Node(flat[0], _index(flat[1])), Node(flat[2], _index(flat[3])), score)


def _flat(item: Any) -> list[Any]:
    """``[hook, index, hook, index, effect?]`` from any nesting of them."""
    if not isinstance(item, list | tuple) or not item:
        return [item]
    if isinstance(item[0], str):
        return list(item)
    if len(item) == 2 and isinstance(item[1], list | tuple) and len(item[0]) == 2:  # ((hook, index), (hook, index))
        return [*item[0], *item[1]]
    return [*_flat(item[0]), *item[1:]]


def _index(index: Any) -> tuple[int | None, ...]:
    values = getattr(index, "hashable_tuple", index)
    if isinstance(values, str):
        words = [word.strip() for word in values.strip("[]").split(",") if word.strip()]
        values = [None if word in (":", "COLON", "None") else word for word in words]
    try:
        return tuple(None if v is None or v == slice(None) else int(v) for v in values)
    except (TypeError, ValueError):
        raise CircuitError(f"{index!r} is no index of ACDC: [:, :, 3] or [None, None, 3] is expected.") from None
