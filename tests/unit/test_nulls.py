"""Nulls: what a hypothesis recovers for nothing, and what others recover on the same references and donors."""

from __future__ import annotations

import json
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, HypothesisError, ScrubError, nulls
from scrub_widgets.classes import RuleFunction
from scrub_widgets.engine.settings import Settings
from scrub_widgets.measure.nulls import variants
from scrub_widgets.permuted import EachPermuted, shuffled
from tests.unit.models import MODELS

TOY = sw.load_task("toy_sum")


@cache
def task(name: str = "gpt2") -> sw.Task:
    m = MODELS[name]()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), attention_mask=m.mask, roles={"subject": 2})


def tree() -> Hypothesis:
    """A head with its key, query and value, and an MLP."""
    h, head = Hypothesis().claim("a1.h0", rule="token at 2")
    h, _ = h.claim("a0.h1", under=f"{head}.k", rule="previous token")
    h, _ = h.claim("embed", under=f"{head}.q", rule="token")
    h, _ = h.claim("*", under=f"{head}.v", rule="token")
    return h.claim("m0")[0]


# -- permutations of their own for each reference -----------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 2, 3, 12, 100])
def test_a_key_is_a_permutation_and_can_be_undone(size: int) -> None:
    keys = np.random.default_rng(0).integers(2**64, size=20, dtype=np.uint64)
    values = np.tile(np.arange(size), (20, 1))
    renamed = shuffled(values, keys, size)
    np.testing.assert_array_equal(np.sort(renamed, 1), values)
    np.testing.assert_array_equal(shuffled(renamed, keys, size, back=True), values)
    np.testing.assert_array_equal(shuffled(values[:5], keys[:5], size), renamed[:5])


def test_permutations_are_uniform_down_to_pairs() -> None:
    size, each = 12, 500
    pairs = size * (size - 1)
    keys = np.random.default_rng(1).integers(2**64, size=pairs * each, dtype=np.uint64)
    a, b = shuffled(np.tile([0, 1], (len(keys), 1)), keys, size).T
    counts = np.bincount(a * size + b, minlength=size * size).reshape(size, size)[~np.eye(size, dtype=bool)]
    chi_squared = float(((counts - each) ** 2 / each).sum())
    assert abs(chi_squared - (pairs - 1)) < 4 * np.sqrt(2 * (pairs - 1))


def test_donors_under_permuted_labels_are_the_input_itself_or_any_other() -> None:
    classes = EachPermuted.of(task().classes("token at 2"), 0, "token at 2")
    inputs, n = len(task()), 60_000
    like = np.zeros(n, dtype=np.int64)
    found = np.bincount(classes.pick(like, np.random.default_rng(0).random(n)), minlength=inputs) / n
    own = classes.self_share
    assert found[0] == pytest.approx(own, abs=0.01)
    assert found[1:] == pytest.approx(np.full(inputs - 1, (1 - own) / (inputs - 1)), abs=0.01)


