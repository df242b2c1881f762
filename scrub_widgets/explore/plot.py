"""A sweep as a map of layers by heads. Object-oriented matplotlib only, as in :mod:`scrub_widgets.plots`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from ..graph.base import Component
from .sweep import Row, Sweep, sentence

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = "RdBu"
"""Red below zero, blue above: centred on 0."""
LEAST = 0.01
"""The colours reach at least this effect (1 point), so that noise is never drawn in full colour."""


def heat_map(sweep: Sweep) -> Figure:
    """Layer by head, MLPs in a column of their own, layer 0 at the bottom, embeddings below it."""
    places = cells(sweep)
    columns = 1 + max((x for x, _ in places.values()), default=0)
    lines = sorted({y for _, y in places.values()})
    figure = Figure(figsize=(max(4.6, 2.2 + 0.55 * columns), max(3.0, 1.7 + 0.42 * len(lines))), layout="constrained")
    axes = figure.add_subplot()
    most = max([LEAST, *(abs(row.effect.value) for row in sweep.rows if row.effect.resolved)])
    colours = ScalarMappable(Normalize(-100 * most, 100 * most), COLOURS)
    rows = {row.component: row for row in sweep.rows}
    for name, (x, y) in places.items():
        _cell(axes, x, y, rows.get(name), most, "free" if name in sweep.skipped else "")
    axes.set_xlim(-0.5, columns - 0.5)
    axes.set_ylim(lines[0] - 0.5, lines[-1] + 0.5)
    axes.set_aspect("equal")
    _labels(axes, sweep, places)
    bar = figure.colorbar(colours, ax=axes, shrink=0.9)
    bar.set_label("change of loss recovered, points\n− worse   better +")
    axes.set_title(
        f"{sentence(sweep.question)}\nn = {len(sweep.base.losses)}, hatched: within noise", fontsize="medium"
    )
    return figure


def cells(sweep: Sweep) -> dict[str, tuple[int, int]]:
    """Column and line of each sender that was asked about; parts of a rewritten component stand side by side."""
    by_id = sweep.task.graph.layout.by_id
    asked = [name for name in sweep.question.place.senders if name in sweep.question.candidates]
    heads = 1 + max((by_id[name].slot for name in asked if by_id[name].kind == "head"), default=-1)
    taken: dict[tuple[int, int], str] = {}
    for name in asked:
        c = by_id[name]
        x, y = heads if c.kind == "mlp" else c.slot, c.layer
        while (x, y) in taken:
            x += 1
        taken[x, y] = name
    return {name: at for at, name in taken.items()}


def _cell(axes: Axes, x: int, y: int, row: Row | None, most: float, note: str) -> None:
    corner = (x - 0.46, y - 0.46)
    if row is None or not row.effect.resolved:
        axes.add_patch(Rectangle(corner, 0.92, 0.92, fill=False, edgecolor="0.8", lw=0.8))
        axes.text(x, y, note, ha="center", va="center", fontsize=6, color="0.45")
        return
    colour = colormaps[COLOURS]((row.effect.value / most + 1) / 2)
    hatch = None if row.beyond_noise else "////"
    axes.add_patch(
        Rectangle(corner, 0.92, 0.92, facecolor=colour, edgecolor="0.55" if hatch else "0.3", lw=0.4, hatch=hatch)
    )
    light = 0.299 * colour[0] + 0.587 * colour[1] + 0.114 * colour[2] > 0.5
    points = 100 * row.effect.value
    text = f"{points:+.{int(abs(points) < 9.95)}f}".replace("-", "−")
    text = "0" if text[1:] == "0.0" else text
    axes.text(
        x, y, text, ha="center", va="center", fontsize=7, color="0.1" if light else "1",
        bbox={"facecolor": colour, "edgecolor": "none", "pad": 0.8} if hatch else None,
    )  # fmt: skip


def _labels(axes: Axes, sweep: Sweep, places: dict[str, tuple[int, int]]) -> None:
    by_id = sweep.task.graph.layout.by_id
    columns: dict[int, str] = {}
    lines: dict[int, str] = {}
    for name, (x, y) in places.items():
        c = by_id[name]
        lines[y] = f"layer {y}" if y >= 0 else _bottom(c)
        if c.kind in ("head", "mlp"):
            columns[x] = f"h{c.slot}" if c.kind == "head" else "MLP"
    axes.set_xticks(list(columns), list(columns.values()), fontsize=7)
    axes.set_yticks(list(lines), list(lines.values()), fontsize=7)
    axes.tick_params(length=0, labelbottom=False, labeltop=True)
    axes.spines[:].set_visible(False)
    for name, (x, y) in places.items():
        if by_id[name].kind not in ("head", "mlp"):
            axes.text(x, y - 0.47, name, ha="center", va="top", fontsize=6)


def _bottom(c: Component) -> str:
    return "inputs" if c.kind == "input" else "embeddings"
