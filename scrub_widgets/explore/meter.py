"""What a discovery asks is measured here; every answer is kept, so that a later run can go on from them."""

from __future__ import annotations

import hashlib
import math
import time
from collections import OrderedDict
from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..engine.run import Losses
from ..engine.settings import Settings
from ..errors import RuleError, ScrubError
from ..hypothesis import WHOLE, Hypothesis
from ..measure import estimates
from ..measure.estimates import UNRESOLVED, Estimate, Floats
from ..task import Task
from .descent import search
from .discovery import Answer, Discovery
from .measured import losses_of
from .ports import tidied
from .prescreen import order
from .prune import coarsen, prune
from .questions import ANY, FREE, SAME, place, question
from .state import Change, Order, Question, Senders, State
from .sweep import Row, Sweep, sweep_steps

COARSEST = "coarsest"
"""In the place of a rule: the coarsest one that costs no more than the threshold."""
REMEMBERED = 8
"""Losses of so many hypotheses are held, to compare others with."""


class Meter:
    """Measures what the search asks, unless it is known from before."""

    def __init__(self, task: Task, chosen: Settings, known: Sequence[tuple[str, Answer]], client: Any) -> None:
        self.task = task
        self.chosen = chosen
        self.answers = list(known)
        self.at = 0
        self.client = {} if client is None else {"client": client}
        self.against: Losses | None = None
        self.held: OrderedDict[Hypothesis, Floats] = OrderedDict()

    def recall(self, key: str) -> Answer | None:
        """The next answer, if it is known."""
        if self.at >= len(self.answers):
            return None
        had, answer = self.answers[self.at]
        if had != key:
            raise ScrubError("the discovery to resume asked other questions: it was made by another version.")
        self.at += 1
        return answer

    def add(self, key: str, answer: Answer) -> None:
        """Keep a new answer."""
        self.answers.append((key, answer))
        self.at += 1

    def first(self) -> Losses:
        """Losses of the model and of the baseline, measured with the hypothesis that keeps everything."""
        if self.against is None:
            *_, result = self.task.stream(Hypothesis().claim(WHOLE)[0], self.chosen)
            self.against = result.losses
        return self.against

    def losses(self, h: Hypothesis) -> Floats:
        """Scrubbed losses ``[samples]``."""
        h = tidied(self.task.graph.layout, h)
        if h not in self.held:
            (self.held[h],) = losses_of(self.task, [h], self.chosen, **self.client)
            while len(self.held) > REMEMBERED:
                self.held.popitem(last=False)
        self.held.move_to_end(h)
        return self.held[h]

    def change(self, ask: Change) -> Answer:
        """The difference between two hypotheses."""
        all_of = self.first()
        before, after = self.losses(ask.before), self.losses(ask.after)
        gap = all_of.baseline - all_of.model
        return Answer(
            ask.name,
            estimates.ratio(before - after, gap),
            estimates.p_value(after - before),
            estimates.ratio(all_of.baseline - after, gap),
        )

    def sweep(self, ask: Senders, known: Sequence[Answer]) -> Iterator[Sweep]:
        """The sweep over the senders of a port; what is known of it is not measured again."""
        asked = (self.task, ask.hypothesis, ask.path, FREE)
        steps = sweep_steps(*asked, chosen=self.chosen, candidates=ask.names, **self.client)
        if not known:
            return steps
        empty = next(steps)
        rows = tuple(
            Row(a.name, empty.question.after(a.name), a.effect, UNRESOLVED, a.recovered, np.empty(0), a.p)
            for a in known
        )
        before = replace(empty, rows=rows)
        return sweep_steps(*asked, chosen=self.chosen, candidates=ask.names, resume=before, **self.client)

    def knows(self, ask: Question) -> bool:
        """Whether all of the answer is there already."""
        return len(self.answers) >= self.at + (len(ask.names) if isinstance(ask, Senders) else 1)

    def ordered(self, ask: Order) -> tuple[Answer, ...]:
        """The senders of a port by their first-order effects, the largest first; an order is remembered as it was."""
        of, known = f"order {_key(ask.hypothesis)} {ask.path}", []
        if self.at < len(self.answers):
            senders = len(place(self.task.graph.layout, ask.hypothesis, ask.path).senders)
            known = [answer for _ in range(senders) if (answer := self.recall(of)) is not None]
        if not known:
            asked = question(self.task.graph.layout, ask.hypothesis, ask.path, FREE, "component", self.task.classes)
            for name, size in order(self.task, asked, self.chosen).items():
                known.append(Answer(name, Estimate(-size, math.nan, math.nan, "share"), 1.0, UNRESOLVED))
                self.add(of, known[-1])
        return tuple(known)

    def changed(self, ask: Change) -> Answer:
        """The answer to one question."""
        key = _key(ask.before, ask.after)
        answer = self.recall(key)
        if answer is None:
            answer = self.change(ask)
            self.add(key, answer)
        return answer

    def swept(self, ask: Senders) -> Iterator[tuple[Sweep | None, Answer | None]]:
        """The answers of a sweep, each with the sweep so far unless it was known."""
        of, known = _key(ask.hypothesis), []
        for name in ask.names:
            answer = self.recall(f"{of} {name}")
            if answer is None:
                break
            known.append(answer)
            yield None, answer
        if len(known) == len(ask.names):
            return
        steps = self.sweep(ask, known)
        yield next(steps), None
        for sweep in steps:
            row = sweep.rows[-1]
            answer = Answer(row.component, row.effect, row.p, row.recovered)
            self.add(f"{of} {row.component}", answer)
            yield sweep, answer


