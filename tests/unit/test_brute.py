"""The brute-force evaluator, and the hooks it stands on, against identities that need no look at its code."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from scrub_widgets.hypothesis import ROOT, Hypothesis
from tests.unit.brute import Brute, Patch, check_donors, covered, edit, interior, keep, put
from tests.unit.models import INPUTS, MODELS, POSITIONS
from tests.unit.strategies import labels, trees

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.unit.brute import Donors, Graph, Indices, Labels, Policy
    from tests.unit.models import Model

ROWS = 5
POLICIES = ("per receiver", "per component", "global")
MASKED = ("bidirectional", "padded_left", "gpt2_padded_left")
EACH_KIND = ("native_mlp", "smollm2", "pythia", "bidirectional")
"""For the evaluator's own algebra, which meets a model only through what is tested on all of them."""

Drawn = tuple[Brute, Hypothesis, "Indices", dict[str, "Indices"]]
some_trees = settings(
    max_examples=6, database=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


@cache
def made(name: str) -> tuple[Model, Brute]:
    model = MODELS[name]()
    return model, Brute(*model)


@pytest.fixture(params=MODELS)
def every(request: pytest.FixtureRequest) -> Brute:
    """Every model."""
    return made(request.param)[1]


@pytest.fixture(params=EACH_KIND)
def brute(request: pytest.FixtureRequest) -> Brute:
    """A model of each kind."""
    return made(request.param)[1]


def equal(one: Tensor, two: Tensor, atol: float = 2e-5) -> None:
    assert_close(one, two, rtol=0, atol=atol)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


# -- the hooks that the evaluator stands on, on every class of bridge ------------------


def test_components_and_constants_make_up_the_residual_stream(every: Brute) -> None:
    sites = ["a0", "a1", ROOT] + (["m0", "m1"] if every.graph.mlps else [])
    for site in sites:
        total = sum(every.clean.values[name] for name in every.graph.senders(site)) + every.constants(site)
        equal(total, every.clean.residual[site], atol=1e-5)


def test_the_graph_lists_what_the_model_runs(every: Brute) -> None:
    assert set(every.clean.values) == set(every.graph.components)
    for name in every.graph.components:
        if every.graph.ports(name):
            assert name not in every.graph.senders(every.graph.site(name))


def test_the_mlp_reads_what_its_norm_receives(every: Brute) -> None:
    for layer in range(every.graph.layers if every.graph.mlps else 0):
        seen: dict[str, Tensor] = {}
        every.forward(torch.arange(INPUTS), [(f"blocks.{layer}.ln2.hook_in", keep(seen, "read"))])
        equal(every.clean.residual[f"m{layer}"], seen["read"], atol=1e-5)


def test_recomputing_from_clean_inputs_changes_nothing(every: Brute) -> None:
    everything, residual = torch.arange(INPUTS), every.clean.residual
    for name in every.graph.components:
        layer = int(name[1]) if every.graph.ports(name) else 0
        if name.startswith("a"):
            again = every.head(layer, int(name[4:]), dict.fromkeys("qkv", residual[f"a{layer}"]), everything)
        elif name.startswith("m"):
            again = every.mlp(layer, residual[name], everything)
        else:
            continue
        equal(again, every.clean.values[name], atol=1e-5)
    equal(every.read_out(residual[ROOT]), every.forward(everything), atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_head_recomputed_from_three_different_inputs(name: str) -> None:
    """Against attention written out (native bridges) and TransformerLens's own split inputs (all others)."""
    model, brute = made(name)
    generator = torch.Generator().manual_seed(5)
    rows = torch.randperm(INPUTS, generator=generator)
    for layer in range(brute.graph.layers):
        shape = brute.clean.residual["a0"].shape
        mixed = {port: 2 * torch.randn(shape, generator=generator) for port in "qkv"}
        expected = attention_written_out if hasattr(model.bridge.original_model, "tok_embed") else attention_with_flags
        z = expected(model, layer, mixed, rows)
        for head in range(brute.graph.heads):
            value = z[:, :, head] @ model.bridge.blocks[layer].attn.W_O[head]
            equal(brute.head(layer, head, mixed, rows), value.detach(), atol=1e-5)


def attention_written_out(model: Model, layer: int, inputs: dict[str, Tensor], rows: Tensor) -> Tensor:
    block = model.bridge.original_model.layers[layer]
    norm, attention = block.ln1, block.attn
    q, k, v = (getattr(attention, port)(norm(inputs[port])) for port in "qkv")
    q, k, v = (x.unflatten(-1, (attention.n_heads, -1)) for x in (q, k, v))
    scores = torch.einsum("nqhd,nkhd->nhqk", q, k) / attention.d_head**0.5
    if model.bridge.cfg.attention_dir == "causal":
        scores = scores.masked_fill(torch.ones(POSITIONS, POSITIONS).triu(1).bool(), -torch.inf)
    if model.mask is not None:
        scores = scores.masked_fill(model.mask[rows][:, None, None] == 0, -torch.inf)
    return torch.einsum("nhqk,nkhd->nqhd", scores.softmax(-1), v).detach()


def attention_with_flags(model: Model, layer: int, inputs: dict[str, Tensor], rows: Tensor) -> Tensor:
    seen: dict[str, Tensor] = {}

    attention = f"blocks.{layer}.attn"
    hooks = [(f"{attention}.hook_{port}_input", put(x[:, :, None])) for port, x in inputs.items()]
    hooks.append((f"{attention}.hook_z", keep(seen, "z")))
    mask = {} if model.mask is None else {"attention_mask": model.mask[rows]}
    model.bridge.set_use_split_qkv_input(True)
    try:
        with torch.no_grad():
            model.bridge.run_with_hooks(model.tokens[rows], fwd_hooks=hooks, **mask)
    finally:
        model.bridge.set_use_split_qkv_input(False)
    return seen["z"]


def test_an_mlp_reads_only_the_input_it_is_given(every: Brute) -> None:
    """From another residual: what an MLP computes there, in a batch of other inputs, position by position."""
    for layer in range(every.graph.layers if every.graph.mlps else 0):
        clean = every.clean.residual[f"m{layer}"]
        turned = clean.roll(1, dims=0).roll(1, dims=1)
        expected = every.clean.values[f"m{layer}"].roll(1, dims=0).roll(1, dims=1)
        equal(every.mlp(layer, turned, torch.arange(INPUTS)), expected, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_a_patch_is_an_activation_patch(name: str) -> None:
    """A head against a plain hook on z, the embedding against other tokens, both at some positions only."""
    model, brute = made(name)
    rows, other = torch.arange(INPUTS), torch.arange(INPUTS).roll(3)
    where = torch.arange(POSITIONS) >= POSITIONS // 2
    mask = {} if model.mask is None else {"attention_mask": model.mask[rows]}

    def z_of_other(value: Tensor) -> Tensor:
        donor = torch.where(where[:, None], clean_z[other, :, 1], value[:, :, 1])
        return torch.stack([value[:, :, h] if h != 1 else donor for h in range(value.shape[2])], dim=2)

    with torch.no_grad():
        _, cached = model.bridge.run_with_cache(model.tokens, names_filter="blocks.0.attn.hook_z", **mask)
        clean_z = cached["blocks.0.attn.hook_z"]
        expected = model.bridge.run_with_hooks(
            model.tokens, fwd_hooks=[("blocks.0.attn.hook_z", edit(z_of_other))], **mask
        )
        mixed = torch.where(where, model.tokens[other], model.tokens)
        expected_of_tokens = model.bridge(mixed, **mask)
    run = brute.run(rows, {"a0.h1": Patch(brute.clean.values["a0.h1"][other], where)})
    equal(brute.read_out(run.residual[ROOT]), expected)
    run = brute.run(rows, {"embed": Patch(brute.clean.values["embed"][other], where)})
    equal(brute.read_out(run.residual[ROOT]), expected_of_tokens)


def test_later_patches_win_over_earlier_ones(every: Brute) -> None:
    """Patched components have exactly the value they were given; what stands between them is recomputed."""
    everywhere = torch.ones(POSITIONS, dtype=torch.bool)
    last = f"a{every.graph.layers - 1}.h0"
    patches = {name: Patch(torch.randn(INPUTS, POSITIONS, 16), everywhere) for name in ("embed", last)}
    run = every.run(torch.arange(INPUTS), patches)
    for name, patch in patches.items():
        equal(run.values[name], patch.value, atol=0)
    assert not torch.allclose(run.values["a0.h0"], every.clean.values["a0.h0"], atol=1e-2)
    for site in ("a1", ROOT):
        total = sum(run.values[name] for name in every.graph.senders(site)) + every.constants(site)
        equal(total, run.residual[site], atol=1e-5)


@pytest.mark.parametrize("name", MASKED)
def test_the_bridge_honours_the_padding_mask(name: str) -> None:
    """Padded positions are seen nowhere else, and the logits are those of the input without padding."""
    model, brute = made(name)
    assert model.mask is not None
    rows, real = torch.arange(INPUTS), model.mask.bool()
    clean = brute.forward(rows)
    assert torch.isfinite(clean).all()
    with torch.no_grad():
        other = model.bridge(model.tokens.where(real, 1), attention_mask=model.mask)
        equal(other[real], clean[real], atol=1e-5)
        for row in rows:
            alone = model.bridge(model.tokens[row : row + 1, real[row]])
            equal(alone[0], clean[row, real[row]])


# -- scrubbing -------------------------------------------------------------------------


def pick(rng: np.random.Generator, *shape: int) -> Indices:
    """Random inputs: as many as there are rows, or of another shape."""
    return rng.integers(INPUTS, size=shape or (ROWS,))


def logits_of(brute: Brute, rows: Indices) -> Tensor:
    return brute.forward(torch.as_tensor(rows))


def unclaimed(brute: Brute, hypothesis: Hypothesis, policy: Policy, rng: np.random.Generator) -> dict[str, Indices]:
    """Draws for unclaimed inputs alone, one for each row."""
    once = pick(rng)
    if policy == "global":
        return {f"{owner}/unclaimed": once for owner in interior(hypothesis)}
    if policy == "per receiver":
        return {f"{owner}/unclaimed": pick(rng) for owner in interior(hypothesis)}
    every = brute.graph.components
    return {f"{owner}/unclaimed/{name}": pick(rng) for owner in interior(hypothesis) for name in every}


def all_under(
    tree: Hypothesis, path: str, names: Sequence[str], rule: str = "same input"
) -> tuple[Hypothesis, list[str]]:
    """A leaf for each of these components."""
    ids = []
    for name in names:
        tree, new = tree.claim(name, under=path, rule=rule)
        ids.append(new)
    return tree, ids


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("whole", [True, False])
def test_claiming_everything_on_the_reference_is_the_model(
    brute: Brute, policy: Policy, whole: bool, rng: np.random.Generator
) -> None:
    tree, ids = all_under(Hypothesis(), ROOT, ["*"] if whole else brute.graph.components)
    references = pick(rng)
    donors = {**unclaimed(brute, tree, policy, rng), **dict.fromkeys(ids, references)}
    scrubbed = brute.scrub(tree, references, donors, policy)
    equal(scrubbed, logits_of(brute, references))


@pytest.mark.parametrize("policy", ["per receiver", "global"])
def test_claiming_nothing_is_another_input(brute: Brute, policy: Policy, rng: np.random.Generator) -> None:
    references, other = pick(rng), pick(rng)
    scrubbed = brute.scrub(Hypothesis(), references, {f"{ROOT}/unclaimed": other}, policy)
    equal(scrubbed, logits_of(brute, other))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("whole", [True, False])
def test_an_interior_claim_with_everything_on_its_own_donor_is_a_leaf(
    brute: Brute, policy: Policy, whole: bool, rng: np.random.Generator
) -> None:
    """With the mask of another input, or a port that takes its input from elsewhere, it would not be."""
    last = brute.graph.layers - 1
    for name in (f"a{last}.h1", f"m{last}") if brute.graph.mlps else (f"a{last}.h1",):
        leaf, claim = Hypothesis().claim(name)
        tree, below = leaf, []
        for port in brute.graph.ports(name):
            senders = brute.graph.senders(brute.graph.site(name))
            tree, ids = all_under(tree, f"{claim}.{port}" if port else claim, ["*"] if whole else senders)
            below += ids
        references, donor = pick(rng), pick(rng)
        draws = unclaimed(brute, tree, policy, rng) | dict.fromkeys([claim, *below], donor)
        equal(
            brute.scrub(tree, references, draws, policy),
            brute.scrub(leaf, references, draws, policy),
        )


def test_the_ports_of_a_head_are_told_apart(brute: Brute, rng: np.random.Generator) -> None:
    """One port on its own donor is neither all of them nor another one."""
    last = brute.graph.layers - 1
    references, donor = pick(rng), pick(rng)
    results = []
    for port in "qkv":
        tree, claim = Hypothesis().claim(f"a{last}.h0")
        tree, below = tree.claim("*", under=f"{claim}.{port}")
        draws = {f"{o}/unclaimed": np.zeros(ROWS, dtype=int) for o in interior(tree)} | {
            claim: donor,
            below: donor,
        }
        results.append(brute.scrub(tree, references, draws, "per receiver"))
    tree, claim = Hypothesis().claim(f"a{last}.h0")
    results.append(brute.scrub(tree, references, {claim: donor, f"{ROOT}/unclaimed": 0 * donor}, "per receiver"))
    for i, one in enumerate(results):
        for two in results[:i]:
            assert (one - two).abs().max() > 1e-3


def test_a_leaf_is_the_clean_stream_with_one_component_exchanged(brute: Brute, rng: np.random.Generator) -> None:
    references, donor, other = pick(rng), pick(rng), pick(rng)
    for name in brute.graph.components:
        tree, claim = Hypothesis().claim(name)
        values = brute.clean.values[name]
        residual = brute.clean.residual[ROOT][other] - values[other] + values[donor]
        scrubbed = brute.scrub(tree, references, {claim: donor, f"{ROOT}/unclaimed": other}, "per receiver")
        equal(scrubbed, brute.read_out(residual))


def test_a_group_is_its_members_with_one_donor(brute: Brute, rng: np.random.Generator) -> None:
    """Interior members too: the same inputs at the ports, the same unclaimed donor."""
    heads = ["a0.h1", "a1.h0", "a1.h1"]
    references, donor, below, other = pick(rng), pick(rng), pick(rng), pick(rng)
    group, claim = Hypothesis().claim(heads)
    group, inside = group.claim("embed", under=f"{claim}.v", paths="all")
    alone, draws = Hypothesis(), {claim: donor, inside: below}
    for head in heads:
        alone, own = alone.claim(head)
        alone, sender = alone.claim("embed", under=f"{own}.v", paths="all")
        draws |= {own: donor, sender: below, f"{own}/unclaimed": other}
    draws |= {f"{ROOT}/unclaimed": pick(rng), f"{claim}/unclaimed": other}
    together = brute.scrub(group, references, draws, "per receiver")
    equal(together, brute.scrub(alone, references, draws, "per receiver"))


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize(
    ("component", "paths"), [("embed", "all"), ("a0.h0", "direct"), ("a0.h0", "all"), ("*", "direct")]
)
def test_two_halves_of_the_positions_make_a_whole(
    brute: Brute, policy: Policy, component: str, paths: Literal["direct", "all"], rng: np.random.Generator
) -> None:
    references, donor = pick(rng), pick(rng)
    whole, everywhere = Hypothesis().claim(component, paths=paths)
    halves, first = Hypothesis().claim(component, paths=paths, positions=[0, 3])
    halves, second = halves.claim(component, paths=paths, positions=[p for p in range(POSITIONS) if p not in (0, 3)])
    draws = unclaimed(brute, whole, policy, rng) | dict.fromkeys([everywhere, first, second], donor)
    one, two = (brute.scrub(tree, references, draws, policy) for tree in (whole, halves))
    equal(one, two)
    half = brute.scrub(halves.remove(second), references, draws, policy)
    assert (half - one).abs().max() > 1e-3


def test_all_paths_of_the_embeddings_are_the_model(brute: Brute, rng: np.random.Generator) -> None:
    """With the unclaimed donor's mask: so with one length for all, or with the references as that donor."""
    references = pick(rng)
    tree, ids = Hypothesis(), []
    for name in ("embed", "pos_embed") if brute.graph.positions_in_stream else ("embed",):
        tree, new = tree.claim(name, paths="all")
        ids.append(new)
    other = pick(rng) if brute.attention_mask is None else references
    draws = {f"{ROOT}/unclaimed": other} | dict.fromkeys(ids, references)
    scrubbed = brute.scrub(tree, references, draws, "per receiver")
    equal(scrubbed, logits_of(brute, references))


def test_all_paths_of_a_head_are_an_activation_patch(brute: Brute, rng: np.random.Generator) -> None:
    references, donor, other = pick(rng), pick(rng), pick(rng)
    tree, claim = Hypothesis().claim("a0.h0", paths="all")
    draws = {claim: donor, f"{ROOT}/unclaimed": other}
    scrubbed = brute.scrub(tree, references, draws, "per receiver")

    seen: dict[str, Tensor] = {}
    brute.forward(torch.as_tensor(donor), [("blocks.0.attn.hook_z", keep(seen, "z"))])
    patch = edit(lambda z: torch.cat([seen["z"][:, :, :1], z[:, :, 1:]], dim=2))
    patched = brute.forward(torch.as_tensor(other), [("blocks.0.attn.hook_z", patch)])
    equal(scrubbed, patched)
    direct = brute.scrub(tree.change(claim, paths="direct")[0], references, draws, "per receiver")
    assert (direct - patched).abs().max() > 1e-3


def test_a_direct_claim_replaces_its_edge_on_top_of_the_patched_run(brute: Brute, rng: np.random.Generator) -> None:
    """What it takes away is its value in that run, not the clean one."""
    references, patch, donor, other = pick(rng), pick(rng), pick(rng), pick(rng)
    last = f"a{brute.graph.layers - 1}.h1"
    tree, below = Hypothesis().claim("a0.h0", paths="all")
    tree, direct = tree.claim(last)
    draws = {below: patch, direct: donor, f"{ROOT}/unclaimed": other}
    everywhere = torch.ones(POSITIONS, dtype=torch.bool)
    run = brute.run(torch.as_tensor(other), {"a0.h0": Patch(brute.clean.values["a0.h0"][patch], everywhere)})
    residual = run.residual[ROOT] - run.values[last] + brute.clean.values[last][donor]
    equal(brute.scrub(tree, references, draws, "per receiver"), brute.read_out(residual))


@pytest.mark.parametrize("name", EACH_KIND)
def test_own_donors_that_agree_are_one_donor(name: str) -> None:
    """``per component`` with one donor for all components of a claim is ``per receiver``, for any tree."""
    brute = made(name)[1]

    @some_trees
    @given(trees(brute.graph, POSITIONS, max_claims=5), st.integers(0, 99))
    def check(tree: Hypothesis, seed: int) -> None:
        references, donors = sampled(brute, tree, "per receiver", seed)
        split = dict(donors)
        for owner in interior(tree):
            once = split.pop(f"{owner}/unclaimed")
            split |= {f"{owner}/unclaimed/{component}": once for component in brute.graph.components}
        one = brute.scrub(tree, references, donors, "per receiver")
        equal(brute.scrub(tree, references, split, "per component"), one, atol=5e-5)

    check()


@pytest.mark.parametrize("name", EACH_KIND)
def test_position_wise_draws_that_agree_are_one_draw(name: str) -> None:
    """A donor for each position, the same one for all of them, is a donor for the input, for any tree."""
    brute = made(name)[1]

    @some_trees
    @given(trees(brute.graph, POSITIONS, max_claims=4), st.integers(0, 99))
    def check(tree: Hypothesis, seed: int) -> None:
        rng = np.random.default_rng(seed)
        once = {claim.id: pick(rng) for claim in tree} | {f"{o}/unclaimed": pick(rng) for o in interior(tree)}
        wide = {}
        for key, donor in once.items():
            # As many axes as there are claims above; more than two take more rows than a test should.
            axes = min(key.count(">"), 2)
            wide[key] = np.broadcast_to(donor.reshape(ROWS, *[1] * axes), (ROWS, *[POSITIONS] * axes))
        references = pick(rng)
        one = brute.scrub(tree, references, once, "per receiver")
        equal(brute.scrub(tree, references, wide, "per receiver"), one, atol=5e-5)

    check()


def test_a_position_wise_leaf_takes_every_position_from_its_own_donor(brute: Brute, rng: np.random.Generator) -> None:
    references, donor, other = pick(rng), pick(rng, ROWS, POSITIONS), pick(rng)
    tree, claim = Hypothesis().claim("a1.h0")
    draws = {claim: donor, f"{ROOT}/unclaimed": other}
    values, residual = brute.clean.values["a1.h0"], brute.clean.residual[ROOT][other]
    for position in range(POSITIONS):
        value = values[donor[:, position], position]
        residual[:, position] += value - values[other, position]
    equal(brute.scrub(tree, references, draws, "per receiver"), brute.read_out(residual))


def test_a_position_wise_interior_claim_is_one_scrub_for_each_position(brute: Brute, rng: np.random.Generator) -> None:
    """Its sub-tree is evaluated whole for the donor of one position, of which that position alone is kept."""
    references = pick(rng)
    tree, claim = Hypothesis().claim("a1.h0")
    tree, query = tree.claim("a0.h1", under=f"{claim}.q")
    tree, key = tree.claim("embed", under=f"{claim}.k")
    draws = {
        claim: pick(rng, ROWS, POSITIONS),
        query: pick(rng, ROWS, POSITIONS),
        key: pick(rng, ROWS, POSITIONS, POSITIONS),
        f"{claim}/unclaimed": pick(rng, ROWS, POSITIONS),
        f"{ROOT}/unclaimed": pick(rng),
    }
    whole = brute.scrub(tree, references, draws, "per receiver")
    for position in range(POSITIONS):
        here, one = tree.change(claim, positions=[position])
        one_draws = {f"{ROOT}/unclaimed": draws[f"{ROOT}/unclaimed"]} | {
            name.replace(claim, one): donor[:, position] for name, donor in draws.items() if claim in name
        }
        scrubbed = brute.scrub(here, references, one_draws, "per receiver")
        equal(scrubbed[:, position], whole[:, position])


# -- draws -----------------------------------------------------------------------------


def sampled(brute: Brute, tree: Hypothesis, policy: Policy, seed: int) -> tuple[Indices, dict[str, Indices]]:
    """References and naive draws for a tree."""
    rng = np.random.default_rng(seed)
    references = pick(rng, 3)
    known = labels(brute.tokens.numpy())
    return references, naive_draws(tree, references, known, policy, brute.graph, rng)


def naive_draws(
    tree: Hypothesis,
    references: Indices,
    known: Labels,
    policy: Policy,
    graph: Graph,
    rng: np.random.Generator,
) -> dict[str, Indices]:
    """Draws as the semantics say, one at a time."""
    donors: dict[str, Indices] = {ROOT: references}
    shares: dict[str, Indices] = {}

    for claim in tree:
        label, parent = known[claim.rule], donors[claim.parent]
        at_each = [label] if label.ndim == 1 else list(label.T)
        drawn = np.array(
            [[rng.choice(np.flatnonzero(at == at[above])) for at in at_each] for above in parent.flat]
        ).reshape(*parent.shape, *label.shape[1:])
        if claim.share is not None:
            drawn = shares.setdefault(claim.share, drawn)
        donors[claim.id] = drawn
    once = pick(rng, len(references))
    unclaimed = {}
    for owner in interior(tree):
        shape = donors[owner].shape
        if policy == "per receiver":
            unclaimed[f"{owner}/unclaimed"] = pick(rng, *shape)
        elif policy == "global":
            wide = once.reshape(-1, *[1] * (len(shape) - 1))
            unclaimed[f"{owner}/unclaimed"] = np.broadcast_to(wide, shape)
        else:
            readers = (ROOT,) if owner == ROOT else tree[owner].components
            senders = {name for reader in readers for name in graph.senders(graph.site(reader))}
            unclaimed |= {f"{owner}/unclaimed/{name}": pick(rng, *shape) for name in sorted(senders)}
    del donors[ROOT]
    return donors | unclaimed


def checked(brute: Brute, tree: Hypothesis, references: Indices, donors: Donors, policy: Policy) -> None:
    known = labels(brute.tokens.numpy())
    check_donors(known, tree, references, donors, policy, graph=brute.graph, positions=POSITIONS)


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("name", EACH_KIND)
def test_naive_draws_for_any_tree_pass_and_can_be_scrubbed(name: str, policy: Policy) -> None:
    brute = made(name)[1]

    @some_trees
    @given(trees(brute.graph, POSITIONS), st.integers(0, 99))
    def check(tree: Hypothesis, seed: int) -> None:
        references, donors = sampled(brute, tree, policy, seed)
        checked(brute, tree, references, donors, policy)
        if len(tree) <= 4:
            assert torch.isfinite(brute.scrub(tree, references, donors, policy)).all()

    check()


@pytest.fixture
def drawn() -> Drawn:
    """Good draws, for the tests below to spoil."""
    brute = made("native_mlp")[1]
    tree, head = Hypothesis().claim("a1.h0", rule="first token parity")
    tree, _ = tree.claim("embed", under=f"{head}.q", rule="any input", share="S")
    tree, _ = tree.claim("m0", under=f"{head}.k", rule="any input", share="S")
    tree, _ = tree.claim("a0.h0", under=f"{head}.v", rule="token")
    references, donors = sampled(brute, tree, "per receiver", seed=0)
    checked(brute, tree, references, donors, "per receiver")
    return brute, tree, references, donors


HEAD, LEAF, SHARED = "logits>a1.h0", "logits>a1.h0.v>a0.h0", "logits>a1.h0.q>embed"
BELOW_A_LEAF = "logits>a1.h0.k>m0/unclaimed"


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda d: d.pop(HEAD), f"'{HEAD}' has no donors"),
        (lambda d: d[LEAF].__setitem__((0, 2), -1), "none of the 12 inputs"),
        (lambda d: d.update({LEAF: d[HEAD]}), r"shape \(3,\), not \(3, 6\)"),
        (lambda d: d.update({SHARED: 11 - d[SHARED]}), "share a draw"),
        (lambda d: d.pop(f"{HEAD}/unclaimed"), rf"no draws for \['{HEAD}/unclaimed'\]"),
        (lambda d: d.update({"logits>m1": d[HEAD]}), r"needs none: \['logits>m1'\]"),
        (lambda d: d.update({BELOW_A_LEAF: d[HEAD]}), rf"needs none: \['{BELOW_A_LEAF}'\]"),
        (lambda d: d.update({"logits/unclaimed": d[HEAD] + 0.5}), "no integers"),
    ],
)
def test_spoiled_draws_are_noticed(drawn: Drawn, spoil: Callable[[dict[str, Indices]], object], message: str) -> None:
    brute, tree, references, donors = drawn
    spoil(donors)
    with pytest.raises(AssertionError, match=message):
        checked(brute, tree, references, donors, "per receiver")


