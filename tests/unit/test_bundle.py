"""What hosts ask of an anywidget: nothing from other hosts, no look outside its own root, no evaluated text."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "js" / "src").rglob("*.ts*")) + sorted((ROOT / "js" / "src").rglob("*.css"))
STATIC = ROOT / "scrub_widgets" / "widget" / "static"
NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xhtml", "http://www.w3.org/1998/Math/MathML"}
"""Names of languages, which are no addresses to load from."""
FORBIDDEN = {
    "a look into the whole page": r"\b(document|window|globalThis)\.(querySelector|querySelectorAll|getElementById|getElementsBy|body|head)",
    "evaluated text": r"\beval\(|new Function\(",
    "a request": r"\bfetch\(|XMLHttpRequest|new WebSocket|navigator\.sendBeacon|importScripts",
    "raw HTML": r"dangerouslySetInnerHTML|\.innerHTML\s*=|insertAdjacentHTML",
    "something loaded": r"@import\s+url|url\(\s*['\"]?(https?:)?//|\bimport\(\s*['\"]https?:",
}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_keeps_to_itself(path: Path) -> None:
    text = path.read_text("utf-8")
    found = {what: re.findall(pattern, text) for what, pattern in FORBIDDEN.items()}
    assert {what: hits for what, hits in found.items() if hits} == {}
    assert set(re.findall(r"https?://[^\s\"'`)]+", text)) <= NAMESPACES


def test_the_bundle_names_no_host_and_evaluates_nothing() -> None:
    text = (STATIC / "widget.js").read_text("utf-8") + (STATIC / "widget.css").read_text("utf-8")
    assert set(re.findall(r"https?://[^\s\"'`)\\]+", text)) <= NAMESPACES
    for what in ("evaluated text", "a request", "something loaded"):
        assert re.findall(FORBIDDEN[what], text) == [], what


def test_every_rule_of_the_stylesheet_is_under_a_class_of_ours() -> None:
    """In JupyterLab the sheet is shared with the whole page."""
    text = re.sub(r"/\*.*?\*/", "", (STATIC / "widget.css").read_text("utf-8"), flags=re.DOTALL)
    text = re.sub(r"@keyframes[^{]+\{(?:[^{}]*\{[^{}]*\})*\s*\}", "", text)
    selectors = re.findall(r"(?:^|[{}])([^{}@;]+)\{", text)
    foreign = [
        one
        for rule in selectors
        for one in re.split(r",(?![^()]*\))", rule)
        if "scrub-" not in one and "data-phase" not in one
    ]
    assert foreign == []
