"""What a person sees of how far a number can be trusted: warnings, the matched null, confirmations."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.lab import Lab, only_default_comms
from tests.e2e.steps import STATE, claim, hypothesis, part, start

MAKE = """
import torch
import scrub_widgets as sw
torch.set_num_threads(1)
task = sw.load_task("induction").with_rules(pairs=lambda batch: batch.index // 2)
widget = sw.ScrubWidget(task, samples=256)
widget
"""
TOY = """
import torch
import scrub_widgets as sw
torch.set_num_threads(1)
widget = sw.ScrubWidget(sw.load_task("toy_sum"), samples=512)
widget
"""
SPLIT = """
import torch
import scrub_widgets as sw
torch.set_num_threads(1)
task = sw.load_task("induction").rewrite(sw.rewrites.attention("a0.h0", offset=-1))
widget = sw.ScrubWidget(task, samples=256)
widget
"""


@only_default_comms
def test_a_warning_marks_its_claim_and_the_null_stands_beside_the_number(lab: Lab) -> None:
    notebook = start(lab, "widget.wait(60, checked=True); print(widget.session.outcome.null.value)", make=MAKE)
    claim(notebook, "a1.h3", "pairs")
    notebook.wait_result(1)
    guard = part(notebook, "guard-untestable-claim")
    expect(guard).to_contain_text("50 % of the draws")
    expect(guard).to_contain_text("What to do:")
    expect(part(notebook, "corner-a1.h3")).to_be_visible()
    expect(part(notebook, "cell-a1.h3")).to_have_attribute("aria-label", re.compile("warning: untestable claim"))
    expect(part(notebook, "row-guard-logits>a1.h3").first).to_be_visible()
    expect(part(notebook, "doubt-count")).to_be_visible()
    expect(part(notebook, "value-recovered")).to_contain_text("%")  # no guard hides the number

    expect(part(notebook, "null-tick")).to_be_visible()
    notebook.run(1)
    percent = f"{100 * float(notebook.text_output(1)):.0f}"
    shown = (part(notebook, "null-tick").text_content() or "").replace("\N{MINUS SIGN}", "-")
    assert shown == f"random labels: {percent} %"
    expect(part(notebook, "above-null")).to_contain_text("what the same tree recovers with meaningless rules")
    part(notebook, "tab-result").click()
    expect(part(notebook, "results")).to_contain_text("above random labels")


def test_a_hypothesis_is_confirmed_once_by_a_click(lab: Lab) -> None:
    count = "print(len(widget.confirmations), widget.confirmations[0].recovered, widget.confirmations[0].tries)"
    notebook = start(lab, count, make=MAKE)
    expect(part(notebook, "confirm")).to_have_attribute("aria-disabled", "true")  # nothing is claimed yet
    claim(notebook, "a1.h2", "same input")
    notebook.wait_result(1)
    part(notebook, "undo").click()
    notebook.wait_result(2)
    claim(notebook, "a1.h3", "same input")
    notebook.wait_result(3)
    expect(part(notebook, "confirm")).to_have_attribute("aria-disabled", "false")
    part(notebook, "confirm").click()
    line = part(notebook, "confirmed")
    expect(line).to_contain_text("held-out inputs")
    expect(line).to_have_attribute("data-state", "done")
    notebook.run(1)
    number, percent, tries = notebook.text_output(1).split(" ")[0], notebook.text_output(1).split(" ")[1], 2
    assert number == "1"
    expect(line).to_contain_text(f"{percent} %".replace("-", "\N{MINUS SIGN}"))
    expect(line).to_contain_text(f"after {tries} tries")
    expect(part(notebook, "confirmed-mark")).to_be_visible()

    part(notebook, "confirm").click()  # a second time: the recorded number, and it says so
    expect(part(notebook, "status")).to_contain_text("measured before")
    notebook.run(1)
    assert notebook.text_output(1).startswith(f"1 {percent} ")

    part(notebook, "undo").click()
    expect(part(notebook, "confirmed")).to_have_attribute("data-state", "other")
    part(notebook, "redo").click()
    expect(part(notebook, "confirmed")).to_have_attribute("data-state", "done")


@only_default_comms
def test_a_graph_of_functions_is_scrubbed_by_mouse(lab: Lab) -> None:
    notebook = start(lab, STATE, make=TOY)
    claim(notebook, "D", "x0 > 3 or x1 > 3")
    notebook.wait_result(1)
    expect(part(notebook, "null-tick")).to_be_visible()  # all checks are in: nothing moves any more
    part(notebook, "cell-A").scroll_into_view_if_needed()
    port = part(notebook, "port-D.in").bounding_box()
    sender = part(notebook, "cell-A").bounding_box()
    assert port
    assert sender
    mouse = notebook.page.mouse
    mouse.move(port["x"] + port["width"] / 2, port["y"] + 6)
    mouse.down()
    mouse.move(sender["x"] + sender["width"] / 2, sender["y"] + sender["height"] / 2, steps=5)
    mouse.up()
    notebook.wait_result(2)
    part(notebook, "chip-x0 > 3").click()
    notebook.wait_result(3)
    made = [(c["parent"], c["components"], c["rule"]) for c in hypothesis(notebook, 1)]
    assert made == [("logits", ["D"], "x0 > 3 or x1 > 3"), ("logits>D", ["A"], "x0 > 3")]
    part(notebook, "tab-result").click()
    expect(part(notebook, "results")).to_contain_text("not defined")  # KL: the output is one number
    expect(part(notebook, "confirm")).to_have_attribute("title", re.compile(r"held_out=0\.25"))


@only_default_comms
def test_the_parts_of_a_rewrite_are_claimed_in_one_split_glyph(lab: Lab) -> None:
    notebook = start(lab, STATE, make=SPLIT)
    frame = notebook.root().locator('[data-split="a0.h0"]')
    expect(frame).to_be_visible()
    upper, lower = (part(notebook, f"cell-a0.h0[{name}]").bounding_box() for name in ("prev", "rest"))
    assert upper
    assert lower
    assert upper["y"] + upper["height"] <= lower["y"]  # bands, the first part above
    claim(notebook, "a1.h3", "same input")
    notebook.wait_result(1)
    part(notebook, "port-a1.h3.k").click()
    claim(notebook, "a0.h0[prev]", "previous token")
    notebook.wait_result(2)
    part(notebook, "cell-a0.h0[prev]").focus()
    notebook.page.keyboard.press("ArrowDown")
    notebook.page.keyboard.press("Enter")
    notebook.page.keyboard.press("f")
    notebook.wait_result(3)
    made = [(c["components"], c["rule"]) for c in hypothesis(notebook, 1)[1:]]
    assert made == [(["a0.h0[prev]"], "previous token"), (["a0.h0[rest]"], "any input")]
    name = part(notebook, "cell-a0.h0[prev]")
    expect(name).to_have_attribute("aria-label", re.compile("^Layer 0 head 0, part prev, claimed"))
