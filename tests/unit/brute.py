"""Causal scrubbing the slow and obvious way: every node of the claim tree costs several forwards.

Nothing here comes from the engine. A component's value, a head recomputed from three separate inputs, a run
with a patched component: each is read from a full forward of the bridge with hooks, so that the engine's
gathers, differences and weight arithmetic are checked against the model itself. Only hooks are used that work
on every class of bridge; `test_brute.py` checks that they do. Rewritten models are in `brute_parts.py`.

Names: a *component* writes to the residual stream (``embed``, ``a1.h3``, ``m0``); a *site* is a place where
the stream is read (``a1``: the input of layer 1's attention, ``m0``, ``logits``), before the norm that stands
there. A *row* is one run of the model: a reference or, under a position-wise claim, one of its positions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from scrub_widgets.hypothesis import ROOT, WHOLE, Claim, Hypothesis

if TYPE_CHECKING:
    from transformer_lens import TransformerBridge

Policy: TypeAlias = Literal["per receiver", "per component", "global"]
"""Where unclaimed inputs come from."""
Indices: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
"""Numbers of inputs of the data set."""
Donors: TypeAlias = Mapping[str, Indices]
"""Draws by claim id, and by ``<claim id>/unclaimed`` or ``<claim id>/unclaimed/<component>``."""
Labels: TypeAlias = Mapping[str, Indices]
"""By rule name: the label of every input ``[N]``, or of every input and position ``[N, pos]``."""
Hook: TypeAlias = Callable[..., Tensor | None]
"""What the bridge calls with ``(value, hook=...)``; it may return another value."""


@dataclass(frozen=True)
class Graph:
    """What a model consists of, in the order in which it runs."""

    layers: int
    heads: int
    mlps: bool
    positions_in_stream: bool
    parallel: bool
    """Attention and MLP of a layer both read the residual before the layer."""

    @classmethod
    def of(cls, bridge: TransformerBridge) -> Graph:
        return cls(
            layers=bridge.cfg.n_layers,
            heads=bridge.cfg.n_heads,
            mlps=not bridge.cfg.attn_only,
            positions_in_stream=hasattr(bridge, "pos_embed"),
            parallel=bool(bridge.cfg.parallel_attn_mlp),
        )

    @property
    def components(self) -> tuple[str, ...]:
        """Everything that writes to the residual stream."""
        return self.senders(ROOT)

    def senders(self, site: str) -> tuple[str, ...]:
        """The components that have written to the residual stream when it is read here."""
        first = ["embed", "pos_embed"] if self.positions_in_stream else ["embed"]
        for layer in range(self.layers):
            if site == f"a{layer}":
                return tuple(first)
            heads = [f"a{layer}.h{head}" for head in range(self.heads)]
            if site == f"m{layer}":
                return tuple(first if self.parallel else first + heads)
            first += heads + ([f"m{layer}"] if self.mlps else [])
        return tuple(first)

    @staticmethod
    def whole(component: str) -> str:
        """What writes to the residual stream: ``m0`` for a part ``m0[dir]``, else the component itself."""
        return component.partition("[")[0]

    @classmethod
    def site(cls, component: str) -> str:
        """Where it reads the residual stream: ``a1`` for ``a1.h3``, itself for an MLP and the logits."""
        return cls.whole(component).partition(".")[0]

    def ports(self, component: str) -> tuple[str, ...]:
        """Its inputs: three for a head, an unnamed one for an MLP and the logits, none for the embeddings."""
        if component == ROOT or component.startswith("m"):
            return ("",)
        return ("q", "k", "v") if component.startswith("a") else ()


class Patch(NamedTuple):
    """A component's value to write instead of its own, at some positions."""

    value: Tensor
    """``[rows, pos, d_model]``."""
    where: Tensor
    """``[pos]``, bool."""


