"""Units of work over the workers of a Dask cluster: each counts once, whatever dies; nothing goes on when nobody wants it."""

from __future__ import annotations

import time
import uuid
import warnings
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any

import torch

from ..errors import ScrubError
from ..interrupt import checkpoint
from . import worker
from .checks import checked
from .sent import Sent, scattered, send
from .shown import Bar, show
from .worker import Answer, Call, Measure

if TYPE_CHECKING:
    from distributed import Client

    from ..engine.settings import Settings
    from ..hypothesis import Hypothesis
    from ..task import Task

LOOK = 0.1
"""Seconds between two looks whether anyone still wants the answers."""
GONE = 60.0
"""Seconds without any worker after which a run ends: one that died may come back."""
RETRIES = 2
"""Times that a unit whose worker raised what is no refusal is tried again."""
RESENT = 5
"""Times that what only dead workers had is sent again."""


@dataclass(frozen=True)
class Unit:
    """Hypotheses ``first`` to ``last`` of a call on the chunks of references that start from ``start`` to ``stop``."""

    first: int
    last: int
    start: int
    stop: int


def answers(
    client: Any,
    task: Task,
    hypotheses: Sequence[Hypothesis],
    chosen: Settings,
    units: Sequence[Unit],
    measure: Measure,
    name: str,
) -> Generator[tuple[int, Any]]:
    """Number and values of each unit, as they come.

    Parameters
    ----------
    client : dask.distributed.Client
        The cluster.
    task, hypotheses, chosen
        What to measure.
    units : sequence of Unit
        The parts of it.
    measure : callable
        What to do; a function of a module that the workers have too.
    name : str
        What Dask shows, besides ``scrub``.

    Raises
    ------
    ScrubError
        The cluster cannot be used, or is lost on the way; what a unit refuses.
    """
    run = _Run(checked(client), task, hypotheses, chosen, units, measure, name)
    with _ended(run):
        run.begin()
        while run.waiting:
            checkpoint()
            done = run.next(LOOK)
            if done is not None:
                yield done


