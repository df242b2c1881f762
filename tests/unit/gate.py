"""A loss that waits until it is let through: a run as slow as a test wants."""

from __future__ import annotations

import threading
from typing import Any

from scrub_widgets.rules import Batch

LONG = 60.0


class Gate:
    """A loss; once armed, it waits between chunks until it is opened."""

    def __init__(self) -> None:
        self.open = threading.Event()
        self.entered = threading.Event()
        self.armed = False

    def __call__(self, logits: Any, batch: Batch) -> Any:
        if self.armed:
            self.entered.set()
            assert self.open.wait(LONG)
        return logits[:, 0, 0] - logits[:, 0, 1]
