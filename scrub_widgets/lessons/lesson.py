"""What a lesson is: frozen content, read from JSON. It knows hypotheses and settings, but no model and no widget."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import msgspec

from ..engine.settings import Settings, settings
from ..errors import ScrubError, listed
from ..history import Step as State
from ..hypothesis import ROOT, Hypothesis
from .check import Check


class Piece(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A JSON object with exactly these fields."""


class Edit(Piece, frozen=True, kw_only=True):
    """One edit of the hypothesis, in one of four forms.

    ``{"claim": "a0.h0", "under": "logits>a1.h2.k", "rule": "previous token"}`` claims a component (or sets the rule, if it is
    claimed there already), ``{"of": "logits>a1.h2", "rule": "token"}`` sets the rule of a claim, ``{"remove": "logits>a1.h2"}``
    takes one away, ``{"settings": {"samples": 256}}`` changes settings.
    """

    claim: str | tuple[str, ...] | None = None
    under: str = ROOT
    rule: str | None = None
    paths: str = "direct"
    positions: tuple[int, ...] | int | str | None = None
    share: str | None = None
    of: str | None = None
    remove: str | None = None
    settings: dict[str, Any] | None = None

    def apply(self, state: State) -> State:
        """The state after the edit.

        Raises
        ------
        ScrubError
            It is none of the four, or cannot be done here.
        """
        given = [n for n in ("claim", "of", "remove", "settings") if getattr(self, n) is not None]
        if len(given) != 1 or (given == ["of"] and self.rule is None):
            raise ScrubError(
                "an edit is one of {claim, under, rule}, {of, rule}, {remove} and {settings}; this one has "
                f"{' and '.join(given) or 'none of them'}."
            )
        if self.settings is not None:
            return replace(state, settings=_settings({**msgspec.structs.asdict(state.settings), **self.settings}))
        return replace(state, hypothesis=self._claims(state.hypothesis))

    def _claims(self, h: Hypothesis) -> Hypothesis:
        if self.remove is not None:
            return h.remove(self.remove)
        if self.of is not None:
            return h.with_rule(self.of, self.rule or "")
        assert self.claim is not None
        options: dict[str, Any] = {"paths": self.paths, "positions": self.positions, "share": self.share}
        rule = self.rule or "same input"
        _, made = _way_to(h, self.under).claim(self.claim, self.under, rule, **options)
        if made in h:  # done already, by the student: only what differs is set
            return h.change(made, rule=rule, paths=self.paths, share=self.share)[0]
        return h.claim(self.claim, self.under, rule, **options)[0]


def _way_to(h: Hypothesis, under: str) -> Hypothesis:
    """Only the claims above a port: there, what a new claim would be called can be read off."""
    return Hypothesis(tuple(c for c in h if under == c.id or under.startswith((f"{c.id}>", f"{c.id}."))))


class Choice(Piece, frozen=True, kw_only=True):
    """One answer; ``feedback`` is what is said to who chose it."""

    text: str
    feedback: str = ""


class Question(Piece, frozen=True, kw_only=True):
    """A question with answers to choose from.

    Attributes
    ----------
    text : str
        The question.
    choices : tuple of Choice
        Two or more.
    key : int, optional
        The right one, counted from 0; leave it out where there is none: then every answer is taken, and none judged.
    """

    text: str
    choices: tuple[Choice, ...]
    key: int | None = None


class Hint(Piece, frozen=True, kw_only=True):
    """A rung of the ladder: words, then the two ends of the drag lit up, then the edit itself."""

    text: str
    spotlight: tuple[str, ...] = ()
    do: tuple[Edit, ...] = ()


class Quote(Piece, frozen=True, kw_only=True):
    """A number that the words of a step say, and where it is measured; see :func:`~scrub_widgets.lessons.verify`.

    Attributes
    ----------
    says : str
        As it stands there: ``"31 %"``.
    on : {"start", "solution"}
        The state it is measured in,
    after : tuple of Edit
        with these edits on top.
    of : {"recovered", "pointwise", "better", "worse", "asked"}
        Which number of the run; ``asked``: none, it is a bound that the task asks for.
    """

    says: str
    on: Literal["start", "solution"] = "solution"
    after: tuple[Edit, ...] = ()
    of: Literal["recovered", "pointwise", "better", "worse", "asked"] = "recovered"


class Step(Piece, frozen=True, kw_only=True):
    """One step.

    Attributes
    ----------
    id : str
        Its name in progress files.
    title : str
        A few words.
    text : tuple of str
        Paragraphs. A component or claim in backticks becomes a button that shows where it is.
    start : tuple of Edit, optional
        The hypothesis on arrival, made from nothing; left out, it is what the step before leads to.
    question : Question, optional
        Asked on this step, or
    task : str
        what to do, and
    check : tuple of Check
        how that is recognised.
    hints : tuple of Hint
        The ladder.
    done : str
        Said once the step is done; the place for what was to be seen.
    quotes : tuple of Quote
        Where the percentages in its words are measured.
    """

    id: str
    title: str
    text: tuple[str, ...]
    start: tuple[Edit, ...] | None = None
    question: Question | None = None
    task: str = ""
    check: tuple[Check, ...] = ()
    hints: tuple[Hint, ...] = ()
    done: str = ""
    quotes: tuple[Quote, ...] = ()

    @property
    def said(self) -> str:
        """All its words, feedback and hints included."""
        asked = self.question
        words = [*self.text, self.task, self.done, *(hint.text for hint in self.hints)]
        if asked is not None:
            words += [asked.text, *(f"{choice.text} {choice.feedback}" for choice in asked.choices)]
        return "\n".join(words)

    @property
    def solution(self) -> tuple[Edit, ...]:
        """What its last hint does."""
        return self.hints[-1].do if self.hints else ()


class Lesson(Piece, frozen=True, kw_only=True):
    """A lesson.

    Attributes
    ----------
    name : str
        Short, for files and messages: ``L1``.
    title, concept, goal : str
        What it is called, what it is about, what one can do after it.
    task : str
        Name of the task it is held on.
    settings : dict
        Samples, seed, unclaimed policy and baseline: with them every number is the same for everybody.
    steps : tuple of Step
        In order.
    """

    name: str
    title: str
    concept: str
    goal: str
    task: str
    steps: tuple[Step, ...]
    settings: dict[str, Any] = msgspec.field(default_factory=dict)

    def start(self, at: int) -> State:
        """The starter state of a step.

        Raises
        ------
        ScrubError
            An edit cannot be done.
        """
        first = State(settings=_settings(self.settings))
        given = self.steps[at].start
        if given is not None:
            return after(given, first)
        return first if at == 0 else after(self.steps[at - 1].solution, self.start(at - 1))

    def solved(self, at: int) -> State:
        """The state after the last hint of a step was followed."""
        return after(self.steps[at].solution, self.start(at))

    def place(self, step_id: str) -> int:
        """Where the step with this id stands; 0 if there is none (the file of an older version of the lesson)."""
        return next((i for i, step in enumerate(self.steps) if step.id == step_id), 0)


def _settings(given: dict[str, Any]) -> Settings:
    unknown = [name for name in given if name not in Settings.__struct_fields__]
    if unknown:
        raise ScrubError(f"unknown setting {listed(unknown)}; there is {listed(Settings.__struct_fields__)}.")
    return settings(**given)


def after(edits: tuple[Edit, ...], state: State) -> State:
    """The state after some edits."""
    for edit in edits:
        state = edit.apply(state)
    return state
