"""Story 5: a student opens one example, sees what every node saw, and asks why. And the strip that says where a claim holds."""

from __future__ import annotations

import json
import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.e2e.lab import Lab, Notebook, only_default_comms
from tests.e2e.steps import STATE, making, part, start

LEAVES = ("logits>a1.h4.q>embed", "logits>a1.h4.k>a0.h7", "logits>a1.h4.k>a0.h1")
SHOWN = """
h, head = sw.Hypothesis().claim("a1.h4", rule="token at -1")
h, _ = h.claim("embed", under=f"{head}.q", rule="token")
h, _ = h.claim(["a0.h2"], under=f"{head}.v", rule="same input")
for below in ("a0.h7", "a0.h1"):
    h, _ = h.claim(below, under=f"{head}.k", rule="token at 0", share="S")
words = ["a", " b", "c\\n", "d\\t", "e", "f", "g", "h", "i", "j", "k", "l", "m"]
task = sw.Task(task.model, task.tokens, loss=task.loss, vocab=words, roles={"end": -1}, name="tiny")
widget = sw.ScrubWidget(task, h, samples=256)
"""
SAW = """
sample = widget.sample(3)
print(json.dumps({
    "reference": sample.input,
    "tokens": list(sample.tokens),
    "loss": [sample.clean.loss, sample.scrubbed.loss],
    "top": [g.text for g in sample.scrubbed.top],
    "rows": {r.id: {"tags": [s.tag for s in r.sources], "inputs": [s.input for s in r.sources],
                    "size": int(r.sizes[-1]), "label": r.labels[-1]} for r in sample.rows},
    "feeds": {r.id: [[s.tag for _, s in found] for found in sample.feeds(r.id)] for r in sample.rows},
}))
"""
SCORE = "print(widget.wait(60).loss_recovered.value)"


def opened(lab: Lab, *more: str) -> Notebook:
    """The widget of the story with example 3 in the Sample tab."""
    notebook = start(lab, SAW, *more, make=making("tiny()", before_shown=SHOWN))
    part(notebook, "tab-sample").click()
    part(notebook, "sample-number").fill("3")
    part(notebook, "sample-number").press("Enter")
    expect(part(notebook, "sample")).to_have_attribute("data-example", "3")
    return notebook


def row(notebook: Notebook, node: str) -> Locator:
    return part(notebook, "sample-tree").locator(f'li[data-node="{node}"]')


def tags_of_tokens(notebook: Notebook) -> list[str]:
    found = part(notebook, "sample-tokens").locator("li").evaluate_all("all => all.map(li => li.dataset.tags)")
    return list(found)


def visible(token: str) -> str:
    """A token as the view writes it."""
    return token.replace(" ", "␣").replace("\n", "↵").replace("\t", "⇥")


def fed(saw: dict[str, Any], node: str) -> list[str]:
    """The tags of what feeds a node at each position, as Python says."""
    return [" ".join(tags) for tags in saw["feeds"][node]]


@only_default_comms
def test_story_5_what_each_node_saw(lab: Lab) -> None:
    notebook = opened(lab)
    notebook.run(1)
    saw = json.loads(notebook.text_output(1))

    # The same drawn ids as Python's.
    assert sorted(saw["rows"]) == sorted(
        node
        for node in part(notebook, "sample-tree")
        .locator("li[data-node]")
        .evaluate_all("all => all.map(li => li.dataset.node)")
        if node != "logits"
    )
    for node, seen in saw["rows"].items():
        expect(row(notebook, node)).to_have_attribute("data-tags", " ".join(dict.fromkeys(seen["tags"])))
    expect(part(notebook, "sample")).to_contain_text(f"Reference: input #{saw['reference']}")
    for name, loss in zip(("clean", "scrubbed"), saw["loss"], strict=True):
        shown = (part(notebook, f"sample-loss-{name}").text_content() or "").replace("\N{MINUS SIGN}", "-")
        assert abs(float(shown) - loss) < 1e-3
    for i, text in enumerate(saw["top"]):
        expect(part(notebook, f"sample-top-scrubbed-{i}")).to_contain_text(visible(text))

    # Hovered, then reached by Tab: the tokens take the colours of what feeds that node.
    one, two = LEAVES[:2]
    part(notebook, f"sample-row-{one}").hover()
    expect(part(notebook, "sample-feeds")).to_have_attribute("data-node", one)
    assert tags_of_tokens(notebook) == fed(saw, one)
    part(notebook, f"sample-row-{two}").hover()
    expect(part(notebook, "sample-feeds")).to_have_attribute("data-node", two)
    assert tags_of_tokens(notebook) == fed(saw, two)
    part(notebook, "sample-row-logits").focus()
    reached = []
    for _ in range(24):
        notebook.page.keyboard.press("Tab")
        node = part(notebook, "sample-feeds").get_attribute("data-node") or ""
        if node in saw["rows"] and node not in reached:
            reached.append(node)
            assert tags_of_tokens(notebook) == fed(saw, node)
    assert len(reached) >= 2
    focused = notebook.page.evaluate("document.activeElement.getAttribute('data-testid')")
    assert focused is not None

    # One draw is one tag with one underline.
    shared = [row(notebook, node) for node in LEAVES[1:]]
    looks = [
        r.locator(".scrub-saw-source .scrub-source").evaluate(
            "e => [e.dataset.tag, e.querySelector('.scrub-line-of').className, e.querySelector('.scrub-line-of').style.cssText]"
        )
        for r in shared
    ]
    assert looks[0] == looks[1]
    other = (
        row(notebook, "logits/unclaimed")
        .locator(".scrub-saw-source .scrub-source")
        .evaluate(
            "e => [e.dataset.tag, e.querySelector('.scrub-line-of').className, e.querySelector('.scrub-line-of').style.cssText]"
        )
    )
    assert other[0] != looks[0][0]
    assert other[1:] != looks[0][1:]

    # Spaces, line ends and tabs are visible.
    every = "".join(part(notebook, "sample").locator(".scrub-chip-token").all_text_contents())
    assert "␣b" in every
    assert "c↵" in every
    assert "d⇥" in every
    assert not re.search(r"[\n\t]", every)

    # Why this one: class, size and probability.
    part(notebook, f"why-{two}").click()
    size, label = saw["rows"][two]["size"], saw["rows"][two]["label"]
    words = part(notebook, f"why-text-{two}")
    expect(words).to_contain_text(f"one of {size}: probability {100 / size:.1f} %")
    expect(words).to_contain_text(f"“{visible(label)}”")

    # Opened again, everything is as it was.
    part(notebook, "sample-next").click()
    expect(part(notebook, "sample")).to_have_attribute("data-example", "4")
    part(notebook, "sample-previous").click()
    expect(part(notebook, "sample")).to_have_attribute("data-example", "3")
    for node, seen in saw["rows"].items():
        expect(row(notebook, node)).to_have_attribute("data-tags", " ".join(dict.fromkeys(seen["tags"])))


