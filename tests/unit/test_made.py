"""Rules and rewrites made in a session: steps like others, in JSON and script, refused with a sentence."""

from __future__ import annotations

import contextlib
import io
import json
import re
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

import scrub_widgets as sw
from scrub_widgets import directions, made, patterns, rules
from scrub_widgets.errors import RewriteError, RuleError, ScrubError
from scrub_widgets.widget import ScrubWidget
from tests.unit.models import gpt2

LONG = 60.0


@cache
def task() -> sw.Task:
    m = gpt2()
    columns = {"parity": np.arange(len(m.tokens)) % 2, "first": m.tokens[:, 0].numpy()}
    return sw.Task(
        m.bridge,
        m.tokens,
        loss=sw.losses.next_token([-1]),
        columns=columns,
        roles={"end": -1, "start": [0, 1]},
        vocab=[f"t{i}" for i in range(13)],
        name="tiny",
        held_out=0.25,
    )


@pytest.fixture
def session() -> Iterator[sw.Session]:
    s = sw.Session(task(), samples=64)
    s.wait(LONG)
    yield s
    s.close()


def claimed(session: sw.Session, component: str, rule: str, under: str = "logits") -> None:
    session.set_hypothesis(session.hypothesis.claim(component, under=under, rule=rule)[0])


RULES: list[tuple[str, made.AnyRule]] = [
    ("a pattern", made.Regex(pattern=r"t1(\d)")),
    ("parities", made.Column(column="parity")),
    ("the second token", made.At(rule="token", position=1)),
    ("the answer", made.Label()),
    ("by hand", made.Painted(bins={"one": (0, 2), "two": (5,)})),
    ("both of two", made.Both(first="parity", second="first")),
    ("token and parity", made.Both(first="token", second="parity")),
]


@pytest.mark.parametrize(("name", "spec"), RULES, ids=[name for name, _ in RULES])
def test_a_made_rule_is_a_step_and_scrubs_like_one_from_python(
    session: sw.Session, name: str, spec: made.AnyRule
) -> None:
    session.make_rule(name, spec)
    claimed(session, "a1.h0", name)
    own = task().with_rules({name: spec.build(task())})
    found = session.wait(LONG)
    assert found is not None
    assert found.loss_recovered == own.scrub(session.hypothesis, samples=64).loss_recovered
    assert session.task._prepared is task()._prepared  # one clean pass for all
    session.undo()
    session.undo()
    assert name not in session.task.rules
    session.redo()
    assert name in session.task.rules


def test_what_the_rules_say() -> None:
    t = task()
    labels = {name: t.with_rules({name: spec.build(t)}).classes(name).labels for name, spec in RULES[:6]}
    assert labels["the second token"].tolist() == t.tokens[:, 1].tolist()
    assert labels["the answer"].tolist() == t.tokens[:, -1].tolist()
    assert [labels["by hand"][i] for i in (0, 1, 2, 5)] == ["one", "everything else", "one", "two"]
    both = labels["both of two"]
    pairs = list(zip(labels["parities"].tolist(), t.tokens[:, 0].tolist(), strict=True))
    assert all((both[i] == both[j]) == (pairs[i] == pairs[j]) for i in range(len(t)) for j in range(len(t)))
    found = [re.search(r"t1(\d)", "".join(words)) for words in t.texts]
    assert labels["a pattern"].tolist() == [repr(m.groups()) if m else "no match" for m in found]


