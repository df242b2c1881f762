"""Rewritten models the slow and obvious way: a component's parts from full forwards of the bridge with hooks.

Nothing here comes from the engine's graph. A part in some directions is a projection of what the component writes, by the
pseudo-inverse; what neurons write is what an MLP's output loses without them; what a head takes from some sources is what is
left when the rest of its pattern is zero. In a run with replaced parts the component is overwritten by what its parts make up.

The functions that make a :class:`Split` have the names and arguments of those of ``scrub_widgets.rewrites``, so that a test
can describe a rewrite once for both.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
from torch import Tensor

from tests.unit.brute import Brute, Graph, Patch, Run, edit, keep, put

if TYPE_CHECKING:
    from transformer_lens import TransformerBridge

Values: TypeAlias = Mapping[str, Tensor]
"""By short name of a part, ``[rows, pos, d]``."""
Compute: TypeAlias = Callable[["Rewritten", str, Mapping[str, Tensor], Tensor], Tensor]
"""From the model, the component, the stream at each port and the inputs that give what no port reads to a part's value."""


class Part(NamedTuple):
    """How a part is computed."""

    compute: Compute
    one_port: bool = False
    """Whether it reads through one port, however many the component has."""


@dataclass(frozen=True)
class Split:
    """A component and its parts."""

    component: str
    parts: Mapping[str, Part]
    combine: Callable[[Brute, Values], Tensor] = lambda _, values: torch.stack(list(values.values())).sum(0)


class Seen(NamedTuple):
    """What a function in a rewrite sees."""

    tokens: Tensor
    resid: Tensor | None
    mask: Tensor | None
    output: Tensor


SeenFunction: TypeAlias = Callable[[Seen], Tensor]


@dataclass(frozen=True)
class SplitGraph(Graph):
    """What a rewritten model consists of: parts in the place of components, in any depth."""

    splits: tuple[Split, ...] = field(default=(), kw_only=True)

    def split(self, component: str) -> Split | None:
        """How a component was rewritten, if it was."""
        return next((split for split in self.splits if split.component == component), None)

    def leaves(self, component: str) -> tuple[str, ...]:
        """The parts that are not split again; the component itself if it was not rewritten."""
        split = self.split(component)
        if split is None:
            return (component,)
        return tuple(leaf for short in split.parts for leaf in self.leaves(f"{component}[{short}]"))

    def senders(self, site: str) -> tuple[str, ...]:
        """The components and parts that have written to the residual stream when it is read here."""
        return tuple(leaf for component in super().senders(site) for leaf in self.leaves(component))

    def part(self, name: str) -> tuple[str, Part]:
        """The component of which this is a part, and how it is computed."""
        component = name.rpartition("[")[0]
        split = self.split(component)
        assert split is not None
        return component, split.parts[name[len(component) + 1 : -1]]

    def ports(self, component: str) -> tuple[str, ...]:
        """Those of the component, or one for all; none for parts of an embedding."""
        if not component.endswith("]"):
            return super().ports(component)
        above, part = self.part(component)
        ports = self.ports(above)
        return ("",) if part.one_port and ports else ports


