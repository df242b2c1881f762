"""The engine against full forwards with hooks: for the same draws the same losses, for any tree on any model.

Then what holds whatever the model computes: the identities of the semantics, and the laws that draws obey.
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

import scrub_widgets as sw
from scrub_widgets.hypothesis import ROOT
from tests.unit.brute import Brute, check_donors
from tests.unit.models import INPUTS, MODELS, POSITIONS
from tests.unit.strategies import RULES, labels, trees

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.brute import Indices, Policy

POLICIES = ("per receiver", "per component", "global")
TOLERANCE = 1e-4
LOSSES: dict[str, sw.losses.Loss | sw.losses.LossFunction] = {
    "all positions": sw.losses.next_token(),
    # What is read decides which positions the engine computes at all.
    "the last token": sw.losses.next_token(positions=[-1]),
    "two tokens": sw.losses.next_token(positions=[0, 3]),
    "all logits": lambda logits, batch: logits.square().mean((1, 2)),
}
any_tree = settings(
    max_examples=20,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@dataclass(frozen=True)
class Bench:
    """A model, ready for both ways to scrub it."""

    brute: Brute
    tasks: dict[str, sw.Task]
    """By name of the loss."""
    labels: dict[str, Indices]

    @property
    def task(self) -> sw.Task:
        """The task whose loss reads all positions."""
        return self.tasks["all positions"]

    def agrees(self, result: sw.Result, loss: str, policy: Policy) -> None:
        """Assert that the draws are lawful and that the losses are those of full forwards."""
        check_donors(
            self.labels,
            result.hypothesis,
            result.references,
            result.donors,
            policy,
            graph=self.brute.graph,
            positions=POSITIONS,
        )
        logits = self.brute.scrub(result.hypothesis, result.references, result.donors, policy)
        expected = self.tasks[loss].loss_of(logits, result.references)
        np.testing.assert_allclose(result.losses.scrubbed, expected, rtol=0, atol=TOLERANCE)


def rule(function: Callable[[Indices], Indices]) -> Callable[[Any], Indices]:
    """A rule of tokens as the task wants it."""
    return lambda batch: function(np.asarray(batch.tokens))


@cache
def bench(name: str) -> Bench:
    model = MODELS[name]()
    tasks = {
        loss: sw.Task(
            model.bridge,
            model.tokens,
            loss=function,
            rules={name: rule(function) for name, function in RULES.items()},
            attention_mask=model.mask,
        )
        for loss, function in LOSSES.items()
    }
    return Bench(Brute(*model), tasks, labels(model.tokens.numpy()))


# -- the engine and the model itself ---------------------------------------------------


@pytest.mark.parametrize("name", MODELS)
def test_any_tree_has_the_losses_of_full_forwards(name: str) -> None:
    on = bench(name)

    @any_tree
    @given(
        tree=trees(on.brute.graph, POSITIONS),
        policy=st.sampled_from(POLICIES),
        loss=st.sampled_from(sorted(LOSSES)),
        samples=st.integers(3, 6),
        seed=st.integers(0, 2**32),
    )
    def check(tree: sw.Hypothesis, policy: Policy, loss: str, samples: int, seed: int) -> None:
        note(str(tree))
        event(f"depth {max((claim.id.count('>') for claim in tree), default=0)}")
        result = on.tasks[loss].scrub(tree, samples=samples, seed=seed, unclaimed=policy, progress=False)
        on.agrees(result, loss, policy)

    check()


def hand_made() -> Iterator[tuple[str, sw.Hypothesis]]:
    """Trees that random ones meet too rarely, each for one thing that could go wrong."""
    h, head = sw.Hypothesis().claim("a1.h0", rule="token")
    h, below = h.claim("a0.h1", under=f"{head}.k", rule="previous token")
    h, _ = h.claim("embed", under=f"{below}.v", rule="token parity")
    h, _ = h.claim("*", under=f"{head}.q", rule="running sum")
    yield "position-wise claims one under the other", h

    h, head = sw.Hypothesis().claim("a1.h1", rule="first token parity", positions=[1, 4, 5])
    h, _ = h.claim("a0.h0", under=f"{head}.v", rule="any input", paths="all", positions=[0, 2])
    h, _ = h.claim("a0.h0", under=f"{head}.v", rule="token", positions=[1])
    h, _ = h.claim("embed", under=f"{head}.v", rule="token parity", paths="all")
    yield "one component at some positions by all paths, at others by the edge", h

    h, below = sw.Hypothesis().claim("a0.h0", rule="last token thirds", paths="all")
    h, above = h.claim("a1.h0", rule="token", paths="all", positions=[2, 3])
    h, _ = h.claim("embed", under=f"{above}.q", rule="token", paths="all")
    h, _ = h.claim("embed", under=f"{below}.k", rule="token")
    h, _ = h.claim("a1.h1", rule="any input")
    yield "two claims about all paths, one behind the other, and an edge on top", h

    h, group = sw.Hypothesis().claim(["a0.h1", "a1.h0"], rule="token parity")
    h, _ = h.claim("embed", under=f"{group}.q", rule="token", share="S")
    h, _ = h.claim("embed", under=f"{group}.k", rule="token", share="S")
    h, _ = h.claim("*", under=f"{group}.v", rule="same input", positions=[0, 5])
    yield "a group over two layers with claims under it", h

    h, first = sw.Hypothesis().claim("a1.h0", rule="token", share="S")
    h, second = h.claim("a1.h1", rule="token", share="S")
    for head in (first, second):
        h, _ = h.claim("*", under=f"{head}.q", rule="first token parity")
        h, _ = h.claim("a0.h0", under=f"{head}.k", rule="any input")
    yield "one position-wise draw for two claims with claims under them", h


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("tree", [pytest.param(h, id=name) for name, h in hand_made()])
@pytest.mark.parametrize("name", ["native_mlp", "pythia", "padded_left"])
def test_a_hand_made_tree_has_the_losses_of_full_forwards(name: str, tree: sw.Hypothesis, policy: Policy) -> None:
    on = bench(name)
    for loss in LOSSES:
        result = on.tasks[loss].scrub(tree, samples=4, seed=1, unclaimed=policy, progress=False)
        on.agrees(result, loss, policy)


@pytest.mark.parametrize("policy", POLICIES)
def test_many_references_are_the_same_as_few_at_a_time(policy: Policy) -> None:
    """A run goes in chunks, first smaller, then equal ones: values kept for one must not serve another."""
    on = bench("native_mlp")
    tree, head = sw.Hypothesis().claim("a1.h0", rule="first token parity")
    tree, _ = tree.claim("a0.h1", under=f"{head}.k", rule="token", paths="all")
    tree, mlp = tree.claim("m1", rule="token parity")
    tree, _ = tree.claim("embed", under=mlp, rule="token")
    result = on.task.scrub(tree, samples=800, unclaimed=policy, progress=False)
    on.agrees(result, "all positions", policy)


def test_a_role_is_the_positions_that_it_names() -> None:
    on, model = bench("native_mlp"), MODELS["native_mlp"]()
    task = sw.Task(model.bridge, model.tokens, loss=sw.losses.next_token(), roles={"subject": [1, -2]})
    tree, head = sw.Hypothesis().claim("a1.h0", rule="token", positions="subject")
    tree, _ = tree.claim("embed", under=f"{head}.v", rule="any input", paths="all", positions="subject")
    result = task.scrub(tree, samples=5, progress=False)
    same_tree, head = sw.Hypothesis().claim("a1.h0", positions=[1, 4])
    same_tree, _ = same_tree.claim("embed", under=f"{head}.v", paths="all", positions=[1, 4])
    donors = {key.replace("@subject", "@1,4"): donors for key, donors in result.donors.items()}
    logits = on.brute.scrub(same_tree, result.references, donors, "per receiver")
    expected = task.loss_of(logits, result.references)
    np.testing.assert_allclose(result.losses.scrubbed, expected, rtol=0, atol=TOLERANCE)


def test_a_second_scrub_of_a_changed_tree_owes_nothing_to_the_first() -> None:
    """Values are kept between scrubs; a task that has never scrubbed before must say the same."""
    on = bench("smollm2")
    fresh = MODELS["smollm2"]()
    tree, head = sw.Hypothesis().claim("a1.h2", rule="token")
    tree, below = tree.claim("m0", under=f"{head}.v", rule="first token parity")
    tree, leaf = tree.claim("embed", under=below, rule="token")
    changes = [
        tree,
        tree.with_rule(leaf, "any input"),
        tree.with_rule(below, "token parity"),
        tree.change(leaf, positions=[2])[0],
        tree.change(below, paths="all")[0],
        tree.remove(below),
        tree,
    ]
    for changed in changes:
        for policy in POLICIES:
            for seed in (0, 1):
                result = on.task.scrub(changed, samples=5, seed=seed, unclaimed=policy, progress=False)
                task = sw.Task(
                    fresh.bridge,
                    fresh.tokens,
                    loss=sw.losses.next_token(),
                    rules={name: rule(function) for name, function in RULES.items()},
                )
                again = task.scrub(changed, samples=5, seed=seed, unclaimed=policy, progress=False)
                np.testing.assert_allclose(result.losses.scrubbed, again.losses.scrubbed, atol=1e-5)


# -- identities ------------------------------------------------------------------------


@pytest.fixture(params=MODELS)
def every(request: pytest.FixtureRequest) -> Bench:
    """Every model."""
    return bench(request.param)


@pytest.mark.parametrize("policy", POLICIES)
def test_everything_on_the_same_input_is_the_model(every: Bench, policy: Policy) -> None:
    names = every.brute.graph.components
    whole, _ = sw.Hypothesis().claim("*")
    parts = sw.Hypothesis()
    for name in names:
        parts, claim = parts.claim(name)
        for port in every.brute.graph.ports(name):
            parts, _ = parts.claim("*", under=f"{claim}.{port}" if port else claim)
    by_all_paths = sw.Hypothesis()
    for name in names:
        by_all_paths, _ = by_all_paths.claim(name, paths="all")
    for tree in (whole, parts, by_all_paths):
        losses = every.task.scrub(tree, samples=20, unclaimed=policy, progress=False).losses
        np.testing.assert_allclose(losses.scrubbed, losses.model, rtol=0, atol=TOLERANCE)
        assert np.abs(losses.baseline - losses.model).max() > 100 * TOLERANCE


@pytest.mark.parametrize("policy", ["per receiver", "global"])
def test_no_claims_are_the_baseline(every: Bench, policy: Policy) -> None:
    result = every.task.scrub(sw.Hypothesis(), samples=20, unclaimed=policy, progress=False)
    unclaimed = np.array(result.donors[f"{ROOT}/unclaimed"])
    assert np.array_equal(unclaimed, result.baseline_donors)
    # The same numbers from batches of two sizes: the last bit may differ.
    np.testing.assert_allclose(result.losses.scrubbed, result.losses.baseline, rtol=1e-6)
    logits = every.brute.forward(torch.tensor(unclaimed))
    expected = every.task.loss_of(logits, result.references)
    np.testing.assert_allclose(result.losses.baseline, expected, rtol=0, atol=TOLERANCE)


def test_the_model_loss_is_that_of_a_forward(every: Bench) -> None:
    result = every.task.scrub(sw.Hypothesis(), samples=20, progress=False)
    logits = every.brute.forward(torch.as_tensor(result.references))
    expected = every.task.loss_of(logits, result.references)
    np.testing.assert_allclose(result.losses.model, expected, rtol=0, atol=TOLERANCE)


# -- laws of the draws -----------------------------------------------------------------

MANY = 4096


def drawing_tree() -> sw.Hypothesis:
    """Every kind of draw: by input and by position, one under the other, shared, under two owners."""
    tree, head = sw.Hypothesis().claim("a1.h0", rule="first token parity")
    tree, below = tree.claim("a0.h0", under=f"{head}.k", rule="token parity")
    tree, _ = tree.claim("embed", under=f"{below}.v", rule="last token thirds")
    tree, _ = tree.claim("embed", under=f"{below}.q", rule="any input")
    tree, _ = tree.claim("a0.h1", under=f"{head}.v", rule="same input")
    tree, mlp = tree.claim("m0", rule="any input")
    tree, _ = tree.claim("embed", under=mlp, rule="any input", share="S")
    tree, _ = tree.claim("pos_embed", under=mlp, rule="any input", share="S")
    return tree


@cache
def drawn(policy: Policy, samples: int = MANY, seed: int = 0) -> sw.Result:
    return bench("native_mlp").task.scrub(drawing_tree(), samples=samples, seed=seed, unclaimed=policy, progress=False)


@pytest.mark.parametrize(
    ("name", "classes"),
    [("same input", INPUTS), ("any input", 1), ("first token parity", 2), ("token", None)],
)
def test_a_claim_meets_its_reference_at_a_rate_of_classes_over_inputs(name: str, classes: int | None) -> None:
    on = bench("native_mlp")
    tree, claim = sw.Hypothesis().claim("a1.h0", rule=name)
    result = on.task.scrub(tree, samples=MANY, progress=False)
    label, donors = on.labels[name], result.donors[claim]
    if classes is not None:
        assert len(np.unique(label)) == classes
        hits, rates = (donors == result.references)[:, None], [classes / INPUTS]
    else:
        hits = donors == result.references[:, None]
        rates = [len(np.unique(at)) / INPUTS for at in label.T]
    for hit, expected in zip(hits.T, rates, strict=True):
        deviation = np.sqrt(expected * (1 - expected) / MANY)
        assert abs(hit.mean() - expected) <= 4 * deviation


@pytest.mark.parametrize("policy", POLICIES)
def test_donors_keep_the_distribution_of_the_data(policy: Policy) -> None:
    """Chi-square of every draw at every position against uniform, and references as well."""
    result = drawn(policy)
    for key, donors in {**result.donors, "references": result.references}.items():
        for column in donors.reshape(MANY, -1).T:
            counts = np.bincount(column, minlength=INPUTS)
            chi_square = np.sum((counts - MANY / INPUTS) ** 2) / (MANY / INPUTS)
            # 11 degrees of freedom: beyond 44 once in 100 000; there are some hundred draws here.
            assert chi_square < 44, f"'{key}' prefers some inputs: {counts}"


@pytest.mark.parametrize("policy", ["per receiver", "per component"])
def test_draws_with_different_keys_are_independent(policy: Policy) -> None:
    """Draws from all inputs agree with each other once in N, but for those that share a name."""
    donors = drawn(policy).donors
    tree = drawing_tree()
    anywhere = [c.id for c in tree if c.rule == "any input" and c.share is None]
    columns = {
        f"{key} {i}": column
        for key, of in donors.items()
        if key in anywhere or "/unclaimed" in key
        for i, column in enumerate(of.reshape(MANY, -1).T)
    }
    deviation = np.sqrt((1 - 1 / INPUTS) / INPUTS / MANY)
    names = list(columns)
    for i, one in enumerate(names):
        for two in names[:i]:
            agreement = np.mean(columns[one] == columns[two])
            assert abs(agreement - 1 / INPUTS) < 5 * deviation, f"{one} and {two} agree at {agreement:.3f}"
    shared = [c.id for c in tree if c.share]
    assert np.array_equal(donors[shared[0]], donors[shared[1]])


def test_another_seed_is_another_draw() -> None:
    one, two = drawn("per receiver"), drawn("per receiver", seed=1)
    for key, donors in {**one.donors, "references": one.references}.items():
        other = two.references if key == "references" else two.donors[key]
        assert np.mean(donors == other) < 0.5


@pytest.mark.parametrize("policy", POLICIES)
def test_the_first_draws_do_not_depend_on_how_many_there_are(policy: Policy) -> None:
    few, many = drawn(policy, 64), drawn(policy, 256)
    assert np.array_equal(few.references, many.references[:64])
    assert few.donors.keys() == many.donors.keys()
    for key, donors in few.donors.items():
        assert np.array_equal(donors, many.donors[key][:64]), key
    np.testing.assert_allclose(few.losses.scrubbed, many.losses.scrubbed[:64], rtol=0, atol=1e-5)


@pytest.mark.parametrize("policy", POLICIES)
def test_to_change_one_rule_leaves_all_other_draws_as_they_were(policy: Policy) -> None:
    """Of the claims under it only the class changes; what is drawn from all inputs stays even there."""
    task, tree, before = bench("native_mlp").task, drawing_tree(), drawn(policy, 64)
    by_input = {"first token parity": "last token thirds", "last token thirds": "first token parity"}
    by_position = {"token parity": "running sum"}
    for claim in tree:
        if claim.share is not None:
            continue
        to = {**by_input, **by_position}.get(claim.rule, "first token parity")
        after = task.scrub(tree.with_rule(claim.id, to), samples=64, seed=0, unclaimed=policy, progress=False)
        assert not np.array_equal(after.donors[claim.id], before.donors[claim.id])
        assert np.array_equal(after.references, before.references)
        for key, donors in before.donors.items():
            below = key.startswith((f"{claim.id}>", f"{claim.id}.")) and "/unclaimed" not in key
            if key != claim.id and (not below or tree[key].rule == "any input"):
                assert np.array_equal(donors, after.donors[key]), f"'{key}' moved with '{claim.id}'"


@pytest.mark.parametrize("policy", POLICIES)
def test_to_add_or_remove_a_claim_leaves_all_other_draws_as_they_were(policy: Policy) -> None:
    task, tree, before = bench("native_mlp").task, drawing_tree(), drawn(policy, 64)
    for claim in tree:
        smaller = tree.remove(claim.id)
        after = task.scrub(smaller, samples=64, seed=0, unclaimed=policy, progress=False)
        assert np.array_equal(after.references, before.references)
        assert np.array_equal(after.losses.baseline, before.losses.baseline)
        for key, donors in after.donors.items():
            assert np.array_equal(donors, before.donors[key]), f"'{key}' moved when '{claim.id}' went"
