"""A circuit as a hypothesis: the claims, what is left out, and the losses, against the circuit run by hand on the model."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, note
from hypothesis import settings as given_settings
from hypothesis import strategies as st
from torch import Tensor

import scrub_widgets as sw
from scrub_widgets import Circuit, CircuitError, Edge, Hypothesis, HypothesisError
from scrub_widgets.circuits import load, measure
from scrub_widgets.hypothesis import ROOT
from tests.unit.brute import Brute
from tests.unit.models import MODELS

DATA = Path(__file__).parents[1] / "data" / "circuits"
SAMPLES = 6
quick = given_settings(max_examples=10, database=None, deadline=None)


@dataclass(frozen=True)
class Bench:
    brute: Brute
    task: sw.Task

    def run(self, circuit: Circuit, references: Tensor, others: Tensor) -> np.ndarray:
        """Losses of a circuit, each component computed once: kept edges carry the circuit's values, the rest another input's."""
        graph, clean = self.brute.graph, self.brute.clean
        values: dict[str, Tensor] = {}

        def reads(receiver: str, port: str) -> Tensor:
            stream = clean.residual[graph.site(receiver)][others]
            for sender in circuit.senders(receiver, port):
                stream = stream + values[sender] - clean.values[sender][others]
            return stream

        for name in graph.components:
            ports = graph.ports(name)
            if not ports:
                values[name] = clean.values[name][references]
            elif any(circuit.senders(name, port) for port in ports):
                values[name] = self.brute.recompute(name, {port: reads(name, port) for port in ports}, references)
            else:
                values[name] = clean.values[name][others]
        logits = self.brute.read_out(reads(ROOT, ""))
        return np.asarray(self.task.loss_of(logits, references.numpy()))


@cache
def bench(name: str) -> Bench:
    m = MODELS[name]()
    return Bench(Brute(*m), sw.Task(m.bridge, m.tokens, loss=sw.losses.next_token(), attention_mask=m.mask))


@st.composite
def circuits(draw: st.DrawFn, on: sw.Task) -> Circuit:
    """Edges of any kind, with enough of them to reach from the input to the output now and then."""
    edges = Circuit.full(on).edges
    kept = draw(st.lists(st.booleans(), min_size=len(edges), max_size=len(edges)))
    share = draw(st.integers(1, 6))
    return Circuit(tuple(e for i, e in enumerate(edges) if kept[i] and (i % share == 0 or e.receiver == ROOT)))


def tree_of(circuit: Circuit, task: sw.Task) -> Hypothesis | None:
    """The hypothesis, if there is one of less than 300 claims."""
    if not circuit.live(task):
        with pytest.raises(CircuitError, match="nothing to claim"):
            circuit.to_hypothesis(task)
        return None
    try:
        return circuit.to_hypothesis(task, limit=300)
    except CircuitError:
        return None


@pytest.mark.parametrize("name", ["gpt2", "attention_only", "smollm2", "pythia", "bidirectional"])
def test_scrubbed_under_one_draw_it_is_the_circuit_itself(name: str) -> None:
    on, met = bench(name), list[int]()

    @quick
    @given(circuit=circuits(on.task), seed=st.integers(0, 2**32))
    def check(circuit: Circuit, seed: int) -> None:
        note(str(circuit))
        h = tree_of(circuit, on.task)
        if h is None:
            return
        met.append(len(h))
        result = on.task.scrub(h, samples=SAMPLES, seed=seed, unclaimed="global", progress=False)
        references, others = (
            torch.tensor(np.asarray(draw)) for draw in (result.references, result.donors[f"{ROOT}/unclaimed"])
        )
        # a padding mask is an input as well, and a component that carries nothing has that of the other input
        run = circuit.live(on.task) if name == "bidirectional" else circuit
        np.testing.assert_allclose(result.losses.scrubbed, on.run(run, references, others), rtol=0, atol=1e-4)

    check()
    assert max(met) > 5  # some trees were no trifles


def test_an_imported_circuit_is_scrubbed() -> None:
    on = bench("gpt2")
    for file in ("eap.json", "acdc.txt", "acdc.json", "auto_circuit.txt", "networkx.json"):
        circuit = load(DATA / file, on.task)
        result = on.task.scrub(circuit.to_hypothesis(on.task), samples=64, seed=1, unclaimed="global", progress=False)
        draws = (result.references, result.donors[f"{ROOT}/unclaimed"])
        expected = on.run(circuit, *(torch.tensor(np.asarray(draw)) for draw in draws))
        np.testing.assert_allclose(result.losses.scrubbed, expected, rtol=0, atol=1e-4)
        masked = measure(
            on.task, circuit, samples=64, seed=1, progress=False
        )  # what the sentence about too many paths offers
        np.testing.assert_allclose(masked.kept, expected, rtol=0, atol=1e-4)


def test_all_edges_are_the_model() -> None:
    on = bench("attention_only_without_norm")
    full = Circuit.full(on.task)
    result = on.task.scrub(full.to_hypothesis(on.task), samples=32, progress=False)
    np.testing.assert_allclose(result.losses.scrubbed, result.losses.model, rtol=0, atol=1e-4)


def test_the_tree_of_a_small_circuit() -> None:
    task = bench("gpt2").task
    h = load(DATA / "acdc.txt", task).to_hypothesis(task)
    assert str(h).splitlines() == [
        "logits",
        "├─ a1.h0 · same input",
        "│  ├─ k ← a0.h1 · same input",
        "│  │  └─ k ← embed+pos_embed · same input",
        "│  └─ q ← embed+pos_embed · same input",
        "└─ m1 · same input",
        "   └─ a1.h0 · same input",
        "      ├─ k ← a0.h1 · same input",
        "      │  └─ k ← embed+pos_embed · same input",
        "      └─ q ← embed+pos_embed · same input",
    ]
    assert {c.rule for c in load(DATA / "acdc.txt", task).to_hypothesis(task, rule="token")} == {"token"}


def test_what_carries_nothing_is_left_out_and_told() -> None:
    task = bench("gpt2").task
    through = (Edge("embed", "a1.h0", "v"), Edge("a1.h0", "logits"))
    hollow, unheard = Edge("a0.h0", "a1.h0", "k"), Edge("embed", "a0.h1", "q")
    circuit = Circuit((*through, hollow, unheard))
    assert dict(circuit.dead(task)) == {
        hollow: "'a0.h0' reads nothing along the circuit",
        unheard: "nothing along the circuit leads from 'a0.h1' to the output",
    }
    assert circuit.live(task) == Circuit(through)
    assert circuit.live(task).notes[-1].startswith("2 edges carry nothing from the input to the output")
    assert circuit.to_hypothesis(task) == Circuit(through).to_hypothesis(task)
    with pytest.raises(CircuitError, match=r"nothing to claim: 2 edges carry nothing .* 'a0\.h0' reads nothing"):
        Circuit((hollow, unheard)).to_hypothesis(task)
    with pytest.raises(CircuitError, match=r"nothing to claim\."):
        Circuit().to_hypothesis(task)


def test_paths_are_counted_before_they_are_built() -> None:
    task = bench("attention_only").task
    # one for each way down: a layer's head has 3 ports, each reads the embeddings and all heads before
    below = [1]
    for layer in range(3):
        below += [3 * (1 + sum(1 + below[1 + 2 * i] for i in range(layer) for _ in range(2)))] * 2
    count = 1 + sum(1 + n for n in below[1:])
    with pytest.raises(
        CircuitError, match=rf"of {len(Circuit.full(task))} edges has {count:,} claims, .* limit= is 10;"
    ):
        Circuit.full(task).to_hypothesis(task, limit=10)
    assert len(Circuit.full(task).to_hypothesis(task, limit=count)) == count


def test_a_huge_circuit_is_counted_at_once() -> None:
    """Twelve layers of twelve heads: more claims than could ever be made, counted exactly."""
    from scrub_widgets.graph.base import Component, Layout

    names = ["embed", *(f"a{i}.h{j}" for i in range(12) for j in range(12))]
    parts = [Component("embed", "embed", -1, 0, ())]
    parts += [Component(f"a{i}.h{j}", "head", i, j, ("q", "k", "v")) for i in range(12) for j in range(12)]
    upstream = {n: tuple(names[: 1 + 12 * c.layer]) if c.ports else () for n, c in zip(names, parts, strict=True)}
    layout = Layout(tuple(parts), {**upstream, ROOT: tuple(names)})
    layers = [3]
    for _ in range(11):  # each port: the embedding, and all heads of the layers before
        layers.append(3 * (1 + sum(12 * (1 + n) for n in layers)))
    with pytest.raises(CircuitError, match=f"has {1 + sum(12 * (1 + n) for n in layers):,} claims"):
        Circuit.full(layout).to_hypothesis(layout)


def test_bad_rule() -> None:
    task = bench("gpt2").task
    with pytest.raises(HypothesisError, match="rule= takes the name of a rule"):
        load(DATA / "acdc.txt", task).to_hypothesis(task, rule="")


# -- back -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["gpt2", "attention_only", "smollm2"])
def test_there_and_back_are_the_live_edges(name: str) -> None:
    task = bench(name).task

    @quick
    @given(circuit=circuits(task))
    def check(circuit: Circuit) -> None:
        h = tree_of(circuit, task)
        if h is None:
            return
        back = Circuit.from_hypothesis(h, task)
        assert back == circuit.live(task)
        assert back.notes == ()

    check()


def test_a_leaf_keeps_all_that_it_reads() -> None:
    task = bench("gpt2").task
    h = Hypothesis().claim("a1.h0")[0]
    made = Circuit.from_hypothesis(h, task)
    into = {(e.receiver, e.port) for e in made}
    assert into == {("logits", ""), ("m0", ""), *((f"a{i}", p) for i in ("0.h0", "0.h1", "1.h0") for p in "qkv")}
    assert made.senders("logits") == ("a1.h0",)
    assert "1 claims keep all that their components read, such as 'logits>a1.h0'" in made.notes[0]
    result = task.scrub(h, samples=16, unclaimed="global", progress=False)
    same = task.scrub(made.to_hypothesis(task), samples=16, unclaimed="global", progress=False)
    np.testing.assert_allclose(result.losses.scrubbed, same.losses.scrubbed, rtol=0, atol=1e-4)


def test_what_edges_cannot_say_of_a_hypothesis() -> None:
    task = bench("gpt2").task
    h, head = Hypothesis().claim("a1.h0", rule="token")
    h, _ = h.claim("embed", f"{head}.q", "token", positions=[2], share="S")
    h, _ = h.claim("*", f"{head}.v")
    h, _ = h.claim("a0.h0", paths="all")
    notes = " ".join(Circuit.from_hypothesis(h, task).notes)
    for words in ("rules: token became", "no positions", "no shared draws", "all paths", "keep all that"):
        assert words in notes
    all_paths = Circuit.from_hypothesis(h, task)
    assert ("a0.h0", "a1.h1", "q") in all_paths
    assert ("a1.h1", "m1", "") in all_paths
    assert ("m1", "logits", "") in all_paths
    assert ("a0.h1", "a1.h1", "q") not in all_paths
    twice, below = Hypothesis().claim("m1")
    twice, one = twice.claim("a1.h0", below)
    twice, _ = twice.claim("embed", f"{one}.q")
    twice, other = twice.claim("a1.h0")
    twice, _ = twice.claim("embed", f"{other}.k")
    made = Circuit.from_hypothesis(twice, task)
    assert made.notes == ("what is claimed in different ways on different paths (a1.h0) has the edges of all of them.",)
    with pytest.raises(HypothesisError, match=r"no component 'a7\.h0'"):
        Circuit.from_hypothesis(Hypothesis().claim("a7.h0")[0], task)
