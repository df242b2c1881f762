"""Making rules and rewrites in a session: each an undo step, checked before anything changes."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

import msgspec

from . import carry
from .classes import RuleFunction
from .directions import as_vectors, token_id
from .engine.memo import Memo
from .errors import RewriteError, RuleError, ScrubError, listed
from .graph.digest import digest
from .history import Step
from .hypothesis import Positions
from .labels import moved, placed
from .made import AnyRewrite, AnyRule, Made, MadeRule, Painted, Unembed, Vector

if TYPE_CHECKING:
    from .rewrites import Rewrite
    from .session import Session
    from .task import Task

KEEP_GRAPHS = 8
"""Tasks with rewrites that are remembered: each holds the values of its parts."""
KEEP_RULES = 256
SMALL = 4
"""A vector from Python is written into files if it has at most so many times d_model numbers."""


class Tasks:
    """The task of each step: the given one with what was made. Copies on one graph share its clean pass.

    They share a memory as well, this session's own: in another one a rule of the same name may say something else.

    Parameters
    ----------
    base : Task
        As it was given.
    """

    def __init__(self, base: Task) -> None:
        self.base = base
        self._memo = Memo()
        self._lock = threading.RLock()
        self._graphs: OrderedDict[tuple[AnyRewrite, ...], tuple[Task, tuple[Rewrite, ...]]] = OrderedDict()
        self._ruled: OrderedDict[Made, Task] = OrderedDict()

    def of(self, made: Made) -> Task:
        """The task with these rules and rewrites.

        Raises
        ------
        RuleError, RewriteError
            One of them cannot be made here.
        """
        if not made:
            return self.base
        with self._lock:
            if made not in self._ruled:
                self._ruled[made] = self._make(made)
            self._ruled.move_to_end(made)
            while len(self._ruled) > KEEP_RULES:
                self._ruled.popitem(last=False)
            return self._ruled[made]

    def _make(self, made: Made) -> Task:
        # A rewrite may read the classes of a made rule, a made rule never reads the graph: rules first.
        ruled = self.base
        for rule in made.rules:
            ruled = add_made(ruled, rule)
            ruled._memo = self._memo
        if not made.rewrites:
            return ruled
        return self._rewritten(ruled, made.rewrites)

    def _rewritten(self, ruled: Task, rewrites: tuple[AnyRewrite, ...]) -> Task:
        """A task's rules on the rewritten graph."""
        if not rewrites:
            return ruled
        if rewrites not in self._graphs:
            before = self._rewritten(ruled, rewrites[:-1])
            built = rewrites[-1].build(before)
            earlier = self._graphs[rewrites[:-1]][1] if rewrites[:-1] else ()
            self._graphs[rewrites] = (before.rewrite(built), (*earlier, built))
        self._graphs.move_to_end(rewrites)
        task, built_all = self._graphs[rewrites]
        while len(self._graphs) > KEEP_GRAPHS:
            old, _ = self._graphs.popitem(last=False)
            for made in [made for made in self._ruled if made.rewrites == old]:
                del self._ruled[made]
        found: Task = ruled.on_graph_of(task, built_all)
        found._memo = task._memo
        return found

    def release(self) -> None:
        """Give back the memory of all of them."""
        with self._lock:
            for task, _ in self._graphs.values():
                task.release()
            self.base.release()
            self._memo.clear()
            self._graphs.clear()
            self._ruled.clear()

    def given(self, name: str, function: RuleFunction) -> None:
        """One more rule from Python, in all of them."""
        with self._lock:
            self.base = self.base.with_rules({name: function})
            self.base._memo = self._memo
            self._ruled.clear()


def add_made(task: Task, made: MadeRule) -> Task:
    """A task with one more rule, applied to its data.

    Raises
    ------
    RuleError
        It cannot be made here.
    """
    more: Task = task.with_rules({made.name: made.spec.build(task)})
    more.classes(made.name)
    return more


def trial(session: Session, spec: AnyRewrite) -> Task:
    """The present task with one more rewrite, remembered in case it is made."""
    return session._tasks.of(_and(session.step.made, spec))