@only_default_comms
def test_a_redraw_changes_this_example_only_and_a_head_shows_its_attention(lab: Lab) -> None:
    notebook = opened(lab, SCORE)
    notebook.run(2)
    score = notebook.text_output(2)
    bar = part(notebook, "value-recovered").text_content()
    node = "logits/unclaimed"
    before = row(notebook, node).get_attribute("data-tags")
    held = row(notebook, LEAVES[0]).get_attribute("data-tags")
    part(notebook, f"redraw-{node}").click()
    expect(part(notebook, "sample-only")).to_contain_text("this example only; the score above is unchanged")
    expect(part(notebook, "sample-loss-redrawn")).not_to_have_text("–")
    assert row(notebook, node).get_attribute("data-tags") != before
    assert row(notebook, LEAVES[0]).get_attribute("data-tags") == held
    part(notebook, f"lock-{node}").click()
    locked = row(notebook, node).get_attribute("data-tags")
    part(notebook, "sample-redraw-all").click()
    expect(part(notebook, f"redraw-{LEAVES[0]}")).to_contain_text("1×")
    assert row(notebook, node).get_attribute("data-tags") == locked
    part(notebook, "sample-reset").click()
    expect(row(notebook, node)).to_have_attribute("data-tags", before or "")
    assert part(notebook, "value-recovered").text_content() == bar
    notebook.run(2)
    assert notebook.text_output(2) == score

    part(notebook, "cell-a1.h4").click()
    part(notebook, "tab-sample").click()
    expect(part(notebook, "attention-how")).to_have_attribute("data-how", "recomputed")
    expect(part(notebook, "heat-scrubbed")).to_be_visible()
    part(notebook, "attention-query").select_option("0")
    expect(part(notebook, "attention-table")).to_contain_text("1.000")  # the first position sees itself only
    part(notebook, "attention-head").select_option("a0.h7")
    expect(part(notebook, "attention-how")).to_have_attribute("data-how", "donor")


@only_default_comms
def test_the_strip_chooses_where_a_claim_holds(lab: Lab) -> None:
    notebook = start(lab, STATE, make=making("tiny()", before_shown=SHOWN))
    expect(part(notebook, "position-0").locator(".scrub-places-token")).not_to_have_text("·")
    part(notebook, "tree-row-logits>a1.h4").locator(".scrub-claim-name").click()
    expect(part(notebook, "positions-words")).to_contain_text("everywhere")
    part(notebook, "position-2").click()
    notebook.wait_result(1)
    expect(part(notebook, "position-2")).to_have_attribute("aria-pressed", "true")
    expect(part(notebook, "position-3")).to_have_attribute("aria-pressed", "false")
    part(notebook, "position-4").click(modifiers=["Shift"])
    notebook.wait_result(2)
    part(notebook, "position-4").press("ArrowRight")
    notebook.page.keyboard.press("Enter")
    notebook.wait_result(3)
    expect(part(notebook, "positions-words")).to_contain_text("position 5")
    part(notebook, "role-end").click()
    notebook.wait_result(4)
    notebook.run(1)
    claims = json.loads(notebook.text_output(1))["claims"]
    assert [c["positions"] for c in claims if c["components"] == ["a1.h4"]] == ["end"]
    assert [c["parent"] for c in claims if c["components"] == ["embed"]] == [
        "logits>a1.h4@end"
    ]  # what is under it follows
