"""A discovery in words."""

from __future__ import annotations

from .discovery import Discovery


def words(d: Discovery) -> str:
    """What was found, at which cost, what was not looked at, and the confirmed number."""
    o = d.options
    given = f"{len(o.start)} claims" if len(o.start) else "nothing"
    lines = [f"looking for a circuit under {o.under}, given {given}: what costs more than {100 * o.threshold:g} points"]
    lines += [f"  {i}. {step.message}" for i, step in enumerate(d.steps, 1)]
    lines += [str(d.hypothesis)] if len(d.hypothesis) else ["nothing is claimed"]
    if d.recovered is not None and d.recovered.resolved:
        s = o.settings
        lines.append(f"loss recovered on the explored data: {d.recovered}, n = {s.samples}, seed {s.seed}")
    lines.append(d.message)
    if d.stopped:
        lines.append(f"the search stopped: {d.stopped}")
    lines += [f"not looked at, because {why}: {', '.join(what)}" for why, what in _by_reason(d).items()]
    lines.append(f"cost: {d.scrubs} scrubs in {d.forwards:.1f} plain forward passes over the same inputs")
    return "\n".join(lines)


def _by_reason(d: Discovery) -> dict[str, list[str]]:
    reasons: dict[str, list[str]] = {}
    for line in d.left:
        what, _, why = line.partition("': ")
        reasons.setdefault(why, []).append(what.removeprefix("'"))
    return reasons
