"""What a session has measured: whole outcomes while there is room for them, and of every state its number."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from . import checks
from .history import Key, Outcome, Step
from .measure.estimates import Estimate

if TYPE_CHECKING:
    from .session import Session

ROOM = 384 * 2**20
"""Bytes for outcomes: some 600 steps at 1024 samples."""
EACH = 640
"""Bytes that an outcome takes for each sample: losses and donors, as measured with position-wise claims in 32 positions."""
MOST_TOUCHED = 20
"""Of the steps that have one number, so many are told of again when it is new."""


@dataclass(frozen=True)
class Number:
    """The number of a state.

    Attributes
    ----------
    recovered : Estimate
        Loss recovered.
    tries : int or None
        How many hypotheses had been tried when it was measured; None where nobody counted.
    """

    recovered: Estimate
    tries: int | None = None


class Remembered:
    """Complete outcomes by what decides their number; those asked for longest ago make room, their numbers stay.

    Parameters
    ----------
    room : int
        Bytes for all outcomes together; the newest one is kept whatever its size.
    """

    def __init__(self, room: int = ROOM) -> None:
        self.room = room
        self.bytes = 0
        self._outcomes: OrderedDict[Key, Outcome] = OrderedDict()
        self._numbers: dict[Key, Number] = {}

    def __len__(self) -> int:
        return len(self._outcomes)

    def outcome(self, key: Key) -> Outcome | None:
        """The complete outcome, if it is still there."""
        found = self._outcomes.get(key)
        if found is not None:
            self._outcomes.move_to_end(key)
        return found

    def number(self, key: Key) -> Number | None:
        """The number, if it was ever measured."""
        return self._numbers.get(key)

    def keep(self, key: Key, outcome: Outcome) -> None:
        """Remember a complete outcome, and its number."""
        self.forget(key)
        self._outcomes[key] = outcome
        self.bytes += _size(outcome)
        result = outcome.result
        self.note(key, Number(result.loss_recovered, result.provenance.get("tries")))
        while self.bytes > self.room and len(self._outcomes) > 1:
            self.forget(next(iter(self._outcomes)))

    def note(self, key: Key, number: Number) -> None:
        """Remember a number alone, of a state that was measured elsewhere."""
        self._numbers[key] = number

    def forget(self, key: Key) -> None:
        """Forget an outcome, so that it is measured again; its number stays until there is another."""
        old = self._outcomes.pop(key, None)
        self.bytes -= 0 if old is None else _size(old)

    def clear(self) -> None:
        """Forget everything."""
        self._outcomes.clear()
        self._numbers.clear()
        self.bytes = 0


def _size(outcome: Outcome) -> int:
    losses = outcome.result.losses
    by_position = (losses.model_at, losses.scrubbed_at, losses.baseline_at)
    return EACH * len(losses) + sum(part.nbytes for part in by_position)


def finished(session: Session, step: Step, outcome: Outcome) -> Outcome:
    """A complete outcome with what is cheap to know of it, and with the count of what had been tried by then.

    A state that is measured again, here or in another session, keeps the count of the first time.
    """
    known = session._known.number(step.key)
    first = None if known is None else known.tries
    tries = session._record.tries_with(step.hypothesis) if first is None else first
    result = replace(outcome.result, provenance={**outcome.result.provenance, "tries": tries})
    outcome = checks.at_once(replace(outcome, result=result))
    # Computed now, and not while listeners hold the lock.
    _ = outcome.result.recovered_from, outcome.result.positions, outcome.result.roles
    return outcome


def keep(session: Session, step: Step, outcome: Outcome) -> None:
    """Remember an outcome, and count what was tried; under the session's lock."""
    session._record.count(step.hypothesis)
    session._known.keep(step.key, outcome)
    same = [entry.id for entry in session._history.entries if entry.step.key == step.key]
    session._history = session._history.touched(*same[-MOST_TOUCHED:])
