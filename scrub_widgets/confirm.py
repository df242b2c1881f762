"""Explore, then confirm: what was tried on the data in hand, and the one number each hypothesis got on held-out data."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from .engine.settings import Settings
from .errors import ScrubError
from .hypothesis import Hypothesis
from .measure.estimates import Estimate, from_plain, plain
from .result import Result


@dataclass(frozen=True)
class Confirmation:
    """A hypothesis measured once on inputs that exploring never touched.

    Attributes
    ----------
    hypothesis : Hypothesis
        What was confirmed; frozen.
    settings : Settings
        Samples, seed, policy and baseline of the measurement.
    recovered : Estimate
        Loss recovered on the held-out inputs.
    inputs : int
        How many inputs were held out.
    data : str
        Their fingerprint.
    tries : int
        How many different hypotheses had been tried on the explored data by then.
    rev : int
        Revision of the session at which it was asked for.
    result : Result or None
        The whole result; None when the record was read from a file.
    repeated : bool
        Whether this answer was only looked up: a hypothesis is measured on held-out data once.
    """

    hypothesis: Hypothesis
    settings: Settings
    recovered: Estimate
    inputs: int
    data: str
    tries: int
    rev: int
    result: Result | None = field(default=None, repr=False, compare=False)
    repeated: bool = field(default=False, compare=False)

    @property
    def key(self) -> str:
        """Short name of the hypothesis: a hash of its claims."""
        return key_of(self.hypothesis)

    def __str__(self) -> str:
        tries = f"{self.tries} {'try' if self.tries == 1 else 'tries'}"
        words = f"confirmed on {self.inputs} held-out inputs: {self.recovered}, after {tries}"
        return f"{words} (measured before; the recorded number stands)" if self.repeated else words

    __repr__ = __str__


class Record:
    """What a session tried and confirmed. Undo does not take it back."""

    def __init__(self) -> None:
        self._tried: dict[str, None] = {}
        self._searched: dict[str, int] = {}
        self._confirmed: dict[str, Confirmation] = {}

    @property
    def tries(self) -> int:
        """How many different hypotheses gave a complete result on the explored data, those of discoveries too."""
        return len(self._tried) + sum(self._searched.values())

    @property
    def confirmations(self) -> tuple[Confirmation, ...]:
        """All, oldest first."""
        return tuple(self._confirmed.values())

    def tries_with(self, hypothesis: Hypothesis) -> int:
        """The tries once this hypothesis, too, has its result."""
        return self.tries + (len(hypothesis) > 0 and key_of(hypothesis) not in self._tried)

    def count(self, hypothesis: Hypothesis) -> None:
        """Count a hypothesis, whatever its settings; a second time and one without claims count for nothing."""
        if len(hypothesis):
            self._tried[key_of(hypothesis)] = None

    def count_searched(self, search: str, hypotheses: int) -> None:
        """Count what a discovery has measured by now; it tries many hypotheses to find one. The same one again is no more tries."""
        self._searched[search] = max(hypotheses, self._searched.get(search, 0))

    def of(self, hypothesis: Hypothesis) -> Confirmation | None:
        """The recorded confirmation of a hypothesis."""
        return self._confirmed.get(key_of(hypothesis))

    def add(self, confirmation: Confirmation) -> Confirmation:
        """Record a confirmation; one that is there stays."""
        return self._confirmed.setdefault(confirmation.key, replace(confirmation, repeated=False))

    def forget_results(self) -> None:
        """Keep the numbers, and let go of the results that they were read from."""
        self._confirmed = {key: replace(c, result=None) for key, c in self._confirmed.items()}

    # -- JSON -------------------------------------------------------------------------------------------------------

    def to_builtins(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "tries": self.tries,
            "tried": sorted(self._tried),
            "searched": dict(self._searched),
            "confirmations": [_written(c) for c in self._confirmed.values()],
        }

    def merge(self, tried: Iterable[str], confirmations: Iterable[Confirmation], searched: Mapping[str, int]) -> None:
        """Take over what another session tried and confirmed on the same data, and how many its discoveries measured."""
        self._tried.update(dict.fromkeys(tried))
        for key, count in searched.items():
            self.count_searched(key, count)
        for confirmation in confirmations:
            self.add(confirmation)


class _Row(msgspec.Struct, forbid_unknown_fields=True):
    """A confirmation in a file."""

    hypothesis: dict[str, Any]
    settings: Settings
    recovered: dict[str, float | None]
    inputs: int
    data: str
    tries: int
    rev: int


def read_record(body: dict[str, Any]) -> tuple[list[str], list[Confirmation], dict[str, int]]:
    """Keys of the hypotheses tried, confirmations, and how many discoveries measured; files from before have none."""
    try:
        tried = msgspec.convert(body.get("tried", []), list[str])
        rows = msgspec.convert(body.get("confirmations", []), list[_Row])
        return tried, [_read(row) for row in rows], msgspec.convert(body.get("searched", {}), dict[str, int])
    except (msgspec.ValidationError, KeyError) as error:
        raise ScrubError(f"this session's confirmations are not well formed: {error}.") from None


def _read(row: _Row) -> Confirmation:
    return Confirmation(
        hypothesis=Hypothesis.from_builtins(row.hypothesis),
        settings=row.settings,
        recovered=from_plain(row.recovered),
        inputs=row.inputs,
        data=row.data,
        tries=row.tries,
        rev=row.rev,
    )


def _written(c: Confirmation) -> dict[str, Any]:
    return {
        "hypothesis": msgspec.json.decode(c.hypothesis.to_json()),
        "settings": msgspec.to_builtins(c.settings),
        "recovered": plain(c.recovered),
        "inputs": c.inputs,
        "data": c.data,
        "tries": c.tries,
        "rev": c.rev,
    }


def key_of(hypothesis: Hypothesis) -> str:
    """A hash of the claims."""
    return hashlib.blake2b(hypothesis.to_json().encode(), digest_size=8).hexdigest()
