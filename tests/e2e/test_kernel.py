"""The kernel is busy, restarted or gone: what the view says, and what it still shows."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.lab import Lab, only_default_comms
from tests.e2e.steps import STATE, claim, hypothesis, part, start

only_queued_comms = pytest.mark.parametrize("lab_server", ["disabled"], indirect=True)
BUSY = (
    "import threading; event = threading.Event(); t = threading.Timer(8, event.set); t.start(); print(event.wait(60))"
)


@only_queued_comms
def test_a_click_behind_a_running_cell_says_that_it_is_queued(lab: Lab) -> None:
    notebook = start(lab, BUSY, STATE)
    notebook.run(1, wait=False)
    claim(notebook, "a1.h3", "same input")
    expect(part(notebook, "waiting")).to_have_text("queued behind a running cell")
    expect(part(notebook, "banner")).to_contain_text("Queued behind a running cell")
    notebook.wait_result(1)  # the cell ended
    expect(part(notebook, "waiting")).to_have_count(0)
    expect(part(notebook, "banner")).to_have_count(0)
    assert [c["components"] for c in hypothesis(notebook, 2)] == [["a1.h3"]]


@only_default_comms
def test_a_restarted_kernel_leaves_the_last_result_read_only(lab: Lab) -> None:
    notebook = start(lab)
    claim(notebook, "a1.h3", "same input")
    notebook.wait_result(1)
    shown = part(notebook, "value-recovered").text_content()
    notebook.restart_kernel()
    expect(part(notebook, "banner")).to_contain_text("read-only: its kernel is gone")
    expect(part(notebook, "value-recovered")).to_have_text(shown or "")
    expect(part(notebook, "run")).to_be_disabled()
    notebook.run(0)
    notebook.wait_result(0)
    expect(part(notebook, "banner")).to_have_count(0)


@only_default_comms
def test_a_reopened_notebook_that_keeps_widgets_shows_the_last_result_read_only(lab: Lab) -> None:
    lab.server.save_widgets(on=True)
    notebook = start(lab)
    claim(notebook, "a1.h3", "same input")
    notebook.wait_result(1)
    shown = part(notebook, "value-recovered").text_content()
    again = lab.reopen(notebook)
    expect(part(again, "banner")).to_contain_text("Last result, read-only: its kernel is gone. Run the cell again")
    expect(part(again, "value-recovered")).to_have_text(shown or "")
    expect(part(again, "tree-row-logits>a1.h3")).to_be_visible()
    expect(part(again, "run")).to_be_disabled()
    part(again, "cell-a1.h2").click()  # looking around is possible
    expect(part(again, "cell-a1.h2")).to_have_attribute("aria-selected", "true")
    part(again, "tab-result").click()
    expect(part(again, "results")).to_contain_text(re.compile("measured"))
