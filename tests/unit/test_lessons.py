"""Lessons: what ships keeps its word, a person's way through one, the progress file, and a teacher's own lesson."""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import scrub_widgets as sw
from scrub_widgets import lessons
from scrub_widgets.lessons.course import Course, begin
from scrub_widgets.session import Session

WAIT = 60
load_task = functools.cache(sw.load_task)
OWN: dict[str, Any] = {
    "kind": "scrub-widgets lesson",
    "schema": 1,
    "name": "mine",
    "title": "A lesson of one's own",
    "concept": "Small.",
    "goal": "See one.",
    "task": "cancelling",
    "settings": {"samples": 256},
    "steps": [
        {"id": "read", "title": "Read", "text": ["Nothing to do."]},
        {
            "id": "do",
            "title": "Do",
            "text": ["Claim it."],
            "task": "Claim `out`.",
            "check": [{"claim": "out", "rule": "same input"}, {"recovered": [0.99, 1.01]}],
            "hints": [
                {"text": "Click."},
                {"text": "Here.", "spotlight": ["logits", "out"]},
                {"text": "Done.", "do": [{"claim": "out"}]},
            ],
            "done": "100 % recovered.",
        },
        {
            "id": "ask",
            "title": "Ask",
            "text": ["Think."],
            "question": {"text": "Yes?", "choices": [{"text": "No"}, {"text": "Yes", "feedback": "Right."}], "key": 1},
        },
        {
            "id": "muse",
            "title": "Muse",
            "text": ["…"],
            "question": {"text": "?", "choices": [{"text": "a"}, {"text": "b"}]},
        },
    ],
}


@pytest.fixture
def session() -> Iterator[Session]:
    made = Session(load_task("cancelling"), samples=256)
    yield made
    made.close()


@pytest.fixture
def course(session: Session) -> Course:
    return Course(session, lessons.load(OWN))


def broken(**changes: Any) -> dict[str, Any]:
    """The lesson above with changes to its second step."""
    made = copy.deepcopy(OWN)
    made["steps"][1].update(changes)
    return made


# -- what ships ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", lessons.NAMES)
def test_a_lesson_that_ships_keeps_its_word(name: str) -> None:
    lesson = lessons.load(name)
    assert lessons.verify(lesson, load_task(lesson.task)) == []


@pytest.mark.parametrize("name", lessons.NAMES)
def test_the_words_of_a_lesson_promise_no_proof_and_name_only_what_there_is(name: str) -> None:
    lesson = lessons.load(name)
    known = load_task(lesson.task).graph.layout.names
    for step in lesson.steps:
        assert "proven" not in step.said
        assert all(len(paragraph) < 420 for paragraph in step.text)
        for hint in step.hints:
            assert {i for i in hint.spotlight if ">" not in i and i != "logits"} <= set(known)
        assert [bool(h.do) for h in step.hints] == sorted(bool(h.do) for h in step.hints)


@pytest.mark.parametrize("name", lessons.NAMES)
def test_every_task_has_the_whole_ladder(name: str) -> None:
    for step in lessons.load(name).steps:
        if step.check:
            words, place, edit = step.hints
            assert not words.spotlight
            assert len(place.spotlight) >= 2
            assert edit.do


def test_verify_finds_what_is_wrong() -> None:
    task = load_task("cancelling")
    assert lessons.verify(lessons.load(OWN), task) == []
    said = lessons.verify(lessons.load(broken(done="It is 37 %.")), task)
    assert said == ["step 2 ('do'): '37 %' is said, but not measured: give it a quote."]
    quote = {"says": "37 %"}
    (wrong,) = lessons.verify(lessons.load(broken(done="It is 37 %.", quotes=[quote])), task)
    assert wrong == "step 2 ('do'): it says '37 %' (recovered), and 100 % is measured."
    done = lessons.verify(lessons.load(broken(start=[{"claim": "out"}])), task)
    assert done == ["step 2 ('do'): it is done before anything was done."]
    never = broken(check=[{"claim": "out", "rule": "same input"}, {"recovered": [0.2, 0.4]}])
    (failing,) = lessons.verify(lessons.load(never), task)
    assert "its solution does not pass: Loss recovered is 100.0 % in this run" in failing


