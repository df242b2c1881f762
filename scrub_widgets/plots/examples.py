"""Each example's loss, scrubbed against untouched: a mean of 100 % with a wide cloud is not agreement."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from ..marks import Marks, marks
from .style import HUES, INK, LINE, MARKERS, QUIET, loss_words, made, plain, terms, titled

if TYPE_CHECKING:
    from ..result import Result

Mask = npt.NDArray[np.bool_]


def examples(r: Result, rule: str | None = None) -> Figure:
    """A scatter with the diagonal, and beside it how the changes are spread.

    Parameters
    ----------
    r : Result
        What to draw.
    rule : str, optional
        Whose classes are marked: the six largest, and the rest.

    Raises
    ------
    RuleError
        No such rule, or one that cannot be applied.
    """
    figure, axes = made(8.2, 4.6)
    model, scrubbed = r.losses.model, r.losses.scrubbed
    low, high = min(model.min(), scrubbed.min()), max(model.max(), scrubbed.max())
    room = 0.04 * (high - low or 1.0)
    ends = (low - room, high + room)
    axes.plot(ends, ends, color=QUIET, lw=1, ls=(0, (4, 4)), zorder=1)
    found = None if rule is None else marks(r.task, rule, r.references)
    alpha = 0.35 if len(model) > 1000 else 0.55
    for label, hue, marker, where in _groups(found, len(model)):
        axes.scatter(model[where], scrubbed[where], s=14, c=hue, marker=marker, alpha=alpha, lw=0, label=label)
    if found is not None:
        figure.legend(
            title=rule,
            fontsize=8,
            title_fontsize=9,
            frameon=False,
            loc="outside lower center",
            ncols=7,
            markerscale=1.6,
        )
    axes.set(xlim=ends, ylim=ends, xlabel=loss_words(r, "untouched model's"), ylabel=loss_words(r, "scrubbed"))
    axes.set_aspect("equal")
    axes.grid(color=LINE, lw=0.8)
    axes.set_axisbelow(True)
    _changes(figure, r)
    titled(figure, "Each example's loss: above the diagonal it got worse, below it better", terms(r))
    return figure


def _groups(found: Marks | None, n: int) -> list[tuple[str, str, str, Mask]]:
    if found is None:
        return [("", INK, "o", np.ones(n, dtype=bool))]
    groups: list[tuple[str, str, str, Mask]] = [
        (f"{name} ({(found.codes == i).sum()})", HUES[i % len(HUES)], MARKERS[i % len(MARKERS)], found.codes == i)
        for i, name in enumerate(found.names)
    ]
    if found.rest:
        other = found.codes == len(found.names)
        groups.append((f"{found.rest} more ({other.sum()})", QUIET, ".", other))
    return groups


def _changes(figure: Figure, r: Result) -> None:
    """How the changes of the losses are spread: two humps on both sides of 0 are cancellation."""
    axes = figure.add_subplot(1, 2, 2)
    figure.axes[0].set_subplotspec(figure.add_gridspec(1, 2, width_ratios=[3, 2])[0])
    axes.set_subplotspec(figure.add_gridspec(1, 2, width_ratios=[3, 2])[1])
    plain(axes)
    change = r.losses.scrubbed - r.losses.model
    axes.hist(change, bins=40, color=QUIET, alpha=0.6)
    axes.axvline(0, color=INK, lw=1)
    axes.axvline(float(change.mean()), color=INK, lw=1.6, ls="--")
    axes.set_title(
        f"{100 * r.better:.0f} % better, {100 * r.worse:.0f} % worse; mean {change.mean():+.3g} (dashed)",
        fontsize=9,
        color=QUIET,
    )
    axes.set(xlabel=f"change of {loss_words(r)}", ylabel="examples")
