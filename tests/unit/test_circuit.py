"""The value of a circuit: edges, what is in it, and what a model refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest

import scrub_widgets as sw
from scrub_widgets import Circuit, CircuitError, Edge
from scrub_widgets.graph.base import Layout


@pytest.fixture(scope="module")
def layout() -> Layout:
    return sw.load_task("induction").graph.layout


def test_equal_by_content_in_whatever_order() -> None:
    one = Circuit((Edge("embed", "a0.h1", "q", 0.5), Edge("a0.h1", "logits")), name="one")
    other = Circuit((Edge("a0.h1", "logits", "in"), Edge("embed", "a0.h1", "q", 0.5)), name="other")
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1
    assert [str(e) for e in one] == ["embed → a0.h1.q", "a0.h1 → logits"]
    assert one.nodes == ("a0.h1", "embed", "logits")
    assert one != Circuit((Edge("embed", "a0.h1", "q", 0.6), Edge("a0.h1", "logits")))


def test_heads_are_sorted_as_people_count() -> None:
    made = Circuit(tuple(Edge(f"a0.h{i}", "logits") for i in (10, 9, 2)))
    assert made.senders("logits") == ("a0.h2", "a0.h9", "a0.h10")


def test_what_is_in_it() -> None:
    made = Circuit((Edge("embed", "a1.h0", "k"), Edge("a0.h0", "a1.h0", "k"), Edge("a1.h0", "logits")))
    assert made.senders("a1.h0", "k") == ("a0.h0", "embed")
    assert made.senders("a1.h0", "q") == ()
    assert made.receivers("a1.h0") == (("logits", ""),)
    assert ("embed", "a1.h0", "k") in made
    assert Edge("embed", "a1.h0", "k", 3.0) in made
    assert ("embed", "a1.h0", "q") not in made
    assert made.without(("embed", "a1.h0", "k")).senders("a1.h0", "k") == ("a0.h0",)
    assert str(made).splitlines()[0] == "3 edges between 4 nodes"


def test_top_ranks_by_size_unless_told() -> None:
    made = Circuit(
        (Edge("a0.h0", "logits", "", -3.0), Edge("a0.h1", "logits", "", 2.0), Edge("a0.h2", "logits", "", 1.0))
    )
    assert [e.sender for e in made.top(2)] == ["a0.h0", "a0.h1"]
    assert [e.sender for e in made.top(2, signed=True)] == ["a0.h1", "a0.h2"]
    with pytest.raises(CircuitError, match=r"a0\.h3 → logits has no score"):
        Circuit((*made.edges, Edge("a0.h3", "logits"))).top(1)


def test_full_has_every_edge(layout: Layout) -> None:
    full = Circuit.full(layout)
    full.check(layout)
    # 8 heads: 4 read the 2 embeddings, 4 read these and the first 4, through 3 ports each; the output reads all 10
    assert len(full) == 4 * 3 * 2 + 4 * 3 * 6 + 10


@pytest.mark.parametrize(
    ("edge", "words"),
    [
        (Edge("a0.h9", "logits"), "no component 'a0.h9'; the model has 'embed'"),
        (Edge("embed", "a0.h0", "z"), "'a0.h0' has no port 'z'; it has 'q', 'k', 'v'"),
        (Edge("embed", "a0.h0"), "names no port: 'a0.h0' reads through 'q', 'k', 'v'"),
        (Edge("a1.h0", "a0.h0", "q"), "no edge a1.h0 → a0.h0.q: 'a1.h0' comes too late"),
        (Edge("a0.h0", "a0.h0", "q"), "would make a component read itself"),
        (Edge("a0.h0", "embed"), "'embed' reads nothing"),
        (Edge("logits", "a0.h0", "q"), "leaves the output"),
        (Edge("a0.h0", "logits", "q"), "'logits' has no port 'q'; it has 'in'"),
    ],
)
def test_what_a_model_refuses(layout: Layout, edge: Edge, words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        Circuit((Edge("a0.h1", "logits"), Edge("a0.h2", "logits"), Edge("a0.h3", "logits"), edge)).check(layout)


def test_a_circuit_of_a_larger_model_is_told_as_such(layout: Layout) -> None:
    large = Circuit(tuple(Edge(f"a{i}.h0", "logits") for i in range(12)))
    with pytest.raises(CircuitError, match=r"10 of the 13 nodes .* a circuit of another model"):
        large.check(layout)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Edge("", "logits"), "sender of an edge is a component's name"),
        (lambda: Edge("a", "b", cast("str", None)), "port of an edge"),
        (lambda: Edge("a", "b", "", float("nan")), "score of a → b is nan"),
        (lambda: Edge("a", "b", "", cast("float", "much")), "a number or None, not 'much'"),
        (lambda: Circuit(cast("tuple[Edge, ...]", (("a", "b"),))), "made of Edge"),
        (lambda: Circuit((Edge("a", "b", "", 1.0), Edge("a", "b", "", 2.0))), "given twice, with scores 1.0 and 2.0"),
    ],
)
def test_bad_values(make: Callable[[], object], words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        make()
