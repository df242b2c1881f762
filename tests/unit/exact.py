"""Population values of a hypothesis about a graph of functions, by enumeration: no draw, no sampling error.

The distribution of every claim's value, given the donor of the claim above, is worked out from the definition: all donors of
its class with equal weights, all unclaimed donors, all values of the claims below. Values are atoms with weights; equal ones
are merged; with `thin`, nearly equal ones too, which moves a mean by less than 1e-5. Nothing here comes from the engine. Policy `per receiver`, direct claims on single components.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from scrub_widgets.graph.functions import FunctionGraph
from scrub_widgets.hypothesis import ROOT, Hypothesis

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class Atoms:
    """A distribution over tuples of numbers: ``values [k, d]`` with ``weights [k]`` that add up to one."""

    values: Floats
    weights: Floats

    @staticmethod
    def of(values: Floats, weights: Floats | None = None) -> Atoms:
        """Merge equal values (to 12 digits)."""
        values = values.reshape(len(values), -1)
        weights = np.full(len(values), 1 / len(values)) if weights is None else weights
        flat = values.shape[1] == 1
        kept, where = np.unique(
            values.round(12).ravel() if flat else values.round(12), axis=None if flat else 0, return_inverse=True
        )
        return Atoms(
            kept.reshape(-1, values.shape[1]), np.bincount(where.ravel(), weights, len(kept)).astype(np.float64)
        )

    def thinned(self, width: float = 1e-3) -> Atoms:
        """Atoms within ``width`` of each other as one at their centre: the mean of a smooth function moves by width squared."""
        assert self.values.shape[1] == 1
        bins, where = np.unique((self.values[:, 0] / width).round(), return_inverse=True)
        weights = np.bincount(where, self.weights, len(bins)).astype(np.float64)
        return Atoms((np.bincount(where, self.weights * self.values[:, 0], len(bins)) / weights)[:, None], weights)

    def times(self, other: Atoms) -> Atoms:
        """Both, drawn independently, side by side."""
        left = np.repeat(self.values, len(other.values), axis=0)
        right = np.tile(other.values, (len(self.values), 1))
        return Atoms(np.concatenate([left, right], 1), np.outer(self.weights, other.weights).ravel())


@dataclass
class Exact:
    """Exact distributions of a hypothesis.

    Parameters
    ----------
    model : FunctionGraph
    inputs : dict of str to array
        ``[N]`` each: all inputs, equally likely.
    labels : dict of str to array
        By rule, ``[N]``.
    hypothesis : Hypothesis
    """

    model: FunctionGraph
    inputs: dict[str, Floats]
    labels: dict[str, np.ndarray[Any, Any]]
    hypothesis: Hypothesis
    thin: bool = False
    """Whether to thin the values of interior claims: for toys with millions of them."""
    _known: dict[tuple[str, Any], Atoms] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.n = len(next(iter(self.inputs.values())))
        self.clean: dict[str, Floats] = {
            name: np.asarray(v, float).reshape(self.n, -1) for name, v in self.inputs.items()
        }
        for name in self.model.order:
            self.clean[name] = self._call(name, {p: self.clean[p] for p in self.model.parents[name]})

    def output(self, reference: int) -> Atoms:
        """The scrubbed output, given the reference."""
        return self._port(ROOT, (self.model.output,), reference)

    def _call(self, name: str, read: dict[str, Floats]) -> Floats:
        given = {p: torch.from_numpy(v[:, 0] if v.shape[1] == 1 else v) for p, v in read.items()}
        value = torch.as_tensor(self.model.functions[name](**given)).double().numpy()
        return value.reshape(len(value), -1)

    def _value(self, claim_id: str, above: int) -> Atoms:
        """A claim's value, given the donor of the claim above."""
        claim = self.hypothesis[claim_id]
        labels = self.labels[claim.rule]
        key = (claim_id, labels[above])
        if key not in self._known:
            (name,) = claim.components
            donors = np.flatnonzero(labels == labels[above])
            if not self.hypothesis.children(claim_id):
                self._known[key] = Atoms.of(self.clean[name][donors])
            else:
                # Donors that agree on all rules below give the same distribution: one for each kind.
                rules = [self.labels[c.rule][donors] for c in self.hypothesis.children(claim_id)]
                _, first, counts = np.unique(np.stack(rules, 1), axis=0, return_index=True, return_counts=True)
                parts = [self._recomputed(claim_id, name, int(donors[i])) for i in first]
                values = np.concatenate([p.values for p in parts])
                weights = np.concatenate([p.weights * c for p, c in zip(parts, counts, strict=True)]) / len(donors)
                known = Atoms.of(values, weights)
                self._known[key] = known.thinned() if self.thin and known.values.shape[1] == 1 else known
        return self._known[key]

    def _recomputed(self, claim_id: str, name: str, donor: int) -> Atoms:
        senders = self.model.parents[name]
        classes = tuple(self.labels[c.rule][donor] for c in self.hypothesis.children(claim_id))
        key = (f"{claim_id} recomputed", classes)
        if key not in self._known:
            port = self._port(claim_id, senders, donor)
            widths = np.cumsum([self.clean[s].shape[1] for s in senders])[:-1]
            blocks = np.split(port.values, widths, axis=1)
            known = Atoms.of(self._call(name, dict(zip(senders, blocks, strict=True))), port.weights)
            self._known[key] = known.thinned() if self.thin and known.values.shape[1] == 1 else known
        return self._known[key]

    def _port(self, claim_id: str, senders: tuple[str, ...], donor: int) -> Atoms:
        """What a port reads: claimed senders apart, all others from one random input."""
        claimed = {c.components[0]: c.id for c in self.hypothesis.children(claim_id)}
        rest = [s for s in senders if s not in claimed]
        joint: Atoms | None = Atoms.of(np.concatenate([self.clean[s] for s in rest], 1)) if rest else None
        order = list(rest)
        for sender, child in claimed.items():
            value = self._value(child, donor)
            joint = value if joint is None else joint.times(value)
            order.append(sender)
        assert joint is not None
        starts = dict(zip(order, np.cumsum([0, *(self.clean[s].shape[1] for s in order)]), strict=False))
        columns = [starts[s] + i for s in senders for i in range(self.clean[s].shape[1])]
        return Atoms(joint.values[:, columns], joint.weights)

    # -- measures -------------------------------------------------------------------------------------------------------

    def mean(self, function: Callable[[Floats, int], Floats]) -> float:
        """The mean over references and draws of ``function(outputs [k, d], reference) -> [k]``."""
        return float(np.mean([self._of(self.output(x), function, x) for x in range(self.n)]))

    def shuffled(self, function: Callable[[Floats, int], Floats]) -> float:
        """The same where the output is taken on a random input."""
        anything = Atoms.of(self.clean[self.model.output])
        return float(np.mean([self._of(anything, function, x) for x in range(self.n)]))

    def own(self, function: Callable[[Floats, int], Floats]) -> float:
        """The same of the model itself."""
        output = self.clean[self.model.output]
        return float(np.mean([function(output[x : x + 1], x)[0] for x in range(self.n)]))

    @staticmethod
    def _of(atoms: Atoms, function: Callable[[Floats, int], Floats], x: int) -> float:
        return float(atoms.weights @ function(atoms.values, x))