# -- a teacher's own -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, 'expected a JSON object with "kind": "scrub-widgets lesson"'),
        ({**OWN, "schema": 9}, "has schema version 9; this version reads 1"),
        ({**OWN, "steps": []}, "has no steps"),
        ({**OWN, "steps": [OWN["steps"][0]] * 2}, "two steps with the id 'read'"),
        ({**OWN, "titel": "x"}, "unknown field `titel`"),
        (broken(text="one string"), "at step 2, text"),
        (broken(hints=[{"txt": "x"}]), "at step 2, hint 1"),
        (broken(question=OWN["steps"][2]["question"]), "it has a question and a task"),
        (broken(check=[]), "a task and its check belong together"),
        (broken(hints=[{"text": "x"}]), "its last hint must carry the task out"),
        (broken(hints=[{"text": "x", "do": [{"claim": "A"}]}]), "There is no claim on out under logits yet"),
        (broken(hints=[{"text": "x", "do": [{"claim": "A", "remove": "B"}]}]), "this one has claim and remove"),
        (broken(hints=[{"text": "x", "do": [{"of": "logits>zz", "rule": "x0"}]}]), "no claim 'logits>zz'"),
        ({**OWN, "settings": {"samples": 1}}, "samples= takes a whole number from 2"),
        ({**OWN, "settings": {"size": 1}}, "unknown setting 'size'"),
    ],
)
def test_a_mistake_in_a_lesson_has_a_sentence(body: dict[str, Any], said: str) -> None:
    with pytest.raises(sw.ScrubError) as refused:
        lessons.load(body)
    assert said in str(refused.value)


def test_a_lesson_in_a_file_is_found_or_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.json"
    path.write_text(json.dumps(OWN), "utf-8")
    assert lessons.load(path) == lessons.load(str(path)) == lessons.load(OWN)
    path.write_text("{", "utf-8")
    with pytest.raises(sw.ScrubError, match=r"'mine\.json' is not JSON"):
        lessons.load(path)
    with pytest.raises(sw.ScrubError, match="cannot be read"):
        lessons.load(tmp_path / "none.json")
    with pytest.raises(sw.ScrubError, match=r"no lesson 'L9' ships .* 'L0', 'L1', 'L2', 'L3'"):
        lessons.load("L9")


def test_a_lesson_knows_which_task_it_needs(session: Session) -> None:
    with pytest.raises(sw.ScrubError, match="about the task 'induction', and this one is 'cancelling': run sw"):
        Course(session, lessons.load("L1"))
    with pytest.raises(sw.ScrubError, match=r"step 2 \('do'\).*'nothing here'"):
        Course(
            session,
            lessons.load(
                broken(check=[{"claim": "nothing here"[:7]}], hints=[{"text": "x", "do": [{"claim": "nothing here"}]}])
            ),
        )


# -- a person's way ------------------------------------------------------------------------------------------------


def test_a_check_is_of_the_steps_own_run_and_stays_as_it_was(session: Session, course: Course) -> None:
    course.go(1)
    first = course.check(WAIT)
    assert first.passed is False
    assert first.missing == ("There is no claim on out under logits yet.",)
    session.set_hypothesis(sw.Hypothesis().claim("out")[0])
    found = course.check(WAIT)
    assert found.passed
    assert found.recovered is not None
    assert found.recovered[0] == pytest.approx(1)
    assert found.claims == ("logits>out",)
    session.set_hypothesis(sw.Hypothesis())  # and then on with something else
    session.wait(WAIT)
    assert course.trace.attempts[-1] == found
    assert course.trace.done


def test_a_check_waits_for_the_run_that_belongs_to_it(session: Session, course: Course) -> None:
    course.go(1)
    session.set_hypothesis(sw.Hypothesis().claim("out")[0])
    with session._lock:  # the engine cannot publish meanwhile
        found = course.ask_check()
        assert found is None or found.passed  # it may have been quicker
        assert course.waiting == (found is None)
    session.wait(WAIT)
    assert course.trace.attempts[-1].rev == session.rev
    assert course.trace.done
    assert not course.waiting


def test_a_waiting_check_is_dropped_when_the_claims_change(session: Session, course: Course) -> None:
    course.go(1)
    session.set_hypothesis(sw.Hypothesis().claim("out")[0])
    with session._lock:
        if course.ask_check() is None:
            session.set_hypothesis(sw.Hypothesis())
            assert not course.waiting
            assert course.trace.attempts == ()


def test_hints_go_from_words_to_the_place_to_the_edit(session: Session, course: Course) -> None:
    course.go(1)
    assert course.hint().text == "Click."
    assert course.hint().spotlight == ("logits", "out")
    rev = session.rev
    assert course.hint().do
    assert "logits>out" in session.hypothesis
    assert session.rev == rev + 1
    session.undo()  # an edit like any other
    assert len(session.hypothesis) == 0
    course.hint()  # the last rung can be had again
    assert "logits>out" in session.hypothesis
    assert course.trace.hints == 3


