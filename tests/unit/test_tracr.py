"""Programs compiled by tracr: the models do what the programs say, their edges are known, and ablation finds what it can."""

from __future__ import annotations

import pytest
import torch

from scrub_widgets.circuits.circuit import Key
from scrub_widgets.circuits.masked import Ablation
from scrub_widgets.circuits.roc import roc_of_scores
from tests.unit.tracr import LENGTH, PROGRAMS, Program, load
from tests.unit.tracr_scores import (
    ACDC_AUC,
    CASES,
    DECIMALS,
    PUBLISHED,
    alone,
    case,
    claimed,
    costs,
    discovered,
    pruned,
    recovered_by,
    roc_as_acdc_counts,
)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_model_says_what_the_program_says_of_every_input(name: str) -> None:
    program = load(name)
    vocabulary = len(program.card["vocabulary"]) - 2  # without BOS and PAD
    assert len(program.tokens) == sum(vocabulary**length for length in range(1, LENGTH + 1))
    assert len({tuple(row) for row in program.tokens.tolist()}) == len(program.tokens)
    for length in range(1, LENGTH + 1):
        rows = program.of_length(length)
        with torch.inference_mode():
            logits = program.bridge(program.tokens[rows, : length + 1])
        agree(program, logits[:, 1:], program.expected[rows, 1 : length + 1])


@pytest.mark.parametrize("name", PROGRAMS)
def test_padding_changes_nothing(name: str) -> None:
    program = load(name)
    logits = program.of_all_lengths().prepare().logits
    assert logits is not None
    expected = program.expected[:, 1:]
    real = expected.isfinite()
    agree(program, logits[real], expected[real])


def agree(program: Program, logits: torch.Tensor, expected: torch.Tensor) -> None:
    if program.categorical:
        assert torch.equal(logits.argmax(-1).float(), expected)
    else:
        torch.testing.assert_close(logits[..., 0], expected, rtol=0, atol=1e-6)


# -- edges ------------------------------------------------------------------------------------------------------------

WIRED = {
    "reverse": """
        a0.h0.k ← embed (idle)              m1 ← m0
        a0.h0.q ← embed (idle)              m1 ← pos_embed
        a0.h0.v ← embed                     m2 ← m1
        m0 ← a0.h0                          a3.h0.k ← embed (idle)
        m0 ← embed                          a3.h0.k ← pos_embed
        m1 ← embed                          a3.h0.q ← embed (idle)
        logits ← a3.h0                      a3.h0.q ← m2
                                            a3.h0.v ← embed
    """,
    "frac_prevs": """
        m0 ← embed                          a1.h0.q ← embed (idle)
        a1.h0.k ← embed (idle)              a1.h0.q ← pos_embed
        a1.h0.k ← pos_embed                 a1.h0.v ← m0
        logits ← a1.h0
    """,
    "hist": """
        a0.h0.k ← embed                     m0 ← a0.h0
        a0.h0.q ← embed                     m0 ← embed
        a0.h0.v ← embed                     logits ← m0
    """,
    "sort": """
        m0 ← embed                          m1 ← embed
        m0 ← pos_embed                      a2.h0.k ← embed (idle)
        a1.h0.k ← embed                     a2.h0.k ← m1
        a1.h0.k ← m0                        a2.h0.q ← embed (idle)
        a1.h0.q ← embed                     a2.h0.q ← pos_embed
        a1.h0.q ← m0                        a2.h0.v ← embed
        a1.h0.v ← embed                     logits ← a2.h0
        m1 ← a1.h0
    """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_edges_of_a_program_from_its_weights(name: str) -> None:
    truth = case(name, "all lengths").truth
    assert {said(edge) + " (idle)" * (edge in truth.idle) for edge in truth.wired} == listed(WIRED[name])


def said(edge: Key) -> str:
    sender, receiver, port = edge
    return f"{receiver}.{port} ← {sender}" if port else f"{receiver} ← {sender}"


def listed(text: str) -> set[str]:
    return {part.strip() for line in text.splitlines() for part in line.split("  ") if part.strip()}


@pytest.mark.parametrize("name", sorted(PUBLISHED))
def test_on_the_inputs_of_acdc_the_used_edges_are_those_that_it_counts_as_true(name: str) -> None:
    assert case(name, "as published").truth.used == PUBLISHED[name]


# -- what ablation finds ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("program", "inputs"), CASES)
def test_zero_ablation_of_one_edge_at_a_time_finds_the_used_edges_and_no_others(program: str, inputs: str) -> None:
    c = case(program, inputs)
    scores = alone(c.task, c.truth.all, "zero")
    assert {edge for edge, loss in scores.items() if round(loss, DECIMALS) > 0} == c.truth.used
    assert roc_of_scores(scores, c.truth.used, decimals=DECIMALS).pessimistic == 1


@pytest.mark.parametrize(("program", "inputs"), CASES)
def test_resampling_finds_the_edges_that_carry_what_differs_between_inputs_and_no_others(
    program: str, inputs: str
) -> None:
    c = case(program, inputs)
    scores = alone(c.task, c.truth.all, "resample")
    assert {edge for edge, loss in scores.items() if round(loss, DECIMALS) > 0} == c.truth.moving
    share = len(c.truth.moving) / len(c.truth.used)
    assert share < 1
    assert roc_of_scores(scores, c.truth.used, decimals=DECIMALS).pessimistic == pytest.approx(share)


@pytest.mark.parametrize("program", sorted(PUBLISHED))
@pytest.mark.parametrize("ablation", ["resample", "zero"])
def test_greedy_pruning_counted_as_acdc_counts_gives_the_published_areas(program: str, ablation: Ablation) -> None:
    c = case(program, "as published")
    ladder = [pruned(c.task, threshold, ablation) for threshold in (1e-4, 1e-2)]
    assert ladder[0] == (c.truth.used if ablation == "zero" else c.truth.moving)
    curve = roc_as_acdc_counts(ladder, PUBLISHED[program], c.truth.all)
    assert curve.pessimistic == pytest.approx(ACDC_AUC[program, ablation])


@pytest.mark.parametrize("program", PROGRAMS)
def test_discovery_finds_what_differs_between_inputs_and_nothing_else(program: str) -> None:
    c = case(program, "all lengths")
    found = discovered(c.task)
    assert claimed(found.hypothesis) == c.truth.moving
    assert recovered_by(found) == pytest.approx(1, abs=1e-3)
    assert roc_of_scores(costs(found, c.truth.all), c.truth.moving, decimals=DECIMALS).pessimistic == 1
