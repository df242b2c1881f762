"""Suggestions of rules as the view draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import wire
from .search import rounded

if TYPE_CHECKING:
    from .widget import ScrubWidget


def show(widget: ScrubWidget, _: str) -> None:
    """Bring the view up to date."""
    suggested = widget.session.suggestion
    if suggested is None:
        return
    found = suggested.found
    best = {row.rule for row in found.pareto} if found is not None and found.rows else set()
    shown = wire.SuggestionInfo(
        rev=suggested.rev,
        claim=suggested.claim,
        claims=[suggested.claim] if found is None else list(found.claims),
        running=suggested.running,
        message=suggested.message,
        done=0 if found is None else len(found.rows),
        total=0 if found is None else len(found.rows) + len(found.left),
        rules=[
            wire.SuggestedRule(
                rule=row.rule,
                bits=round(row.bits, 3),
                cost=rounded(row.cost),
                recovered=rounded(row.recovered),
                best=row.rule in best,
            )
            for row in (() if found is None else sorted(found.rows, key=lambda row: row.bits))
        ],
        coarsest=None if found is None or not found.complete or found.coarsest is None else found.coarsest.rule,
        sentence="" if found is None or not found.complete else found.sentence,
    )
    widget._set(_suggestion=wire.plain(shown))
