"""Directions in what a component writes, for :func:`scrub_widgets.rewrites.direction`, and what is to know of them first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from .errors import RewriteError, listed
from .graph.digest import digest
from .graph.transformer import MlpNode

if TYPE_CHECKING:
    from .graph.graph import Graph
    from .task import Task

__all__ = ["angles", "class_means", "named", "pca", "top_neurons", "unembed", "variance_share"]

ROWS = 256
"""Inputs whose values are held in double precision at once."""


def _chunks(task: Task, component: str) -> Iterator[tuple[Tensor, Tensor]]:
    """What a component writes: values ``[rows, pos, d]`` in double precision, and where there is a token ``[rows, pos]``.

    One row for all where the component writes the same on all inputs.
    """
    names = task.graph.layout.names
    if component not in names:
        raise RewriteError(f"no component '{component}'; the model has {listed(names)}.")
    table = task.prepare().clean.table(component)
    for start in range(0, len(table), ROWS):
        with torch.inference_mode():
            values = task.graph.emit(component, table[start : start + ROWS]).to("cpu", torch.float64)
        mask = None if task.mask is None or len(table) == 1 else task.mask[start : start + ROWS]
        yield values, torch.ones(values.shape[:2], dtype=torch.bool) if mask is None else mask


def unembed(task: Task, first: int | str, second: int | str) -> Tensor:
    """What tells two tokens apart in the output: the difference of their unembedding vectors, through the final norm's gain.

    Parameters
    ----------
    task : Task
        On a transformer.
    first, second : int or str
        Token ids, or the tokens as text.

    Returns
    -------
    Tensor
        ``[d_model]``; what is written along it raises the first token's logit over the second's (before the final norm's scale).
    """
    a, b = (token_id(task, one) for one in (first, second))
    weights: Tensor = task.model.W_U.detach()
    if a == b:
        raise RewriteError(f"two different tokens are expected, not '{task.word(a)}' twice.")
    difference = weights[:, a] - weights[:, b]
    return difference * _gain(task.model.ln_final, difference)


def token_id(task: Task, token: int | str) -> int:
    """The id of a token given as text, or an id that exists.

    Raises
    ------
    RewriteError
        There is no such token, or this model has none.
    """
    weights = getattr(task.model, "W_U", None)
    if weights is None:
        raise RewriteError("this model has no unembedding: a direction from two tokens needs a transformer.")
    size = weights.shape[1]
    if isinstance(token, int):
        if not 0 <= token < size:
            raise RewriteError(f"there is no token {token}: ids go from 0 to {size - 1}.")
        return token
    tokenizer = getattr(task.model, "tokenizer", None)
    known = [] if tokenizer is None else list(tokenizer.encode(token, add_special_tokens=False))
    if len(known) != 1 or task.word(known[0]) != token:  # words of the task's own
        known = [i for i in range(size) if task.word(i) == token]
    if not known:
        raise RewriteError(f"'{token}' is not one token; tokens are written as in the examples, with their spaces.")
    return int(known[0])


def _gain(norm: Any, like: Tensor) -> Tensor:
    """The factor of a norm for each coordinate, found by asking it: it is affine once its input has size one.

    For an odd width the signs do not cancel, and the factor is right up to one part in that many.
    """
    d = len(like)
    signs = torch.ones(d, device=like.device, dtype=like.dtype)
    signs[1::2] = -1
    with torch.inference_mode():
        up, down = (norm(x.reshape(1, 1, d)).reshape(d) for x in (signs, -signs))
    gain: Tensor = ((up - down) / (2 * signs)).clone()
    return gain


def pca(task: Task, component: str, k: int) -> Tensor:
    """The ``k``-th principal component of what a component writes over all inputs and positions, from 1 on; ``[d]``."""
    values, vectors = _principal(task, component)
    if not 1 <= k <= len(values):
        raise RewriteError(f"principal components of '{component}' go from 1 to {len(values)}, not {k}.")
    if not values[-k] > 1e-9 * values[-1]:
        raise RewriteError(
            f"'{component}' does not vary along its principal component {k}: it writes fewer directions."
        )
    return vectors[:, -k].clone()


def _principal(task: Task, component: str) -> tuple[Tensor, Tensor]:
    covariance = _covariance(task, component)
    if not float(covariance.diagonal().sum()) > 0:
        raise RewriteError(f"'{component}' writes the same on all inputs: it has no principal components.")
    values, vectors = torch.linalg.eigh(covariance)
    return values, vectors


def _covariance(task: Task, component: str) -> Tensor:
    """Of what a component writes, over all inputs and the positions where there is a token, ``[d, d]``."""
    known: dict[int, tuple[Graph, dict[str, Tensor]]] = task.__dict__.setdefault("_covariances", {})
    _, found = known.setdefault(id(task.graph), (task.graph, {}))  # kept with its graph: ids are used again
    if component not in found:
        total, square, count = torch.zeros(()), torch.zeros(()), 0
        for values, here in _chunks(task, component):
            rows = values[here]
            total, square, count = total + rows.sum(0), square + rows.T @ rows, count + len(rows)
        mean = total / count
        found[component] = square / count - torch.outer(mean, mean)
    return found[component]


def class_means(task: Task, component: str, rule: str, first: object, second: object) -> Tensor:
    """The difference of what a component writes, on average, on two classes of a rule.

    Parameters
    ----------
    task : Task
        With the rule.
    component : str
        Whose values.
    rule : str
        A rule; for one with a label for each input, the mean is over all positions.
    first, second : object
        Two of its labels, as they are or as they print (for a rule of tokens also as text).

    Returns
    -------
    Tensor
        ``[d]``: the first class's mean less the second's.
    """
    classes = task.classes(rule)
    a, b = (_members(task, rule, one) for one in (first, second))
    if np.array_equal(a, b):
        raise RewriteError(f"two different classes of '{rule}' are expected, not '{first}' twice.")
    sums, counts, size = [torch.zeros(()), torch.zeros(())], [0, 0], 0.0
    start = 0
    for values, here in _chunks(task, component):
        size = max(size, float(values.abs().max()))
        for i, mine in enumerate((a, b)):
            part = torch.from_numpy(mine[start : start + len(values)])
            rows = values[(part if classes.positionwise else part[:, None]) & here]
            sums[i], counts[i] = sums[i] + rows.sum(0), counts[i] + len(rows)
        start += len(values)
    if start < len(task):
        raise RewriteError(f"'{component}' writes the same on all inputs: its class means do not differ.")
    found = sums[0] / counts[0] - sums[1] / counts[1]
    if not float(found.norm()) > 1e-9 * size:
        raise RewriteError(f"what '{component}' writes does not differ between these two classes of '{rule}'.")
    return found


def _members(task: Task, rule: str, label: object) -> Any:
    classes = task.classes(rule)
    labels = label_texts(task, rule)
    mine = labels == str(label)
    if not mine.any():
        mine = classes.labels.astype(str) == str(label)
    if not mine.any():
        raise RewriteError(f"the rule '{rule}' has no class '{label}'; it has {listed(common_labels(task, rule), 6)}.")
    return mine


def label_texts(task: Task, rule: str) -> Any:
    """The labels of a rule as people read them: tokens as text; array of str, ``[n]`` or ``[n, pos]``."""
    from . import rules

    labels = task.classes(rule).labels
    if not rules.shows_tokens(rules.find(rule, task.rules, task.positions)):
        return labels.astype(str)
    values, where = np.unique(labels, return_inverse=True)
    return np.asarray([task.word(int(v)) if v >= 0 else "none" for v in values])[where].reshape(labels.shape)


def common_labels(task: Task, rule: str, most: int = 24) -> list[str]:
    """The most common labels of a rule, as text."""
    values, counts = np.unique(label_texts(task, rule), return_counts=True)
    return [str(values[i]) for i in np.argsort(-counts, kind="stable")[:most]]


def named(task: Task, name: str, mark: str = "") -> Tensor:
    """A vector that Python gave the widget: ``widget.vectors[name] = tensor``."""
    known: Mapping[str, Any] = task.vectors
    if name not in known:
        raise RewriteError(
            f"the vector '{name}' is not here ({listed(known)}): give it first, widget.vectors['{name}'] = tensor."
        )
    vector = as_vectors(name, known[name])
    if mark and digest(vector) != mark:
        raise RewriteError(f"the vector '{name}' is another one than that which was used; its numbers differ.")
    return vector


def as_vectors(name: str, given: Any) -> Tensor:
    """Directions as double precision numbers ``[k, d]``."""
    try:
        vector = (
            torch.as_tensor(given if isinstance(given, Tensor) else np.asarray(given)).detach().to("cpu", torch.float64)
        )
    except (TypeError, ValueError, RuntimeError) as error:
        raise RewriteError(f"the vector '{name}' is no numbers: {error}.") from None
    if vector.ndim not in (1, 2) or not torch.isfinite(vector).all():
        raise RewriteError(
            f"the vector '{name}' needs finite numbers of shape [d] or [k, d], not {list(vector.shape)}."
        )
    return vector.reshape(-1, vector.shape[-1])


# -- facts ------------------------------------------------------------------------------------------------------------


def variance_share(task: Task, component: str, vectors: Tensor) -> float:
    """Share of the variance of what a component writes that lies in the span of some directions."""
    covariance = _covariance(task, component)
    basis, _ = torch.linalg.qr(vectors.reshape(-1, vectors.shape[-1]).to("cpu", torch.float64).T)
    total = float(covariance.diagonal().sum())
    return float((basis.T @ covariance @ basis).diagonal().sum()) / total if total > 0 else math.nan


def angles(vectors: Tensor, others: Mapping[str, Tensor]) -> dict[str, float]:
    """The smallest angle in degrees between the span of some directions and that of others, by name."""
    mine = _basis(vectors)
    found = {}
    for name, other in others.items():
        if other.shape[-1] == vectors.shape[-1]:
            cosine = float(torch.linalg.matrix_norm(mine.T @ _basis(other), ord=2).clamp(max=1.0))
            found[name] = math.degrees(math.acos(cosine))
    return found


def _basis(vectors: Tensor) -> Tensor:
    basis: Tensor = torch.linalg.qr(vectors.reshape(-1, vectors.shape[-1]).to("cpu", torch.float64).T)[0]
    return basis


def top_neurons(task: Task, component: str, most: int = 12) -> list[tuple[int, float]]:
    """The neurons of an MLP that write most of what varies: index, and variance of what it writes as a share of the sum.

    Parameters
    ----------
    task : Task
        On a transformer.
    component : str
        An MLP.
    most : int
        How many.
    """
    node = task.graph.node(component) if component in task.graph.layout.by_id else None
    if not isinstance(node, MlpNode):
        raise RewriteError(f"'{component}' is no MLP: it has no neurons.")
    stream = task.prepare().clean.stream(component)
    mlp, n = node.mlp, 0
    total = torch.zeros(mlp.neurons, dtype=torch.float64)
    square = total.clone()
    with task._computing, torch.inference_mode():
        for start in range(0, len(stream), ROWS):
            acts = mlp.activations(stream[start : start + ROWS]).reshape(-1, mlp.neurons).to("cpu", torch.float64)
            total += acts.sum(0)
            square += (acts**2).sum(0)
            n += len(acts)
    sizes = mlp.bridge.W_out.detach().to("cpu", torch.float64).pow(2).sum(-1)
    spread = (square / n - (total / n) ** 2).clamp_min(0) * sizes
    order: Sequence[int] = torch.argsort(spread, descending=True)[:most].tolist()
    return [(int(i), float(spread[i] / spread.sum())) for i in order]
