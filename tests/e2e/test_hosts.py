"""The same widget in the other hosts: Notebook 7 in both comm modes, marimo, and a saved page from file://."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.lab import Lab, Problems
from tests.e2e.marimo_app import MarimoApp
from tests.e2e.steps import STATE, claim, hypothesis, part, start


def test_notebook_7_click_claim_and_undo(notebook7: Lab) -> None:
    notebook = start(notebook7, STATE)
    before = part(notebook, "value-recovered").text_content()
    claim(notebook, "a1.h3", "same input")
    notebook.wait_result(1)
    shown = part(notebook, "value-recovered").text_content()
    assert shown != before
    assert [c["components"] for c in hypothesis(notebook, 1)] == [["a1.h3"]]
    part(notebook, "undo").click()
    notebook.wait_result(2)
    expect(part(notebook, "value-recovered")).to_have_text(before or "")
    assert hypothesis(notebook, 1) == []


def test_notebook_7_keeps_its_hands_off_and_follows_the_theme(notebook7: Lab) -> None:
    notebook = start(notebook7)
    cells = notebook.page.locator(".jp-Cell").count()
    part(notebook, "cell-a1.h1").focus()
    for key in "abddx":
        notebook.page.keyboard.press(key)
    assert notebook.page.locator(".jp-Cell").count() == cells
    notebook.set_theme("dark")
    assert notebook.root().evaluate("root => getComputedStyle(root).colorScheme") == "dark"


def test_marimo_click_claim_and_undo(browser: Browser, tmp_path: Path) -> None:
    """In a shadow root, on marimo's own comms; marimo itself asks no other host for anything."""
    with MarimoApp(tmp_path) as app, browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        problems = Problems(context, app.port)
        page = context.new_page()
        page.goto(app.url)
        root = page.get_by_test_id("scrub-root")
        expect(root).to_have_attribute("data-result-rev", "0")
        assert root.evaluate("root => root.getRootNode() instanceof ShadowRoot")
        before = root.get_by_test_id("value-recovered").text_content()
        root.get_by_test_id("cell-a1.h3").click()
        root.get_by_test_id("chip-same input").click()
        expect(root).to_have_attribute("data-result-rev", "1")
        expect(root.get_by_test_id("value-recovered")).not_to_have_text(before or "")
        expect(page.get_by_text("kernel: ['logits>a1.h3']")).to_be_visible()
        root.get_by_test_id("undo").click()
        expect(root).to_have_attribute("data-result-rev", "2")
        expect(root.get_by_test_id("value-recovered")).to_have_text(before or "")
        assert root.evaluate("root => getComputedStyle(root).backgroundColor") == "rgb(255, 255, 255)"
        assert problems.told == []
