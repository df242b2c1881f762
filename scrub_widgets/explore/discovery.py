"""What a discovery found so far, as a value: its steps, its words, its JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import msgspec

from ..engine.settings import Settings
from ..errors import ScrubError
from ..hypothesis import ROOT, Hypothesis
from ..measure import estimates
from ..measure.estimates import Estimate
from ..result import Result
from ..task import Task
from .questions import SAME
from .sweep import ROUNDING, Sweep

SCHEMA = 1
KIND = "scrub-widgets discovery"

Phase = Literal["search", "prune", "confirm", "done"]
StepKind = Literal["given", "port", "sweep", "complete", "prune", "rules"]


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a discovery was asked for; the fields are the parameters of :func:`scrub_widgets.discover`.

    Attributes
    ----------
    start : Hypothesis
        Where it begins.
    settings : Settings
        Samples, seed, policy, baseline.
    """

    start: Hypothesis = Hypothesis()
    under: str = ROOT
    rule: str = SAME
    max_claims: int = 12
    depth: int = 4
    threshold: float = 0.02
    q: float = 0.05
    budget: int | None = None
    prescreen: int | None = None
    confirm: bool = True
    settings: Settings = Settings()


@dataclass(frozen=True)
class Answer:
    """One measured difference.

    Attributes
    ----------
    name : str
        What was freed or changed: a sender, a port, a claim.
    effect : Estimate
        Change of loss recovered, paired by reference: below zero, the loss gets worse.
    p : float
        Chance of a change at least this large if there is none.
    recovered : Estimate
        Loss recovered after it.
    """

    name: str
    effect: Estimate
    p: float
    recovered: Estimate

    @property
    def cost(self) -> float:
        """Loss recovered that is lost, as a share; zero where there is no number."""
        return -self.effect.value if self.effect.resolved else 0.0

    def matters(self, threshold: float, q: float) -> bool:
        """Whether it costs more than the threshold, and more than noise: by its interval, and by its p-value."""
        e = self.effect
        return e.resolved and e.high < 0 and -e.value > max(threshold, ROUNDING) and self.p <= q


def found(answers: Sequence[Answer], threshold: float, q: float) -> list[Answer]:
    """Those that matter when many were asked about (Benjamini-Hochberg), the most costly first; as :meth:`Sweep.found`."""
    adjusted = estimates.false_discovery([a.p for a in answers])
    told = [a for a, share in zip(answers, adjusted, strict=True) if a.matters(threshold, 1.0) and share <= q]
    return sorted(told, key=lambda a: -a.cost)


