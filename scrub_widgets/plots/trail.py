"""How an estimate settled as samples came."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from ..errors import ScrubError
from .style import INK, LINE, made, terms, titled

if TYPE_CHECKING:
    from ..measure.estimates import Estimate
    from ..result import Result


def trail(r: Result, points: Sequence[tuple[int, Estimate]]) -> Figure:
    """Loss recovered after each batch of samples, with its 95 % interval.

    Raises
    ------
    ScrubError
        At no time was there a percentage.
    """
    known = [(n, estimate) for n, estimate in points if estimate.resolved]
    if not known:
        raise ScrubError(f"there is no figure of the samples: the loss recovered is {r.loss_recovered}.")
    figure, axes = made(7.2, 3.2)
    n = [n for n, _ in known]
    value, low, high = ([100 * getattr(e, end) for _, e in known] for end in ("value", "low", "high"))
    axes.fill_between(n, low, high, color=INK, alpha=0.15, lw=0)
    axes.plot(n, value, color=INK, lw=2, marker="o" if len(n) <= 40 else "", ms=3.5)
    # The first few samples swing wildly: the axis is made for the later ones.
    later = slice(len(n) // 4, None)
    bottom, top = min(low[later]), max(high[later])
    room = 0.15 * (top - bottom or 1.0)
    axes.set(xlim=(0, None), ylim=(bottom - room, top + room), xlabel="samples", ylabel="loss recovered, %")
    axes.grid(axis="y", color=LINE, lw=0.8)
    axes.set_axisbelow(True)
    titled(figure, f"Loss recovered as samples came: {r.loss_recovered}", terms(r))
    return figure
