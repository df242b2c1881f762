"""Answers about rules and rewrites that are being made in the view, and the edits that make them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from msgspec.structs import replace
from torch import Tensor

from .. import directions
from ..carry import apart
from ..errors import ScrubError
from ..graph.rewritten import TOLERANCE
from ..made import AnyRewrite, DirectionSpec
from ..making import complete, trial
from ..session import Session
from ..task import Task
from . import preview, wire

if TYPE_CHECKING:
    from .widget import ScrubWidget

PAGE = 24
"""Inputs that one answer holds."""


def answer_preview(widget: ScrubWidget, message: wire.AskPreview) -> wire.AnyAnswer:
    """What a rule would swap."""
    shown = preview.preview_of(widget.session, message.rule, message.example, message.under, message.spec)
    return wire.Previewed(id=message.id, preview=shown)


def answer_inputs(widget: ScrubWidget, message: wire.AskInputs) -> wire.AnyAnswer:
    """Inputs to paint."""
    task = widget.session.task
    wanted = message.text.strip()
    number = wanted[1:]
    if wanted.startswith("#") and number.isdigit():
        found = [int(number)] if int(number) < len(task) else []
    else:
        found = [i for i, words in enumerate(task.texts) if message.text in "".join(words)]
    answers = preview.answers_of(task)
    start = max(0, message.start)
    rows = [
        wire.FoundInput(
            index=i, tokens=list(task.texts[i]), label=None if answers is None else _answer(task, answers[i])
        )
        for i in found[start : start + PAGE]
    ]
    return wire.Inputs(id=message.id, total=len(found), start=start, rows=rows)


def _answer(task: Task, answer: object) -> str:
    """A right answer as text; for losses that read tokens it is a token."""
    return task.word(int(str(answer))) if task.loss.name.startswith("next token") else str(answer)


def answer_rewriting(widget: ScrubWidget, message: wire.AskRewriting) -> wire.AnyAnswer:
    """What a component can be written as, and what is to know of one way."""
    session, component = widget.session, message.component
    task = session.task
    facts, problem = None, None
    if message.spec is not None:
        try:
            facts = facts_of(session, message.spec)
        except ScrubError as error:
            problem = str(error)
    return wire.Rewriting(
        id=message.id,
        component=component,
        width=task.graph.width(component),
        tokens=hasattr(task.model, "W_U"),
        vectors=list(task.vectors),
        neurons=_neurons(task, component),
        labels=[] if message.rule is None else directions.common_labels(task, message.rule),
        facts=facts,
        problem=problem,
    )


def _neurons(task: Task, component: str) -> list[wire.Neuron]:
    kind = task.graph.layout.by_id.get(component)
    if kind is None or kind.kind != "mlp" or kind.part_of is not None:
        return []
    return [wire.Neuron(index=i, share=share) for i, share in directions.top_neurons(task, component)]


def facts_of(session: Session, spec: AnyRewrite) -> wire.Facts:
    """What is to know of a rewrite: it is made and compared, so that accepting it afterwards takes no time.

    Raises
    ------
    ScrubError
        It cannot be made.
    """
    spec = complete(session, spec)
    before, after = session.task, trial(session, spec)
    agreement = after.rewrites[-1]
    variance, angles = None, []
    if isinstance(spec, DirectionSpec):
        vectors = spec.vectors(before)
        variance = directions.variance_share(before, spec.component, vectors)
        found = directions.angles(vectors, _in_use(session))
        angles = [wire.Angle(part=part, degrees=degrees) for part, degrees in found.items()]
    return wire.Facts(
        parts=list(spec.parts),
        variance=variance,
        angles=angles,
        error=max(agreement.on_data, agreement.on_random),
        tolerance=TOLERANCE.get(before.graph.dtype, 2e-2),
        carried=apart(session.hypothesis, spec.component, spec.parts)[1],
    )


def _in_use(session: Session) -> Mapping[str, Tensor]:
    """The directions of other rewrites."""
    made = session.step.made
    before = [replace(made, rewrites=made.rewrites[:i]) for i in range(len(made.rewrites))]
    return {
        other.parts[0]: other.vectors(session.task_with(earlier))
        for other, earlier in zip(made.rewrites, before, strict=True)
        if isinstance(other, DirectionSpec)
    }


# -- edits ------------------------------------------------------------------------------------------------------------


def apply(session: Session, op: wire.MakingOperation) -> tuple[int, list[str]]:
    """Make, rename or delete a rule, rewrite a component or put it together, split a claim: one step each."""
    match op:
        case wire.MakeRule(name=name, spec=spec):
            return session.make_rule(name, spec), []
        case wire.RenameRule(name=name, to=to):
            return session.rename_rule(name, to), []
        case wire.DropRule(name=name):
            return session.drop_rule(name), []
        case wire.MakeRewrite(spec=spec):
            return session.rewrite(spec), []
        case wire.Unsplit(component=component, rule=rule):
            return session.unsplit(component, rule), []
        case wire.SplitPositions(claim=claim, parts=parts):
            where = [tuple(part) if isinstance(part, list) else part for part in parts]
            before = set(session.hypothesis)
            rev = session.split_positions(claim, where)
            return rev, [c.id for c in session.hypothesis if c not in before]
