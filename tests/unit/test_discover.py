"""Discovery: a circuit found by scrubbing alone, on graphs of functions whose circuit is known."""

# ruff: noqa: N803 - functions have capital letters here

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache, partial
from itertools import islice
from typing import Any

import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubError
from scrub_widgets.errors import Cancelled
from scrub_widgets.explore import Discovery, discover, discover_steps
from scrub_widgets.explore.fewest import TooMany, fewest
from scrub_widgets.explore.meter import Meter
from scrub_widgets.explore.prune import prune
from scrub_widgets.explore.state import State
from scrub_widgets.interrupt import interruptible
from tests.benchmarks.truth.case import grid
from tests.benchmarks.truth.circuits import CIRCUITS, DEFAULTS, edges_of, score
from tests.benchmarks.truth.induction import hand_built
from tests.benchmarks.truth.nothing import SIGNAL, random_transformer, searched, signal_and_noise


def graph(functions: dict[str, Any], y: Any, *sizes: int, held_out: float | None = None) -> sw.Task:
    """A graph of functions that is to compute y, over every combination of its inputs."""
    data = grid(*sizes)
    return sw.Task(
        sw.FunctionGraph(functions),
        data,
        loss=sw.losses.squared_error("y"),
        columns={"y": np.asarray(y(**data), dtype=np.float64)},
        held_out=held_out,
    )


@cache
def pair() -> sw.Task:
    """A and B say what matters, each from one input; N adds a hundredth of a third one, idle is not read at all."""
    return graph(
        {
            "A": lambda x0, x2: (x0 > 2) + 0.0 * x2,
            "B": lambda x1, x2: 2.0 * (x1 > 2) + 0.0 * x2,
            "N": lambda x2: 0.01 * x2,
            "idle": lambda x2: x2 + 0.0,
            "out": lambda A, B, N, idle: A + B + N + 0.0 * idle,
        },
        lambda x0, x1, x2: (x0 > 2) + 2.0 * (x1 > 2) + 0.01 * x2,
        6,
        6,
        4,
        held_out=0.25,
    )


@cache
def backup() -> sw.Task:
    """The majority of three parts that say the same: two are enough, so to free one of them costs nothing."""
    return graph(
        {
            "A": lambda x0: x0 > 2,
            "B": lambda x0: x0 > 2,
            "C": lambda x0: x0 > 2,
            "N": lambda x1: 0.0 * x1,
            "out": lambda A, B, C, N: (A + B + C >= 2) + N,
        },
        lambda x0, x1: x0 > 2,
        6,
        4,
    )


def ids(d: Discovery) -> set[str]:
    return {c.id.removeprefix("logits>") for c in d.hypothesis}


def found(task: sw.Task, *args: Any, **kwargs: Any) -> Discovery:
    return discover(task, *args, **{"samples": 512, "progress": False, **kwargs})


# -- what is found ----------------------------------------------------------------------------------------------------


def test_a_known_circuit_is_found() -> None:
    d = found(pair())
    assert ids(d) == {"out", "out>A", "out>A>x0", "out>B", "out>B>x1"}
    assert [step.kind for step in d.steps] == ["sweep", "sweep", "sweep", "sweep", "prune"]
    assert d.steps[1].refused == ("idle", "N")
    assert d.recovered is not None
    assert d.recovered.value == pytest.approx(1, abs=0.01)
    assert d.complete
    assert d.stopped == "nothing is left to look at"
    assert d.scrubs == d.done == d.total
    assert d.steps[2].under == "logits>out>B", "the part that costs more is looked into first"


def test_it_is_confirmed_once_on_the_held_out_part() -> None:
    d = found(pair(), seed=3)
    own = pair().held_out
    assert own is not None
    assert d.confirmed is not None
    assert d.confirmed == own.scrub(d.hypothesis, 512, seed=3, progress=False).loss_recovered
    assert f"after {d.tries} tries" in d.message
    without = found(pair(), confirm=False)
    assert without.confirmed is None
    assert "not asked for" in without.message
    assert "no held-out data" in found(backup()).message


def test_the_effects_of_a_step_are_those_of_the_sweep() -> None:
    d = found(pair())
    sweep = sw.importance(pair(), Hypothesis().claim("out")[0].claim("*", "logits>out")[0], "logits>out", samples=512)
    assert {a.name: a.effect for a in d.steps[1].effects} == {row.component: row.effect for row in sweep.rows}


