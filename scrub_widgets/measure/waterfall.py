"""What each claim costs or gains: added to those before it, and taken away from the whole. Both, since order matters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import HypothesisError, ScrubError, listed
from ..hypothesis import Hypothesis
from . import estimates
from .estimates import Estimate, Floats
from .guards.paired import again

if TYPE_CHECKING:
    from ..result import Result


@dataclass(frozen=True)
class Added:
    """One claim of a waterfall.

    Attributes
    ----------
    claim : str
        Its id.
    level : Estimate
        Loss recovered with this claim and those added before it.
    change : Estimate
        That, minus the loss recovered just before it was added, paired by reference.
    last : Estimate
        The same if it is added last: loss recovered of the whole hypothesis minus that without the claim (and what stands
        under it), paired by reference.
    """

    claim: str
    level: Estimate
    change: Estimate
    last: Estimate


@dataclass(frozen=True)
class Waterfall:
    """The way from no claim to the whole hypothesis, claim by claim, on common random numbers.

    Attributes
    ----------
    start : Estimate
        Loss recovered with nothing claimed: 0 % from the shuffled baseline.
    steps : tuple of Added
        In the order added. Their changes add up to ``end - start``.
    end : Estimate
        Loss recovered of the whole hypothesis.
    references : int
        How many; the same ones throughout.
    """

    start: Estimate
    steps: tuple[Added, ...]
    end: Estimate
    references: int

    def __str__(self) -> str:
        width = max([len(step.claim) for step in self.steps], default=0)
        rows = [
            f"{step.claim:{width}}  {_points(step.change):>24}  {_points(step.last):>24}  {step.level}"
            for step in self.steps
        ]
        head = f"{'points of loss recovered':{width}}  {'in the order added':>24}  {'removed last':>24}  so far"
        return "\n".join([f"start {self.start}", head, *rows, f"n = {self.references} references"])

    __repr__ = __str__


def waterfall(r: Result, order: Sequence[str] | None = None) -> Waterfall:
    """Scrub all partial hypotheses; see :func:`steps` for doing it bit by bit."""
    *_, (_, _, found) = steps(r, order)
    assert found is not None
    return found


def steps(r: Result, order: Sequence[str] | None = None) -> Iterator[tuple[int, int, Waterfall | None]]:
    """Scrubs done, scrubs in all, and at the end the waterfall.

    Parameters
    ----------
    r : Result
        The whole hypothesis.
    order : sequence of str, optional
        Its claims' ids in the order in which they are added, parents before what stands under them; default: as the tree is
        written.

    Raises
    ------
    HypothesisError
        The hypothesis claims nothing, or the order is not one of its claims.
    ScrubError
        The result's gap is not resolved: there are no shares of it.
    """
    h = r.hypothesis
    chosen = _checked(h, order)
    if not r.loss_recovered.resolved:
        raise ScrubError(f"there is nothing to divide up: the loss recovered is {r.loss_recovered}.")
    grown = [Hypothesis(tuple(c for c in h if c.id in chosen[:i])) for i in range(len(chosen) + 1)]
    less = {claim_id: h.remove(claim_id) for claim_id in chosen}
    scrubbed: dict[Hypothesis, Floats] = {h: r.losses.scrubbed}
    wanted = [x for x in dict.fromkeys([*grown, *less.values()]) if x != h]
    for done, partial in enumerate(wanted):
        yield done, len(wanted), None
        scrubbed[partial] = again(r, partial)
    yield len(wanted), len(wanted), _made(r, chosen, [scrubbed[x] for x in grown], [scrubbed[less[c]] for c in chosen])


def _made(r: Result, order: Sequence[str], grown: Sequence[Floats], without: Sequence[Floats]) -> Waterfall:
    model, own, baseline = r.losses.model, r.losses.scrubbed, r.losses.baseline
    gap = baseline - model
    added = [
        Added(
            claim_id,
            estimates.loss_recovered(model, after, baseline),
            estimates.ratio(before - after, gap),
            estimates.ratio(less - own, gap),
        )
        for claim_id, before, after, less in zip(order, grown[:-1], grown[1:], without, strict=True)
    ]
    start = estimates.loss_recovered(model, grown[0], baseline)
    return Waterfall(start, tuple(added), r.loss_recovered, len(own))


def _checked(h: Hypothesis, order: Sequence[str] | None) -> list[str]:
    """The order, if it is one of the hypothesis's claims in which parents come first."""
    ids = [claim.id for claim in h]
    if not ids:
        raise HypothesisError("there is no claim to add: this hypothesis is only the output.")
    chosen = ids if order is None else list(order)
    if sorted(chosen) != sorted(ids):
        raise HypothesisError(f"order= takes each claim of the hypothesis once, {listed(ids)}; got {listed(chosen)}.")
    for i, claim_id in enumerate(chosen):
        parent = h[claim_id].parent
        if parent in ids and parent not in chosen[:i]:
            raise HypothesisError(
                f"order= names '{claim_id}' before '{parent}', under which it stands.", where=claim_id
            )
    return chosen


def _points(estimate: Estimate) -> str:
    if not estimate.resolved:
        return "not resolved"
    value, low, high = (round(100 * x, 1) + 0.0 for x in (estimate.value, estimate.low, estimate.high))
    return f"{value:+.1f} [{low:+.1f}, {high:+.1f}]"
