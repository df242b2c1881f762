"""Every notebook runs from top to bottom, is saved without outputs, and says what it promises."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

from scripts.demo_headless import execute, headline, to_offline_html

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_saved_without_outputs(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)


def test_the_induction_notebook_tells_its_story() -> None:
    path = next(path for path in NOTEBOOKS if path.stem == "01_induction")
    notebook = execute(path)
    naive, refined = (float(x) for x in re.findall(r"(\d+\.\d) % \[", headline(notebook)))
    assert naive < 40
    assert refined > 85
    page = to_offline_html(notebook, path)  # raises if the page would load anything
    assert page.count("<iframe srcdoc=") == 2  # the widget, as it was each time it was shown


def test_the_notebook_on_numbers_shows_each_trap_with_its_guard() -> None:
    notebook = execute(next(path for path in NOTEBOOKS if path.stem == "02_what_the_numbers_mean"))
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    said = ["".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream") for cell in code]
    for trap in (
        "cancellation",
        "extensional twins",
        "weak test",
        "label leak",
        "drawn apart",
        "no better than chance",
    ):
        assert any(f"[warning] {trap}:" in text for text in said), trap
    assert any(text.strip().endswith("no doubts") for text in said)  # the true hypothesis about the cancelling pair
    assert any("not resolved" in text for text in said)
    found = next(text for text in said if "on held-out data" in text)
    best, held_out = (float(x) for x in re.findall(r": (-?\d+\.\d) % \[", found))
    assert held_out < best - 10  # the best of many looked better than it is
