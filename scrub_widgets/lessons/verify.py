"""Whether a lesson keeps its word: its tasks can be done, are not done on arrival, and its numbers are what is measured."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from ..history import Key
from ..history import Step as State
from .check import missing
from .course import check_task
from .lesson import Lesson, Quote, Step, after

if TYPE_CHECKING:
    from ..result import Result
    from ..task import Task

BY_DEFINITION = ("0 %", "100 %")
"""What the two ends of the scale are called."""


def verify(lesson: Lesson, task: Task) -> list[str]:
    """What is wrong with a lesson, a sentence each: run it after every change of the lesson or of its task.

    Every step is scrubbed as it begins and as its last hint leaves it. The check must fail on the one and pass on the other, and
    every percentage in the words must be one of the step's ``quotes`` and come out as it is written there.

    Parameters
    ----------
    lesson : Lesson
        The lesson.
    task : Task
        The task it is held on.
    """
    check_task(task, lesson)
    runs: dict[Key, Result] = {}

    def run(state: State) -> Result:
        if state.key not in runs:
            runs[state.key] = task.scrub(state.hypothesis, **msgspec.structs.asdict(state.settings), progress=False)
        return runs[state.key]

    found = []
    for at, step in enumerate(lesson.steps):
        states = {"start": lesson.start(at), "solution": lesson.solved(at)}
        problems = [*_checked(step, states, run), *_unmeasured(step)]
        problems += [said for quote in step.quotes if (said := _misquoted(quote, states[quote.on], run))]
        found += [f"step {at + 1} ('{step.id}'): {said}" for said in problems]
    return found


def _checked(step: Step, states: dict[str, State], run: Callable[[State], Result]) -> list[str]:
    if not step.check:
        return []
    start, solved = (missing(step.check, states[name], run(states[name])) for name in ("start", "solution"))
    problems = [f"its solution does not pass: {words}" for words in solved]
    return problems if start else [*problems, "it is done before anything was done."]


def _unmeasured(step: Step) -> list[str]:
    """Percentages that nothing measures, and quotes of nothing."""
    said = set(re.findall(r"-?\d+(?:\.\d+)? %", step.said))
    quoted = {quote.says for quote in step.quotes}
    untold = sorted(said - quoted - set(BY_DEFINITION))
    unsaid = sorted(quoted - said)
    return [f"'{number}' is said, but not measured: give it a quote." for number in untold] + [
        f"'{number}' is quoted, but nowhere said." for number in unsaid
    ]


def _misquoted(quote: Quote, state: State, run: Callable[[State], Result]) -> str | None:
    if quote.of == "asked":
        return None
    result = run(after(quote.after, state))
    value = {
        "recovered": result.loss_recovered.value,
        "pointwise": result.pointwise.value,
        "better": result.better,
        "worse": result.worse,
    }[quote.of]
    measured = f"{100 * value:.0f} %"
    return None if measured == quote.says else f"it says '{quote.says}' ({quote.of}), and {measured} is measured."
