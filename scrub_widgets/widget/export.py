"""What a session leaves behind: one offline HTML page, and a script that prints the same number."""

from __future__ import annotations

import base64
import html
import json
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from ..engine.settings import Settings
from ..errors import ScrubError
from ..hypothesis import Claim
from ..labels import UNNAMED, Label
from ..session import Session
from ..tasks import NAMES
from . import history, sample, wire
from .scripted import script_lines

if TYPE_CHECKING:
    from .widget import ScrubWidget

STATIC = Path(__file__).parent / "static"
NOT_SAVED = ("_esm", "_css", "_id", "_static")
"""Traits of the live widget only; all its others are in a saved page."""
MOST_STEPS = 1000
"""Steps of the history in a saved page."""
BINARY = "$bytes"
"""The key under which bytes stand in a page, in base64."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>:root {{ color-scheme: light dark; }} body {{ margin: 8px; }}
{css}</style>
</head>
<body>
<div id="widget"></div>
<script type="application/json" id="traits">{traits}</script>
<script type="module">
const bytes = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
const revive = (_, value) => (value?.{binary} === undefined ? value : new DataView(bytes(value.{binary}).buffer));
const traits = JSON.parse(document.getElementById("traits").textContent, revive);
const code = new Blob([bytes("{bundle}")], {{ type: "text/javascript" }});
const widget = (await import(URL.createObjectURL(code))).default;
const listeners = new Map();
const model = {{
  get: (key) => traits[key],
  set: (key, value) => {{ traits[key] = value; for (const f of listeners.get("change:" + key) ?? []) f(); }},
  save_changes: () => {{}},
  on: (event, f) => listeners.set(event, [...(listeners.get(event) ?? []), f]),
  off: (event, f) => listeners.set(event, (listeners.get(event) ?? []).filter((g) => f && g !== f)),
  send: () => {{}},
}};
await widget.initialize?.({{ model }});
await widget.render({{ model, el: document.getElementById("widget") }});
</script>
</body>
</html>
"""


def page(widget: ScrubWidget) -> str:
    """The widget's present view as one HTML page that loads nothing.

    Raises
    ------
    ScrubError
        The bundle was not built.
    """
    bundle = STATIC / "widget.js"
    if not bundle.exists():
        raise ScrubError("the widget's JavaScript bundle is missing: install the package with Node >= 20 present.")
    return PAGE.format(
        title=html.escape(f"scrub-widgets: {widget.session.task.name}"),
        css=(STATIC / "widget.css").read_text("utf-8"),
        traits=_json(
            {
                **widget.get_state(_saved(widget)),
                "_history": _history(widget),
                "_samples": sample.kept(widget),
                "_static": True,
            }
        ),
        binary=BINARY,
        bundle=base64.b64encode(bundle.read_bytes()).decode(),
    )


def _history(widget: ScrubWidget) -> object:
    """More steps than the trait holds: a saved page has no kernel to ask for them."""
    return wire.plain(history.history_of(widget.session, MOST_STEPS))


def _saved(widget: ScrubWidget) -> list[str]:
    """Names of the traits that a view draws."""
    own = [name for name in widget.trait_names(sync=True) if name.startswith("_") and name not in NOT_SAVED]
    return [name for name in own if not name.startswith(("_model_", "_view_", "_anywidget"))]


def _json(value: object) -> str:
    """JSON that may stand inside a script element."""
    plain = json.dumps(_readable(value), ensure_ascii=False, allow_nan=False)
    return plain.replace("<", "\\u003c")


def _readable(value: object) -> object:
    """The same with bytes as base64."""
    if isinstance(value, bytes | bytearray | memoryview):
        return {BINARY: base64.b64encode(value).decode()}
    if isinstance(value, dict):
        return {key: _readable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(one) for one in value]
    return value


def script(session: Session) -> str:
    """A Python script that makes the present hypothesis by hand and prints its loss recovered."""
    name = session.task.name
    if name in NAMES:
        task = f"task = sw.load_task({name!r})"
    else:
        task = f"task = ...  # the task '{name}': model, data, loss and rules as in the notebook"
    made = script_lines(session)
    torch = ["import torch"] if any("torch." in line for line in made) else []
    lines = [*torch, "import scrub_widgets as sw", "", task, *made, "", "h = sw.Hypothesis()"]
    for claim in session.hypothesis:
        lines += [*_label_lines(session.step.labels.get(claim.id, UNNAMED)), _claim_line(claim)]
    chosen = _arguments(session.settings)
    tries = session.tries
    counted = f"# {tries} different {'hypothesis was' if tries == 1 else 'hypotheses were'} tried on this data."
    lines += ["", *([counted] if tries else []), f"r = task.scrub(h, {chosen})", "print(r.loss_recovered)"]
    return "\n".join([*lines, *_confirmed(session), ""])


def _confirmed(session: Session) -> list[str]:
    """How the confirmed number of the present hypothesis is printed again."""
    confirmation = session.confirmation
    if confirmation is None:
        return []
    chosen = _arguments(confirmation.settings)
    return ["", f"# {confirmation}", f"c = task.held_out.scrub(h, {chosen})", "print(c.loss_recovered)"]


def _arguments(chosen: Settings) -> str:
    return ", ".join(f"{key}={value!r}" for key, value in msgspec.structs.asdict(chosen).items())


def _label_lines(label: Label) -> list[str]:
    """A claim's name and note as comments."""
    return [f"# {line}".rstrip() for line in (label.name, *label.note.splitlines()) if line]


def _claim_line(claim: Claim) -> str:
    component = repr(claim.components[0]) if len(claim.components) == 1 else repr(list(claim.components))
    given = [component, f"under={claim.under!r}", f"rule={claim.rule!r}"]
    if claim.paths != "direct":
        given.append(f"paths={claim.paths!r}")
    if claim.positions is not None:
        where = list(claim.positions) if isinstance(claim.positions, tuple) else claim.positions
        given.append(f"positions={where!r}")
    if claim.share is not None:
        given.append(f"share={claim.share!r}")
    return f"h, _ = h.claim({', '.join(given)})"