class Making:
    """The part of a session that makes rules and rewrites."""

    def _me(self) -> Session:
        return cast("Session", self)

    @property
    def task(self) -> Task:
        """The task of the present state: the given one with the rules and rewrites made since."""
        return self.task_of(self._me().step)

    def task_of(self, step: Step) -> Task:
        """The task of some state."""
        return self._me()._tasks.of(step.made)

    @property
    def base_task(self) -> Task:
        """The task as it was given, with rules added from Python."""
        return self._me()._tasks.base

    @property
    def given_rules(self) -> tuple[str, ...]:
        """Names of the rules added from Python, in their order."""
        me = self._me()
        return tuple(name for name in me._tasks.base.rules if name in me._given)

    def task_with(self, made: Made) -> Task:
        """The given task with some rules and rewrites."""
        return self._me()._tasks.of(made)

    # -- rules ------------------------------------------------------------------------------------------------------

    def make_rule(self, name: str, spec: AnyRule) -> int:
        """Make a rule, as one undo step; return the new revision.

        Parameters
        ----------
        name : str
            A new name.
        spec : AnyRule
            One of :mod:`scrub_widgets.made`.

        Raises
        ------
        RuleError
            The name is taken, or the rule cannot be made on this data.
        """
        me = self._me()
        with_rule(me, me.step, name, spec)  # what takes long, before any lock
        return me.edit(lambda step: with_rule(me, step, name, spec))

    def rename_rule(self, name: str, to: str) -> int:
        """Give a made rule another name; refused while a claim uses it."""
        return self._me().edit(lambda step: renamed_rule(self._me(), step, name, to))

    def drop_rule(self, name: str) -> int:
        """Take a made rule away; refused while a claim or another made rule uses it."""
        return self._me().edit(lambda step: without_rule(self._me(), step, name))

    def add_rule(self, name: str, function: RuleFunction) -> int:
        """Give the task one more rule from Python, in all states: what the kernel knows is no edit, so undo keeps it.

        A rule added before may be replaced, unless a claim used it and the new one splits the inputs otherwise: numbers
        that were measured under a name must keep their meaning.

        Raises
        ------
        RuleError
            The name is taken, or the function cannot be applied to the data.
        """
        with self._me()._lock:
            self._me()._open()
            task = self._me()._tasks.base
            if not str(name).strip() or not callable(function):
                raise RuleError(
                    "add_rule takes a name and a function of the inputs: add_rule('subject', lambda batch: ...)."
                )
            if name in task.rules and name not in self._me()._given:
                raise RuleError(f"there is a rule '{name}' already; take another name.", where=name)
            if any(name in entry.step.made.named for entry in self._me()._history.entries):
                raise RuleError(f"a rule '{name}' was made in this session; take another name.", where=name)
            new = task.with_rules({name: function}).classes(name)
            old = self._me()._meanings.get(name)
            if old is not None and not task.classes(name).same_partition(new):
                raise RuleError(
                    f"'{name}' was claimed in this session and this function splits the inputs otherwise; take another name, so "
                    "that older numbers keep their meaning.",
                    where=name,
                )
            self._me()._given.add(name)
            self._me()._tasks.given(name, function)
            return self._me()._moved(self._me()._history)

    def rule_numbers(self) -> dict[str, int]:
        """A number for each rule of the present task, in the order in which they came; one keeps its number."""
        me = self._me()
        with me._lock:
            for name in me.task.rules:
                me._letters.setdefault(name, max(me._letters.values(), default=-1) + 1)
            return dict(me._letters)

    # -- rewrites ---------------------------------------------------------------------------------------------------

    def rewrite(self, spec: AnyRewrite) -> int:
        """Write a component as parts, as one undo step; claims on it become claims on both parts.

        Raises
        ------
        RewriteError
            The parts do not make up the component, or it cannot be rewritten so.
        HypothesisError
            A claim stands in the way.
        """
        me = self._me()
        whole = complete(me, spec)
        me._tasks.of(_and(me.step.made, whole))  # as above
        return me.edit(lambda step: with_rewrite(me, step, whole))

    def unsplit(self, component: str, rule: str | None = None) -> int:
        """Put a rewritten component together again, as one undo step.

        Parameters
        ----------
        component : str
            That was rewritten in this session.
        rule : str, optional
            For the whole, where its parts are not claimed alike; ``""`` removes such claims.
        """
        return self._me().edit(lambda step: without_rewrite(step, component, rule))

    def split_positions(self, claim: str, parts: Sequence[Positions]) -> int:
        """Make a claim several claims at disjoint positions or roles, as one undo step."""

        def change(step: Step) -> Step:
            h, made = carry.by_positions(step.hypothesis, claim, parts)
            return replace(
                step, hypothesis=h, edit=f"split '{claim}' by position", labels=moved(step.labels, claim, made[0])
            )

        return self._me().edit(change)

    def check_meanings(self, step: Step) -> None:
        """Refuse a state in which a name means another thing than when it was claimed before.

        Numbers, tries and confirmations are kept by the names of rules and parts.
        """
        for name, meaning in _claimed(step).items():
            known = self._me()._meanings.get(name, meaning)
            if known != meaning:
                raise ScrubError(
                    f"'{name}' was claimed in this session with another meaning; make it again under another name, so that older "
                    "numbers keep their meaning.",
                    where=name,
                )

    def keep_meanings(self) -> None:
        """From now on the names that the claims of all steps use stand for what they stand for now; new rules get numbers."""
        self.rule_numbers()
        entries = self._me()._history.entries
        for entry in entries[self._me()._pinned :]:
            self._me()._meanings.update(_claimed(entry.step))
        self._me()._pinned = len(entries)
        self._me()._meanings.update({c.rule: "given" for c in self._me().hypothesis if c.rule in self._me()._given})