class _Run:
    """The units that are under way."""

    def __init__(
        self,
        client: Client,
        task: Task,
        hypotheses: Sequence[Hypothesis],
        chosen: Settings,
        units: Sequence[Unit],
        measure: Measure,
        name: str,
    ) -> None:
        self.client, self.task, self.hypotheses, self.units, self.measure = client, task, hypotheses, units, measure
        rules = dict.fromkeys(claim.rule for h in hypotheses for claim in h)
        classes = {rule: task.classes(rule) for rule in rules}
        self.sent: Sent = send(client, task)
        self.call = Call(
            self.sent.key,
            self.sent.load,
            (task.fingerprint, task._model_fingerprint),
            task.prepare().losses,
            chosen,
            {rule: (worker.marked(found), found) for rule, found in classes.items()},
            torch.get_num_threads(),
        )
        # Dask groups by what stands before the first dash.
        self.name = f"scrub {name}".replace("-", " ")
        self.run = uuid.uuid4().hex[:8]
        self.waiting: dict[int, Any] = {}
        self.done: list[Any] = []
        self.arrived: SimpleQueue[tuple[int, Any]] = SimpleQueue()
        self.bar: Bar | None = None
        self.resent = 0
        self.alone: float | None = None
        self.looked = time.monotonic()
        self.off: dict[str, float] = {}

    def begin(self) -> None:
        """Hand all units to the scheduler."""
        self.common = scattered(self.client, self.call)
        self._submit(range(len(self.units)))
        self.bar = show(self.client, list(self.waiting.values()))

    def _submit(self, numbers: Sequence[int]) -> None:
        for i in numbers:
            unit = self.units[i]
            key = f"{self.name}-{self.run}-{self.resent}-{i}"
            future = self.client.submit(
                worker.unit,
                self.common,
                self.sent.blob,
                self.measure,
                tuple(self.hypotheses[unit.first : unit.last]),
                (unit.start, unit.stop),
                key,
                key=key,
                retries=RETRIES,
                pure=False,
            )
            self.waiting[i] = future
            self._listen(i, future)

    def _listen(self, i: int, future: Any) -> None:
        future.add_done_callback(lambda done: self.arrived.put((i, done)))

    def next(self, seconds: float) -> tuple[int, Any] | None:
        """A unit that is done; None if there is none after some seconds, or what came does not count."""
        try:
            i, future = self.arrived.get(timeout=seconds)
        except Empty:
            self._look()
            return None
        mine = self.waiting.get(i)
        if mine is None or future is not mine:
            return None  # taken back in the meantime
        if future.status == "error":
            raise _as_sentence(future.exception())
        if future.status == "cancelled":
            self._again()
            return None
        answer = self._fetched(future) if future.status == "finished" else None
        if answer is None:  # its worker died with it, and another one works it out again
            self._listen(i, future)
            return None
        if answer.refused is not None:
            raise answer.refused
        del self.waiting[i]
        self.done.append(future)  # kept until the end: Dask's bar counts those that are there
        self._compare(answer)
        return i, answer.values

    def _fetched(self, future: Any) -> Answer | None:
        from distributed import CancelledError

        try:
            found: Answer = future.result(timeout=1.0)
        except (TimeoutError, CancelledError):
            return None
        return found

    def _again(self) -> None:
        """What only dead workers had is sent again, and with it all units that have no answer yet."""
        self._reachable()
        self.resent += 1
        if self.resent > RESENT:
            raise ScrubError("the Dask workers lost what was sent to them again and again; are they short of memory?")
        left = list(self.waiting)
        self._cancel(list(self.waiting.values()))
        self.waiting.clear()
        checked(self.client)
        self.sent = send(self.client, self.task)
        self.common = scattered(self.client, self.call)
        self._submit(left)

    def _look(self) -> None:
        """Refuse to wait for a cluster that is gone."""
        self._reachable()
        now = time.monotonic()
        if now - self.looked < 1.0:
            return
        self.looked = now
        if self.client.nthreads():
            self.alone = None
            return
        self.alone = self.alone or now
        if now - self.alone > GONE:
            raise ScrubError(
                f"the Dask cluster at {self.client.scheduler.address} lost all of its workers, and none came back within "
                f"{GONE:.0f} s; what was measured before stays."
            )

    def _reachable(self) -> None:
        if self.client.status != "running":
            raise ScrubError(
                f"the Dask client is {self.client.status}: the connection to its cluster ended on the way; what was measured before "
                "stays."
            )

    def _compare(self, answer: Answer) -> None:
        """Say it once for each worker that rounds in another way."""
        if answer.off and answer.worker not in self.off:
            warnings.warn(
                f"the worker {answer.worker} rounds differently from this process (the model's own losses differ by up to "
                f"{answer.off:.1g}): another kind of processor or device. Results agree up to that, not to the bit.",
                stacklevel=2,
            )
            self.off[answer.worker] = answer.off

    def end(self) -> None:
        """Take back what is under way, and let go of what is done."""
        if self.client.status != "running":
            return
        self._cancel(list(self.waiting.values()))
        if self.bar is not None:
            self.bar.close()
        for future in self.done:
            future.release()

    def _cancel(self, futures: list[Any]) -> None:
        with suppress(TimeoutError, OSError, RuntimeError):
            self.client.cancel(futures, force=True)


@contextmanager
def _ended(run: _Run) -> Iterator[None]:
    try:
        yield
    finally:
        run.end()


def _as_sentence(error: BaseException) -> BaseException:
    from distributed import KilledWorker

    if isinstance(error, KilledWorker):
        return ScrubError(
            f"the Dask workers die of this work: {error} If they run out of memory, give them more, or the task fewer inputs."
        )
    return error