@dataclass
class Run:
    """What one forward wrote and read."""

    values: dict[str, Tensor] = field(default_factory=dict)
    """By component, ``[rows, pos, d_model]``."""
    residual: dict[str, Tensor] = field(default_factory=dict)
    """By site, ``[rows, pos, d_model]``."""


class Brute:
    """A bridge and its inputs, evaluated by forwards of the whole model.

    Parameters
    ----------
    bridge : TransformerBridge
    tokens : Tensor
        The inputs ``[N, pos]``.
    attention_mask : Tensor, optional
        ``[N, pos]``, 1 at the positions that may be attended to.
    graph : Graph, optional
        What the model consists of, if not of what its bridge says.
    """

    def __init__(
        self,
        bridge: TransformerBridge,
        tokens: Tensor,
        attention_mask: Tensor | None = None,
        graph: Graph | None = None,
    ) -> None:
        self.bridge = bridge
        self.tokens = tokens
        self.attention_mask = attention_mask
        self.graph = graph or Graph.of(bridge)
        self.positions: int = tokens.shape[1]
        self.clean = self.run(torch.arange(len(tokens)))

    # -- the model -------------------------------------------------------------------------

    def forward(self, rows: Tensor, hooks: Sequence[tuple[str, Hook]] = ()) -> Tensor:
        """Logits ``[rows, pos, vocab]`` of these inputs, each with its own attention mask."""
        mask = {} if self.attention_mask is None else {"attention_mask": self.attention_mask[rows]}
        with torch.no_grad(), self.bridge.hooks(fwd_hooks=list(hooks)):
            logits: Tensor = self.bridge(self.tokens[rows], **mask)
        return logits

    def run(self, rows: Tensor, patches: Mapping[str, Patch] | None = None) -> Run:
        """Run the model with some components overwritten; everything later is recomputed."""
        return self.forward_run(rows, patches or {})

    def forward_run(self, rows: Tensor, patches: Mapping[str, Patch]) -> Run:
        """The same for what the bridge itself consists of: one forward."""
        recording = _Recording(self, patches, Run())
        self.forward(rows, recording.hooks())
        return recording.run

    def recompute(self, component: str, inputs: Mapping[str, Tensor], rows: Tensor) -> Tensor:
        """What a component writes, ``[rows, pos, d_model]``, from the stream at each of its ports.

        ``rows`` are the inputs that give what no port reads: the attention mask.
        """
        if not inputs:
            return self.forward_run(rows, {}).values[component]
        layer, _, head = component[1:].partition(".h")
        return self.head(int(layer), int(head), inputs, rows) if head else self.mlp(int(layer), inputs[""], rows)

    def written(self, whole: str, values: Mapping[str, Tensor]) -> Tensor:
        """What is written to the stream under this name, of the values of all components."""
        return values[whole]

    def head(
        self,
        layer: int,
        head: int,
        inputs: Mapping[str, Tensor],
        rows: Tensor,
        further: Sequence[tuple[str, Hook]] = (),
    ) -> Tensor:
        """A head's output, without the layer's bias, from a separate residual stream at each port.

        The streams are ``[rows, pos, d_model]``; ``rows`` say whose attention mask holds. Further hooks act on the
        forward that mixes them.
        """
        kept: dict[str, Tensor] = {}
        if len({id(residual) for residual in inputs.values()}) == 1:
            stream = (f"blocks.{layer}.hook_in", put(inputs["q"]))
            self.forward(rows, [stream, *further, (f"blocks.{layer}.attn.hook_z", keep(kept, "z"))])
            return self.head_output(layer, head, kept["z"])
        for port, residual in inputs.items():
            hook = f"blocks.{layer}.attn.hook_{port}"
            self.forward(rows, [(f"blocks.{layer}.hook_in", put(residual)), (hook, keep(kept, port))])
        mixed = [(f"blocks.{layer}.attn.hook_{port}", put(kept[port])) for port in inputs]
        self.forward(rows, [*mixed, *further, (f"blocks.{layer}.attn.hook_z", keep(kept, "z"))])
        return self.head_output(layer, head, kept["z"])

    def mlp(self, layer: int, residual: Tensor, rows: Tensor, further: Sequence[tuple[str, Hook]] = ()) -> Tensor:
        """An MLP's output from the residual stream that it reads.

        With the attention's output at zero the MLP reads what enters its layer, whether it stands behind the
        attention or beside it.
        """
        kept: dict[str, Tensor] = {}
        hooks = [
            (f"blocks.{layer}.hook_in", put(residual)),
            (f"blocks.{layer}.hook_attn_out", put(torch.zeros_like(residual))),
            *further,
            (f"blocks.{layer}.hook_mlp_out", keep(kept, "out")),
        ]
        self.forward(rows, hooks)
        return kept["out"]

    def read_out(self, residual: Tensor) -> Tensor:
        """The logits from the final residual stream; what entered the model does not matter any more."""
        last = f"blocks.{self.graph.layers - 1}.hook_out"
        return self.forward(torch.zeros(len(residual), dtype=torch.long), [(last, put(residual))])

    def constants(self, site: str) -> Tensor:
        """What the stream holds at a site beside its components: biases of the attention, ``[d_model]``."""
        layers = self.graph.layers if site == ROOT else int(site[1:])
        if site.startswith("m") and not self.graph.parallel:
            layers += 1
        total = torch.zeros(self.bridge.cfg.d_model)
        for layer in range(layers):
            bias = self.bridge.blocks[layer].attn.b_O
            total = total if bias is None else total + bias.detach()
        return total

    def head_output(self, layer: int, head: int, z: Tensor) -> Tensor:
        """What a head writes, ``[rows, pos, d_model]``, from all heads' ``[rows, pos, heads, d_head]``."""
        weight: Tensor = self.bridge.blocks[layer].attn.W_O[head].detach()
        return z[:, :, head] @ weight

    # -- scrubbing -------------------------------------------------------------------------

    def scrub(self, hypothesis: Hypothesis, references: Indices, donors: Donors, policy: Policy) -> Tensor:
        """The scrubbed logits ``[n, pos, vocab]`` for draws that were made before."""
        scrub = _Scrub(self, hypothesis, donors, policy)
        return self.read_out(scrub.port(ROOT, "", ROOT, len(references)))


