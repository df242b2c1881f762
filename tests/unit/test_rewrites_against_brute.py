"""Rewritten models: the engine against full forwards with hooks, for any tree of claims about parts.

Every rewrite is described once, for ``scrub_widgets.rewrites`` and for the brute-force evaluator's own kinds of parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, event, given, note, settings
from hypothesis import strategies as st
from torch import Tensor

import scrub_widgets as sw
from scrub_widgets import rewrites
from scrub_widgets.hypothesis import ROOT, Hypothesis
from tests.unit import brute_parts
from tests.unit.brute import check_donors
from tests.unit.brute_parts import Rewritten
from tests.unit.models import INPUTS, MODELS, POSITIONS, VOCAB
from tests.unit.strategies import RULES, labels, trees
from tests.unit.test_engine_against_brute import LOSSES, POLICIES, TOLERANCE, rule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.unit.brute import Indices, Policy
    from tests.unit.brute_parts import Seen, SplitGraph

WIDTH = 16
NEURONS = 24
READS = ("all logits", "two tokens")
"""The losses here: what is read decides which positions of a part are computed."""
any_tree = settings(
    max_examples=12,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)

# -- functions, of everything that a function in a rewrite sees --------------------------


def numbers(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(sum(shape)))


def by_token(site: Seen) -> Tensor:
    """A table of the tokens alone."""
    return numbers(VOCAB, site.output.shape[-1])[site.tokens]


def nonlinear(site: Seen) -> Tensor:
    """Of the stream and of what the component writes."""
    assert site.resid is not None
    return torch.tanh(site.resid.mean(-1, keepdim=True)) * site.output.abs()


def running(site: Seen) -> Tensor:
    """Of all earlier positions, and of the mask where there is one."""
    real = torch.ones(site.tokens.shape) if site.mask is None else site.mask.float()
    return (real.unsqueeze(-1) * site.output).cumsum(1) / 3


def size(site: Seen) -> Tensor:
    """One number for each position, with a sign by the token."""
    sign = 1 - 2 * (site.tokens % 2)
    return sign.unsqueeze(-1) * site.output.square().mean(-1, keepdim=True).tanh()


def way(site: Seen) -> Tensor:
    """What the size multiplies."""
    return site.output / size(site).exp()


def product(parts: Mapping[str, Tensor]) -> Tensor:
    """No sum, and not the same with its factors exchanged."""
    return parts["size"].exp() * parts["way"]


def some_sources() -> Tensor:
    return numbers(POSITIONS, POSITIONS) > 0


CASES: dict[str, tuple[str, Callable[[Any], list[Any]]]] = {
    "directions, neurons, tokens": (
        "native_mlp",
        lambda of: [
            of.direction("m0", numbers(2, WIDTH)),
            of.function("a0.h0", by_token, name="phi"),
            of.neurons("m1", [3, 17, 5]),
        ],
    ),
    "positions and sources": (
        "gpt2",
        lambda of: [
            of.direction("pos_embed", numbers(WIDTH)),
            of.attention("a0.h1", offset=-1),
            of.neurons("m0", [0, 40], name="two"),
            of.direction("a1.h0", numbers(3, WIDTH), name="v"),
        ],
    ),
    "grouped queries, gates and directions in them": (
        "smollm2",
        lambda of: [
            of.gated("m0"),
            of.direction("m0[gate]", numbers(4, NEURONS)),
            of.attention("a0.h3", mask=some_sources()),
            of.gated("m1"),
        ],
    ),
    "a product beside the attention": (
        "pythia",
        lambda of: [
            of.function("m0", nonlinear),
            of.combine("a0.h0", {"size": size, "way": way}, product),
            of.attention("a1.h1", offset=0),
        ],
    ),
    "padding on the right, seen by all": (
        "bidirectional",
        lambda of: [
            of.attention("a0.h0", mask=some_sources()),
            of.function("a0.h1", running),
            of.combine("m0", {"size": size, "way": way}, product),
            of.direction("a1.h0", numbers(2, WIDTH)),
        ],
    ),
    "padding on the left": (
        "padded_left",
        lambda of: [
            of.direction("embed", numbers(2, WIDTH)),
            of.attention("a0.h0", offset=-1),
            of.direction("a0.h0[prev]", numbers(3, WIDTH)),
            of.gated("m0"),
            of.function("m0[up]", by_token),
            of.function("a1.h2", running),
        ],
    ),
    "embeddings as functions": (
        "gpt2_padded_left",
        lambda of: [
            of.combine("embed", {"size": size, "way": way}, product),
            of.function("pos_embed", running),
            of.combine("a0.h1", {"size": size, "way": way}, product),
            of.direction("a0.h1[way]", numbers(2, WIDTH)),
        ],
    ),
    "parts of parts of parts": (
        "attention_only",
        lambda of: [
            of.attention("a0.h0", offset=0),
            of.combine("a0.h0[rest]", {"size": size, "way": way}, product),
            of.function("a0.h0[rest][way]", nonlinear),
            of.direction("a1.h1", numbers(1, WIDTH)),
            of.function("a1.h1[dir]", by_token),
        ],
    ),
}
"""By what is special: a model, and what is rewritten there, given a module that makes rewrites."""


@dataclass(frozen=True)
class Bench:
    """A rewritten model, ready for both ways to scrub it."""

    brute: Rewritten
    tasks: dict[str, sw.Task]
    labels: dict[str, Indices]

    def agrees(self, result: sw.Result, loss: str, policy: Policy) -> None:
        """Assert that the draws are lawful and that the losses are those of full forwards."""
        tree, graph = result.hypothesis, self.brute.graph
        check_donors(self.labels, tree, result.references, result.donors, policy, graph=graph, positions=POSITIONS)
        logits = self.brute.scrub(tree, result.references, result.donors, policy)
        expected = self.tasks[loss].loss_of(logits, result.references)
        np.testing.assert_allclose(result.losses.scrubbed, expected, rtol=0, atol=TOLERANCE)


@cache
def bench(case: str) -> Bench:
    name, made = CASES[case]
    model = MODELS[name]()
    tasks = {
        loss: sw.Task(
            model.bridge,
            model.tokens,
            loss=function,
            rules={name: rule(function) for name, function in RULES.items()},
            attention_mask=model.mask,
        ).rewrite(*made(rewrites))
        for loss, function in LOSSES.items()
        if loss in READS
    }
    return Bench(Rewritten(*model, made(brute_parts)), tasks, labels(model.tokens.numpy()))


# -- the evaluator itself ----------------------------------------------------------------


@pytest.mark.parametrize("case", CASES)
def test_both_ways_have_the_same_parts_with_the_same_ports(case: str) -> None:
    on = bench(case)
    layout, graph = on.tasks["all logits"].graph.layout, on.brute.graph
    assert layout.names == graph.components
    for name in layout.names:
        assert layout.by_id[name].ports == tuple(port or "in" for port in graph.ports(name))
        if graph.ports(name):
            assert layout.senders(name) == graph.senders(graph.site(name))


@pytest.mark.parametrize("case", CASES)
def test_parts_in_a_run_make_up_what_the_model_itself_computes(case: str) -> None:
    """With nothing replaced a run with parts is the model, and every part counts."""
    brute = bench(case).brute
    everything = torch.arange(INPUTS)
    plain = brute.forward_run(everything, {})
    for site, stream in plain.residual.items():
        torch.testing.assert_close(brute.clean.residual[site], stream, rtol=0, atol=2e-5)
    for split in brute.graph.splits:
        if not split.component.endswith("]"):
            own = brute.written(split.component, brute.clean.values)
            torch.testing.assert_close(own, plain.values[split.component], rtol=0, atol=2e-5)
            for leaf in brute.graph.leaves(split.component):
                without = {**brute.clean.values, leaf: torch.zeros_like(brute.clean.values[leaf])}
                assert (brute.written(split.component, without) - own).abs().max() > 1e-3, leaf


# -- the engine and the model itself -----------------------------------------------------


def one_by_one(graph: SplitGraph) -> Iterator[Hypothesis]:
    """For every part: from its ports, with a donor for each position; by all its paths beside its siblings' edges or another's."""
    parts = [name for name in graph.components if name.endswith("]")]
    for name in parts:
        siblings = [other for other in parts if graph.whole(other) == graph.whole(name)]
        if graph.ports(name):
            h, claim = Hypothesis().claim(name, rule="token parity", positions=[1, 2, 4, 5])
            for i, port in enumerate(graph.ports(name)):
                senders, under = graph.senders(graph.site(name)), f"{claim}.{port}" if port else claim
                h, _ = h.claim(senders[i % len(senders)], under=under, rule=("any input", "token")[i % 2])
            h, _ = h.claim([other for other in siblings if other != name], rule="first token parity")
            yield h
        readers = [top for top in graph.components if graph.ports(top) and name in graph.senders(graph.site(top))]
        h, claim = Hypothesis().claim(readers[-1], rule="first token parity") if readers else (Hypothesis(), ROOT)
        port = graph.ports(readers[-1])[-1] if readers else ""
        under = f"{claim}.{port}" if port else claim
        h, _ = h.claim(name, under=under, rule="any input", paths="all", positions=[0, 2, 3])
        for i, other in enumerate(siblings):
            h, _ = h.claim(other, under=under, rule="last token thirds", positions=[1, 4] if other == name else [i, 4])
        yield h
        last = graph.components[-1]
        if graph.whole(last) != graph.whole(name):
            # A run starts where the first of them writes, be it deep within a component.
            h, _ = Hypothesis().claim(name, rule="any input", paths="all")
            h, _ = h.claim(last, rule="any input", paths="all", positions=[2, 5])
            yield h


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("case", CASES)
def test_every_part_has_the_losses_of_full_forwards(case: str, policy: Policy) -> None:
    on = bench(case)
    for i, tree in enumerate(one_by_one(on.brute.graph)):
        if i % len(POLICIES) == POLICIES.index(policy):
            loss = READS[i % len(READS)]
            result = on.tasks[loss].scrub(tree, samples=4, seed=i, unclaimed=policy, progress=False)
            on.agrees(result, loss, policy)


@pytest.mark.parametrize("case", CASES)
def test_any_tree_about_parts_has_the_losses_of_full_forwards(case: str) -> None:
    on = bench(case)

    @any_tree
    @given(
        tree=trees(on.brute.graph, POSITIONS, max_claims=6),
        policy=st.sampled_from(POLICIES),
        loss=st.sampled_from(READS),
        samples=st.integers(3, 5),
        seed=st.integers(0, 2**32),
    )
    def check(tree: Hypothesis, policy: Policy, loss: str, samples: int, seed: int) -> None:
        note(str(tree))
        event(f"{sum(name.endswith(']') for claim in tree for name in claim.components)} parts claimed")
        result = on.tasks[loss].scrub(tree, samples=samples, seed=seed, unclaimed=policy, progress=False)
        on.agrees(result, loss, policy)

    check()
