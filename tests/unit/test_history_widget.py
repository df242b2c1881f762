"""The history, labels and comparisons through a widget: what the view asks, and what it is shown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from scrub_widgets import Hypothesis, ScrubWidget
from scrub_widgets.widget import wire
from scrub_widgets.widget.history import RECENT
from tests.unit.test_widget import LONG, Wire, shared_task


@pytest.fixture
def view() -> Iterator[Wire]:
    widget = ScrubWidget(shared_task(), samples=64)
    yield Wire(widget)
    widget.close()


def test_labels_groups_and_marks_walk_the_same_road_as_a_script(view: Wire) -> None:
    widget = view.widget
    for name in ("a1.h0", "a1.h1"):
        view.edit("claim", components=[name], under="logits", rule="token")
    widget.wait(LONG)
    before = widget._result["recovered"]
    answer = view.edit("label", claim="logits>a1.h0", name="mover")
    assert (answer["rev"], answer["claims"]) == (3, ["logits>a1.h0"])
    assert widget._result["rev"] == widget._state["rev"] == 3  # the number is fresh, and the same
    assert widget._result["recovered"] == before
    assert widget._state["claims"][0]["name"] == "mover"
    assert view.edit("group", claims=["logits>a1.h0", "logits>a1.h1"])["claims"] == ["logits>a1.h0+a1.h1"]
    assert widget._state["claims"][0]["name"] == "mover"
    assert view.edit("ungroup", claim="logits>a1.h0+a1.h1")["claims"] == ["logits>a1.h0", "logits>a1.h1"]
    assert [claim["name"] for claim in widget._state["claims"]] == ["mover", "mover"]
    view.ask("mark", step=2, name="both heads")
    assert widget.history[2].label.name == "both heads"
    assert widget._history["steps"][2]["name"] == "both heads"
    assert "nothing to ungroup" in view.edit("ungroup", claim="logits>a1.h0")["message"]
    assert "no step 99" in view.ask("mark", step=99, name="x")["message"]


def test_restore_and_pages_of_the_history(view: Wire) -> None:
    widget = view.widget
    for i in range(60):
        view.edit("settings", seed=i + 1)
    widget.wait(LONG)
    shown = msgspec.convert(widget._history, type=wire.HistoryInfo)
    assert (shown.count, shown.at, len(shown.steps)) == (61, 60, RECENT)
    page = view.ask("history", before=21)["steps"]
    assert [step["id"] for step in page] == list(range(21))
    assert page[7]["edit"] == "seed 7"
    assert view.ask("restore", step=3)["rev"] == 61
    assert widget.session.settings.seed == 3
    assert {step["id"] for step in widget._history["steps"]} >= {3}
    assert "no step 61" in view.ask("restore", step=61)["message"]
    widget.wait(LONG)
    named = next(step for step in widget._history["steps"] if step["id"] == 3)
    assert named["recovered"]["value"] == widget._result["recovered"]["value"]


def test_a_comparison_is_shown_and_closed(view: Wire) -> None:
    widget = view.widget
    view.edit("claim", components=["a1.h0"], under="logits", rule="token")
    widget.wait(LONG)
    found = widget.compare(0, 1, LONG)
    shown = msgspec.convert(widget._compare, type=wire.CompareInfo)
    assert found.difference is not None
    assert shown.difference == wire.Interval.of(found.difference)
    assert [change.sign for change in shown.changes] == ["+"]
    assert view.ask("compare", a=None, b=None)["kind"] == "ack"
    assert widget._compare is None
    assert "with itself" in view.ask("compare", a=1, b=1)["message"]


def test_a_saved_page_holds_more_steps_than_travel_at_each_edit(view: Wire, tmp_path: Path) -> None:
    for i in range(RECENT + 10):
        view.edit("settings", seed=i + 1)
    view.widget.wait(LONG)
    text = view.widget.to_html(tmp_path / "page.html").read_text("utf-8")
    page = re.search(r'id="traits">(.*?)</script>', text)
    assert page is not None
    assert len(json.loads(page[1])["_history"]["steps"]) == RECENT + 11


def test_labels_are_comments_of_the_script(view: Wire) -> None:
    widget = view.widget
    widget.hypothesis = Hypothesis().claim("a1.h0", rule="token")[0]
    widget.label("logits>a1.h0", name="mover", note="copies\n\nthe name")
    assert "# mover\n# copies\n# the name\nh, _ = h.claim('a1.h0'" in widget.to_script()
    widget.restore(1)
    assert "mover" not in widget.to_script()
