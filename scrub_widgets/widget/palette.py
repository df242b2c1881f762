"""The rules of the present state, each with a letter that it keeps."""

from __future__ import annotations

from typing import Literal

from ..errors import RuleError
from ..rules import ANY, SAME, STANDARD, describe
from ..session import Session
from ..task import Task
from . import wire

LETTERS = "ABCDEGHIJLMNOPQRSTUVWXYZ"
"""F and K are taken by the built-in rules."""


def palette(session: Session) -> list[wire.Rule]:
    """`same input` and `any input` first, then in the order in which they came."""
    task, made = session.task, session.step.made.named
    numbers = session.rule_numbers()
    ordered = sorted(task.rules, key=lambda name: numbers[name])
    return [_rule(task, name, source(task, name, made=name in made), letter_of(numbers[name])) for name in ordered]


def letter_of(number: int) -> str:
    """K and F, then A, B, ..., Z, A2, ..."""
    if number < 2:
        return "KF"[number]
    again, place = divmod(number - 2, len(LETTERS))
    return LETTERS[place] + (str(again + 1) if again else "")


def source(task: Task, name: str, *, made: bool) -> Literal["built-in", "column", "task", "made"]:
    """Where a rule comes from."""
    if made:
        return "made"
    if name in (SAME, ANY) or task.rules[name] is STANDARD.get(name):
        return "built-in"
    return "column" if name in task.columns else "task"


def _rule(task: Task, name: str, where: Literal["built-in", "column", "task", "made"], letter: str) -> wire.Rule:
    """A rule that cannot be applied stays in the palette, with the reason instead of its description."""
    try:
        classes = task.classes(name)
    except RuleError as error:
        return wire.Rule(name=name, doc=str(error), positionwise=False, k=None, source=where, letter=letter)
    k = round(len(classes.size) / task.positions) if classes.positionwise else len(classes.size)
    doc, wise = describe(task.rules[name]), classes.positionwise
    return wire.Rule(name=name, doc=doc, positionwise=wise, k=k, source=where, letter=letter)