def run(found: Discovery, client: Any = None) -> Iterator[Discovery]:
    """Go on with a discovery: first as it is, then after every answer."""
    yield found
    if found.complete:
        return
    spent, began = found.seconds, time.perf_counter()
    for now in _Run(found, client).steps():
        spent += time.perf_counter() - began
        yield replace(now, seconds=spent)
        began = time.perf_counter()


class _Run:
    """A discovery under way."""

    def __init__(self, found: Discovery, client: Any) -> None:
        self.task, self.options = found.task, found.options
        self.plain = self.task.prepare().seconds / len(self.task) * self.options.settings.samples
        self.state = State(
            self.task.graph.layout, self.options, self.options.start, rules_to_try(self.task, self.options.rule)
        )
        self.meter = Meter(self.task, self.options.settings, found.answers, client)

    def now(self, sweep: Sweep | None = None, **changes: Any) -> Discovery:
        """As it is now."""
        state, meter = self.state, self.meter
        seen = Discovery(
            self.task,
            self.options,
            state.tidy,
            tuple(state.steps),
            state.phase,
            stopped=state.stopped if state.phase != "search" else "",
            recovered=state.recovered if state.steps else None,
            scrubs=state.scrubs,
            plain_seconds=self.plain,
            total=state.expected,
            message=state.message,
            sweep=sweep,
            left=state.left,
            answers=tuple(meter.answers[: meter.at]),
        )
        return replace(seen, **changes)

    def steps(self) -> Iterator[Discovery]:
        """All that is left to do."""
        for part in (search, prune, *([coarsen] if self.state.rules else [])):
            script = part(self.state)
            ask = next(script, None)
            while ask is not None:
                known = self.meter.knows(ask)
                answers = yield from self._answers(ask)
                try:
                    ask = script.send(answers)
                except StopIteration:
                    ask = None
                if not known:
                    yield self.now()
        yield from self._confirmed()

    def _answers(self, ask: Question) -> Generator[Discovery, None, tuple[Answer, ...]]:
        if isinstance(ask, Change):
            self.state.scrubs += 1
            return (self.meter.changed(ask),)
        if isinstance(ask, Order):
            self.state.scrubs += 1
            return self.meter.ordered(ask)
        answers = []
        for sweep, answer in self.meter.swept(ask):
            if answer is not None:
                answers.append(answer)
                self.state.scrubs += 1
            if sweep is not None:
                yield self.now(sweep)
        self.state.scrubs += 1  # the hypothesis that all of them are compared with
        return tuple(answers)

    def _confirmed(self) -> Iterator[Discovery]:
        task, o, state = self.task, self.options, self.state
        made = [c for c in state.h if c.id not in o.start]
        total = state.scrubs
        if not made or not o.confirm or not task.has_held_out:
            words = "nothing was found"
            if made:
                no_data = "the task has no held-out data to confirm it on"
                words = f"found; {'confirming was not asked for' if task.has_held_out else no_data}"
            yield self.now(phase="done", message=words, total=total)
            return
        yield self.now(phase="confirm", message="confirming on held-out data")
        held_out = task.held_out
        assert held_out is not None
        *_, result = held_out.stream(state.tidy, o.settings)
        number = result.loss_recovered
        words = f"confirmed on {len(held_out)} held-out inputs: {number}, after {state.scrubs} tries"
        yield self.now(phase="done", message=words, total=total, confirmed=number, result=result)


def rules_to_try(task: Task, rule: str) -> tuple[str, ...]:
    """The rules that claims may get in the end, the coarsest first: by how many inputs an input may be swapped with."""
    if rule == SAME:
        return ()
    if rule != COARSEST:
        return (rule,)
    swaps = {}
    for name in task.rules:
        try:
            swaps[name] = task.classes(name).bits
        except RuleError:
            continue  # a rule that does not fit this data is none to try
    swaps = {name: bits for name, bits in swaps.items() if name not in (SAME, ANY)}
    return tuple(sorted(swaps, key=lambda name: (swaps[name], name)))


def _key(*hypotheses: Hypothesis) -> str:
    """A short name of what was asked."""
    text = "\n".join(h.to_json() for h in hypotheses)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
