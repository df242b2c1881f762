"""The notebook about lessons runs, and shows what it promises."""

from __future__ import annotations

from pathlib import Path

from scripts.demo_headless import execute

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "06_lessons.ipynb"


def test_the_lessons_notebook_tells_its_story() -> None:
    code = [cell for cell in execute(NOTEBOOK).cells if cell.cell_type == "code"]
    said = ["".join(o.get("text", "") for o in cell.outputs if o.output_type == "stream") for cell in code]
    listed, _, answered, hinted, kept, seen, again, verified = said
    assert listed.count("\n") == 4
    assert answered.startswith("False True")
    assert "There is no claim on a1.h2 under logits yet." in answered
    assert hinted.strip().endswith("True 31.2 % recovered")
    now, then = kept.splitlines()
    assert then.endswith(" 31.2 %")
    assert "31.2 %" not in now
    assert "head [False, True] Two heads together recover more than the sum of both." in seen
    assert again.strip() == "One head - 2 claims, 3 hints taken"
    assert verified == "L0 keeps its word\nL3 keeps its word\n"
