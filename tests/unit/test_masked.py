"""Runs with removed edges: against full forwards with hooks, against the hypothesis with every path, and what must hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cache

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor

import scrub_widgets as sw
from scrub_widgets.circuits import Circuit, Edge, edges_of, measure
from scrub_widgets.circuits.circuit import Key
from scrub_widgets.circuits.runs import Runs
from scrub_widgets.errors import CircuitError
from scrub_widgets.hypothesis import ROOT, Hypothesis
from tests.unit.brute import Brute
from tests.unit.models import MODELS

TOLERANCE = 1e-4
SAMPLES = 8
LOSSES = {"everywhere": sw.losses.next_token(), "at the end": sw.losses.next_token(positions=[-1])}
few = settings(max_examples=15, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@cache
def task_of(name: str, loss: str = "everywhere") -> sw.Task:
    model = MODELS[name]()
    return sw.Task(model.bridge, model.tokens, loss=LOSSES[loss], attention_mask=model.mask)


def toy() -> sw.Task:
    """Functions with a diamond: a is read by b and by the output."""
    rng = np.random.default_rng(0)
    inputs = {f"x{i}": rng.normal(size=40) for i in range(3)}
    functions: dict[str, Callable[..., Tensor]] = {
        "a": lambda x0, x1: torch.tanh(x0 + x1),
        "b": lambda a, x2: a * x2,
        "c": lambda a, x0: torch.stack([a, x0], -1),
        "out": lambda a, b, c: a + b + c.sum(-1),
    }
    return sw.Task(sw.FunctionGraph(functions), inputs, loss=sw.losses.squared_error("y"), columns={"y": inputs["x1"]})


@st.composite
def kept_edges(draw: st.DrawFn, task: sw.Task, dense: bool = True) -> Circuit:
    """Some of the edges: mostly many, sometimes few."""
    edges = edges_of(task.graph)
    share = draw(st.sampled_from([0.3, 0.7, 0.95] if dense else [0.1, 0.25, 0.5]))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return Circuit(tuple(e for e in edges if random.random() < share))


def tree(task: sw.Task, circuit: Circuit) -> Hypothesis:
    """Every path of kept edges claimed as `same input`; a component that keeps no input of its own is like a removed one."""
    layout = task.graph.layout
    alive = {name for name in layout.names if not layout.owner_ports(name) or any(e.receiver == name for e in circuit)}
    for name in layout.names:  # in forward order: what keeps only what is not alive is not alive
        if layout.owner_ports(name) and not any(e.receiver == name and e.sender in alive for e in circuit):
            alive.discard(name)

    def grow(h: Hypothesis, owner: str, path: str) -> Hypothesis:
        for edge in circuit:
            if edge.receiver == owner and edge.sender in alive:
                h, made = h.claim(edge.sender, under=f"{path}.{edge.port}" if edge.port else path)
                h = grow(h, edge.sender, made)
        return h

    return grow(Hypothesis(), ROOT, ROOT)


# -- against the engine and against the model itself -----------------------------------------------------------------


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", ["attention_only", "gpt2", "smollm2", "pythia", "bidirectional", "gpt2_padded_left"])
def test_the_hypothesis_with_every_path_has_the_same_losses(name: str, loss: str) -> None:
    task = task_of(name, loss)

    @few
    @given(circuit=kept_edges(task, dense=False), seed=st.integers(0, 2**32))
    def check(circuit: Circuit, seed: int) -> None:
        h = tree(task, circuit)
        if len(h) > 150:
            return
        scrubbed = task.scrub(h, SAMPLES, seed, unclaimed="global", progress=False)
        found = measure(task, circuit, samples=SAMPLES, seed=seed, progress=False)
        np.testing.assert_array_equal(found.references, scrubbed.references)
        np.testing.assert_allclose(found.kept, scrubbed.losses.scrubbed, atol=TOLERANCE)
        np.testing.assert_allclose(found.baseline, scrubbed.losses.baseline, atol=1e-6)
        np.testing.assert_allclose(found.divergence, scrubbed.losses.kl, atol=TOLERANCE)

    check()


def brute_logits(brute: Brute, removed: Collection[Key], references: Tensor, donors: Tensor | None) -> Tensor:
    """The circuit by full forwards with hooks: every port of every component apart, in forward order."""
    graph, clean = brute.graph, brute.clean
    cut = {(receiver, port, sender) for sender, receiver, port in removed}
    present: dict[str, Tensor] = {}

    def stream(owner: str, port: str) -> Tensor:
        site = graph.site(owner)
        total = brute.constants(site).expand(len(references), brute.positions, -1)
        for sender in graph.senders(site):
            if (owner, port, sender) not in cut:
                total = total + present[sender]
            elif donors is not None:
                total = total + clean.values[sender][donors]
        return total

    def whole_donor(owner: str) -> bool:
        """What keeps no input, directly or through others, is its value on the donor (with the donor's padding)."""
        kept = [s for p in graph.ports(owner) for s in graph.senders(graph.site(owner)) if (owner, p, s) not in cut]
        return donors is not None and all(s in on_donor for s in kept)

    on_donor: set[str] = set()
    for name in graph.components:
        if not graph.ports(name):
            present[name] = clean.values[name][references]
        elif whole_donor(name):
            assert donors is not None
            on_donor.add(name)
            present[name] = clean.values[name][donors]
        else:
            present[name] = brute.recompute(name, {p: stream(name, p) for p in graph.ports(name)}, references)
    return brute.read_out(stream(ROOT, ""))


@pytest.mark.parametrize("ablation", ["resample", "zero"])
@pytest.mark.parametrize("name", MODELS)
def test_full_forwards_with_hooks_have_the_same_losses(name: str, ablation: str) -> None:
    task, model = task_of(name), MODELS[name]()
    brute = Brute(*model)

    @settings(few, max_examples=5)
    @given(circuit=kept_edges(task), seed=st.integers(0, 2**32))
    def check(circuit: Circuit, seed: int) -> None:
        found = measure(task, circuit, ablation=ablation, samples=SAMPLES, seed=seed, progress=False)  # type: ignore[arg-type]
        removed = {e.key for e in edges_of(task.graph)} - {e.key for e in circuit}
        references, donors = torch.from_numpy(found.references), torch.from_numpy(found.donors)
        logits = brute_logits(brute, removed, references, donors if ablation == "resample" else None)
        np.testing.assert_allclose(found.kept, task.loss_of(logits, found.references), atol=TOLERANCE)

    check()


def test_functions_agree_with_the_hypothesis_and_with_plain_python() -> None:
    task = toy()

    @settings(few, max_examples=40)
    @given(circuit=kept_edges(task, dense=False), seed=st.integers(0, 2**32))
    def check(circuit: Circuit, seed: int) -> None:
        found = measure(task, circuit, samples=SAMPLES, seed=seed, progress=False)
        scrubbed = task.scrub(tree(task, circuit), SAMPLES, seed, unclaimed="global", progress=False)
        np.testing.assert_allclose(found.kept, scrubbed.losses.scrubbed, atol=1e-12)

    check()
    zero = measure(task, circuit_without(task, ("a", "b", "")), ablation="zero", samples=SAMPLES, progress=False)
    x = {name: np.asarray(value)[zero.references] for name, value in task.data.inputs.values.items()}
    a = np.tanh(x["x0"] + x["x1"])
    np.testing.assert_allclose(zero.kept, (a + 0.0 + a + x["x0"] - x["x1"]) ** 2)


def test_parts_of_a_rewrite_are_components_like_others() -> None:
    task = task_of("gpt2").rewrite(sw.rewrites.neurons("m0", [1, 2]), sw.rewrites.attention("a1.h0", offset=-1))

    @few
    @given(circuit=kept_edges(task, dense=False), seed=st.integers(0, 2**32))
    def check(circuit: Circuit, seed: int) -> None:
        h = tree(task, circuit)
        if len(h) > 150:
            return
        scrubbed = task.scrub(h, SAMPLES, seed, unclaimed="global", progress=False)
        found = measure(task, circuit, samples=SAMPLES, seed=seed, progress=False)
        np.testing.assert_allclose(found.kept, scrubbed.losses.scrubbed, atol=TOLERANCE)

    check()


# -- what must hold whatever the model computes ----------------------------------------------------------------------


def circuit_without(task: sw.Task, *keys: Key) -> Circuit:
    return Circuit(edges_of(task.graph)).without(*keys)


@pytest.mark.parametrize("name", MODELS)
def test_with_all_edges_it_is_the_model_and_with_none_the_shuffled_baseline(name: str) -> None:
    task = task_of(name)
    everything = measure(task, Circuit(edges_of(task.graph)), samples=SAMPLES, progress=False)
    np.testing.assert_allclose(everything.kept, everything.model, atol=1e-5)
    nothing = measure(task, Circuit(), samples=SAMPLES, progress=False)
    np.testing.assert_allclose(nothing.kept, nothing.baseline, atol=1e-6)
    scrubbed = task.scrub(Hypothesis(), SAMPLES, progress=False)
    np.testing.assert_allclose(nothing.kept, scrubbed.losses.scrubbed, atol=1e-6)
    headless = Circuit(tuple(e for e in edges_of(task.graph) if e.receiver != ROOT))
    np.testing.assert_array_equal(measure(task, headless, samples=SAMPLES, progress=False).kept, nothing.kept)


def test_what_was_run_before_matters_for_rounding_only() -> None:
    task = task_of("gpt2")
    edges, runs = edges_of(task.graph), Runs(task, SAMPLES, 0, "resample")
    random = np.random.default_rng(1)
    removed: set[Key] = set()
    for edge in random.permutation(len(edges))[:60]:
        removed.add(edges[edge].key)
        fresh = Runs(task, SAMPLES, 0, "resample").losses(removed)
        np.testing.assert_allclose(runs.losses(removed), fresh, atol=1e-6)


def test_only_what_lies_behind_a_removed_edge_is_computed() -> None:
    task = task_of("attention_only")
    (masked,) = Runs(task, SAMPLES, 0, "resample").masked
    cut = ("embed", "a1.h0", "q")
    assert set(masked.plan([cut]).everywhere) == {ROOT, "a1.h0", "a2.h0", "a2.h1"}
    behind = [edge.key for edge in edges_of(task.graph) if edge.sender == "a1.h0"]
    assert set(masked.plan([cut, *behind]).everywhere) == {ROOT, "a2.h0", "a2.h1"}
    late = [("a2.h0", ROOT, ""), ("a2.h1", ROOT, "")]
    assert set(masked.plan([cut, *late]).everywhere) == {ROOT, "a1.h0"}
    assert set(masked.plan([cut, *behind, *late]).everywhere) == {ROOT}


def test_the_edges_of_a_model() -> None:
    task = task_of("gpt2")
    edges = edges_of(task.graph)
    assert len(edges) == 2 * 3 * 2 + 4 + 2 * 3 * 5 + 7 + 8
    assert edges[-1] == Edge("m1", ROOT)
    assert len({e.key for e in edges}) == len(edges)
    assert Circuit(edges) == Circuit.full(task.graph.layout)


# -- what is refused ---------------------------------------------------------------------------------------------------


REFUSED: list[tuple[Mapping[str, object], str]] = [
    ({"circuit": Circuit((Edge("a9.h0", ROOT),))}, "no component 'a9.h0'"),
    ({"circuit": Circuit((Edge("a1.h0", "a0.h0", "q"),))}, "comes too late"),
    ({"circuit": [("embed", ROOT)]}, "expected a Circuit"),
    ({"circuit": Circuit(), "ablation": "mean"}, "ablation= is one of 'resample', 'zero', not 'mean'"),
    ({"circuit": Circuit(), "samples": 1}, "samples="),
]


@pytest.mark.parametrize(("options", "sentence"), REFUSED)
def test_what_is_refused_says_what_exists(options: Mapping[str, object], sentence: str) -> None:
    with pytest.raises(sw.ScrubError, match=sentence.replace("(", r"\(")):
        measure(task_of("gpt2"), **options)  # type: ignore[arg-type]
    assert issubclass(CircuitError, sw.ScrubError)
