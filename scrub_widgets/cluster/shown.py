"""Dask's own progress bar, where it was asked for: ``progress="dask"``."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ScrubError

if TYPE_CHECKING:
    from distributed import Client, Future

Progress = bool | Literal["dask"]
"""Whether to show a progress bar when it takes long; ``"dask"``: Dask's own, at once."""

PATIENCE = 0.5
"""Seconds that work waits for the bar to appear, and to reach its end."""

_WANTED: ContextVar[bool] = ContextVar("dask progress", default=False)


@contextmanager
def bars(progress: Progress, client: Any = None) -> Iterator[bool]:
    """Who shows progress inside: Dask, or (if it is True what is entered) whoever asks.

    Raises
    ------
    ScrubError
        Dask's bar without a Dask client, or something else.
    """
    if progress not in (True, False, "dask"):
        raise ScrubError(f"progress= is True, False or 'dask', not {progress!r}.")
    if progress == "dask" and client is None:
        raise ScrubError("progress='dask' needs client=, a dask.distributed.Client.")
    token = _WANTED.set(progress == "dask")
    try:
        yield progress is True
    finally:
        _WANTED.reset(token)


class Bar:
    """Dask's bar for some futures; it moves by itself.

    Parameters
    ----------
    client : Client
        The cluster.
    futures : sequence of Future
        What is under way.
    """

    def __init__(self, client: Client, futures: Sequence[Future[Any]]) -> None:
        from distributed.diagnostics.progressbar import ProgressWidget, TextProgressBar
        from distributed.utils import is_kernel

        self.client, where = client, {"scheduler": client.scheduler.address, "complete": True}
        if is_kernel():
            from IPython.display import display

            self.bar = ProgressWidget(futures, **where)
            display(self.bar.widget)  # type: ignore[no-untyped-call]
        else:
            self.bar = TextProgressBar(futures, start=False, **where)
        client.loop.add_callback(self.bar.listen)  # a kernel that computes has no time for its own loop
        self._wait(lambda: self.status)  # before the futures may be gone: Dask would look for them for ever

    @property
    def status(self) -> str:
        """``running``, ``finished``, ``error``; empty before it is there."""
        return str(getattr(self.bar, "status", ""))

    def close(self) -> None:
        """Leave it as it is."""
        self._wait(lambda: self.status in ("finished", "error"))
        comm = getattr(self.bar, "comm", None)
        if comm is not None:
            self.client.loop.add_callback(comm.abort)

    @staticmethod
    def _wait(there: Callable[[], Any]) -> None:
        until = time.monotonic() + PATIENCE
        while not there() and time.monotonic() < until:
            time.sleep(0.01)


def show(client: Client, futures: Sequence[Future[Any]]) -> Bar | None:
    """Dask's bar for these, if it was asked for."""
    return Bar(client, futures) if _WANTED.get() else None
