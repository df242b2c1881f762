"""How a circuit is looked for: from a port to its senders, from those to their ports. It only asks; who measures is elsewhere.

docs/discover.md has it in words.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from collections.abc import Set as AbstractSet
from typing import cast

from ..errors import listed
from ..hypothesis import ROOT, WHOLE, Hypothesis
from ..measure.estimates import Estimate
from .discovery import Answer, found
from .fewest import TooMany, fewest
from .ports import Port, at
from .state import Asks, Change, Order, Question, Senders, Spent, State

UNSURE = 1.0
"""Points of loss recovered from which on a number within noise is said to be so."""


def search(state: State) -> Asks:
    """Look at ports until none is left, the most important first."""
    o = state.options
    state.queue = [o.under]
    if o.under == ROOT and not len(o.start):
        state.recovered = Estimate(1.0, 1.0, 1.0, "share")  # with the port kept whole, it is the model
    while state.queue:
        if state.room < 1:
            state.stopped = f"{o.max_claims} claims are made"
            break
        path = state.queue.pop(0)
        try:
            yield from _look(state, path)
        except Spent:
            state.stopped = f"the budget of {o.budget} scrubs is spent"
            state.leave("the budget does not reach for it", [path])
    if state.queue:
        state.leave(state.stopped, state.queue)
    state.queue = []
    state.stopped = state.stopped or "nothing is left to look at"


def _look(state: State, path: str) -> Asks:
    """One port: as a whole, then its senders one by one, then what only several of them can replace."""
    port = Port.of(state.layout, state.h, path)
    given = [c for c in at(state.h, port.place) if not (c.whole and c.id not in state.options.start)]
    if given:
        ids = tuple(c.id for c in given)
        state.step("given", path, f"{path}: {listed(ids)} claimed already, taken as given.", accepted=ids)
        _deeper(state, ids)
        return
    state.message = f"{path}: does it matter at all?"
    whole = yield from _change(state, path, port.whole, port.free)
    if not whole.effect.resolved:
        state.stopped = f"loss recovered is {whole.effect}"
        state.step("port", path, f"{path}: {state.stopped}.", effects=(whole,), recovered=whole.recovered)
        return
    if not state.matters(whole):
        state.h = port.free
        words = f"{path} is left free: with all of it on random inputs, {_points(whole)} of loss recovered."
        state.step("port", path, words, refused=port.place.senders, effects=(whole,), recovered=whole.recovered)
        return
    state.worth[f"{path}>{WHOLE}"] = whole.cost
    yield from _senders(state, port, whole)


def _senders(state: State, port: Port, whole: Answer) -> Asks:
    o, path, before = state.options, port.path, state.recovered
    names = tuple(reversed(port.place.senders))
    if o.prescreen is not None and o.prescreen < len(names):
        names = yield from _first(state, port, o.prescreen)
    state.message = f"{path}: freeing each of {len(names)} senders"
    try:
        state.afford(len(names) + 2)
    except Spent:
        _keep_whole(state, port, whole, "the budget does not reach for its senders")
        raise
    rows = yield Senders(port.whole, path, names)
    if state.skipped:
        state.leave("skipped by the prescreen", [f"{len(state.skipped)} senders of {path}"])
    best = found(rows, o.threshold, o.q)
    taken = best[: state.room]
    beyond = {a.name: f"{o.max_claims} claims are made" for a in best[len(taken) :]}
    state.skipped = {**state.skipped, **beyond}
    accepted = tuple(a.name for a in taken)
    refused = tuple(a.name for a in rows if a not in best)
    state.worth |= {f"{path}>{a.name}": a.cost for a in taken}
    rest = tuple(name for name in port.place.senders if name not in accepted)
    alone = whole
    if accepted:
        alone = yield from _change(state, path, port.whole, port.kept(accepted))
        state.h = port.kept(accepted)
        words = f"{path}: {_and(accepted)} cost the most when freed ({_each(taken)}); with all else of it free, {_points(alone)}."
        ids = port.ids(accepted)
        state.step("sweep", path, words, accepted=ids, refused=refused, effects=rows, recovered=alone.recovered)
    else:
        state.h = port.whole
        words = f"{path}: no sender matters by itself, but the port does ({_points(whole)} when all of it is free)."
        state.step("sweep", path, words, refused=refused, effects=rows)
    unmeasured, state.skipped = set(state.skipped), {}
    added: tuple[str, ...] = ()
    if state.matters(alone) and rest:
        if state.room < 1:
            state.leave(f"{o.max_claims} claims are made", [f"what else {path} needs"])
        else:
            added = yield from _complete(state, port, accepted, rest, rows, alone, before, unmeasured)
    _deeper(state, port.ids(accepted + added))


def _first(state: State, port: Port, most: int) -> Generator[Question, tuple[Answer, ...], tuple[str, ...]]:
    """The senders that a gradient says matter most; the others are noted as skipped."""
    state.message = f"{port.path}: ordering its senders by a gradient"
    state.afford(1)
    order = yield Order(port.whole, port.path)
    state.skipped = {
        a.name: f"number {i} by its gradient ({100 * a.cost:.2f} points to first order), and {most} are measured"
        for i, a in enumerate(order[most:], most + 1)
    }
    return tuple(a.name for a in order[:most])


def _complete(
    state: State,
    port: Port,
    accepted: tuple[str, ...],
    rest: Sequence[str],
    rows: Sequence[Answer],
    alone: Answer,
    before: Estimate,
    unmeasured: AbstractSet[str],
) -> Generator[Question, tuple[Answer, ...], tuple[str, ...]]:
    """What is needed besides, although each of it alone can be replaced."""
    path, room = port.path, state.room
    cost = {a.name: a.cost for a in rows}
    by_cost = tuple(sorted(rest, key=lambda name: (-cost.get(name, 0.0), rest.index(name))))
    state.message = f"{path}: looking for what is needed besides, by halves"
    asked: dict[frozenset[str], Answer] = {frozenset(): alone}
    script = fewest(by_cost, room, known=True)
    try:
        names: tuple[str, ...] = next(script)
        while True:
            key = frozenset(names)
            if key not in asked:
                asked[key] = yield from _change(state, path, port.whole, port.kept(accepted + names))
            names = script.send(not state.matters(asked[key]))
    except StopIteration as end:
        added = cast("tuple[str, ...]", end.value)
    except (TooMany, Spent) as end_of:
        reason = "the budget is spent" if isinstance(end_of, Spent) else f"more than {room} of them are needed"
        if accepted:
            state.h = port.with_group(accepted, rest)
            state.worth[f"{path}>{'+'.join(sorted(rest))}"] = alone.cost
            words = (
                f"{path}: its other {len(rest)} senders are needed besides; {reason}, so they are kept as one group."
            )
            state.step("complete", path, words, refused=rest, recovered=before)
        else:
            _keep_whole(state, port, alone, reason)
        state.leave(reason, [f"the other senders of {path}"])
        if isinstance(end_of, Spent):
            raise
        return ()
    key = frozenset(added)
    if key not in asked:
        asked[key] = yield from _change(state, path, port.whole, port.kept(accepted + added))
    state.h = port.kept(accepted + added)
    state.worth |= {f"{path}>{name}": alone.cost for name in added}
    alike = f"others can stand in for {'it' if len(added) == 1 else 'each of them'}"
    left_out = sorted(unmeasured & set(added))
    though = f"the prescreen had left out {_and(left_out)}" if left_out else alike
    words = (
        f"{path}: {_and(added)} {'is' if len(added) == 1 else 'are'} needed besides, though {though}; "
        f"with all else of it free, {_points(asked[key])}."
    )
    effects = [Answer(" + ".join(sorted(names)) or "none", a.effect, a.p, a.recovered) for names, a in asked.items()]
    recovered = asked[key].recovered
    state.step("complete", path, words, accepted=port.ids(added), effects=effects, recovered=recovered)
    return added


def _keep_whole(state: State, port: Port, whole: Answer, why: str) -> None:
    state.h = port.whole
    words = f"{port.path} is kept whole: it matters ({_points(whole)} when all of it is free), and {why}."
    state.step("port", port.path, words, accepted=(f"{port.path}>{WHOLE}",), effects=(whole,))


def _deeper(state: State, ids: Sequence[str]) -> None:
    """Put the ports of claims into the queue."""
    o = state.options
    for claim_id in ids:
        claim = state.h[claim_id]
        if claim.whole:
            continue
        ports = state.layout.owner_ports(claim.components[0])
        paths = [f"{claim_id}.{port}" if len(ports) > 1 else claim_id for port in ports]
        if any(state.layout.owner_ports(name) != ports for name in claim.components):
            paths = []
        if claim_id.count(">") - o.under.count(">") >= o.depth:
            state.leave(f"it is deeper than {o.depth}", paths)
        else:
            state.queue += paths
    order = {path: i for i, path in enumerate(state.queue)}
    state.queue.sort(key=lambda path: (-_importance(state, path), order[path]))


def _importance(state: State, path: str) -> float:
    """What the claim that reads at a port costs when it is freed."""
    owner, _ = state.h._split(path)
    return state.worth.get(owner, 0.0) if owner != ROOT else 1.0


def _change(
    state: State, name: str, before: Hypothesis, after: Hypothesis
) -> Generator[Question, tuple[Answer, ...], Answer]:
    state.afford(1)
    (answer,) = yield Change(name, before, after)
    return answer


def _points(answer: Answer) -> str:
    e = answer.effect
    if not e.resolved:
        return str(e)
    value, low, high = (round(100 * x, 1) + 0.0 for x in (e.value, e.low, e.high))
    unsure = ", within noise" if low <= 0 <= high and abs(value) >= UNSURE else ""
    return f"{value:+.1f} points [{low:+.1f}, {high:+.1f}]{unsure}"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _each(answers: Sequence[Answer]) -> str:
    return ", ".join(f"{100 * a.effect.value:+.1f}" for a in answers)