def test_a_step_begins_with_its_starter_and_is_found_as_it_was_left(session: Session, course: Course) -> None:
    course.go(2)  # what the step before leads to, though it was skipped
    assert "logits>out" in session.hypothesis
    session.set_hypothesis(session.hypothesis.claim("A", under="logits>out")[0])
    course.go(0)
    assert len(session.hypothesis) == 0
    course.go(2)
    assert "logits>out>A" in session.hypothesis
    course.reset()
    assert "logits>out>A" not in session.hypothesis
    assert session.step.edit == "lesson mine, step 3: started again"
    session.undo()
    assert "logits>out>A" in session.hypothesis


def test_answers_are_judged_only_where_there_is_a_key(course: Course) -> None:
    course.go(2)
    assert course.answer(0).passed is False
    wrong = course.trace
    assert not wrong.done
    assert course.answer(1).passed
    assert course.trace.done
    course.go(3)
    assert course.answer(0).passed is None
    assert course.trace.done
    assert course.answer(1).passed is None


def test_what_cannot_be_done_is_refused_and_changes_nothing(session: Session, course: Course) -> None:
    before = course.progress, session.rev
    with pytest.raises(sw.ScrubError, match="steps 0 to 3, not 9"):
        course.go(9)
    with pytest.raises(sw.ScrubError, match="asks no question"):
        course.answer(0)
    with pytest.raises(sw.ScrubError, match="has no task to check"):
        course.ask_check()
    with pytest.raises(sw.ScrubError, match="has no hints"):
        course.hint()
    assert (course.progress, session.rev) == before
    course.go(2)
    with pytest.raises(sw.ScrubError, match="choices go from 0 to 1, not 5"):
        course.answer(5)


# -- the progress file ---------------------------------------------------------------------------------------------


def test_progress_comes_back_after_the_kernel_died(tmp_path: Path) -> None:
    path = tmp_path / "me.json"
    with_file = sw.ScrubWidget(lesson=OWN, task=load_task("cancelling"), progress=path)
    with_file.lesson.go(2)
    with_file.lesson.answer(0)
    with_file.lesson.go(1)
    with_file.lesson.hint()
    with_file.lesson.note(observation="It says 0 %.", interpretation="Nothing is claimed.")
    with_file.hypothesis = sw.Hypothesis().claim("out", rule="x0")[0]
    with_file.close()
    again = sw.ScrubWidget(load_task("cancelling"), lesson=OWN, progress=path)
    assert again.lesson.at == 1
    assert again.hypothesis == sw.Hypothesis().claim("out", rule="x0")[0]
    assert again.lesson.hints[0].text == "Click."
    assert again.progress.of("do").observation == "It says 0 %."
    assert [a.choice for a in again.progress.of("ask").attempts] == [0]
    assert "1 step done, now at 'do'" in str(again.progress)
    again.close()


def test_work_that_cannot_be_scrubbed_any_more_gives_way_to_the_starter(tmp_path: Path) -> None:
    path = tmp_path / "me.json"
    mine = load_task("cancelling").with_rules({"mine": lambda batch: batch.columns["x0"]})
    widget = sw.ScrubWidget(mine, lesson=OWN, progress=path)
    widget.lesson.go(2)
    widget.hypothesis = sw.Hypothesis().claim("out", rule="mine")[0]
    widget.close()
    again = sw.ScrubWidget(load_task("cancelling"), lesson=OWN, progress=path)
    assert again.lesson.at == 2
    assert again.hypothesis["logits>out"].rule == "same input"
    again.close()


def test_a_progress_file_of_something_else_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "me.json"
    lesson = lessons.load(OWN)
    for text, said in (
        ("{", "not JSON"),
        ("[]", "expected a JSON file of kind"),
        ('{"kind": "scrub-widgets lesson progress", "schema": 2}', "schema version 2"),
        ('{"kind": "scrub-widgets lesson progress", "schema": 1, "lesson": "L1"}', "is of lesson 'L1', not of 'mine'"),
        ('{"kind": "scrub-widgets lesson progress", "schema": 1, "lesson": "mine"}', "not well formed"),
    ):
        path.write_text(text, "utf-8")
        with pytest.raises(sw.ScrubError, match=said):
            begin(lesson, path, load_task("cancelling"))
    with pytest.raises(sw.ScrubError, match="there is no folder"):
        begin(lesson, tmp_path / "none" / "me.json", load_task("cancelling"))


def test_a_file_that_cannot_be_written_is_said_and_costs_no_work(session: Session, tmp_path: Path) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    course = Course(session, lessons.load(OWN), path=folder / "me.json")
    (folder / "me.json").unlink()
    folder.rmdir()
    course.go(2)
    course.answer(1)
    assert course.problem is not None
    assert "No such file or directory" in course.problem
    assert course.trace.done
