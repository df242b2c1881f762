"""The widget without a browser: messages in, answers and traits out."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from ipywidgets.widgets.widget import _remove_buffers

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, ScrubError, ScrubWidget
from scrub_widgets.widget import wire
from tests.unit.models import gpt2

LONG = 60.0


@cache
def shared_task() -> sw.Task:
    m = gpt2()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), roles={"end": -1}, name="tiny")


class Wire:
    """What a view would see of a widget."""

    def __init__(self, widget: ScrubWidget) -> None:
        self.widget = widget
        self.sent: list[tuple[dict[str, Any], Any]] = []
        widget.send = lambda content, buffers=None: self.sent.append((content, buffers))

    def ask(self, kind: str, **fields: Any) -> dict[str, Any]:
        self.widget._answer({"kind": kind, "id": "7", **fields})
        answer: dict[str, Any] = next(content for content, _ in reversed(self.sent) if content.get("id") == "7")
        msgspec.convert(answer, type=wire.AnyAnswer)
        return answer

    def edit(self, op: str, **fields: Any) -> dict[str, Any]:
        return self.ask("edit", op={"op": op, **fields})


@pytest.fixture
def view() -> Iterator[Wire]:
    widget = ScrubWidget(shared_task(), samples=64)
    yield Wire(widget)
    widget.close()


def test_traits_have_the_shapes_of_the_wire(view: Wire) -> None:
    view.widget.wait(LONG)
    for name, shape in (
        ("_graph", wire.Graph),
        ("_task", wire.TaskInfo),
        ("_state", wire.State),
        ("_result", wire.ResultInfo),
        ("_examples", wire.Examples),
        ("_status", wire.StatusInfo),
        ("_confirm", wire.ConfirmInfo),
        ("_selection", wire.Selection),
    ):
        msgspec.convert(getattr(view.widget, name), type=shape)


def test_a_click_walks_the_same_road_as_a_script(view: Wire) -> None:
    answer = view.edit("claim", components=["a1.h0"], under="logits", rule="same input")
    assert answer == {"kind": "ack", "id": "7", "rev": 1, "claims": ["logits>a1.h0"]}
    view.edit("claim", components=["*"], under="logits>a1.h0.k", rule="token")
    h, head = Hypothesis().claim("a1.h0")
    h, _ = h.claim("*", under=f"{head}.k", rule="token")
    assert view.widget.hypothesis == h
    r = view.widget.wait(LONG)
    assert r is not None
    assert r.loss_recovered == shared_task().scrub(h, samples=64).loss_recovered
    assert view.widget._result["recovered"]["value"] == r.loss_recovered.value
    assert view.widget._state["last_edit"] == "claim * under logits>a1.h0.k"


def test_python_sets_what_the_view_shows(view: Wire) -> None:
    h, head = Hypothesis().claim("m1")
    view.widget.hypothesis = h
    assert [claim["id"] for claim in view.widget._state["claims"]] == [head]
    view.widget.selection = {"nodes": ["m1"], "claim": head, "under": head}
    assert view.widget._selection == {"nodes": ["m1"], "claim": head, "under": head}
    view.widget.undo()
    assert view.widget.selection == {"nodes": ["m1"], "claim": None, "under": "logits"}  # its claim is gone
    view.widget.redo()
    assert view.widget.hypothesis == h
    with pytest.raises(ScrubError, match="a selection has"):
        view.widget.selection = {"nodes": ["a7.h7"]}


def test_every_operation(view: Wire) -> None:
    view.edit("claim", components=["a1.h0"], under="logits", rule="same input")
    view.edit("claim", components=["a0.h0", "a0.h1"], under="logits>a1.h0.q", rule="token", paths="all", share="S")
    changed = view.edit("change", claim="logits>a1.h0", positions="end")
    assert changed["claims"] == ["logits>a1.h0@end"]
    assert view.edit("change", claim="logits>a1.h0@end", positions=None)["claims"] == ["logits>a1.h0"]
    view.edit("rule", claims=["logits>a1.h0", "logits>a1.h0.q>a0.h0+a0.h1"], rule="any input")
    assert {claim.rule for claim in view.widget.hypothesis} == {"any input"}
    view.edit("settings", seed=3, baseline="ablated")
    assert view.widget.session.settings.seed == 3
    view.edit("settings", baseline="shuffled")
    before = view.widget.hypothesis
    view.edit("remove", claims=["logits>a1.h0", "logits>a1.h0.q>a0.h0+a0.h1"])
    assert view.widget.hypothesis == Hypothesis()
    view.ask("undo")
    assert view.widget.hypothesis == before
    text = view.ask("export")["text"]
    view.edit("clear")
    assert view.widget.hypothesis == Hypothesis()
    view.edit("load", text=text)
    assert view.widget.hypothesis == before


def test_several_edits_are_one_step(view: Wire) -> None:
    claims = [{"op": "claim", "components": [name], "under": "logits", "rule": "token"} for name in ("a1.h0", "m1")]
    assert view.edit("batch", ops=claims)["claims"] == ["logits>a1.h0", "logits>m1"]
    view.ask("undo")
    assert view.widget.hypothesis == Hypothesis()
    assert not view.widget._state["can_undo"]


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ({"op": "claim", "components": ["a1.h9"], "under": "logits", "rule": "token"}, "no component 'a1.h9'"),
        ({"op": "claim", "components": ["m1"], "under": "logits>m0", "rule": "token"}, "no claim 'logits>m0'"),
        ({"op": "claim", "components": ["m1"], "under": "logits", "rule": "tokn"}, "no rule 'tokn'"),
        ({"op": "claim", "components": ["m1"], "under": "logits", "rule": "token", "paths": "x"}, "'direct' or 'all'"),
        ({"op": "settings", "samples": 0}, "samples="),
        ({"op": "settings", "unclaimed": "both"}, "unclaimed="),
        ({"op": "load", "text": "{"}, "not JSON"),
        ({"op": "dance"}, "does not know"),
    ],
)
def test_a_refused_edit_is_a_sentence_and_changes_nothing(view: Wire, op: dict[str, Any], words: str) -> None:
    before = (view.widget.session.rev, view.widget.hypothesis)
    answer = view.ask("edit", op=op)
    assert answer["kind"] == "rejected"
    assert words in answer["message"]
    assert view.widget.last_error is not None
    assert before == (view.widget.session.rev, view.widget.hypothesis)


def test_an_edge_against_the_stream_is_refused(view: Wire) -> None:
    view.edit("claim", components=["a1.h0"], under="logits", rule="same input")
    answer = view.edit("claim", components=["a1.h1"], under="logits>a1.h0.k", rule="token")
    assert "not upstream" in answer["message"]


def test_a_preview_shows_what_a_rule_swaps(view: Wire) -> None:
    shown = view.ask("preview", rule="token", example=2)["preview"]
    tokens, at = shared_task().tokens.numpy(), shown["at"]
    assert at == tokens.shape[1] - 1
    assert shown["k"] == len(np.unique(tokens[:, at]))
    assert all(tokens[e["index"], at] == tokens[2, at] for e in shown["same"])
    assert tokens[shown["other"]["index"], at] != tokens[2, at]
    everything = view.ask("preview", rule="any input")["preview"]
    assert (everything["k"], everything["bits"], everything["other"]) == (1, 0.0, None)
    identity = view.ask("preview", rule="same input")["preview"]
    assert (identity["k"], identity["self"], identity["singletons"], identity["same"]) == (12, 1.0, 1.0, [])
    assert identity["same_partition_as"] == []
    assert "no example 99" in view.ask("preview", rule="token", example=99)["message"]


def test_ports_name_their_senders_by_number(view: Wire) -> None:
    layout, graph = shared_task().graph.layout, view.widget._graph
    names = [component["id"] for component in graph["components"]]
    assert all(tuple(names[: port["upto"]]) == layout.senders(port["owner"]) for port in graph["ports"])


def test_losses_of_examples_travel_as_float32_buffers_before_the_result(view: Wire) -> None:
    order: list[tuple[str, int]] = []
    view.widget.observe(lambda change: order.append((change.name, change.new["rev"])), ["_examples", "_result"])
    view.edit("claim", components=["m1"], under="logits", rule="token")
    r = view.widget.wait(LONG)
    assert r is not None
    assert order[-2:] == [("_examples", 1), ("_result", 1)]
    state, paths, buffers = _remove_buffers(view.widget.get_state(["_examples"]))
    assert state == {"_examples": {"rev": 1, "n": 64}}
    assert paths == [["_examples", name] for name in ("model", "scrubbed", "baseline")]
    for values, buffer in zip((r.losses.model, r.losses.scrubbed, r.losses.baseline), buffers, strict=True):
        np.testing.assert_array_equal(np.frombuffer(buffer, "<f4"), values.astype("f4"))


def test_the_result_comes_again_when_it_is_checked(view: Wire) -> None:
    seen: list[tuple[int, bool]] = []
    view.widget.observe(lambda change: seen.append((change.new["rev"], change.new["checked"])), "_result")
    view.widget.wait(LONG, checked=True)
    seen.clear()
    view.edit("claim", components=["m1"], under="logits", rule="token")
    view.widget.wait(LONG, checked=True)
    assert seen == [(1, False), (1, True)]
    assert view.widget._result["null"]["value"] is not None
    assert view.widget._result["above_null"]["low"] < view.widget._result["above_null"]["high"]
    doubts = view.widget.session.outcome
    assert doubts is not None
    assert [w["name"] for w in view.widget._result["warnings"]] == [d.name for d in doubts.warnings]


def test_a_click_confirms_and_every_export_says_so(tmp_path: Path) -> None:
    m = gpt2()
    task = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), name="tiny", held_out=0.25)
    widget = ScrubWidget(task, Hypothesis().claim("a1.h0", rule="token")[0], samples=64)
    view = Wire(widget)
    widget.wait(LONG)
    assert not widget._confirm["problem"]
    assert view.ask("confirm")["kind"] == "ack"
    found = widget.confirm(LONG)
    (shown,) = widget._confirm["recorded"]
    assert widget._confirm["present"] == 0
    assert (shown["claims"], shown["tries"], shown["inputs"]) == (["logits>a1.h0"], 1, 3)
    assert shown["recovered"]["value"] == wire.finite(found.recovered.value)
    view.edit("clear")
    assert widget._confirm["present"] is None
    assert "claim a component" in widget._confirm["problem"]
    assert "claim a component" in view.ask("confirm")["message"]
    view.ask("undo")
    assert json.loads(view.ask("export")["text"])["confirmations"][0]["tries"] == 1
    assert widget.to_script().count("held-out") == 1
    text = widget.to_html(tmp_path / "page.html").read_text("utf-8")
    page = re.search(r'id="traits">(.*?)</script>', text)
    assert page is not None
    assert json.loads(page[1])["_confirm"]["recorded"] == [shown]
    widget.close()


def test_without_held_out_inputs_the_view_says_why(view: Wire) -> None:
    view.edit("claim", components=["m1"], under="logits", rule="token")
    assert not view.widget._confirm["held_out"]
    assert "held_out=0.25" in view.widget._confirm["problem"]
    assert "held_out=0.25" in view.ask("confirm")["message"]


def test_a_graph_of_functions_has_its_senders_written_out() -> None:
    task = sw.load_task("toy_sum")
    widget = ScrubWidget(task, task.hypotheses["intended"], samples=64)
    graph = widget._graph
    msgspec.convert(graph, type=wire.Graph)
    assert graph["title"] == "toy_sum · 3 inputs, 4 functions"
    senders = {port["id"]: port["senders"] for port in graph["ports"]}
    assert senders == {"A.in": None, "B.in": None, "C.in": None, "D.in": ["A", "B", "C"], "logits.in": ["D"]}
    assert {(c["id"], c["kind"], c["layer"], c["slot"]) for c in graph["components"]} >= {
        ("x1", "input", -1, 1),
        ("C", "function", 0, 2),
        ("D", "function", 1, 0),
    }
    widget.wait(LONG)
    assert widget._result["kl"] == {"value": None, "low": None, "high": None}
    shown = Wire(widget).ask("preview", rule="x0 > 3")["preview"]
    assert shown["reference"]["tokens"][0].startswith("x0=")
    widget.close()


def test_the_parts_of_a_rewrite_reach_the_view_with_how_exactly_they_agree() -> None:
    task = sw.load_task("induction").rewrite(sw.rewrites.attention("a0.h0", offset=-1))
    widget = ScrubWidget(task, Hypothesis().claim("a0.h0[rest]", rule="token")[0], samples=64)
    graph = msgspec.convert(widget._graph, type=wire.Graph)
    parts = [(c.id, c.part_of, c.part, c.slot) for c in graph.components if c.part_of]
    assert parts == [("a0.h0[prev]", "a0.h0", "prev", 0), ("a0.h0[rest]", "a0.h0", "rest", 0)]
    (rewritten,) = graph.rewrites
    assert rewritten.parts == ["a0.h0[prev]", "a0.h0[rest]"]
    assert 0 <= rewritten.error < 1e-4
    widget.wait(LONG)
    result = msgspec.convert(widget._result, type=wire.ResultInfo)
    assert str(result.provenance["rewrites"]).startswith("a0.h0 = a0.h0[prev] + a0.h0[rest]")
    widget.close()


def test_a_loss_has_a_unit(view: Wire) -> None:
    named = (sw.losses.next_token(), sw.losses.target("a"), sw.losses.kl(), sw.losses.logit_diff("a", "b"))
    assert [loss.unit for loss in named] == ["nats", "nats", "nats", "logits"]
    assert sw.losses.custom(lambda logits, _: logits.mean((1, 2))).unit == ""
    assert view.widget._task["unit"] == "nats"


@pytest.mark.parametrize(("unit", "label"), [("logits", "loss, logits"), ("", "loss")])
def test_the_figure_names_the_unit(view: Wire, unit: str, label: str) -> None:
    r = view.widget.wait(LONG)
    assert r is not None
    assert r.provenance["unit"] == "nats"
    figure = replace(r, provenance={**r.provenance, "unit": unit}).plot()
    (above,) = figure.axes[0].child_axes
    assert above.get_xlabel() == label


def test_a_rule_that_fails_stays_in_the_palette_with_its_reason() -> None:
    task = shared_task().with_rules(broken=lambda batch: 1 / 0)
    widget = ScrubWidget(task, samples=64)
    rule = next(r for r in widget._task["rules"] if r["name"] == "broken")
    assert rule["k"] is None
    assert "ZeroDivisionError" in rule["doc"]
    widget.close()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ScrubError, match=r"no argument 'smaples'.*Did you mean 'samples'"):
        ScrubWidget(shared_task(), smaples=3)
    with pytest.raises(ScrubError, match="takes a Task"):
        ScrubWidget("induction")  # type: ignore[arg-type]
    with pytest.raises(HypothesisError, match="no component"):
        ScrubWidget(shared_task(), Hypothesis().claim("a9.h9")[0])


def test_figures(view: Wire) -> None:
    view.widget.wait(LONG)
    assert view.widget.figure("recovered").axes
    with pytest.raises(ScrubError, match=r"no figure 'recoverd'.*Did you mean"):
        view.widget.figure("recoverd")


def test_the_script_makes_the_same_hypothesis(view: Wire) -> None:
    h, head = Hypothesis().claim(["a1.h0", "a1.h1"], positions="end", rule="token")
    h, _ = h.claim("*", under=f"{head}.v", share="S")
    h, _ = h.claim("m0", paths="all", positions=[1, 2])
    view.widget.hypothesis = h
    made = [line for line in view.widget.to_script().splitlines() if line.startswith("h")]
    space: dict[str, Any] = {"sw": sw}
    exec("\n".join(made), space)
    assert space["h"] == h


def test_a_script_prints_the_same_number(tmp_path: Path) -> None:
    task = sw.load_task("induction")
    widget = ScrubWidget(task, Hypothesis().claim("a1.h0", rule="token at -2")[0], samples=128)
    script = tmp_path / "script.py"
    script.write_text(widget.to_script(), encoding="utf-8")
    printed = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True).stdout
    r = widget.wait(LONG)
    assert r is not None
    assert printed.strip() == str(r.loss_recovered)
    widget.close()


def test_the_exported_page_stands_alone(view: Wire, tmp_path: Path) -> None:
    view.widget.wait(LONG)
    text = view.widget.to_html(tmp_path / "page.html").read_text("utf-8")
    assert not re.search(r"""(src|href)\s*=\s*["']?https?:""", text)
    found = re.search(r'id="traits">(.*?)</script>', text)
    assert found is not None
    traits = json.loads(found[1])
    assert traits["_static"] is True
    assert traits["_result"]["complete"] is True
    assert traits["_examples"]["rev"] == traits["_result"]["rev"]
    assert base64.b64decode(traits["_examples"]["model"]["$bytes"]) == view.widget._examples["model"]
    assert len(text) < 5e6


def test_closing_ends_the_engine_thread() -> None:
    widget = ScrubWidget(shared_task(), samples=64)
    thread = widget.session._thread
    widget.close()
    assert not thread.is_alive()
