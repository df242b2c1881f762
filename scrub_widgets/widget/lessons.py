"""Lessons in the widget: what is offered, what is shown of the one that is open, and what the view asks for."""

from __future__ import annotations

import functools
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from .. import lessons
from ..errors import ScrubError, listed
from ..lessons.course import Course, begin, check_task, needs
from ..lessons.lesson import Hint, Lesson
from ..lessons.progress import Attempt
from ..task import Task
from ..tasks import NAMES, load_task
from . import wire

if TYPE_CHECKING:
    from .widget import ScrubWidget


STARTERS = {
    "toy_sum": ("Three-input sum", "Four plain functions of three digits: every number can be worked out by hand."),
    "induction": ("Induction", "A 2-layer transformer that has seen A B, meets A again, and says B."),
    "parens": ("Paren balance", "A 3-layer transformer that says whether a string of parentheses is balanced."),
}
"""Tasks to begin with, for a widget that was given none: title, and what it is."""


@functools.cache
def shipped() -> tuple[Lesson, ...]:
    """The lessons that ship, read once."""
    return tuple(lessons.load(name) for name in lessons.NAMES)


def info(task: str | None, course: Course | None, *, can_close: bool = True) -> wire.LessonsInfo:
    """All that the view shows of lessons; ``task`` is the name of the present one."""
    offered = list(shipped())
    if course is not None and course.lesson.name not in lessons.NAMES:
        offered.append(course.lesson)
    offers = [
        wire.LessonOffer(
            name=x.name, title=x.title, task=x.task, needs=needs(x, task) if task and task != x.task else ""
        )
        for x in offered
    ]
    return wire.LessonsInfo(
        offered=sorted(offers, key=lambda offer: bool(offer.needs)),
        open=None if course is None else _open(course, can_close),
        starters=[] if task else [wire.Starter(task=name, title=t, words=w) for name, (t, w) in STARTERS.items()],
    )


def _open(course: Course, can_close: bool) -> wire.LessonOpen:
    lesson, known = course.lesson, course.known
    traces = [known.of(step.id) for step in lesson.steps]
    return wire.LessonOpen(
        name=lesson.name,
        title=lesson.title,
        concept=lesson.concept,
        goal=lesson.goal,
        rows=[
            wire.LessonRow(title=step.title, state="done" if t.done else "seen" if t.visited else "open")
            for step, t in zip(lesson.steps, traces, strict=True)
        ],
        at=course.at,
        step=_step(course),
        can_close=can_close,
        saved_to=None if course.path is None else str(course.path),
        problem=course.problem,
    )


def _step(course: Course) -> wire.LessonStep:
    step, trace = course.step, course.trace
    last = trace.attempts[-1] if trace.attempts else None
    return wire.LessonStep(
        title=step.title,
        text=list(step.text),
        task=step.task,
        question=_question(course, last),
        hints=[wire.LessonHint(text=h.text, spotlight=list(h.spotlight), did=bool(h.do)) for h in course.hints],
        next_hint=_next_hint(step.hints, trace.hints),
        attempts=len(trace.attempts),
        last=None if last is None else _attempt(last),
        waiting=course.waiting,
        done=trace.done,
        outcome=step.done if trace.done else "",
        observation=trace.observation,
        interpretation=trace.interpretation,
    )


def _question(course: Course, last: Attempt | None) -> wire.LessonQuestion | None:
    asked = course.step.question
    if asked is None:
        return None
    chosen = None if last is None or last.choice is None else asked.choices[last.choice]
    return wire.LessonQuestion(
        text=asked.text, choices=[c.text for c in asked.choices], feedback="" if chosen is None else chosen.feedback
    )


def _next_hint(hints: tuple[Hint, ...], taken: int) -> Literal["words", "place", "edit"] | None:
    """The edit can be had again: a student may have changed something since."""
    if not hints or (taken >= len(hints) and not hints[-1].do):
        return None
    hint = hints[min(taken, len(hints) - 1)]
    return "edit" if hint.do else "place" if hint.spotlight else "words"


