"""ROC curves of edges, against counting pairs by hand."""

from __future__ import annotations

import math
import random
from itertools import product

import pytest

from scrub_widgets.circuits import Edge
from scrub_widgets.circuits.circuit import Key
from scrub_widgets.circuits.roc import found_of, roc_of_circuits, roc_of_scores
from scrub_widgets.errors import CircuitError

KEYS: list[Key] = [(f"a0.h{i}", "logits", "") for i in range(9)]


@pytest.mark.parametrize("seed", range(20))
def test_areas_count_pairs_of_a_true_and_a_false_edge(seed: int) -> None:
    rng = random.Random(seed)
    scores = {key: float(rng.randrange(4)) for key in KEYS}  # few values: ties
    true = rng.sample(KEYS, rng.randrange(1, len(KEYS)))
    pairs = [(scores[t], scores[f]) for t, f in product(true, [k for k in KEYS if k not in true])]
    won, tied = sum(t > f for t, f in pairs), sum(t == f for t, f in pairs)
    curve = roc_of_scores(scores, true)
    assert curve.auc == pytest.approx((won + tied / 2) / len(pairs))
    assert curve.pessimistic <= curve.auc <= curve.optimistic
    assert (curve.points[0], curve.points[-1]) == ((0.0, 0.0), (1.0, 1.0))


@pytest.mark.parametrize("seed", range(10))
def test_of_ties_the_false_ones_come_first_at_worst_and_last_at_best(seed: int) -> None:
    rng = random.Random(seed)
    scores = {key: float(rng.randrange(3)) for key in KEYS}
    true = rng.sample(KEYS, 4)
    worst = {key: score - 0.1 * (key in true) for key, score in scores.items()}
    best = {key: score + 0.1 * (key in true) for key, score in scores.items()}
    curve = roc_of_scores(scores, true)
    assert curve.pessimistic == pytest.approx(roc_of_scores(worst, true).auc)
    assert curve.optimistic == pytest.approx(roc_of_scores(best, true).auc)


def test_a_ladder_of_nested_circuits_is_a_ranking() -> None:
    scores = {key: float(i) for i, key in enumerate(KEYS)}
    true = [KEYS[1], KEYS[5], KEYS[8]]
    ladder = [[key for key in KEYS if scores[key] >= threshold] for threshold in range(10)]
    assert roc_of_circuits(ladder, true, KEYS).auc == pytest.approx(roc_of_scores(scores, true).auc)


def test_a_circuit_that_is_worse_on_both_sides_is_no_point_of_the_curve() -> None:
    good, bad = [KEYS[0], KEYS[1]], [KEYS[8]]
    curve = roc_of_circuits([bad, good], KEYS[:3], KEYS)
    assert curve.points == ((0.0, 0.0), (0.0, 2 / 3), (1 / 6, 2 / 3), (1.0, 1.0))
    assert curve.pessimistic == pytest.approx(2 / 3)


def test_rounding_makes_ties() -> None:
    scores = {KEYS[0]: 1e-9, KEYS[1]: 0.0, KEYS[2]: -1e-9}
    assert roc_of_scores(scores, [KEYS[2]]).auc == 0
    assert roc_of_scores(scores, [KEYS[2]], decimals=6).auc == pytest.approx(0.5)


def test_precision_and_recall() -> None:
    found = found_of([Edge(*KEYS[0], score=3.0), Edge(*KEYS[1])], [KEYS[1], KEYS[2], KEYS[3]])
    assert (found.right, found.wrong, found.missed) == ((KEYS[1],), (KEYS[0],), (KEYS[2], KEYS[3]))
    assert (found.precision, found.recall) == (1 / 2, 1 / 3)
    assert str(found) == "precision 0.50, recall 0.33 (2 found, 1 of 3)"
    assert math.isnan(found_of([], KEYS).precision)


def test_bad_input_gets_a_sentence() -> None:
    scores = dict.fromkeys(KEYS, 0.0)
    with pytest.raises(CircuitError, match=r"a true edge, m0 → logits, is none of those that could have been found"):
        roc_of_scores(scores, [("m0", "logits", "")])
    with pytest.raises(CircuitError, match=r"an edge of a circuit, m0 → logits, is none"):
        roc_of_circuits([[("m0", "logits", "")]], KEYS[:1], KEYS)
    with pytest.raises(CircuitError, match=r"needs true edges and false ones; of 9 edges 9 are true"):
        roc_of_scores(scores, KEYS)
    with pytest.raises(CircuitError, match=r"of 9 edges 0 are true"):
        roc_of_circuits([], [], KEYS)
    with pytest.raises(CircuitError, match=r"the score of a0.h0 → logits is not a number"):
        roc_of_scores({**scores, KEYS[0]: math.nan}, KEYS[:2])