@pytest.mark.parametrize(
    ("name", "spec", "words"),
    [
        ("x", made.Regex(pattern="("), "'\\(' is no regular expression"),
        ("x", made.Regex(pattern=""), "this one is empty"),
        ("x", made.Regex(pattern="a" * 1001), "at most 1000 characters"),
        ("x", made.Column(column="parit"), "no column 'parit'; the task has .* Did you mean 'parity'"),
        ("x", made.At(rule="parity", position=1), "one label for the whole input already"),
        ("x", made.At(rule="token", position=6), "no position 6: the inputs have positions 0 to 5"),
        ("x", made.At(rule="tokn", position=0), "no rule 'tokn'"),
        ("x", made.Painted(bins={"a": ()}), "nothing is painted yet"),
        ("x", made.Painted(bins={"a": (99,)}), "there is no input 99; they go from 0 to"),
        ("x", made.Painted(bins={"a": (1,), "b": (1,)}), "input 1 is in two bins, 'a' and 'b'"),
        ("x", made.Painted(bins={"everything else": (1,)}), "every bin needs a name of its own"),
        ("x", made.Painted(bins={"a": (1,)}, data="elsewhere"), "these are other inputs"),
        ("x", made.Both(first="token", second="token"), "two different rules"),
        ("x", made.Both(first="token", second="nothing"), "no rule 'nothing'"),
        ("token", made.Label(), "there is a rule 'token' already"),
        ("  ", made.Label(), "a rule needs a name"),
        ("token at 3", made.At(rule="token", position=4), "already means the rule 'token' at position 3"),
    ],
)
def test_a_rule_that_cannot_be_made_is_refused(session: sw.Session, name: str, spec: made.AnyRule, words: str) -> None:
    before = (session.rev, session.step)
    with pytest.raises(RuleError, match=words):
        session.make_rule(name, spec)
    assert (session.rev, session.step) == before


def test_the_answer_needs_a_loss_that_knows_it() -> None:
    t = sw.Task(task().model, task().tokens, loss=sw.losses.kl())
    with pytest.raises(RuleError, match="knows no right answers"):
        made.Label().build(t)


def test_a_pattern_that_never_ends_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patterns, "LIMIT", 0.5)
    began = time.monotonic()
    with pytest.raises(RuleError, match=r"did not end within 0\.5 seconds"):
        patterns.find_all(r"(a+)+$", ["a" * 40 + "b"])
    assert time.monotonic() - began < 10
    with pytest.raises(RuleError, match="did not end"):  # nothing of it is remembered
        patterns.find_all(r"(a+)+$", ["a" * 40 + "b"])


