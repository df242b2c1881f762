"""Bits kept against loss recovered. Object-oriented matplotlib only, as in :mod:`scrub_widgets.plots`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..plots.style import HUES, INK, LINE, QUIET, made, terms, titled
from ..rules import SAME
from .suggestions import Suggestion, Suggestions

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LONG = 38
"""Names of rules are cut to so many letters."""


def figure(found: Suggestions) -> Figure:
    """Every rule a dot with its interval; a line through those that are worth their bits; the coarsest that costs nothing, filled."""
    drawn, axes = made(7.6, 4.6)
    rows = [row for row in found.ranked if row.recovered.resolved]
    best, line = found.coarsest, found.pareto
    for row in rows:
        _dot(axes, row, line=row in line, best=row is best)
    if line:
        axes.plot(
            [row.bits for row in line],
            [100 * row.recovered.value for row in line],
            color=HUES[0],
            lw=1.4,
            zorder=2,
            drawstyle="steps-post",
        )
    same = next((row for row in rows if row.candidate.says == SAME), None)
    if same is not None:
        top = 100 * same.recovered.value
        axes.axhspan(top - 100 * found.threshold, top, color=LINE, alpha=0.6, lw=0, zorder=0)
        axes.axhline(top, color=QUIET, lw=0.8, ls=(0, (4, 3)), zorder=1)
    _names(
        axes, [row for row in rows if row in line or row is best], best, max((row.bits for row in rows), default=0.0)
    )
    axes.set_xlabel("bits kept (entropy of the rule's classes)")
    axes.set_ylabel("loss recovered, %")
    axes.margins(x=0.06, y=0.12)
    axes.set_title(" ", fontsize=7)  # room below the words above
    titled(drawn, f"Rules for {' and '.join(found.claims)}", terms(found.base))
    drawn.supxlabel(
        "filled: the coarsest that costs nothing; line: more bits recover more, beyond noise; crosses: too few inputs to swap;\n"
        f"dashed: 'same input', shaded: {100 * found.threshold:g} points below it",
        x=0.01, ha="left", fontsize=8, color=QUIET,
    )  # fmt: skip
    return drawn


def _dot(axes: Axes, row: Suggestion, *, line: bool, best: bool) -> None:
    e = row.recovered
    colour = HUES[0] if line or best else QUIET
    axes.errorbar(
        [row.bits],
        [100 * e.value],
        yerr=[[100 * (e.value - e.low)], [100 * (e.high - e.value)]],
        fmt="x" if row.candidate.untestable else "o",
        ms=9 if best else 6,
        mfc=HUES[0] if best else "white",
        mec=colour,
        ecolor=colour,
        elinewidth=0.9,
        alpha=1.0 if line or best else 0.65,
        zorder=4 if best else 3,
    )


def _names(axes: Axes, rows: list[Suggestion], best: Suggestion | None, widest: float) -> None:
    """Names of the rules on the line, beside their dots on the side where there is room."""
    for row in rows:
        name = row.rule if len(row.rule) <= LONG else f"{row.rule[: LONG - 1]}…"
        right = row.bits > 0.6 * widest
        axes.annotate(
            name, (row.bits, 100 * row.recovered.value), xytext=(-8 if right else 8, 7), textcoords="offset points",
            ha="right" if right else "left", fontsize=9, color=INK, fontweight="bold" if row is best else "normal",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.85}, zorder=5,
        )  # fmt: skip
