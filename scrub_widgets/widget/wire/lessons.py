"""A lesson as the view shows it, and what a person does in one."""

from __future__ import annotations

from typing import Literal

import msgspec

from .base import Interval, Message, Shape


class LessonOffer(Shape, frozen=True):
    """A lesson that there is; ``needs`` says how to get its task where it is another one, else it is empty."""

    name: str
    title: str
    task: str
    needs: str


class LessonRow(Shape, frozen=True):
    """A step in the list of steps."""

    title: str
    state: Literal["open", "seen", "done"]


class LessonHint(Shape, frozen=True):
    """A hint that was taken; ``spotlight`` names what is lit up."""

    text: str
    spotlight: list[str]
    did: bool


class LessonAttempt(Shape, frozen=True):
    """An answer or a check as it stood when it was made; ``passed`` is null where nothing is right or wrong."""

    choice: int | None
    passed: bool | None
    missing: list[str]
    recovered: Interval | None
    claims: int
    rev: int


class LessonQuestion(Shape, frozen=True):
    """A question, with what is said to the answer given last."""

    text: str
    choices: list[str]
    feedback: str


class LessonStep(Shape, frozen=True):
    """The present step; ``outcome`` is said once it is done, ``next_hint`` is what the next hint will be."""

    title: str
    text: list[str]
    task: str
    question: LessonQuestion | None
    hints: list[LessonHint]
    next_hint: Literal["words", "place", "edit"] | None
    attempts: int
    last: LessonAttempt | None
    waiting: bool
    done: bool
    outcome: str
    observation: str
    interpretation: str


class LessonOpen(Shape, frozen=True):
    """The lesson that is open; ``saved_to`` is the progress file, ``problem`` why it could not be written."""

    name: str
    title: str
    concept: str
    goal: str
    rows: list[LessonRow]
    at: int
    step: LessonStep
    can_close: bool
    saved_to: str | None
    problem: str | None


class Starter(Shape, frozen=True):
    """A task that ships, for a widget that was given none."""

    task: str
    title: str
    words: str


class LessonsInfo(Shape, frozen=True):
    """What can be learned here, and what is being learned; ``starters`` only while there is no task."""

    offered: list[LessonOffer]
    open: LessonOpen | None
    starters: list[Starter]


# -- what a person does --------------------------------------------------------------------------------------------


class Act(
    msgspec.Struct,
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
    tag_field="act",
    tag=lambda name: name.removeprefix("Act").lower(),
):
    """One thing done in a lesson."""


class ActStart(Act, frozen=True):
    """Load a task that ships, in a widget that has none."""

    task: str


class ActOpen(Act, frozen=True):
    """Begin a lesson; in a widget without a task, load its task as well."""

    name: str


class ActClose(Act, frozen=True):
    """Leave it."""


class ActGo(Act, frozen=True):
    """To a step, from 0."""

    step: int


class ActAnswer(Act, frozen=True):
    """Choose an answer, from 0."""

    choice: int


class ActCheck(Act, frozen=True):
    """See whether the task is done."""


class ActHint(Act, frozen=True):
    """Take the next hint; the last one makes the edit."""


class ActReset(Act, frozen=True):
    """The step's starter state again."""


class ActNote(Act, frozen=True):
    """Write down what was seen, or what it may mean."""

    observation: str | None = None
    interpretation: str | None = None


class ActProgress(Act, frozen=True):
    """Give the progress file's text, to download."""


AnyAct = ActStart | ActOpen | ActClose | ActGo | ActAnswer | ActCheck | ActHint | ActReset | ActNote | ActProgress


class DoLesson(Message, frozen=True, tag="lesson"):
    """Do something in a lesson."""

    do: AnyAct
