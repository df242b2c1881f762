"""What other hypotheses recover, on the same references and donors: a hypothesis has to be better than those.

>>> r = task.scrub(h)  # doctest: +SKIP
>>> sw.nulls.permuted(r, draws=100)  # the same tree, rules that know nothing: rank and p-value  # doctest: +SKIP
>>> sw.nulls.random_components(r)  # the same shape on other components of the same kinds and layers  # doctest: +SKIP
>>> sw.nulls.complement(r)  # what was claimed is freed, what was not is kept  # doctest: +SKIP
>>> sw.nulls.leave_one_out(r)  # what each claim adds  # doctest: +SKIP
>>> sw.nulls.add_one(r)  # what each further claim would add  # doctest: +SKIP

:func:`steps` does the same bit by bit, for those who want to watch or to stop. What each one means, and what not, is told
in ``docs/nulls.md``.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, cast, get_args

import msgspec
import numpy as np
from tqdm.auto import tqdm

from ...engine.draws import stream
from ...errors import HypothesisError, ScrubError, listed
from ...hypothesis import Claim, Hypothesis
from ...inputs import places
from .. import estimates
from ..estimates import Floats
from . import variants
from .tables import Changes, NullDraws, Row, Table

if TYPE_CHECKING:
    from ...result import Result
    from ...task import Task

__all__ = [
    "Changes",
    "Kind",
    "NullDraws",
    "Row",
    "Table",
    "add_one",
    "complement",
    "leave_one_out",
    "permuted",
    "random_components",
    "steps",
]

Kind = Literal["permuted", "random_components", "complement", "leave_one_out", "add_one"]
MAX_DRAWS = 10_000
ROUNDING = 1e-5
"""Losses that differ by less, relative to their size, are equal: another order of sums is no effect."""

Variant = tuple[str, "Task", Hypothesis]
"""A row's name, and what to scrub on what."""


def permuted(r: Result, draws: int = 20, *, progress: bool = True) -> NullDraws:
    """The same hypothesis with the labels of every rule permuted over the inputs, many times.

    Each draw has one permutation for each rule: the same class sizes, random members.

    Parameters
    ----------
    r : Result
        The result to judge.
    draws : int
        How many; the smallest p-value is 1 / (1 + draws).
    progress : bool
        Whether to show a progress bar when it takes long.

    Raises
    ------
    ScrubError
        No rule has labels to permute, ``draws`` is below 1, or the result's gap is not resolved.
    """
    return cast("NullDraws", _run(r, "permuted", draws, progress=progress))


def random_components(r: Result, draws: int = 20, *, progress: bool = True) -> NullDraws:
    """Hypotheses of the same shape, with each component replaced by a random one of its kind and layer.

    None is drawn twice and none is the hypothesis itself; where there are no more than ``draws``, all are taken.

    Parameters
    ----------
    r, draws, progress
        As for :func:`permuted`.

    Raises
    ------
    ScrubError
        Nothing can be replaced, ``draws`` is below 1, or the result's gap is not resolved.
    """
    return cast("NullDraws", _run(r, "random_components", draws, progress=progress))


def complement(r: Result, *, progress: bool = True) -> Changes:
    """What the hypothesis left unclaimed is kept, what it claimed is freed (see ``docs/nulls.md`` for trees).

    If this recovers much, what was claimed is not needed for the loss.

    Raises
    ------
    ScrubError
        A claim about all paths or at each input's own positions, or the result's gap is not resolved.
    """
    return cast("Changes", _run(r, "complement", progress=progress))


def leave_one_out(r: Result, *, progress: bool = True) -> Changes:
    """Each claim removed with what stands under it.

    Raises
    ------
    ScrubError
        There is no claim, or the result's gap is not resolved.
    """
    return cast("Changes", _run(r, "leave_one_out", progress=progress))


def add_one(r: Result, *, progress: bool = True) -> Changes:
    """Each further component claimed with ``same input``, under the output or a port that has claims.

    Raises
    ------
    ScrubError
        There is nothing to add, or the result's gap is not resolved.
    """
    return cast("Changes", _run(r, "add_one", progress=progress))


def steps(r: Result, kind: Kind, draws: int = 20) -> Generator[Table, None, None]:
    """The table so far, after every chunk of references: to watch it grow, or to stop.

    Parameters
    ----------
    r : Result
        The result to judge.
    kind : {"permuted", "random_components", "complement", "leave_one_out", "add_one"}
        What to compare it with.
    draws : int
        For the first two.

    Raises
    ------
    ScrubError
        As the function of that name; at the call, before any work.
    """
    if kind not in get_args(Kind):
        raise ScrubError(f"there is no null '{kind}'; there is {listed(get_args(Kind))}.")
    if not r.loss_recovered.resolved:
        raise ScrubError(f"there is nothing to compare: the loss recovered is {r.loss_recovered}.")
    _check_draws(draws)
    table, plan = _PLANS[kind](r, draws)
    return _fill(r, replace(table, planned=len(plan)), plan)


def _check_draws(draws: object) -> None:
    if not isinstance(draws, int) or isinstance(draws, bool) or not 1 <= draws <= MAX_DRAWS:
        raise ScrubError(f"draws= takes a whole number from 1 to {MAX_DRAWS:,}, not {draws!r}.")


