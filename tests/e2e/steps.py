"""What a person does first in every browser test: open a notebook with a widget, find its parts, claim."""

from __future__ import annotations

import json

from playwright.sync_api import Locator

from tests.e2e.lab import Lab, Notebook

MAKE = """
import json, threading, torch
import scrub_widgets as sw
torch.set_num_threads(1)
task = sw.load_task("induction")
widget = sw.ScrubWidget(task, samples=512)
widget
"""
STATE = "print(widget.hypothesis.to_json())"


def making(task: str, arguments: str = "samples=256", *, before_shown: str = "") -> str:
    """A cell that shows a widget on a task of ``tests.e2e.tasks``: ``making("tiny()")``."""
    return f"""
import json, threading, torch
import scrub_widgets as sw
from tests.e2e.tasks import *
torch.set_num_threads(1)
task = {task}
widget = sw.ScrubWidget(task, {arguments})
{before_shown}
widget
"""


def start(lab: Lab, *more: str, make: str = MAKE) -> Notebook:
    """A notebook with a widget that has shown its first result."""
    notebook = lab.open([make, *more])
    notebook.run(0)
    notebook.wait_result(0)
    notebook.wait_phase("done")
    return notebook


def part(notebook: Notebook, testid: str, index: int = 0) -> Locator:
    """An element of a widget by its test id."""
    return notebook.root(index).get_by_test_id(testid)


def claim(notebook: Notebook, component: str, rule: str) -> None:
    """Select a component and press a rule: a claim under the active receiver."""
    part(notebook, f"cell-{component}").click()
    part(notebook, f"chip-{rule}").click()


def hypothesis(notebook: Notebook, cell: int) -> list[dict[str, object]]:
    """The claims as the kernel holds them; ``cell`` is one that runs ``STATE``."""
    notebook.run(cell)
    claims: list[dict[str, object]] = json.loads(notebook.text_output(cell))["claims"]
    return claims
