"""Fixtures of the unit tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from scrub_widgets import Session
from tests.unit.gate import LONG
from tests.unit.tiny import shared_task


@pytest.fixture
def session() -> Iterator[Session]:
    """A session on the shared task that has its first result; a file of tests may have one of its own."""
    s = Session(shared_task(), samples=64)
    s.wait(LONG)
    yield s
    s.close()