def test_patterns_are_those_of_re(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["xaby", "no", "ab ab", ""]
    found = patterns.find_all(r"(a)(b)?", texts)
    assert [f and (f.text, f.groups, f.spans) for f in found] == [
        ("ab", ("a", "b"), ((1, 2), (2, 3))),
        None,
        ("ab", ("a", "b"), ((0, 1), (1, 2))),
        None,
    ]

    def none(*_: object, **__: object) -> None:
        raise OSError("no processes here")

    monkeypatch.setattr("subprocess.run", none)
    assert patterns.find_all(r"(b)", texts) == [
        patterns.Found("b", ("b",), ((2, 3),)),
        None,
        patterns.Found("b", ("b",), ((1, 2),)),
        None,
    ]


def test_painted_inputs_say_nothing_of_held_out_ones(session: sw.Session) -> None:
    session.make_rule("by hand", made.Painted(bins={"one": (0,)}))
    held_out = session.task.held_out
    assert held_out is not None
    with pytest.raises(RuleError, match="put into bins by hand, and these are other inputs"):
        held_out.classes("by hand")


def test_a_rule_in_use_is_neither_renamed_nor_deleted(session: sw.Session) -> None:
    session.make_rule("x", made.Label())
    session.make_rule("y", made.Both(first="x", second="parity"))
    with pytest.raises(RuleError, match="cannot be deleted while 'y' is made of it"):
        session.drop_rule("x")
    session.drop_rule("y")
    session.rename_rule("x", "z")
    assert "z" in session.task.rules
    assert "x" not in session.task.rules
    claimed(session, "a1.h0", "z")
    with pytest.raises(RuleError, match=r"cannot be deleted while 'logits>a1\.h0' uses it"):
        session.drop_rule("z")
    with pytest.raises(RuleError, match=r"cannot be renamed while 'logits>a1\.h0' uses it"):
        session.rename_rule("z", "x")
    with pytest.raises(RuleError, match="'parity' was not made here; made were 'z'"):
        session.drop_rule("parity")
    session.set_hypothesis(sw.Hypothesis())
    session.drop_rule("z")
    session.make_rule("z", made.Regex(pattern="t1"))
    with pytest.raises(ScrubError, match="'z' was claimed in this session with another meaning"):
        claimed(session, "a1.h0", "z")
    session.make_rule("again", made.Label())


def test_letters_stay(session: sw.Session) -> None:
    before = session.rule_numbers()
    session.make_rule("x", made.Label())
    session.make_rule("y", made.Regex(pattern="t1"))
    session.add_rule("mine", lambda batch: batch.tokens[:, 2])
    session.drop_rule("x")
    numbers = session.rule_numbers()
    assert {name: numbers[name] for name in before} == before
    assert [numbers[name] - len(before) for name in ("x", "y", "mine")] == [0, 1, 2]
    session.rename_rule("y", "z")
    assert session.rule_numbers()["z"] == numbers["y"]


def test_a_python_function_belongs_to_the_task(session: sw.Session) -> None:
    session.make_rule("x", made.Label())
    session.add_rule("mine", lambda batch: batch.tokens[:, 2])
    session.undo()
    assert "mine" in session.task.rules
    claimed(session, "a1.h0", "mine")
    session.add_rule("mine", lambda batch: batch.tokens[:, 2] * 2)  # the same swaps
    with pytest.raises(RuleError, match="splits the inputs otherwise"):
        session.add_rule("mine", lambda batch: batch.tokens[:, 3])
    with pytest.raises(RuleError, match="there is a rule 'token' already"):
        session.add_rule("token", lambda batch: batch.index)
    with pytest.raises(RuleError, match="shape"):
        session.add_rule("wrong", lambda batch: batch.tokens[:2, 0])
    with pytest.raises(RuleError, match="a name and a function"):
        session.add_rule("wrong", 3)  # type: ignore[arg-type]
    assert "wrong" not in session.task.rules


# -- rewrites -----------------------------------------------------------------------------------------------------------


REWRITES: list[made.AnyRewrite] = [
    made.Unembed(component="a1.h0", name="dir", first="t3", second=5),
    made.Pca(component="m0", name="pc2", k=2),
    made.Means(component="a1.h1", name="mean", rule="parity", first="0", second="1"),
    made.Means(component="embed", name="mean", rule="token", first="t3", second="t4"),
    made.Neurons(component="m1", name="some", neurons=(3, 17)),
]


@pytest.mark.parametrize("spec", REWRITES, ids=lambda spec: type(spec).__name__)
def test_a_made_rewrite_is_a_step_and_the_one_from_python(session: sw.Session, spec: made.AnyRewrite) -> None:
    session.rewrite(spec)
    assert [a.parts for a in session.task.rewrites] == [spec.parts]
    claimed(session, spec.parts[0], "parity")
    found = session.wait(LONG)
    own = task().rewrite(spec.build(task()))
    assert found is not None
    assert found.loss_recovered == own.scrub(session.hypothesis, samples=64).loss_recovered
    session.undo()
    session.undo()
    assert session.task is task()
    session.redo()
    assert spec.parts[0] in session.task.graph.layout.names


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (made.Pca(component="m9", name="pc1", k=1), "no component 'm9'"),
        (made.Pca(component="m0", name="pc1", k=99), "go from 1 to 16, not 99"),
        (made.Pca(component="pos_embed", name="rest", k=1), "a part's name is a word"),
        (made.Unembed(component="m0", name="d", first="t3", second="t3"), "two different tokens"),
        (made.Unembed(component="m0", name="d", first="nothing", second="t3"), "'nothing' is not one token"),
        (made.Unembed(component="m0", name="d", first=99, second="t3"), "ids go from 0 to 12"),
        (
            made.Means(component="m0", name="d", rule="parity", first="7", second="1"),
            "has no class '7'; it has '[01]', '[01]'",
        ),
        (made.Means(component="m0", name="d", rule="parity", first="1", second="1"), "two different classes"),
        (made.Vector(component="m0", name="d", vector="mine"), "no vector 'mine'"),
        (made.Vector(component="m0", name="d", vector="v", values=((1.0, 2.0),)), r"\[k, 16\] is expected"),
        (made.Vector(component="m0", name="d", vector="v", values=((0.0,) * 16,)), "zero or depend on each other"),
        (made.Neurons(component="a0.h0", name="n", neurons=(1,)), "'a0.h0' is no MLP"),
        (made.Neurons(component="m0", name="n", neurons=(999,)), "has neurons 0 to 63"),
    ],
    ids=lambda x: x.name if isinstance(x, made.RewriteSpec) else None,
)
def test_a_rewrite_that_cannot_be_made_is_refused(session: sw.Session, spec: made.AnyRewrite, words: str) -> None:
    before = (session.rev, session.step)
    with pytest.raises(RewriteError, match=words):
        session.rewrite(spec)
    assert (session.rev, session.step) == before


