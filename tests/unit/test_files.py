"""The files of the Export sheet: what they hold, how large they are, and when they cannot be made."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from functools import cache

import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubWidget
from scrub_widgets.plots import FIGURES
from scrub_widgets.widget import export
from tests.unit.models import gpt2
from tests.unit.test_widget import Wire

LONG = 60.0


@cache
def shared_task() -> sw.Task:
    m = gpt2()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), name="tiny model")


@pytest.fixture
def view() -> Iterator[Wire]:
    widget = ScrubWidget(shared_task(), Hypothesis().claim("a1.h0", rule="token")[0], samples=64)
    widget.wait(LONG, checked=True)
    yield Wire(widget)
    widget.close()


def test_text_files_are_those_of_python(view: Wire) -> None:
    made = view.ask("file", what="json")
    assert made["text"] == view.widget.session.to_json()
    assert (made["filename"], made["mime"]) == ("tiny-model.scrub.json", "application/json")
    assert made["size"] == len(made["text"].encode())
    assert view.ask("file", what="script")["text"] == view.widget.to_script()
    page = view.ask("file", what="page")
    assert page["text"] == export.page(view.widget)
    assert page["size"] <= 5e6


def test_figures_come_as_png_and_svg(view: Wire) -> None:
    png = view.ask("file", what="figure")
    assert base64.b64decode(png["data"]).startswith(b"\x89PNG")
    assert (png["filename"], png["text"], png["figures"]) == ("tiny-model-recovered.png", None, list(FIGURES))
    svg = view.ask("file", what="figure", name=FIGURES[-1], format="svg")
    assert "<svg" in svg["text"]
    assert svg["filename"] == f"tiny-model-{FIGURES[-1]}.svg"


def test_what_cannot_be_made_says_why(view: Wire) -> None:
    answer = view.ask("file", what="figure", name="recoverd")
    assert answer["kind"] == "rejected"
    assert "no figure 'recoverd'" in answer["message"]
    empty = Wire(ScrubWidget(shared_task(), samples=64))
    empty.widget.session.outcome = None
    assert "no complete result yet" in empty.ask("file", what="page")["message"]
    assert "no complete result yet" in empty.ask("file", what="figure")["message"]
    assert empty.ask("file", what="json")["kind"] == "file"
    empty.widget.close()


def test_a_page_holds_all_traits_and_20_samples(view: Wire) -> None:
    page = export.page(view.widget)
    begin = page.index('id="traits">') + len('id="traits">')
    traits = json.loads(page[begin : page.index("</script>", begin)])
    assert {"_graph", "_task", "_state", "_result", "_examples", "_samples", "_history"} <= set(traits)
    assert "_esm" not in traits
    assert "_id" not in traits
    assert len(traits["_samples"]["samples"]) == 20
