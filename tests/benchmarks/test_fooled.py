"""How often is it fooled? Hypotheses about models that are known: which number and which guard exposes the wrong ones.

``make bench`` prints the tables; ``docs/fooled.md`` explains each row. Asserted are facts that hold by construction and the
two headlines; the tables themselves are for reading.
"""

from __future__ import annotations

import math
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets.measure import estimates
from tests.benchmarks.truth import FRESH, TRUTHS, Case, Truth
from tests.benchmarks.truth.case import tree
from tests.benchmarks.truth.noise import LIVE, network

SAMPLES = (256, 1024)
SEEDS = range(5)
PASSES = 0.9
"""From here on a reader takes a hypothesis for confirmed."""
NETWORKS = 60
"""Networks of random weights, each searched for claims that recover other than their matched null."""
REFERENCES = 256


@dataclass(frozen=True)
class Run:
    """One hypothesis scrubbed once, and what was said about it."""

    truth: Truth
    case: Case
    samples: int
    recovered: float
    pointwise: float
    kl: float
    null: float
    warned: frozenset[str]

    @property
    def fooled(self) -> bool:
        """Whether a reader would believe it: nine tenths of the loss, and not a word of warning."""
        return self.recovered >= PASSES and not self.warned


Models = tuple[Callable[[], Truth], ...]


@cache
def runs(models: Models) -> tuple[Run, ...]:
    return tuple(
        scrubbed(truth, case, samples, seed)
        for truth in (make() for make in models)
        for case in truth.cases
        for samples in SAMPLES
        for seed in SEEDS
    )


def scrubbed(truth: Truth, case: Case, samples: int, seed: int) -> Run:
    r = truth.task.scrub(case.hypothesis, samples=samples, seed=seed, progress=False)
    return Run(
        truth,
        case,
        samples,
        r.loss_recovered.value,
        r.pointwise.value,
        r.kl.value,
        r.null.value,
        frozenset(doubt.name for doubt in r.warnings if doubt.severity == "warning"),
    )


def of_kind(kind: str, models: Models) -> list[Run]:
    """Runs that gave a number at all: "no gap" is about the task and the sample, and not about a hypothesis."""
    return [run for run in runs(models) if run.case.kind == kind and math.isfinite(run.recovered)]


def rows(models: Models) -> Iterable[list[Run]]:
    """The runs of each hypothesis."""
    per_case, found = len(SAMPLES) * len(SEEDS), runs(models)
    return (list(found[i : i + per_case]) for i in range(0, len(found), per_case))


def say(capsys: pytest.CaptureFixture[str], lines: Sequence[str]) -> None:
    with capsys.disabled():
        sys.stdout.write("\n\n" + "\n".join(lines) + "\n")


def test_which_number_and_which_guard_exposes_each(capsys: pytest.CaptureFixture[str]) -> None:
    say(capsys, [*table(TRUTHS), "", "Models that the guards were tried and improved on:", *headline(TRUTHS)])
    wrong, right = of_kind("wrong", TRUTHS), of_kind("right", TRUTHS)
    assert sum(run.fooled for run in wrong) <= 0.005 * len(wrong)
    assert sum(bool(run.warned) for run in right) <= 0.05 * len(right)
    assert all(run.warned for run in of_kind("empty", TRUTHS))


def test_models_written_down_afterwards(capsys: pytest.CaptureFixture[str]) -> None:
    say(
        capsys,
        [
            *table(FRESH),
            "",
            "Models written down afterwards (one guard, finer rule, was made for them):",
            *headline(FRESH),
        ],
    )
    right = of_kind("right", FRESH)
    assert sum(bool(run.warned) for run in right) <= 0.05 * len(right)


def table(models: Models) -> list[str]:
    sizes = " and ".join(map(str, SAMPLES))
    lines = [
        f"{len(SEEDS)} seeds, {sizes} references; means over the runs, in % (KL in nats); in brackets: runs so warned"
    ]
    name = ""
    for row in rows(models):
        if row[0].truth.name != name:
            name = row[0].truth.name
            head = f"{'recovered':>9} {'pointwise':>9} {'null':>6} {'KL':>5} {'exposed by':12} warnings"
            lines += ["", f"{name}: {row[0].truth.does}", f"  {'':5} {'the hypothesis says':52} {head}"]
        lines.append(_line(row))
    return lines


