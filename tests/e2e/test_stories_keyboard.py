"""Story 9: somebody who uses only keys, or who does not see, builds story 4, runs it, reads it, and leaves."""

from __future__ import annotations

import re

from playwright.sync_api import Locator, expect

from tests.e2e.axe import violations
from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import STATE, hypothesis, making, part, start

FOCUSED = "root => { const f = root.getRootNode().activeElement; return root.contains(f) ? f.dataset.testid ?? f.tagName : null }"
# What shows the focus: an outline, a shadow, or the ring that the map draws around its cell.
VISIBLE = """root => {
    const f = root.getRootNode().activeElement
    if (!root.contains(f)) return "no focus"
    const style = getComputedStyle(f)
    const ring = f.parentElement.querySelector(".scrub-focus")
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== "none" || ring !== null
}"""


def focused(notebook: Notebook) -> str | None:
    found: str | None = notebook.root().evaluate(FOCUSED)
    return found


def press(notebook: Notebook, *keys: str) -> None:
    """Press keys; wherever the focus then is inside the widget, it can be seen."""
    for key in keys:
        notebook.page.keyboard.press(key)
        assert notebook.root().evaluate(VISIBLE) in (True, "no focus"), (
            f"no visible focus on {focused(notebook)} after {key}"
        )


def go_to(notebook: Notebook, cell: str) -> None:
    """Walk over the map with arrow keys."""
    layer, slot = (int(number) for number in re.findall(r"\d+", cell))
    for _ in range(40):
        at = focused(notebook) or ""
        if at == f"cell-{cell}":
            return
        numbers = [int(n) for n in re.findall(r"\d+", at)]
        if len(numbers) != 2 or numbers[0] != layer:
            up = len(numbers) == 2 and numbers[0] < layer
            press(notebook, "ArrowUp" if up or at == "cell-embed" else "ArrowDown")
        else:
            press(notebook, "ArrowRight" if numbers[1] < slot else "ArrowLeft")
    raise AssertionError(f"arrow keys do not reach {cell}: the focus is on {focused(notebook)}")


def tab_to(notebook: Notebook, wanted: re.Pattern[str]) -> None:
    for _ in range(60):
        if wanted.search(focused(notebook) or ""):
            return
        press(notebook, "Tab")
    raise AssertionError(f"Tab does not reach {wanted.pattern}")


@only_default_comms
def test_story_9_keys_alone(lab: Lab) -> None:
    notebook = start(lab, STATE, make=making("tiny()"))
    cells = notebook.page.locator(".jp-Cell").count()
    part(notebook, "run").focus()  # where Tab comes in from the cell above; from here on, only keys
    tab_to(notebook, re.compile("^cell-"))

    go_to(notebook, "a1.h4")
    press(notebook, "Enter", "k")  # claimed under the output, with `same input`
    notebook.wait_result(1)
    press(notebook, "u", "u")  # its second input, the key, is where the next claim goes
    expect(part(notebook, "under")).to_contain_text(re.compile("k|key"))
    go_to(notebook, "a0.h7")
    press(notebook, "Enter", "f")
    notebook.wait_result(2)
    made = [(c["parent"], c["port"], c["components"], c["rule"]) for c in hypothesis(notebook, 1)]
    assert made == [
        ("logits", "", ["a1.h4"], "same input"),
        ("logits>a1.h4", "k", ["a0.h7"], "any input"),
    ]

    # The result is read out, with its interval, the number of examples and the seed.
    spoken = r"Loss recovered (minus )?\d+ percent, interval (minus )?\d+ to (minus )?\d+, \d+ examples, seed 0"
    live = part(notebook, "live")
    expect(live).to_have_text(re.compile(spoken))
    expect(live).to_have_attribute("aria-live", "polite")

    # Letters that JupyterLab acts on elsewhere: here they claim, draw or do nothing, and no cell comes or goes.
    part(notebook, "cell-a0.h7").focus()
    for key in "abddxkf":
        notebook.page.keyboard.press(key)
    assert notebook.page.locator(".jp-Cell").count() == cells

    # The menu by key and by mouse is ours alone; with Shift the right mouse button is the browser's.
    part(notebook, "cell-a1.h4").focus()
    notebook.page.keyboard.press("Shift+F10")
    expect(menu(notebook)).to_be_visible()
    assert violations(notebook.page) == []
    notebook.page.keyboard.press("Escape")
    expect(menu(notebook)).to_have_count(0)
    part(notebook, "cell-a1.h4").click(button="right")
    expect(menu(notebook)).to_be_visible()
    expect(notebook.page.locator(".lm-Menu:visible")).to_have_count(0)
    notebook.page.keyboard.press("Escape")
    part(notebook, "cell-a1.h4").click(button="right", modifiers=["Shift"])
    expect(menu(notebook)).to_have_count(0)

    # Esc Esc leaves: the focus is no longer in the widget.
    part(notebook, "cell-a1.h4").focus()
    notebook.page.keyboard.press("Escape")
    notebook.page.keyboard.press("Escape")
    assert focused(notebook) is None
    assert notebook.page.locator(".jp-Cell").count() == cells


def menu(notebook: Notebook) -> Locator:
    return notebook.root().get_by_role("menu")


@only_default_comms
def test_axe_finds_nothing_serious_in_the_live_widget_in_both_themes(lab: Lab) -> None:
    notebook = start(lab, make=making("tiny()"))
    part(notebook, "cell-a1.h3").click()
    part(notebook, "chip-same input").click()
    notebook.wait_result(1)
    found: list[str] = []
    for theme in ("light", "dark"):
        notebook.set_theme("light" if theme == "light" else "dark")
        for tab in notebook.root().get_by_role("tab").all():
            tab.click()
            found += [f"{theme} {tab.inner_text()}: {one}" for one in violations(notebook.page)]
    assert found == [], "\n".join(found)
