"""How a scrub is run: what is part of a result besides the hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from ..errors import ScrubError, listed
from .draws import Unclaimed

BASELINES = ("shuffled", "ablated")
"""``shuffled``: the output on a random input, labels kept. ``ablated``: the components claimed under the output, or
named ones, on a random input."""
MAX_SAMPLES = 1_000_000


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Samples, seed, policy and baseline of a run.

    Attributes
    ----------
    samples : int
        Reference inputs, drawn with replacement.
    seed : int
        Key of all draws.
    unclaimed : {"per receiver", "per component", "global"}
        Who shares the random donor of unclaimed inputs.
    baseline : str or tuple of str
        ``"shuffled"``, ``"ablated"``, or names of components to ablate.
    """

    samples: int = 1024
    seed: int = 0
    unclaimed: Unclaimed = "per receiver"
    baseline: str | tuple[str, ...] = "shuffled"


def settings(
    samples: Any = 1024,
    seed: Any = 0,
    unclaimed: Any = "per receiver",
    baseline: Any = "shuffled",
) -> Settings:
    """Checked settings.

    Raises
    ------
    ScrubError
        A value is of another kind or outside its range: the sentence says what was expected.
    """
    if not _whole(samples) or not 2 <= samples <= MAX_SAMPLES:
        raise ScrubError(f"samples= takes a whole number from 2 to {MAX_SAMPLES:,}, not {samples!r}.")
    if not _whole(seed) or not 0 <= seed < 2**63:
        raise ScrubError(f"seed= takes a whole number from 0 up, not {seed!r}.")
    if unclaimed not in get_args(Unclaimed):
        raise ScrubError(f"unclaimed= is one of {listed(get_args(Unclaimed))}, not {unclaimed!r}.")
    if isinstance(baseline, str):
        if baseline not in BASELINES:
            raise ScrubError(
                f"baseline= is one of {listed(BASELINES)}, or a list of components to ablate, not {baseline!r}."
            )
    elif isinstance(baseline, Sequence) and baseline and all(isinstance(name, str) for name in baseline):
        baseline = tuple(baseline)
    else:
        raise ScrubError(f"baseline= is one of {listed(BASELINES)}, or a list of components, not {baseline!r}.")
    return Settings(samples, seed, unclaimed, baseline)


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
