"""Reading a circuit from wherever it is: a file, text, or what another tool gave in Python."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import torch

from ...errors import CircuitError, listed, suggestion
from ...graph.base import Layout
from ..circuit import Circuit
from ..live import dead
from . import acdc, autocircuit, eap, graphs, own

if TYPE_CHECKING:
    from ...task import Task

EXAMPLES = (
    "'eap' (JSON with nodes and edges such as 'a0.h1->a1.h3<q>'), 'acdc' (hooks such as blocks.1.attn.hook_result[:, :, 3]), "
    "'auto-circuit' (names such as 'A0.2->A2.5.Q'), 'networkx' (a DiGraph, or its node-link JSON) and 'scrub-widgets'"
)
NO_PICKLE = (
    "is a pickle, which can run any code when it is opened, so it is not opened here: save the edges as JSON where they were made "
    "(scrub_widgets/circuits/formats/acdc.py has the two lines), or give the Python list itself."
)


class Form(NamedTuple):
    """A form of circuits: whether something looks like it, and how it is read."""

    matches: Callable[[object], bool]
    read: Callable[[Any, Layout, bool], Circuit]


FORMS: Mapping[str, Form] = {
    module.NAME: Form(module.matches, module.read) for module in (own, eap, graphs, acdc, autocircuit)
}


def load(source: Any, on: Task | Layout, format: str | None = None, *, every: bool = False) -> Circuit:  # noqa: A002
    """Read a circuit that another tool found.

    Parameters
    ----------
    source : path, str or object
        A file (``.json``, ``.txt``, ``.pt``), its text, or what the tool gave in Python: a dictionary, a list of edges, a
        ``networkx`` graph. Pickles are never opened.
    on : Task or Layout
        The model that the circuit is of: names and sizes are checked against it.
    format : {"eap", "acdc", "auto-circuit", "networkx", "scrub-widgets"}, optional
        What it is; found out by default.
    every : bool
        Whether to take the edges that are not in the circuit too, where the form has them with their scores.

    Returns
    -------
    Circuit
        With notes on what the form could not say.

    Raises
    ------
    CircuitError
        No such file or form, an empty circuit, or one of another model; the sentence says what was expected.
    """
    if format is not None and format not in FORMS:
        raise CircuitError(f"format= is one of {listed(FORMS)}, not {format!r}.{suggestion(str(format), FORMS)}")
    layout = on if isinstance(on, Layout) else on.graph.layout
    where = ""
    if isinstance(source, Path) or (isinstance(source, str) and _is_path(source)):
        where = f"'{source}'"
        source = _opened(Path(source))
    if isinstance(source, bytes):
        source = _decoded(source, where or "this")
    if isinstance(source, str):
        source = _json_or_text(source)
    form = FORMS[format] if format is not None else _found(source, where or _short(source))
    if format is not None and not form.matches(source) and not _nothing(source):
        raise CircuitError(f"{where or _short(source)} is no circuit of the form '{format}'; the forms are {EXAMPLES}.")
    made = form.read(source, layout, every)
    lost = dead(made, layout)
    if lost and not every:
        some = f"{len(lost)} of the {len(made)} edges carry nothing from the input to the output, such as {next(iter(lost))}"
        made = replace(made, notes=(*made.notes, f"{some}: a hypothesis leaves them out."))
    return made


def _found(source: Any, where: str) -> Form:
    if _nothing(source):
        raise CircuitError("this circuit is empty: no edge is in it.")
    for form in FORMS.values():
        if form.matches(source):
            return form
    raise CircuitError(f"{where} is no circuit that is known here; the forms are {EXAMPLES}.")


def _nothing(source: object) -> bool:
    return isinstance(source, str | list | tuple | dict | set | frozenset) and not source


def _is_path(text: str) -> bool:
    """Whether a text is meant as the name of a file: one short line that is no edge and no JSON."""
    if "\n" in text or len(text) > 1000 or "->" in text or text.lstrip()[:1] in "{[(":
        return False
    return bool(text.strip())


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise CircuitError(f"no file '{path}'.")
    if path.suffix in (".pt", ".pth"):
        try:
            return torch.load(path, map_location="cpu", weights_only=True)
        except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
            first = str(error).strip().splitlines()[:1]
            raise CircuitError(
                f"'{path}' holds more than tensors, names and numbers, or is no file of torch, and nothing else is opened here: "
                f"{''.join(first)}"
            ) from None
    return path.read_bytes()


def _decoded(data: bytes, where: str) -> str:
    if data[:1] == b"\x80" or data[:4] == b"PK\x03\x04":
        raise CircuitError(f"{where} {NO_PICKLE}")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise CircuitError(f"{where} is no text; the forms are {EXAMPLES}.") from None


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text.strip()


def _short(source: object) -> str:
    words = repr(source)
    return words if len(words) <= 60 else f"{words[:57]}..."
