"""Acceptance stories of the model map: a quick look, many claims at once, and a path drawn by hand."""

from __future__ import annotations

import re

from playwright.sync_api import FloatRect, Locator, expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import STATE, hypothesis, making, part, start

PAINTED = """() => {
    const [from] = performance.getEntriesByName("scrub-widgets:display").slice(-1)
    const [to] = performance.getEntriesByName("scrub-widgets:map").slice(-1)
    return to && from && to.startTime > from.startTime ? to.startTime - from.startTime : null
}"""
# What one hover costs: the event, what is drawn again, and the layout of the page.
HOVER = """async root => {
    const cells = [...root.querySelectorAll("[data-cell]")].filter((_, i) => i % 17 === 0)
    const work = []
    for (const cell of cells) {
        await new Promise(requestAnimationFrame)
        const from = performance.now()
        cell.dispatchEvent(new MouseEvent("pointerover", {bubbles: true}))
        await Promise.resolve()
        root.getBoundingClientRect()
        work.push(performance.now() - from)
    }
    return work.sort((a, b) => a - b)
}"""


def edges(notebook: Notebook) -> Locator:
    """Edges that the map draws: claimed ones, and those of the selection."""
    return part(notebook, "map").locator("[data-edge], [data-grey]")


def box_of(locator: Locator) -> FloatRect:
    """Where an element is on the screen."""
    box = locator.bounding_box()
    assert box is not None
    return box


def drag(notebook: Notebook, start: Locator, end: Locator) -> None:
    """From the middle of one element to that of another, in steps, as a hand does."""
    mouse = notebook.page.mouse
    for place, locator in enumerate((start, end)):
        box = box_of(locator)
        mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=1 + 9 * place)
        if not place:
            mouse.down()
    mouse.up()


def look(lab: Lab, layers: int, heads: int, seconds: float) -> None:
    """Story 1 for one size."""
    notebook = start(lab, make=making(f"mock({layers}, {heads})", "samples=64"))
    painted = notebook.page.wait_for_function(PAINTED).json_value()
    hover = notebook.root().evaluate(HOVER)
    print(  # noqa: T201 - seen with `pytest -s`: times of one machine are no test
        f"{layers} x {heads}: map painted after {painted:.0f} ms; "
        f"hover: median {hover[len(hover) // 2]:.1f} ms, worst {hover[-1]:.1f} ms"
    )
    assert painted <= seconds * 1000
    components = layers * (heads + 1) + 2
    grid = part(notebook, "map").get_by_role("grid")
    expect(grid.get_by_role("gridcell")).to_have_count(components + 1)  # and the output
    expect(part(notebook, "map").locator("[data-cell][tabindex='0']")).to_have_count(1)
    # Both ends of the scale are measured: the random input and the untouched model, with losses under them.
    expect(part(notebook, "bar-recovered")).to_contain_text(re.compile(r"0 % .*random.*100 % untouched model.*\d\.\d"))
    expect(edges(notebook)).to_have_count(0)

    part(notebook, "cell-a9.h9").click()
    expect(part(notebook, "cell-a9.h9")).to_have_attribute("aria-selected", "true")
    assert edges(notebook).count() <= 12
    said = part(notebook, "edge-count")
    possible, hidden = (int(said.get_attribute(f"data-{name}") or "0") for name in ("possible", "hidden"))
    senders = 2 + 9 * (heads + 1)
    readers = 1 + (layers - 10) * (3 * heads + 1) + 1  # its own layer's MLP, the layers above, the output
    assert possible == 3 * senders + readers
    assert hidden == possible - edges(notebook).count()
    shown = (said.text_content() or "").replace("\u202f", "")
    assert f"{hidden} not drawn" in shown


@only_default_comms
def test_a_quick_look_at_a_model_of_twelve_layers(lab: Lab) -> None:
    look(lab, 12, 12, 1.5)


@only_default_comms
def test_a_quick_look_at_a_model_of_thirty_two_layers(lab: Lab) -> None:
    look(lab, 32, 32, 3)


