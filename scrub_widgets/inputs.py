"""What a user gives a task, checked before anything else: every refusal says what was expected and what exists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from .errors import HypothesisError, TaskError, listed
from .graph.graph import Inputs
from .hypothesis import Hypothesis
from .losses import Loss

Places = tuple[int, ...]
"""Token positions, ascending, none negative."""

PROBE = 4
"""Inputs on which the decomposition of a model is checked before anything else."""

Held = npt.NDArray[np.bool_]
"""Where a claim holds: ``[pos]`` in all inputs alike, ``[n, pos]`` where each input has positions of its own."""


def read_tokens(tokens: Any) -> Tensor:
    """Token ids as an int64 tensor ``[inputs, positions]`` on the CPU."""
    try:
        values = torch.as_tensor(tokens).detach().cpu()
    except (TypeError, ValueError, RuntimeError) as error:
        raise TaskError(f"tokens take an int tensor [inputs, positions]: {error}.") from None
    if values.ndim != 2 or 0 in values.shape:
        raise TaskError(
            f"expected tokens of shape [inputs, positions] with at least one of each, not {list(values.shape)}."
        )
    if values.is_floating_point() or values.is_complex() or values.dtype == torch.bool:
        raise TaskError(f"expected whole numbers as tokens, not {values.dtype}.")
    return values.long().contiguous()


def read_mask(mask: Any, tokens: Tensor) -> Tensor | None:
    """An attention mask as bool ``[inputs, positions]`` on the CPU, or None."""
    if mask is None:
        return None
    values = torch.as_tensor(mask).detach().cpu()
    if values.shape != tokens.shape:
        raise TaskError(
            f"expected an attention mask of the tokens' shape {list(tokens.shape)}, not {list(values.shape)}."
        )
    if not values.bool().any(1).all():
        raise TaskError(f"input {int((~values.bool().any(1)).nonzero()[0])} is all padding; every input needs a token.")
    return values.bool().contiguous()


def read_columns(columns: Mapping[str, Any] | None, n: int, loss: Loss) -> dict[str, Any]:
    """Columns as arrays ``[inputs, ...]``, with all that the loss needs."""
    found = {}
    for name, values in (columns or {}).items():
        array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
        if array.shape[:1] != (n,):
            raise TaskError(f"column '{name}' has shape {list(array.shape)}; expected {n} rows, one for each input.")
        found[name] = array
    missing = [name for name in loss.columns if name not in found]
    if missing:
        raise TaskError(f"the loss '{loss.name}' needs the columns {listed(missing)}; the task has {listed(found)}.")
    return found


def read_inputs(tokens: Any, mask: Any) -> Inputs:
    """Tokens and attention mask."""
    found = read_tokens(tokens)
    return Inputs(found, read_mask(mask, found))


def read_values(values: Any) -> Inputs:
    """The named inputs of a graph of functions, ``[n, ...]`` each."""
    if not isinstance(values, Mapping):
        raise TaskError(
            f"a graph of functions takes its inputs by name, {{'x0': values, ...}}, not {type(values).__name__}."
        )
    found: dict[str, Tensor] = {}
    for name, given in values.items():
        try:
            value = torch.as_tensor(given if isinstance(given, Tensor) else np.asarray(given)).detach().cpu()
        except (TypeError, ValueError, RuntimeError) as error:
            raise TaskError(f"the input '{name}' takes numbers [n, ...]: {error}.") from None
        if value.ndim == 0 or not len(value):
            raise TaskError(f"the input '{name}' has shape {list(value.shape)}; expected [n, ...] with n at least 1.")
        found[name] = value
    lengths = {name: len(value) for name, value in found.items()}
    if len(set(lengths.values())) != 1:
        raise TaskError(f"the inputs have different lengths: {lengths}; expected one value of each for every input.")
    return Inputs(torch.arange(next(iter(lengths.values())))[:, None], None, found)


def probe(inputs: Inputs) -> Inputs:
    """A few inputs, the one with the shortest text among them: padding must be right as well."""
    rows = list(range(min(PROBE, len(inputs))))
    if inputs.mask is not None:
        rows[-1] = int(inputs.mask.sum(1).argmin())
    return inputs.rows(rows)


def check_vocabulary(tokens: Tensor, model: Any) -> None:
    """Refuse tokens outside the vocabulary and inputs longer than the context."""
    size, length = model.cfg.d_vocab, model.cfg.n_ctx
    outside = ((tokens < 0) | (tokens >= size)).nonzero()
    if len(outside):
        row, position = outside[0].tolist()
        raise TaskError(
            f"token {int(tokens[row, position])} (input {row}, position {position}) is outside the vocabulary: "
            f"ids go from 0 to {size - 1}."
        )
    if tokens.shape[1] > length:
        raise TaskError(f"the inputs have {tokens.shape[1]} positions; the model's context holds {length}.")


def check_apart(hypothesis: Hypothesis, held: Mapping[str, Held]) -> None:
    """Roles and negative positions are only known here: no component twice at one position of a port."""
    for claim in hypothesis:
        for other in hypothesis:
            if other is claim or other.under != claim.under:
                continue
            same = claim.whole or other.whole or set(claim.components) & set(other.components)
            here, there = held.get(claim.id), held.get(other.id)
            if same and (here is None or there is None or (here & there).any()):
                raise HypothesisError(
                    f"'{claim.id}' and '{other.id}' claim the same component at the same position; "
                    "under one port a component is claimed once for each position.",
                    where=claim.id,
                )


def places(what: str, at: int | Sequence[int], length: int) -> Places:
    """Token positions as they are counted from the start.

    Parameters
    ----------
    what : str
        Whose positions they are, for the message.
    at : int or sequence of int
        Negative ones count from the end.
    length : int
        Positions of the inputs.
    """
    values = [at] if isinstance(at, int) else list(at)
    if not values or any(not -length <= p < length for p in values):
        raise HypothesisError(
            f"'{what}' names the positions {values}; the inputs have positions 0 to {length - 1}.", where=what
        )
    return tuple(sorted({p % length for p in values}))


def claimed_positions(
    hypothesis: Hypothesis, roles: Mapping[str, Places], columns: Mapping[str, Any], length: int
) -> dict[str, Held]:
    """Where each claim holds that does not hold everywhere.

    A name is a role of the task (the same positions in all inputs) or a column of positions (each input its own).
    """
    return {
        claim.id: _held(claim.id, claim.positions, roles, columns, length)
        for claim in hypothesis
        if claim.positions is not None
    }


def _held(
    claim_id: str, at: str | Places, roles: Mapping[str, Places], columns: Mapping[str, Any], length: int
) -> Held:
    if isinstance(at, str) and at not in roles:
        values = np.asarray(columns.get(at, 0.0))
        if values.ndim != 1 or not np.issubdtype(values.dtype, np.integer):
            known = [
                *roles,
                *(name for name, v in columns.items() if v.ndim == 1 and np.issubdtype(v.dtype, np.integer)),
            ]
            raise HypothesisError(
                f"no role '{at}' for positions=; the task has {listed(known)} (roles, and columns of whole numbers).",
                where=claim_id,
            )
        if ((values < 0) | (values >= length)).any():
            raise HypothesisError(
                f"the column '{at}' names no positions: its values go from {values.min()} to {values.max()}, the inputs "
                f"have positions 0 to {length - 1}.",
                where=claim_id,
            )
        return np.asarray(values[:, None] == np.arange(length))
    chosen = roles[at] if isinstance(at, str) else places(claim_id, at, length)
    return np.isin(np.arange(length), chosen)