@dataclass(frozen=True)
class _Recording:
    """Hooks that note what a run writes and reads, and write the patches."""

    brute: Brute
    patches: Mapping[str, Patch]
    run: Run

    def hooks(self) -> list[tuple[str, Hook]]:
        graph, z = self.brute.graph, dict[Any, Tensor]()
        hooks = [("hook_embed", self.writes("embed"))]
        if graph.positions_in_stream:
            hooks.append(("hook_pos_embed", self.writes("pos_embed")))
        for layer in range(graph.layers):
            block = f"blocks.{layer}"
            hooks.append((f"{block}.hook_in", keep(self.run.residual, f"a{layer}")))
            hooks.append((f"{block}.attn.hook_z", keep(z, layer)))
            hooks.append((f"{block}.hook_attn_out", self.attention(layer, z)))
            if graph.mlps:
                hooks.append((f"{block}.hook_mlp_out", self.writes(f"m{layer}")))
        hooks.append((f"blocks.{graph.layers - 1}.hook_out", keep(self.run.residual, ROOT)))
        return hooks

    def writes(self, component: str) -> Hook:
        return edit(lambda value: self.written(component, value))

    def written(self, component: str, value: Tensor) -> Tensor:
        if component in self.patches:
            value = _replaced(value, *self.patches[component])
        self.run.values[component] = value.clone()
        return value

    def attention(self, layer: int, z: Mapping[int, Tensor]) -> Hook:
        """On the sum of the heads, each of which is exchanged for its patch."""

        def hook(out: Tensor) -> Tensor:
            for head in range(self.brute.graph.heads):
                own = self.brute.head_output(layer, head, z[layer])
                out = out + (self.written(f"a{layer}.h{head}", own) - own)
            before = self.run.residual[f"a{layer}"]
            # There is a hook on what the MLP's norm reads, but a sum leaves nothing to trust.
            self.run.residual[f"m{layer}"] = before if self.brute.graph.parallel else before + out
            return out

        return edit(hook)


