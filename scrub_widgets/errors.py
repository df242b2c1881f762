"""The errors a user can meet. Each message says what was expected and what exists."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ScrubError(Exception):
    """Anything that scrub-widgets refuses. Its message is one sentence for a person.

    Attributes
    ----------
    where : str or None
        The claim id or rule name that the error is about, where there is one.
    """

    def __init__(self, message: str, *, where: str | None = None) -> None:
        super().__init__(message)
        self.where = where


class HypothesisError(ScrubError):
    """A claim that cannot stand: unknown component or port, not upstream, claimed twice, ..."""


class RuleError(ScrubError):
    """A rule that raises, has labels of a wrong shape, or does not exist."""


class RewriteError(ScrubError):
    """A rewrite that does not equal the component it replaces."""


class TaskError(ScrubError):
    """A model, data set or loss that cannot be scrubbed, with the reason."""


class CircuitError(ScrubError):
    """A circuit, or a file of one, that cannot be read or does not fit the model."""


class Cancelled(ScrubError):  # noqa: N818 - stopping on request is no error of anyone's
    """A run was asked to stop. What was computed before stays valid."""


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Names in quotes for a message; beyond ``limit`` the rest is counted, never silently dropped."""
    all_names = list(names)
    shown = ", ".join(f"'{name}'" for name in all_names[:limit])
    more = len(all_names) - limit
    return f"{shown} and {more} more" if more > 0 else shown or "none"


def suggestion(name: str, names: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` with a leading space, or nothing."""
    close = difflib.get_close_matches(name, list(names), n=1)
    return f" Did you mean '{close[0]}'?" if close else ""
