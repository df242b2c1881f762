"""Names and notes, branches that return, and two hypotheses compared, in a real JupyterLab."""

from __future__ import annotations

import json
import re
import statistics

from playwright.sync_api import expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import claim, making, part, start

RETURNS = """
root => new Promise((resolve) => {
  const shown = root.querySelector('[data-testid="value-recovered"]').textContent
  const before = Number(root.dataset.resultRev)
  const seen = new MutationObserver(() => {
    if (Number(root.dataset.resultRev) > before)
      resolve([performance.now() - began, root.querySelector('[data-testid="value-recovered"]').textContent])
  })
  seen.observe(root, { attributes: true, attributeFilter: ["data-result-rev"] })
  const began = performance.now()
  root.querySelector('[data-testid="%s"]').dispatchEvent(new MouseEvent("click", { bubbles: true }))
})
"""


def shown(notebook: Notebook) -> str:
    return part(notebook, "value-recovered").text_content() or ""


@only_default_comms
def test_old_numbers_return_on_every_branch_within_100_ms(lab: Lab) -> None:
    notebook = start(lab, "print(widget.history)", make=making("tiny()"))
    claim(notebook, "a1.h3", "token")
    notebook.wait_result(1)
    first = shown(notebook)
    part(notebook, "undo").click()
    notebook.wait_result(2)
    claim(notebook, "a1.h5", "same input")
    notebook.wait_result(3)
    second = shown(notebook)
    assert first != second
    part(notebook, "tab-history").click()
    expect(part(notebook, "history-dot-2")).to_have_attribute("aria-current", "step")
    expect(part(notebook, "step-2")).to_contain_text("from step 0")
    took = []
    for target, number in (("history-dot-1", first), ("restore-2", second), ("undo", ""), ("redo", second)) * 2:
        milliseconds, text = notebook.root().evaluate(RETURNS % target)
        assert text == number or not number
        took.append(milliseconds)
    assert statistics.median(took) <= 100, took  # the median: a machine may be busy with something else now and then
    notebook.run(1)
    assert notebook.text_output(1).splitlines()[2].startswith(">   2 (from 0)")


@only_default_comms
def test_names_and_notes_survive_edits_undo_a_reload_and_a_file(lab: Lab) -> None:
    asks = "print(widget.session.labels, widget.session.tries)"
    loads = "again = sw.Session(task, samples=256); again.load_json(widget.session.to_json()); again.wait(60, checked=True); widget.wait(60, checked=True); print(again.to_json() == widget.session.to_json(), again.labels)"
    notebook = start(lab, asks, loads, "print(widget.to_script())", make=making("tiny()"))
    claim(notebook, "a1.h3", "token")
    notebook.wait_result(1)
    number = shown(notebook)
    row = part(notebook, "tree-row-logits>a1.h3")
    row.focus()
    notebook.page.keyboard.press("F2")
    notebook.page.keyboard.type("mover")
    notebook.page.keyboard.press("Enter")
    notebook.wait_result(2)  # at once: nothing is measured again
    assert shown(notebook) == number
    expect(row).to_be_focused()
    expect(row).to_contain_text("mover a1.h3")
    row.click()
    part(notebook, "claim-note").fill("copies the name")
    part(notebook, "claim-note").blur()
    notebook.wait_result(3)
    notebook.run(1)
    assert notebook.text_output(1) == "{'logits>a1.h3': Label(name='mover', note='copies the name')} 1"
    part(notebook, "chip-previous token").click()
    notebook.wait_result(4)
    expect(row).to_contain_text("mover")
    part(notebook, "undo").click()
    part(notebook, "undo").click()
    part(notebook, "undo").click()
    notebook.wait_result(7)
    expect(row).not_to_contain_text("mover")
    part(notebook, "redo").click()
    notebook.wait_result(8)
    notebook.reload()
    notebook.wait_result(8)
    expect(part(notebook, "tree-row-logits>a1.h3")).to_contain_text("mover")
    notebook.run(2)
    assert notebook.text_output(2).startswith("True {'logits>a1.h3': Label(name='mover'")
    notebook.run(3)
    assert "# mover\nh, _ = h.claim('a1.h3'" in notebook.text_output(3)


@only_default_comms
def test_two_hypotheses_are_compared_with_their_difference_and_a_diff(lab: Lab) -> None:
    script = """
a, b = (widget.history[n].hypothesis for n in (2, 4))
c = task.compare(a, b, samples=256)
print(json.dumps([c.difference.value, c.difference.low, c.within_noise]))
"""
    notebook = start(lab, script, "print(widget.compare(0, 1))", make=making("tiny()"))
    claim(notebook, "a1.h3", "token")
    claim(notebook, "a1.h5", "token")
    notebook.wait_result(2)
    part(notebook, "remove-logits>a1.h3").click()
    notebook.wait_rev(3)
    part(notebook, "tree-row-logits>a1.h5").click()
    part(notebook, "chip-same input").click()
    notebook.wait_result(4)
    part(notebook, "tab-history").click()
    part(notebook, "a-2").click()
    compare = part(notebook, "compare")
    expect(compare).not_to_have_attribute("data-state", "running")
    notebook.run(1)
    value, low, within = json.loads(notebook.text_output(1))
    words = part(notebook, "compare-words")
    expect(words).to_contain_text(f"{100 * value:+.1f} points [{100 * low:+.1f}".replace("-", "\u2212"))
    expect(words).to_contain_text("within noise" if within else "beyond noise")
    signs = part(notebook, "diff").locator("[data-sign]")
    assert [signs.nth(i).get_attribute("data-sign") for i in range(signs.count())] == ["~", "-"]
    expect(part(notebook, "cell-a1.h5").locator("..").locator("[data-halves]")).to_have_attribute(
        "data-halves", re.compile(r"^[A-Z]\|K$")
    )
    notebook.screenshot("compare")
    part(notebook, "compare-button").click()
    expect(compare).to_have_count(0)
    expect(part(notebook, "cell-a1.h5").locator("..").locator("[data-halves]")).to_have_count(0)
    notebook.run(2)
    assert "+ logits>a1.h3" in notebook.text_output(2)
    expect(part(notebook, "compare")).to_be_visible()