@dataclass(frozen=True)
class _Scrub:
    """One scrub. Under position-wise claims the rows are references times positions, in that order."""

    brute: Brute
    hypothesis: Hypothesis
    donors: Donors
    policy: Policy

    def value(self, claim: Claim, component: str, rows: int) -> Tensor:
        """The scrubbed value of one component of a claim, ``[rows, pos, d_model]``."""
        donor = self.donor(claim.id, rows)
        if not self.hypothesis.children(claim.id):
            return self.clean(self.brute.clean.values[component], donor)
        if donor.shape[1] == 1:
            return self.recomputed(claim, component, donor[:, 0])
        # Another donor for the output at each position: a row for each, of which that position is kept.
        everywhere = self.recomputed(claim, component, donor.flatten())
        each = torch.arange(self.brute.positions)
        return everywhere.reshape(*donor.shape, *everywhere.shape[1:])[:, each, each]

    def recomputed(self, claim: Claim, component: str, own: Tensor) -> Tensor:
        """An interior claim's component from its scrubbed ports.

        The claim's own donor, one for each row, gives nothing but its attention mask.
        """
        ports = self.brute.graph.ports(component)
        inputs = {port: self.port(claim.id, port, component, len(own)) for port in ports}
        return self.brute.recompute(component, inputs, own)

    def port(self, owner: str, port: str, component: str, rows: int) -> Tensor:
        """The residual stream that a component reads at one of its ports, ``[rows, pos, d_model]``."""
        site = self.brute.graph.site(component)
        direct: list[tuple[str, Patch]] = []
        patches: dict[str, Patch] = {}
        for claim, name in _claimed(self.hypothesis, owner, port):
            if name == WHOLE:
                continue
            patch = Patch(self.value(claim, name, rows), _where(claim, self.brute.positions))
            if claim.paths == "direct":
                direct.append((name, patch))
            else:
                # Claimed twice means at different positions.
                patches[name] = _merged(patches[name], patch) if name in patches else patch
        if self.policy == "per component":
            residual = self.sum_of_components(owner, port, site, rows, direct, patches)
        else:
            run = self.unclaimed_run(f"{owner}/unclaimed", rows, patches)
            residual = run.residual[site]
            values = dict(run.values)
            for name, patch in direct:
                values[name] = _replaced(values[name], *patch)
            for whole in {self.brute.graph.whole(name) for name, _ in direct}:
                residual = residual - self.brute.written(whole, run.values) + self.brute.written(whole, values)
        for claim, name in _claimed(self.hypothesis, owner, port):
            if name == WHOLE:
                stream = self.clean(self.brute.clean.residual[site], self.donor(claim.id, rows))
                residual = _replaced(residual, stream, _where(claim, self.brute.positions))
        return residual

    def sum_of_components(
        self,
        owner: str,
        port: str,
        site: str,
        rows: int,
        direct: Sequence[tuple[str, Patch]],
        patches: Mapping[str, Patch],
    ) -> Tensor:
        """The port's input where every unclaimed component has a donor, and so a run, of its own."""
        senders = self.brute.graph.senders(site)
        values = {n: torch.zeros(rows, *self.brute.clean.values[n].shape[1:]) for n in senders}
        some = [n for n in senders if not covered(self.hypothesis, owner, port, n, self.brute.positions).all()]
        values |= self.unclaimed_values({name: f"{owner}/unclaimed/{name}" for name in some}, rows, patches)
        for name, patch in (*direct, *patches.items()):
            if name in values:
                values[name] = _replaced(values[name], *patch)
        total = self.brute.constants(site).expand(rows, self.brute.positions, -1)
        for whole in {self.brute.graph.whole(name): None for name in senders}:
            total = total + self.brute.written(whole, values)
        return total

    def unclaimed_values(self, keys: Mapping[str, str], rows: int, patches: Mapping[str, Patch]) -> dict[str, Tensor]:
        """The value of each component in the run on its donor; the runs stand one behind the other in one batch."""
        if not patches or not keys:
            return {name: self.unclaimed_run(key, rows, {}).values[name] for name, key in keys.items()}
        donors = torch.cat([self.donor(key, rows)[:, 0] for key in keys.values()])
        repeated = {name: Patch(p.value.repeat(len(keys), 1, 1), p.where) for name, p in patches.items()}
        run = self.brute.run(donors, repeated)
        return {
            name: run.values[name].reshape(len(keys), rows, *run.values[name].shape[1:])[i]
            for i, name in enumerate(keys)
        }

    def unclaimed_run(self, key: str, rows: int, patches: Mapping[str, Patch]) -> Run:
        """The run that gives the unclaimed inputs: their donor's, with the all-paths claims in place."""
        donor, clean = self.donor(key, rows)[:, 0], self.brute.clean
        if patches:
            return self.brute.run(donor, patches)
        return Run(*({name: of[donor] for name, of in kept.items()} for kept in (clean.values, clean.residual)))

    def donor(self, key: str, rows: int) -> Tensor:
        """A draw for each row: ``[rows, 1]``, or ``[rows, pos]`` for a position-wise draw."""
        return torch.tensor(np.array(self.donors[key])).long().reshape(rows, -1)

    def clean(self, values: Tensor, donor: Tensor) -> Tensor:
        """Clean values ``[N, pos, d_model]`` on a donor, at each position on that position's donor."""
        return values[donor, torch.arange(self.brute.positions)]


