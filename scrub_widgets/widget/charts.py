"""What the charts of a finished result draw, in the shapes of the wire."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from ..classes import Ints
from ..errors import RuleError, ScrubError
from ..history import Outcome
from ..marks import marks
from ..measure import positions
from ..measure.estimates import Floats
from ..measure.positions import Place
from ..measure.waterfall import Waterfall
from ..result import Result
from ..rules import ANY, SAME
from ..task import Task
from . import wire

if TYPE_CHECKING:
    from .widget import ScrubWidget

SHOWN = 4096
"""More points than this no scatter shows; the references are a random sample, so the first ones are as good as any."""
RULES = 24
MOST_CLASSES = 20 * RULES
_CLASSES: WeakKeyDictionary[Task, dict[tuple[str, int, int], wire.ClassesInfo | None]] = WeakKeyDictionary()


def charts_of(outcome: Outcome) -> wire.Charts:
    """All that the charts need of a complete result."""
    r = outcome.result
    at = r.references[:SHOWN]
    offered = [name for name in r.task.rules if name not in (SAME, ANY)][:RULES]
    return wire.Charts(
        rev=outcome.rev,
        shown=len(at),
        classes=[found for found in (_known_classes(r, name, at) for name in offered) if found is not None],
        positions=[_place(place) for place in r.positions],
        roles=[_place(place) for place in r.roles],
        no_positions="" if r.positions else positions.why_none(r),
        waterfall=None if outcome.waterfall is None else _waterfall(outcome.waterfall),
    )


def sliced(widget: ScrubWidget, message: wire.AskSlice) -> wire.AnyAnswer:
    """The losses of the single examples at one position."""
    outcome = widget.session.outcome
    if outcome is None or not outcome.complete:
        raise ScrubError("there is no complete result whose positions could be shown yet.")
    r, rev = outcome.result, outcome.rev
    model, scrubbed, baseline = (_packed(values[:SHOWN]) for values in positions.at_position(r, message.position))
    n = min(len(r.losses), SHOWN)
    return wire.Sliced(
        id=message.id,
        rev=rev,
        position=message.position,
        n=n,
        model=model,
        scrubbed=scrubbed,
        baseline=baseline,
    )


def _known_classes(r: Result, rule: str, references: Ints) -> wire.ClassesInfo | None:
    """As below, from memory: results with one seed have the same references, and an undo should not count them again."""
    known = _CLASSES.setdefault(r.task, {})
    key = (rule, r.settings.seed, len(references))
    if key not in known:
        if len(known) >= MOST_CLASSES:
            known.clear()
        known[key] = _classes(r, rule, references)
    return known[key]


def _classes(r: Result, rule: str, references: Ints) -> wire.ClassesInfo | None:
    """The largest classes of a rule among some references; None where it cannot be applied, or tells nothing apart."""
    try:
        found = marks(r.task, rule, references)
    except RuleError:
        return None
    if len(found.names) < 2:
        return None
    codes = "".join(map(str, found.codes.tolist()))
    return wire.ClassesInfo(rule=rule, names=found.names, rest=found.rest, codes=codes, at=found.at)


def _place(place: Place) -> wire.PlaceInfo:
    of = wire.Interval.of
    return wire.PlaceInfo(
        name=place.name,
        positions=list(place.positions),
        model=of(place.model),
        scrubbed=of(place.scrubbed),
        baseline=of(place.baseline),
        change=of(place.change),
        recovered=of(place.recovered),
    )


def _waterfall(found: Waterfall) -> wire.WaterfallInfo:
    of = wire.Interval.of
    steps = [
        wire.AddedInfo(claim=s.claim, level=of(s.level), change=of(s.change), last=of(s.last)) for s in found.steps
    ]
    return wire.WaterfallInfo(start=of(found.start), steps=steps, end=of(found.end))


def _packed(values: Floats) -> str:
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
