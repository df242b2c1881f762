"""From the session's values to the shapes of the wire."""

from __future__ import annotations

from ..engine.draws import POLICIES
from ..engine.settings import BASELINES
from ..errors import ScrubError
from ..graph.base import Layout
from ..history import Outcome, Status
from ..hypothesis import ROOT, Claim, Hypothesis
from ..labels import NONE, UNNAMED, Label, Labels
from ..measure.guards import Doubt
from ..session import Session
from ..task import Task
from . import wire
from .palette import palette


def graph_of(task: Task) -> wire.Graph:
    """The map: components and ports."""
    layout = task.graph.layout
    ports = [_port(layout, c.id, port) for c in layout.components for port in c.ports]
    heads = [c.slot for c in layout.components if c.kind == "head"]
    return wire.Graph(
        title=f"{task.name} · {task.graph.title}",
        layers=1 + max((c.layer for c in layout.components), default=-1),
        heads=1 + max(heads, default=-1),
        has_mlp=any(c.kind == "mlp" for c in layout.components),
        components=[
            wire.Component(
                id=c.id,
                kind=c.kind,
                layer=c.layer,
                slot=c.slot,
                ports=[f"{c.id}.{port}" for port in c.ports],
                part_of=c.part_of,
                part=c.part,
            )
            for c in layout.components
        ],
        ports=[*ports, _port(layout, ROOT, "in")],
        rewrites=[
            wire.Rewritten(component=a.component, parts=list(a.parts), error=max(a.on_data, a.on_random))
            for a in task.rewrites
        ],
    )


def _port(layout: Layout, owner: str, name: str) -> wire.Port:
    """Senders are written out only where they are not simply all that came before."""
    senders = layout.senders(owner)
    prefix = senders == layout.names[: len(senders)]
    return wire.Port(
        id=f"{owner}.{name}",
        owner=owner,
        name=name,
        upto=len(senders),
        senders=None if prefix else list(senders),
    )


def task_of(session: Session) -> wire.TaskInfo:
    """The data, the loss and the palette."""
    task = session.task
    return wire.TaskInfo(
        name=task.name,
        n=len(task),
        n_pos=task.positions,
        loss=task.loss.name,
        unit=task.loss.unit,
        model=task.graph.title,
        rules=palette(session),
        roles={role: list(at) for role, at in task.roles.items()},
        columns=[name for name in task.columns if task.columns[name].shape in ((len(task),), tuple(task.tokens.shape))],
        baselines=list(BASELINES),
        policies=list(POLICIES),
    )


def state_of(session: Session) -> wire.State:
    """Claims and settings."""
    chosen = session.settings
    baseline = chosen.baseline if isinstance(chosen.baseline, str) else "ablated"
    return wire.State(
        rev=session.rev,
        claims=claim_rows(session.hypothesis, session.step.labels),
        settings=wire.SettingsInfo(
            samples=chosen.samples, seed=chosen.seed, unclaimed=chosen.unclaimed, baseline=baseline
        ),
        can_undo=session.can_undo,
        can_redo=session.can_redo,
        last_edit=session.step.edit,
    )


def claim_rows(hypothesis: Hypothesis, labels: Labels = NONE) -> list[wire.ClaimRow]:
    """Claims, parents before children."""
    return [claim_row(claim, labels.get(claim.id, UNNAMED)) for claim in hypothesis]


def claim_row(c: Claim, label: Label = UNNAMED) -> wire.ClaimRow:
    """One claim."""
    return wire.ClaimRow(
        id=c.id,
        parent=c.parent,
        port=c.port,
        components=list(c.components),
        rule=c.rule,
        paths=c.paths,
        positions=list(c.positions) if isinstance(c.positions, tuple) else c.positions,
        share=c.share,
        name=label.name,
        note=label.note,
    )


def status_of(status: Status) -> wire.StatusInfo:
    """What the engine is doing."""
    return wire.StatusInfo(
        phase=status.phase,
        rev=status.rev,
        done=status.done,
        total=status.total,
        message=status.message,
        error=None if status.error is None else error_of(status.error),
    )


def error_of(error: Exception) -> wire.ErrorInfo:
    """An error in words, with the claim or rule it is about."""
    where = error.where if isinstance(error, ScrubError) else None
    return wire.ErrorInfo(kind=type(error).__name__, message=str(error), where=where)


def result_of(outcome: Outcome) -> wire.ResultInfo:
    """An estimate with all that stands beside it."""
    r = outcome.result
    recovered = r.recovered_from if outcome.complete else {r.baseline_name: r.loss_recovered}
    return wire.ResultInfo(
        rev=outcome.rev,
        n=len(r.losses),
        samples=r.settings.samples,
        complete=outcome.complete,
        recovered=wire.Interval.of(r.loss_recovered),
        recovered_from={name: wire.Interval.of(estimate) for name, estimate in recovered.items()},
        kl=wire.Interval.of(r.kl),
        pointwise=wire.Interval.of(r.pointwise),
        better=r.better,
        worse=r.worse,
        loss=wire.LossIntervals(
            model=wire.Interval.of(r.model_loss),
            scrubbed=wire.Interval.of(r.scrubbed_loss),
            baseline=wire.Interval.of(r.baseline_loss),
        ),
        baseline=r.baseline_name,
        unclaimed=r.settings.unclaimed,
        seed=r.settings.seed,
        trail=[
            wire.TrailPoint(n=n, value=wire.finite(e.value), low=wire.finite(e.low), high=wire.finite(e.high))
            for n, e in outcome.trail
        ],
        warnings=[_warned(doubt) for doubt in sorted(outcome.warnings, key=lambda doubt: doubt.severity != "warning")],
        checked=outcome.checked,
        null=None if outcome.null is None else wire.Interval.of(outcome.null),
        above_null=None if outcome.above_null is None else wire.Interval.of(outcome.above_null),
        seconds=outcome.seconds,
        provenance={name: "; ".join(v) if isinstance(v, list) else v for name, v in r.provenance.items()},
    )


def _warned(doubt: Doubt) -> wire.Warned:
    return wire.Warned(
        name=doubt.name, severity=doubt.severity, evidence=doubt.evidence, advice=doubt.advice, where=doubt.where
    )


def confirm_of(session: Session) -> wire.ConfirmInfo:
    """What can be confirmed, and what was."""
    recorded, present = session.confirmations, session.confirmation
    return wire.ConfirmInfo(
        held_out=session.task.has_held_out,
        problem=session.confirm_problem,
        running=session.confirming,
        tries=session.tries,
        present=None if present is None else recorded.index(present),
        recorded=[
            wire.Confirmed(
                key=c.key,
                claims=[claim.id for claim in c.hypothesis],
                recovered=wire.Interval.of(c.recovered),
                inputs=c.inputs,
                samples=c.settings.samples,
                tries=c.tries,
                rev=c.rev,
            )
            for c in recorded
        ],
    )


def examples_of(outcome: Outcome) -> wire.Examples:
    """Losses of the single examples."""
    losses = outcome.result.losses
    model, scrubbed, baseline = (x.astype("<f4").tobytes() for x in (losses.model, losses.scrubbed, losses.baseline))
    return wire.Examples(rev=outcome.rev, n=len(losses), model=model, scrubbed=scrubbed, baseline=baseline)
