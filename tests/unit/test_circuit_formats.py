"""Circuits of other tools: read from small files in their real form, written, read again, and refused with a sentence."""

from __future__ import annotations

import json
import pickle
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import networkx as nx
import pytest
import torch
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

import scrub_widgets as sw
from scrub_widgets import Circuit, CircuitError, Edge
from scrub_widgets.circuits import load
from scrub_widgets.graph.base import Layout
from tests.unit.models import MODELS

DATA = Path(__file__).parents[1] / "data" / "circuits"
SHAPES = ("gpt2", "pythia", "attention_only", "smollm2")


@cache
def layout_of(name: str) -> Layout:
    m = MODELS[name]()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), attention_mask=m.mask).graph.layout


@cache
def layout() -> Layout:
    """Two layers of two heads, with MLPs and two embeddings."""
    return layout_of("gpt2")


def keys(circuit: Circuit) -> set[str]:
    return {str(edge) for edge in circuit}


def both(into: str) -> set[str]:
    return {f"embed → {into}", f"pos_embed → {into}"}


# -- as they are in the wild ------------------------------------------------------------------------------------------


def test_eap() -> None:
    made = load(DATA / "eap.json", layout())
    assert keys(made) == {
        *both("a0.h1.k"), *both("a0.h1.v"), *both("a1.h0.q"), *both("a1.h0.v"), *both("a0.h0.q"),
        "a0.h1 → a1.h0.k", "a1.h0 → m1", "m1 → logits", "a1.h0 → logits",
    }  # fmt: skip
    body = json.loads((DATA / "eap.json").read_text())
    for sender in ("embed", "pos_embed"):
        assert made.by_key[sender, "a0.h1", "k"].score == body["edges"]["input->a0.h1<k>"]["score"]
    assert made.notes[0] == "'input' is the sum of 'embed', 'pos_embed': here each has an edge with its score."
    assert "2 of the 14 edges carry nothing from the input to the output" in made.notes[1]  # a0.h0 is read by nobody


def test_eap_with_the_edges_outside_of_it() -> None:
    made = load(DATA / "eap.json", layout(), every=True)
    assert made.where(Circuit.full(layout())) == made
    assert len(made) == len(Circuit.full(layout()))


def test_eap_of_scores_alone() -> None:
    body = json.loads((DATA / "eap.json").read_text())
    for edge in body["edges"].values():
        edge["in_graph"] = False
    made = load(body, layout())
    assert len(made) == len(Circuit.full(layout()))
    assert "no edge is marked as in the circuit" in made.notes[0]
    kept = load(DATA / "eap.json", layout())
    assert set(made.top(len(kept)).by_key) == set(kept.by_key)


def test_eap_as_tensors(tmp_path: Path) -> None:
    body = json.loads((DATA / "eap.json").read_text())
    senders = [name for name in body["nodes"] if name != "logits"]
    receivers = [f"a{i}.h{j}<{p}>" for i in range(2) for p in "qkv" for j in range(2)]
    receivers = [*receivers[:6], "m0", *receivers[6:], "m1", "logits"]
    scores, marks = torch.zeros(len(senders), len(receivers)), torch.zeros(len(senders), len(receivers)).bool()
    for name, edge in body["edges"].items():
        at = senders.index(name.partition("->")[0]), receivers.index(name.partition("->")[2])
        scores[at], marks[at] = edge["score"], edge["in_graph"]
    tensors = {"cfg": body["cfg"], "src_nodes": senders, "dst_nodes": receivers, "edges_scores": scores}
    torch.save({**tensors, "edges_in_graph": marks, "nodes_in_graph": marks.any(1)}, tmp_path / "graph.pt")
    made, wanted = load(tmp_path / "graph.pt", layout()), load(DATA / "eap.json", layout())
    assert set(made.by_key) == set(wanted.by_key)
    assert all(abs((e.score or 0) - (wanted.by_key[e.key].score or 0)) < 1e-6 for e in made)
    with pytest.raises(CircuitError, match=r"'edges_in_graph' of \[7, 14\] and 'edges_scores' of \[7, 15\]"):
        load({**tensors, "edges_in_graph": marks[:, :-1]}, layout())


