"""Story 8: a circuit is found from nothing by mouse alone, accepted, confirmed and undone; a cancelled search is resumed."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import STATE, hypothesis, part, start
from tests.e2e.test_stories_search import TURNSTILE

pytestmark = only_default_comms

LONG = 60_000
"""Milliseconds: a busy machine."""

MAKE = """
import json, threading, torch
import scrub_widgets as sw
torch.set_num_threads(1)
task = sw.load_task("induction", model="seed 1")
widget = sw.ScrubWidget(task, samples=128)
widget
"""
FOUND = """
finding = widget.session.discovery
confirmed = widget.confirmations[-1:]
print(json.dumps({
    "steps": len(finding.found.steps), "scrubs": finding.found.scrubs, "running": finding.running, "complete": finding.complete,
    "claims": [c.id for c in finding.hypothesis], "recovered": finding.found.recovered and finding.found.recovered.value,
    "confirmed": [(c.recovered.value, c.tries, c.inputs) for c in confirmed], "rev": widget.session.rev,
    "own": widget.hypothesis == finding.hypothesis, "answers": len(finding.found.answers),
}))
"""

GATED = (
    MAKE.replace("torch.set_num_threads(1)", "torch.set_num_threads(1)\nfrom tests.e2e.tasks import *" + TURNSTILE)
    .replace("made = tiny()", "made = sw.load_task('induction')")
    .replace(
        'task = sw.load_task("induction", model="seed 1")',
        "task = sw.Task(made.model, made.tokens, name='gated',\n"
        "               loss=replace(loss, name='gated', function=gated, terms=None))",
    )
)
LET = "gate.let(40)"
OPEN = "gate.open.set()"
WHOLE = """
asked = widget.session.discovery.found.options
alone = sw.discover(widget.session.task, samples=asked.settings.samples, budget=asked.budget, confirm=False, progress=False)
got = widget.session.discovery.found
print(json.dumps([alone.hypothesis == got.hypothesis, alone.answers == got.answers, [s.message for s in got.steps]
                  == [s.message for s in alone.steps], alone.scrubs]))
"""


def state(notebook: Notebook, cell: int) -> dict[str, Any]:
    """What the kernel has found; ``cell`` is one that runs ``FOUND``."""
    notebook.run(cell)
    found: dict[str, Any] = json.loads(notebook.text_output(cell))
    return found


def look(notebook: Notebook) -> None:
    """To the form, and what it costs."""
    part(notebook, "tab-search").click()
    part(notebook, "search-way-circuit").click()
    part(notebook, "discover-plan").click()


def test_a_circuit_is_found_accepted_confirmed_and_undone(lab: Lab) -> None:
    notebook = start(lab, FOUND, STATE, make=MAKE)
    look(notebook)
    cost = part(notebook, "discover-cost")
    expect(cost).to_have_attribute("data-scrubs", "200")
    expect(cost).to_contain_text("200 plain forward passes over 128 inputs")
    part(notebook, "discover-go").click()
    panel = part(notebook, "discover")
    expect(panel).to_have_attribute("data-standing", "found", timeout=LONG)
    found = state(notebook, 1)
    assert found["complete"]
    assert found["rev"] == 0  # nothing was edited
    expect(part(notebook, "discover-progress")).to_have_attribute("data-done", str(found["scrubs"]))
    shown = panel.locator("[data-testid^='found-']")
    expect(shown).to_have_count(len(found["claims"]))
    value = part(notebook, "discover-recovered").get_attribute("data-value")
    assert float(value or "nan") == pytest.approx(found["recovered"], abs=1e-5)

    part(notebook, "discover-accept").click()
    notebook.wait_result(1)
    assert len(hypothesis(notebook, 2)) == len(found["claims"])
    assert state(notebook, 1)["own"]
    expect(part(notebook, "discover-accept")).to_have_count(0)
    part(notebook, "discover-confirm").click()
    confirmed = part(notebook, "discover-confirmed")
    expect(confirmed).to_be_visible(timeout=LONG)
    after = state(notebook, 1)
    ((number, tries, inputs),) = after["confirmed"]
    assert float(confirmed.get_attribute("data-value") or "nan") == pytest.approx(number, abs=1e-9)
    expect(confirmed).to_contain_text(f"{100 * number:.1f} %")
    expect(confirmed).to_contain_text(f"after {tries} tries")
    assert tries == found["scrubs"] + 1
    assert inputs == 2048
    assert after["own"]

    part(notebook, "undo").click()
    notebook.wait_result(2)
    assert hypothesis(notebook, 2) == []
    expect(part(notebook, "discover-accept")).to_be_visible()  # it is not lost


def test_cancelled_within_a_second_it_keeps_its_steps_and_resumes_to_the_same_end(lab: Lab) -> None:
    notebook = start(lab, LET, FOUND, OPEN, WHOLE, STATE, make=GATED)
    notebook.run(1)
    look(notebook)
    part(notebook, "discover-go").click()
    panel, progress = part(notebook, "discover"), part(notebook, "discover-progress")
    expect(panel).to_have_attribute("data-standing", "running")
    expect(progress).not_to_have_attribute("data-steps", "0", timeout=LONG)
    began = time.monotonic()
    part(notebook, "discover-cancel").click()
    expect(panel).to_have_attribute("data-standing", "stopped")
    assert time.monotonic() - began < 1
    kept = state(notebook, 2)
    assert not kept["running"]
    assert not kept["complete"]
    expect(part(notebook, "discover-steps").locator("li")).to_have_count(int(str(kept["steps"])))
    assert hypothesis(notebook, 5) == []

    notebook.run(3)  # the gate opens
    part(notebook, "discover-resume").click()
    expect(panel).to_have_attribute("data-standing", "found", timeout=LONG)
    ended = state(notebook, 2)
    assert ended["complete"]
    notebook.run(4)
    same = json.loads(notebook.text_output(4))
    assert same == [True, True, True, ended["scrubs"]]
    assert int(str(kept["scrubs"])) < int(str(ended["scrubs"]))