def test_redundancy_is_found_by_halves() -> None:
    d = found(backup())
    assert ids(d) == {"out", "out>A", "out>A>x0", "out>B", "out>B>x0"}, "one of the three is not needed"
    assert [s.kind for s in d.steps][:3] == ["sweep", "sweep", "complete"]
    assert "no sender matters by itself" in d.steps[1].message
    assert "others can stand in for each of them" in d.steps[2].message
    assert d.recovered is not None
    assert d.recovered.value == pytest.approx(1)


def test_a_port_that_does_not_matter_is_left_free() -> None:
    task = graph(
        {"A": lambda x0: x0 > 2, "B": lambda x1: 1.0 + 0.0 * x1, "out": lambda A, B: A + B},
        lambda x0, x1: 1.0 + (x0 > 2),
        6,
        6,
    )
    start = Hypothesis().claim("out")[0].claim("B", "logits>out")[0]
    d = found(task, start, "logits>out>B")
    assert d.steps[0].kind == "port"
    assert "left free" in d.steps[0].message
    assert d.scrubs < 4


def test_claims_that_are_there_are_taken_as_given() -> None:
    start = Hypothesis().claim("out")[0].claim("A", "logits>out")[0]
    d = found(pair(), start)
    assert ids(d) == {"out", "out>A", "out>A>x0"}
    assert [s.kind for s in d.steps][:2] == ["given", "given"]


def test_an_idle_claim_is_pruned() -> None:
    """And what stands under it, the deepest first; what is needed stays."""
    h = Hypothesis().claim("out")[0].claim("A", "logits>out")[0].claim("B", "logits>out")[0]
    h = h.claim("idle", "logits>out")[0].claim("x2", "logits>out>idle")[0]
    options = next(discover_steps(pair(), samples=512)).options
    state = State(pair().graph.layout, options, h)
    meter = Meter(pair(), options.settings, (), None)
    script = prune(state)
    try:
        ask = next(script)
        while True:
            ask = script.send((meter.change(ask),))  # type: ignore[arg-type]
    except StopIteration:
        pass
    assert {c.id for c in state.h} == {"logits>out", "logits>out>A", "logits>out>B"}
    assert set(state.steps[-1].refused) == {"logits>out>idle>x2", "logits>out>idle"}


# -- limits -----------------------------------------------------------------------------------------------------------


def test_depth_and_number_of_claims_are_limits() -> None:
    shallow = found(pair(), depth=2)
    assert ids(shallow) == {"out", "out>A", "out>B"}
    assert any("deeper than 2" in words for words in shallow.left)
    few = found(pair(), max_claims=2)
    assert ids(few) == {"out", "out>B"}
    assert "2 claims" in few.stopped
    assert "2 claims are made" in few.steps[1].skipped["A"]


@pytest.mark.parametrize("budget", [1, 3, 6, 12, 20])
def test_a_budget_is_kept(budget: int) -> None:
    d = found(pair(), budget=budget)
    assert d.scrubs <= budget
    assert d.complete
    assert d.left or budget >= 20


def test_when_nothing_can_be_told_nothing_is_found() -> None:
    task = graph({"A": lambda x0: 1.0 + 0.0 * x0, "out": lambda A: A + 0.0}, lambda x0: 1.0 + 0.0 * x0, 6)
    d = found(task)
    assert not len(d.hypothesis)
    assert "not resolved" in d.stopped
    assert d.message == "nothing was found"


# -- watched, cancelled, resumed --------------------------------------------------------------------------------------


def told(d: Discovery) -> str:
    """All of a discovery but the time it took."""
    body = json.loads(d.to_json())
    return json.dumps({k: v for k, v in body.items() if k not in ("seconds", "plain_seconds")}, sort_keys=True)


@pytest.mark.parametrize("make", [pair, backup])
def test_resumed_from_json_at_any_step_it_ends_the_same(make: Any) -> None:
    seen = list(discover_steps(make(), samples=256))
    end = told(seen[-1])
    assert seen[0].scrubs == 0
    assert not seen[0].complete
    assert [d.scrubs for d in seen] == sorted(d.scrubs for d in seen)
    for d in seen:
        again = Discovery.from_json(make(), d.to_json())
        assert told(again) == told(d)
        *_, last = again.more()
        assert told(last) == end


