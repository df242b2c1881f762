"""A Dask cluster of two processes for tests, and a loss by which a test holds one of them where it wants."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dask
import distributed.utils
import pytest
from distributed import Client, LocalCluster

from scrub_widgets.rules import Batch

LONG = 120.0
ROOT = Path(__file__).parents[2]


@contextmanager
def two_workers() -> Iterator[Client]:
    """A client of two workers, each a process with one thread. They are forked from a server that did the imports once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        multiprocessing.get_context("forkserver").set_forkserver_preload(["distributed", "tests.unit.warm"])
        patch.setattr(distributed.utils, "_forkserver_preload_set", True)
        with (
            dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"}),
            LocalCluster(
                n_workers=2, threads_per_worker=1, dashboard_address=":0", processes=True, memory_limit=0
            ) as cluster,
            Client(cluster) as client,
        ):
            client.wait_for_workers(2, timeout=LONG)
            yield client


def until(there: Callable[[], Any]) -> Any:
    """Wait for something that another process does."""
    end = time.monotonic() + LONG
    while not (found := there()):
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.01)
    return found


def pids(client: Client) -> dict[int, str]:
    """Process to address of each worker."""
    found: dict[str, int] = client.run(os.getpid)
    return {pid: address for address, pid in found.items()}


@dataclass(frozen=True)
class Held:
    """A loss that writes down in which process it ran, and waits there while a file forbids it to go on."""

    folder: Path

    def __call__(self, logits: Any, batch: Batch) -> Any:
        """Difference of two logits."""
        me = os.getpid()
        while self._hold(me).exists():
            self._held(me).touch()
            time.sleep(0.01)
        with (self.folder / f"{me}.calls").open("a") as calls:
            calls.write(f"{len(batch)}\n")
        return logits[:, 0, 0] - logits[:, 0, 1]

    def hold(self, *processes: int) -> None:
        """Let these processes wait when they come here next."""
        for pid in processes:
            self._held(pid).unlink(missing_ok=True)
            self._hold(pid).touch()

    def let(self, *processes: int) -> None:
        """Let them go on."""
        for pid in processes:
            self._hold(pid).unlink(missing_ok=True)

    def waits(self, pid: int) -> bool:
        """Whether a process waits here."""
        return self._held(pid).exists()

    def calls(self, pid: int) -> int:
        """How often it was here."""
        log = self.folder / f"{pid}.calls"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def _hold(self, pid: int) -> Path:
        return self.folder / f"{pid}.hold"

    def _held(self, pid: int) -> Path:
        return self.folder / f"{pid}.held"
