"""Figures of results. Object-oriented matplotlib only: pyplot is not safe in the threads of a notebook."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from ..errors import ScrubError, listed, suggestion
from .examples import examples
from .past import history
from .positions import positions
from .recovered import recovered
from .trail import trail
from .waterfall import waterfall

if TYPE_CHECKING:
    from ..history import Outcome
    from ..session import Session

__all__ = ["FIGURES", "examples", "figure", "history", "positions", "recovered", "trail", "waterfall"]


def figure(session: Session, name: str, rule: str | None = None) -> Figure:
    """One of a session's charts, by name; a waterfall that was not measured yet is measured.

    Parameters
    ----------
    session : Session
        Whose newest complete result is drawn.
    name : str
        One of :data:`FIGURES`.
    rule : str, optional
        Whose classes are marked, in ``"examples"``.

    Raises
    ------
    ScrubError
        No such figure, no complete result yet, or nothing that it could show.
    """
    if name not in FIGURES:
        raise ScrubError(f"no figure '{name}'; there is {listed(FIGURES)}.{suggestion(name, FIGURES)}")
    if rule is not None and name != "examples":
        raise ScrubError(f"rule= marks classes in the figure 'examples'; '{name}' has none to mark.")
    if name == "history":
        return history(session.history)
    outcome = session.outcome
    if outcome is None or not outcome.complete:
        raise ScrubError("there is no complete result yet: wait() for it.")
    if name == "examples":
        return examples(outcome.result, rule)
    return _OF[name](session, outcome)


def _recovered(session: Session, outcome: Outcome) -> Figure:
    confirmed = session.confirmation
    return recovered(outcome.result, outcome.null, None if confirmed is None else confirmed.recovered)


_OF: dict[str, Callable[[Session, Outcome], Figure]] = {
    "recovered": _recovered,
    "positions": lambda _, outcome: positions(outcome.result),
    "trail": lambda _, outcome: trail(outcome.result, outcome.trail),
    "waterfall": lambda session, outcome: waterfall(outcome.result, outcome.waterfall or session.waterfall()),
}
FIGURES = (*_OF, "examples", "history")
"""Names of all figures."""
