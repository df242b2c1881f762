"""What happens on a worker: a task is loaded once and stays, with its clean values; a unit is measured on it."""

from __future__ import annotations

import ctypes
import gc
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from ..classes import Classes
from ..errors import Cancelled, ScrubError, TaskError
from ..interrupt import interruptible
from .pack import unpacked

if TYPE_CHECKING:
    from ..engine.settings import Settings
    from ..hypothesis import Hypothesis
    from ..measure.estimates import Floats
    from ..task import Task

KEPT = 2
"""Tasks that stay on a worker: that which is explored, and its held-out part."""
FREE_BYTES = 256 * 2**20
"""Memory that a worker keeps for the next array."""
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
"""Of glibc's malloc.h."""
NEAR = 1e-3
"""Clean losses that are further apart than this share of their size are those of another model or other data."""

Labels = Mapping[str, tuple[str, Classes]]
"""Rule to (hash of its labels, its classes)."""
Measure = Callable[["Task", Sequence["Hypothesis"], "Settings", tuple[int, int]], Any]
"""``measure(task, hypotheses, settings, (start, stop))``: of some hypotheses on the chunks that start there."""


@dataclass(frozen=True)
class Call:
    """What all units of one call have in common; each worker gets it once.

    Attributes
    ----------
    key : str
        Of the task: units with one key are measured on one and the same.
    load : callable or None
        Makes the task on the worker; without, it comes as bytes.
    marks : tuple of str
        Fingerprints of data and model.
    losses : array of float
        The model's own losses where the call was made, ``[inputs]``.
    settings : Settings
        Samples, seed, policy, baseline.
    labels : mapping
        What the rules say, computed where the call was made.
    threads : int
        Of torch, as where the call was made: their number decides in which order numbers are added up.
    """

    key: str
    load: Callable[[], Task] | None
    marks: tuple[str, str]
    losses: Floats
    settings: Settings
    labels: Labels
    threads: int


@dataclass(frozen=True)
class Answer:
    """What a unit gave.

    Attributes
    ----------
    values : object
        What was measured.
    off : float
        How far the worker's own clean losses are from those of the caller; 0: equal to the bit.
    worker : str
        Its address.
    refused : ScrubError or None
        Why there are no values.
    """

    values: Any
    off: float
    worker: str
    refused: ScrubError | None = None


@dataclass
class Loaded:
    """A task on a worker, and its copies with labels: one, as long as no rule changes its meaning."""

    task: Task
    off: float
    copies: OrderedDict[int, tuple[dict[str, str], Task]] = field(default_factory=OrderedDict)

    def labelled(self, labels: Labels) -> Task:
        """The task with these labels; what was remembered of earlier units is kept where the labels agree."""
        marks = {rule: mark for rule, (mark, _) in labels.items()}
        known, task = self._agreeing(marks)
        known.update(marks)
        task._classes.update({rule: found for rule, (_, found) in labels.items() if rule not in task._classes})
        return task

    def _agreeing(self, marks: Mapping[str, str]) -> tuple[dict[str, str], Task]:
        for known, task in self.copies.values():
            if all(known.get(rule, mark) == mark for rule, mark in marks.items()):
                return known, task
        new = self.task._copy()
        self.copies[id(new)] = ({}, new)
        while len(self.copies) > KEPT:
            self.copies.popitem(last=False)
        return self.copies[id(new)]


_LOADED: OrderedDict[str, Loaded] = OrderedDict()
_PREPARED: dict[str, int] = {}
_ONE = threading.Lock()
"""One unit at a time in a process: torch's number of threads is the process's, and so are the model's hooks."""


@cache
def keep_pages() -> None:
    """Let this process reuse the memory of one array for the next, as any other process does (glibc only).

    Dask starts its workers with ``MALLOC_TRIM_THRESHOLD_=65536``, which gives every array back to the system at once: each new
    one is then made of new pages, and a unit takes twice as long.
    """
    with suppress(OSError, AttributeError):
        libc = ctypes.CDLL(None)
        libc.mallopt(M_MMAP_THRESHOLD, 32 * 2**20)  # the most it takes
        libc.mallopt(M_TRIM_THRESHOLD, FREE_BYTES)


def unit(
    call: Call,
    blob: bytes | None,
    measure: Measure,
    hypotheses: Sequence[Hypothesis],
    within: tuple[int, int],
    key: str,
) -> Answer:
    """Measure some hypotheses on some references; runs on a worker, and stops there when it is cancelled."""
    keep_pages()
    with _ONE, _threads(call.threads), interruptible(lambda: _wanted(key)):
        try:
            loaded, task = _task(call, blob, key)
            values = measure(task, hypotheses, call.settings, within)
        except ScrubError as error:
            return Answer(None, 0.0, _address(), error)  # it would be refused again
    return Answer(values, loaded.off, _address())


def loads() -> dict[str, int]:
    """How often this process loaded a task and made its clean pass, by the task's key."""
    return dict(_PREPARED)


def forget() -> int:
    """Let go of all tasks on this worker; returns how many there were."""
    with _ONE:
        count = len(_LOADED)
        _LOADED.clear()
    gc.collect()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
    return count


def marked(classes: Classes) -> str:
    """A hash of what a rule says."""
    found = hashlib.blake2b(type(classes).__name__.encode(), digest_size=12)
    found.update(str(classes.codes.shape).encode() + classes.codes.tobytes())
    found.update(repr((getattr(classes, "seed", None), getattr(classes, "rule", None))).encode())
    return found.hexdigest()


# -- inside ---------------------------------------------------------------------------------------------------------------


def _task(call: Call, blob: bytes | None, key: str) -> tuple[Loaded, Task]:
    if call.key not in _LOADED:
        _LOADED[call.key] = _load(call, blob, key)
        while len(_LOADED) > KEPT:
            _LOADED.popitem(last=False)
    _LOADED.move_to_end(call.key)
    loaded = _LOADED[call.key]
    return loaded, loaded.labelled(call.labels)


def _load(call: Call, blob: bytes | None, key: str) -> Loaded:
    if call.load is not None:
        task = call.load()
        if not hasattr(task, "prepare") or (task.fingerprint, task._model_fingerprint) != call.marks:
            raise TaskError(
                "the function given to sw.cluster.register() makes another task: other data or another model."
            )
    else:
        assert blob is not None
        task = unpacked(blob)
    task._classes = {}
    losses = task.prepare(lambda _done, _total: _wanted(key)).losses
    _PREPARED[call.key] = _PREPARED.get(call.key, 0) + 1
    off = float(np.abs(losses - call.losses).max())
    size = float(np.abs(call.losses).max())
    if off > NEAR * max(size, 1e-30):
        raise TaskError(
            f"on the worker {_address()} the model's own losses differ by up to {off:.2g} from those where the call was made: "
            "it computes another function there."
        )
    return Loaded(task, off)


@contextmanager
def _threads(wanted: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _wanted(key: str) -> None:
    """Stop between two chunks if the scheduler took this unit back."""
    from distributed import get_worker

    try:
        state = get_worker().state.tasks.get(key)
    except ValueError:  # no worker: called directly
        return
    if state is None or state.state == "cancelled":
        raise Cancelled("nobody wants this unit any more.")


def _address() -> str:
    from distributed import get_worker

    try:
        return str(get_worker().address)
    except ValueError:
        return "here"