@dataclass(frozen=True)
class DiscoveryStep:
    """One thing that was decided.

    Attributes
    ----------
    kind : {"given", "port", "sweep", "complete", "prune", "rules"}
        Claims that were there; a port looked at as a whole; its senders one by one; what only several together can replace; claims
        that are not needed any more; coarser rules.
    under : str
        The port it is about; "" for the whole hypothesis.
    accepted : tuple of str
        Ids of the claims that it made, or that stay.
    refused : tuple of str
        Senders or claims that were looked at and do not matter by themselves.
    skipped : mapping of str to str
        What was not looked at, with the reason.
    effects : tuple of Answer
        What was measured.
    recovered : Estimate
        Loss recovered by the hypothesis as it is after this step.
    scrubs : int
        How many scrubs had been made by then.
    message : str
        A sentence.
    """

    kind: StepKind
    under: str
    accepted: tuple[str, ...]
    refused: tuple[str, ...]
    skipped: Mapping[str, str]
    effects: tuple[Answer, ...]
    recovered: Estimate
    scrubs: int
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, eq=False)
class Discovery:
    """A circuit, as far as it was found.

    Attributes
    ----------
    task : Task
        What it was looked for in.
    options : Options
        What was asked for.
    hypothesis : Hypothesis
        What is claimed so far.
    steps : tuple of DiscoveryStep
        How it came about.
    phase : {"search", "prune", "confirm", "done"}
        What is under way.
    stopped : str
        Why the search ended, in words; "" while it runs.
    recovered : Estimate or None
        Loss recovered by the hypothesis, on the data that was explored.
    confirmed : Estimate or None
        The same on held-out data, measured once; None if there is none, or not yet.
    result : Result or None
        The whole result that :attr:`confirmed` is from; None after reading from JSON.
    scrubs : int
        Scrubs so far.
    seconds, plain_seconds : float
        Time spent; time of one plain forward pass over as many inputs as a scrub has references.
    total : int
        Scrubs in the end, as far as that can be told now.
    message : str
        What is under way, in words.
    sweep : Sweep or None
        The sweep under way.
    left : tuple of str
        Ports that were not looked at any more, with the reason, in words.
    answers : tuple of (str, Answer)
        Everything that was measured, in order, with a key of what it is about: what resuming needs.
    """

    task: Task = field(repr=False)
    options: Options
    hypothesis: Hypothesis
    steps: tuple[DiscoveryStep, ...] = ()
    phase: Phase = "search"
    stopped: str = ""
    recovered: Estimate | None = None
    confirmed: Estimate | None = None
    result: Result | None = field(default=None, repr=False)
    scrubs: int = 0
    seconds: float = 0.0
    plain_seconds: float = 0.0
    total: int = 0
    message: str = "waiting for the first pass over the data"
    sweep: Sweep | None = field(default=None, repr=False)
    left: tuple[str, ...] = ()
    answers: tuple[tuple[str, Answer], ...] = field(default=(), repr=False)

    @property
    def done(self) -> int:
        """Scrubs so far."""
        return self.scrubs

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase == "done"

    @property
    def tries(self) -> int:
        """How many hypotheses were measured on the explored data before the confirmation."""
        return self.scrubs

    @property
    def forwards(self) -> float:
        """Cost so far in plain forward passes over as many inputs, by the time that both took."""
        return self.seconds / self.plain_seconds if self.plain_seconds else math.nan

    @property
    def eta(self) -> float | None:
        """Seconds that are left, as far as that can be told; None before there is an answer."""
        if not self.scrubs or self.complete:
            return 0.0 if self.complete else None
        return self.seconds / self.scrubs * max(0, self.total - self.scrubs)

    def more(self) -> Iterator[Discovery]:
        """Go on where this one stopped: the same steps as if it had never stopped."""
        from .meter import run  # which is built on this file

        return run(self)

    def __str__(self) -> str:
        from .discovery_words import words

        return words(self)

    __repr__ = __str__

    # -- JSON -------------------------------------------------------------------------------------------------------

    def to_json(self) -> str:
        """Everything but the task, as JSON text: to be read by others, and resumed by :meth:`from_json`."""
        body = {
            "kind": KIND,
            "schema": SCHEMA,
            "options": msgspec.to_builtins(self.options),
            "hypothesis": json.loads(self.hypothesis.to_json()),
            "steps": [_step(step) for step in self.steps],
            "phase": self.phase,
            "stopped": self.stopped,
            "recovered": _estimate(self.recovered),
            "confirmed": _estimate(self.confirmed),
            "scrubs": self.scrubs,
            "tries": self.tries,
            "seconds": self.seconds,
            "plain_seconds": self.plain_seconds,
            "total": self.total,
            "message": self.message,
            "left": list(self.left),
            "answers": [[key, _answer(answer)] for key, answer in self.answers],
            "data": self.task.fingerprint,
            "model": self.task._model_fingerprint,
        }
        return json.dumps(body, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, task: Task, text: str) -> Discovery:
        """Read what :meth:`to_json` wrote.

        Parameters
        ----------
        task : Task
            The one that it was made on: the same model, the same data.
        text : str
            JSON.

        Raises
        ------
        ScrubError
            Not JSON, another kind of file or version, another model or other data.
        """
        try:
            body = json.loads(text)
        except (ValueError, TypeError) as error:
            raise ScrubError(f"this is not the JSON of a discovery: {error}.") from None
        if not isinstance(body, dict) or body.get("kind") != KIND:
            raise ScrubError(f"expected a JSON object of kind '{KIND}'; this is something else.")
        if body.get("schema") != SCHEMA:
            raise ScrubError(f"this discovery has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
        for name, own in (("data", task.fingerprint), ("model", task._model_fingerprint)):
            if body.get(name) != own:
                raise ScrubError(f"this discovery was made with {_OTHER[name]} than those of task '{task.name}'.")
        try:
            return _read(task, body)
        except (KeyError, TypeError, ValueError, msgspec.ValidationError) as error:
            raise ScrubError(f"this discovery is not well formed: {error}.") from None


_OTHER = {"data": "other inputs", "model": "other weights"}


def _read(task: Task, body: Mapping[str, Any]) -> Discovery:
    if body["phase"] not in get_args(Phase):
        raise ValueError(f"no phase {body['phase']!r}")
    return Discovery(
        task,
        msgspec.convert(body["options"], Options),
        Hypothesis.from_builtins(body["hypothesis"]),
        tuple(_step_back(step) for step in body["steps"]),
        body["phase"],
        str(body["stopped"]),
        _estimate_back(body["recovered"]),
        _estimate_back(body["confirmed"]),
        scrubs=int(body["scrubs"]),
        seconds=float(body["seconds"]),
        plain_seconds=float(body["plain_seconds"]),
        total=int(body["total"]),
        message=str(body["message"]),
        left=tuple(map(str, body["left"])),
        answers=tuple((str(key), _answer_back(answer)) for key, answer in body["answers"]),
    )


def _step(step: DiscoveryStep) -> dict[str, Any]:
    return {
        "kind": step.kind,
        "under": step.under,
        "accepted": list(step.accepted),
        "refused": list(step.refused),
        "skipped": dict(step.skipped),
        "effects": [_answer(a) for a in step.effects],
        "recovered": _estimate(step.recovered),
        "scrubs": step.scrubs,
        "message": step.message,
    }


def _step_back(body: Mapping[str, Any]) -> DiscoveryStep:
    if body["kind"] not in get_args(StepKind):
        raise ValueError(f"no step of kind {body['kind']!r}")
    recovered = _estimate_back(body["recovered"])
    assert recovered is not None
    return DiscoveryStep(
        body["kind"],
        str(body["under"]),
        tuple(map(str, body["accepted"])),
        tuple(map(str, body["refused"])),
        {str(name): str(why) for name, why in body["skipped"].items()},
        tuple(_answer_back(a) for a in body["effects"]),
        recovered,
        int(body["scrubs"]),
        str(body["message"]),
    )


def _answer(a: Answer) -> dict[str, Any]:
    return {"name": a.name, "effect": _estimate(a.effect), "p": a.p, "recovered": _estimate(a.recovered)}


def _answer_back(body: Mapping[str, Any]) -> Answer:
    effect, recovered = _estimate_back(body["effect"]), _estimate_back(body["recovered"])
    if effect is None or recovered is None:
        raise ValueError("an answer without its estimate")
    return Answer(str(body["name"]), effect, float(body["p"]), recovered)


def _estimate(e: Estimate | None) -> dict[str, Any] | None:
    if e is None:
        return None
    ends = {"value": e.value, "low": e.low, "high": e.high}
    plain = {name: x if math.isfinite(x) else None for name, x in ends.items()}
    return {**plain, "why": e.why} if e.why else plain


def _estimate_back(body: Mapping[str, Any] | None) -> Estimate | None:
    if body is None:
        return None
    value, low, high = (math.nan if body[k] is None else float(body[k]) for k in ("value", "low", "high"))
    return Estimate(value, low, high, "share", str(body.get("why", "")))