def _attempt(attempt: Attempt) -> wire.LessonAttempt:
    interval = None
    if attempt.recovered is not None:
        value, low, high = attempt.recovered
        interval = wire.Interval(value=value, low=low, high=high)
    return wire.LessonAttempt(
        choice=attempt.choice,
        passed=attempt.passed,
        missing=list(attempt.missing),
        recovered=interval,
        claims=len(attempt.claims),
        rev=attempt.rev,
    )


# -- what the view asks for ----------------------------------------------------------------------------------------


def do(widget: ScrubWidget, message: wire.DoLesson) -> wire.AnyAnswer:
    """One thing done in a lesson."""
    match message.do:
        case wire.ActStart(task=name):
            widget._begin(load_task(name))
        case wire.ActOpen(name=name):
            _open_by_name(widget, name)
        case wire.ActClose():
            close_lesson(widget)
        case wire.ActProgress():
            return wire.Exported(id=message.id, text=widget.lesson.progress.to_json())
        case act:
            _in_course(widget.lesson, act)
    return wire.Ack(id=message.id, rev=widget.session.rev, claims=[])


def _open_by_name(widget: ScrubWidget, name: str) -> None:
    lesson = lessons.load(name)
    if not widget.has_task:
        widget._begin(load_task(lesson.task))
    open_lesson(widget, lesson)


def _in_course(course: Course, act: Any) -> None:
    match act:
        case wire.ActGo(step=step):
            course.go(step)
        case wire.ActAnswer(choice=choice):
            course.answer(choice)
        case wire.ActCheck():
            course.ask_check()
        case wire.ActHint():
            course.hint()
        case wire.ActReset():
            course.reset()
        case wire.ActNote(observation=observation, interpretation=interpretation):
            course.note(observation, interpretation)


def open_lesson(widget: ScrubWidget, lesson: Lesson, path: Path | None = None, *, can_close: bool = True) -> Course:
    """Begin a lesson, or go on with it; another one that is open is left.

    Raises
    ------
    ScrubError
        It is about another task, or the progress file is of something else.
    """
    check_task(widget.session.task, lesson)
    known, _ = begin(lesson, path, widget.session.task)
    close_lesson(widget)
    me = weakref.ref(widget)  # a session must not keep its widget alive
    widget._course = Course(widget.session, lesson, known, path, lambda: _show(me))
    widget._course_can_close = can_close
    _show(me)
    return widget._course


def _show(reference: weakref.ref[ScrubWidget]) -> None:
    widget = reference()
    if widget is not None:
        shown = info(widget.session.task.name, widget._course, can_close=widget._course_can_close)
        widget._set(_lesson=wire.plain(shown))


def close_lesson(widget: ScrubWidget) -> None:
    """Leave the lesson that is open, if there is one; the hypothesis stays as it is."""
    course = widget._course
    if course is None:
        return
    if not widget._course_can_close:
        raise ScrubError(f"lesson {course.lesson.name} was opened by this notebook: it can be minimised, not closed.")
    course.close()
    widget._course = None
    _show(weakref.ref(widget))


def starting(
    task: Task | None, given: list[str], lesson: Any, progress: str | Path | None
) -> tuple[Task | None, Lesson | None, Path | None, dict[str, Any]]:
    """The task, the lesson, its progress file and what a session begins with; ``given``: other arguments that were given.

    Raises
    ------
    ScrubError
        The arguments do not go together.
    """
    if lesson is None:
        if progress is not None:
            raise ScrubError("progress= is the file of a lesson: give lesson= as well, for example lesson='L1'.")
        return task, None, None, {}
    if given:
        raise ScrubError(f"a lesson brings its own starter and settings: leave out {listed(given)}.")
    found = lessons.load(lesson)
    if task is None:
        if found.task not in NAMES:
            raise ScrubError(f"lesson {found.name} is about the task '{found.task}': sw.ScrubWidget(task, lesson=...).")
        task = load_task(found.task)
    check_task(task, found)
    path = None if progress is None else Path(progress)
    _, state = begin(found, path, task)
    return task, found, path, {"hypothesis": state.hypothesis, **msgspec.structs.asdict(state.settings)}
