"""Five hundred random clicks, keys and drags: nothing breaks, and map, tree and Python agree at the end."""

from __future__ import annotations

import json
import random
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import making, part, start

ACTIONS = 500
SEED = 4
WATCH = """
errors = []

class Watched(type(widget.session)):
    def __setattr__(self, name, value):
        if name == "last_error" and value is not None:
            errors.append(value)
        super().__setattr__(name, value)

widget.session.__class__ = Watched
"""
LOST = "[f'{type(e).__name__}: {e}' for e in errors if not isinstance(e, sw.ScrubError)]"
AGREE = f"""
print(json.dumps({{
    "lost": {LOST}, "refused": len(errors), "rev": widget.session.rev, "steps": widget.session.rev,
    "ids": [c.id for c in widget.hypothesis], "components": sorted({{m for c in widget.hypothesis for m in c.components}}),
}}))
"""
# Everything that a person could use now; a number of it, brought into sight, and what kind of thing it is.
PICK = """([root, number]) => {
    const all = [...root.querySelectorAll(
        "button, select, input, textarea, summary, [role=gridcell], [role=menuitem], [data-row], [data-port], [tabindex='0']")]
    const usable = all.filter((e) => {
        const box = e.getBoundingClientRect()
        return box.width > 0 && box.height > 0 && !e.disabled && e.type !== "file" && e.closest("[inert]") === null
    })
    const chosen = usable[number % usable.length]
    chosen.scrollIntoView({ block: "center", inline: "center" })
    const box = chosen.getBoundingClientRect()
    const kind = chosen.matches("select") ? "select"
        : chosen.matches("textarea, input:not([type=checkbox], [type=radio], [type=range])") ? "text" : "press"
    const options = kind === "select" ? [...chosen.options].map((o) => o.value) : []
    return { x: box.x + box.width / 2, y: box.y + box.height / 2, kind, options, type: chosen.type ?? "",
        name: chosen.dataset.testid ?? chosen.getAttribute("aria-label") ?? chosen.tagName }
}"""
KEYS = (
    ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight"] * 3
    + [
        "Shift+ArrowRight",
        "Shift+ArrowUp",
        "Enter",
        "Space",
        "k",
        "f",
        "1",
        "2",
        "3",
        "0",
        "s",
        "p",
        "e",
        "u",
        "l",
        "L",
    ]
    + ["Control+z", "Control+z", "Control+Shift+Z", "Delete", "Escape", "r", "/", "?", "Shift+F10", "+", "-", "Tab"]
)
WORDS = ("3", "7", "64", "END", "1, 2", "a name", "[0-9]+", "nonsense (", "", "S1")


class Person:
    """Somebody who tries everything, in an order that a seed decides."""

    def __init__(self, notebook: Notebook, seed: int) -> None:
        self.page: Page = notebook.page
        self.root: Locator = notebook.root()
        self.random = random.Random(seed)
        self.did: list[str] = []

    def act(self) -> None:
        """One action."""
        chance = self.random.random()
        if chance < 0.3:
            self._key()
        elif chance < 0.4:
            self._drag()
        else:
            self._use()

    def _pick(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(PICK, [self.root.element_handle(), self.random.randrange(10**6)])
        return found

    def _use(self) -> None:
        at = self._pick()
        self.did.append(f"{at['kind']} {at['name']}")
        if at["kind"] == "press":
            modifiers: list[Any] = self.random.choice([[], [], [], [], ["Control"], ["Shift"]])
            for key in modifiers:
                self.page.keyboard.down(key)
            self.page.mouse.click(at["x"], at["y"], button="right" if self.random.random() < 0.06 else "left")
            for key in modifiers:
                self.page.keyboard.up(key)
            return
        self.page.evaluate("([x, y]) => document.elementFromPoint(x, y)?.focus()", [at["x"], at["y"]])
        if at["kind"] == "select":
            # By keys, as a list that is open belongs to the browser and not to the page.
            self.page.keyboard.press(self.random.choice(["ArrowDown", "ArrowUp", "Home"]))
        else:
            self.page.keyboard.type(self.random.choice(WORDS))
            self.page.keyboard.press("Enter")

    def _key(self) -> None:
        cells = self.root.locator("[data-cell][tabindex='0'], [data-row][tabindex='0']")
        count = cells.count()
        if count:
            cells.nth(self.random.randrange(count)).focus()
        else:  # the map is folded away
            self._use()
            return
        key = self.random.choice(KEYS)
        self.did.append(f"key {key}")
        self.page.keyboard.press(key)

    def _drag(self) -> None:
        start, end = self._pick(), self._pick()
        start = self.page.evaluate(PICK, [self.root.element_handle(), self.random.randrange(10**6)])
        self.did.append(f"drag {start['name']} to {end['name']}")
        mouse = self.page.mouse
        mouse.move(start["x"], start["y"])
        mouse.down()
        mouse.move(
            start["x"] + self.random.randrange(-150, 150), start["y"] + self.random.randrange(-150, 150), steps=3
        )
        mouse.up()


def settle(notebook: Notebook) -> None:
    """Close what is open, and wait for the result of what is claimed now."""
    root = notebook.root()
    root.get_by_test_id("map").first.press("Escape")
    notebook.page.keyboard.press("Escape")
    part(notebook, "run").click()
    expect(root).to_have_attribute("data-phase", "done")


@only_default_comms
def test_random_clicks_break_nothing(lab: Lab) -> None:
    notebook = start(lab, WATCH, AGREE, make=making("tiny()", "samples=64"))
    notebook.run(1)
    cells = notebook.page.locator(".jp-Cell").count()
    person = Person(notebook, SEED)
    for _ in range(ACTIONS):
        person.act()
    settle(notebook)
    notebook.run(2)
    python = json.loads(notebook.text_output(2))
    told = f"after {person.did[-12:]}: {python}"
    assert python["lost"] == [], told
    assert notebook.page.locator(".jp-Cell").count() == cells, told
    notebook.wait_rev(python["rev"])
    while (folded := notebook.root().locator("[data-row][aria-expanded=false]")).count():
        folded.first.press("ArrowRight")
    rows = notebook.root().locator("[data-row]").evaluate_all("rows => rows.map((row) => row.dataset.row)")
    assert rows == ["logits", *python["ids"]], told
    drawn = notebook.root().locator("[data-cell][aria-label*=', claimed through']")
    cells_claimed = drawn.evaluate_all("cells => cells.map((cell) => cell.dataset.cell)")
    assert sorted(cells_claimed) == [c for c in python["components"] if c != "*"], told
    assert python["rev"] > 20, told
