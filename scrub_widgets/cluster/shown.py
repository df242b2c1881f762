"""Dask's own progress bar, where it was asked for: ``progress="dask"``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ScrubError

if TYPE_CHECKING:
    from distributed import Client, Future

Progress = bool | Literal["dask"]
"""Whether to show a progress bar when it takes long; ``"dask"``: Dask's own, at once."""

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


def show(client: Client, futures: Sequence[Future[Any]]) -> None:
    """Show Dask's bar for these, if it was asked for. It moves by itself: the caller goes on."""
    if not _WANTED.get():
        return
    from distributed.diagnostics.progressbar import ProgressWidget, TextProgressBar
    from distributed.utils import is_kernel

    if is_kernel():
        from IPython.display import display

        bar = ProgressWidget(futures, scheduler=client.scheduler.address, complete=True)
        display(bar.widget)
    else:
        bar = TextProgressBar(futures, scheduler=client.scheduler.address, complete=True, start=False)
    client.loop.add_callback(bar.listen)  # a kernel that computes has no time for its own loop
