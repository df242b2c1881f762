"""A saved session that meets another task: every reason is named, and nothing changes."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubError
from scrub_widgets.session import Session
from tests.unit.models import gpt2

LONG = 60.0


def task(keep: int | None = None, name: str = "tiny", seed: int = 0, **rules: object) -> sw.Task:
    m = gpt2()
    return sw.Task(m.bridge, m.tokens[:keep], loss=sw.losses.kl(), name=name, rules=rules)  # type: ignore[arg-type]


@pytest.fixture
def saved() -> Iterator[str]:
    session = Session(task(mine=lambda batch: batch.index % 2), Hypothesis().claim("a1.h0", rule="mine")[0], samples=64)
    session.wait(LONG)
    yield session.to_json()
    session.close()


def refused(saved: str, other: sw.Task, **changes: object) -> str:
    body = {**json.loads(saved), **changes}
    session = Session(other, samples=64)
    try:
        with pytest.raises(ScrubError) as caught:
            session.load_json(json.dumps(body))
        assert session.hypothesis == Hypothesis()
        assert not session.can_undo
    finally:
        session.close()
    return str(caught.value)


def test_all_that_does_not_fit_is_listed(saved: str) -> None:
    result = json.loads(saved)["result"]
    result["provenance"]["torch"] = "1.0"
    said = refused(saved, task(keep=-3, name="smaller"), model="1111", result=result)
    assert said.startswith("this session does not fit here: other data: saved with fingerprint")
    assert "(task 'tiny', here 'smaller')" in said
    assert "other model: saved with fingerprint 1111" in said
    assert "rules that are missing here: 'mine'; the task has 'same input'" in said
    assert "it was made with torch 1.0 (here " in said


def test_a_missing_rule_alone_is_named(saved: str) -> None:
    said = refused(saved, task())
    assert said.startswith("this session does not fit here: rules that are missing here: 'mine'; ")
    assert "other" not in said


def test_other_versions_alone_are_no_reason(saved: str) -> None:
    body = json.loads(saved)
    body["result"]["provenance"]["torch"] = "1.0"
    session = Session(task(mine=lambda batch: batch.index % 2), samples=64)
    session.load_json(json.dumps(body))
    assert len(session.hypothesis) == 1
    session.close()


def test_a_file_from_before_names_no_model(saved: str) -> None:
    body = json.loads(saved)
    del body["model"]
    session = Session(task(mine=lambda batch: batch.index % 2), samples=64)
    session.load_json(json.dumps(body))
    assert len(session.hypothesis) == 1
    session.close()
