"""Equivalence rules: which inputs may stand for each other. Rules read the data and know no model.

A rule gives each input a label (shape ``[n]``) or each input and position one (shape ``[n, pos]``); inputs with
equal labels form an equivalence class. A position-wise rule has classes of its own at every position.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from .classes import Batch, Ints, RuleFunction
from .errors import RuleError, listed, suggestion

__all__ = [
    "ANY",
    "SAME",
    "STANDARD",
    "Batch",
    "RuleFunction",
    "any_input",
    "any_input_each_position",
    "at",
    "column",
    "describe",
    "each_position",
    "find",
    "followed_earlier",
    "length",
    "next_token",
    "previous_token",
    "regex",
    "same_input",
    "shows_tokens",
    "token",
]

SAME = "same input"
ANY = "any input"

_TOKEN_LABELS: set[RuleFunction] = set()


def _labels_are_tokens(function: RuleFunction) -> RuleFunction:
    """Mark a rule whose labels are token ids, so that they can be shown as text."""
    _TOKEN_LABELS.add(function)
    return function


def shows_tokens(function: RuleFunction) -> bool:
    """Whether a rule's labels are token ids."""
    return inspect.unwrap(function) in _TOKEN_LABELS


def same_input(batch: Batch) -> Any:
    """Each input is its own class: the claim keeps exactly what stands above it."""
    return batch.index


def any_input(batch: Batch) -> Any:
    """One class: nothing about the input matters."""
    return np.zeros(len(batch), dtype=np.int64)


def any_input_each_position(batch: Batch) -> Any:
    """Nothing about the input matters, and every position is drawn by itself."""
    return np.zeros(batch.tokens.shape, dtype=np.int64)


@_labels_are_tokens
def token(batch: Batch) -> Any:
    """The token at each position."""
    return batch.tokens


@_labels_are_tokens
def previous_token(batch: Batch) -> Any:
    """The token before each position (-1 at the first)."""
    return _shifted(batch, 1)


@_labels_are_tokens
def next_token(batch: Batch) -> Any:
    """The token after each position (-1 at the last)."""
    return _shifted(batch, -1)


@_labels_are_tokens
def followed_earlier(batch: Batch) -> Any:
    """What followed the latest earlier occurrence of the token at each position (-1: it did not occur before)."""
    tokens = np.asarray(batch.tokens)
    answer = np.full(tokens.shape, -1, dtype=np.int64)
    for query in range(1, tokens.shape[1]):
        for key in range(query):  # later keys overwrite: the latest occurrence wins
            hit = tokens[:, key] == tokens[:, query]
            answer[hit, query] = tokens[hit, key + 1]
    return answer


def length(batch: Batch) -> Any:
    """The number of tokens of each input."""
    if batch.mask is None:
        return np.full(len(batch), batch.tokens.shape[1])
    return np.asarray(batch.mask).sum(1)


def _shifted(batch: Batch, by: int) -> Ints:
    tokens = np.asarray(batch.tokens)
    shifted = np.full_like(tokens, -1)
    if by > 0:
        shifted[:, by:] = tokens[:, :-by]
    else:
        shifted[:, :by] = tokens[:, -by:]
    return shifted


def at(function: RuleFunction, position: int) -> RuleFunction:
    """The sequence-wise form of a position-wise rule: its label at one position.

    Parameters
    ----------
    function : RuleFunction
        A rule with labels ``[n, pos]``.
    position : int
        Token position; negative counts from the end.
    """

    @functools.wraps(function)
    def label(batch: Batch) -> Any:
        return np.asarray(function(batch))[:, position]

    label.__doc__ = f"{_first_line(function)[:-1]}, position {position} only."
    return label


def each_position(function: RuleFunction) -> RuleFunction:
    """The position-wise form of a sequence-wise rule: the same classes, but every position draws by itself."""

    @functools.wraps(function)
    def label(batch: Batch) -> Any:
        return np.broadcast_to(np.asarray(function(batch))[:, None], batch.tokens.shape)

    label.__doc__ = f"{_first_line(function)[:-1]}, every position drawn by itself."
    return label


def column(name: str) -> RuleFunction:
    """A column of the task as a rule."""

    def label(batch: Batch) -> Any:
        return batch.columns[name]

    label.__doc__ = f"The column '{name}'."
    return label


def regex(pattern: str) -> RuleFunction:
    """What a regular expression finds in the text of each input: its groups, else the match; "no match" otherwise."""
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise RuleError(f"'{pattern}' is no regular expression: {error}.") from None

    def label(batch: Batch) -> Any:
        found = (compiled.search("".join(words)) for words in batch.text)
        return [repr(m.groups() or m.group()) if m else "no match" for m in found]

    label.__doc__ = f"What /{pattern}/ finds in the text."
    return label


STANDARD: dict[str, RuleFunction] = {
    SAME: same_input,
    ANY: any_input,
    "any input at each position": any_input_each_position,
    "token": token,
    "previous token": previous_token,
    "next token": next_token,
    "what followed the earlier occurrence": followed_earlier,
    "length": length,
}
"""Rules that every task with tokens has, by name. The token rules are position-wise."""

_AT = re.compile(r"(?P<rule>.+) at (?P<position>-?\d+)")


def find(name: str, rules: Mapping[str, RuleFunction], positions: int) -> RuleFunction:
    """The rule with this name; ``"<position-wise rule> at 5"`` is its label at position 5 (negative: from the end).

    Raises
    ------
    RuleError
        No such rule, or a position outside the inputs.
    """
    if name in rules:
        return rules[name]
    form = _AT.fullmatch(name)
    if form and form["rule"] in rules:
        position = int(form["position"])
        if not -positions <= position < positions:
            raise RuleError(
                f"rule '{name}' reads position {position}; the inputs have positions 0 to {positions - 1}.", where=name
            )
        return at(rules[form["rule"]], position)
    raise RuleError(
        f"no rule '{name}'; the task has {listed(rules, 20)} (and '<rule> at <position>').{suggestion(name, rules)}",
        where=name,
    )


def describe(function: RuleFunction) -> str:
    """The first line of a rule's docstring, for people."""
    return _first_line(function)


def _first_line(function: RuleFunction) -> str:
    lines: Iterable[str] = (function.__doc__ or "A function given in the kernel.").strip().splitlines()
    return next(iter(lines))
