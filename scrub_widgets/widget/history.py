"""The history and comparisons for the view.

A trait travels whole each time, so it holds the steps that changed last; the view asks for the others, page by page.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from .. import past
from ..diff import Change
from ..history import Key
from ..measure.estimates import Estimate
from ..session import Session
from . import publish, wire

if TYPE_CHECKING:
    from .widget import ScrubWidget

RECENT = 40
"""Steps in the trait: about 10 kB."""
PAGE = 200
"""Steps in an answer."""
MOST_WORDS = 160
"""Characters of an edit's words."""


def history_of(session: Session, recent: int = RECENT) -> wire.HistoryInfo:
    """The steps of which something changed last, the present one among them."""
    with session._lock:
        history = session._history
        newest = sorted(history.entries, key=lambda entry: entry.touch)[-recent:]
        chosen = {entry.id for entry in newest} | {history.at}
        first = _first(session)
        steps = [_step(past.one(session, history[n]), first(n)) for n in sorted(chosen)]
        return wire.HistoryInfo(count=len(history), at=history.at, tip=history.tip, steps=steps)


def _first(session: Session) -> Callable[[int], int]:
    """From a step to the first one with the same claims and settings."""
    keys = [entry.step.key for entry in session._history.entries]
    found: dict[Key, int] = {}
    for n, key in enumerate(keys):
        found.setdefault(key, n)
    return lambda n: found[keys[n]]


def _step(step: past.PastStep, same: int) -> wire.HistoryStep:
    words = step.edit if len(step.edit) <= MOST_WORDS else f"{step.edit[: MOST_WORDS - 1]}…"
    return wire.HistoryStep(
        id=step.id,
        parent=step.parent,
        edit=words,
        name=step.label.name,
        note=step.label.note,
        claims=len(step.hypothesis),
        samples=step.settings.samples,
        seed=step.settings.seed,
        recovered=_interval(step.recovered),
        tries=step.tries,
        same=same,
    )


def _interval(estimate: Estimate | None) -> wire.Interval | None:
    return None if estimate is None else wire.Interval.of(estimate)


def compare_of(session: Session) -> wire.CompareInfo | None:
    """The comparison that was asked for last, if it was not closed."""
    found = session.comparison
    if found is None:
        return None
    return wire.CompareInfo(
        a=found.a,
        b=found.b,
        running=found.running,
        problem=found.problem,
        words=found.words,
        within_noise=found.within_noise,
        first=_interval(None if found.first is None else found.first.loss_recovered),
        second=_interval(None if found.second is None else found.second.loss_recovered),
        difference=_interval(found.difference),
        samples=found.settings.samples,
        notes=list(found.notes),
        changes=[_change(change) for change in found.changes],
        before=publish.claim_rows(found.before.hypothesis, found.before.labels),
        after=publish.claim_rows(found.after.hypothesis, found.after.labels),
    )


def _change(change: Change) -> wire.ChangeRow:
    before, after = (None if c is None else publish.claim_row(c) for c in (change.before, change.after))
    return wire.ChangeRow(sign=change.sign, before=before, after=after, what=list(change.what))


# -- answers ----------------------------------------------------------------------------------------------------------


def restore(widget: ScrubWidget, message: wire.Restore) -> wire.AnyAnswer:
    """Go to a step."""
    return wire.Ack(id=message.id, rev=widget.session.restore(message.step), claims=[])


def mark(widget: ScrubWidget, message: wire.Mark) -> wire.AnyAnswer:
    """Name a step."""
    given = {"name": message.name, "note": message.note}
    session = widget.session
    session.mark(message.step, **{key: text for key, text in given.items() if text is not msgspec.UNSET})
    return wire.Ack(id=message.id, rev=session.rev, claims=[])


def earlier(widget: ScrubWidget, message: wire.AskHistory) -> wire.AnyAnswer:
    """A page of steps."""
    session = widget.session
    with session._lock:
        entries = session._history.entries[max(0, message.before - PAGE) : max(0, message.before)]
        first = _first(session)
        return wire.Earlier(id=message.id, steps=[_step(past.one(session, e), first(e.id)) for e in entries])


def compare(widget: ScrubWidget, message: wire.AskCompare) -> wire.AnyAnswer:
    """Compare two steps, or close the comparison."""
    session = widget.session
    if message.a is None or message.b is None:
        session.close_comparison()
    else:
        session.ask_compare(message.a, message.b)
    return wire.Ack(id=message.id, rev=session.rev, claims=[])