def test_a_donor_must_be_in_the_class_of_the_donor_above(drawn: Drawn) -> None:
    brute, tree, references, donors = drawn
    parity = brute.tokens[:, 0].numpy() % 2
    donors[HEAD][1] = np.flatnonzero(parity != parity[references[1]])[0]
    with pytest.raises(AssertionError, match="1 donors have another 'first token parity'"):
        checked(brute, tree, references, donors, "per receiver")


def test_a_position_wise_donor_must_agree_at_its_own_position(drawn: Drawn) -> None:
    brute, tree, references, donors = drawn
    leaf, above = "logits>a1.h0.v>a0.h0", donors["logits>a1.h0"]
    tokens = brute.tokens.numpy()
    donors[leaf][0, 2] = np.flatnonzero(tokens[:, 2] != tokens[above[0], 2])[0]
    with pytest.raises(AssertionError, match="1 donors have another 'token'"):
        checked(brute, tree, references, donors, "per receiver")


def test_draws_of_another_policy_are_noticed(drawn: Drawn) -> None:
    brute, tree, references, donors = drawn
    donors["logits/unclaimed"] = (donors["logits>a1.h0/unclaimed"] + 1) % INPUTS
    with pytest.raises(AssertionError, match="not the one draw of the run"):
        checked(brute, tree, references, donors, "global")
    with pytest.raises(AssertionError, match="no draws for"):
        checked(brute, tree, references, donors, "per component")


def test_what_is_claimed_everywhere_needs_no_draw_of_its_own() -> None:
    brute = made("native_mlp")[1]
    tree, _ = Hypothesis().claim("embed")
    tree, _ = tree.claim("m0", positions=[0, 1])
    assert covered(tree, ROOT, "", "embed", POSITIONS).all()
    assert covered(tree, ROOT, "", "m0", POSITIONS).tolist() == [True, True, False, False, False, False]
    references, donors = sampled(brute, tree, "per component", seed=0)
    checked(brute, tree, references, donors, "per component")
    del donors["logits/unclaimed/embed"]
    checked(brute, tree, references, donors, "per component")
    del donors["logits/unclaimed/m0"]
    with pytest.raises(AssertionError, match=r"no draws for \['logits/unclaimed/m0'\]"):
        checked(brute, tree, references, donors, "per component")