def _claimed(step: Step) -> dict[str, object]:
    """What the names in the claims of a state mean, where it was made in the session."""
    specs = step.made.named
    found: dict[str, object] = {}
    left = [claim.rule for claim in step.hypothesis]
    while left:
        name = left.pop()
        for short in (name, name.rpartition(" at ")[0]):
            if short in specs and short not in found:
                found[short] = specs[short]
                left += specs[short].uses
    parts = {part: spec for spec in step.made.rewrites for part in spec.parts}
    for claim in step.hypothesis:
        found.update({name: parts[name] for name in claim.components if name in parts})
    return found


# -- states -----------------------------------------------------------------------------------------------------------


def with_rule(session: Session, step: Step, name: str, spec: AnyRule) -> Step:
    """A state with one more rule."""
    name = _free(session, step, name)
    if isinstance(spec, Painted) and not spec.data:
        spec = msgspec.structs.replace(spec, data=session.task.fingerprint)
    form = re.fullmatch(r"(.+) at (-?\d+)", name)
    if (
        form
        and form[1] in session.task_of(step).rules
        and (getattr(spec, "rule", ""), getattr(spec, "position", None))
        != (
            form[1],
            int(form[2]),
        )
    ):
        raise RuleError(
            f"'{name}' already means the rule '{form[1]}' at position {form[2]}; take another name.", where=name
        )
    made = msgspec.structs.replace(step.made, rules=(*step.made.rules, MadeRule(name, spec)))
    session._tasks.of(made)
    return replace(step, made=made, edit=f"make the rule '{name}'")


def _free(session: Session, step: Step, name: str) -> str:
    name = name.strip()
    rules = session.task_of(step).rules
    if not name or len(name) > 80:
        raise RuleError("a rule needs a name of at most 80 characters.")
    if name in rules:
        raise RuleError(f"there is a rule '{name}' already; take another name.", where=name)
    return name


def _made(step: Step, name: str) -> AnyRule:
    named = step.made.named
    if name not in named:
        raise RuleError(f"'{name}' was not made here; made were {listed(named)}.", where=name)
    return named[name]


