"""The fixtures that both sides read: every shape decodes strictly and encodes to the same JSON."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from scrub_widgets.errors import ScrubError
from scrub_widgets.widget import wire

HERE = Path(__file__).parent
FIXTURES = sorted(HERE.glob("*.json"))
TRAITS = {
    "graph": wire.Graph,
    "task": wire.TaskInfo,
    "state": wire.State,
    "selection": wire.Selection,
    "status": wire.StatusInfo,
    "confirm": wire.ConfirmInfo,
    "lesson": wire.LessonsInfo,
    "searches": list[wire.SearchInfo],
    "discovery": wire.DiscoveryInfo | None,
    "suggestion": wire.SuggestionInfo | None,
    "result": wire.ResultInfo | None,
    "examples": wire.Examples | None,
    "charts": wire.Charts | None,
    "history": wire.HistoryInfo,
    "compare": wire.CompareInfo | None,
    "samples": wire.Samples | None,
}


def shape_of(name: str) -> object:
    side, what, *_ = name.split(".")
    if side == "trait":
        return TRAITS[what]
    return wire.AnyMessage if side == "view" else wire.AnyAnswer


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_fixture_is_read_and_written_unchanged(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    value = msgspec.convert(content, type=shape_of(path.stem))
    written = msgspec.to_builtins(value)
    if path.stem.startswith("view."):  # optional fields of an operation may be left out by the view
        again = msgspec.convert(written, type=wire.AnyMessage)
        assert again == value
    else:
        assert written == content


def test_there_is_a_fixture_for_every_message_and_trait() -> None:
    seen = {tuple(path.stem.split(".")[:2]) for path in FIXTURES}
    assert {what for side, what in seen if side == "trait"} == set(TRAITS)
    for side, union in (("view", wire.AnyMessage), ("kernel", wire.AnyAnswer)):
        kinds = {shape.__struct_config__.tag for shape in union.__args__}
        stems = {path.stem for path in FIXTURES if path.stem.startswith(f"{side}.")}
        found = {json.loads((HERE / f"{stem}.json").read_text("utf-8"))["kind"] for stem in stems}
        assert found == kinds


def test_every_operation_has_a_fixture() -> None:
    edits = [json.loads(p.read_text("utf-8"))["op"]["op"] for p in FIXTURES if p.stem.startswith("view.edit.")]
    assert set(edits) == {shape.__struct_config__.tag for shape in wire.AnyOperation.__args__}


@pytest.mark.parametrize(
    "content",
    [None, {}, {"kind": "edit"}, {"kind": "shout", "id": "1"}, {"kind": "ping", "id": "1", "more": 2}],
)
def test_an_unknown_message_is_refused_with_a_sentence(content: object) -> None:
    with pytest.raises(ScrubError, match="does not know"):
        wire.read_message(content)
