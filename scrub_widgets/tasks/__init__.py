"""Tasks that ship with the package: model, data, loss and rules, with no network."""

from __future__ import annotations

from ..errors import TaskError, listed, suggestion
from ..task import Task

NAMES = ("toy_sum", "cancelling", "induction", "parens")


def load_task(name: str, *, model: str | None = None, device: str = "cpu") -> Task:
    """A task that ships with the package.

    Parameters
    ----------
    name : str
        ``"toy_sum"``: a graph of four plain functions, in which every number can be worked out; ``"cancelling"``: another,
        with a hypothesis that recovers 100 % and is wrong; ``"induction"``: a 2-layer
        attention-only transformer on token streams that repeat; ``"parens"``: a 3-layer one that says whether a string of
        parentheses is balanced.
    model : str, optional
        Which model, where a task ships with several: ``load_task("induction", model="seed 1")``.
    device : str
        Where the model computes.

    Raises
    ------
    TaskError
        No task of this name ships, or not with such a model.
    """
    if model is not None and name in NAMES and name != "induction":
        raise TaskError(f"the task '{name}' ships with one model: leave out model={model!r}.")
    if name == "toy_sum":
        from .toy_sum import load as load_toy

        return load_toy()
    if name == "cancelling":
        from .cancelling import load as load_cancelling

        return load_cancelling()
    if name == "induction":
        from .induction import load

        return load(device=device, model=model)
    if name == "parens":
        from .parens import load as load_parens

        return load_parens(device=device)
    raise TaskError(f"no task '{name}' ships with scrub-widgets; there is {listed(NAMES)}.{suggestion(name, NAMES)}")
