"""Acceptance story 2, and rules and rewrites made by mouse: what a person sees, and what the kernel then holds."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import MAKE, claim, making, part, start

TIMES = "print(json.dumps(took))"
TIMED = """
import time
from scrub_widgets.widget import answers, making, wire
took = {}
def timed(widget, message):
    began = time.perf_counter()
    answer = making.answer_preview(widget, message)
    took[message.rule] = max(took.get(message.rule, 0), time.perf_counter() - began)
    return answer
answers.ANSWERS[wire.AskPreview] = timed
"""
MADE = "print(json.dumps({'made': widget.session.step.made.to_builtins(), 'rules': list(widget.session.task.rules), 'components': list(widget.session.task.graph.layout.names)}))"


def hover(notebook: Notebook, rule: str) -> None:
    """Point at a rule until its preview is shown."""
    part(notebook, f"chip-{rule}").hover()
    expect(part(notebook, "preview")).to_have_attribute("data-rule", rule)


def held(notebook: Notebook, cell: int) -> dict[str, Any]:
    """What the kernel holds."""
    notebook.run(cell)
    found: dict[str, Any] = json.loads(notebook.text_output(cell))
    return found


@only_default_comms
def test_story_2_a_rule_is_looked_at_before_it_is_used(lab: Lab) -> None:
    notebook = start(lab, TIMES, make=making("toy()", before_shown=TIMED))
    hover(notebook, "four classes")
    assert part(notebook, "preview-k").text_content() == "4"
    assert part(notebook, "preview-sizes").text_content() == "150, 30, 15, 5"
    assert part(notebook, "preview-self").text_content() == "2.0 %"
    for i in range(3):
        expect(part(notebook, f"preview-same-{i}").locator("[data-read]").first).to_have_text(re.compile("^x="))
    expect(part(notebook, "preview-same-3")).to_have_count(0)
    expect(part(notebook, "preview-other")).to_have_count(1)
    expect(part(notebook, "preview-way")).to_contain_text("change the label when swapped")

    before = part(notebook, "preview-reference").text_content()
    part(notebook, "preview-next").click()  # the pointer has left the chip: the rule used last is shown again
    expect(part(notebook, "preview-reference")).not_to_have_text(before or "")

    hover(notebook, "identity")
    assert part(notebook, "preview-k").text_content() == "200"
    assert part(notebook, "preview-self").text_content() == "100.0 %"
    expect(part(notebook, "preview-note")).to_contain_text("Untestable: 100 % of the draws")
    claim(notebook, "total", "identity")
    notebook.wait_result(1)
    expect(part(notebook, "tree-row-logits>total")).to_contain_text("untestable claim")
    expect(part(notebook, "cell-total")).to_have_attribute("aria-label", re.compile("untestable claim"))

    took = held(notebook, 1)
    assert {"four classes", "identity"} <= set(took)
    assert max(took.values()) < 0.3, took


@only_default_comms
def test_rules_and_rewrites_are_made_by_mouse_and_undone(lab: Lab) -> None:
    notebook = start(lab, MADE, make=MAKE)
    rules = held(notebook, 1)["rules"]

    part(notebook, "make-rule").click()
    part(notebook, "maker-regex").click()
    part(notebook, "maker-pattern").fill("a(")
    expect(part(notebook, "preview-problem")).to_contain_text("no regular expression")
    expect(part(notebook, "maker-make")).to_be_disabled()
    part(notebook, "maker-pattern").fill("a(.)")
    expect(part(notebook, "preview-matches")).to_contain_text(re.compile(r"Found in \d+ of 2.048 inputs"))
    part(notebook, "maker-name").fill("after a")
    part(notebook, "maker-make").click()
    expect(part(notebook, "chip-after a")).to_be_visible()

    part(notebook, "make-rule").click()
    part(notebook, "maker-painted").click()
    part(notebook, "paint-filter").fill("ab")
    rows = part(notebook, "paint").locator(".scrub-paint-row")
    expect(rows).to_have_count(9)
    part(notebook, "bin-name-0").fill("first")
    ids = [int((rows.nth(i).get_attribute("data-testid") or "").split("-")[1]) for i in range(3)]
    part(notebook, f"paint-{ids[0]}").drag_to(part(notebook, "bin-0"))
    expect(part(notebook, "bin-count-0")).to_have_text("1")
    part(notebook, f"paint-{ids[1]}-0").click()
    part(notebook, f"paint-{ids[2]}").press("2")
    expect(part(notebook, "bin-count-0")).to_have_text("2")
    expect(part(notebook, "bin-count-1")).to_have_text("1")
    expect(part(notebook, "preview-k")).to_have_text("3")
    part(notebook, "maker-name").fill("by hand")
    part(notebook, "maker-make").click()
    expect(part(notebook, "chip-by hand")).to_be_visible()

    claim(notebook, "a1.h3", "by hand")
    expect(part(notebook, "tree-row-logits>a1.h3")).to_be_visible()
    part(notebook, "rule-drop").click()
    expect(part(notebook, "status-error")).to_contain_text("cannot be deleted while 'logits>a1.h3' uses it")

    part(notebook, "open-rewrite").click()
    part(notebook, "way-unembed").click()
    part(notebook, "way-first").fill("a")
    part(notebook, "way-second").fill("b")
    expect(part(notebook, "fact-error")).to_contain_text("10⁻")
    expect(part(notebook, "carried")).to_contain_text("becomes two claims with its rule and one draw")
    part(notebook, "rewrite-make").click()
    expect(part(notebook, "tree-row-logits>a1.h3[a-b]")).to_be_visible()
    expect(part(notebook, "tree-row-logits>a1.h3[rest]")).to_be_visible()
    notebook.wait_phase("done")

    there = held(notebook, 1)
    assert there["rules"] == [*rules, "after a", "by hand"]
    bins = there["made"]["rules"][1]["spec"]["bins"]
    assert bins == {"first": sorted(ids[:2]), "bin 2": [ids[2]]}
    assert there["made"]["rewrites"][0]["kind"] == "unembed"
    assert "a1.h3[a-b]" in there["components"]

    part(notebook, "undo").click()
    expect(part(notebook, "tree-row-logits>a1.h3")).to_be_visible()
    part(notebook, "undo").click()
    expect(part(notebook, "tree-row-logits>a1.h3")).to_have_count(0)
    for gone in ("by hand", "after a"):
        expect(part(notebook, f"chip-{gone}")).to_be_visible()
        part(notebook, "undo").click()
        expect(part(notebook, f"chip-{gone}")).to_have_count(0)
    there = held(notebook, 1)
    assert there["made"] == {"rules": [], "rewrites": []}
    assert there["rules"] == rules
    assert "a1.h3[a-b]" not in there["components"]