def test_a_reference_has_one_permutation_for_all_claims_of_a_rule() -> None:
    """So a donor's donor is still in one class of two: it is the input itself half of the time, not a quarter."""
    t = task().with_rules(pairs=lambda batch: batch.index // 2)
    classes = EachPermuted.of(t.classes("pairs"), 3, "pairs")
    like, u = np.arange(12).repeat(2000), np.random.default_rng(0).random((2, 24_000))
    first = classes.pick(like, u[0])
    assert ((first == like).mean(), (classes.pick(first, u[1]) == like).mean()) == pytest.approx((0.5, 0.5), abs=0.015)


# -- the matched null of a result ---------------------------------------------------------------------------------------


def test_the_matched_null_is_the_mean_over_permutations() -> None:
    t, h = task(), tree()
    r = t.scrub(h, samples=4000, progress=False)
    fixed = [t.permuted(k).scrub(h, samples=400, seed=k, progress=False).losses for k in range(60)]
    value = 1 - np.mean([x.scrubbed for x in fixed]) / np.mean([x.baseline for x in fixed])  # the model's KL is 0
    assert abs(r.null.value - value) < 0.02
    assert r.null.high - r.null.low < 0.1
    assert r.above_null.value == pytest.approx(r.loss_recovered.value - r.null.value)
    assert r.above_null.low < r.above_null.value < r.above_null.high


def test_the_matched_null_stands_beside_the_loss_recovered() -> None:
    r = task().scrub(tree(), samples=50)
    assert f"matched null    {r.null}" in str(r)
    assert f"above the null  {r.above_null}" in str(r)
    body = json.loads(r.to_json())
    assert body["matched_null"]["value"] == pytest.approx(r.null.value)
    assert body["above_null"]["low"] == pytest.approx(r.above_null.low)
    assert task().matched_null(tree(), samples=50).loss_recovered == r.null
    part = next(task().stream(tree(), Settings(samples=100)))  # a part of a run has the null of that part
    assert part.null == task().scrub(tree(), samples=len(part.losses)).null


def test_without_labels_the_matched_null_is_the_hypothesis_itself() -> None:
    h, _ = Hypothesis().claim("a1.h0")
    h, _ = h.claim("m1", rule="any input")
    r = task().scrub(h, samples=40)
    assert r.null == r.loss_recovered
    assert (r.above_null.low, r.above_null.high) == (0.0, 0.0)
    assert "no rule has labels to permute" in str(r)


@cache
def meaningless() -> dict[int, tuple[float, float, float]]:
    """Loss recovered by random classes of m inputs, as in the table of docs/nulls.md: one draw, own draws, their null."""
    t = sw.load_task("induction")
    order = np.random.default_rng(0).permutation(len(t))
    sizes = (1, 2, 4, 8, 64, 512, 2048)

    def groups(m: int) -> RuleFunction:
        return lambda batch: order[batch.index] // m

    t = t.with_rules({f"groups of {m}": groups(m) for m in sizes})
    found = {}
    for m in sizes:
        rule, own = f"groups of {m}", Hypothesis()
        one, _ = Hypothesis().claim("*", rule=rule)
        for component in t.graph.layout.names:
            own, _ = own.claim(component, rule=rule)
        both = [t.scrub(h, progress=False) for h in (one, own)]
        found[m] = (both[0].loss_recovered.value, both[1].loss_recovered.value, both[1].null.value)
    return found


def test_random_labels_recover_one_in_m_by_self_samples() -> None:
    for m, (one, _, _) in meaningless().items():
        assert one == pytest.approx(1 / m if m < 2048 else 0.0, abs=0.04)


def test_own_draws_recover_a_fifth_for_nothing_and_the_null_knows() -> None:
    found = meaningless()
    assert found[1][1] == pytest.approx(1.0, abs=1e-4)
    assert all(a[1] > b[1] - 0.02 for a, b in pairwise(found.values()))
    for m in (64, 512, 2048):
        one, own, null = found[m]
        assert 0.15 < own < 0.3
        assert own > one + 0.15
        assert null == pytest.approx(own, abs=0.03)


# -- random ones --------------------------------------------------------------------------------------------------------


def test_permuted_rules_rank_the_toys_two_hypotheses() -> None:
    """Their nulls recover 93 %: the intended one is 53 points above that, the swapped one is worth its null."""
    good, bad = (TOY.scrub(TOY.hypotheses[name], samples=4096, seed=5) for name in ("intended", "swapped"))
    first, last = nulls.permuted(good), nulls.permuted(bad)
    assert first.rank == 1
    assert first.p_value == first.smallest_p_value == pytest.approx(1 / 21)
    assert 0.2 < first.above.low < 0.53 < first.above.high
    assert last.above.low < 0 < last.above.high
    assert last.p_value > 0.9
    assert "no draw recovers as much" in str(first)
    assert f"above them  {first.above}" in str(first)
    assert "the smallest that 20 draws can give is 0.048" in str(last)
    again = nulls.permuted(good, draws=5)
    assert again.rows == first.rows[:5]  # the first draws do not depend on how many are asked for
    assert json.loads(first.to_json())["p_value"] == first.p_value


def test_a_meaningless_rule_is_no_better_than_its_permutations() -> None:
    """p-values of rules that know nothing are spread evenly: at most a few in forty are below 0.1."""

    def noise(k: int) -> RuleFunction:
        return lambda batch: np.random.default_rng(k).integers(3, size=12)[batch.index]

    small = 0
    for k in range(40):
        t = task().with_rules(noise=noise(k))
        r = t.scrub(Hypothesis().claim("*", rule="noise")[0], samples=64, seed=k, progress=False)
        small += nulls.permuted(r, draws=9, progress=False).p_value <= 0.1
    assert 0 < small <= 10


def test_random_components_keep_the_shape() -> None:
    r = task("smollm2").scrub(tree(), samples=40)
    found = nulls.random_components(r, draws=12)
    kinds = {c.id: (c.kind, c.layer) for c in r.task.graph.layout.components}
    assert len({row.hypothesis for row in found.rows}) == 12
    for row in found.rows:
        assert row.hypothesis != r.hypothesis
        r.task.check(row.hypothesis)
        for old, new in zip(r.hypothesis, row.hypothesis, strict=True):
            assert [kinds.get(c) for c in old.components] == [kinds.get(c) for c in new.components]
            assert (old.rule, old.port, old.paths) == (new.rule, new.port, new.paths)
        own = r.task.scrub(row.hypothesis, samples=40).losses.scrubbed
        assert row.loss_recovered.value == pytest.approx(1 - own.mean() / r.losses.baseline.mean(), rel=1e-4)


def test_where_there_are_few_other_components_all_are_taken() -> None:
    found = nulls.random_components(task().scrub(tree(), samples=40), draws=50)
    assert len(found.rows) == 3  # two heads in each layer: the other one in either place, or in both
    assert found.exhaustive
    assert "all there are" in str(found)
    assert found.smallest_p_value == 1 / 4


def test_one_component_stays_one_component() -> None:
    h, head = Hypothesis().claim("a1.h0")
    h, _ = h.claim("a0.h0", under=f"{head}.k")
    h, _ = h.claim("a0.h0")
    for row in nulls.random_components(task().scrub(h, samples=20)).rows:
        below, beside = (c.components for c in row.hypothesis if c.components[0].startswith("a0"))
        assert below == beside


# -- the complement, a claim less, a claim more -------------------------------------------------------------------------


def test_the_complement_of_nothing_is_the_model_and_of_everything_the_baseline() -> None:
    nothing = task().scrub(Hypothesis(), samples=50)
    assert nulls.complement(nothing).rows[0].loss_recovered.value == pytest.approx(1.0, abs=1e-4)
    everything = task().scrub(Hypothesis().claim("*")[0], samples=50)
    found = nulls.complement(everything).rows[0]
    assert found.hypothesis == Hypothesis()
    assert found.loss_recovered.value == pytest.approx(0.0, abs=1e-6)


def test_the_complement_of_a_tree_keeps_what_was_unclaimed() -> None:
    h, top = Hypothesis().claim("a1.h0", rule="token at 2")
    h, _ = h.claim("a0.h1", under=f"{top}.k", rule="previous token")
    h, _ = h.claim("*", under=f"{top}.v", positions=[1, 2])
    h, _ = h.claim("m0", positions="subject")
    found = nulls.complement(task().scrub(h, samples=20))
    expected, top = Hypothesis().claim("a1.h0")
    expected, _ = expected.claim(["embed", "pos_embed", "a0.h0", "a0.h1", "a1.h1", "m1"])
    expected, _ = expected.claim("m0", positions=[0, 1, 3, 4, 5])
    expected, _ = expected.claim("*", under=f"{top}.q")
    expected, _ = expected.claim(["embed", "pos_embed", "a0.h0", "m0"], under=f"{top}.k")
    expected, _ = expected.claim("*", under=f"{top}.v", positions=[0, 3, 4, 5])
    assert found.rows[0].hypothesis == expected
    assert "complement" in str(found)


def test_groups_that_read_different_components_come_apart_in_the_complement() -> None:
    h, top = Hypothesis().claim(["a0.h0", "a1.h0"])
    h, _ = h.claim("embed", under=f"{top}.v")
    (row,) = nulls.complement(task().scrub(h, samples=20)).rows
    assert {"logits>a0.h0", "logits>a1.h0"} <= {claim.id for claim in row.hypothesis}


def test_what_a_complement_cannot_say_is_refused() -> None:
    every, _ = Hypothesis().claim("a0.h0", paths="all")
    with pytest.raises(HypothesisError, match=r"'logits>a0\.h0' is about all paths"):
        nulls.complement(task().scrub(every, samples=20))
    m = MODELS["gpt2"]()
    t = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), columns={"place": np.arange(12) % 6})
    with pytest.raises(HypothesisError, match="holds at each input's own"):
        nulls.complement(t.scrub(Hypothesis().claim("m1", positions="place")[0], samples=20))


