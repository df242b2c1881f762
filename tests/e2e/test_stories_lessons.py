"""Story 10: a bootcamp teacher's lesson, from a wrong answer to a kernel that restarts; and a widget without a task."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import claim, hypothesis, part

PROGRESS = "me.json"
LESSON = f"""
import json, torch
import scrub_widgets as sw
torch.set_num_threads(1)
widget = sw.ScrubWidget(lesson="L1", progress={PROGRESS!r})
widget
"""
STATE = "print(widget.hypothesis.to_json())"
KEY = "logits>a1.h2.k>a0.h0"


def step(notebook: Notebook, number: int) -> None:
    """Wait until a view is at a step, counted from 1."""
    expect(part(notebook, "lesson-step-title")).to_contain_text(re.compile(rf"^{number}\. "))


def feedback(notebook: Notebook) -> Locator:
    return part(notebook, "lesson-feedback")


def attempts(lab: Lab, step_id: str) -> list[dict[str, Any]]:
    """What the progress file says of a step."""
    text = (Path(lab.server.notebooks) / PROGRESS).read_text("utf-8")
    found: list[dict[str, Any]] = json.loads(text)["steps"][step_id].get("attempts", [])
    return found


def lit(notebook: Notebook) -> set[str]:
    cells = notebook.root().locator(".scrub-cell.scrub-lit")
    return {cells.nth(i).get_attribute("data-glyph") or "" for i in range(cells.count())}


@only_default_comms
def test_story_10_a_lesson_is_left_taken_up_and_survives_its_kernel(lab: Lab) -> None:
    notebook = lab.open([LESSON, STATE])
    notebook.run(0)
    notebook.wait_result(0)
    step(notebook, 1)
    expect(part(notebook, "lesson-close")).to_have_count(0)  # in class it is minimised, never lost
    part(notebook, "lesson-minimise").click()
    expect(part(notebook, "lesson-place")).to_contain_text("step 1 of 8")
    part(notebook, "lesson-minimise").click()

    # A wrong answer: what is said is about the answer, not about the person.
    part(notebook, "lesson-choice-0").click()
    expect(feedback(notebook)).to_contain_text("100 % is the untouched model")
    assert not re.search(r"wrong|incorrect|fail|proven", feedback(notebook).text_content() or "", re.IGNORECASE)
    expect(part(notebook, "lesson-step-0")).to_have_attribute("data-state", "seen")
    part(notebook, "lesson-choice-1").click()
    expect(part(notebook, "lesson-step-0")).to_have_attribute("data-state", "done")
    part(notebook, "lesson-next").click()
    step(notebook, 2)

    # A check of the step's own run, which later edits do not touch.
    part(notebook, "lesson-check").click()
    expect(feedback(notebook)).to_contain_text("There is no claim on a1.h2 under logits yet")
    claim(notebook, "a1.h2", "same input")
    part(notebook, "lesson-check").click()
    expect(feedback(notebook)).to_contain_text("run: 31.2 %")
    claim(notebook, "a1.h3", "same input")
    notebook.wait_result(2)
    expect(part(notebook, "value-recovered")).not_to_contain_text("31.2")
    expect(feedback(notebook)).to_contain_text("31.2 %")
    part(notebook, "lesson-next").click()
    step(notebook, 3)

    # The ladder: words, then both ends of the drag, then the edit.
    expect(part(notebook, "tree-row-logits>a1.h2.q>*")).to_be_visible()  # the starter is there
    expect(part(notebook, "tree-row-logits>a1.h3")).to_have_count(0)
    part(notebook, "lesson-hint").click()
    expect(part(notebook, "lesson-hint-1")).to_be_visible()
    assert lit(notebook) == set()
    part(notebook, "lesson-hint").click()
    expect(notebook.root()).to_have_attribute("data-spotlight", "")
    assert lit(notebook) == {"a1.h2", "a0.h0"}
    part(notebook, "lesson-hint").click()
    expect(part(notebook, f"tree-row-{KEY}")).to_be_visible()
    expect(notebook.root()).not_to_have_attribute("data-spotlight", "")
    part(notebook, "undo").click()  # made on the usual road, so it can be undone
    expect(part(notebook, f"tree-row-{KEY}")).to_have_count(0)
    part(notebook, "redo").click()
    expect(part(notebook, f"tree-row-{KEY}")).to_be_visible()

    # Ahead and back: the step ahead has its own starter, the one behind is as it was left.
    part(notebook, "lesson-step-6").click()
    step(notebook, 7)
    expect(part(notebook, "lesson-outcome")).to_have_count(0)
    expect(part(notebook, "tree-row-logits>a1.h0+a1.h1+a1.h2+a1.h3")).to_be_visible()
    part(notebook, "lesson-step-2").click()
    step(notebook, 3)
    expect(part(notebook, f"tree-row-{KEY}")).to_be_visible()
    expect(part(notebook, "lesson-hint-2")).to_be_visible()
    part(notebook, "lesson-notes").locator("summary").click()
    part(notebook, "lesson-observation").fill("The number stays with a0.h0.")
    part(notebook, "lesson-check").click()
    expect(feedback(notebook)).to_contain_text("run: 29.9 %")
    held = hypothesis(notebook, 1)
    notebook.screenshot("lesson-light")

    assert [a.get("passed") for a in attempts(lab, "task")] == [False, True]
    assert [a.get("passed") for a in attempts(lab, "head")] == [False, True]
    assert [round(a["recovered"][0], 3) for a in attempts(lab, "key")] == [0.299]

    # The kernel dies: the last result stays, read-only, and says so.
    shown = part(notebook, "value-recovered").text_content() or ""
    notebook.restart_kernel()
    expect(part(notebook, "banner")).to_contain_text("kernel")
    expect(part(notebook, "value-recovered")).to_have_text(shown)
    for button in ("lesson-check", "lesson-next", "lesson-reset"):
        expect(part(notebook, button)).to_be_disabled()

    # The cell runs again: everything is where it was.
    notebook.run(0)
    notebook.wait_result(0)
    step(notebook, 3)
    expect(part(notebook, "lesson-hint-2")).to_be_visible()
    expect(feedback(notebook)).to_contain_text("29.9 %")
    expect(part(notebook, "lesson-observation")).to_have_value("The number stays with a0.h0.")
    expect(part(notebook, "lesson-step-0")).to_have_attribute("data-state", "done")
    assert hypothesis(notebook, 1) == held


@only_default_comms
def test_a_run_is_explained_in_seven_steps_with_its_real_draws(lab: Lab) -> None:
    cells = [
        LESSON.replace(f"progress={PROGRESS!r}", ""),
        "widget.lesson.go(4); widget.wait(60)",
        f"s = widget.sample(0); row = next(r for r in s.rows if r.id == {KEY!r}); print(row.sources[s.at].tag)",
    ]
    notebook = lab.open(cells)
    notebook.run(0)
    notebook.wait_result(0)
    notebook.run(1)
    notebook.wait_result(1)
    part(notebook, "explain-button").click()
    expect(part(notebook, "explain-title")).to_contain_text("1 of 7")
    expect(part(notebook, "explain-answer")).to_be_empty()  # first think
    for _ in range(7):
        notebook.page.keyboard.press("ArrowRight")
    expect(part(notebook, "explain")).to_have_attribute("data-step", "3")
    expect(part(notebook, "explain")).to_have_attribute("data-revealed", "true")
    assert "a0.h0" in lit(notebook)
    assert "a0.h1" not in lit(notebook)
    notebook.run(2)
    tags = part(notebook, "explain-answer").locator("[data-tag]")
    expect(tags.first).to_have_text(notebook.text_output(2))
    for _ in range(6):
        part(notebook, "explain-next").click()
    expect(part(notebook, "explain-answer")).to_contain_text("untouched")
    part(notebook, "explain-next").click()
    expect(part(notebook, "explain")).to_have_count(0)
    assert lit(notebook) == set()


@only_default_comms
def test_a_widget_without_a_task_offers_those_that_ship(lab: Lab) -> None:
    notebook = lab.open(["import scrub_widgets as sw\nwidget = sw.ScrubWidget()\nwidget", "print(widget)"])
    notebook.run(0)
    expect(part(notebook, "starters")).to_contain_text("Pass a task")
    notebook.screenshot("starters")
    part(notebook, "starter-toy_sum").click()
    notebook.wait_result(0)
    expect(part(notebook, "starters")).to_have_count(0)
    expect(part(notebook, "both-baselines")).to_contain_text("at 0 %")
    expect(part(notebook, "empty")).to_contain_text("Claim your first node")
    claim(notebook, "D", "same input")
    notebook.wait_result(1)
    notebook.run(1)
    assert notebook.text_output(1).startswith("ScrubWidget(task 'toy_sum', 1 claims")