def _run(r: Result, kind: Kind, draws: int = 1, *, progress: bool) -> Table:
    growing = steps(r, kind, draws)
    table = next(growing)
    with tqdm(
        total=table.planned, desc=kind.replace("_", " "), unit="scrub", leave=False, delay=2.0, disable=not progress
    ) as bar:
        for table in growing:
            bar.update(len(table.rows) - bar.n)
    return table


def _fill(r: Result, table: Table, plan: Sequence[Variant]) -> Generator[Table, None, None]:
    chosen = msgspec.structs.replace(r.settings, samples=len(r.losses), baseline="shuffled")
    total = np.zeros(len(r.losses))
    yield table
    for name, task, hypothesis in plan:
        for part in task.stream(hypothesis, chosen):
            if len(part.losses) == len(r.losses):
                total += part.losses.scrubbed
                table = replace(table, rows=(*table.rows, _row(r, name, hypothesis, part.losses.scrubbed)))
                if isinstance(table, NullDraws):
                    over = total / len(table.rows) - r.losses.scrubbed
                    table = replace(table, above=estimates.ratio(over, r.losses.baseline - r.losses.model))
            yield table


def _row(r: Result, name: str, hypothesis: Hypothesis, scrubbed: Floats) -> Row:
    model, own, baseline = r.losses.model, r.losses.scrubbed, r.losses.baseline
    lower = own - scrubbed
    lower[np.abs(lower) <= ROUNDING * np.maximum(1.0, np.abs(own))] = 0.0
    return Row(
        name,
        hypothesis,
        estimates.loss_recovered(model, scrubbed, baseline),
        estimates.ratio(lower, baseline - model),
        estimates.p_value(lower),
    )


def _plan_permuted(r: Result, draws: int) -> tuple[Table, list[Variant]]:
    if not r.labelled:
        raise ScrubError(
            "no rule of this hypothesis has labels to permute: 'same input' and 'any input' stay what they are; "
            "sw.nulls.random_components compares it with other components."
        )
    seeds = stream(r.settings.seed, "permuted draws").integers(2**62, size=draws)
    plan = [(f"permutation {i + 1}", r.task.permuted(int(seed)), r.hypothesis) for i, seed in enumerate(seeds)]
    return _draws(r, "permuted", "permuted rules: the same tree and class sizes, random members"), plan


def _plan_random(r: Result, draws: int) -> tuple[Table, list[Variant]]:
    def legal(h: Hypothesis) -> bool:
        try:
            r.task.check(h)
        except HypothesisError:
            return False
        return True

    random = stream(r.settings.seed, "random components")
    found, every = variants.random_hypotheses(r.hypothesis, r.task.graph.layout, draws, random, legal)
    table = _draws(r, "random_components", "random components: the same shape, kinds and layers")
    plan = [(", ".join(dict.fromkeys(c for claim in h for c in claim.components)), r.task, h) for h in found]
    return replace(table, exhaustive=every), plan


def _plan_complement(r: Result, _: int) -> tuple[Table, list[Variant]]:
    task = r.task
    everywhere = frozenset(range(task.positions))

    def where(claim: Claim) -> frozenset[int]:
        at = claim.positions
        if at is None:
            return everywhere
        if isinstance(at, str) and at not in task.roles:
            raise HypothesisError(
                f"a complement needs positions that all inputs share, and '{claim.id}' holds at each input's own.",
                where=claim.id,
            )
        return frozenset(task.roles[at] if isinstance(at, str) else places(claim.id, at, task.positions))

    other = variants.complement(r.hypothesis, task.graph.layout, where, everywhere)
    title = "complement: what was claimed is freed, what was not is kept"
    return _changes(r, "complement", title), [("complement", task, other)]


def _plan_leave_one_out(r: Result, _: int) -> tuple[Table, list[Variant]]:
    if not len(r.hypothesis):
        raise ScrubError("there is no claim to leave out: this hypothesis is only the output.")
    plan = [(claim.id, r.task, variants.without(r.hypothesis, claim.id)) for claim in r.hypothesis]
    return _changes(r, "leave_one_out", "leave one out: without each claim and what stands under it"), plan


def _plan_add_one(r: Result, _: int) -> tuple[Table, list[Variant]]:
    found = variants.additions(r.hypothesis, r.task.graph.layout)
    return (
        _changes(r, "add_one", "add one: with each further component, 'same input'"),
        [(claim, r.task, h) for claim, h in found],
    )


def _draws(r: Result, kind: Kind, title: str) -> NullDraws:
    return NullDraws(kind, title, r.hypothesis, r.loss_recovered, len(r.losses), 0)


def _changes(r: Result, kind: Kind, title: str) -> Changes:
    return Changes(kind, title, r.hypothesis, r.loss_recovered, len(r.losses), 0)


_PLANS = {
    "permuted": _plan_permuted,
    "random_components": _plan_random,
    "complement": _plan_complement,
    "leave_one_out": _plan_leave_one_out,
    "add_one": _plan_add_one,
}