def test_acdc_as_it_prints() -> None:
    made = load(DATA / "acdc.txt", layout())
    assert keys(made) == {
        *both("a1.h0.q"), *both("a0.h1.k"), "a0.h1 → a1.h0.k", "a1.h0 → m1", "m1 → logits", "a1.h0 → logits",
    }  # fmt: skip
    assert any(note.startswith("1 edges enter an input whose own edge") for note in made.notes)  # v of a1.h0 was cut


def test_acdc_as_json_with_embeddings_apart() -> None:
    made = load(DATA / "acdc.json", layout())
    assert {str(e): e.score for e in made} == {
        "a1.h0 → logits": 0.8, "a0.h1 → a1.h0.k": 0.4, "embed → a1.h0.v": 0.3, "pos_embed → a0.h1.v": 0.2,
    }  # fmt: skip
    assert made.notes == ()


@dataclass(frozen=True)
class TorchIndex:
    """As ACDC's own."""

    hashable_tuple: tuple[int | None, ...]


def test_acdc_from_python() -> None:
    whole, head = TorchIndex((None,)), TorchIndex((None, None, 1))
    edges = [(("blocks.1.hook_resid_post", whole, "blocks.0.attn.hook_result", head), 0.5)]
    true = {("blocks.1.hook_resid_post", (None,), "blocks.0.attn.hook_result", (None, None, 1)): True,
            ("blocks.1.hook_resid_post", (None,), "blocks.0.attn.hook_result", (None, None, 0)): False}  # fmt: skip
    pairs = [(("blocks.1.hook_resid_post", (slice(None),)), ("blocks.0.attn.hook_result", "[:, :, 1]"))]
    arrow = "blocks.0.attn.hook_result[:, :, 1] -> blocks.1.hook_resid_post[:] 0.5"
    for source in (edges, true, pairs, arrow):
        assert keys(load(source, layout(), "acdc")) == {"a0.h1 → logits"}
    assert load(edges, layout()).edges[0].score == load(arrow, layout()).edges[0].score == 0.5


def test_auto_circuit_names() -> None:
    made = load(DATA / "auto_circuit.txt", layout())
    assert {str(e): e.score for e in made} == {
        "embed → a0.h1.k": 0.25, "pos_embed → a0.h1.k": 0.25, "embed → a1.h0.v": 0.5, "pos_embed → a1.h0.v": 0.5,
        "a0.h1 → a1.h0.k": -0.75, "a1.h0 → m1": 0.1, "a1.h0 → logits": 0.2, "m1 → logits": 0.3,
    }  # fmt: skip
    names = ["A0.1->A1.0", "A1.0->Resid End"]  # without separate_qkv
    merged = load(names, layout())
    assert keys(merged) == {*(f"a0.h1 → a1.h0.{p}" for p in "qkv"), "a1.h0 → logits"}
    assert "a head has one input for q, k and v there" in merged.notes[0]
    assert load(dict.fromkeys(names, 1.0), layout()).edges[0].score == 1.0


@dataclass(frozen=True)
class AutoEdge:
    """As auto-circuit's own."""

    name: str
    seq_idx: int | None = None


def test_auto_circuit_edges_of_positions() -> None:
    made = load({AutoEdge("A1.0->Resid End", 3), AutoEdge("A1.0->Resid End", 4)}, layout())
    assert keys(made) == {"a1.h0 → logits"}
    assert any("edges of single token positions" in note for note in made.notes)


