"""Sweeps as JSON text and back, so that one that was stopped can be gone on with another day."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from ..engine.settings import settings
from ..errors import ScrubError
from ..hypothesis import Hypothesis
from ..measure.estimates import from_plain, plain
from ..rewrites import neuron_groups
from .asking import asking
from .questions import Question, checked_candidates

if TYPE_CHECKING:
    from ..task import Task
    from .sweep import Row, Sweep

SCHEMA = 2
KIND = "scrub-widgets sweep"


def written(sweep: Sweep) -> str:
    """The JSON text of a sweep (schema-versioned, keys sorted)."""
    body = {
        "kind": KIND,
        "schema": SCHEMA,
        "under": sweep.under,
        "question": sweep.question.ask,
        "each": sweep.question.each,
        "groups": sweep.groups,
        "rewritten": _rewritten(sweep),
        "settings": msgspec.to_builtins(sweep.settings),
        "hypothesis": json.loads(sweep.hypothesis.to_json()),
        "before": {"hypothesis": json.loads(sweep.before.to_json()), "recovered": plain(sweep.base.loss_recovered)},
        "rows": [
            {
                "component": row.component,
                "effect": plain(row.effect),
                "loss_change": plain(row.change),
                "recovered": plain(row.recovered),
                "beyond_noise": row.beyond_noise,
                "p": row.p,
                "q": sweep.q[row.component],
            }
            for row in sweep.rows
        ],
        "left": list(sweep.left),
        "skipped": dict(sweep.skipped),
        "seconds": sweep.seconds,
        "plain_seconds": sweep.plain_seconds,
        "plain_forwards": _finite(sweep.forwards),
        "provenance": dict(sweep.base.provenance),
    }
    return json.dumps(body, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)


def read(task: Task, text: str) -> Sweep:
    """A sweep from its JSON; see :meth:`.sweep.Sweep.from_json`."""
    body = _body(text)
    try:
        return _read(task, body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ScrubError(f"this JSON of a sweep is not well formed: {type(error).__name__}: {error}.") from None


def _read(task: Task, body: dict[str, Any]) -> Sweep:
    from .sweep import Sweep

    if body["provenance"]["data"] != task.fingerprint:
        raise ScrubError(f"this sweep was made on other data (of the task '{body['provenance']['task']}').")
    chosen = settings(**body["settings"])
    h = Hypothesis.from_builtins(body["hypothesis"])
    groups, asked = body["groups"], None
    if body["each"] == "neurons":
        task, asked = task.rewrite(*(neuron_groups(name, groups) for name in body["rewritten"])), task
    if body["provenance"]["model"] != task._model_fingerprint:
        raise ScrubError(f"this sweep was made with another model (of the task '{body['provenance']['task']}').")
    task.check(h)
    q = asking(task, h, body["under"], body["question"], body["each"])
    checked_candidates(q, [*(row["component"] for row in body["rows"]), *body["left"]])
    *_, base = task.stream(q.before, chosen)
    before, now = from_plain(body["before"]["recovered"], "share"), base.loss_recovered
    if now.resolved and not math.isclose(before.value, now.value, rel_tol=1e-4, abs_tol=1e-4):
        raise ScrubError(
            f"what this sweep compares with recovered {before} when it was made and {now} now: a rule of the same name may "
            "have changed."
        )
    rows = tuple(_row(q, row) for row in body["rows"])
    skipped, seconds, plain = dict(body["skipped"]), float(body["seconds"]), float(body["plain_seconds"])
    return Sweep(task, q, chosen, base, rows, tuple(body["left"]), skipped, seconds, plain, asked, groups)


def _body(text: str) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except (ValueError, TypeError) as error:
        raise ScrubError(f"this is not the JSON of a sweep: {error}.") from None
    if not isinstance(body, dict) or body.get("kind") != KIND:
        raise ScrubError(f"expected a JSON object of kind '{KIND}'; this is something else.")
    if body.get("schema") != SCHEMA:
        raise ScrubError(f"this sweep has schema version {body.get('schema')!r}; this version reads {SCHEMA}.")
    return body


def _row(q: Question, row: dict[str, Any]) -> Row:
    from .sweep import Row

    return Row(
        row["component"],
        q.after(row["component"]),
        from_plain(row["effect"], "share"),
        from_plain(row["loss_change"], "loss"),
        from_plain(row["recovered"], "share"),
        np.empty(0),
        float(row["p"]),
    )


def _rewritten(sweep: Sweep) -> list[str]:
    """The MLPs that were written as groups of neurons for this sweep."""
    if sweep.asked is None:
        return []
    before = sweep.asked.graph.layout.by_id
    parts = [c for c in sweep.task.graph.layout.components if c.id not in before]
    return list(dict.fromkeys(c.part_of for c in parts if c.part_of is not None))


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
