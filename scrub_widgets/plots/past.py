"""The history of a session: every step with its number, on lines that branch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import ScrubError
from .style import INK, LINE, QUIET, made, titled

if TYPE_CHECKING:
    from ..past import Past, PastStep

NAMED = 14
"""Up to so many steps all are named; beyond, those that a person named and the present one."""
LONG = 24
"""Letters of a name."""


def history(past: Past) -> Figure:
    """Loss recovered of every measured step, with its interval, joined to the step that it was made from.

    Raises
    ------
    ScrubError
        No step was measured, or none gave a percentage.
    """
    known = {step.id: step for step in past if step.recovered is not None and step.recovered.resolved}
    if not known:
        raise ScrubError("there is no figure of the history yet: no step has a loss recovered.")
    figure, axes = made(8.2, 3.8)
    for at in (0, 100):
        axes.axhline(at, color=INK, lw=0.8)
    everyone = {step.id: step for step in past}
    for step in known.values():
        origin = _measured_origin(step, everyone, known)
        if origin is not None:
            axes.plot([origin.id, step.id], [_percent(origin), _percent(step)], color=QUIET, lw=1.2, zorder=1)
        _dot(axes, step)
        if step.present or step.label.name or len(known) <= NAMED:
            _name(axes, step)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="step", ylabel="loss recovered, %")
    axes.grid(axis="y", color=LINE, lw=0.8)
    axes.set_axisbelow(True)
    axes.margins(x=0.12, y=0.25)
    present = past.present
    unmeasured = len(past) - len(known)
    more = f" · {unmeasured} without a number" if unmeasured else ""
    titled(
        figure,
        "Every step with its loss recovered and 95 % interval",
        f"{len(past)} steps · ringed: step {present.id}, the present one · n = {present.settings.samples:,} · seed "
        f"{present.settings.seed}{more}",
    )
    return figure


def _measured_origin(step: PastStep, everyone: dict[int, PastStep], known: dict[int, PastStep]) -> PastStep | None:
    """The nearest step before, on the same branch, that has a number."""
    parent = step.parent
    while parent is not None and parent not in known:
        parent = everyone[parent].parent
    return None if parent is None else known[parent]


def _percent(step: PastStep) -> float:
    assert step.recovered is not None
    return 100 * step.recovered.value


def _dot(axes: Axes, step: PastStep) -> None:
    assert step.recovered is not None
    value = _percent(step)
    ends = [[value - 100 * step.recovered.low], [100 * step.recovered.high - value]]
    axes.errorbar(step.id, value, yerr=ends, fmt="o", color=INK, ms=5, lw=1.3, capsize=2, zorder=3)
    if step.present:
        axes.plot(step.id, value, "o", ms=13, mfc="none", mec=INK, mew=1.5, zorder=4)


def _name(axes: Axes, step: PastStep) -> None:
    words = step.label.name or step.edit or "start"
    axes.annotate(
        words if len(words) < LONG else f"{words[: LONG - 2]}…",
        (step.id, _percent(step)),
        (5, 8),
        textcoords="offset points",
        fontsize=8,
        color=INK if step.present else QUIET,
        rotation=20,
        annotation_clip=False,
    )
