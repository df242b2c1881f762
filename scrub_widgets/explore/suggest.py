"""Which rule a claim needs: all of the task's rules and their pairs in its place, measured on the same draws."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from tqdm.auto import tqdm

from ..engine.draws import MAX_DRAWS
from ..engine.run import baselines
from ..engine.settings import Settings, settings
from ..errors import HypothesisError, ScrubError
from ..hypothesis import ROOT, Claim, Hypothesis
from ..measure import estimates
from ..measure.estimates import Floats
from ..rules import RuleFunction, both
from ..task import Task
from .candidates import Candidate, Found, find
from .measured import losses_of
from .suggestions import Suggestion, Suggestions

THRESHOLD = 0.02


def suggest_rules(
    task: Task,
    h: Hypothesis,
    claim: str,
    *,
    samples: int = 1024,
    seed: int = 0,
    unclaimed: str = "per receiver",
    baseline: str | Sequence[str] = "shuffled",
    rules: Sequence[str] | None = None,
    combine: bool = True,
    threshold: float = THRESHOLD,
    q: float = 0.05,
    client: Any = None,
    progress: bool = True,
) -> Suggestions:
    """Try other rules in a claim's place, to find the coarsest that costs nothing.

    Each rule that parts the inputs in a way of its own is scrubbed once, on common random numbers, and compared with *same
    input* in the same place, which keeps everything.

    Parameters
    ----------
    task : Task
        What to measure on.
    h : Hypothesis
        The present one.
    claim : str
        The id of one of its claims. Claims that share its draw get the same rule.
    samples, seed, unclaimed, baseline
        As in :meth:`Task.scrub`.
    rules : sequence of str, optional
        Which rules to try; default: all of the task.
    combine : bool
        Whether to try every two of them together as well: inputs are alike if both say so.
    threshold : float
        A rule costs nothing if surely less than this is missing to *same input*, as a share of loss recovered.
    q : float
        False discovery rate at which a cost, or a gain, is called one.
    client : dask.distributed.Client, optional
        Where to compute; here by default.
    progress : bool
        Whether to show a progress bar when it takes long.

    Returns
    -------
    Suggestions
        One row for each rule; ``.coarsest``, ``.pareto``, ``.plot()``.

    Raises
    ------
    ScrubError
        No such claim or rule, or settings that make no sense.
    """
    chosen = settings(samples, seed, unclaimed, baseline)
    steps = suggest_steps(
        task, h, claim, chosen=chosen, rules=rules, combine=combine, threshold=threshold, q=q, client=client
    )
    found = next(steps)
    total = len(found.left)
    with tqdm(total=total, desc="rules", unit="rule", leave=False, delay=2.0, disable=not progress) as bar:
        for found in steps:
            bar.update(total - len(found.left) - bar.n)
    return found


def suggest_steps(
    task: Task,
    h: Hypothesis,
    claim: str,
    *,
    chosen: Settings | None = None,
    rules: Sequence[str] | None = None,
    combine: bool = True,
    threshold: float = THRESHOLD,
    q: float = 0.05,
    client: Any = None,
) -> Iterator[Suggestions]:
    """:func:`suggest_rules` step by step: first without rows, then after each rule. To cancel, stop iterating.

    Everything that is refused is refused before anything is computed.
    """
    chosen = chosen or Settings()
    shares: dict[str, Any] = {"threshold": threshold, "q": q}
    for name, value in shares.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1:
            raise ScrubError(f"{name}= takes a share between 0 and 1, not {value!r}.")
    if not isinstance(claim, str):
        raise HypothesisError(f"claim= takes the id of a claim, such as 'logits>a1.h3', not {claim!r}.")
    if claim == ROOT:
        raise HypothesisError(f"'{ROOT}' is the output: it has no rule. Name one of its claims.")
    task.check(h)
    mine = h[claim]
    claims = tuple(c.id for c in h if c.id == claim or (mine.share is not None and c.share == mine.share))
    if chosen.baseline == "ablated":  # one for all rows
        chosen = msgspec.structs.replace(chosen, baseline=baselines(h, chosen)["ablated"])
    found = find(task, rules, mine.rule, _read(task, h, claims), combine)
    fits = [c for c in found.candidates if _draws(task, _with(h, claims, c.rule), c, claims, chosen) <= MAX_DRAWS]
    many = {
        c.rule: "too many draws: it stands among other position-wise claims" for c in found.candidates if c not in fits
    }
    found = replace(found, candidates=tuple(fits), skipped={**found.skipped, **many})
    return _steps(_with_pairs(task, found), h, claims, chosen, found, (threshold, q), client)


def _steps(
    task: Task,
    h: Hypothesis,
    claims: tuple[str, ...],
    chosen: Settings,
    found: Found,
    levels: tuple[float, float],
    client: Any,
) -> Iterator[Suggestions]:
    *_, base = task.stream(h, chosen)
    left = tuple(c.rule for c in found.candidates)
    made = Suggestions(task, h, claims, chosen, base, (), left, found.skipped, found.pairs_left_out, *levels)
    yield made
    tries = [_with(h, claims, c.rule) for c in found.candidates]
    same: Floats | None = None
    for candidate, hypothesis, losses in zip(
        found.candidates, tries, losses_of(task, tries, chosen, client, "rules"), strict=True
    ):
        same = losses if same is None else same  # the first one is 'same input'
        row = _row(made, candidate, hypothesis, losses, same)
        made = replace(made, rows=(*made.rows, row), left=made.left[1:])
        yield made


def _row(made: Suggestions, candidate: Candidate, hypothesis: Hypothesis, losses: Floats, same: Floats) -> Suggestion:
    base = made.base.losses
    gap = base.baseline - base.model
    return Suggestion(
        candidate,
        hypothesis,
        recovered=estimates.loss_recovered(base.model, losses, base.baseline),
        effect=estimates.ratio(base.scrubbed - losses, gap),
        cost=estimates.ratio(losses - same, gap),
        losses=losses,
        p=estimates.p_value(losses - same),
    )


def _with(h: Hypothesis, claims: Sequence[str], rule: str) -> Hypothesis:
    """The hypothesis with a rule in some claims, all at once: claims with one draw have one rule at any time."""
    changed = tuple(msgspec.structs.replace(c, rule=rule) if c.id in claims else c for c in h)
    return Hypothesis(changed)


def _with_pairs(task: Task, found: Found) -> Task:
    pairs: dict[str, RuleFunction] = {
        c.rule: both(task.rule(c.parts[0]), task.rule(c.parts[1])) for c in found.candidates if c.parts
    }
    return task.with_rules(pairs) if pairs else task


def _read(task: Task, h: Hypothesis, claims: Sequence[str]) -> list[int]:
    """Token positions at which the claims are read; all of them where it is not known."""
    read: set[int] = set()
    for claim_id in claims:
        claim = h[claim_id]
        at = set(_behind(task, h, claim))
        if isinstance(claim.positions, tuple):
            at &= {p % task.positions for p in claim.positions}
        read |= at
    return sorted(read) or list(range(task.positions))


def _behind(task: Task, h: Hypothesis, claim: Claim) -> Sequence[int]:
    """The positions that the loss reads; all of them behind a key or a value."""
    while True:
        owners = () if claim.parent == ROOT else h[claim.parent].components
        if claim.paths == "all" or any(claim.port in task.graph.node(owner).everywhere for owner in owners):
            return range(task.positions)
        if claim.parent == ROOT:
            return task.loss.reads(task.positions)
        claim = h[claim.parent]


def _draws(task: Task, tried: Hypothesis, candidate: Candidate, claims: Sequence[str], chosen: Settings) -> int:
    """The most numbers that one claim draws: each position-wise claim on the way down multiplies by the positions."""
    rules = candidate.parts or (candidate.rule,)
    wide = any(task.classes(rule).positionwise for rule in rules)
    most = 0
    for claim in tried:
        depth, at = 0, claim
        while True:
            depth += wide if at.id in claims else task.classes(at.rule).positionwise
            if at.parent == ROOT:
                break
            at = tried[at.parent]
        most = max(most, chosen.samples * task.positions**depth)
    return most