def test_leave_one_out_is_paired() -> None:
    r = task().scrub(tree(), samples=100)
    found = nulls.leave_one_out(r)
    assert [row.name for row in found.rows] == [claim.id for claim in r.hypothesis]
    for row in found.rows:
        difference = task().compare(r.hypothesis, row.hypothesis, samples=100).difference
        assert row.change.value == pytest.approx(difference.value, abs=1e-6)
        assert row.change.high == pytest.approx(difference.high, abs=1e-4)
    assert {row.name for row in found.marked} <= {row.name for row in found.rows}
    assert f"{len(found.marked)} of 5" in str(found)
    assert json.loads(found.to_json())["rows"][0]["q_value"] == found.q_values[0]


def test_a_claim_that_loses_its_last_claim_is_no_leaf() -> None:
    h, top = Hypothesis().claim("a1.h0")
    h, under = h.claim("a0.h1", under=f"{top}.k")
    assert str(variants.without(h, under)).endswith("k ← a0.h1 · any input")
    assert variants.without(h, top) == Hypothesis()
    more, _ = h.claim("embed", under=f"{top}.q")
    assert variants.without(more, under) == more.remove(under)


def test_add_one_tries_every_further_component_of_every_port_with_claims() -> None:
    r = task().scrub(tree(), samples=100)
    found = nulls.add_one(r)
    names = [row.name for row in found.rows]
    assert len(names) == len(set(names)) == 6 + 4 + 4  # the output has 6 others, k and q have 4; v is claimed whole
    assert all(len(row.hypothesis) == len(r.hypothesis) + 1 for row in found.rows)
    more, _ = r.hypothesis.claim("a0.h0", under="logits>a1.h0.k")
    added = found.rows[names.index("logits>a1.h0.k>a0.h0")]
    assert added.hypothesis == more
    difference = task().compare(r.hypothesis, more, samples=100).difference
    assert added.change.value == pytest.approx(difference.value, abs=1e-6)