# -- draws -----------------------------------------------------------------------------


def check_donors(
    labels: Labels,
    hypothesis: Hypothesis,
    references: Indices,
    donors: Donors,
    policy: Policy,
    *,
    graph: Graph,
    positions: int,
) -> None:
    """Assert that these draws are what the hypothesis asks for: keys, shapes, labels, shares.

    Parameters
    ----------
    labels : mapping
        By rule name, ``[N]`` or ``[N, pos]``; all of the hypothesis's rules.
    graph : Graph
        Says which components need a draw under ``per component``.
    positions : int
        Length of the inputs.
    """
    inputs = len(next(iter(labels.values())))
    own: dict[str, Indices] = {ROOT: np.asarray(references)}
    for claim in hypothesis:  # parents come before children
        assert claim.id in donors, f"'{claim.id}' has no donors; there are {sorted(donors)}"
        donor, parent, label = np.asarray(donors[claim.id]), own[claim.parent], labels[claim.rule]
        each = np.arange(positions)
        shape = parent.shape if label.ndim == 1 else (*parent.shape, positions)
        _check_indices(claim.id, donor, shape, inputs)
        at, above = (donor, parent) if label.ndim == 1 else ((donor, each), (parent[..., None], each))
        other = int(np.sum(label[at] != label[above]))
        assert not other, f"'{claim.id}': {other} donors have another '{claim.rule}' than the claim above"
        own[claim.id] = donor
        for twin in hypothesis:
            if twin.share is not None and twin.share == claim.share and twin.id in own:
                assert np.array_equal(own[twin.id], donor), f"'{claim.id}' and '{twin.id}' share a draw"
    needed, allowed = _unclaimed_keys(hypothesis, policy, graph, positions)
    drawn = set(donors) - set(own)
    assert needed <= drawn, f"no draws for {sorted(needed - drawn)}"
    assert drawn <= allowed, f"draws for what needs none: {sorted(drawn - allowed)}"
    for key in drawn:
        shape = own[key.rpartition("/unclaimed")[0]].shape
        _check_indices(key, np.asarray(donors[key]), shape, inputs)
        if policy == "global":
            once = np.asarray(donors[f"{ROOT}/unclaimed"])
            once = np.broadcast_to(once.reshape(*once.shape, *[1] * (len(shape) - 1)), shape)
            assert np.array_equal(donors[key], once), f"'{key}' is not the one draw of the run"


