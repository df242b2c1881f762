"""A gradient prescreen: which senders of a port are worth an exact answer, and what is left unmeasured.

One backward pass orders the candidates of a sweep by the first-order size of their effect. The first ``k`` are then
measured exactly; of the rest a few, drawn at random, are measured too, and say how much the order may have missed.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..engine.draws import stream
from ..engine.settings import Settings, settings
from ..errors import ScrubError
from ..hypothesis import ROOT, Hypothesis
from ..measure import estimates
from ..measure.estimates import Estimate
from ..task import Task
from .gradient import first_order
from .questions import FREE, Each, Question, question
from .sweep import Row, Sweep, _with_one_baseline, importance, sentence

SURE = 0.95
"""How sure the bound on what was missed is."""


@dataclass(frozen=True, eq=False)
class Screen:
    """First-order effects of all candidates of a question.

    Attributes
    ----------
    task : Task
        What it was computed on.
    question : Question
        Of which hypothesis, which port, which senders.
    settings : Settings
        Samples, seed, policy, baseline.
    effects : mapping of str to Estimate
        First-order change of loss recovered of each sender: what a sweep measures, if the loss were linear. The interval
        is that of sampling; how far the loss is from linear it does not know.
    skipped : mapping of str to str
        Senders that the question makes no sense for, with the reason.
    seconds, plain_seconds : float
        Time spent, and that of one plain forward pass over as many inputs.
    """

    task: Task = field(repr=False)
    question: Question
    settings: Settings
    effects: Mapping[str, Estimate]
    skipped: Mapping[str, str]
    seconds: float
    plain_seconds: float

    @cached_property
    def ranked(self) -> tuple[str, ...]:
        """All candidates, the largest effect first, in whichever direction."""
        return tuple(sorted(self.effects, key=lambda name: -_size(self.effects[name])))

    def top(self, k: int) -> tuple[str, ...]:
        """The ``k`` candidates with the largest first-order effects: ``importance(..., candidates=screen.top(k))``."""
        return self.ranked[: _count("k", k, 1)]

    @property
    def forwards(self) -> float:
        """Cost in plain forward passes over as many inputs, by the time that both took."""
        return self.seconds / self.plain_seconds if self.plain_seconds else math.nan

    def verify(self, k: int, *, check: int = 8, progress: bool = True) -> Verified:
        """Measure the ``k`` largest exactly, and ``check`` of the rest, drawn at random.

        Parameters
        ----------
        k : int
            Exact answers for the head of the order.
        check : int
            Exact answers for a random sample of the rest: what the order may have missed. 0 for none.
        progress : bool
            Whether to show a progress bar when it takes long.
        """
        top, rest = self.top(k), self.ranked[k:]
        _count("check", check, 0)
        drawn = stream(self.settings.seed, f"prescreen check {self.question.place.path}").permutation(len(rest))
        sampled = tuple(rest[i] for i in sorted(drawn[:check]))
        q, chosen = self.question, self.settings
        sweep = importance(
            self.task,
            q.hypothesis,
            q.place.path,
            q.ask,
            each=q.each,
            samples=chosen.samples,
            seed=chosen.seed,
            unclaimed=chosen.unclaimed,
            baseline=chosen.baseline,
            candidates=[*top, *sampled],
            progress=progress,
        )
        return Verified(self, sweep, top, sampled)

    def __str__(self) -> str:
        lines = [f"{sentence(self.question)}: change of loss recovered to first order, not measured"]
        lines += [f"  {name:12} {100 * self.effects[name].value:+.2f} points" for name in self.ranked]
        return "\n".join([*lines, f"cost: {self.forwards:.1f} plain forward passes over the same inputs"])

    __repr__ = __str__


@dataclass(frozen=True, eq=False)
class Verified:
    """A sweep over the head of a prescreen's order, and what is known of the rest.

    Attributes
    ----------
    screen : Screen
        The order.
    sweep : Sweep
        Exact answers, for :attr:`top` and :attr:`sampled`.
    top : tuple of str
        The candidates with the largest first-order effects.
    sampled : tuple of str
        Some of the rest, drawn at random.
    """

    screen: Screen
    sweep: Sweep
    top: tuple[str, ...]
    sampled: tuple[str, ...]

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Candidates without an exact answer, the largest first-order effect first."""
        known = {*self.top, *self.sampled}
        return tuple(name for name in self.screen.ranked if name not in known)

    @cached_property
    def missed(self) -> tuple[Row, ...]:
        """Rows of the random sample that are beyond noise: what the order would have missed."""
        return tuple(self.sweep[name] for name in self.sampled if self.sweep[name].beyond_noise)

    @cached_property
    def bound(self) -> int:
        """At most so many of the skipped candidates have an effect beyond noise, with 95 % confidence.

        From the random sample alone (hypergeometric), whatever the gradient says; all of them if nothing was sampled.
        """
        skipped = len(self.sampled) + len(self.unmeasured)
        return most_missed(skipped, len(self.sampled), len(self.missed))

    @cached_property
    def error(self) -> float:
        """Largest difference of a first-order effect from the exact one, among all that were measured, as a share."""
        exact = {row.component: row.effect for row in self.sweep.rows}
        off = [abs(self.screen.effects[name].value - e.value) for name, e in exact.items() if e.resolved]
        return max(off, default=math.nan)

    def __str__(self) -> str:
        rest = len(self.sampled) + len(self.unmeasured)
        lines = [str(self.sweep), f"{len(self.top)} of {len(self.top) + rest} candidates verified, {rest} skipped"]
        if rest:
            name = self.screen.ranked[len(self.top)]
            largest = 100 * _size(self.screen.effects[name])
            lines[-1] += f"; the largest first-order effect that was skipped is {largest:.2f} points ({name})"
        if self.sampled:
            most = max(abs(self.sweep[n].effect.value) for n in self.sampled)
            lines.append(
                f"of {len(self.sampled)} skipped ones that were drawn at random and measured, {len(self.missed)} are beyond noise "
                f"(the largest effect is {100 * most:.2f} points): at most {self.bound} of the {rest} are, with 95 % confidence"
            )
        return "\n".join(lines)

    __repr__ = __str__


