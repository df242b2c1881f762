"""A Dask client before anything is sent: open, with workers that have the same packages. A sentence within seconds if not."""

from __future__ import annotations

import platform
import time
import weakref
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from ..errors import ScrubError, listed

if TYPE_CHECKING:
    from distributed import Client

WAIT = 5.0
"""Seconds in which a cluster that is just starting may bring its first worker."""
ANSWER = 30.0
"""Seconds in which workers answer what they have; one that computes answers late."""
SAME = ("scrub-widgets", "torch")
"""Packages whose versions must be equal: of one computes other bits, or has other code."""

_CHECKED: weakref.WeakKeyDictionary[Any, set[str]] = weakref.WeakKeyDictionary()


def checked(client: Any) -> Client:
    """A Dask client that can be used.

    Raises
    ------
    ScrubError
        Not installed, no client, closed, without workers, or workers with other versions: the sentence says what to do.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ScrubError(
            "client= needs Dask, which is not installed here: pip install 'scrub-widgets[dask]'."
        ) from None
    if not isinstance(client, Client):
        raise ScrubError(f"client= takes a dask.distributed.Client, not {type(client).__name__}.")
    if client.asynchronous:
        raise ScrubError("client= takes a dask.distributed.Client that waits; this one is asynchronous.")
    if client.status != "running":
        raise ScrubError(f"the Dask client is {client.status}; make a new one: dask.distributed.Client(...).")
    _same_packages(client, workers(client))
    return client


def workers(client: Client) -> list[str]:
    """Addresses of the workers, once there is one.

    Raises
    ------
    ScrubError
        There is none within :data:`WAIT` seconds.
    """
    until = time.monotonic() + WAIT
    while True:
        found = list(_asked(client, client.scheduler.ncores))
        if found:
            return found
        if time.monotonic() > until:
            raise ScrubError(
                f"the Dask cluster at {client.scheduler.address} has no workers: start one, cluster.scale(2), and wait for it, "
                "client.wait_for_workers(1)."
            )
        time.sleep(0.05)


def _same_packages(client: Client, there: list[str]) -> None:
    known = _CHECKED.setdefault(client, set())
    new = [worker for worker in there if worker not in known]
    if not new:
        return
    for package in SAME:
        _same(client, new, package, version(package), version, package)
    _same(client, new, "Python", platform.python_version(), platform.python_version)
    known.update(new)


def _same(client: Client, there: list[str], what: str, here: str, ask: Any, *args: str) -> None:
    """Refuse workers that have another version; what is asked is the standard library's, so any worker can answer."""
    answers = _asked(client, client._run, ask, *args, workers=there, on_error="return")
    for worker, found in answers.items():
        if isinstance(found, Exception):
            have = f"has no {what}" if "PackageNotFound" in type(found).__name__ else f"does not answer: {found}"
            raise ScrubError(
                f"the Dask worker {worker} {have}; here is {what} {here}: install the same on all workers."
            )
        if found != here:
            raise ScrubError(
                f"the Dask worker {worker} has {what} {found}, and here is {here}: install the same version on all workers."
            )


def _asked(client: Client, function: Any, *args: Any, **options: Any) -> Any:
    """Ask the cluster, but not for ever."""
    try:
        return client.sync(function, *args, callback_timeout=ANSWER, **options)
    except (TimeoutError, OSError) as error:
        raise ScrubError(
            f"the Dask cluster at {listed([client.scheduler.address])} does not answer: {type(error).__name__} {error}."
        ) from error
