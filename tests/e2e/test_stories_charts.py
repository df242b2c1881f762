"""Acceptance story 6, the sceptic: errors that cancel, a stale number, and a claim that nothing could contradict."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import making, part, start

TASK = making("slow(cancel(), gate := Gate())", 'hypothesis=task.hypotheses["cancel"], samples=1024')
SHUT = "gate.shut()"
OPEN = "gate.open.set(); print(widget.wait(60).loss_recovered)"
WHOLE = 'widget.hypothesis = task.hypotheses["whole"]'
FILL = "node => getComputedStyle(node.querySelector('.scrub-fill')).opacity"


def percents(text: str) -> list[float]:
    """All percentages in a text, as fractions of 100."""
    return [float(number) for number in re.findall(r"(-?\d+(?:\.\d+)?) %", text.replace("\N{MINUS SIGN}", "-"))]


def nowhere(notebook: Notebook, word: str) -> None:
    """The word stands neither in what is shown nor in what is read out, whatever the tab."""
    for tab in ("rule", "result"):
        part(notebook, f"tab-{tab}").click()
        assert word not in notebook.root().inner_html().lower()


@only_default_comms
def test_story_6_the_sceptic(lab: Lab) -> None:
    notebook = start(lab, SHUT, OPEN, WHOLE, make=TASK)
    section = notebook.root().locator(".scrub-recovered")

    # Half of the examples get better, half get worse: near 100 %, and the guard says why that is no agreement.
    (near, *_) = percents(part(notebook, "value-recovered").inner_text())
    assert 95 < near < 105
    guard = part(notebook, "guard-cancellation")
    expect(guard).to_be_visible()
    lower, higher, *_ = percents(guard.inner_text())
    assert abs(lower - 50) <= 1
    assert abs(higher - 50) <= 1
    part(notebook, "tab-result").click()
    shares = notebook.root().get_by_role("row", name=re.compile("examples better")).inner_text()
    assert percents(shares) == [lower, higher]
    expect(part(notebook, "chart-examples")).to_be_visible()
    expect(part(notebook, "chart-strip")).to_contain_text("all examples")
    nowhere(notebook, "proven")

    # An edit, while the engine is held: the number is another hypothesis's, and looks like it.
    expect(section).to_have_attribute("data-fresh", "fresh")
    assert float(section.evaluate(FILL)) == 1
    notebook.run(1)
    part(notebook, "tab-rule").click()
    part(notebook, "cell-a").click()
    part(notebook, "chip-any input").click()
    notebook.wait_rev(1)
    expect(section).to_have_attribute("data-fresh", "stale")
    expect(part(notebook, "stale")).to_have_text("stale")
    expect(part(notebook, "bar-recovered").get_by_role("img")).to_have_accessible_name(re.compile("stale"))
    assert float(section.evaluate(FILL)) < 0.5
    assert percents(part(notebook, "value-recovered").inner_text())[0] == near
    notebook.run(2)
    notebook.wait_result(1)
    expect(section).to_have_attribute("data-fresh", "fresh")
    expect(part(notebook, "stale")).to_have_count(0)
    assert percents(part(notebook, "value-recovered").inner_text())[0] == percents(notebook.text_output(2))[0]

    # To claim nearly everything is to test nearly nothing.
    notebook.run(3)
    notebook.wait_result(2)
    expect(part(notebook, "value-recovered")).to_contain_text("100.0 %")
    weak = part(notebook, "guard-weak-test")
    expect(weak).to_contain_text("strength")
    assert percents(weak.inner_text())[0] < 5
    nowhere(notebook, "proven")
