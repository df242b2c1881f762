"""How a session searches: in the engine thread after runs and confirmations, answer by answer, until it is cancelled."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from .errors import Cancelled, ScrubError, listed
from .explore.asking import asking
from .explore.questions import Each, Question, checked_candidates, place
from .explore.search import Search
from .explore.sweep import Sweep, sweep_steps
from .graph.base import Layout
from .hypothesis import WHOLE, Hypothesis
from .interrupt import interruptible

if TYPE_CHECKING:
    from .session import Session

KEEP_SEARCHES = 12
ROOM = 256 * 2**20
"""Bytes of losses that all searches may keep together; the newest one stays whatever its size."""
ONLY_SWEEPS: tuple[Each, ...] = ("neurons",)
"""Questions that a session does not ask: groups of neurons belong to a task that is rewritten for the question."""
PUBLISH_EVERY = 0.05
"""Seconds between two messages about a running search, once it has many answers: each message has them all."""
MANY = 64


def ask(
    session: Session,
    under: str,
    ask_: str,
    each: Each,
    samples: int | None,
    exact: int,
    candidates: Sequence[str] | None,
) -> Search:
    """Begin a search, or go on with one that was begun before."""
    with session._lock:
        session._open()
        task, chosen = session.task, session.settings
        wanted = chosen.samples if samples is None else whole("samples", samples, 2, chosen.samples)
        if each in ONLY_SWEEPS:
            raise ScrubError(
                f"a session does not ask about each {each!r}; a script does: sw.importance(task, h, under, each={each!r})."
            )
        asked = asking(task, session.hypothesis, under, ask_, each)
        some = None if candidates is None else checked_candidates(asked, candidates)
        # Everything that can be refused is refused here, before any work.
        sweep_steps(task, session.hypothesis, under, ask_, each=each, chosen=chosen, candidates=some)
        fresh = Search(
            session.rev, session.step.key, task, asked, chosen, wanted, whole("exact", exact, 0, 10**6), some
        )
        stop(session, "ended by another search")
        known = session._searches.pop(fresh.key, None)
        found = fresh if known is None else replace(known, rev=session.rev, exact=max(known.exact, fresh.exact))
        found = replace(found, running=not found.complete, message=_progress(found))
        session._searches[found.key] = found
        while len(session._searches) > KEEP_SEARCHES or (len(session._searches) > 1 and _bytes(session) > ROOM):
            session._searches.popitem(last=False)
        if found.running:
            session._jobs.search = found.key
        session._tell("search")
        session._changed.notify_all()
        return found


def accepted_at(
    layout: Layout, h: Hypothesis, under: str, names: Sequence[str], rule: str, *, keep: bool = True
) -> Hypothesis:
    """A claim of all that a port reads at some positions; parameters as for :func:`.questions.accepted`."""
    where = place(layout, h, under)
    try:
        positions = sorted({int(name[1:]) for name in names})
    except ValueError:
        raise ScrubError(f"positions are accepted by names such as '@5', not {listed(names)}.") from None
    made = Question(h, where, rule, "component", layout).opened if keep else h
    return made.claim(WHOLE, where.path, rule, positions=positions)[0]


def stop(session: Session, message: str) -> None:
    """End the search that is under way, at once as far as anyone sees; its answers stay."""
    with session._lock:
        key, session._jobs.search = session._jobs.search, None
        if key in session._searches:
            search = session._searches[key]
            session._searches[key] = replace(search, running=False, message=message)
            session._tell("search")
        session._changed.notify_all()


def moved(session: Session) -> None:
    """After an edit: what runs is ended, and searches of the state that is now the present one belong to it again."""
    own = False
    for key, search in session._searches.items():
        if search.state == session.step.key:
            session._searches[key] = replace(search, rev=session.rev)
            own = True
    running = session._searches.get(session._jobs.search)
    if running is not None and running.rev < session.rev:
        stop(session, "ended by an edit")
    elif own:
        session._tell("search")


def work(session: Session, key: Hashable) -> None:
    """The engine thread: one answer after the other. Gives way to runs and confirmations, and goes on after them."""

    def wanted() -> None:
        with session._lock:
            if session._jobs.search != key or session._closed or session._jobs.before("search"):
                raise Cancelled("cancelled")

    try:
        with interruptible(wanted):
            search = session._searches[key]
            told = 0.0
            for first in _sweeps(search, search.samples, search.candidates, search.first):
                told = _tell(session, key, wanted, told, first=first)
            search = session._searches[key]
            if search.best:
                for again in _sweeps(search, search.settings.samples, search.best, search.again):
                    told = _tell(session, key, wanted, told, again=again)
    except Cancelled:
        return
    except Exception as error:  # noqa: BLE001 - whatever happens must reach the person, not a lost thread
        session.last_error = error
        stop(session, str(error) or type(error).__name__)
        return
    with session._lock:
        if session._jobs.search == key:
            stop(session, _progress(session._searches[key]))


def _sweeps(search: Search, samples: int, candidates: Sequence[str] | None, known: Sweep | None) -> Iterator[Sweep]:
    q = search.question
    chosen = msgspec.structs.replace(search.settings, samples=samples)
    return sweep_steps(
        search.task,
        search.hypothesis,
        search.under,
        q.ask,
        each=q.each,
        chosen=chosen,
        candidates=candidates,
        resume=known,
    )


def _tell(
    session: Session,
    key: Hashable,
    wanted: Callable[[], None],
    told: float,
    *,
    first: Sweep | None = None,
    again: Sweep | None = None,
) -> float:
    """Keep the answers so far and tell of them; of many, at most every ``PUBLISH_EVERY`` seconds. Returns when that was."""
    with session._lock:
        wanted()
        known = session._searches[key]
        search = replace(
            known, first=known.first if first is None else first, again=known.again if again is None else again
        )
        session._searches[key] = replace(search, message=_progress(search))
        if search.done > MANY and time.monotonic() - told <= PUBLISH_EVERY:
            return told
        session._tell("searching")
        return time.monotonic()


def _progress(search: Search) -> str:
    if search.complete:
        return "done"
    if search.first is None:
        return "waiting for the engine"
    if not search.first.complete:
        return "measuring each sender" if search.first.rows else "measuring the hypothesis itself"
    return "measuring the best with all samples"


def _bytes(session: Session) -> int:
    sweeps = [sweep for search in session._searches.values() for sweep in (search.first, search.again)]
    return sum(row.losses.nbytes for sweep in sweeps if sweep is not None for row in sweep.rows)


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A checked whole number."""
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ScrubError(f"{name}= of a search takes a whole number from {least} to {most:,}, not {value!r}.")
    return value