def test_what_is_resumed_is_not_measured_again() -> None:
    seen = list(discover_steps(pair(), samples=256))
    *_, last = discover_steps(pair(), samples=256, resume=seen[len(seen) // 2])
    assert told(last) == told(seen[-1])
    done = list(seen[-1].more())
    assert len(done) == 1, "what is done stays done"


def test_the_same_seed_gives_the_same() -> None:
    assert told(found(pair(), seed=5)) == told(found(pair(), seed=5))


def test_cancelled_it_keeps_what_is_done() -> None:
    task = pair()

    def until(limit: int) -> Iterator[Discovery]:
        yield from islice(discover_steps(task, samples=256), limit)

    *_, last = until(9)
    assert last.scrubs
    assert not last.complete
    assert last.hypothesis == Hypothesis().claim("out")[0]

    def stop() -> None:
        if last.scrubs > 3:
            raise Cancelled("stop")

    try:
        with interruptible(stop):
            for seen in discover_steps(task, samples=256):
                last = seen
    except Cancelled:
        pass
    assert last.scrubs > 3
    assert not last.complete
    *_, end = last.more()
    assert told(end) == told(found(task, samples=256))


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"threshold": 0.0}, "threshold= takes a number between 0 and 1"),
        ({"threshold": 2}, "not 2"),
        ({"q": 1.0}, "q= takes a number between 0 and 1"),
        ({"max_claims": 0}, "max_claims= takes a whole number from 1 up"),
        ({"depth": True}, "depth= takes a whole number"),
        ({"budget": 0}, "or None for no limit"),
        ({"prescreen": -1}, "prescreen= takes a whole number"),
        ({"rule": "no such rule"}, "no such rule"),
        ({"under": "logits>A"}, "no claim 'logits>A'"),
        ({"samples": 1}, "samples="),
        ({"baseline": "ablated"}, "name some"),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ScrubError, match=words.replace("(", r"\(")):
        discover_steps(pair(), **wrong)


def test_what_cannot_be_resumed_is_refused() -> None:
    first = next(discover_steps(pair(), samples=256))
    with pytest.raises(ScrubError, match="other parameters"):
        discover_steps(pair(), samples=128, resume=first)
    with pytest.raises(ScrubError, match="another task"):
        discover_steps(backup(), samples=256, resume=first)
    with pytest.raises(ScrubError, match="other inputs"):
        Discovery.from_json(backup(), first.to_json())
    with pytest.raises(ScrubError, match="not the JSON"):
        Discovery.from_json(pair(), "{")
    with pytest.raises(ScrubError, match="something else"):
        Discovery.from_json(pair(), "[]")
    body = json.loads(first.to_json())
    with pytest.raises(ScrubError, match="schema version 9"):
        Discovery.from_json(pair(), json.dumps({**body, "schema": 9}))
    with pytest.raises(ScrubError, match="not well formed"):
        Discovery.from_json(pair(), json.dumps({**body, "phase": "asleep"}))


# -- halving ----------------------------------------------------------------------------------------------------------


def asked(names: str, needed: Any, room: int = 99) -> tuple[tuple[str, ...], int]:
    script, questions = fewest(tuple(names), room, known=True), 0
    try:
        names_ = next(script)
        while True:
            questions += 1
            names_ = script.send(needed(set(names_)))
    except StopIteration as end:
        return end.value, questions


def test_halving_finds_a_smallest_set() -> None:
    assert asked("abcdefgh", lambda s: {"c", "g"} <= s)[0] == ("c", "g")
    assert asked("abcd", lambda s: "b" in s)[0] == ("b",)
    either = asked("abcdefgh", lambda s: {"a", "b"} <= s or {"g", "h"} <= s)[0]
    assert either == ("a", "b"), "the first ones are preferred"
    names = [chr(200 + i) for i in range(128)]
    kept, questions = asked("".join(names), lambda s: names[100] in s)
    assert kept == (names[100],)
    assert questions <= 16
    with pytest.raises(TooMany):
        asked("abcdefgh", lambda s: {"a", "d", "h"} <= s, room=2)


# -- the rest ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def textbook() -> sw.Task:
    """A hand-built induction head."""
    return hand_built().task


TEXTBOOK = {"a1.h0", "a1.h0.q>embed", "a1.h0.k>a0.h0", "a1.h0.v>embed", "a1.h0.k>a0.h0.v>embed"}


def test_claims_get_the_coarsest_rule_that_costs_nothing(textbook: sw.Task) -> None:
    d = found(textbook, rule="coarsest", max_claims=5, samples=256)
    assert ids(d) == TEXTBOOK
    rules = {c.id.removeprefix("logits>"): c.rule for c in d.hypothesis}
    assert rules["a1.h0.q>embed"] == rules["a1.h0.v>embed"] == "token"
    assert rules["a1.h0.k>a0.h0"] == "previous token"
    assert d.steps[-1].kind == "rules"
    assert d.recovered is not None
    assert d.recovered.value > 0.97