@pytest.mark.parametrize("name", ["gpt2", "pythia", "attention_only"])
def test_auto_circuit_prune_scores(name: str, tmp_path: Path) -> None:
    on = layout_of(name)
    layers, mlps = 3 if name == "attention_only" else 2, name != "attention_only"
    before = [1 + i * (2 + mlps) for i in range(layers + 1)]
    shapes: dict[str, tuple[int, ...]] = {
        f"blocks.{i}.hook_{p}_input": (2, before[i]) for i in range(layers) for p in "qkv"
    }
    if mlps:
        shapes |= {f"blocks.{i}.hook_mlp_in": (before[i] + 2 * (name == "gpt2"),) for i in range(layers)}
    shapes[f"blocks.{layers - 1}.hook_resid_post"] = (before[layers],)
    scores = {
        module: torch.arange(1.0, 1 + torch.Size(shape).numel()).reshape(shape) for module, shape in shapes.items()
    }
    torch.save(scores, tmp_path / "scores.pt")
    made = load(tmp_path / "scores.pt", on)
    assert set(made.by_key) == set(Circuit.full(on).by_key)
    # of the second head: after the 'Resid Start' of the first come its other senders
    assert made.by_key["a0.h1", "a1.h1", "k"].score == before[1] + 3
    assert made.by_key["embed", "a1.h0", "k"].score == 1
    several = {module: torch.stack([values, -3 * values]) for module, values in scores.items()}
    at_positions = load(several, on)
    assert at_positions.by_key["a0.h1", "a1.h1", "k"].score == -3 * (before[1] + 3)
    with pytest.raises(CircuitError, match=r"prune scores of .* have shape"):
        load({**scores, "blocks.1.hook_q_input": torch.zeros(12, 5)}, on)


def test_networkx() -> None:
    made = load(DATA / "networkx.json", layout())
    assert {str(e): e.score for e in made} == {
        "embed → a0.h1.v": 0.5, "embed → a1.h0.q": None, "embed → a1.h0.v": None, "a0.h1 → a1.h0.k": 0.75,
        "a1.h0 → logits": None,
    }  # fmt: skip
    assert made.name == "by hand"
    graph: Any = nx.DiGraph([("a0.h1", "a1.h0.k"), ("a1.h0.k", "a1.h0"), ("input", "a0.h1.v"), ("a1.h0", "logits")])
    assert keys(load(graph, layout())) == {*both("a0.h1.v"), "a0.h1 → a1.h0.k", "a1.h0 → logits"}
    graph = nx.DiGraph([("a0.h1", "a1.h0")])
    assert any("without a port is taken as one to each of" in note for note in load(graph, layout()).notes)


# -- out and in again -------------------------------------------------------------------------------------------------


@st.composite
def circuits(draw: st.DrawFn, on: Layout, *, merged: bool = False) -> Circuit:
    """Any edges with any scores; ``merged``: the embeddings always together, as most tools have them."""
    full = Circuit.full(on)
    chosen = draw(st.lists(st.sampled_from(full.edges), min_size=1, max_size=25, unique=True))
    inputs = [name for name in ("embed", "pos_embed") if name in on.names]
    made: dict[tuple[str, str, str], float] = {}
    for edge in chosen:
        score = draw(st.floats(-10, 10, allow_nan=False).filter(lambda x: x != 0))
        together = merged and edge.sender in inputs
        for sender in inputs if together else [edge.sender]:
            made[sender, edge.receiver, edge.port] = score
    return Circuit(tuple(Edge(*key, score) for key, score in made.items()))


quick = given_settings(max_examples=25, database=None, deadline=None)


@pytest.mark.parametrize("shape", SHAPES)
def test_merged_embeddings_come_back_the_same(shape: str) -> None:
    on = layout_of(shape)

    @quick
    @given(circuit=circuits(on, merged=True))
    def check(circuit: Circuit) -> None:
        for written in (circuit.to_eap(on), circuit.to_acdc(on), circuit.to_auto_circuit(on)):
            assert load(json.loads(written.text), on) == circuit
            assert load(json.loads(written.text), on, written.format) == circuit
            assert not any("embeddings" in note for note in written.notes)

    check()


@pytest.mark.parametrize("shape", SHAPES)
def test_everything_comes_back_from_what_can_say_it(shape: str, tmp_path: Path) -> None:
    on = layout_of(shape)

    @quick
    @given(circuit=circuits(on))
    def check(circuit: Circuit) -> None:
        assert load(json.loads(circuit.to_json()), on) == circuit
        assert load(circuit.to_networkx(), on) == circuit
        assert load(circuit.to_acdc(on).body, on) == circuit  # embeddings have nodes of their own there if needed
        for form in ("scrub-widgets", "networkx", "acdc"):
            circuit.save(tmp_path / "c.json", form, on)
            assert load(tmp_path / "c.json", on) == circuit

    check()


