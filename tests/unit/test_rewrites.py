"""Rewrites: parts that make up a component, in every place where a component can stand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets import FunctionGraph, Hypothesis, RewriteError, losses, rewrites
from scrub_widgets.hypothesis import Paths
from scrub_widgets.rewrites import Rewrite
from tests.unit.models import INPUTS, MODELS, POSITIONS

WIDTH = 16
NAMES = ("native_mlp", "gpt2", "smollm2", "pythia", "bidirectional", "padded_left", "attention_only")


def task_of(name: str) -> sw.Task:
    model = MODELS[name]()
    return sw.Task(
        model.bridge,
        model.tokens,
        loss=losses.next_token(),
        attention_mask=model.mask,
        columns={"spot": np.arange(INPUTS) % POSITIONS},
        name=name,
    )


TASKS = {name: task_of(name) for name in NAMES}


def vectors(k: int) -> torch.Tensor:
    return torch.randn(k, WIDTH, generator=torch.Generator().manual_seed(k))


def by_token(site: rewrites.Site) -> torch.Tensor:
    table = torch.randn(20, WIDTH, generator=torch.Generator().manual_seed(1))
    return table[site.tokens]


def nonlinear(site: rewrites.Site) -> torch.Tensor:
    assert site.resid is not None
    return torch.tanh(site.resid) * site.output.abs()


MASK = torch.rand(POSITIONS, POSITIONS, generator=torch.Generator().manual_seed(0)) > 0.5

CASES: dict[str, Callable[[], tuple[Rewrite, tuple[str, ...]]]] = {
    "direction of an MLP": lambda: (rewrites.direction("m0", vectors(2)), ("native_mlp", "gpt2", "pythia", "smollm2")),
    "direction of a head": lambda: (rewrites.direction("a0.h1", vectors(3), name="v"), NAMES),
    "direction of the embedding": lambda: (rewrites.direction("embed", vectors(1)[0]), NAMES),
    "function of the tokens": lambda: (rewrites.function("a0.h0", by_token, name="phi"), NAMES),
    "nonlinear function": lambda: (rewrites.function("m0", nonlinear), ("native_mlp", "smollm2", "bidirectional")),
    "neurons": lambda: (rewrites.neurons("m0", [3, 17, 5]), ("native_mlp", "gpt2", "pythia", "smollm2")),
    "previous token": lambda: (rewrites.attention("a0.h0", offset=-1), NAMES),
    "some sources": lambda: (rewrites.attention("a1.h1", mask=MASK), NAMES),
    "gate times up": lambda: (rewrites.gated("m0"), ("smollm2", "padded_left")),
}
PAIRS = [(case, model) for case, make in CASES.items() for model in make()[1]]


def parts_of(task: sw.Task, component: str) -> list[str]:
    return [c.id for c in task.graph.layout.components if c.part_of == component]


@pytest.mark.parametrize(("case", "model"), PAIRS)
@pytest.mark.parametrize("paths", ["direct", "all"])
def test_all_parts_with_one_donor_are_the_component(case: str, model: str, paths: Any) -> None:
    rewrite, whole = CASES[case]()[0], TASKS[model]
    task = whole.rewrite(rewrite)
    parts = parts_of(task, rewrite.component)
    assert len(parts) == 2
    places: tuple[tuple[str, Any], ...] = (("token", None), ("previous token at 2", [1, 2, 3]), ("any input", "spot"))
    for rule, positions in places:
        results = []
        for t, component in ((whole, rewrite.component), (task, parts)):
            h, claim = Hypothesis().claim("a1.h0", rule="same input")
            under = f"{claim}.v" if not rewrite.component.startswith("a1") else "logits"
            h, _ = h.claim(component, under=under, rule=rule, positions=positions, paths=paths, share="one draw")
            results.append(t.scrub(h, samples=40).losses.scrubbed)
        assert np.allclose(results[0], results[1], rtol=1e-4, atol=1e-4)
        assert not np.allclose(results[0], whole.scrub(Hypothesis(), samples=40).losses.model)


@pytest.mark.parametrize(("case", "model"), PAIRS)
@pytest.mark.parametrize("unclaimed", ["per receiver", "per component", "global"])
def test_parts_claimed_apart_with_the_same_input_are_the_model(case: str, model: str, unclaimed: str) -> None:
    rewrite = CASES[case]()[0]
    task = TASKS[model].rewrite(rewrite)
    h = Hypothesis()
    for name in task.graph.layout.names:
        h, _ = h.claim(name)
    r = task.scrub(h, samples=30, unclaimed=unclaimed)
    assert np.allclose(r.losses.scrubbed, r.losses.model, rtol=1e-4, atol=1e-4)
    h = Hypothesis()
    for name in task.graph.layout.names:
        h, claim = h.claim(name)
        for port in task.graph.layout.owner_ports(name):
            if task.graph.layout.senders(name):
                h, _ = h.claim("*", under=f"{claim}.{port}")
    r = task.scrub(h, samples=30, unclaimed=unclaimed)
    assert np.allclose(r.losses.scrubbed, r.losses.model, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("case", "model"), [pair for pair in PAIRS if "embedding" not in pair[0]])
def test_interior_parts_with_one_draw_are_the_interior_component(case: str, model: str) -> None:
    """Under every port the same claims with the same draws, once for the component, once for each of its parts."""
    rewrite, whole = CASES[case]()[0], TASKS[model]
    task = whole.rewrite(rewrite)
    component, parts = rewrite.component, parts_of(task, rewrite.component)

    def tree(names: list[str], t: sw.Task) -> Hypothesis:
        h = Hypothesis()
        for name in names:
            h, claim = h.claim(name, rule="token at 3", share="top")
            for port in t.graph.layout.owner_ports(name):
                h, _ = h.claim("*", under=f"{claim}.{port}", rule="previous token", share="below")
        return h

    mine = task.scrub(tree(parts, task), samples=30).losses.scrubbed
    assert np.allclose(mine, whole.scrub(tree([component], whole), samples=30).losses.scrubbed, rtol=1e-4, atol=1e-4)


def test_a_direction_drawn_by_itself_moves_the_stream_along_it_only() -> None:
    whole = TASKS["gpt2"]
    basis = torch.linalg.qr(vectors(2).T)[0]
    task = whole.rewrite(rewrites.direction("m0", vectors(2)))
    h, _ = Hypothesis().claim("m0[dir]", rule="any input")
    h, _ = h.claim([c for c in task.graph.layout.names if c != "m0[dir]"])
    r = task.scrub(h, samples=20)
    clean = whole.prepare().clean
    x, written = clean.stream("logits"), clean.table("m0")
    references, donors = r.references, r.donors["logits>m0[dir]"]
    moved = x[references] + (written[donors] - written[references]) @ basis @ basis.T
    wanted = whole.loss_of(whole.graph.output(moved), references)
    assert np.allclose(r.losses.scrubbed, wanted, rtol=1e-4, atol=1e-4)


def test_gate_and_up_from_different_inputs_are_multiplied() -> None:
    whole = TASKS["smollm2"]
    task = whole.rewrite(rewrites.gated("m1"))
    h, _ = Hypothesis().claim("m1[gate]", rule="any input")
    h, _ = h.claim([c for c in task.graph.layout.names if c != "m1[gate]"])
    r = task.scrub(h, samples=20)
    clean, mlp = whole.prepare().clean, whole.model.blocks[1].mlp
    references, donors = r.references, r.donors["logits>m1[gate]"]
    read = whole.model.blocks[1].ln2.original_component(clean.stream("m1"))
    gate = torch.nn.functional.silu(read[donors] @ mlp.W_gate + mlp.b_gate)
    made = (gate * (read[references] @ mlp.W_in + mlp.b_in)) @ mlp.W_out + mlp.b_out
    moved = clean.stream("logits")[references] - clean.table("m1")[references] + made
    wanted = whole.loss_of(whole.graph.output(moved.detach()), references)
    assert np.allclose(r.losses.scrubbed, wanted, rtol=1e-4, atol=1e-4)


def test_parts_of_parts() -> None:
    whole = TASKS["smollm2"]
    task = whole.rewrite(
        rewrites.gated("m0"),
        rewrites.direction("m0[gate]", torch.eye(24)[:4]),
        rewrites.attention("a0.h0", offset=-1),
        rewrites.direction("a0.h0[prev]", vectors(2)),
    )
    assert task.graph.layout.names[1:4] == ("a0.h0[prev][dir]", "a0.h0[prev][rest]", "a0.h0[rest]")
    assert [c.part_of for c in task.graph.layout.components if c.kind == "mlp"][:3] == ["m0[gate]", "m0[gate]", "m0"]
    modes: tuple[Paths, ...] = ("direct", "all")
    for paths in modes:
        h = Hypothesis()
        for name in task.graph.layout.names:
            h, _ = h.claim(name, paths=paths)
        for unclaimed in ("per receiver", "per component", "global"):
            r = task.scrub(h, samples=20, unclaimed=unclaimed)
            assert np.allclose(r.losses.scrubbed, r.losses.model, rtol=1e-4, atol=1e-4)
    results = []
    for t, group in ((whole, ["m0"]), (task, ["m0[gate][dir]", "m0[gate][rest]", "m0[up]"])):
        h, claim = Hypothesis().claim("a1.h0")
        h, _ = h.claim(group, under=f"{claim}.k", rule="token", share="S", paths="all")
        results.append(t.scrub(h, samples=30).losses.scrubbed)
    assert np.allclose(results[0], results[1], rtol=1e-4, atol=1e-4)
    with pytest.raises(sw.HypothesisError, match=r"'m0' was rewritten as 'm0\[up\]'|'m0' was rewritten"):
        task.check(Hypothesis().claim("m0")[0])


def test_rewrites_of_functions() -> None:
    toy = sw.load_task("toy_sum")
    task = toy.rewrite(
        rewrites.combine("A", {"x": lambda site: site.read["x0"], "y": lambda site: 0.1 * site.read["x1"] - 0.05 * site.read["x2"] - 3},
                         lambda p: torch.sigmoid(p["x"] + p["y"])),
        rewrites.function("C", lambda site: 3 * site.read["x1"], name="guess"),
    )  # fmt: skip
    assert task.graph.layout.senders("D") == ("A[x]", "A[y]", "B", "C[guess]", "C[rest]")
    h, top = Hypothesis().claim("D")
    for name in task.graph.layout.senders("D"):
        h, _ = h.claim(name, under=top)
    r = task.scrub(h, samples=100, unclaimed="per component")
    assert np.allclose(r.losses.scrubbed, r.losses.model, atol=1e-12)
    h, _ = h.change(f"{top}>A[y]", rule="any input")
    r = task.scrub(h, samples=100)
    c, x, d = task.columns, r.references, r.donors[f"{top}>A[y]"]
    a = 1 / (1 + np.exp(-(c["x0"][x] + 0.1 * c["x1"][d] - 0.05 * c["x2"][d] - 3)))
    b = 1 / (1 + np.exp(-(-0.01 * c["x0"] + c["x1"] + 0.2 * c["x2"] - 3)))[x]
    wanted = (a + b + 0.1 * (c["x0"] + c["x1"] + c["x2"])[x] - c["y"][x]) ** 2
    assert np.allclose(r.losses.scrubbed, wanted, atol=1e-10)


def test_all_paths_from_a_part_recompute_what_comes_after() -> None:
    toy = sw.load_task("toy_sum").rewrite(rewrites.function("x0", lambda site: site.output.round() % 2, name="odd"))
    h, top = Hypothesis().claim("D", rule="same input")
    h, _ = h.claim("x0[odd]", under=top, rule="any input", paths="all")
    r = toy.scrub(h, samples=200)
    c, u, d = toy.columns, r.donors[f"{top}/unclaimed"], r.donors[f"{top}>x0[odd]"]
    x0, x1, x2 = c["x0"][u] - c["x0"][u] % 2 + c["x0"][d] % 2, c["x1"][u], c["x2"][u]
    a, b = 1 / (1 + np.exp(-(x0 + 0.1 * x1 - 0.05 * x2 - 3))), 1 / (1 + np.exp(-(-0.01 * x0 + x1 + 0.2 * x2 - 3)))
    wanted = (a + b + 0.1 * (x0 + x1 + x2) - c["y"][r.references]) ** 2
    assert np.allclose(r.losses.scrubbed, wanted, atol=1e-10)


def test_a_rewrite_says_how_exactly_it_agrees_and_travels_with_the_task() -> None:
    whole = TASKS["native_mlp"]
    task = whole.rewrite(rewrites.direction("m0", vectors(2))).with_rules(first=lambda batch: batch.tokens[:, 0])
    (agreement,) = task.rewrites
    assert 0 <= agreement.on_data < 1e-5
    assert 0 <= agreement.on_random < 1e-5
    assert "m0 = m0[dir] + m0[rest] (largest difference" in repr(task)
    r = task.scrub(Hypothesis().claim("m0[dir]", rule="first")[0], samples=20)
    assert r.provenance["model"] != whole.scrub(Hypothesis(), samples=20).provenance["model"]
    assert "m0[dir]" in r.provenance["rewrites"][0]
    marks = {whole.rewrite(rewrites.direction("m0", vectors(k))).graph.fingerprint() for k in (1, 2, 2)}
    v = vectors(1)
    by_code = {
        whole.rewrite(rewrites.function("m0", f)).graph.fingerprint()
        for f in (by_token, lambda site: v * site.output, nonlinear)
    }
    assert len(marks) == 2  # the same rewrite is the same model, another direction is another
    assert len(by_code) == 3
    ablated = task.scrub(Hypothesis().claim("m0[dir]", rule="first")[0], samples=20, baseline=["m0[rest]"])
    assert np.isfinite(ablated.losses.baseline).all()
    assert "m0[dir]" not in whole.graph.layout.names
    held = sw.load_task("induction").rewrite(rewrites.direction("a0.h0", torch.randn(64))).held_out
    assert held is not None
    assert "a0.h0[dir]" in held.graph.layout.names


def wrong_product(site: rewrites.Site) -> torch.Tensor:
    return site.output * (1 + 0.01 * (site.tokens == 3).unsqueeze(-1))


def wrong(value: Any) -> Any:
    """What a type checker would not let through."""
    return value


@pytest.mark.parametrize(("rewrite", "words"), [
    (lambda: rewrites.direction("m7", vectors(1)), "no component 'm7' to rewrite; the model has 'embed'"),
    (lambda: rewrites.direction("m0", torch.ones(2, 5)), r"shape \[2, 5\].*\[k, 16\]"),
    (lambda: rewrites.direction("m0", torch.zeros(WIDTH)), "zero or depend on each other"),
    (lambda: rewrites.direction("m0", vectors(1).repeat(2, 1)), "zero or depend on each other"),
    (lambda: rewrites.direction("m0", vectors(1), name="rest"), "other than 'rest'"),
    (lambda: rewrites.neurons("m0", [3, 24]), "has neurons 0 to 23"),
    (lambda: rewrites.neurons("a0.h0", [3]), "'a0.h0' is no MLP"),
    (lambda: rewrites.gated("m0"), "has no gate"),
    (lambda: rewrites.attention("m0", offset=-1), "no attention head"),
    (lambda: rewrites.attention("a0.h0"), "either offset="),
    (lambda: rewrites.attention("a0.h0", mask=torch.ones(3, 3)), r"shape \[3, 3\]; expected \[6, 6\]"),
    (lambda: rewrites.function("m0", lambda site: site.tokens), r"gave shape \[12, 6\]; expected \[12, 6, 16\]"),
    (lambda: rewrites.function("m0", lambda site: site.output / 0 * 0), r"not finite on input 0 of the data"),
    (lambda: rewrites.function("m0", lambda site: 1 / 0), r"the part 'f' of 'm0' raises: ZeroDivisionError"),
    (lambda: rewrites.combine("m0", {"g": wrong_product}, lambda p: p["g"]), r"do not make up 'm0': on input \d+, position \d, of the data they differ by 0\.0\d+"),
    (lambda: rewrites.combine("m0", {"g": lambda s: s.output}, lambda p: p["g"][..., :3]), "together have shape"),
    (lambda: rewrites.function("m0", lambda site: torch.rand_like(site.output)), "do not make up 'm0'"),
    (lambda: rewrites.combine("m0", {}, lambda p: p["g"]), "needs at least one part"),
    (lambda: rewrites.neurons("m0", wrong(3)), r"takes a list of whole numbers, such as \[3, 17\], not 3"),
    (lambda: rewrites.neurons("m0", wrong(["a"])), "the neurons of 'm0' are no numbers"),
    (lambda: rewrites.direction("m0", "up"), "the directions for 'm0' are no numbers"),
    (lambda: "m0", r"takes rewrites such as sw.rewrites.direction.*not 'm0'"),
])  # fmt: skip
def test_what_does_not_add_up_is_refused_with_the_worst_example(rewrite: Callable[[], Rewrite], words: str) -> None:
    task = TASKS["native_mlp"]
    with pytest.raises(RewriteError, match=words):
        task.rewrite(rewrite())
    assert task.rewrites == ()


def test_equal_on_the_data_only_is_not_enough() -> None:
    data = {"x": np.arange(20.0), "y": np.arange(20.0)}
    task = sw.Task(FunctionGraph({"a": lambda x, y: torch.relu(x - y)}), data, loss=losses.squared_error("x"))
    with pytest.raises(RewriteError, match="of random inputs"):
        task.rewrite(rewrites.combine("a", {"zero": lambda site: 0 * site.read["x"]}, lambda p: p["zero"]))


def test_inputs_is_the_number_that_the_expected_sentences_name() -> None:
    assert (INPUTS, POSITIONS) == (12, 6)
