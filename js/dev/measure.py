"""How long the map takes in Chromium: first paint, hover, select. Run bundle.mjs, then `measure.py [scene ...]`."""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PAGE = (Path(__file__).parent / "out" / "page.html").as_uri()
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

# Work of one gesture in milliseconds: the event, what it draws again, and the layout that the browser does for it.
WORK = """async ([name, cells]) => {
    const work = []
    for (const id of cells) {
        const cell = document.querySelector(`[data-cell="${id}"]`)
        await new Promise(requestAnimationFrame)
        const from = performance.now()
        if (name === 'focus') cell.focus()
        else cell.dispatchEvent(new MouseEvent(name, {bubbles: true}))
        await Promise.resolve()
        await new Promise(resolve => { const c = new MessageChannel(); c.port1.onmessage = resolve; c.port2.postMessage(0) })
        document.body.getBoundingClientRect()
        work.push(performance.now() - from)
    }
    return work
}"""
PAINT = """() => {
    const [from] = performance.getEntriesByName('scrub-widgets:display')
    const [to] = performance.getEntriesByName('scrub-widgets:map')
    return to.startTime - from.startTime
}"""


def measure(page: Page, scene: str) -> None:
    """Print the figures of one scene."""
    page.goto(f"{PAGE}?scene={scene}")
    page.wait_for_function("performance.getEntriesByName('scrub-widgets:map').length > 0")
    paint = page.evaluate(PAINT)
    cells = page.evaluate("[...document.querySelectorAll('[data-cell]')].map(c => c.dataset.cell)")
    n = len(cells)
    cells = cells[5::13][:30]
    nodes = page.evaluate("document.querySelectorAll('[data-testid=map] *').length")
    print(f"{scene}: {n} cells, {nodes} elements; first paint after {paint:.0f} ms")
    for name in ("pointerover", "focus", "click"):
        work = sorted(page.evaluate(WORK, [name, cells]))
        print(f"  {name}: median {work[len(work) // 2]:.1f} ms, worst {work[-1]:.1f} ms of {len(work)}")


def main(scenes: list[str]) -> None:
    """Measure these scenes, or the three sizes."""
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for scene in scenes or ["eight", "gpt2", "huge"]:
            measure(page, scene)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
