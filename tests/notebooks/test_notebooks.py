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