class Rewritten(Brute):
    """A bridge with some components as parts, evaluated by forwards of the whole model.

    Parameters
    ----------
    bridge, tokens, attention_mask
        As without rewrites.
    splits : sequence of Split
        A component before parts of it.
    """

    graph: SplitGraph

    def __init__(
        self, bridge: TransformerBridge, tokens: Tensor, attention_mask: Tensor | None, splits: Sequence[Split]
    ) -> None:
        plain = Graph.of(bridge)
        super().__init__(bridge, tokens, attention_mask, SplitGraph(**vars(plain), splits=tuple(splits)))

    def recompute(self, component: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """The value of a component or part from the stream at each of its ports."""
        if not component.endswith("]"):
            return super().recompute(component, inputs, rows)
        above, part = self.graph.part(component)
        return part.compute(self, above, inputs, rows)

    def written(self, whole: str, values: Mapping[str, Tensor]) -> Tensor:
        """What a component's parts, and the parts of these, make up."""
        split = self.graph.split(whole)
        if split is None:
            return values[whole]
        return split.combine(self, {short: self.written(f"{whole}[{short}]", values) for short in split.parts})

    def run(self, rows: Tensor, patches: Mapping[str, Patch] | None = None) -> Run:
        """A forward for each rewritten component, for what it reads; then one in which all of them are overwritten."""
        patches, parts = patches or {}, dict[str, Tensor]()
        everywhere = torch.ones(self.positions, dtype=torch.bool)
        overwritten = {name: patch for name, patch in patches.items() if not name.endswith("]")}
        for whole in (name for name in Graph.senders(self.graph, "logits") if self.graph.split(name)):
            stream = self.forward_run(rows, overwritten).residual.get(self.graph.site(whole))
            for leaf in self.graph.leaves(whole):
                ports = self.graph.ports(leaf)
                assert not ports or stream is not None
                own = self.recompute(leaf, {port: stream for port in ports if stream is not None}, rows)
                new, where = patches.get(leaf, (own, everywhere))
                parts[leaf] = torch.where(where[:, None], new, own)
            overwritten[whole] = Patch(self.written(whole, parts), everywhere)
        run = self.forward_run(rows, overwritten)
        return Run({**run.values, **parts}, run.residual)


# -- kinds of rewrites ------------------------------------------------------------------


def direction(component: str, vectors: Tensor, name: str = "dir") -> Split:
    """What a component writes in the space of some vectors, and the rest."""

    def along(brute: Rewritten, of: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        spanned = vectors.reshape(-1, vectors.shape[-1])
        onto: Tensor = torch.linalg.pinv(spanned) @ spanned
        return brute.recompute(of, inputs, rows) @ onto

    def rest(brute: Rewritten, of: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        return brute.recompute(of, inputs, rows) - along(brute, of, inputs, rows)

    return Split(component, {name: Part(along), "rest": Part(rest)})


def function(component: str, f: SeenFunction, name: str = "f") -> Split:
    """A function of all that the component reads, and what it misses."""

    def guess(brute: Rewritten, of: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        return f(seen(brute, of, inputs, rows))

    def rest(brute: Rewritten, of: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        site = seen(brute, of, inputs, rows)
        return site.output - f(site)

    return Split(component, {name: Part(guess, one_port=True), "rest": Part(rest, one_port=True)})


def combine(component: str, parts: Mapping[str, SeenFunction], combine: Callable[[Values], Tensor]) -> Split:
    """Functions that combine in any way."""

    def made(f: SeenFunction) -> Part:
        return Part(lambda brute, of, inputs, rows: f(seen(brute, of, inputs, rows)), one_port=True)

    return Split(component, {name: made(f) for name, f in parts.items()}, lambda _, values: combine(values))


def neurons(component: str, neurons: Sequence[int], name: str = "neurons") -> Split:
    """What the MLP's output loses without some neurons, and what is left."""
    layer = int(component[1:])

    def without(activations: Tensor) -> Tensor:
        return activations.index_fill(-1, torch.tensor(neurons), 0)

    def rest(brute: Rewritten, _: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        return brute.mlp(layer, inputs[""], rows, [(f"blocks.{layer}.mlp.out.hook_in", edit(without))])

    def lost(brute: Rewritten, of: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        return brute.mlp(layer, inputs[""], rows) - rest(brute, of, inputs, rows)

    return Split(component, {name: Part(lost), "rest": Part(rest)})


def gated(component: str) -> Split:
    """A Llama's neurons: what the gate lets through, and what there is."""
    layer = int(component[1:])
    mlp = f"blocks.{layer}.mlp"

    def before(hook: str) -> Callable[[Rewritten, Mapping[str, Tensor], Tensor], Tensor]:
        def read(brute: Rewritten, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
            kept: dict[str, Tensor] = {}
            brute.mlp(layer, inputs[""], rows, [(f"{mlp}.{hook}", keep(kept, "here"))])
            return kept["here"]

        return read

    def product(brute: Brute, values: Values) -> Tensor:
        neurons = values["gate"] * values["up"]
        anything = torch.zeros(*neurons.shape[:2], brute.bridge.cfg.d_model)
        rows = torch.zeros(len(neurons), dtype=torch.long)
        return brute.mlp(layer, anything, rows, [(f"{mlp}.out.hook_in", put(neurons))])

    gate, up = before("gate.hook_out"), before("in.hook_out")
    parts = {
        "gate": Part(lambda brute, _, inputs, rows: torch.nn.functional.silu(gate(brute, inputs, rows))),
        "up": Part(lambda brute, _, inputs, rows: up(brute, inputs, rows)),
    }
    return Split(component, parts, product)


def attention(
    component: str, *, offset: int | None = None, mask: Tensor | None = None, name: str | None = None
) -> Split:
    """What a head writes when all of its pattern but that on some sources is zero, and when these are."""
    layer, head = (int(step[1:]) for step in component.split("."))
    part = name or {None: "mask", -1: "prev", 0: "self"}.get(offset, f"offset{offset}")

    def only(chosen: bool) -> Compute:
        def sources(brute: Rewritten, _: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
            n = brute.positions
            if mask is None:
                here = torch.tensor([[k == q + (offset or 0) for k in range(n)] for q in range(n)])
            else:
                here = mask.bool()
            pattern = edit(lambda value: value * (here if chosen else ~here))
            return brute.head(layer, head, inputs, rows, [(f"blocks.{layer}.attn.hook_pattern", pattern)])

        return sources

    return Split(component, {part: Part(only(True)), "rest": Part(only(False))})


def seen(brute: Rewritten, component: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Seen:
    """What a function sees where all ports of a component read one stream; tokens and mask are those of ``rows``."""
    stream = inputs.get("")
    ports = {} if stream is None else dict.fromkeys(brute.graph.ports(component), stream)
    mask = None if brute.attention_mask is None else brute.attention_mask[rows].bool()
    return Seen(brute.tokens[rows], stream, mask, brute.recompute(component, ports, rows))
