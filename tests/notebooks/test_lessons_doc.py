"""The cells of docs/lessons.md run as written, and its table names what ships."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import scrub_widgets as sw

DOC = Path(__file__).parents[2] / "docs" / "lessons.md"


def test_the_cells_of_the_lessons_page_run_as_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, python, own = re.findall(r"```python\n(.*?)```", DOC.read_text("utf-8"), flags=re.DOTALL)
    monkeypatch.chdir(tmp_path)
    space: dict[str, Any] = {}
    exec(first, space)
    exec(python, space)
    assert space["attempt"].passed is False
    assert space["attempt"].missing == ("There is no claim on a1.h2 under logits yet.",)
    assert '"lesson": "L1"' in (tmp_path / "me.json").read_text("utf-8")
    space["widget"].close()
    exec(own, space)
    assert space["widget"].lesson.step.title == "Claim the output"
    space["widget"].close()


def test_the_table_of_the_lessons_page_names_what_ships() -> None:
    rows = re.findall(r"^\| `(L\d)` (.*?) \| `(\w+)` \|", DOC.read_text("utf-8"), flags=re.MULTILINE)
    assert rows == [(name, sw.lessons.load(name).title, sw.lessons.load(name).task) for name in sw.lessons.NAMES]