def test_one_rule_is_given_where_it_costs_nothing(textbook: sw.Task) -> None:
    d = found(textbook, rule="previous token", max_claims=5, samples=256)
    assert {c.id.removeprefix("logits>") for c in d.hypothesis if c.rule == "previous token"} == {"a1.h0.k>a0.h0"}


def test_a_prescreen_measures_fewer_and_says_what_it_skipped(textbook: sw.Task) -> None:
    d = found(textbook, prescreen=2, samples=256)
    assert ids(d) == TEXTBOOK
    (top, *_) = (step for step in d.steps if step.kind == "sweep")
    assert len(top.effects) == 2
    assert len(top.skipped) == len(textbook.graph.layout.names) - 2
    assert all("by its gradient" in why for why in top.skipped.values())
    assert "skipped by the prescreen" in str(d)
    seen = list(discover_steps(textbook, prescreen=2, samples=256, max_claims=2))
    for now in seen[:: max(1, len(seen) // 5)]:
        *_, last = Discovery.from_json(textbook, now.to_json()).more()
        assert told(last) == told(seen[-1])


def test_what_the_prescreen_left_out_is_found_by_halves() -> None:
    d = found(pair(), prescreen=1)
    assert ids(d) == {"out", "out>A", "out>A>x0", "out>B", "out>B>x1"}
    assert any(step.kind == "complete" and "the prescreen had left out" in step.message for step in d.steps)


@pytest.mark.parametrize("make", [pair, backup])
def test_the_picture_shows_every_claim(make: Any) -> None:
    d = found(make())
    graph, claims, trail = d.plot().axes
    assert {"logits", *(name for c in d.hypothesis for name in c.components)} <= {t.get_text() for t in graph.texts}
    assert [t.get_text().strip() for t in claims.get_yticklabels()] == [c.name for c in d.hypothesis]
    assert len(claims.patches) + len(claims.texts) == len(d.hypothesis)
    assert trail.get_xlabel() == "step"
    assert next(discover_steps(make(), samples=256)).plot().axes, "nothing yet is a picture, too"


def test_in_words_it_says_what_was_found_and_what_was_not_looked_at() -> None:
    text = str(found(pair(), depth=2))
    assert "└─ out · same input" in text
    assert "loss recovered on the explored data: 99" in text or "loss recovered on the explored data: 100" in text
    assert "not looked at, because it is deeper than 2: logits>out>B, logits>out>A" in text
    assert "confirmed on 36 held-out inputs" in text
    assert "plain forward passes" in text


# -- known circuits, and nothing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["AND", "XOR", "OR with backup", "switch", "gate", "two of three copies", "two of three roads", "two among thirty",
     "cancelling, squared", "hand-built induction"],
)  # fmt: skip
def test_a_hand_built_circuit_is_found_whole(name: str) -> None:
    (c,) = (c for c in CIRCUITS if c.name == name)
    d = discover(c.task(), **{**DEFAULTS, "samples": 1024, **c.options})
    assert score(edges_of(d.hypothesis), c.right) == (1, 1)


def test_a_mean_loss_does_not_see_what_cancels() -> None:
    (c,) = (c for c in CIRCUITS if c.name == "cancelling, linear loss")
    d = discover(c.task(), **{**DEFAULTS, **c.options})
    assert next(iter(c.right)) - edges_of(d.hypothesis) == {"A < x2", "B < x2"}


def test_the_heads_of_the_trained_model_are_found() -> None:
    task = sw.load_task("induction")
    d = discover(task, samples=512, max_claims=5, progress=False)
    assert ids(d) == {"embed", "a1.h0", "a1.h1", "a1.h2", "a1.h3"}


def test_what_does_nothing_is_found_at_most_at_the_nominal_rate() -> None:
    """30 searches with up to 30 loud functions each that do nothing on average; docs/discover.md has 200."""
    n = searched(signal_and_noise, SIGNAL, 30, samples=256, threshold=0.0005)
    assert n.discoveries <= 0.05
    assert n.missed == 0
    assert n.sweeps >= 100
    assert n.false / n.sweeps <= 0.05


@pytest.mark.parametrize(("signal", "right"), [(True, {"logits < embed"}), (False, set[str]())])
def test_random_heads_are_not_found(signal: bool, right: set[str]) -> None:
    n = searched(partial(random_transformer, signal=signal), frozenset(right), 10, samples=256, threshold=0.0005)
    assert n.discoveries <= 0.05
    assert n.missed == 0