@pytest.mark.parametrize("shape", ["gpt2", "attention_only"])
def test_what_cannot_be_said_is_told(shape: str) -> None:
    on = layout_of(shape)

    @quick
    @given(circuit=circuits(on))
    def check(circuit: Circuit) -> None:
        alone = [p for p in circuit.ports if ("embed" in circuit.senders(*p)) != ("pos_embed" in circuit.senders(*p))]
        for written in (circuit.to_eap(on), circuit.to_auto_circuit(on)):
            told = any(
                note.startswith(f"the embeddings are one node there: {len(alone)} ports") for note in written.notes
            )
            assert told == bool(alone)
            back = load(written.body, on)
            assert set(circuit.by_key) <= set(back.by_key)
            assert {key for key in back.by_key if key not in circuit.by_key} == {
                (other, *port) for port in alone for other in {"embed", "pos_embed"} - set(circuit.senders(*port))
            }

    check()


def test_a_circuit_without_scores() -> None:
    circuit = Circuit((Edge("a1.h0", "logits"), Edge("m0", "a1.h0", "v")))
    assert "edges without a score have the score 0 there." in circuit.to_eap(layout()).notes
    assert load(circuit.to_auto_circuit(layout()).body, layout()) == circuit
    assert load(circuit.to_acdc(layout()).body, layout()) == circuit


def test_eap_writes_what_eap_reads() -> None:
    """Every edge and every node of the model, in the names of the file made by hand."""
    body, real = load(DATA / "eap.json", layout()).to_eap(layout()).body, json.loads((DATA / "eap.json").read_text())
    assert set(body["edges"]) == set(real["edges"])
    assert body["nodes"] == real["nodes"]
    assert {key: real["cfg"][key] for key in body["cfg"]} == body["cfg"]
    for name, edge in body["edges"].items():
        assert edge["in_graph"] == real["edges"][name]["in_graph"]


# -- refused ----------------------------------------------------------------------------------------------------------


def large() -> dict[str, Any]:
    edges = {f"a{i}.h11->logits": {"score": 1.0, "in_graph": True} for i in range(12)}
    return {"cfg": {"n_layers": 12, "n_heads": 12}, "nodes": {}, "edges": edges}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"what": 1}, r"\{'what': 1\} is no circuit that is known here; the forms are 'eap'"),
        ("no such file.json", "no file 'no such file.json'"),
        ([], "this circuit is empty"),
        ({"cfg": {}, "nodes": {}, "edges": {}}, "this circuit is empty"),
        (nx.DiGraph(), "this circuit is empty"),
        (large(), "of a model of 12 layers; this model has 2 layers of 2 heads"),
        ({**large(), "cfg": {}}, "12 of the 13 nodes .* another model"),
        ({"edges": {"a0.h1~logits": {"in_graph": True}}}, "'a0.h1~logits' is no edge of EAP-IG"),
        ({"edges": {"resid->logits": {"in_graph": True}}}, "'resid' in 'resid->logits' is no node of EAP-IG"),
        ({"edges": {"a1.h0->a0.h0<q>": {"in_graph": True}}}, "no edge a1.h0 → a0.h0.q: 'a1.h0' comes too late"),
        ({"edges": {"a0.h0->a1.h0": {"in_graph": True}}}, "names no port"),
        ({"edges": {"a0.h0->a1.h0<q>": {"in_graph": True, "score": "high"}}}, "score of an edge is a number, not 'high'"),
        ({"edges": {"a0.h0->a1.h0<q>": {"in_graph": False}}}, "no edge is marked 'in_graph', and none has a score"),
        (["Resid Post 0->Resid End"], "'Resid Post 0' .* is no sender of auto-circuit.* not factorized"),
        (["A0.1.Q->Resid End"], r"'A0.1.Q' .* is no sender"),
        (["A0.7->Resid End", "A0.1->Resid End", "A0.0->Resid End", "A1.0->Resid End"], "no component 'a0.h7'"),
        ("('blocks.11.hook_resid_post', [:], 'blocks.0.attn.hook_result', [:, :, 0])", "a model of 12 layers"),
        ("('blocks.1.hook_resid_post', [:], 'blocks.0.attn.hook_result', [:])", "the index '.*', a head, is expected"),
        ("('blocks.1.hook_resid_post', [:, 4], 'blocks.0.hook_mlp_out', [:])", "single positions cannot be said"),
        ("('blocks.1.hook_resid_post', [:], 'blocks.0.hook_resid_mid', [:])", "'blocks.0.hook_resid_mid' is no node of ACDC"),
        (nx.DiGraph([("a0.h0", "m0"), ("m0", "a0.h0.q"), ("a0.h0.q", "a0.h0")]), "runs in a circle, "),
        (nx.Graph([("a0.h0", "logits")]), "has no directions"),
        (nx.DiGraph([("a0.h0", "a0.h1.q")]), "'a0.h0' comes too late, or side by side"),
        ({"kind": "scrub-widgets circuit", "schema": 2}, "schema version 2; this version reads 1"),
        ({"kind": "scrub-widgets circuit", "schema": 1, "edges": [["a0.h0", "logits"]]}, "not well formed"),
        ({"kind": "scrub-widgets circuit", "schema": 1, "edges": []}, "this circuit is empty"),
    ],
)  # fmt: skip
def test_refused_with_a_sentence(source: Any, words: str) -> None:
    with pytest.raises(CircuitError, match=words):
        load(source, layout())