def prescreen(
    task: Task,
    h: Hypothesis | None = None,
    under: str = ROOT,
    question: str = FREE,
    *,
    each: Each = "component",
    samples: int = 256,
    seed: int = 0,
    unclaimed: str = "per receiver",
    baseline: str | Sequence[str] = "shuffled",
) -> Screen:
    """Order the candidates of a sweep by a gradient: one run of the hypothesis, one backward pass.

    The effect of each sender is estimated as the change of what the port reads times the gradient of the loss there. That
    is right if the loss is linear in it; a softmax that is sure of itself has no gradient, so the order can miss a sender.
    :meth:`Screen.verify` measures the head of the order exactly, and says what is left.

    Parameters
    ----------
    task, h, under, question, each, samples, seed, unclaimed, baseline
        As in :func:`importance`.

    Raises
    ------
    ScrubError
        No such port or question; a loss that torch cannot differentiate.
    """
    return screened(task, h or Hypothesis(), under, question, each, settings(samples, seed, unclaimed, baseline))


def screened(task: Task, h: Hypothesis, under: str, ask: str, each: Each, chosen: Settings) -> Screen:
    """The prescreen of :func:`prescreen`, with settings."""
    task.check(h)
    asked = question(task.graph.layout, h, under, ask, each, task.classes)
    if not asked.candidates:
        raise ScrubError(f"no sender of '{under}' is a '{each}' to ask about.")
    return _screen(task, asked, _with_one_baseline(h, chosen))


def order(task: Task, asked: Question, chosen: Settings) -> Mapping[str, float]:
    """Size of each candidate's first-order effect as a share of loss recovered, the largest first; for a search.

    A search with a prescreen of ``k`` takes ``list(order(...))[:k]`` as the candidates of its next sweep. One run of the
    question's hypothesis with one backward pass; senders that the question makes no sense for are left out.

    Parameters
    ----------
    task : Task
        What to measure on.
    asked : Question
        A checked question, as :func:`~.questions.question` makes it.
    chosen : Settings
        Samples, seed, policy, baseline; a quarter of the samples that are measured with does.
    """
    screen = _screen(task, asked, chosen)
    return {name: _size(screen.effects[name]) for name in screen.ranked}


def most_missed(population: int, sample: int, found: int) -> int:
    """Most members of a population that may be of a kind of which a random sample held ``found``, with 95 % confidence."""
    if not sample:
        return population
    for marked in range(population - (sample - found), found, -1):
        few = sum(
            math.comb(marked, i) * math.comb(population - marked, sample - i) for i in range(min(found, marked) + 1)
        )
        if few / math.comb(population, sample) > 1 - SURE:
            return marked
    return found


def _screen(task: Task, asked: Question, chosen: Settings) -> Screen:
    reasons = {name: asked.why_not(name) for name in asked.candidates}
    skipped = {name: why for name, why in reasons.items() if why is not None}
    names = [name for name, why in reasons.items() if why is None]
    plain = task.prepare().seconds / len(task) * chosen.samples
    began = time.perf_counter()
    changes, _ = first_order(task, asked, chosen, names)
    prepared = task.prepare()
    run, draws = task._scrub(asked.before, chosen, prepared)
    baseline = run.against(run.chosen, chosen.samples)
    gap = baseline - prepared.losses[draws.references]
    effects = {name: estimates.ratio(-change, gap) for name, change in changes.items()}
    return Screen(task, asked, chosen, effects, skipped, time.perf_counter() - began, plain)


def _size(effect: Estimate) -> float:
    return abs(effect.value) if effect.resolved else 0.0


def _count(what: str, value: object, least: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise ScrubError(f"{what}= takes a whole number from {least} up, not {value!r}.")
    return value
