"""What the charts draw: losses by position, the waterfall, classes, against what a script computes by hand."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from matplotlib.text import Text

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, ScrubError, Session, plots
from scrub_widgets.engine import stretches as cutting
from scrub_widgets.marks import NAMED
from scrub_widgets.measure import estimates, positions
from scrub_widgets.measure.waterfall import steps
from scrub_widgets.widget import charts, wire
from tests.unit.gate import LONG, Gate
from tests.unit.models import gpt2

SAMPLES = 96


@cache
def task() -> sw.Task:
    m = gpt2()
    columns = {"template": ["a", "b", "c"] * (len(m.tokens) // 3)}
    return sw.Task(
        m.bridge,
        m.tokens,
        loss=sw.losses.kl([0, 1, 2, 3, 4]),
        columns=columns,
        roles={"ends": [0, 4], "last": [5]},
        name="tiny",
    )


def tree() -> Hypothesis:
    h, head = Hypothesis().claim("a1.h0")
    h, _ = h.claim("a0.h1", under=f"{head}.k", rule="token at 1")
    return h.claim("m0", rule="template")[0]


@cache
def result() -> sw.Result:
    return task().scrub(tree(), samples=SAMPLES)


@pytest.fixture
def session() -> Iterator[Session]:
    s = Session(task(), samples=SAMPLES)
    s.wait(LONG)
    yield s
    s.close()


# -- by position ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("baseline", ["shuffled", "ablated"])
@pytest.mark.parametrize(
    "loss", [sw.losses.next_token(), sw.losses.next_token([0, 2, 3]), sw.losses.kl()], ids=lambda loss: loss.name
)
def test_what_the_positions_add_is_the_loss(loss: sw.losses.Loss, baseline: str) -> None:
    m = gpt2()
    r = sw.Task(m.bridge, m.tokens, loss=loss).scrub(tree().remove("logits>m0"), samples=SAMPLES, baseline=baseline)
    for whole, parts in (
        (r.losses.model, r.losses.model_at),
        (r.losses.scrubbed, r.losses.scrubbed_at),
        (r.losses.baseline, r.losses.baseline_at),
    ):
        assert parts.shape == (SAMPLES, len(r.stretches))
        np.testing.assert_allclose(parts.sum(1), whole, rtol=1e-5, atol=1e-6)


def test_a_position_has_the_loss_that_is_read_there_alone() -> None:
    m, r = gpt2(), result()
    alone = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl([3]), columns=task().columns, name="tiny")
    at_three = alone.scrub(tree(), samples=SAMPLES)
    place = next(p for p in r.positions if p.positions == (3,))
    assert place.scrubbed.value == pytest.approx(at_three.scrubbed_loss.value, rel=1e-4)
    assert place.recovered.value == pytest.approx(at_three.loss_recovered.value, abs=1e-3)
    assert place.change.value == pytest.approx(place.scrubbed.value - place.model.value, abs=1e-5)
    model, scrubbed, baseline = positions.at_position(r, 3)
    np.testing.assert_allclose(model, at_three.losses.model, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scrubbed, at_three.losses.scrubbed, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(baseline, at_three.losses.baseline, rtol=1e-4, atol=1e-5)


def test_the_mean_over_positions_is_the_mean_loss() -> None:
    r = result()
    assert np.mean([p.scrubbed.value for p in r.positions]) == pytest.approx(r.scrubbed_loss.value, rel=1e-5)


def test_a_role_is_the_mean_of_its_read_positions() -> None:
    r = result()  # the last position is not read, so the role "last" has no loss
    (ends,) = r.roles
    by_hand = np.mean([p.scrubbed.value for p in r.positions if p.positions[0] in (0, 4)])
    assert (ends.name, ends.positions) == ("ends", (0, 4))
    assert ends.scrubbed.value == pytest.approx(by_hand, rel=1e-5)


def test_too_many_positions_stand_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cutting, "MOST", 2)
    r = task().scrub(tree(), samples=SAMPLES)
    assert [p.name for p in r.positions] == ["0 to 2", "3 to 4"]
    assert r.roles == ()
    np.testing.assert_allclose(r.losses.scrubbed_at.sum(1), r.losses.scrubbed, rtol=1e-5, atol=1e-6)
    weighted = (3 * r.positions[0].scrubbed.value + 2 * r.positions[1].scrubbed.value) / 5
    assert weighted == pytest.approx(r.scrubbed_loss.value, rel=1e-5)


def test_what_is_kept_is_bounded() -> None:
    loss = sw.losses.kl()
    for samples, reads in ((64, 10), (4096, 1000), (100_000, 500), (1_000_000, 10)):
        kept = len(cutting.stretches(loss, list(range(reads)), samples)) * samples
        assert kept <= cutting.ENTRIES


@pytest.mark.parametrize(
    ("loss", "reason"),
    [
        (sw.losses.next_token([-1]), "reads one position only, 4"),
        (lambda logits, batch: logits[:, 0, 0], "does not say what each position adds"),
    ],
    ids=["one position", "own loss"],
)
def test_without_positions_it_says_why(loss: Any, reason: str) -> None:
    m = gpt2()
    r = sw.Task(m.bridge, m.tokens, loss=loss).scrub(Hypothesis(), samples=16)
    assert (r.positions, r.roles) == ((), ())
    assert r.losses.scrubbed_at.shape == (16, 0)
    assert reason in positions.why_none(r)
    with pytest.raises(ScrubError, match="no losses of single positions"):
        positions.at_position(r, 0)


def test_a_position_that_is_not_read_is_refused() -> None:
    with pytest.raises(ScrubError, match="reads positions 0 to 4; 5 is not among them"):
        positions.at_position(result(), 5)


# -- the waterfall ----------------------------------------------------------------------------------------------------


def test_a_waterfall_is_explicit_scrubs() -> None:
    r, h = result(), tree()
    found = r.waterfall()
    ids = [c.id for c in h]
    assert [s.claim for s in found.steps] == ids
    gap = r.losses.baseline - r.losses.model
    scrubbed = {x: task().scrub(x, samples=SAMPLES).losses.scrubbed for x in (Hypothesis(), h, *map(h.remove, ids))}
    before = Hypothesis()
    for step in found.steps:
        after = Hypothesis(tuple(c for c in h if c in before.claims or c.id == step.claim))
        own = task().scrub(after, samples=SAMPLES)
        was = task().scrub(before, samples=SAMPLES)
        assert step.level.value == pytest.approx(own.loss_recovered.value, abs=1e-5)
        change = estimates.ratio(was.losses.scrubbed - own.losses.scrubbed, gap)
        last = estimates.ratio(scrubbed[h.remove(step.claim)] - scrubbed[h], gap)
        for got, wanted in ((step.change, change), (step.last, last)):
            assert (got.value, got.low, got.high) == pytest.approx((wanted.value, wanted.low, wanted.high), abs=1e-5)
        before = after
    assert found.start.value == pytest.approx(0.0, abs=1e-6)
    assert found.end == r.loss_recovered
    assert found.start.value + sum(s.change.value for s in found.steps) == pytest.approx(found.end.value, abs=1e-5)
    # What was added last is at its own place either way.
    assert found.steps[-1].change.value == pytest.approx(found.steps[-1].last.value, abs=1e-5)


def test_the_order_of_a_waterfall_can_be_chosen() -> None:
    r, ids = result(), [c.id for c in tree()]
    turned = [ids[2], ids[0], ids[1]]
    found = r.waterfall(turned)
    assert [s.claim for s in found.steps] == turned
    alone = task().scrub(Hypothesis().claim("m0", rule="template")[0], samples=SAMPLES)
    assert found.steps[0].level.value == pytest.approx(alone.loss_recovered.value, abs=1e-5)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["logits>a1.h0"], "takes each claim of the hypothesis once"),
        (["logits>a1.h0.k>a0.h1", "logits>a1.h0", "logits>m0"], "before 'logits>a1.h0', under which it stands"),
    ],
)
def test_an_impossible_order_is_refused(order: list[str], message: str) -> None:
    with pytest.raises(HypothesisError, match=message):
        result().waterfall(order)


def test_nothing_claimed_has_no_waterfall(session: Session) -> None:
    with pytest.raises(HypothesisError, match="only the output"):
        task().scrub(Hypothesis(), samples=16).waterfall()
    with pytest.raises(ScrubError, match="claim a component first"):
        session.waterfall(LONG)


def test_without_a_resolved_gap_there_is_none() -> None:
    m = gpt2()
    t = sw.Task(m.bridge, m.tokens, loss=sw.losses.next_token())  # random weights predict nothing
    with pytest.raises(ScrubError, match="nothing to divide up: the loss recovered is not resolved"):
        t.scrub(tree().remove("logits>m0"), samples=SAMPLES).waterfall()


def test_no_partial_hypothesis_is_scrubbed_twice() -> None:
    h = tree()
    count = next(total for _, total, _ in steps(result()))
    assert count == 2 * len(h) - 1  # the last that is added is the first that is removed


def test_a_session_measures_it_in_the_order_of_its_edits(session: Session) -> None:
    last, first = Hypothesis().claim("m0", rule="template")[0], tree()
    session.set_hypothesis(last)
    session.set_hypothesis(first)
    told: list[str] = []
    session.subscribe(lambda _, what: told.append(what))
    found = session.waterfall(LONG)
    ids = [c.id for c in first]
    assert [s.claim for s in found.steps] == [ids[2], ids[0], ids[1]]
    assert "charts" in told
    assert session.waterfall(0) is found  # remembered with the result
    session.undo()
    session.redo()
    assert session.waterfall(0) is found


def test_a_waterfall_survives_the_checks(session: Session) -> None:
    session.set_hypothesis(tree())
    found = session.waterfall(LONG)
    session.wait(LONG, checked=True)
    assert session.outcome is not None
    assert session.outcome.checked
    assert session.outcome.waterfall is found


@pytest.fixture
def gated() -> Iterator[tuple[Session, Gate]]:
    m, gate = gpt2(), Gate()
    kl = sw.losses.kl([-1])

    def waiting(logits: Any, batch: sw.rules.Batch, clean: Any) -> Any:
        gate(logits, batch)
        return kl.function(logits, batch, clean)

    loss = replace(kl, function=waiting, terms=None)
    s = Session(sw.Task(m.bridge, m.tokens, loss=loss), tree().remove("logits>m0"), samples=64)
    s.wait(LONG, checked=True)
    gate.armed = True
    yield s, gate
    gate.open.set()
    s.close()


def test_it_can_be_cancelled(gated: tuple[Session, Gate]) -> None:
    s, gate = gated
    before = s.result
    assert s.ask_waterfall() is None
    assert s.ask_waterfall() is None  # asking twice is asking once
    assert gate.entered.wait(LONG)
    assert s.status.message == "measuring the waterfall"
    s.cancel()
    gate.open.set()
    assert s.wait(LONG) is before
    assert s.status.phase == "cancelled"
    assert s.outcome is not None
    assert s.outcome.waterfall is None
    assert [x.claim for x in s.waterfall(LONG).steps] == ["logits>a1.h0", "logits>a1.h0.k>a0.h1"]


def test_an_edit_ends_it(gated: tuple[Session, Gate]) -> None:
    s, gate = gated
    s.ask_waterfall()
    assert gate.entered.wait(LONG)
    s.set_hypothesis(Hypothesis().claim("a1.h1")[0])
    with pytest.raises(ScrubError, match="wait for the present hypothesis"):
        s.ask_waterfall()
    gate.open.set()
    s.wait(LONG)
    assert s.outcome is not None
    assert (s.outcome.rev, s.outcome.waterfall) == (s.rev, None)


# -- on the wire ------------------------------------------------------------------------------------------------------


def test_the_charts_of_a_result(session: Session) -> None:
    session.set_hypothesis(tree())
    session.wait(LONG)
    assert session.outcome is not None
    sent = charts.charts_of(session.outcome)
    r = session.outcome.result
    template = next(c for c in sent.classes if c.rule == "template")
    named = [template.names[int(code)] for code in template.codes]
    assert named == [task().columns["template"][i] for i in r.references]
    assert not {"same input", "any input"} & {c.rule for c in sent.classes}
    token = next(c for c in sent.classes if c.rule == "token")
    assert token.at == 4
    assert len(token.names) <= NAMED
    assert [p.positions for p in sent.positions] == [[0], [1], [2], [3], [4]]
    assert sent.no_positions == ""
    assert sent.waterfall is None
    fallen = charts.charts_of(replace(session.outcome, waterfall=r.waterfall()))
    assert fallen.waterfall is not None
    assert [s.claim for s in fallen.waterfall.steps] == [c.id for c in tree()]


def test_many_classes_are_the_largest_and_the_rest() -> None:
    r = result()
    found = charts._classes(r, "token", r.references)
    assert found is not None
    codes = np.array([int(c) for c in found.codes])
    sizes = np.bincount(codes, minlength=len(found.names) + 1)
    assert found.rest == len(np.unique(task().tokens[r.references, 4])) - len(found.names)
    assert (np.diff(sizes[: len(found.names)]) <= 0).all()
    assert (codes == len(found.names)).any() == (found.rest > 0)


def test_a_slice_is_the_losses_at_one_position(session: Session) -> None:
    widget = cast("Any", SimpleNamespace(session=session))
    answer = charts.sliced(widget, wire.AskSlice(id="1", position=2))
    assert isinstance(answer, wire.Sliced)
    assert session.result is not None
    _, scrubbed, _ = positions.at_position(session.result, 2)
    got = np.frombuffer(base64.b64decode(answer.scrubbed), "<f4")
    np.testing.assert_allclose(got, scrubbed, rtol=1e-6)
    assert (answer.n, answer.rev) == (SAMPLES, session.rev)
    with pytest.raises(ScrubError, match="is not among them"):
        charts.sliced(widget, wire.AskSlice(id="2", position=5))


# -- figures ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def measured() -> Iterator[Session]:
    s = Session(task(), samples=SAMPLES)
    s.wait(LONG)
    s.set_hypothesis(Hypothesis().claim("m0", rule="template")[0])
    s.wait(LONG)
    s.set_hypothesis(tree())
    s.wait(LONG, checked=True)
    yield s
    s.close()


def words(figure: Any) -> str:
    return " ".join(text.get_text() for text in figure.findobj(match=Text) if text.get_text())


@pytest.mark.parametrize("name", plots.FIGURES)
def test_every_figure_says_of_what_it_is(measured: Session, name: str) -> None:
    figure = plots.figure(measured, name)
    drawn = io.BytesIO()
    figure.savefig(drawn, format="png")
    assert drawn.tell() > 5000
    said = words(figure)
    assert "n = 96" in said
    assert "seed 0" in said


def test_the_numbers_of_the_figures(measured: Session) -> None:
    r = measured.result
    assert r is not None
    assert str(r.loss_recovered) in words(plots.figure(measured, "recovered"))
    (cloud,) = plots.figure(measured, "examples").axes[0].collections
    np.testing.assert_allclose(np.asarray(cloud.get_offsets(), dtype=float), np.c_[r.losses.model, r.losses.scrubbed])
    drawn = [np.asarray(line.get_ydata()) for line in plots.figure(measured, "positions").axes[0].lines]
    for name, values in zip(("baseline", "scrubbed", "model"), drawn, strict=True):
        np.testing.assert_allclose(values, [getattr(place, name).value for place in r.positions])
    fallen = plots.figure(measured, "waterfall").axes[0]
    assert [t.get_text() for t in fallen.get_yticklabels()] == [
        *("nothing claimed", "m0", "a1.h0", "a1.h0.k ▸ a0.h1", "the hypothesis")
    ]
    bars: list[Any] = list(fallen.patches)
    ends = [bar.get_x() + bar.get_width() for bar in bars]
    assert ends[-1] == pytest.approx(100 * r.loss_recovered.value)
    assert ends[-2] == pytest.approx(100 * r.loss_recovered.value, abs=1e-3)


def test_classes_are_marked_in_the_examples(measured: Session) -> None:
    figure = plots.figure(measured, "examples", "template")
    (legend,) = figure.legends
    assert [t.get_text().split(" ")[0] for t in legend.get_texts()] == sorted(
        "abc",
        key=lambda c: -sum(task().columns["template"][i] == c for i in measured.result.references),  # type: ignore[union-attr]
    )
    assert len(figure.axes[0].collections) == 3


@pytest.mark.parametrize(
    ("name", "rule", "message"),
    [
        ("recoverd", None, r"no figure 'recoverd'; there is .*'history'. Did you mean 'recovered'"),
        ("trail", "template", "'trail' has none to mark"),
        ("examples", "templat", "templat"),
    ],
)
def test_a_figure_that_cannot_be_is_refused(measured: Session, name: str, rule: str | None, message: str) -> None:
    with pytest.raises(ScrubError, match=message):
        plots.figure(measured, name, rule)


def test_a_figure_without_what_it_shows_says_so() -> None:
    m = gpt2()
    with closing(Session(sw.Task(m.bridge, m.tokens, loss=sw.losses.kl([-1])), samples=16)) as s:
        s.wait(LONG)
        with pytest.raises(ScrubError, match=r"no figure of positions: .*reads one position only"):
            plots.figure(s, "positions")
        with pytest.raises(ScrubError, match="claim a component first"):
            plots.figure(s, "waterfall")
