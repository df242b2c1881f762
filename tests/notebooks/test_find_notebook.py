"""The notebook that begins with a model nobody explained ends with a hypothesis that was found and confirmed by scrubbing."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.demo_headless import execute

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_find_the_circuit.ipynb"


def test_the_notebook_finds_the_circuit() -> None:
    code = [cell for cell in execute(NOTEBOOK).cells if cell.cell_type == "code"]
    said = ["".join(o.get("text", "") for o in cell.outputs if o.get("name") == "stdout") for cell in code]
    _, swept, searched, _, tried, rules, measured, doubts, looks, _, ended = said
    assert re.search(r"a1\.h2 .*q < 0\.001", swept)
    assert searched.count("k ← a0.h1 · same input") == 4
    assert "0 of 21 claims left out" in searched
    assert "confirmed on 2048 held-out inputs" in searched
    assert "'previous token' is the coarsest rule that costs nothing" in tried
    assert re.search(r"k>a0\.h1 +previous token\n", rules)
    assert "the difference is within noise" in rules
    explored, held_out, same, null = (float(x) for x in re.findall(r"(\d+\.\d) % \[", measured))
    assert min(explored, held_out, same) > 85
    assert null < 60
    assert "never resampled" in doubts
    assert re.search(r"a0\.h1: attention to the previous token 0\.9", looks)
    assert ended.startswith("found ")
