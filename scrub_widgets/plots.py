"""Figures of results. Object-oriented matplotlib only: pyplot is not safe in the threads of a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from .result import Result

INK = "#1f4e79"


def recovered(result: Result) -> Figure:
    """Loss recovered with its interval, and above them the losses themselves."""
    figure = Figure(figsize=(7.2, 2.1), layout="constrained")
    axes = figure.add_subplot()
    estimate = result.loss_recovered
    axes.axvline(0, color="0.4", lw=1)
    axes.axvline(100, color="0.4", lw=1)
    if estimate.resolved:
        value, low, high = (100 * x for x in (estimate.value, estimate.low, estimate.high))
        axes.barh([0], [value], height=0.5, color=INK, alpha=0.25)
        axes.errorbar([value], [0], xerr=[[value - low], [high - value]], fmt="o", color=INK, capsize=5)
        axes.annotate(str(estimate), (value, 0), (0, 14), textcoords="offset points", ha="center", color=INK)
        axes.set_xlim(min(-5.0, low - 5), max(105.0, high + 5))
    else:
        axes.text(50, 0, str(estimate), ha="center", va="center")
        axes.set_xlim(-5, 105)
    axes.set_ylim(-0.6, 0.9)
    axes.set_yticks([])
    axes.set_xlabel("loss recovered, % (0: baseline, 100: untouched model)")
    axes.spines[["left", "right", "top"]].set_visible(False)
    gap = result.baseline_loss.value - result.model_loss.value
    if estimate.resolved:
        base = result.baseline_loss.value
        losses = axes.secondary_xaxis(
            "top", functions=(lambda x: base - np.asarray(x) * gap / 100, lambda y: (base - np.asarray(y)) * 100 / gap)
        )
        unit = result.provenance.get("unit", "")
        losses.set_xlabel(f"loss, {unit}" if unit else "loss")
    axes.set_title(
        f"{result.provenance.get('task', '')}: n = {len(result.losses)}, seed {result.settings.seed}, "
        f"baseline {result.baseline_name}",
        fontsize="medium",
    )
    return figure
