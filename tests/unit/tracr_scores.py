"""What the searches are measured on: a program's inputs with the edges that it uses on them, and scores of edges."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cache

import scrub_widgets as sw
from scrub_widgets.circuits import acdc
from scrub_widgets.circuits.circuit import Key
from scrub_widgets.circuits.masked import Ablation
from scrub_widgets.circuits.roc import Roc, roc_of_circuits
from scrub_widgets.circuits.runs import Runs
from scrub_widgets.hypothesis import Hypothesis
from tests.unit.tracr import LENGTH, PROGRAMS, load
from tests.unit.tracr_truth import Truth, truth_of

DECIMALS = 4
"""Losses of these programs are told apart to so many digits: a selector leaves 0.00002 of what it does not select."""

PUBLISHED: dict[str, frozenset[Key]] = {
    "reverse": frozenset(
        {
            ("a3.h0", "logits", ""),
            ("m2", "a3.h0", "q"),
            ("pos_embed", "a3.h0", "k"),
            ("embed", "a3.h0", "v"),
            ("m1", "m2", ""),
            ("m0", "m1", ""),
            ("embed", "m1", ""),
            ("pos_embed", "m1", ""),
            ("a0.h0", "m0", ""),
            ("embed", "m0", ""),
            ("embed", "a0.h0", "v"),
        }
    ),
    "frac_prevs": frozenset(
        {
            ("a1.h0", "logits", ""),
            ("embed", "a1.h0", "q"),
            ("pos_embed", "a1.h0", "q"),
            ("embed", "a1.h0", "k"),
            ("pos_embed", "a1.h0", "k"),
            ("m0", "a1.h0", "v"),
            ("embed", "m0", ""),
        }
    ),
}
"""The edges that ACDC's experiments count as true, in our names. They were found, by its authors' own words, with ACDC itself:
zero ablation, this metric, a threshold near zero. That ACDC with zero ablation then finds them with AUC 1.000 is no surprise."""

ACDC_AUC: dict[tuple[str, Ablation], float] = {
    ("reverse", "resample"): 0.200,
    ("frac_prevs", "resample"): 0.600,
    ("reverse", "zero"): 1.000,
    ("frac_prevs", "zero"): 1.000,
}
"""What ACDC's paper reports for itself, with this metric."""


@dataclass(frozen=True, eq=False)
class Case:
    """A program on some of its inputs.

    Attributes
    ----------
    program, inputs : str
        Which.
    task : Task
        The inputs, judged by the squared distance from the model's own output.
    truth : Truth
        The edges that these inputs use.
    """

    program: str
    inputs: str
    task: sw.Task
    truth: Truth


INPUTS = ("as published", "one length", "all lengths")
"""As ACDC's experiments have them; all sequences of four tokens; all sequences of one to five tokens, padded."""

CASES = tuple((p, i) for p in PROGRAMS for i in INPUTS if i != "as published" or p in PUBLISHED)


@cache
def case(program: str, inputs: str) -> Case:
    """Set one up."""
    p = load(program)
    if inputs == "all lengths":
        task, unpadded = p.of_all_lengths(), [p.of_one_length(length) for length in range(1, LENGTH + 1)]
    else:
        task = p.as_published() if inputs == "as published" else p.of_one_length(4)
        unpadded = [task]
    return Case(program, inputs, task, truth_of(unpadded))


def alone(
    task: sw.Task, edges: Collection[Key], ablation: Ablation, samples: int = 256, seed: int = 0
) -> dict[Key, float]:
    """The loss with each edge removed by itself; the model's own is zero."""
    runs = Runs(task, samples, seed, ablation)
    return {edge: float(runs.losses({edge}).mean()) for edge in edges}


def pruned(task: sw.Task, threshold: float, ablation: Ablation, samples: int = 256, seed: int = 0) -> frozenset[Key]:
    """The edges that greedy pruning keeps, with ACDC's metric."""
    kept = acdc(task, threshold, metric="loss", ablation=ablation, samples=samples, seed=seed, progress=False)
    return frozenset(edge.key for edge in kept)


def discovered(task: sw.Task, samples: int = 256, seed: int = 0) -> sw.Discovery:
    """What scrubbing finds by itself."""
    return sw.discover(task, max_claims=40, depth=8, samples=samples, seed=seed, confirm=False, progress=False)


def recovered_by(found: sw.Discovery) -> float:
    """Loss recovered by what a discovery found."""
    assert found.recovered is not None
    return found.recovered.value


def costs(found: sw.Discovery, edges: Collection[Key]) -> dict[Key, float]:
    """What freeing each edge cost where a discovery asked; 0 where it had no reason to ask, or nothing was lost."""
    scores = dict.fromkeys(edges, 0.0)
    for step in found.steps:
        if step.kind == "sweep":
            for answer in step.effects:
                key = (answer.name, *into(step.under))
                scores[key] = max(scores[key], answer.cost)
    return scores


def claimed(h: Hypothesis) -> frozenset[Key]:
    """The edges that a hypothesis claims; "any input" claims nothing."""
    return frozenset((claim.components[0], *into(claim.under)) for claim in h if claim.rule != "any input")


def into(path: str) -> tuple[str, str]:
    """The receiver and the port at the end of a path: ``logits>a1.h0.k`` is the k of a1.h0."""
    last = path.rpartition(">")[2]
    return (last[:-2], last[-1]) if last[-2:] in (".q", ".k", ".v") else (last, "")


def roc_as_acdc_counts(circuits: Collection[Collection[Key]], truth: Collection[Key], among: Collection[Key]) -> Roc:
    """A curve through circuits with the edges that ACDC counts besides: from each input of a head to the head's own q, k or v.

    Such an edge is kept where anything is that enters there.
    """

    def counted(edges: Collection[Key]) -> set[Key]:
        inner = {(f"{receiver}.{port} input", receiver, port) for _, receiver, port in edges if port}
        return {*edges, *inner}

    return roc_of_circuits([counted(circuit) for circuit in circuits], counted(truth), counted(among))
