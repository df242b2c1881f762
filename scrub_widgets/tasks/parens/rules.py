"""The rules of the task: features of a string, and pairs of them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ...classes import Batch, RuleFunction
from . import features

Feature = Callable[[Any], Any]


def rule(feature: Feature) -> RuleFunction:
    """A feature of tokens as a rule."""

    @functools.wraps(feature)
    def label(batch: Batch) -> Any:
        return feature(batch.tokens)

    return label


def both(first: Feature, second: Feature) -> RuleFunction:
    """Two features at once: inputs are equivalent if they agree on both. Position-wise if the first is."""

    def label(batch: Batch) -> Any:
        a, b = _codes(first(batch.tokens)), _codes(second(batch.tokens))
        return a * (b.max() + 1) + (b if a.ndim == 1 else b[:, None])

    label.__doc__ = f"{_words(first)}, and: {_words(second).lower()}."
    return label


def _codes(labels: Any) -> npt.NDArray[np.int64]:
    """Labels as whole numbers from 0 on, in the same shape."""
    return np.unique(labels, return_inverse=True)[1].reshape(np.shape(labels)).astype(np.int64)


def _words(feature: Feature) -> str:
    return (feature.__doc__ or "").strip().splitlines()[0].rstrip(".")


RULES: dict[str, RuleFunction] = {
    "count": rule(features.count),
    "starts open": rule(features.starts_open),
    "count and starts open": rule(features.count_and_starts_open),
    "horizon": rule(features.horizon),
    "open proportion": rule(features.open_proportion),
    "open proportion if it starts open": rule(features.open_proportion_if_open),
    "horizon class": rule(features.horizon_class),
    "two-sided class": rule(features.two_sided_class),
    # The padding mask comes with a claim's own donor: these keep the reference's length as well.
    "horizon and length": both(features.horizon, features.length),
    "count, starts open and length": both(features.count_and_starts_open, features.length),
    "horizon class and length": both(features.horizon_class, features.length),
    "two-sided class and length": both(features.two_sided_class, features.length),
    "two-sided class, padding ignored": rule(features.two_sided_class_without_padding),
}
"""Rules of the task by name; ``length``, ``balanced`` and the standard ones come on top."""
