"""The view alone on a page from file://, with made-up numbers and no kernel: for what does not need one, in a second."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Literal
from urllib.parse import urlencode

from playwright.sync_api import Locator, Page

JS = Path(__file__).parents[2] / "js"
PAGE = JS / "dev" / "out" / "page.html"
Theme = Literal["light", "dark"]


def build() -> None:
    """Bundle the page of js/dev."""
    subprocess.run(["node", str(JS / "dev" / "bundle.mjs")], check=True)


def show(page: Page, scene: str, theme: Theme = "light", *clicks: str) -> Locator:
    """Open a scene of js/dev/scenes.ts, press these parts, and return the root of the view."""
    page.goto(f"{PAGE.as_uri()}?{urlencode({'scene': scene, 'theme': theme})}")
    root = page.get_by_test_id("scrub-root")
    for testid in clicks:
        root.get_by_test_id(testid).click()
    return root
