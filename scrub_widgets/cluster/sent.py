"""Which tasks are on a cluster already: each is sent once, and stays for the next call."""

from __future__ import annotations

import hashlib
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import ScrubError, TaskError
from . import worker
from .checks import checked
from .pack import dumped, mark, packed

if TYPE_CHECKING:
    from distributed import Client, Future

    from ..task import Task


@dataclass
class Sent:
    """A task that workers have, or can get.

    Attributes
    ----------
    key : str
        Names it on the workers.
    parts : tuple
        What it is made of here: as long as these are the same objects, it is the same task.
    load : callable or None
        Makes it on a worker.
    blob : Future or None
        It as bytes, on the cluster.
    """

    key: str
    parts: tuple[Any, ...]
    load: Callable[[], Task] | None = None
    blob: Future[bytes] | None = None


_SENT: weakref.WeakKeyDictionary[Any, OrderedDict[tuple[int, ...], Sent]] = weakref.WeakKeyDictionary()


def register(client: Client, task: Task, load: Callable[[], Task]) -> None:
    """Let each worker make a task by itself, instead of sending it: for large models, and for those that cannot be pickled.

    Parameters
    ----------
    client : dask.distributed.Client
        The cluster.
    task : Task
        The task here; copies of it with other rules count as the same.
    load : callable
        ``load()`` gives the same task on a worker, on any device of it: once for each worker, when it is first needed.

    Raises
    ------
    ScrubError
        No such client; a function that cannot be pickled.
    """
    checked(client)
    if not callable(load):
        raise TaskError(f"register() takes a function that makes the task, not {load!r}.")
    try:
        code = dumped(load)
    except Exception as error:
        raise TaskError(
            f"the function that makes the task cannot be sent to the workers: {type(error).__name__}: {error}."
        ) from error
    marks = f"{task.fingerprint} {task._model_fingerprint}".encode()
    key = f"made {hashlib.blake2b(code + marks, digest_size=12).hexdigest()}"
    _remember(client, task, Sent(key, _parts(task), load))


def release(client: Client) -> None:
    """Let go of all tasks on the workers, and of their clean values; the next call brings them again.

    Parameters
    ----------
    client : dask.distributed.Client
        The cluster.
    """
    checked(client)
    for sent in _SENT.pop(client, {}).values():
        _drop(sent)
    client.run(worker.forget)


def send(client: Client, task: Task) -> Sent:
    """A task that the workers can get: packed and sent if they have not got it, or lost it.

    Raises
    ------
    TaskError
        A part of it cannot be pickled.
    """
    sent = _SENT.setdefault(client, OrderedDict()).get(_ids(task))
    if sent is None:
        blob = packed(task)
        sent = Sent(mark(blob), _parts(task), blob=_scattered(client, blob))
    elif sent.load is None and (sent.blob is None or sent.blob.status != "finished"):
        sent.blob = _scattered(client, packed(task))
    _remember(client, task, sent)
    return sent


def scattered(client: Client, thing: Any) -> Any:
    """A value on all workers, as a future."""
    return _scattered(client, thing)


def _scattered(client: Client, thing: Any) -> Any:
    try:
        (future,) = client.scatter([thing], broadcast=True, hash=False)
    except (TimeoutError, OSError, ValueError) as error:
        raise ScrubError(f"nothing could be sent to the Dask workers: {type(error).__name__} {error}.") from error
    return future


def _remember(client: Client, task: Task, sent: Sent) -> None:
    known = _SENT.setdefault(client, OrderedDict())
    known[_ids(task)] = sent
    known.move_to_end(_ids(task))
    while len([one for one in known.values() if one.load is None]) > worker.KEPT:
        oldest = next(ids for ids, one in known.items() if one.load is None)
        _drop(known.pop(oldest))


def _drop(sent: Sent) -> None:
    if sent.blob is not None:
        sent.blob.release()


def _parts(task: Task) -> tuple[Any, ...]:
    return (task.graph, task.data, task.loss, task.roles)


def _ids(task: Task) -> tuple[int, ...]:
    return tuple(id(part) for part in _parts(task))
