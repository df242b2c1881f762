"""How a task travels to other processes: graph, data and loss as bytes, without what was computed and without its rules.

The labels that rules make travel by themselves (:class:`~.worker.Call`), so a rule may be anything that runs here.
"""

from __future__ import annotations

import hashlib
import io
import sys
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import torch

from ..errors import TaskError

if TYPE_CHECKING:
    from ..task import Task


def packed(task: Task) -> bytes:
    """A task as bytes.

    Raises
    ------
    TaskError
        A part of it cannot be pickled: the sentence says which, and the way out.
    """
    bare = stripped(task)
    try:
        return dumped(bare)
    except Exception as error:  # whatever an object raises that is not made for it
        raise TaskError(
            f"{_culprit(bare)} of the task '{task.name}' cannot be sent to the workers: {type(error).__name__}: {error}. "
            "Write it as a plain function or object of numbers, or let each worker make the task by itself: "
            "sw.cluster.register(client, task, load), where load() gives this task."
        ) from error


def unpacked(blob: bytes) -> Task:
    """The task again, on the device that it had.

    Raises
    ------
    TaskError
        This process has no such device.
    """
    try:
        task: Task = torch.load(io.BytesIO(blob), weights_only=False)
    except RuntimeError as error:
        if "deserialize" not in str(error):
            raise
        raise TaskError(
            f"the task's model is on a device that this worker does not have ({error}). Let each worker make the task by "
            "itself: sw.cluster.register(client, task, load), where load() puts it on a device of the worker."
        ) from None
    return task


def mark(blob: bytes) -> str:
    """A hash of a packed task."""
    return hashlib.blake2b(blob, digest_size=12).hexdigest()


def stripped(task: Task) -> Task:
    """A copy with all that scrubbing reads, and nothing else: no rules, no texts, no other data, nothing computed."""
    bare = task._copy()
    bare._fresh()
    bare.rules, bare.hypotheses, bare.vectors = {}, {}, {}
    bare._permuted = bare._held_out = None
    bare.data = replace(task.data, word=str)
    return bare


def dumped(thing: Any) -> bytes:
    """Pickle by torch with the help of cloudpickle: tensors that share their memory still do afterwards."""
    from cloudpickle import Pickler

    class ByName(Pickler):  # type: ignore[misc]
        """What is one of a kind in its module, such as the context variables of Hugging Face's hooks, travels by name."""

        def reducer_override(self, obj: Any) -> Any:
            if type(obj).__name__ == "CompileableContextVar":
                module = type(obj).__module__
                names = [name for name, value in vars(sys.modules[module]).items() if value is obj]
                if names:
                    return _global, (module, names[0])
            return super().reducer_override(obj)

    target = io.BytesIO()
    torch.save(thing, target, pickle_module=SimpleNamespace(Pickler=ByName, __name__="cloudpickle"))
    return target.getvalue()


def _global(module: str, name: str) -> Any:
    import importlib

    return getattr(importlib.import_module(module), name)


def _culprit(bare: Task) -> str:
    """The first part that cannot be pickled, in words."""
    parts = {
        "the loss": bare.loss,
        "the columns": dict(bare.data.columns),
        "the model": bare.model,
        "the rewritten model": bare.graph,
    }
    for words, part in parts.items():
        try:
            dumped(part)
        except Exception:  # noqa: BLE001 - whatever an object raises that is not made for it
            return f"{words} ('{bare.loss.name}')" if part is bare.loss else words
    return "a part"
