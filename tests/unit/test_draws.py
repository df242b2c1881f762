"""Draws are keyed by (seed, path): what changes and what must not."""

from __future__ import annotations

import numpy as np
import pytest

from scrub_widgets import Hypothesis, HypothesisError, ScrubError
from scrub_widgets.classes import Batch, Classes, classify
from scrub_widgets.engine.draws import MAX_DRAWS, Draws, Unclaimed, draw_references

N, POS = 40, 5
TOKENS = np.random.default_rng(0).integers(0, 4, size=(N, POS))
CLASSES: dict[str, Classes] = {
    name: classify(name, rule, Batch(tokens=TOKENS, index=np.arange(N)))
    for name, rule in {
        "same input": lambda b: b.index,
        "any input": lambda b: np.zeros(N),
        "first": lambda b: b.tokens[:, 0],
        "token": lambda b: b.tokens,
    }.items()
}


def draws(h: Hypothesis, n: int = 16, seed: int = 0, unclaimed: Unclaimed = "per receiver") -> Draws:
    return Draws(h, CLASSES, draw_references(N, n, seed), seed, unclaimed, N, POS)


def tree(rule: str = "first") -> tuple[Hypothesis, str, str]:
    h, head = Hypothesis().claim("a1.h0", rule=rule)
    h, below = h.claim("a0.h0", under=f"{head}.k", rule="token")
    return h, head, below


def test_a_donor_agrees_with_the_donor_above() -> None:
    h, head, below = tree()
    d = draws(h)
    assert (TOKENS[d.donor(head), 0] == TOKENS[d.references, 0]).all()
    assert d.donor(below).shape == (16, POS)
    at = np.arange(POS)
    assert (TOKENS[d.donor(below), at] == TOKENS[d.donor(head)][:, at]).all()


def test_position_wise_draws_add_an_axis_each() -> None:
    h, head, below = tree("token")
    d = draws(h)
    assert d.donor(head).shape == (16, POS)
    assert d.donor(below).shape == (16, POS, POS)
    assert d.others(head).shape == (16, POS)
    at = np.arange(POS)
    assert (TOKENS[d.donor(below), at] == TOKENS[d.donor(head)][..., at]).all()


def test_fewer_samples_are_a_prefix_of_more() -> None:
    h, head, below = tree()
    few, many = draws(h, 8), draws(h, 32)
    for key in (head, below):
        assert (few.donor(key) == many.donor(key)[:8]).all()
    assert (few.references == many.references[:8]).all()
    assert (few.others(head) == many.others(head)[:8]).all()


def test_to_change_one_claim_leaves_the_other_draws() -> None:
    h, head, below = tree()
    other, sibling = h.claim("a1.h1", rule="any input")
    changed = other.with_rule(sibling, "first")
    for key in (head, below):
        assert (draws(other).donor(key) == draws(changed).donor(key)).all()
        assert (draws(h).donor(key) == draws(changed).donor(key)).all()
    assert (draws(other).donor(sibling) != draws(changed).donor(sibling)).any()


def test_the_seed_changes_all() -> None:
    h, head, _ = tree("any input")
    a, b = draws(h, seed=0), draws(h, seed=1)
    assert (a.references != b.references).any()
    assert (a.donor(head) != b.donor(head)).any()


def test_who_shares_the_donor_of_unclaimed_inputs() -> None:
    h, head, _ = tree()
    receiver = draws(h)
    assert (receiver.others("logits") != receiver.others(head)).any()
    run = draws(h, unclaimed="global")
    assert (run.others("logits") == run.others(head)).all()
    own = draws(h, unclaimed="per component")
    assert (own.others(head, "embed") != own.others(head, "a0.h1")).any()
    assert (run.baseline() == receiver.baseline()).all()


def test_a_global_donor_is_one_for_all_positions() -> None:
    h, head, _ = tree("token")
    run = draws(h, unclaimed="global")
    assert run.others(head).shape == (16, POS)
    assert (run.others(head) == run.others("logits")[:, None]).all()


def test_one_share_name_is_one_draw() -> None:
    h, _ = Hypothesis().claim("a1.h0", rule="first", share="S")
    h, _ = h.claim("a1.h1", rule="first", share="S")
    d = draws(h)
    assert (d.donor("logits>a1.h0") == d.donor("logits>a1.h1")).all()
    wrong = h.with_rule("logits>a1.h1", "any input")
    d = draws(wrong)
    d.donor("logits>a1.h0")
    with pytest.raises(HypothesisError, match="one draw 'S'"):
        d.donor("logits>a1.h1")


def test_donors_keep_the_distribution_of_the_data() -> None:
    h, head, below = tree("first")
    d = draws(h, n=20_000)
    counts = np.bincount(d.donor(below)[:, 2], minlength=N)
    chi2 = ((counts - 500) ** 2 / 500).sum()
    assert chi2 < 72  # 99.9 % quantile of chi-square with 39 degrees of freedom
    assert (d.donor(head) == d.references).mean() == pytest.approx(CLASSES["first"].self_share, abs=0.01)


def test_too_many_nested_draws_are_refused_before_they_are_made() -> None:
    h, claim = Hypothesis().claim("a3.h0", rule="token")
    for layer in (2, 1, 0):
        h, claim = h.claim(f"a{layer}.h0", under=f"{claim}.k", rule="token")
    d = draws(h, n=MAX_DRAWS // POS**4 + 1)
    with pytest.raises(ScrubError, match="position-wise claims and needs"):
        d.donor(claim)
