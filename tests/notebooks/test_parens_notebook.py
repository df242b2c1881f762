"""The notebook of the paren balancer runs, and its numbers tell the story that its words tell."""

from __future__ import annotations

import re
from pathlib import Path

from scripts.demo_headless import execute, headline

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "05_paren_balancer.ipynb"


def test_the_paren_notebook_tells_its_story() -> None:
    told = dict(re.findall(r"(\w+) (\d+\.\d) % \[", headline(execute(NOTEBOOK))))
    values = {name: float(value) for name, value in told.items()}
    assert list(values) == ["1a", "1b", "2a", "2b", "3a", "3b", "4"]
    assert values["1b"] > values["1a"] + 3
    assert values["1b"] > 90
    assert values["2a"] > values["2b"] + 3
    assert values["3b"] > values["3a"] + 10
    assert 58 < values["4"] < values["2b"]
