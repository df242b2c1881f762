"""What a sweep asks of each sender of a port: two hypotheses, whose difference is the answer. No torch, no data.

``before`` is one for all senders, ``after(sender)`` differs from it by that sender alone. docs/numbers.md has the definitions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, get_args

from ..errors import HypothesisError, RuleError, ScrubError, listed, suggestion
from ..graph.base import Layout
from ..hypothesis import ROOT, WHOLE, Claim, Hypothesis

FREE, KEEP = "free", "keep"
SAME, ANY = "same input", "any input"

Each = Literal["component", "head", "mlp", "q", "k", "v"]
"""What is asked about: whole senders (all, heads only, MLPs only), or one input of every head among them."""

EACH: tuple[Each, ...] = get_args(Each)


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
    """

    hypothesis: Hypothesis
    place: Place
    ask: str
    each: Each
    layout: Layout = field(repr=False)

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
        by_id, each = self.layout.by_id, self.each
        wanted = [
            name
            for name in self.place.senders
            if each in ("component", by_id[name].kind) or (each in ("q", "k", "v") and each in by_id[name].ports)
        ]
        return tuple(reversed(wanted))

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
        held = self.holding(name)
        if self.ask == FREE and self.here and not held:
            return "it is free already: nothing is claimed of it here"
        if self.each in ("q", "k", "v"):
            return self._why_not_its_input(name, held)
        if self.ask != FREE and held and all(c.rule == self.rule for c in held):
            return f"it is claimed as '{self.rule}' already"
        return None

    def _why_not_its_input(self, name: str, held: Sequence[Claim]) -> str | None:
        if len(held) > 1:
            return "it is claimed apart at several positions"
        alone = bool(held) and held[0].components == (name,)
        below = self.hypothesis.children(held[0].id) if alone else ()
        read = any(c.port == self.each for c in below)
        if self.ask == FREE:
            return f"its {self.each} is free already: nothing is claimed of it" if below and not read else None
        if not held:
            return None
        if not alone:
            return "it is claimed together with others"
        if not below:
            return "it is claimed with all of its inputs already"
        return f"claims say already what its {self.each} reads" if read else None

    def after(self, name: str) -> Hypothesis:
        """The hypothesis in which this sender alone is another way; only where :meth:`why_not` has nothing to say."""
        if self.each in ("q", "k", "v"):
            return self._input_freed(name) if self.ask == FREE else self._input_claimed(name)
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
        if self.place.parent != ROOT and not h.children(self.place.parent):
            h, _ = h.claim(name, self.place.path, ANY)  # else its reader would be a leaf, and keep more than before
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

    def _input_freed(self, name: str) -> Hypothesis:
        h, claim_id = self._alone(name)
        path, below = f"{claim_id}.{self.each}", h.children(claim_id)
        for claim in below:
            if claim.port == self.each:
                h = h.remove(claim.id)
        if not below:
            for port in self.layout.by_id[name].ports:
                if port != self.each:
                    h, _ = h.claim(WHOLE, f"{claim_id}.{port}", SAME)
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

    def _input_claimed(self, name: str) -> Hypothesis:
        held = self.holding(name)
        if held:
            return self.hypothesis.claim(WHOLE, f"{held[0].id}.{self.each}", self.rule)[0]
        h, claim_id = self.opened.claim(name, self.place.path, SAME)
        return h.claim(WHOLE, f"{claim_id}.{self.each}", self.rule)[0]


def question(
    layout: Layout, h: Hypothesis, under: str, ask: str, each: Each, apply_rule: Callable[[str], object]
) -> Question:
    """A checked question.

    Parameters
    ----------
    layout, h, under, ask, each
        As in :class:`Question`.
    apply_rule : callable
        Raises a RuleError for a name that is no rule, or a rule that cannot be applied.

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
    return Question(h, where, ask, each, layout)


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