@only_default_comms
def test_five_heads_by_lasso_and_by_keys_are_one_claim_each_and_one_undo_step(lab: Lab) -> None:
    notebook = start(lab, STATE, make=making("tiny()"))
    page = notebook.page
    heads = [f"a1.h{slot}" for slot in range(2, 7)]

    def check_letters(count: int) -> None:
        expect(part(notebook, "map").locator("[data-letters='B']")).to_have_count(count)

    def wait_edit(rev: int) -> str:
        notebook.wait_result(rev)
        notebook.run(1)
        return notebook.text_output(1)

    first, last = (box_of(part(notebook, f"cell-{head}")) for head in (heads[0], heads[-1]))
    page.keyboard.down("Shift")
    page.mouse.move(first["x"] - 6, first["y"] - 6)
    page.mouse.down()
    page.mouse.move(last["x"] + last["width"] / 2, last["y"] + last["height"] / 2, steps=8)
    expect(part(notebook, "lasso")).to_be_visible()
    page.mouse.move(last["x"] + last["width"] + 4, last["y"] + last["height"] + 2, steps=4)
    page.mouse.up()
    page.keyboard.up("Shift")
    for head in heads:
        expect(part(notebook, f"cell-{head}")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("2")
    by_lasso = wait_edit(1)
    assert [c["components"] for c in hypothesis(notebook, 1)] == [[head] for head in heads]
    check_letters(5)

    part(notebook, "undo").click()
    assert wait_edit(2) != by_lasso
    check_letters(0)
    part(notebook, "redo").click()
    assert wait_edit(3) == by_lasso
    check_letters(5)
    part(notebook, "undo").click()
    notebook.wait_result(4)

    # Again with keys alone: nothing selected, to the first head, then Space, and Shift with the arrows.
    part(notebook, "cell-logits").focus()
    page.keyboard.press("Enter")
    expect(part(notebook, "map").locator("[aria-selected='true']")).to_have_count(0)
    part(notebook, f"cell-{heads[0]}").focus()
    page.keyboard.press("Space")
    for _ in heads[1:]:
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("2")
    assert wait_edit(5) == by_lasso
    check_letters(5)

    # The menu is ours alone, and gives the focus back.
    part(notebook, f"cell-{heads[0]}").click(button="right")
    expect(part(notebook, "menu")).to_be_visible()
    expect(page.locator(".lm-Menu")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(part(notebook, "menu")).to_have_count(0)
    expect(part(notebook, f"cell-{heads[0]}")).to_be_focused()


@only_default_comms
def test_an_edge_is_dragged_from_a_port_and_a_second_path_keeps_its_own_rule(lab: Lab) -> None:
    notebook = start(lab, STATE, make=making("tiny()"))
    rows = notebook.root().locator("[data-row]")
    edge = "logits>a1.h4.k>a0.h7"

    part(notebook, "chip-token").click()  # the rule in hand; with nothing selected it changes nothing
    assert notebook.root().get_attribute("data-rev") == "0"
    drag(notebook, part(notebook, "port-a1.h4.k"), part(notebook, "cell-a0.h7"))
    notebook.wait_result(1)
    expect(part(notebook, f"tree-row-{edge}")).to_have_count(1)
    expect(part(notebook, f"tree-row-{edge}")).to_be_visible()
    before = hypothesis(notebook, 1)
    assert [(c["parent"], c["port"], c["components"]) for c in before] == [
        ("logits", "", ["a1.h4"]),
        ("logits>a1.h4", "k", ["a0.h7"]),
    ]

    # Downward only: the other way is dimmed while the edge is drawn, refused with the reason, and changes nothing.
    port, target = part(notebook, "port-a0.h7.q"), part(notebook, "cell-a1.h4")
    box = box_of(port)
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    notebook.page.mouse.down()
    box = box_of(target)
    notebook.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=10)
    expect(target).to_have_attribute("data-upstream", "false")
    expect(part(notebook, "tip")).to_contain_text("a1.h4 is not upstream of logits ▸ a1.h4.k ▸ a0.h7.q")
    notebook.page.mouse.up()
    expect(part(notebook, "status-error")).to_contain_text("a1.h4 is not upstream of logits ▸ a1.h4.k ▸ a0.h7.q")
    assert hypothesis(notebook, 1) == before
    assert notebook.root().get_attribute("data-rev") == "1"

    # A second path to the same head, under another rule.
    part(notebook, "cell-logits").click()
    part(notebook, "cell-a0.h7").click()
    part(notebook, "chip-previous token").click()
    notebook.wait_result(2)
    glyph = part(notebook, "map").locator("[data-glyph='a0.h7']")
    expect(glyph).to_contain_text("×2")
    expect(part(notebook, "cell-a0.h7")).to_have_attribute("data-claims", "2")
    expect(rows.filter(has_text="a0.h7")).to_have_count(2)
    rules = {c["parent"]: c["rule"] for c in hypothesis(notebook, 1) if c["components"] == ["a0.h7"]}
    assert rules == {"logits>a1.h4": "token", "logits": "previous token"}
    expect(part(notebook, f"tree-row-{edge}")).to_contain_text("token")
    expect(part(notebook, "tree-row-logits>a0.h7")).to_contain_text("previous token")
