"""From a task to a checked question: what a question needs to know of positions and of neurons."""

from __future__ import annotations

from typing import Any

from ..carry import as_parts
from ..errors import ScrubError
from ..graph.transformer import MlpNode
from ..hypothesis import ROOT, Hypothesis
from ..inputs import claimed_positions
from ..rewrites import neuron_groups
from ..task import Task
from .questions import Each, Place, Question, Where, place, question

GROUPS = 8
"""Groups of neurons of each MLP, unless told otherwise."""


def asking(task: Task, h: Hypothesis, under: str, ask: str, each: Each) -> Question:
    """A checked question about a checked hypothesis; parameters and errors are those of :func:`.questions.question`."""
    layout = task.graph.layout
    asked = question(layout, h, under, ask, each, task.classes)
    if each != "position":
        return asked
    held = {
        claim: None if at.ndim == 2 else tuple(int(p) for p in at.nonzero()[0])
        for claim, at in claimed_positions(h, task.roles, task.columns, task.positions).items()
    }
    where = Where(task.positions, (), held)
    where = Where(task.positions, _read(task, h, asked.place, where), held)
    return question(layout, h, under, ask, each, task.classes, where)


def _read(task: Task, h: Hypothesis, at: Place, where: Where) -> tuple[int, ...]:
    """The positions at which a port is read: of the output those of the loss, of keys and values all, else those of its reader."""
    everything = range(task.positions)
    chain = [] if at.parent == ROOT else [h[at.parent]]
    while chain and chain[-1].parent != ROOT:
        chain.append(h[chain[-1].parent])
    read = set(task.loss.reads(task.positions))
    owners: tuple[str, ...] = ()
    for claim in reversed(chain):
        read = _through(task, owners, claim.port, read) if claim.paths == "direct" else set(everything)
        held = where.of(claim)
        read &= set(everything if held is None else held)
        owners = claim.components
    return tuple(sorted(_through(task, owners, at.path[len(at.parent) + 1 :], read)))


def _through(task: Task, owners: tuple[str, ...], port: str, read: set[int]) -> set[int]:
    return set(range(task.positions)) if any(port in task.graph.node(name).everywhere for name in owners) else read


def in_groups(
    task: Task, h: Hypothesis, under: str, groups: Any, known: Task | None = None
) -> tuple[Task, Hypothesis, str]:
    """The task with every MLP that sends to a port written as groups of neurons, and what was asked about there.

    Parameters
    ----------
    task, h, under
        As in :func:`.sweep.importance`; the hypothesis is checked.
    groups : int
        Groups of neighbouring neurons of each MLP.
    known : Task, optional
        The task so written, if it was made before.

    Raises
    ------
    ScrubError
        No such port, no MLP that sends to it, or fewer neurons than groups.
    """
    if not isinstance(groups, int) or isinstance(groups, bool) or groups < 1:
        raise ScrubError(f"groups= takes a whole number from 1 up, not {groups!r}.")
    senders = place(task.graph.layout, h, under).senders
    mlps = [name for name in senders if isinstance(task.graph.node(name), MlpNode)]
    if not mlps:
        raise ScrubError(f"no MLP sends to '{under}': there are no neurons to ask about.")
    made = known or task.rewrite(*(neuron_groups(name, groups) for name in mlps))
    for name in mlps:
        parts = tuple(c.id for c in made.graph.layout.components if c.part_of == name)
        parent, port = h._split(under)
        h, ids = as_parts(h, name, parts)
        under = f"{ids[parent]}.{port}" if port else ids[parent]
    return made, h, under
