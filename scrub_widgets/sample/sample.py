"""``result.sample(3)``: one example of a run, node by node, and what other draws would make of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from ..classes import Ints
from ..engine.draws import DrawsOfOne, draw_key
from ..engine.evaluate import Evaluator
from ..engine.memo import Memo
from ..errors import ScrubError, listed, suggestion
from ..graph.cache import Spots
from ..hypothesis import ROOT, Hypothesis
from ..inputs import claimed_positions
from ..permuted import EachPermuted
from .attention import Attention, attention
from .output import Output, output_of
from .rows import Reader, Seen, Source, Tags

if TYPE_CHECKING:
    from ..result import Result

NO_AGAIN: Mapping[str, int] = {}


@dataclass(frozen=True, eq=False)
class Sample:
    """One example of a result. Asking for another draw gives another sample; the result never changes.

    Attributes
    ----------
    result : Result
        The run.
    number : int
        Which of its references, from 0.
    at : int
        Under claims that draw position by position, every position has draws of its own: :attr:`rows` shows those for this
        position. Also where the output is read, if the loss reads there.
    again : mapping of str to int
        Draws that were drawn again, and how often.
    locked : frozenset of str
        Draws that :meth:`redraw` leaves alone.
    """

    result: Result = field(repr=False)
    number: int
    at: int
    again: Mapping[str, int] = field(default_factory=dict)
    locked: frozenset[str] = frozenset()

    @classmethod
    def of(
        cls,
        result: Result,
        number: int,
        at: int | None = None,
        again: Mapping[str, int] = NO_AGAIN,
        locked: frozenset[str] = frozenset(),
    ) -> Sample:
        """A checked sample.

        Raises
        ------
        ScrubError
            No such example or position, or draws that the run does not have.
        """
        n, positions = len(result.losses), result.task.positions
        if not _whole(number) or not 0 <= number < n:
            raise ScrubError(f"there is no example {number!r}; this result has the examples 0 to {n - 1}.")
        if at is None:
            at = result.task.loss.reads(positions)[-1]
        if not _whole(at) or not -positions <= at < positions:
            raise ScrubError(f"there is no position {at!r}; the inputs have positions 0 to {positions - 1}.")
        if any(isinstance(classes, EachPermuted) for classes in result.classes.values()):
            raise ScrubError("this result has other permuted labels for each example: there is no one class to show.")
        made = cls(result, int(number), int(at) % positions, dict(again), frozenset(locked))
        made._known([*again, *locked])
        return made

    # -- what was drawn ---------------------------------------------------------------------------------------------

    @property
    def hypothesis(self) -> Hypothesis:
        """What was scrubbed."""
        return self.result.hypothesis

    @property
    def input(self) -> int:
        """The reference: the number of an input of the task."""
        return int(self.result.references[self.number])

    @property
    def tokens(self) -> tuple[str, ...]:
        """The reference as text, token by token."""
        return self.result.task.texts[self.input]

    @cached_property
    def draws(self) -> DrawsOfOne:
        """The donors of this example."""
        return DrawsOfOne(self.result._draws, self.number, self.again)

    @cached_property
    def donors(self) -> dict[str, Ints]:
        """Donors by claim id and of unclaimed inputs, as :attr:`Result.donors` of this example: ``[]``, ``[pos]``, ..."""
        return {key: values[0] for key, values in self.result.donors_of(self.draws, 1).items()}

    @cached_property
    def rows(self) -> tuple[Seen, ...]:
        """What each claim and each set of unclaimed inputs saw, parents before children."""
        return self._reader.rows(self._tags)

    def row(self, node: str) -> Seen:
        """The row of a claim, or of unclaimed inputs (``"<claim id>/unclaimed"``)."""
        for row in self.rows:
            if row.id == node:
                return row
        ids = [row.id for row in self.rows]
        raise ScrubError(f"nothing '{node}' in this sample; it has {listed(ids)}.{suggestion(str(node), ids)}")

    def feeds(self, node: str = ROOT) -> list[list[tuple[str, Source]]]:
        """For each position what feeds a node there: row and source, one for each path that values came on.

        Parameters
        ----------
        node : str
            A claim, unclaimed inputs, or the output.
        """
        if node != ROOT:
            self.row(node)
        under = [row for row in self.rows if row.enters and (row.id == node or _is_under(row.id, node))]
        return [
            [(row.id, row.sources[p if len(row.sources) > 1 else 0]) for row in under if row.held[p]]
            for p in range(self.result.task.positions)
        ]

    @cached_property
    def _tags(self) -> Tags:
        """The tags of the run itself first: they stay what they are, whatever is drawn again."""
        tags = Tags()
        if self.again:
            replace(self, again={})._reader.rows(tags)
        return tags

    @cached_property
    def _reader(self) -> Reader:
        result = self.result
        return Reader(result.task, result._layout, self.draws, result.classes, self._held, self.at)

    @cached_property
    def _held(self) -> dict[str, np.ndarray]:
        task = self.result.task
        return claimed_positions(self.hypothesis, task.roles, task.columns, task.positions)

    # -- what came out ----------------------------------------------------------------------------------------------

    @cached_property
    def clean(self) -> Output:
        """The model's own output on the reference."""
        task, index = self.result.task, torch.tensor([self.input])
        with task.between_chunks(), torch.inference_mode():
            prepared = task.prepare()
            logits = prepared.clean_logits(index.to(task.graph.device))
            loss = float(self.result.losses.model[self.number])
            return output_of(task, prepared, self.input, logits, self.at, loss)

    @cached_property
    def scrubbed(self) -> Output:
        """The scrubbed output with these draws; it waits for a moment between two chunks of whatever runs.

        Without draws of its own its loss is exactly that of the result.
        """
        task = self.result.task
        with task.between_chunks(), torch.inference_mode():
            prepared = task.prepare()
            logits = self._evaluator.logits(0, 1, prepared.reads)
            loss = None if any(self.again.values()) else float(self.result.losses.scrubbed[self.number])
            return output_of(task, prepared, self.input, logits, self.at, loss)

    def attention(self, head: str, claim: str | None = None) -> Attention:
        """A head's attention on the reference, clean and as scrubbed.

        Parameters
        ----------
        head : str
            A head, or a part of one.
        claim : str, optional
            Which of the claims about it; default: the first, or none where it is not claimed.

        Raises
        ------
        ScrubError
            No such head, or the claim is not about it.
        """
        task = self.result.task
        with task.between_chunks(), torch.inference_mode():
            return attention(self, self._evaluator, head, claim)

    @cached_property
    def _evaluator(self) -> Evaluator:
        """With a memory of its own: these draws are not those of the run."""
        prepared = self.result.task.prepare()
        return Evaluator(prepared.model, prepared.clean, self.hypothesis, self.draws, self._held, Memo())

    @property
    def everywhere(self) -> Spots:
        """All positions, on the model's device."""
        return Spots.all(self.result.task.positions, self.result.task.graph.device)

    # -- what if ----------------------------------------------------------------------------------------------------

    def redraw(self, node: str | None = None) -> Sample:
        """The example with another donor of the same class for one node, all other random numbers held.

        Claims under it follow where their class changes. The result, and its score, stay as they are.

        Parameters
        ----------
        node : str, optional
            A claim, or unclaimed inputs; default: all draws that are not locked.

        Raises
        ------
        ScrubError
            There is no such node, nothing else in its class, or it is locked.
        """
        if node is None:
            keys = {row.draw for row in self.rows if not row.fixed} - self.locked
            if not keys:
                raise ScrubError(
                    "every draw is locked, or its class holds one input only: there is nothing to draw again."
                )
        else:
            row = self.row(node)
            self._check_redraw(row)
            keys = {row.draw}
        return replace(self, again={**self.again, **{key: self.again.get(key, 0) + 1 for key in keys}})

    def _check_redraw(self, row: Seen) -> None:
        if row.fixed:
            raise ScrubError(
                f"'{row.id}' cannot be drawn again: its class under '{row.rule}' holds one input only.", where=row.id
            )
        locked = [r.id for r in self.rows if r.draw in self.locked and (r.draw == row.draw or _is_under(r.id, row.id))]
        if locked:
            raise ScrubError(f"{listed(locked)} is locked: unlock it to draw '{row.id}' again.", where=row.id)

    def lock(self, node: str) -> Sample:
        """The example with a node's draw kept, and those above it, which its class comes from."""
        draw = self.row(node).draw
        mine = [row.id for row in self.rows if row.draw == draw]
        above = {row.draw for row in self.rows if any(_is_under(one, row.id) for one in mine)}
        return replace(self, locked=self.locked | {draw} | above)

    def unlock(self, node: str) -> Sample:
        """The example with a node free to be drawn again, and those under it."""
        draw = self.row(node).draw
        mine = [row.id for row in self.rows if row.draw == draw]
        below = {row.draw for row in self.rows if any(_is_under(row.id, one) for one in mine)}
        return replace(self, locked=self.locked - {draw} - below)

    def _known(self, keys: list[str]) -> None:
        """Refuse draws that this run does not have."""
        known = {draw_key(claim) for claim in self.hypothesis} | {key for key in self.result.donors if "/" in key}
        unknown = [key for key in keys if key not in known]
        if unknown:
            raise ScrubError(f"the run has no draw {listed(unknown)}; it has {listed(known)}.")


def _whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _is_under(node: str, above: str) -> bool:
    """Whether a row stands under a claim."""
    return node.startswith((f"{above}>", f"{above}.", f"{above}/"))