def test_a_pickle_is_never_opened(tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    for name in ("edges.pkl", "edges.json"):
        (tmp_path / name).write_bytes(pickle.dumps(Trap(str(opened))))
        with pytest.raises(CircuitError, match="is a pickle, which can run any code"):
            load(tmp_path / name, layout())
    torch.save(Trap(str(opened)), tmp_path / "edges.pt")
    with pytest.raises(CircuitError, match="holds more than tensors, names and numbers"):
        load(tmp_path / "edges.pt", layout())
    (tmp_path / "torn.pt").write_bytes(b"PK\x03\x04torn")
    with pytest.raises(CircuitError, match="is no file of torch"):
        load(tmp_path / "torn.pt", layout())
    (tmp_path / "odd.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(CircuitError, match="is no text"):
        load(tmp_path / "odd.json", layout())
    assert not opened.exists()


@dataclass
class Trap:
    """Writes a file when it is unpickled."""

    path: str

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path(self.path),)


def test_formats_by_name() -> None:
    with pytest.raises(CircuitError, match=r"format= is one of .*'eap'.* not 'epa'\. Did you mean 'eap'"):
        load({}, layout(), "epa")
    with pytest.raises(CircuitError, match="is no circuit of the form 'acdc'"):
        load(DATA / "eap.json", layout(), "acdc")
    circuit = Circuit((Edge("a1.h0", "logits"),))
    with pytest.raises(CircuitError, match="give on=task"):
        circuit.save("nowhere.json", "eap")
    with pytest.raises(CircuitError, match="format= is one of"):
        circuit.save("nowhere.json", "yaml")


def test_a_graph_of_functions_has_no_heads_to_name() -> None:
    toy = sw.load_task("toy_sum")
    with pytest.raises(CircuitError, match="circuits of EAP-IG are about transformers; this model has 'x0'"):
        load(DATA / "eap.json", toy)
    assert keys(load(nx.DiGraph([("A", "D"), ("D", "logits"), ("x0", "A")]), toy)) == {"A → D", "D → logits", "x0 → A"}


def test_parts_have_no_name_elsewhere() -> None:
    m = MODELS["gpt2"]()
    task = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl()).rewrite(sw.rewrites.neurons("m0", [0, 1], name="two"))
    circuit = Circuit((Edge("m0[two]", "logits"), Edge("embed", "m0[two]")))
    assert load(json.loads(circuit.to_json()), task) == circuit
    for write in (circuit.to_eap, circuit.to_acdc, circuit.to_auto_circuit):
        with pytest.raises(CircuitError, match=r"has no name for .*m0\[two\]"):
            write(task)
    with pytest.raises(CircuitError, match=r"'m0' was rewritten as 'm0\[two\]', 'm0\[rest\]'"):
        load(Circuit((Edge("m0", "logits"), Edge("embed", "logits"), Edge("a0.h0", "logits"))), task)
