"""The loss position by position: where in the input a hypothesis holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..errors import ScrubError
from ..measure.positions import why_none
from .style import INK, LINE, QUIET, loss_words, made, terms, titled

if TYPE_CHECKING:
    from ..result import Result

LINES = (("baseline", QUIET, "--", 1.4), ("scrubbed", INK, "-", 2.2), ("model", QUIET, ":", 1.8))


def positions(r: Result) -> Figure:
    """Model, scrubbed and baseline loss with 95 % bands.

    Raises
    ------
    ScrubError
        The loss is not a sum over several positions; the sentence says why.
    """
    if not r.positions:
        raise ScrubError(f"there is no figure of positions: {why_none(r)}")
    figure, axes = made(7.2, 3.6)
    names: list[tuple[float, str, str]] = []
    at = [np.mean(place.positions) for place in r.positions]
    for name, colour, style, width in LINES:
        found = [getattr(place, name) for place in r.positions]
        values = [e.value for e in found]
        axes.fill_between(at, [e.low for e in found], [e.high for e in found], color=colour, alpha=0.15, lw=0)
        axes.plot(at, values, color=colour, ls=style, lw=width, marker="o" if len(at) <= 40 else "", ms=3.5)
        names.append((values[-1], name, colour))
    low, high = axes.get_ylim()
    for (_, name, colour), y in zip(names, _apart([v for v, *_ in names], 0.07 * (high - low)), strict=True):
        axes.annotate(
            name,
            (at[-1], y),
            (8, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontweight="bold" if name == "scrubbed" else "normal",
        )
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set(xlabel="position", ylabel=loss_words(r))
    axes.grid(axis="y", color=LINE, lw=0.8)
    axes.set_axisbelow(True)
    titled(figure, "Loss by position, with 95 % intervals", terms(r))
    return figure


def _apart(values: list[float], step: float) -> list[float]:
    """The same heights, at least a step from each other, so that no name stands on another."""
    found, floor = list(values), -np.inf
    for i in sorted(range(len(values)), key=values.__getitem__):
        found[i] = floor = max(values[i], floor + step)
    return found