def _check_unused(step: Step, name: str, what: str) -> None:
    claims = [c.id for c in step.hypothesis if name in (c.rule, c.rule.rpartition(" at ")[0])]
    if claims:
        raise RuleError(
            f"the rule '{name}' cannot be {what} while {listed(claims, 3)} "
            f"{'uses' if len(claims) == 1 else 'use'} it; give {'it' if len(claims) == 1 else 'them'} another rule first.",
            where=claims[0],
        )
    users = [made.name for made in step.made.rules if name in made.spec.uses]
    directions = [spec.parts[0] for spec in step.made.rewrites if getattr(spec, "rule", None) == name]
    if users or directions:
        raise RuleError(
            f"the rule '{name}' cannot be {what} while {listed([*users, *directions])} is made of it.", where=name
        )


def renamed_rule(session: Session, step: Step, name: str, to: str) -> Step:
    """A state in which a made rule has another name."""
    spec = _made(step, name)
    _check_unused(step, name, "renamed")
    to = _free(session, step, to)
    rules = tuple(MadeRule(to, spec) if made.name == name else made for made in step.made.rules)
    made = msgspec.structs.replace(step.made, rules=rules)
    session._tasks.of(made)
    session._letters[to] = session._letters.setdefault(name, len(session._letters))
    return replace(step, made=made, edit=f"rename the rule '{name}' to '{to}'")


def without_rule(session: Session, step: Step, name: str) -> Step:
    """A state without a made rule."""
    del session
    _made(step, name)
    _check_unused(step, name, "deleted")
    rules = tuple(made for made in step.made.rules if made.name != name)
    return replace(step, made=msgspec.structs.replace(step.made, rules=rules), edit=f"delete the rule '{name}'")


def complete(session: Session, spec: AnyRewrite) -> AnyRewrite:
    """A rewrite with the numbers of its vector, as they are now."""
    if isinstance(spec, Unembed):
        first, second = (token_id(session.task, token) for token in (spec.first, spec.second))
        return msgspec.structs.replace(spec, first=first, second=second)
    if not isinstance(spec, Vector) or spec.mark:
        return spec
    vectors = session.task.vectors
    if spec.values is None and spec.vector not in vectors:
        raise RewriteError(
            f"no vector '{spec.vector}'; there is {listed(vectors)}: give one, widget.vectors['{spec.vector}'] = tensor."
        )
    rows = as_vectors(spec.vector, spec.values if spec.values is not None else vectors[spec.vector])
    small = rows.numel() <= SMALL * rows.shape[-1]
    values = tuple(tuple(row) for row in rows.tolist()) if small else None
    return msgspec.structs.replace(spec, values=values, mark=digest(rows))


def _and(made: Made, spec: AnyRewrite) -> Made:
    return msgspec.structs.replace(made, rewrites=(*made.rewrites, spec))


def with_rewrite(session: Session, step: Step, spec: AnyRewrite) -> Step:
    """A state in which a component is written as parts."""
    made = _and(step.made, spec)
    session._tasks.of(made)
    h, said, where = carry.apart(step.hypothesis, spec.component, spec.parts)
    words = f"rewrite {spec.component} as {' + '.join(spec.parts)}"
    edit = f"{words}. {' '.join(said)}" if said else words
    return replace(step, hypothesis=h, made=made, labels=placed(step.labels, where), edit=edit)


def without_rewrite(step: Step, component: str, rule: str | None) -> Step:
    """A state in which a component is whole again."""
    mine = [spec for spec in step.made.rewrites if spec.component == component]
    if not mine:
        raise RewriteError(
            f"'{component}' was not rewritten here; rewritten were {listed(spec.component for spec in step.made.rewrites)} (what "
            "came with the task stays)."
        )
    (spec,) = mine
    nested = [other.component for other in step.made.rewrites if other.component in spec.parts]
    if nested:
        raise RewriteError(f"{listed(nested)} was rewritten itself: put that together first.")
    h, where = carry.together(step.hypothesis, component, spec.parts, rule)
    rewrites = tuple(other for other in step.made.rewrites if other is not spec)
    made = msgspec.structs.replace(step.made, rewrites=rewrites)
    labels = placed(step.labels, where)
    return replace(step, hypothesis=h, made=made, labels=labels, edit=f"put {component} together again")
