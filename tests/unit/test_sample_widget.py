"""The Sample tab without a browser: what it asks for, and what it is answered, also while the engine computes."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubError, ScrubWidget
from scrub_widgets.widget import wire
from scrub_widgets.widget.sample import KEPT_BYTES, MOST_POSITIONS, MOST_UNCLAIMED, attention_of, sample_of, samples_of
from tests.unit.gate import LONG, Gate
from tests.unit.models import gpt2
from tests.unit.test_sample import scrubbed_of
from tests.unit.test_widget import Wire, shared_task

LEAF = "logits>a1.h0.q>embed"


def tree() -> Hypothesis:
    h, head = Hypothesis().claim("a1.h0", rule="token at -1")
    h, _ = h.claim("embed", under=f"{head}.q", rule="any input at each position")
    return h


@pytest.fixture
def view() -> Iterator[Wire]:
    widget = ScrubWidget(shared_task(), tree(), samples=64)
    widget.wait(LONG, checked=True)  # from now on the engine is free
    yield Wire(widget)
    widget.close()


def result_of(view: Wire) -> sw.Result:
    """The result that the widget has."""
    assert view.widget.result is not None
    return view.widget.result


def test_the_view_is_told_what_python_sees(view: Wire) -> None:
    sample = view.widget.sample(3)
    answer = view.ask("sample", example=3)
    shown = answer["sample"]
    assert answer["rev"] == view.widget._result["rev"]
    assert (shown["example"], shown["reference"], shown["n"]) == (3, sample.input, 64)
    assert shown["tokens"] == list(sample.tokens)
    losses = result_of(view).losses
    assert shown["losses"] == [losses.model[3], losses.scrubbed[3], losses.baseline[3]]
    for row, seen in zip(shown["rows"], sample.rows, strict=True):
        assert row["id"] == seen.id
        sources = [shown["sources"][i] for i in row["sources"]]
        assert [(s["tag"], s["input"]) for s in sources] == [(s.tag, s.input) for s in seen.sources]
        assert row["sizes"] == seen.sizes.tolist()
    leaf = next(row for row in shown["rows"] if row["id"] == LEAF)
    donors = [shown["sources"][i]["input"] for i in leaf["sources"]]
    texts = shared_task().texts
    assert leaf["tokens"] == [texts[donor][p] for p, donor in enumerate(donors)]
    assert donors == result_of(view).donors[LEAF][3].tolist()


def test_what_came_out_and_what_other_draws_change(view: Wire) -> None:
    sample = view.widget.sample(5)
    plain = view.ask("outputs", example=5)["outputs"]
    assert plain["redrawn"] is None
    assert plain["scrubbed"]["loss"] == sample.scrubbed.loss
    assert [g["text"] for g in plain["clean"]["top"]] == [g.text for g in sample.clean.top]
    shown = view.ask("sample", example=5, act="redraw", node=LEAF)["sample"]
    assert shown["again"] == {LEAF: 1}
    other = view.ask("outputs", example=5, again=shown["again"])["outputs"]
    assert other["scrubbed"] == plain["scrubbed"]
    assert other["redrawn"]["loss"] == sample.redraw(LEAF).scrubbed.loss != sample.scrubbed.loss
    assert view.widget._result["loss"]["scrubbed"]["value"] == result_of(view).scrubbed_loss.value
    locked = view.ask("sample", example=5, again=shown["again"], act="lock", node=LEAF)["sample"]
    assert locked["locked"] == sorted(["logits>a1.h0", LEAF])
    moved = view.ask("sample", example=5, again=shown["again"], locked=locked["locked"], act="redraw")["sample"]
    assert moved["again"] == {LEAF: 1, "logits/unclaimed": 1, "logits>a1.h0/unclaimed": 1}


def test_a_heads_attention(view: Wire) -> None:
    shown = view.ask("attention", example=2, head="a1.h0")["attention"]
    sample = view.widget.sample(2)
    assert shown["how"] == "recomputed"
    np.testing.assert_allclose(shown["scrubbed"], scrubbed_of(sample.attention("a1.h0")), atol=6e-4)
    redrawn = view.ask("attention", example=2, head="a1.h0", again={LEAF: 1})["attention"]
    np.testing.assert_allclose(redrawn["scrubbed"], scrubbed_of(sample.redraw(LEAF).attention("a1.h0")), atol=6e-4)


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        ("sample", {"example": 64}, "examples 0 to 63"),
        ("sample", {"example": 0, "again": {"x": 1}}, "no draw"),
        ("sample", {"example": 0, "act": "lock"}, "needs a claim"),
        ("sample", {"example": 0, "act": "redraw", "node": "m7"}, "nothing 'm7'"),
        ("sample", {"example": 0, "act": "dance"}, "does not know"),
        ("outputs", {"example": 0, "at": 99}, "no position 99"),
        ("attention", {"example": 0, "head": "m1"}, "no attention pattern"),
    ],
)
def test_a_bad_request_is_refused_with_a_sentence(view: Wire, kind: str, fields: dict[str, Any], words: str) -> None:
    answer = view.ask(kind, **fields)
    assert answer["kind"] == "rejected"
    assert words in answer["message"]


def test_while_a_chunk_is_computed_the_draws_are_shown_at_once_and_the_outputs_between_two_chunks() -> None:
    m, gate = gpt2(), Gate()
    widget = ScrubWidget(sw.Task(m.bridge, m.tokens, loss=gate), tree(), samples=600)
    try:
        widget.wait(LONG)
        view, told = Wire(widget), threading.Event()
        keep = widget.send

        def send(content: Any, buffers: Any = None) -> None:
            keep(content, buffers)
            if content.get("id") == "late":
                told.set()

        widget.send = send
        expected = widget.sample(3).scrubbed.loss
        gate.armed = True
        widget.session.set_settings(seed=1)
        assert gate.entered.wait(LONG)
        assert view.ask("sample", example=3)["kind"] == "sample"
        widget._answer({"kind": "outputs", "id": "late", "example": 3})
        assert not told.is_set()
        assert widget.session.status.phase == "running"
        gate.armed = False
        gate.open.set()
        assert told.wait(LONG)
        answer = next(content for content, _ in view.sent if content.get("id") == "late")
        assert answer["outputs"]["scrubbed"]["loss"] == expected
    finally:
        gate.open.set()
        widget.close()


def test_whoever_asks_goes_before_the_next_chunk() -> None:
    """The lock alone is not fair: a run could take it again before anyone who waits wakes up."""
    m, gate = gpt2(), Gate()
    task = sw.Task(m.bridge, m.tokens, loss=gate)
    task.scrub(tree(), samples=64, progress=False)
    order: list[str] = []
    stream = task.stream(tree(), sw.engine.settings.Settings(samples=600))
    next(stream)
    entered, leave = threading.Event(), threading.Event()

    def ask() -> None:
        with task.between_chunks():
            entered.set()
            assert leave.wait(LONG)
            order.append("asked")

    def run() -> None:
        next(stream)
        order.append("chunk")

    asking, running = threading.Thread(target=ask), threading.Thread(target=run)
    asking.start()
    assert entered.wait(LONG)
    running.start()
    leave.set()
    asking.join(LONG)
    running.join(LONG)
    assert order == ["asked", "chunk"]


def test_there_is_no_example_before_there_is_a_result() -> None:
    m, gate = gpt2(), Gate()
    task = sw.Task(m.bridge, m.tokens, loss=gate)
    task.prepare()
    gate.armed = True
    widget = ScrubWidget(task, tree(), samples=64)
    try:
        assert gate.entered.wait(LONG)
        with pytest.raises(ScrubError, match="no complete result yet"):
            widget.sample(0)
        assert "no complete result yet" in Wire(widget).ask("sample", example=0)["message"]
    finally:
        gate.open.set()
        widget.close()


def test_twenty_examples_are_kept_for_a_page_without_a_kernel() -> None:
    task = sw.load_task("induction")
    h, head = Hypothesis().claim("a1.h3")
    h, _ = h.claim("a0.h2", under=f"{head}.k", rule="previous token")
    h, _ = h.claim("embed", under=f"{head}.q", rule="token")
    result = task.scrub(h, samples=256, progress=False)
    kept = samples_of(result, rev=7)
    change = result.losses.scrubbed - result.losses.model
    numbers = [sample.example for sample in kept.samples]
    assert len(numbers) == 20
    assert {*range(18), int(change.argmax()), int(change.argmin())} >= set(numbers) >= {3, int(change.argmax())}
    assert len(msgspec.json.encode(kept)) <= KEPT_BYTES
    three = next(sample for sample in kept.samples if sample.example == 3)
    assert three.outputs is not None
    assert three.outputs.scrubbed.loss == result.losses.scrubbed[3]
    few = samples_of(result, rev=7, limit=20_000)
    assert 1 <= len(few.samples) < 20


def test_a_saved_page_keeps_examples(view: Wire, tmp_path: Path) -> None:
    text = view.widget.to_html(tmp_path / "page.html").read_text("utf-8")
    found = re.search(r'id="traits">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    kept = json.loads(found[1])["_samples"]
    assert kept == wire.plain(samples_of(result_of(view), view.widget.session.rev))
    assert 3 in [sample["example"] for sample in kept["samples"]]


def test_of_many_unclaimed_components_the_first_are_shown() -> None:
    task = shared_task()
    result = task.scrub(tree(), samples=8, unclaimed="per component", progress=False)
    sample = result.sample(0)
    shown = sample_of(sample)
    assert len(sample.rows) - len(shown.rows) == shown.hidden
    counts = [sum(row.parent == r and not row.rule for row in shown.rows) for r in ("logits", "logits>a1.h0")]
    assert max(counts) <= MOST_UNCLAIMED


def test_of_a_long_pattern_the_part_around_the_position_is_shown() -> None:
    long = np.arange(200.0 * 200).reshape(200, 200)
    for at, first in ((0, 0), (100, 53), (199, 104)):
        pattern = sw.sample.Attention("a0.h0", None, long, None, "run", "")
        shown = attention_of(pattern, at)
        assert (shown.first, len(shown.clean)) == (first, MOST_POSITIONS)
        assert shown.clean[0][0] == long[first, first]
        assert first <= at < first + MOST_POSITIONS


def test_the_shapes_are_those_of_the_wire(view: Wire) -> None:
    for kind, fields in (("sample", {}), ("outputs", {}), ("attention", {"head": "a1.h0"})):
        answer = view.ask(kind, example=0, **fields)
        assert msgspec.to_builtins(msgspec.convert(answer, type=wire.AnyAnswer)) == answer
