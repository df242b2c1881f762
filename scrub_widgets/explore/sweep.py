"""One sweep: every sender of a port is freed, kept or given a rule, and each time loss recovered is measured again.

All on the same references and, where the claims agree, the same donors, so that each effect is a paired difference.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from tqdm.auto import tqdm

from ..cluster import Progress, bars, checked
from ..engine.run import baselines
from ..engine.settings import Settings, settings
from ..errors import ScrubError
from ..hypothesis import ROOT, Hypothesis
from ..measure import estimates
from ..measure.estimates import Estimate, Floats
from ..result import Result
from ..task import Task
from .asking import GROUPS, asking, in_groups
from .measured import losses_of
from .questions import FREE, KEEP, Each, Question, checked_candidates, question

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FALSE = 0.05
"""False discovery rate up to which a sender is told from noise in what is printed and drawn."""
ROUNDING = 1e-5
"""Smaller effects (0.001 %) are not told from the rounding of float32, however narrow their interval is."""


@dataclass(frozen=True, eq=False)
class Row:
    """What one sender does.

    Attributes
    ----------
    component : str
        The sender; with ``each="q"`` the head whose query input was asked about; ``"a1.h3.q"`` with ``each="qkv"``, and
        ``"@5"`` for a position.
    hypothesis : Hypothesis
        What was scrubbed for it.
    effect : Estimate
        Change of loss recovered, paired by reference: below zero, the loss gets worse.
    change : Estimate
        Change of the mean scrubbed loss, paired by reference: above zero, the loss gets worse.
    recovered : Estimate
        Loss recovered with it.
    losses : array of float
        Scrubbed losses ``[n]``, on the references of :attr:`Sweep.base`; empty in a row that was read from a file.
    p : float
        Chance of a change at least this large if there is none: a paired, two-sided t test. For many senders see
        :attr:`Sweep.q`.
    """

    component: str
    hypothesis: Hypothesis = field(repr=False)
    effect: Estimate
    change: Estimate = field(repr=False)
    recovered: Estimate = field(repr=False)
    losses: Floats = field(repr=False)
    p: float = 1.0

    @property
    def beyond_noise(self) -> bool:
        """Whether the 95 % interval of the effect excludes zero, and the effect is more than rounding."""
        e = self.effect
        return e.resolved and abs(e.value) > ROUNDING and (e.low > 0 or e.high < 0)


@dataclass(frozen=True, eq=False)
class Sweep:
    """One question about every sender of one port, as far as it was answered.

    Attributes
    ----------
    task : Task
        What it was measured on.
    question : Question
        What was asked: of which hypothesis, which port, which senders.
    settings : Settings
        Samples, seed, policy, baseline.
    base : Result
        Of :attr:`before`, which every answer is compared with.
    rows : tuple of Row
        The answers so far, senders nearest to the port first.
    left : tuple of str
        Senders without an answer yet.
    skipped : mapping of str to str
        Senders that the question makes no sense for, with the reason.
    seconds : float
        Time spent.
    plain_seconds : float
        Time of one plain forward pass over as many inputs, by the clean pass over the task's data.
    asked : Task or None
        The task that was asked about, where that was rewritten to measure groups of neurons; None where it is :attr:`task`.
    groups : int
        Groups of neurons of each MLP, where those were asked about.
    """

    task: Task = field(repr=False)
    question: Question
    settings: Settings
    base: Result
    rows: tuple[Row, ...]
    left: tuple[str, ...]
    skipped: Mapping[str, str]
    seconds: float
    plain_seconds: float
    asked: Task | None = field(default=None, repr=False)
    groups: int = 0

    @property
    def hypothesis(self) -> Hypothesis:
        """The hypothesis that was asked about."""
        return self.question.hypothesis

    @property
    def before(self) -> Hypothesis:
        """What every answer is compared with: the hypothesis, with this port open if it was closed."""
        return self.question.before

    @property
    def under(self) -> str:
        """The port, as a path."""
        return self.question.place.path

    @property
    def complete(self) -> bool:
        """Whether every sender has its answer."""
        return not self.left

    @property
    def forwards(self) -> float:
        """Cost so far in plain forward passes over as many inputs, by the time that both took."""
        return self.seconds / self.plain_seconds if self.plain_seconds else math.nan

    @cached_property
    def ranked(self) -> tuple[Row, ...]:
        """The rows, what matters most first: what costs most when freed, what gains most when kept."""
        sign = -1 if self.question.ask == FREE else 1
        return tuple(sorted(self.rows, key=lambda row: (not row.effect.resolved, -sign * row.effect.value)))

    @cached_property
    def q(self) -> Mapping[str, float]:
        """False discovery rate of each sender: of those with at most 5 %, 5 % are expected to do nothing (Benjamini-Hochberg)."""
        adjusted = estimates.false_discovery([row.p for row in self.rows])
        return {row.component: q for row, q in zip(self.rows, adjusted, strict=True)}

    def found(self, threshold: float = 0.0, q: float = 0.05) -> tuple[Row, ...]:
        """Rows that can be told from noise, what matters most first.

        Parameters
        ----------
        threshold : float
            Least size of the effect in the direction of the question, as a share of loss recovered.
        q : float
            Largest false discovery rate.
        """
        sign = -1 if self.question.ask == FREE else 1
        return tuple(row for row in self.ranked if self.told(row, q) and sign * row.effect.value > threshold)

    def told(self, row: Row, q: float = FALSE) -> bool:
        """Whether a row can be told from noise, by its own interval and among all that were asked about (see :attr:`q`)."""
        return row.beyond_noise and self.q[row.component] <= q

    def __getitem__(self, component: str) -> Row:
        """The row of one sender."""
        for row in self.rows:
            if row.component == component:
                return row
        why = self.skipped.get(component, "no such sender, or no answer yet")
        raise ScrubError(f"this sweep has no row for '{component}': {why}.")

    def __len__(self) -> int:
        return len(self.rows)

    def __str__(self) -> str:
        q, n = self.question, len(self.base.losses)
        lines = [
            f"{sentence(q)}: change of loss recovered",
            f"before: {self.base.loss_recovered}, n = {n}, seed {self.settings.seed}",
            *(f"  {r.component:12} {_signed(r.effect):>34}   {self._verdict(r)}".rstrip() for r in self.ranked),
        ]
        if self.rows:
            lines.append(
                f"q: false discovery rate. Of those with q <= {FALSE:g}, {100 * FALSE:g} % are expected to do nothing."
            )
        if self.rows and not any(self.told(row) for row in self.rows):
            lines.append(f"nothing beyond noise at n = {n}; raise samples")
        if self.skipped:
            lines.append(f"not asked: {', '.join(f'{name} ({why})' for name, why in self.skipped.items())}")
        if self.left:
            lines.append(f"{len(self.left)} senders are still to be measured")
        return "\n".join([*lines, f"cost: {self.forwards:.1f} plain forward passes over the same inputs"])

    __repr__ = __str__

    def _verdict(self, row: Row) -> str:
        if not row.effect.resolved:
            return ""
        rate = self.q[row.component]
        q = "q < 0.001" if rate < 0.001 else f"q = {rate:.3f}"
        if self.told(row):
            return q
        return f"{q}   {f'may be chance among {len(self.rows)}' if row.beyond_noise else 'within noise'}"

    def plot(self) -> Figure:
        """A map of layers by heads with a column for the MLPs, or bars by position; hatched where it may be noise.

        With ``each="qkv"`` one map for queries, keys and values each.
        """
        from .plot import figure  # matplotlib is loaded only for those who plot

        return figure(self)

    def to_json(self) -> str:
        """The question, the settings, the rows with their intervals, and where they come from, as JSON text."""
        from .saved import written

        return written(self)

    @classmethod
    def from_json(cls, task: Task, text: str) -> Sweep:
        """Read what :meth:`to_json` wrote, to look at it or to go on with it: ``sw.importance(task, resume=sweep)``.

        What the answers are compared with is scrubbed again. Rows have their numbers, but no losses of single references.

        Parameters
        ----------
        task : Task
            The task that was asked about: the same data and model.
        text : str
            The JSON.

        Raises
        ------
        ScrubError
            No JSON of a sweep, or of another task: the sentence says what differs.
        """
        from .saved import read

        return read(task, text)


def importance(
    task: Task,
    h: Hypothesis | None = None,
    under: str = ROOT,
    question: str = FREE,
    *,
    each: Each = "component",
    groups: int = GROUPS,
    samples: int = 1024,
    seed: int = 0,
    unclaimed: str = "per receiver",
    baseline: str | Sequence[str] = "shuffled",
    candidates: Sequence[str] | None = None,
    resume: Sweep | None = None,
    client: Any = None,
    progress: Progress = True,
) -> Sweep:
    """Ask of each sender of a port how much it matters, given a hypothesis.

    Parameters
    ----------
    task : Task
        What to measure on.
    h : Hypothesis, optional
        The present one; nothing claimed by default.
    under : str
        The port, as a path: ``"logits"``, ``"logits>a1.h3.k"``.
    question : str
        ``"free"``: what if this one takes its value on a random input; ``"keep"``: what if it is claimed as ``same input``;
        the name of a rule: what if it is claimed with that. docs/numbers.md says what stays as it is.
    each : {"component", "head", "mlp", "part", "q", "k", "v", "qkv", "position", "neurons"}
        Whole senders (all, heads, MLPs, or parts of rewritten components); one input of each head among them (``"qkv"``: each of
        the three); all that the port reads at one position; or groups of neurons of the MLPs among them.
    groups : int
        With ``each="neurons"``: groups of neighbouring neurons of each MLP. The sweep is then about ``sweep.task``, in which
        they are parts such as ``m0[n0-127]``.
    samples, seed, unclaimed, baseline
        As in :meth:`Task.scrub`.
    candidates : sequence of str, optional
        Ask about these senders only.
    resume : Sweep, optional
        An earlier one that was not complete, of this task: all of the question and its settings is taken from it.
    client : dask.distributed.Client, optional
        Spread the work over its cluster; docs/cluster.md.
    progress : bool or "dask"
        Whether to show a progress bar when it takes long; with ``client`` also Dask's own.

    Returns
    -------
    Sweep
        One row for each sender, with a paired interval.

    Raises
    ------
    ScrubError
        No such port, question or sender.
    """
    chosen, asked = settings(samples, seed, unclaimed, baseline), h or Hypothesis()
    with bars(progress, client) as own:
        if resume is not None:
            steps = _going_on(task, resume, client)
        else:
            steps = sweep_steps(
                task,
                asked,
                under,
                question,
                each=each,
                groups=groups,
                chosen=chosen,
                candidates=candidates,
                client=client,
            )
        sweep = next(steps)
        total = len(sweep.left)
        with tqdm(total=total, desc="sweep", unit="sender", leave=False, delay=2.0, disable=not own) as bar:
            for sweep in steps:
                bar.update(total - len(sweep.left) - bar.n)
    return sweep


def sweep_steps(
    task: Task,
    h: Hypothesis,
    under: str = ROOT,
    ask: str = FREE,
    *,
    each: Each = "component",
    groups: int = GROUPS,
    chosen: Settings | None = None,
    candidates: Sequence[str] | None = None,
    resume: Sweep | None = None,
    client: Any = None,
) -> Iterator[Sweep]:
    """The sweep of :func:`importance` step by step: first without rows, then after each sender.

    Parameters
    ----------
    task, h, under, ask, each, groups, candidates
        As there.
    chosen : Settings, optional
        Samples, seed, policy, baseline.
    resume : Sweep, optional
        An earlier one of the same question: what it has is not measured again. It must be about the same hypothesis, port,
        question and settings.
    client : dask.distributed.Client, optional
        Spread the work over its cluster.

    Raises
    ------
    ScrubError
        No such port, question or sender; a cluster that cannot be used; another question than the one to resume. Before anything is computed.
    """
    if client is not None:
        checked(client)
    task.check(h)
    origin, count = None, 0
    if each == "neurons":
        question(task.graph.layout, h, under, ask, each, task.classes)  # refused before the MLPs are rewritten
        origin, count = task, groups
        known = resume.task if resume is not None and resume.asked is task and resume.groups == groups else None
        task, h, under = in_groups(task, h, under, groups, known)
    asked = asking(task, h, under, ask, each)
    chosen = _with_one_baseline(h, chosen or Settings())
    if resume is not None and (resume.task is not task or resume.question != asked or resume.settings != chosen):
        raise ScrubError("the sweep to resume is of another task, hypothesis, port, question or settings.")
    names = checked_candidates(asked, candidates)
    if not names:
        why = "; rewrite a component first, task.rewrite(...)" if each == "part" else ""
        raise ScrubError(f"no sender of '{under}' is a '{each}' to ask about{why}.")
    return _steps(task, asked, chosen, names, resume, origin, count, client)


def _going_on(task: Task, resume: Sweep, client: Any) -> Iterator[Sweep]:
    if task is not (resume.asked or resume.task):
        raise ScrubError("the sweep to resume is of another task; Sweep.from_json(task, text) reads it for this one.")
    names = [*(row.component for row in resume.rows), *resume.left]
    return _steps(resume.task, resume.question, resume.settings, names, resume, resume.asked, resume.groups, client)


def _steps(
    task: Task,
    asked: Question,
    chosen: Settings,
    names: Sequence[str],
    resume: Sweep | None,
    origin: Task | None,
    groups: int,
    client: Any,
) -> Iterator[Sweep]:
    began = time.perf_counter()
    reasons = {name: asked.why_not(name) for name in names}
    skipped = {name: why for name, why in reasons.items() if why is not None}
    plain = task.prepare().seconds / len(task) * chosen.samples
    left = tuple(name for name, why in reasons.items() if why is None)
    if resume is None:
        *_, base = task.stream(asked.before, chosen, client=client)
        found = Sweep(task, asked, chosen, base, (), left, skipped, time.perf_counter() - began, plain, origin, groups)
    else:
        known = {row.component for row in resume.rows}
        left = tuple(name for name in left if name not in known)
        found = replace(resume, left=left, skipped={**resume.skipped, **skipped})
    yield found
    afters = {name: asked.after(name) for name in found.left}
    began = time.perf_counter()
    with closing(losses_of(task, list(afters.values()), chosen, client, asked.place.path)) as measured:
        for name, losses in zip(afters, measured, strict=True):
            row = _row(found, name, afters[name], losses)
            spent = found.seconds + time.perf_counter() - began
            left = tuple(other for other in found.left if other != name)
            found = replace(found, rows=(*found.rows, row), left=left, seconds=spent)
            yield found
            began = time.perf_counter()


def _row(sweep: Sweep, name: str, after: Hypothesis, losses: Floats) -> Row:
    base = sweep.base.losses
    return Row(
        name,
        after,
        effect=estimates.ratio(base.scrubbed - losses, base.baseline - base.model),
        change=estimates.mean(losses - base.scrubbed),
        recovered=estimates.loss_recovered(base.model, losses, base.baseline),
        losses=losses,
        p=estimates.p_value(losses - base.scrubbed),
    )


def _with_one_baseline(h: Hypothesis, chosen: Settings) -> Settings:
    """The components of an ``ablated`` baseline by name: those that the hypothesis itself claims, for every row the same."""
    if chosen.baseline != "ablated":
        return chosen
    return msgspec.structs.replace(chosen, baseline=baselines(h, chosen)["ablated"])


WHAT = {
    "component": "each sender",
    "mlp": "each MLP",
    "qkv": "the q, k and v input of each head",
    "position": "all input at each position",
    "neurons": "each group of neurons",
}


def sentence(q: Question) -> str:
    """What was asked, in words: ``free each head under logits``."""
    each = f"the {q.each} input of each head" if q.each in ("q", "k", "v") else WHAT.get(q.each, f"each {q.each}")
    verb = {FREE: "free", KEEP: "keep"}.get(q.ask)
    path = q.place.path
    return f"{verb} {each} under {path}" if verb else f"claim {each} under {path} as '{q.ask}'"


def _signed(e: Estimate) -> str:
    if not e.resolved:
        return str(e)
    value, low, high = (round(100 * x, 1) + 0.0 for x in (e.value, e.low, e.high))
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}]"
