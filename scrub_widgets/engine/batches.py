"""Work done batch by batch: when memory runs out the batches become half as large, once, and it is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeVar

import torch

from ..errors import TaskError
from .memory import free_words, out_of_memory

T = TypeVar("T")


class Batches:
    """Borders of the batches of some work.

    Parameters
    ----------
    n : int
        Items.
    size : int
        Items of a batch.
    device : torch.device
        Where the work is done.
    first : int, optional
        Items of the first batch, for an early number.
    release : callable, optional
        Lets go of memory that can be missed, before the smaller batches begin.

    Attributes
    ----------
    note : str
        That the batches were halved, in words; empty if they were not.
    """

    def __init__(
        self,
        n: int,
        size: int,
        device: torch.device,
        *,
        first: int | None = None,
        release: Callable[[], None] = lambda: None,
    ) -> None:
        self.n, self.size = n, size
        self.note = ""
        self._device, self._first, self._release = device, first or size, release
        self._failed = 0
        self._done: list[tuple[int, int]] = []

    def borders(self) -> list[tuple[int, int]]:
        """Start and end of all batches: those that are done, and those to come."""
        found = list(self._done)
        while (start := found[-1][1] if found else 0) < self.n:
            found.append((start, self._stop(start)))
        return found

    def _stop(self, start: int) -> int:
        step = min(self._first, self.size) if start == 0 else self.size - start % self.size
        return min(self.n, start + step)

    def each(self, act: Callable[[int, int], T], within: tuple[int, int] | None = None) -> Iterator[T]:
        """What ``act(start, stop)`` gives for one batch after the other.

        Parameters
        ----------
        act : callable
            The work.
        within : tuple of int, optional
            Only the batches that start there: those of neighbours make up the whole, however they are cut.

        Raises
        ------
        TaskError
            Memory ran out a second time, or where one item is a batch.
        """
        start, end = self._ends(within)
        while start < end:
            stop = min(end, self._stop(start))
            attempt = _attempt(act, start, stop)
            if attempt is None:
                self._halve(stop - start)
                continue
            self._done.append((start, stop))
            start = stop
            yield attempt[0]

    def _ends(self, within: tuple[int, int] | None) -> tuple[int, int]:
        if within is None:
            return 0, self.n
        mine = [border for border in self.borders() if within[0] <= border[0] < within[1]]
        return (mine[0][0], mine[-1][1]) if mine else (0, 0)

    def _halve(self, failed: int) -> None:
        if self._failed or failed == 1:
            tried = f"{_inputs(self._failed)} at a time, and again with {failed}" if self._failed else _inputs(failed)
            raise TaskError(
                f"memory ran out on {self._device} with {tried}; {free_words(self._device)}. Free memory there, or take "
                "fewer or shorter inputs, or a smaller model; the hypothesis is as it was."
            )
        self._failed, self.size = failed, failed // 2
        self.note = f"Memory ran out with {_inputs(failed)} at a time, so batches were halved to {self.size}"
        self._release()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()


def _attempt(act: Callable[[int, int], T], start: int, stop: int) -> tuple[T] | None:
    """What ``act`` gives, or None if memory ran out; what the failed attempt held is gone when this returns."""
    try:
        return (act(start, stop),)
    except Exception as error:
        if not out_of_memory(error):
            raise
        return None


def _inputs(n: int) -> str:
    return "1 input" if n == 1 else f"{n} inputs"
