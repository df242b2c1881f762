"""Rules and rewrites that were made in a session, as plain values: they are part of a step, of the JSON and of the script."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec
import torch

from . import directions, rewrites, rules
from .classes import RuleFunction
from .errors import RewriteError, RuleError, listed, suggestion
from .rewrites import Rewrite

if TYPE_CHECKING:
    from .task import Task


class Spec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind", tag=str.lower):
    """Something made, without anything computed."""


# -- rules ------------------------------------------------------------------------------------------------------------


class RuleSpec(Spec, frozen=True):
    """How a rule is made."""

    @property
    def uses(self) -> tuple[str, ...]:
        """Names of the rules that it is made of."""
        return ()

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task.

        Raises
        ------
        RuleError
            The task lacks what it is made of.
        """
        raise NotImplementedError

    @property
    def code(self) -> str:
        """A Python expression that makes it, where ``task`` is the task."""
        raise NotImplementedError


class Regex(RuleSpec, frozen=True):
    """What a regular expression finds in the text."""

    pattern: str

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task."""
        del task
        if not self.pattern:
            raise RuleError("a pattern is expected, such as 'the (\\\\w+)'; this one is empty.")
        return rules.regex(self.pattern)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.rules.regex({self.pattern!r})"


class Column(RuleSpec, frozen=True):
    """A column of the task."""

    column: str

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task."""
        if self.column not in task.columns:
            raise RuleError(
                f"no column '{self.column}'; the task has {listed(task.columns)}.{suggestion(self.column, task.columns)}"
            )
        return rules.column(self.column)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.rules.column({self.column!r})"


class At(RuleSpec, frozen=True):
    """A position-wise rule at one position: one label for the whole input."""

    rule: str
    position: int

    @property
    def uses(self) -> tuple[str, ...]:
        """The position-wise rule."""
        return (self.rule,)

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task."""
        if not task.classes(self.rule).positionwise:
            wise = [name for name in task.rules if _positionwise(task, name)]
            raise RuleError(
                f"'{self.rule}' has one label for the whole input already; rules with one for each position are {listed(wise)}."
            )
        if not -task.positions <= self.position < task.positions:
            raise RuleError(
                f"there is no position {self.position}: the inputs have positions 0 to {task.positions - 1} (negative: from the "
                "end)."
            )
        return rules.at(task.rule(self.rule), self.position)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.rules.at(task.rule({self.rule!r}), {self.position})"


class Label(RuleSpec, frozen=True):
    """The right answer, as the loss reads it."""

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task."""
        return rules.label(task.loss)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return "sw.rules.label(task.loss)"


