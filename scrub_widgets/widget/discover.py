"""Finding a circuit in the Search tab: its messages, and discoveries as the view draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..discovering import Finding
from ..explore.discovery import Discovery
from ..hypothesis import Hypothesis
from ..measure.estimates import Estimate
from . import wire
from .publish import claim_row
from .search import rounded

if TYPE_CHECKING:
    from .widget import ScrubWidget


def show(widget: ScrubWidget, what: str) -> None:
    """Bring the view up to date: the discovery as a trait, news of one that runs as a message."""
    finding = widget.session.discovery
    if finding is None:
        return
    shown = discovery_of(finding, widget.hypothesis)
    if what == "discovery":
        widget._set(_discovery=wire.plain(shown))
    else:
        widget.send(wire.plain(wire.Discovering(discovery=shown)))


def ask(widget: ScrubWidget, message: wire.Discover) -> wire.AnyAnswer:
    """Begin a discovery, or say what it would cost."""
    o, session = message.asked, widget.session
    given: dict[str, Any] = {
        "present": o.present,
        "budget": o.budget,
        "rule": o.rule,
        "max_claims": o.max_claims,
        "depth": o.depth,
        "threshold": o.threshold,
        "samples": o.samples,
    }
    if message.go:
        session.discover(o.under, **given)
        return wire.Ack(id=message.id, rev=session.rev, claims=[])
    plan = session.plan_discover(o.under, **given)
    return wire.Planned(
        id=message.id,
        scrubs=plan.scrubs,
        senders=plan.senders,
        samples=plan.samples,
        seconds=round(plan.seconds, 2),
        measured=plan.measured,
    )


def do(widget: ScrubWidget, message: wire.DoDiscovery) -> wire.AnyAnswer:
    """Cancel, resume or accept; the answer to the last names the claims that were found."""
    session = widget.session
    made: list[str] = []
    if message.act == "cancel":
        session.cancel_discover()
    elif message.act == "resume":
        session.resume_discover()
    else:
        session.accept_discovery()
        made = [claim.id for claim in session.hypothesis]
    return wire.Ack(id=message.id, rev=session.rev, claims=made)


def discovery_of(finding: Finding, present: Hypothesis) -> wire.DiscoveryInfo:
    """One discovery."""
    found, costs = finding.found, _costs(finding.found)
    o = found.options
    return wire.DiscoveryInfo(
        number=finding.number,
        rev=finding.rev,
        asked=wire.DiscoverOptions(
            under=o.under,
            present=len(o.start) > 0,
            rule=o.rule,
            max_claims=o.max_claims,
            depth=o.depth,
            threshold=o.threshold,
            budget=o.budget or found.total,
            samples=o.settings.samples,
        ),
        phase=found.phase,
        running=finding.running,
        message=finding.message,
        error=finding.error,
        stopped=found.stopped,
        done=found.done,
        total=found.total,
        eta=None if found.eta is None else round(found.eta, 1),
        seconds=round(found.seconds, 3),
        cost=wire.finite(round(found.forwards, 2)),
        claims=[
            wire.FoundClaim(
                claim=claim_row(claim),
                given=claim.id in o.start,
                effect=rounded(costs[claim.id]) if claim.id in costs else None,
            )
            for claim in found.hypothesis
        ],
        steps=[
            wire.FoundStep(
                kind=step.kind,
                under=step.under,
                accepted=list(step.accepted),
                message=step.message,
                recovered=rounded(step.recovered),
                scrubs=step.scrubs,
            )
            for step in found.steps
        ],
        skipped=_skipped(found),
        recovered=None if found.recovered is None else rounded(found.recovered),
        seed=o.settings.seed,
        present=len(present) > 0 and present == found.hypothesis,
    )


def _skipped(found: Discovery) -> list[wire.Skipped]:
    """What was not looked at: senders within a sweep, and whole ports in the end."""
    senders = [(name, why) for step in found.steps for name, why in step.skipped.items()]
    ports = [(port.strip("'"), why) for port, _, why in (line.partition(": ") for line in found.left)]
    return [wire.Skipped(component=name, why=why) for name, why in (*senders, *ports)]


def _costs(found: Discovery) -> dict[str, Estimate]:
    """What freeing each claim changes, as measured last: a sweep names senders of its port, pruning names claims."""
    return {
        name if name in found.hypothesis else f"{step.under}>{name}": answer.effect
        for step in found.steps
        for answer in step.effects
        for name in [answer.name]
    }
