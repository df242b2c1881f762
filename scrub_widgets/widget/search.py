"""The Search panel's messages, and searches as the view draws them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from ..errors import ScrubError
from ..explore.questions import FREE, KEEP
from ..explore.search import Search
from ..measure.estimates import Estimate
from . import wire

if TYPE_CHECKING:
    from .widget import ScrubWidget

DIGITS = 5
"""Of a fraction: a thousandth of a per cent. A thousand cells are sent again and again."""
MOST_CELLS = 2000
"""What the searches may hold together; beyond it, older ones are left out."""


def show(widget: ScrubWidget, what: str) -> None:
    """Bring the view up to date: all searches as a trait, news of the one that runs as a message."""
    searches = widget.session.searches
    if what == "search":
        widget._set(_searches=[wire.plain(search) for search in searches_of(searches)])
    elif searches:
        widget.send(wire.plain(wire.Searching(search=search_of(searches[-1]))))


def ask(widget: ScrubWidget, message: wire.AskSearch) -> wire.AnyAnswer:
    """Begin a search."""
    if message.question == "rule" and message.rule is None:
        raise ScrubError("a search with a rule names the rule.")
    widget.session.search(
        message.under,
        message.rule if message.question == "rule" and message.rule is not None else message.question,
        each=message.each,
        samples=message.samples,
        exact=message.exact,
        candidates=message.candidates,
    )
    return wire.Ack(id=message.id, rev=widget.session.rev, claims=[])


def accept(widget: ScrubWidget, message: wire.Accept) -> wire.AnyAnswer:
    """Claim what was found; the answer names the claims of the senders themselves."""
    session = widget.session
    session.accept(message.components, message.under, message.rule, keep=message.keep)
    made = [
        c.id for c in session.hypothesis if c.under == message.under and set(c.components) & set(message.components)
    ]
    return wire.Ack(id=message.id, rev=session.rev, claims=made)


def searches_of(searches: Sequence[Search]) -> list[wire.SearchInfo]:
    """For the trait: the newest ones that fit."""
    found: list[wire.SearchInfo] = []
    cells = 0
    for search in reversed(searches):
        shown = search_of(search)
        cells += len(shown.cells)
        if found and cells > MOST_CELLS:
            break
        found.append(shown)
    return found[::-1]


def search_of(search: Search) -> wire.SearchInfo:
    """One search."""
    q, exact, first = search.question, search.exact_rows, search.first
    rates = search.q
    asked: wire.Asked = "free" if q.ask == FREE else "keep" if q.ask == KEEP else "rule"
    return wire.SearchInfo(
        rev=search.rev,
        under=search.under,
        question=asked,
        rule=q.ask if asked == "rule" else None,
        each=cast("wire.EachSender", q.each),  # a session asks about no neurons
        cells=[
            wire.SearchCell(
                component=row.component,
                effect=rounded(row.effect),
                beyond_noise=row.beyond_noise,
                q=round(rates[row.component], DIGITS),
                exact=row.component in exact,
            )
            for row in search.rows
        ],
        skipped=[wire.Skipped(component=c, why=why) for c, why in (first.skipped if first is not None else {}).items()],
        before=None if first is None else rounded(first.base.loss_recovered),
        done=search.done,
        total=search.total,
        running=search.running,
        message=search.message,
        samples=search.samples,
        full=search.settings.samples,
        exact=search.exact,
        seed=search.settings.seed,
        eta=None if search.eta is None else round(search.eta, 1),
        seconds=round(search.seconds, 3),
        cost=round(search.forwards, 2),
    )


def rounded(e: Estimate) -> wire.Interval:
    """Enough digits for a cell."""
    value, low, high = (round(x, DIGITS) + 0.0 for x in (e.value, e.low, e.high))  # + 0.0: never "-0.0"
    return wire.Interval.of(Estimate(value, low, high))