class Painted(RuleSpec, frozen=True):
    """Inputs put into bins by hand.

    Attributes
    ----------
    bins : dict of str to tuple of int
        The inputs in each bin.
    rest : str or None
        The bin of all others; None: each is alone.
    data : str
        Fingerprint of the data; empty: that of the task it is made in.
    """

    bins: dict[str, tuple[int, ...]]
    rest: str | None = "everything else"
    data: str = ""

    def __hash__(self) -> int:
        return hash((tuple(sorted(self.bins.items())), self.rest, self.data))

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task."""
        if not any(self.bins.values()):
            raise RuleError("nothing is painted yet: put at least one input into a bin.")
        if "" in self.bins or (self.rest is not None and self.rest in self.bins):
            raise RuleError(
                f"every bin needs a name of its own; these are {listed([*self.bins, self.rest or 'alone'])}."
            )
        outside = [i for inputs in self.bins.values() for i in inputs if not 0 <= i < len(task)]
        if outside:
            raise RuleError(f"there is no input {outside[0]}; they go from 0 to {len(task) - 1}.")
        return rules.painted(self.bins, self.rest, self.data or task.fingerprint)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        bins = "{" + ", ".join(f"{name!r}: {list(inputs)!r}" for name, inputs in self.bins.items()) + "}"
        return f"sw.rules.painted({bins}, rest={self.rest!r}, data={self.data!r})"


class Both(RuleSpec, frozen=True):
    """Two rules at once: both must agree."""

    first: str
    second: str

    @property
    def uses(self) -> tuple[str, ...]:
        """The two rules."""
        return (self.first, self.second)

    def build(self, task: Task) -> RuleFunction:
        """The rule for a task."""
        if self.first == self.second:
            raise RuleError(f"two different rules are expected; '{self.first}' and itself say the same.")
        return rules.both(task.rule(self.first), task.rule(self.second))

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.rules.both(task.rule({self.first!r}), task.rule({self.second!r}))"


AnyRule = Regex | Column | At | Label | Painted | Both


def _positionwise(task: Task, name: str) -> bool:
    try:
        return task.classes(name).positionwise
    except RuleError:
        return False


# -- rewrites ---------------------------------------------------------------------------------------------------------


class RewriteSpec(Spec, frozen=True):
    """How a component is written as parts.

    Attributes
    ----------
    component : str
        Which.
    name : str
        Of the first part; the other is ``rest``.
    """

    component: str
    name: str

    @property
    def parts(self) -> tuple[str, str]:
        """Ids of the parts."""
        return f"{self.component}[{self.name}]", f"{self.component}[rest]"

    def build(self, task: Task) -> Rewrite:
        """The rewrite for a task.

        Raises
        ------
        RewriteError, RuleError
            The task lacks what it is made of.
        """
        raise NotImplementedError

    @property
    def code(self) -> str:
        """A Python expression that makes it, where ``task`` is the task."""
        raise NotImplementedError


class DirectionSpec(RewriteSpec, frozen=True):
    """Some directions and the rest."""

    def vectors(self, task: Task) -> torch.Tensor:
        """The directions, ``[k, d]`` or ``[d]``."""
        raise NotImplementedError

    @property
    def vectors_code(self) -> str:
        """A Python expression that makes them."""
        raise NotImplementedError

    def build(self, task: Task) -> Rewrite:
        """The rewrite for a task."""
        return rewrites.direction(self.component, self.vectors(task), self.name)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.rewrites.direction({self.component!r}, {self.vectors_code}, name={self.name!r})"


class Unembed(DirectionSpec, frozen=True):
    """What tells two tokens apart in the output; token ids, or tokens as text."""

    first: int | str
    second: int | str

    def vectors(self, task: Task) -> torch.Tensor:
        """The direction, ``[d]``."""
        return directions.unembed(task, self.first, self.second)

    @property
    def vectors_code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.directions.unembed(task, {self.first!r}, {self.second!r})"


class Pca(DirectionSpec, frozen=True):
    """The ``k``-th principal component of what the component writes, from 1 on."""

    k: int

    def vectors(self, task: Task) -> torch.Tensor:
        """The direction, ``[d]``."""
        return directions.pca(task, self.component, self.k)

    @property
    def vectors_code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.directions.pca(task, {self.component!r}, {self.k})"


class Means(DirectionSpec, frozen=True):
    """The difference of what the component writes on two classes of a rule; labels as text."""

    rule: str
    first: str
    second: str

    def vectors(self, task: Task) -> torch.Tensor:
        """The direction, ``[d]``."""
        return directions.class_means(task, self.component, self.rule, self.first, self.second)

    @property
    def vectors_code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.directions.class_means(task, {self.component!r}, {self.rule!r}, {self.first!r}, {self.second!r})"


class Vector(DirectionSpec, frozen=True):
    """Directions that came from Python: ``widget.vectors["name"] = tensor``.

    Attributes
    ----------
    vector : str
        Its name.
    values : tuple of tuple of float or None
        The numbers, if they are few; else the vector must be there.
    mark : str
        A hash of them.
    """

    vector: str
    values: tuple[tuple[float, ...], ...] | None = None
    mark: str = ""

    def vectors(self, task: Task) -> torch.Tensor:
        """The directions, ``[k, d]``."""
        if self.values is not None:
            return torch.tensor(self.values, dtype=torch.float64)
        return directions.named(task, self.vector, self.mark)

    @property
    def vectors_code(self) -> str:
        """A Python expression that makes them."""
        if self.values is None:
            return f"vectors[{self.vector!r}]"
        return f"torch.tensor({[list(row) for row in self.values]!r}, dtype=torch.float64)"


class Neurons(RewriteSpec, frozen=True):
    """Some neurons of an MLP, and the rest."""

    neurons: tuple[int, ...]

    def build(self, task: Task) -> Rewrite:
        """The rewrite for a task."""
        del task
        return rewrites.neurons(self.component, list(self.neurons), self.name)

    @property
    def code(self) -> str:
        """A Python expression that makes it."""
        return f"sw.rewrites.neurons({self.component!r}, {list(self.neurons)!r}, name={self.name!r})"


AnyRewrite = Unembed | Pca | Means | Vector | Neurons


# -- both -------------------------------------------------------------------------------------------------------------


class MadeRule(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A rule with its name."""

    name: str
    spec: AnyRule


class Made(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that was made, in the order of making.

    Attributes
    ----------
    rules : tuple of MadeRule
        Each may use those before it.
    rewrites : tuple of RewriteSpec
        Each may rewrite parts of those before it.
    """

    rules: tuple[MadeRule, ...] = ()
    rewrites: tuple[AnyRewrite, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.rules or self.rewrites)

    @property
    def named(self) -> Mapping[str, AnyRule]:
        """The rules by name."""
        return {made.name: made.spec for made in self.rules}

    def to_builtins(self) -> dict[str, Any]:
        """As plain JSON values."""
        body: dict[str, Any] = msgspec.to_builtins(self)
        return body

    @classmethod
    def from_builtins(cls, body: object) -> Made:
        """Read what :meth:`to_builtins` wrote; an absent one is empty.

        Raises
        ------
        RewriteError
            It is not well formed.
        """
        try:
            return msgspec.convert({} if body is None else body, type=cls)
        except msgspec.ValidationError as error:
            raise RewriteError(f"the rules and rewrites in this JSON are not well formed: {error}.") from None