def test_directions() -> None:
    t = task()
    weights = t.model.W_U
    d = directions.unembed(t, 3, "t5")
    stream = torch.randn(1, 1, 16, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        # Far along it the first token's logit is the higher one, against it the second's.
        for sign in (1, -1):
            logits = t.graph.output(stream + sign * 1e4 * d)[0, 0]
            assert (logits[3] > logits[5]) == (sign > 0)
    assert d.shape == weights[:, 0].shape
    values = t.graph.emit("m0", t.prepare().clean.table("m0")).reshape(-1, 16).double()
    centred = values - values.mean(0)
    _, s, v = torch.linalg.svd(centred, full_matrices=False)
    assert abs(float(v[1] @ directions.pca(t, "m0", 2))) == pytest.approx(1, abs=1e-6)
    share = directions.variance_share(t, "m0", v[:2])
    assert share == pytest.approx(float((s[:2] ** 2).sum() / (s**2).sum()), abs=1e-6)
    odd = torch.as_tensor(t.columns["parity"]).bool()
    table = t.graph.emit("a1.h1", t.prepare().clean.table("a1.h1")).double()
    wanted = table[~odd].reshape(-1, 16).mean(0) - table[odd].reshape(-1, 16).mean(0)
    assert torch.allclose(directions.class_means(t, "a1.h1", "parity", "0", "1"), wanted)
    e = torch.eye(16)
    found = directions.angles(e[0], {"same": e[:2], "half": (e[0] + e[1])[None], "none": e[3]})
    assert found == {"same": pytest.approx(0, abs=1e-3), "half": pytest.approx(45), "none": pytest.approx(90)}
    top = directions.top_neurons(t, "m0", 64)
    assert sum(share for _, share in top) == pytest.approx(1)
    assert [share for _, share in top] == sorted((share for _, share in top), reverse=True)


def test_claims_are_carried_over_and_come_back(session: sw.Session) -> None:
    h, m1 = sw.Hypothesis().claim("m1", rule="parity")
    h, _ = h.claim("m0", under=m1, rule="token")
    h, _ = h.claim(["a1.h0", "m0"], rule="first")
    session.set_hypothesis(h)
    session.label("logits>m1", name="the last MLP")
    session.rewrite(made.Pca(component="m1", name="pc1", k=1))
    assert session.labels["logits>m1[pc1]"].name == "the last MLP"
    assert "became two claims with its rule and one draw" in session.step.edit
    parts = {c.id: (c.rule, c.share) for c in session.hypothesis if c.parent == "logits" and c.share}
    assert parts == {"logits>m1[pc1]": ("parity", "m1"), "logits>m1[rest]": ("parity", "m1")}
    below = [c for c in session.hypothesis if c.components == ("m0",)]
    assert [(c.parent, c.share) for c in below] == [("logits>m1[pc1]", "m0"), ("logits>m1[rest]", "m0")]
    assert session.wait(LONG) is not None
    session.rewrite(made.Pca(component="m0", name="pc1", k=1))
    assert any(c.components == ("a1.h0", "m0[pc1]", "m0[rest]") for c in session.hypothesis)
    assert session.wait(LONG) is not None
    session.unsplit("m0")
    session.unsplit("m1")
    assert session.hypothesis == h
    assert session.labels["logits>m1"].name == "the last MLP"


def test_halves_that_differ_are_asked_for(session: sw.Session) -> None:
    session.rewrite(made.Pca(component="m1", name="pc1", k=1))
    claimed(session, "m1[pc1]", "parity")
    with pytest.raises(sw.HypothesisError, match="not claimed alike under 'logits'"):
        session.unsplit("m1")
    session.unsplit("m1", "first")
    assert [(c.id, c.rule) for c in session.hypothesis] == [("logits>m1", "first")]
    session.undo()
    session.unsplit("m1", "")
    assert len(session.hypothesis) == 0
    with pytest.raises(RewriteError, match="'m1' was not rewritten here"):
        session.unsplit("m1")
    session.undo()
    session.rewrite(made.Pca(component="m1[rest]", name="pc2", k=1))
    with pytest.raises(RewriteError, match=r"'m1\[rest\]' was rewritten itself"):
        session.unsplit("m1")
    claimed(session, "a1.h1", "first")
    session.set_hypothesis(sw.Hypothesis().claim(["a0.h0", "m1[pc1]"], rule="first")[0])
    session.unsplit("m1[rest]")
    with pytest.raises(sw.HypothesisError, match="names only one part of 'm1'"):
        session.unsplit("m1")


def test_a_claim_splits_by_position(session: sw.Session) -> None:
    claimed(session, "a1.h0", "parity")
    claimed(session, "embed", "token", under="logits>a1.h0.v")
    session.split_positions("logits>a1.h0", [(0, 1, 2), "end"])
    ids = [c.id for c in session.hypothesis]
    assert sorted(ids) == sorted(f"logits>a1.h0@{at}{below}" for at in ("0,1,2", "end") for below in ("", ".v>embed"))
    assert session.wait(LONG) is not None
    before = session.step
    for parts, words in (
        ([(0,)], "at least two parts"),
        ([(0, 1), (1, 2)], "already claims it there"),
        ([(0,), "nowhere"], "no role 'nowhere'"),
        ([(1,), "end"], "already claims it there"),
        ([(1,), "start"], "same component at the same position"),
    ):
        with pytest.raises(sw.HypothesisError, match=words):
            session.split_positions("logits>a1.h0@0,1,2", parts)  # type: ignore[arg-type]
    assert session.step is before


def test_old_numbers_return_with_their_rewrites(session: sw.Session) -> None:
    claimed(session, "m1", "parity")
    first = session.wait(LONG)
    session.rewrite(made.Pca(component="m1", name="pc1", k=1))
    second = session.wait(LONG)
    session.undo()
    assert session.status.message == "from memory"
    assert session.result is first
    session.redo()
    assert session.status.message == "from memory"
    assert session.result is second


# -- JSON and script ----------------------------------------------------------------------------------------------------

names = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Z")), min_size=1, max_size=12)
pattern = st.sampled_from([r"t1(\d)", "t2", "(t3|t4)t", "t.$", "é"])
bins = st.dictionaries(
    names.map(str.strip).filter(lambda n: n not in ("", "everything else")),
    st.lists(st.integers(0, 8), min_size=1, max_size=3, unique=True).map(lambda x: tuple(sorted(x))),
    min_size=1,
    max_size=3,
).filter(lambda d: len({i for v in d.values() for i in v}) == sum(map(len, d.values())))
a_rule = st.one_of(
    st.builds(lambda p: made.Regex(pattern=p), pattern),
    st.builds(lambda c: made.Column(column=c), st.sampled_from(["parity", "first"])),
    st.builds(lambda p: made.At(rule="previous token", position=p), st.integers(-6, 5)),
    st.just(made.Label()),
    st.builds(lambda b, r: made.Painted(bins=b, rest=r), bins, st.sampled_from([None, "everything else"])),
    st.builds(lambda f: made.Both(first=f, second="token"), st.sampled_from(["parity", "first", "length"])),
)
a_rewrite = st.sampled_from(REWRITES)


@examples(max_examples=25, deadline=None)
@given(st.lists(a_rule, max_size=3), st.lists(a_rewrite, max_size=2, unique_by=lambda spec: spec.component), st.data())
def test_json_to_session_to_json(specs: list[made.AnyRule], rewrites: list[made.AnyRewrite], data: Any) -> None:
    session = sw.Session(task(), samples=4)
    again = sw.Session(task(), samples=4)
    try:
        for i, spec in enumerate(specs):
            session.make_rule(f"made {i}", spec)
        for rewrite in rewrites:
            session.rewrite(rewrite)
        component = data.draw(st.sampled_from(session.task.graph.layout.senders("logits")))
        rule = data.draw(st.sampled_from([*(f"made {i}" for i in range(len(specs))), "parity"]))
        claimed(session, component, rule)
        session.wait(LONG)
        text = session.to_json()
        again.load_json(text)
        again.wait(LONG)
        assert again.step.made == session.step.made
        assert again.hypothesis == session.hypothesis
        one, other = (strip(s.to_json()) for s in (session, again))
        assert one == other
    finally:
        session.close()
        again.close()


def strip(text: str) -> Any:
    """Without the result, which need not be there yet, and what was tried, which belongs to the session."""
    body = json.loads(text)
    return {key: body[key] for key in ("hypothesis", "made", "settings", "task", "data")}


def test_a_script_prints_the_same_number(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = ScrubWidget(task(), samples=64)
    try:
        for name, spec in RULES:
            widget.make_rule(name, spec)
        widget.vectors["mine"] = torch.arange(16.0)
        widget.rewrite(made.Vector(component="a1.h1", name="mine", vector="mine"))
        for rewrite in REWRITES:
            if rewrite.component != "a1.h1":
                widget.rewrite(rewrite)
        h, _ = sw.Hypothesis().claim("a1.h0[dir]", rule="token and parity")
        h, _ = h.claim("a1.h1[mine]", rule="by hand")
        widget.hypothesis = h
        found = widget.wait(LONG)
        assert found is not None
        script = widget.to_script()
    finally:
        widget.close()
    monkeypatch.setattr(sw, "load_task", lambda name: task())
    lines = script.replace("task = ...  #", "task = sw.load_task('tiny')  #")
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        exec(compile(lines, "script", "exec"), {})
    assert out.getvalue().strip() == str(found.loss_recovered)


def test_large_vectors_must_be_there(session: sw.Session) -> None:
    session.task.vectors["five"] = torch.eye(16)[:5]
    session.rewrite(made.Vector(component="m0", name="five", vector="five"))
    text = session.to_json()
    assert '"values": null' in text
    other = sw.Session(sw.Task(task().model, task().tokens, loss=sw.losses.next_token([-1])), samples=4)
    try:
        with pytest.raises(ScrubError, match="other data"):
            other.load_json(text)
    finally:
        other.close()
    again = sw.Session(task(), samples=4)
    try:
        session.task.vectors["five"] = torch.eye(16)[5:10]
        with pytest.raises(RewriteError, match="another one than that which was used"):
            again.load_json(text)
        del session.task.vectors["five"]
        with pytest.raises(RewriteError, match="'five' is not here"):
            again.load_json(text)
    finally:
        again.close()


def test_a_file_cannot_change_what_a_name_means(session: sw.Session) -> None:
    session.make_rule("x", made.Label())
    claimed(session, "a1.h0", "x")
    session.set_hypothesis(sw.Hypothesis())
    session.wait(LONG)
    text = session.to_json()
    other = sw.Session(task(), samples=64)
    try:
        other.make_rule("x", made.Regex(pattern="t1"))
        claimed(other, "a1.h0", "x")
        before = other.step
        with pytest.raises(ScrubError, match="'x' was claimed in this session with another meaning"):
            other.load_json(text)  # its present state claims nothing, an earlier one does
        assert other.step is before
    finally:
        other.close()


def test_json_that_is_not_well_formed_changes_nothing(session: sw.Session) -> None:
    body = json.loads(session.to_json())
    before = session.step
    for broken in ({"rules": [{"name": "x", "spec": {"kind": "code", "text": "1"}}]}, {"rewrites": [3]}, [1]):
        with pytest.raises(ScrubError, match="not well formed"):
            session.load_json(json.dumps({**body, "made": broken}))
    assert session.step is before
    old = {key: value for key, value in body.items() if key != "made"}  # a file from before
    session.load_json(json.dumps(old))


def test_every_rule_has_a_reader_or_is_tried() -> None:
    known: list[Callable[..., Any]] = [*rules.STANDARD.values(), rules.column("x"), rules.regex("x")]
    assert all(rules.reader(function) is not None for function in known)
    assert rules.reader(lambda batch: batch.index) is None