def _line(row: Sequence[Run]) -> str:
    case, numbers = row[0].case, [run for run in row if math.isfinite(run.recovered)]

    def mean(of: str) -> float:
        return float(np.mean([getattr(run, of) for run in numbers]))

    found = Counter(name for run in row for name in run.warned)
    words = ", ".join(
        f"{warning} [{found[warning]}]" for warning in sorted(found, key=lambda name: (-found[name], name))
    )
    kl = f"{mean('kl'):5.2f}" if math.isfinite(mean("kl")) else "    -"
    shares = f"{100 * mean('recovered'):9.0f} {100 * mean('pointwise'):9.0f} {100 * mean('null'):6.0f}"
    return f"  {case.kind:5} {case.says:52.52} {shares} {kl} {_exposed(row):12} {words}"


def _exposed(row: Sequence[Run]) -> str:
    """What keeps a reader from believing a wrong hypothesis."""
    if row[0].case.kind == "right":
        return ""
    by_number = sum(run.recovered < PASSES for run in row) / len(row)
    fooled = sum(run.fooled for run in row)
    if fooled:
        return f"NOT in {fooled}/{len(row)}"
    return "number" if by_number == 1 else "guard" if by_number == 0 else "both"


def headline(models: Models) -> list[str]:
    wrong, right, empty = (of_kind(kind, models) for kind in ("wrong", "right", "empty"))
    found = runs(models)
    return [
        f"{len(found) // len(SAMPLES) // len(SEEDS)} hypotheses about {len(models)} models, {len(found)} runs",
        _share("wrong, >= 90 % recovered and no warning", [run.fooled for run in wrong]),
        _share("  of the wrong ones that reach 90 %", [run.fooled for run in wrong if run.recovered >= PASSES]),
        *(_share(f"  with {n} references", [run.fooled for run in wrong if run.samples == n]) for n in SAMPLES),
        _share("right and warned about", [bool(run.warned) for run in right]),
        _share("true, but true of other models as well: warned", [bool(run.warned) for run in empty]),
        f"(no number, because the gap was not resolved: {sum(not math.isfinite(run.recovered) for run in found)} runs)",
    ]


def _share(what: str, hits: Sequence[bool]) -> str:
    return f"{what:48} {100 * sum(hits) / len(hits):5.1f} %   {sum(hits)} of {len(hits)} runs"


def test_right_hypotheses_recover_everything() -> None:
    """By construction: they allow only swaps that leave the output as it is, but for a noise that does not depend on the label."""
    for run in [*of_kind("right", TRUTHS), *of_kind("right", FRESH)]:
        assert run.recovered == pytest.approx(1, abs=0.05), (run.truth.name, run.case.says)


def test_searching_random_networks_finds_what_chance_allows(capsys: pytest.CaptureFixture[str]) -> None:
    """Every unit with every random label: claims that recover other than their matched null, at a false discovery rate of 5 %."""
    single, searches, naive = [], [], []
    for seed in range(NETWORKS):
        found = [searched(network(1000 + seed), unit, f"random {k}") for unit in LIVE for k in (2, 5, 20)]
        p = [p for p, _ in found]
        single += [value < 0.05 for value in p]
        naive += [above_zero for _, above_zero in found]
        searches.append(min(estimates.false_discovery(p)) <= 0.05)
    lines = [
        f"{NETWORKS} networks of random weights, {len(single) // NETWORKS} claims each, {REFERENCES} references: 'finds' that are none",
        f"  interval of the loss recovered above zero        {_interval(naive)}",
        f"  other than the matched null, p < 5 %             {_interval(single)}",
        f"  searches with any find, false discovery rate 5 % {_interval(searches)}",
    ]
    say(capsys, lines)
    assert _low(single) <= 0.05
    assert _low(searches) <= 0.05


def searched(task: sw.Task, unit: str, rule: str) -> tuple[float, bool]:
    """p-value of recovering more or less than the matched null, and whether the bare interval would have called it a find."""
    r = task.scrub(tree("out", f"out>{unit}: {rule}"), samples=REFERENCES, progress=False)
    return estimates.p_value(r.null_losses - r.losses.scrubbed), r.loss_recovered.low > 0


def _low(hits: Sequence[bool]) -> float:
    return _wilson(hits)[0]


def _interval(hits: Sequence[bool]) -> str:
    low, high = _wilson(hits)
    return f"{100 * np.mean(hits):5.1f} % [{100 * low:.1f}, {100 * high:.1f}]   {sum(hits)} of {len(hits)}"


def _wilson(hits: Sequence[bool]) -> tuple[float, float]:
    """95 % interval of a share."""
    n, share, z2 = len(hits), float(np.mean(hits)), estimates.Z95**2
    middle, half = share + z2 / (2 * n), estimates.Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n))
    return max(0.0, (middle - half) / (1 + z2 / n)), (middle + half) / (1 + z2 / n)
