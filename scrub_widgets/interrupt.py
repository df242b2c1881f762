"""How work in a background thread is stopped: it is asked between two chunks whether anyone still wants it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_CHECK: ContextVar[Callable[[], None] | None] = ContextVar("check", default=None)


@contextmanager
def interruptible(check: Callable[[], None]) -> Iterator[None]:
    """Every scrub inside, however deep, calls ``check`` before each chunk; what it raises ends the work.

    Parameters
    ----------
    check : callable
        Raises :class:`~scrub_widgets.errors.Cancelled` when the work is no longer wanted.
    """
    token = _CHECK.set(check)
    try:
        yield
    finally:
        _CHECK.reset(token)


def checkpoint() -> None:
    """Between two chunks: stop here if nobody wants the rest."""
    check = _CHECK.get()
    if check is not None:
        check()
