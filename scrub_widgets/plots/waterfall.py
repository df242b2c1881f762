"""What each claim costs or gains: in the order added, and removed last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from .style import BAR, INK, LINE, QUIET, made, terms, titled

if TYPE_CHECKING:
    from ..measure.estimates import Estimate
    from ..measure.waterfall import Added, Waterfall
    from ..result import Result


def waterfall(r: Result, found: Waterfall) -> Figure:
    """A bar for each claim, from the loss recovered before it to that with it; a diamond where it would end if added last."""
    rows = ["nothing claimed", *(_short(step.claim) for step in found.steps), "the hypothesis"]
    figure, axes = made(7.6, 1.6 + 0.46 * len(rows))
    for at in (0, 100):
        axes.axvline(at, color=INK, lw=1)
    _total(axes, 0, found.start)
    before = 100 * found.start.value
    for y, step in enumerate(found.steps, start=1):
        _step(axes, y, before, step)
        before = 100 * step.level.value
    _total(axes, len(rows) - 1, found.end)
    axes.set_yticks(range(len(rows)), rows, color=INK)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlabel("loss recovered, %    ● in the order added    ◇ if removed last    lines: 95 % intervals")
    axes.grid(axis="x", color=LINE, lw=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.16)
    titled(figure, "What each claim costs or gains, in points of loss recovered", terms(r))
    return figure


def _short(claim: str) -> str:
    return claim.removeprefix("logits>").replace(">", " ▸ ")


def _points(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"


def _total(axes: Axes, y: int, level: Estimate) -> None:
    value, low, high = 100 * level.value, 100 * level.low, 100 * level.high
    axes.barh(y, value, height=0.5, color=BAR)
    axes.errorbar(value, y, xerr=[[value - low], [high - value]], fmt="o", color=INK, ms=5, lw=1.8)
    axes.annotate(
        f"{round(value, 1) + 0.0:.1f} %",
        (max(value, high), y),
        (8, 0),
        textcoords="offset points",
        va="center",
        color=INK,
    )


def _step(axes: Axes, y: int, before: float, step: Added) -> None:
    change, last = 100 * step.change.value, 100 * step.last.value
    axes.plot([before, before], [y - 1.25, y + 0.25], color=QUIET, lw=1, ls=":")
    look = {"color": BAR} if change >= 0 else {"facecolor": "none", "edgecolor": QUIET, "lw": 1.3}
    axes.barh(y, change, left=before, height=0.5, **look)
    for estimate, value, marker, dy, colour, face in (
        (step.change, change, "o", -0.1, INK, INK),
        (step.last, last, "D", 0.33, QUIET, "white"),
    ):
        ends = [[value - 100 * estimate.low], [100 * estimate.high - value]]
        axes.errorbar(
            before + value, y + dy, xerr=ends, fmt=marker, color=colour, markerfacecolor=face, ms=5, lw=1.5, zorder=4
        )
    right = before + max(change, last, 100 * step.change.high, 100 * step.last.high, 0)
    axes.annotate(
        f"{_points(change)} / {_points(last)}", (right, y), (8, 0), textcoords="offset points", va="center", color=INK
    )
