"""Story 8: an author compares two hypotheses, takes everything away, and another kernel reads it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, expect

from tests.e2e.lab import Lab, Problems, only_default_comms
from tests.e2e.server import ENVIRONMENT
from tests.e2e.steps import claim, part, start

AGAIN = """
import json, scrub_widgets as sw
text = open("session.json", encoding="utf-8").read()
again = sw.ScrubWidget(sw.load_task("induction"), samples=64)
again.session.load_json(text)
again.wait(60, checked=True)
canonical = lambda text: json.dumps(json.loads(text), sort_keys=True)
print(canonical(again.session.to_json()) == canonical(text), again.result.loss_recovered)
"""
OTHER = """
task = again.session.task
other = sw.Task(task.model, task.tokens[:100], loss=task.loss, name="induction, cut")
shown = sw.ScrubWidget(other, samples=64)
shown
"""


@only_default_comms
def test_story_8_compare_export_and_read_again(lab: Lab, browser: Browser, tmp_path: Path) -> None:
    notebook = start(
        lab,
        "print(repr(widget.wait(60, checked=True).loss_recovered.value))",
    )
    claim(notebook, "a1.h3", "same input")  # A
    notebook.wait_result(1)
    claim(notebook, "a1.h2", "token")  # B
    notebook.wait_result(2)
    shown = part(notebook, "value-recovered").text_content() or ""

    part(notebook, "compare-button").click()
    words = part(notebook, "compare-words")
    expect(words).to_contain_text(re.compile(r"B . A: .*\d.*\[.*,.*\]"))
    expect(part(notebook, "diff").locator("[data-sign]")).to_have_count(1)
    expect(part(notebook, "diff").locator("[data-sign]")).to_have_attribute("data-sign", "+")
    part(notebook, "compare-close").click()

    notebook.run(1)
    value = float(notebook.text_output(1))
    part(notebook, "export").click()
    made: dict[str, Path] = {}
    for what, button in (
        ("json", "export-download"),
        *((k, f"export-download-{k}") for k in ("script", "page", "figure")),
    ):
        expect(part(notebook, f"export-size-{what}")).to_contain_text(re.compile("bytes|kB|MB"))
        with notebook.page.expect_download() as download:
            part(notebook, button).click()
        made[what] = tmp_path / download.value.suggested_filename
        download.value.save_as(made[what])
    assert [path.name for path in made.values()] == [
        "induction.scrub.json",
        "induction.py",
        "induction.html",
        "induction-recovered.png",
    ]
    assert made["figure"].read_bytes().startswith(b"\x89PNG")

    # The script prints the same number; with one digit more than the interval shows, it is the same to 1e-6.
    script = made["script"].read_text("utf-8") + "\nprint(repr(r.loss_recovered.value))\n"
    run = [sys.executable, "-c", script]
    printed = subprocess.run(run, capture_output=True, text=True, check=True, env=ENVIRONMENT).stdout.splitlines()
    assert abs(float(printed[-1]) - value) <= 1e-6

    # The page opens with the network off, and holds the map, the tree, the charts and example 3.
    assert made["page"].stat().st_size <= 5e6
    with browser.new_context(offline=True) as context:
        problems = Problems(context, None)
        page = context.new_page()
        page.goto(made["page"].as_uri())
        expect(page.get_by_test_id("value-recovered")).to_have_text(shown)
        expect(page.get_by_test_id("banner")).to_contain_text("read-only")
        expect(page.get_by_test_id("cell-a1.h3")).to_be_visible()
        expect(page.get_by_test_id("tree-row-logits>a1.h2")).to_be_visible()
        page.get_by_test_id("tab-result").click()
        expect(page.get_by_test_id("chart-examples")).to_be_visible()
        page.get_by_test_id("tab-sample").click()
        page.get_by_test_id("sample-number").select_option("3")
        expect(page.get_by_test_id("sample")).to_have_attribute("data-example", "3")
        expect(page.get_by_test_id("sample-tree")).to_contain_text("a1.h3")
        assert problems.told == []

    # A new kernel reads the JSON and writes the same; on other data, it says what does not fit.
    (lab.server.notebooks / "session.json").write_text(made["json"].read_text("utf-8"), "utf-8")
    reader = lab.open([AGAIN, OTHER])
    reader.run(0)
    same, percent = reader.text_output(0).split(" ", 1)
    assert same == "True"
    assert percent.split(" ")[0] in shown
    reader.run(1)
    reader.wait_result(0)
    part(reader, "import").click()
    part(reader, "import-file").set_input_files(made["json"])
    expect(part(reader, "import-text")).to_have_value(re.compile("scrub-widgets session"))
    part(reader, "import-load").click()
    refused = part(reader, "status-error")
    expect(refused).to_contain_text("does not fit here: other data: saved with fingerprint")
    expect(refused).to_contain_text("here 'induction, cut'")
    assert reader.root().get_attribute("data-rev") == "0"
    assert json.loads(made["json"].read_text("utf-8"))["hypothesis"]["claims"]
