"""Axe, reflow at 400 % and reduced motion, over the states of the view in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.e2e import scenes
from tests.e2e.axe import violations
from tests.e2e.scenes import Theme, show

STATES: list[tuple[str, list[str]]] = [
    ("base", []),
    ("base", ["cell-a1.h3"]),
    ("base", ["help"]),
    ("base", ["export"]),
    ("base", ["import"]),
    ("empty", []),
    ("running", []),
    ("stale", ["tab-result"]),
    ("error", []),
    ("above", []),
    ("below", []),
    ("warned", ["tab-result"]),
    ("confirmed", ["tab-result"]),
    ("confirming", []),
    ("split", ["cell-m0[rest]"]),
    ("toy", ["tab-result"]),
    ("gpt2", []),
    ("huge", []),
    ("saved", ["tab-result"]),
    ("loading", []),
]
THEMES: list[Theme] = ["light", "dark"]


@pytest.fixture(scope="module", autouse=True)
def _bundle() -> None:
    scenes.build()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page whose problems fail the test."""
    problems: list[str] = []
    with browser.new_context(viewport={"width": 1280, "height": 800}, offline=True) as context:
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        yield page
    assert problems == []


def tabs(page: Page) -> list[str]:
    """Test ids of all tabs that there are."""
    return [tab.get_attribute("data-testid") or "" for tab in page.get_by_role("tab").all()]


@pytest.mark.parametrize("theme", THEMES)
def test_axe_finds_nothing_serious_in_any_state(page: Page, theme: Theme) -> None:
    found: dict[str, list[str]] = {}
    for scene, clicks in STATES:
        show(page, scene, theme, *clicks)
        found[" ".join([scene, *clicks])] = violations(page)
    for scene in ("base", "saved"):
        show(page, scene, theme)
        for tab in tabs(page):
            page.get_by_test_id(tab).click()
            found[f"{scene} {tab}"] = violations(page)
    root = show(page, "base", theme)
    root.get_by_test_id("cell-a1.h3").focus()
    page.keyboard.press("Shift+F10")
    found["menu"] = violations(page)
    told = [f"{state}: {one}" for state, ones in found.items() for one in ones]
    assert told == [], "\n".join(told)


@pytest.mark.parametrize("theme", THEMES)
def test_at_400_percent_everything_flows_into_one_column(page: Page, theme: Theme) -> None:
    """1280 pixels at 400 % are 320: nothing but what scrolls by itself may be wider."""
    page.set_viewport_size({"width": 320, "height": 700})
    wide: list[str] = []
    for scene, clicks in STATES:
        root = show(page, scene, theme, *clicks)
        for tab in tabs(page) if scene == "base" and not clicks else [""]:
            if tab:
                page.get_by_test_id(tab).click()
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > 320:
                wide.append(f"{scene} {' '.join(clicks)} {tab}: {width} pixels")
            columns = root.locator(".scrub-columns").evaluate("e => getComputedStyle(e).gridTemplateColumns")
            assert len(columns.split()) == 1
    assert wide == []


def test_reduced_motion_moves_nothing(page: Page) -> None:
    page.emulate_media(reduced_motion="reduce")
    moving = """root => [...root.querySelectorAll("*")].filter((e) => {
        const style = getComputedStyle(e)
        return style.animationName !== "none" || /[1-9]/.test(style.transitionDuration)
    }).map((e) => e.outerHTML.slice(0, 120))"""
    for scene in ("base", "running", "loading", "confirming"):
        assert show(page, scene).evaluate(moving) == []


def test_a_short_run_shows_no_progress_and_no_pulse(page: Page) -> None:
    """What is over within 400 ms does not flicker."""
    root = show(page, "running")
    styles = "e => { const s = getComputedStyle(e); return [s.animationName, s.animationDelay, s.animationFillMode] }"
    assert root.locator(".scrub-phase .scrub-dot").evaluate(styles)[:2] == ["scrub-pulse", "0.4s"]
    assert root.locator(".scrub-progress").evaluate(styles) == ["scrub-appear", "0.4s", "backwards"]
    assert re.search(r"\d+ / ", root.get_by_test_id("status").text_content() or "")
