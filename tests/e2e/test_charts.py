"""The charts in a real browser: slices by keys, the brush by mouse, a waterfall on request, pictures that stand alone."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.lab import Lab, only_default_comms
from tests.e2e.steps import making, part, start

TASK = making(
    "mock(2, 4, inputs=64, mlp=False)",
    "hypothesis=h, samples=256",
    before_shown="",
).replace(
    "widget = ",
    'task = sw.Task(task.model, task.tokens, loss=sw.losses.kl(), name="spread")\n'
    'h, head = sw.Hypothesis().claim("a1.h0")\n'
    'h, _ = h.claim("a0.h2", under=f"{head}.k", rule="token")\n'
    "widget = ",
)
SLICE = "print([p.recovered.value for p in widget.result.positions][1])"
FALL = "print([s.claim for s in widget.session.outcome.waterfall.steps])"


@only_default_comms
def test_charts_are_sliced_brushed_measured_and_taken_along(lab: Lab, tmp_path: Path) -> None:
    notebook = start(lab, SLICE, FALL, make=TASK)
    page = notebook.page
    part(notebook, "tab-result").click()

    # A position by keys: its numbers, and the examples there.
    part(notebook, "positions-slider").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    notebook.run(1)
    percent = f"{100 * float(notebook.text_output(1)):.1f}".replace("-", "\N{MINUS SIGN}")
    expect(part(notebook, "slice-numbers")).to_contain_text(f"Position 1: recovered {percent} %")
    expect(part(notebook, "chart-examples")).to_contain_text("Each example's loss at position 1")
    part(notebook, "slice-none").click()

    # A rectangle by mouse, and one example by a click.
    plot = part(notebook, "examples-plot")
    plot.scroll_into_view_if_needed()
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 2, box["y"] + 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 2, box["y"] + box["height"] - 2, steps=4)
    page.mouse.up()
    expect(part(notebook, "brushed")).to_contain_text(re.compile(r"\d+ examples selected"))
    part(notebook, "brushed-open").click()
    expect(part(notebook, "tab-sample")).to_have_attribute("aria-selected", "true")
    part(notebook, "tab-result").click()

    # Pictures: an SVG without a style sheet, and a PNG made from it.
    part(notebook, "take-positions").click()
    for kind in ("svg", "png", "csv"):
        with page.expect_download() as download:
            part(notebook, f"save-positions-{kind}").click()
        assert download.value.suggested_filename == f"spread-positions.{kind}"
        download.value.save_as(tmp_path / f"chart.{kind}")
    svg = (tmp_path / "chart.svg").read_text("utf-8")
    assert not re.search(r"class=|var\(|light-dark|href=|url\(", svg)
    assert "Loss by position" in svg
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    rows = (tmp_path / "chart.csv").read_text("utf-8").splitlines()
    assert rows[0].startswith("position,baseline loss (nats)")
    assert len(rows) == 7

    # The waterfall, on request.
    part(notebook, "waterfall-measure").click()
    expect(part(notebook, "chart-waterfall")).to_be_visible()
    notebook.run(2)
    assert notebook.text_output(2) == "['logits>a1.h0', 'logits>a1.h0.k>a0.h2']"
    expect(part(notebook, "chart-waterfall")).to_contain_text("a1.h0.k ▸ a0.h2")