def interior(hypothesis: Hypothesis) -> Iterator[str]:
    """The output, and the ids of all claims with claims under them."""
    yield ROOT
    yield from (claim.id for claim in hypothesis if hypothesis.children(claim.id))


def covered(
    hypothesis: Hypothesis, owner: str, port: str, component: str, positions: int
) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Positions ``[pos]`` at which a component, or the whole input, is claimed under a port."""
    result = np.zeros(positions, dtype=bool)
    for claim, name in _claimed(hypothesis, owner, port):
        if name in (component, WHOLE):
            result |= _where(claim, positions).numpy()
    return result


def _unclaimed_keys(hypothesis: Hypothesis, policy: Policy, graph: Graph, positions: int) -> tuple[set[str], set[str]]:
    """The draws for unclaimed inputs that must be there, and those that may be there."""
    owners = list(interior(hypothesis))
    if policy != "per component":
        keys = {f"{owner}/unclaimed" for owner in owners}
        return keys, keys
    needed, allowed = set(), set()
    for owner in owners:
        for reader in (ROOT,) if owner == ROOT else hypothesis[owner].components:
            for name in graph.senders(graph.site(reader)):
                allowed.add(f"{owner}/unclaimed/{name}")
                claimed = (covered(hypothesis, owner, p, name, positions).all() for p in graph.ports(reader))
                if not all(claimed):
                    needed.add(f"{owner}/unclaimed/{name}")
    return needed, allowed


def _check_indices(key: str, donor: Indices, shape: tuple[int, ...], inputs: int) -> None:
    assert donor.shape == shape, f"the donors of '{key}' have shape {donor.shape}, not {shape}"
    assert np.issubdtype(donor.dtype, np.integer), f"the donors of '{key}' are no integers: {donor.dtype}"
    inside = (donor >= 0) & (donor < inputs)
    assert inside.all(), f"a donor of '{key}' is none of the {inputs} inputs"


# -- small things ----------------------------------------------------------------------


def edit(function: Callable[[Tensor], Tensor | None]) -> Hook:
    """A hook that applies a function of the value; where the function returns nothing the value stays."""

    def hooked(value: Tensor, hook: object) -> Tensor | None:
        return function(value)

    return hooked


def put(new: Tensor) -> Hook:
    """A hook that writes this value."""
    return edit(new.expand_as)


def keep(kept: dict[Any, Tensor], key: object) -> Hook:
    """A hook that notes a copy of the value."""
    return edit(lambda value: kept.__setitem__(key, value.clone()))


def _claimed(hypothesis: Hypothesis, owner: str, port: str) -> Iterator[tuple[Claim, str]]:
    """Every claim under a port with each of its components."""
    for claim in hypothesis.children(owner):
        if claim.port == port:
            for name in claim.components:
                yield claim, name


def _where(claim: Claim, positions: int) -> Tensor:
    """The positions ``[pos]`` of a claim."""
    if isinstance(claim.positions, str):
        raise NotImplementedError(f"'{claim.id}': positions by role need the task that knows the role")
    if claim.positions is None:
        return torch.ones(positions, dtype=torch.bool)
    return torch.isin(torch.arange(positions), torch.tensor(claim.positions) % positions)


def _replaced(value: Tensor, new: Tensor, where: Tensor) -> Tensor:
    return torch.where(where[:, None], new, value)


def _merged(first: Patch, second: Patch) -> Patch:
    return Patch(_replaced(first.value, *second), first.where | second.where)