def test_what_changes_nothing_is_never_marked() -> None:
    """A claim that says `any input` is worth nothing; one that keeps the whole output is worth everything."""
    kept, freed = (TOY.scrub(Hypothesis().claim("D", rule=rule)[0], 2000) for rule in ("same input", "any input"))
    assert [row.name for row in nulls.leave_one_out(kept).marked] == ["logits>D"]
    assert not nulls.leave_one_out(freed).marked
    equal, top = Hypothesis().claim("D")
    for name in "ABC":
        equal, _ = equal.claim(name, under=top)
    equal, _ = equal.claim("x0", under=f"{top}>A")
    r = TOY.scrub(equal, samples=500)
    for row in nulls.add_one(r).rows:  # A's other inputs matter; nothing else is left to add
        assert row.name in {"logits>D>A>x1", "logits>D>A>x2"}
    dull = TOY.with_rules(one=lambda batch: 0 * batch.index)
    (row,) = nulls.leave_one_out(dull.scrub(Hypothesis().claim("D", rule="one")[0], 500)).rows
    assert row.p_value > 0.05


# -- watching, stopping, refusing ---------------------------------------------------------------------------------------


def test_a_table_grows_and_can_be_left() -> None:
    r = task().scrub(tree(), samples=300)
    growing = nulls.steps(r, "leave_one_out")
    seen = [len(next(growing).rows) for _ in range(5)]
    assert seen == [0, 0, 0, 1, 1]  # after every chunk of references
    part = next(growing)
    assert not part.complete
    assert "of 5 done" in str(part)
    growing.close()
    assert nulls.leave_one_out(r).complete
    assert "0 of 3 done" in str(next(nulls.steps(r, "permuted", draws=3)))


@pytest.mark.parametrize("draws", [0, -1, 1.5, True, 20_000])
def test_draws_are_a_whole_number(draws: Any) -> None:
    with pytest.raises(ScrubError, match="draws= takes a whole number from 1 to 10,000, not"):
        nulls.permuted(task().scrub(tree(), samples=20), draws=draws)


def test_what_cannot_be_compared_is_refused_in_a_sentence() -> None:
    plain, _ = Hypothesis().claim("m0")
    r = task().scrub(plain, samples=20)
    with pytest.raises(ScrubError, match="no rule of this hypothesis has labels to permute"):
        nulls.permuted(r)
    with pytest.raises(ScrubError, match="nothing to put in the place of 'm0'"):
        nulls.random_components(r)
    with pytest.raises(ScrubError, match="no claim to leave out"):
        nulls.leave_one_out(task().scrub(Hypothesis(), samples=20))
    with pytest.raises(ScrubError, match="no further component to claim"):
        nulls.add_one(task().scrub(Hypothesis().claim("*")[0], samples=20))
    with pytest.raises(ScrubError, match="no null 'shuffled'; there is 'permuted', 'random_components'"):
        nulls.steps(r, "shuffled")  # type: ignore[arg-type]
    flat = sw.Task(TOY.model, dict(TOY.data.inputs.values), loss=lambda out, batch: 0 * out[:, 0, 0])
    with pytest.raises(ScrubError, match="nothing to compare: the loss recovered is not resolved"):
        nulls.add_one(flat.scrub(Hypothesis(), samples=20))
