"""What axe, and a few rules of our own, find wrong for people who do not see or do not use a mouse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

AXE = Path(__file__).parents[2] / "js" / "node_modules" / "axe-core" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
RUN = """async ([tags]) => {
    const root = document.querySelector(".scrub-root")
    const found = await axe.run(root, { runOnly: { type: "tag", values: tags }, resultTypes: ["violations"],
        preload: false })  // it would ask for style sheets, which pages from file:// may not
    return found.violations.map((v) => ({ id: v.id, impact: v.impact, help: v.help,
        nodes: v.nodes.map((n) => n.html.slice(0, 160) + " | " + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? "")) }))
}"""
SERIOUS = ("serious", "critical")


def violations(page: Page) -> list[str]:
    """Serious and critical violations inside the widget of a page, one line each."""
    if not page.evaluate("() => 'axe' in window"):
        page.add_script_tag(path=AXE)
    found: list[dict[str, Any]] = page.evaluate(RUN, [TAGS])
    return [
        f"{one['impact']} {one['id']}: {one['help']} ({len(one['nodes'])} times): {one['nodes'][0]}"
        for one in found
        if one["impact"] in SERIOUS
    ]
