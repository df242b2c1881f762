"""What a sweep asks of each sender of a port: two hypotheses, whose difference is the answer. No torch, no data.

``before`` is one for all senders, ``after(sender)`` differs from it by that sender alone. docs/numbers.md has the definitions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from ..errors import HypothesisError, RuleError, ScrubError, listed, suggestion
from ..graph.base import Component, Layout
from ..hypothesis import ROOT, WHOLE, Claim, Hypothesis

FREE, KEEP = "free", "keep"
SAME, ANY = "same input", "any input"
FREE_ALREADY = "it is free already: nothing is claimed of it here"
NEURONS = re.compile(r"n\d+-\d+")
"""How a group of neurons is named as a part: ``m0[n0-127]``."""

Each = Literal["component", "head", "mlp", "part", "q", "k", "v", "qkv", "position", "neurons"]
"""What is asked about: whole senders (all, heads only, MLPs only, parts of rewritten components only), one input of every head
among them (``"qkv"``: each of the three), all that the port reads at one position, or groups of neurons of the MLPs among them."""

EACH: tuple[Each, ...] = get_args(Each)
INPUTS: tuple[Each, ...] = ("q", "k", "v", "qkv")


@dataclass(frozen=True)
class Place:
    """A port of a claim (or of the output), and who sends to it.

    Attributes
    ----------
    path : str
        ``logits``, ``logits>a1.h3.k``.
    parent : str
        The claim that reads here, or ``logits``.
    senders : tuple of str
        Components that write what it reads, in forward order.
    others : tuple of str
        Paths of the other ports of the same claim.
    """

    path: str
    parent: str
    senders: tuple[str, ...]
    others: tuple[str, ...]


def place(layout: Layout, h: Hypothesis, under: str) -> Place:
    """Find a port by its path.

    Raises
    ------
    HypothesisError
        There is no such claim or port; the sentence says what exists.
    """
    parent, port = h._split(under)
    owners = (ROOT,) if parent == ROOT else h[parent].components
    if owners == (WHOLE,):
        raise HypothesisError(f"'{parent}' is a whole port input, taken as it is: nothing sends to it.", where=parent)
    together = " + ".join(owners)
    kinds = {layout.owner_ports(owner) for owner in owners}
    if len(kinds) > 1:
        raise HypothesisError(f"{together} have different ports: there is none to look upstream of.", where=parent)
    (ports,) = kinds
    if not ports:
        raise HypothesisError(f"{together} reads nothing: there is no sender to ask about.", where=parent)
    if not port and len(ports) > 1:
        raise HypothesisError(
            f"{together} reads through the ports {listed(ports)}: say which, for example '{parent}.{ports[0]}'.",
            where=parent,
        )
    if port and port not in ports:
        raise HypothesisError(f"{together} has no port '{port}'; it has {listed(ports)}.", where=parent)
    reads = [layout.senders(owner) for owner in owners]
    senders = tuple(name for name in reads[0] if all(name in others for others in reads))
    others = tuple(f"{parent}.{name}" for name in ports if port and name != port)
    return Place(f"{parent}.{port}" if port else parent, parent, senders, others)


@dataclass(frozen=True)
class Where:
    """What a question about positions needs to know of them.

    Attributes
    ----------
    length : int
        Positions of the inputs.
    read : tuple of int
        Those at which the port is read.
    held : mapping of str to tuple of int or None
        Claims that do not hold everywhere, and where they do; None where that is another place in each input.
    """

    length: int = 0
    read: tuple[int, ...] = ()
    held: Mapping[str, tuple[int, ...] | None] = field(default_factory=dict)

    def of(self, claim: Claim) -> tuple[int, ...] | None:
        """The positions at which a claim holds."""
        return self.held.get(claim.id, tuple(range(self.length)))


@dataclass(frozen=True)
class Question:
    """One question about every sender of one port.

    Attributes
    ----------
    hypothesis : Hypothesis
        The present one, checked.
    place : Place
        The port.
    ask : str
        ``"free"``, ``"keep"``, or the name of a rule.
    each : str
        What is asked about.
    layout : Layout
        Of the model.
    where : Where
        Positions; needed where those are asked about.
    """

    hypothesis: Hypothesis
    place: Place
    ask: str
    each: Each
    layout: Layout = field(repr=False)
    where: Where = field(default_factory=Where, repr=False)

    @property
    def rule(self) -> str:
        """The rule that a sender gets, unless it is freed: to keep is to claim as ``same input``."""
        return SAME if self.ask == KEEP else self.ask

    @cached_property
    def here(self) -> tuple[Claim, ...]:
        """The claims at this port."""
        return tuple(c for c in self.hypothesis.children(self.place.parent) if c.under == self.place.path)

    @property
    def leaf(self) -> bool:
        """Whether the claim that reads here has nothing claimed under it yet, so that it is its value on its donor."""
        return self.place.parent != ROOT and not self.hypothesis.children(self.place.parent)

    @cached_property
    def candidates(self) -> tuple[str, ...]:
        """The senders that are asked about, those nearest to the port first."""
        if self.each == "position":
            return tuple(f"@{position}" for position in self.where.read)
        senders = [self.layout.by_id[name] for name in reversed(self.place.senders)]
        if self.each in INPUTS:
            return tuple(
                f"{c.id}.{port}" if self.each == "qkv" else c.id
                for c in senders
                for port in c.ports
                if c.kind == "head" and port in self.each
            )
        return tuple(c.id for c in senders if self._wanted(c))

    def _wanted(self, c: Component) -> bool:
        if self.each == "neurons":
            return c.part is not None and NEURONS.fullmatch(c.part) is not None
        return self.each in ("component", c.kind) or (self.each == "part" and c.part is not None)

    @cached_property
    def before(self) -> Hypothesis:
        """What every answer is compared with."""
        h = self.hypothesis
        if self.here:
            return h
        if self.ask == FREE:
            return h if self.leaf else h.claim(WHOLE, self.place.path, SAME)[0]
        opened = self.opened
        if (
            self.leaf and opened == h
        ):  # its only port: what nothing is claimed of would be a leaf, so it says "any input"
            return h.claim(WHOLE, self.place.path, ANY)[0]
        return opened

    @cached_property
    def opened(self) -> Hypothesis:
        """The hypothesis with the other ports of a leaf kept whole: only this one is asked about."""
        h = self.hypothesis
        for path in self.place.others if self.leaf else ():
            h, _ = h.claim(WHOLE, path, SAME)
        return h

    def why_not(self, name: str) -> str | None:
        """Why the question makes no sense for a sender, in words; None if it does."""
        if self.each == "position":
            return self._why_not_at(int(name[1:]))
        if self.each in INPUTS:
            return self._why_not_its_input(*self._input(name))
        held = self.holding(name)
        if self.ask == FREE and self.here and not held:
            return FREE_ALREADY
        if self.ask != FREE and held and all(c.rule == self.rule for c in held):
            return f"it is claimed as '{self.rule}' already"
        return None

    def _input(self, name: str) -> tuple[str, str]:
        """The head and the port of a candidate."""
        if self.each != "qkv":
            return name, self.each
        head, _, port = name.rpartition(".")
        return head, port

    def _why_not_its_input(self, name: str, port: str) -> str | None:
        held = self.holding(name)
        if self.ask == FREE and self.here and not held:
            return FREE_ALREADY
        if len(held) > 1:
            return "it is claimed apart at several positions"
        alone = bool(held) and held[0].components == (name,)
        below = self.hypothesis.children(held[0].id) if alone else ()
        read = any(c.port == port for c in below)
        if self.ask == FREE:
            return f"its {port} is free already: nothing is claimed of it" if below and not read else None
        if not held:
            return None
        if not alone:
            return "it is claimed together with others"
        if not below:
            return "it is claimed with all of its inputs already"
        return f"claims say already what its {port} reads" if read else None

    def after(self, name: str) -> Hypothesis:
        """The hypothesis in which this sender alone is another way; only where :meth:`why_not` has nothing to say."""
        if self.each == "position":
            return self._at(int(name[1:]))
        if self.each in INPUTS:
            return (
                self._input_freed(*self._input(name)) if self.ask == FREE else self._input_claimed(*self._input(name))
            )
        return self._freed(name) if self.ask == FREE else self._claimed(name)

    # -- whole senders ------------------------------------------------------------------------------------------------

    def holding(self, name: str) -> list[Claim]:
        """The claims at this port that hold a sender."""
        return [c for c in self.here if c.whole or name in c.components]

    def _freed(self, name: str) -> Hypothesis:
        if self.here:
            h = self.hypothesis
            for claim in self.holding(name):
                h = self._taken_out(h, claim, name)
        else:
            h, rest = self.opened, [s for s in self.place.senders if s != name]
            if rest:
                h, _ = h.claim(rest, self.place.path, SAME)
        return self._open(h, name)

    def _open(self, h: Hypothesis, name: str, at: int | None = None) -> Hypothesis:
        """With a claim that says nothing, where the reader would be a leaf without, and keep more than before."""
        if self.place.parent != ROOT and not h.children(self.place.parent):
            h, _ = h.claim(name, self.place.path, ANY, positions=at)
        return h

    def _claimed(self, name: str) -> Hypothesis:
        held = self.holding(name)
        if not held:
            return self.opened.claim(name, self.place.path, self.rule)[0]
        h = self.hypothesis
        for claim in held:
            if claim.components == (name,):
                h, _ = h.change(claim.id, rule=self.rule, share=None)
            else:
                h = self._taken_out(h, claim, name)
                h, _ = h.claim(name, claim.under, self.rule, paths=claim.paths, positions=claim.positions)
        return h

    def _taken_out(self, h: Hypothesis, claim: Claim, name: str) -> Hypothesis:
        """Without one component of a claim; what stands under a group stays under the rest of it."""
        rest = [c for c in (self.place.senders if claim.whole else claim.components) if c != name]
        if not rest:
            return h.remove(claim.id)
        made, ids = Hypothesis(), {ROOT: ROOT}
        for c in h:
            under = f"{ids[c.parent]}.{c.port}" if c.port else ids[c.parent]
            components: Sequence[str] = rest if c.id == claim.id else c.components
            made, ids[c.id] = made.claim(components, under, c.rule, paths=c.paths, positions=c.positions, share=c.share)
        return made

    # -- one input of a head ------------------------------------------------------------------------------------------

    def _input_freed(self, name: str, port: str) -> Hypothesis:
        h, claim_id = self._alone(name)
        path, below = f"{claim_id}.{port}", h.children(claim_id)
        for claim in below:
            if claim.port == port:
                h = h.remove(claim.id)
        if not below:
            for other in self.layout.by_id[name].ports:
                if other != port:
                    h, _ = h.claim(WHOLE, f"{claim_id}.{other}", SAME)
        return h if h.children(claim_id) else h.claim(WHOLE, path, ANY)[0]

    def _alone(self, name: str) -> tuple[Hypothesis, str]:
        """The hypothesis with a claim of this sender alone, under which its inputs can be told apart."""
        held = self.holding(name)
        if held and held[0].components == (name,):
            return self.hypothesis, held[0].id
        if held:
            (claim,) = held
            h = self._taken_out(self.hypothesis, claim, name)
            return h.claim(name, claim.under, claim.rule, paths=claim.paths, positions=claim.positions)
        h, rest = self.opened, [s for s in self.place.senders if s != name]
        if rest:
            h, _ = h.claim(rest, self.place.path, SAME)
        return h.claim(name, self.place.path, SAME)

    def _input_claimed(self, name: str, port: str) -> Hypothesis:
        held = self.holding(name)
        if held:
            return self.hypothesis.claim(WHOLE, f"{held[0].id}.{port}", self.rule)[0]
        h, claim_id = self.opened.claim(name, self.place.path, SAME)
        return h.claim(WHOLE, f"{claim_id}.{port}", self.rule)[0]

    # -- one position -------------------------------------------------------------------------------------------------

    def _why_not_at(self, position: int) -> str | None:
        if any(self.where.of(claim) is None for claim in self.here):
            return "a claim here holds at another position in each input"
        held = [claim for claim in self.here if position in (self.where.of(claim) or ())]
        if self.ask == FREE:
            return FREE_ALREADY if self.here and not held else None
        if held and all(claim.whole and claim.rule == self.rule for claim in held):
            return f"it is claimed as '{self.rule}' already"
        return None

    def _at(self, position: int) -> Hypothesis:
        h = self._without(position) if self.here else self.opened
        if self.ask != FREE:
            return h.claim(WHOLE, self.place.path, self.rule, positions=position)[0]
        others = [p for p in range(self.where.length) if p != position]
        if not self.here and others:
            h, _ = h.claim(WHOLE, self.place.path, SAME, positions=others)
        return self._open(h, WHOLE, position)

    def _without(self, position: int) -> Hypothesis:
        """Every claim of the port taken off one position; what stands under it stays, unless it held nowhere else."""
        h = self.hypothesis
        for claim in self.here:
            held = self.where.of(claim) or ()
            if position in held:
                rest = [p for p in held if p != position]
                h = h.change(claim.id, positions=rest)[0] if rest else h.remove(claim.id)
        return h


def question(
    layout: Layout,
    h: Hypothesis,
    under: str,
    ask: str,
    each: Each,
    apply_rule: Callable[[str], object],
    positions: Where | None = None,
) -> Question:
    """A checked question.

    Parameters
    ----------
    layout, h, under, ask, each
        As in :class:`Question`.
    apply_rule : callable
        Raises a RuleError for a name that is no rule, or a rule that cannot be applied.
    positions : Where, optional
        As in :class:`Question`.

    Raises
    ------
    ScrubError
        No such port, question or kind of sender; the sentence says what exists.
    """
    where = place(layout, h, under)
    if not isinstance(ask, str):
        raise ScrubError(f"question= is 'free', 'keep' or the name of a rule, not {ask!r}.")
    if ask not in (FREE, KEEP):
        try:
            apply_rule(ask)
        except RuleError as error:
            raise RuleError(f"question= is 'free', 'keep' or the name of a rule, and {error}", where=ask) from None
    if each not in EACH:
        raise ScrubError(f"each= is one of {listed(EACH)}, not {each!r}.")
    return Question(h, where, ask, each, layout, positions or Where())


def accepted(
    layout: Layout, h: Hypothesis, under: str, names: Sequence[str], rule: str, *, keep: bool = True
) -> Hypothesis:
    """Claims for some senders of a port, as a sweep measured them.

    Parameters
    ----------
    layout, h, under
        The model, the hypothesis, the port.
    names : sequence of str
        Senders; each becomes a claim of its own, or gets this rule if it has one.
    rule : str
        Name of the rule.
    keep : bool
        Where the claim that reads here has nothing claimed under it yet, its other ports are kept whole, as they were while
        the sweep measured. Otherwise they become unclaimed, which changes more than this port.

    Raises
    ------
    HypothesisError
        A name that is no sender, or that has this rule already.
    """
    where = place(layout, h, under)
    if not names:
        raise HypothesisError("accept takes at least one sender.")
    check_senders(where, names)
    made = Question(h, where, rule, "component", layout).opened if keep else h
    for name in dict.fromkeys(names):
        asked = Question(made, where, rule, "component", layout)
        why = asked.why_not(name)
        if why is not None:
            raise HypothesisError(f"'{name}' under '{where.path}': {why}.")
        made = asked.after(name) if asked.holding(name) else made.claim(name, where.path, rule)[0]
    return made


def check_senders(where: Place, names: Sequence[str]) -> None:
    """Refuse what does not send to a port."""
    for name in names:
        if name not in where.senders:
            raise HypothesisError(
                f"'{name}' does not send to '{where.path}', which reads {listed(where.senders)}."
                f"{suggestion(str(name), where.senders)}",
                where=where.path,
            )


def checked_candidates(asked: Question, names: Sequence[str] | None) -> tuple[str, ...]:
    """What to ask about: all that the question is about, or some of it.

    Raises
    ------
    ScrubError
        No list, or something that is not asked about; the sentence says what is.
    """
    if names is None:
        return asked.candidates
    if isinstance(names, str):
        raise ScrubError(f"candidates= takes a list of senders, not {names!r}.")
    if asked.each not in ("position", "qkv"):
        check_senders(asked.place, names)
    odd = [name for name in names if name not in asked.candidates]
    if odd:
        raise ScrubError(f"'{odd[0]}' is not a '{asked.each}' to ask about; there are {listed(asked.candidates)}.")
    return tuple(dict.fromkeys(names))
