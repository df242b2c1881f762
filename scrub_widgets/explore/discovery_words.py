"""A discovery in words."""

from __future__ import annotations

from .discovery import Discovery


def words(d: Discovery) -> str:
    """What was found, at which cost, what was not looked at, and the confirmed number."""
    lines = [
        f"looking for a circuit under {d.options.under}, given "
        + (f"{len(d.options.start)} claims" if len(d.options.start) else "nothing")
    ]
    lines += [f"  {i}. {step.message}" for i, step in enumerate(d.steps, 1)]
    lines += [str(d.hypothesis)] if len(d.hypothesis) else ["nothing is claimed"]
    if d.recovered is not None:
        s = d.options.settings
        lines.append(f"loss recovered on the explored data: {d.recovered}, n = {s.samples}, seed {s.seed}")
    lines.append(d.message)
    if d.stopped:
        lines.append(f"stopped because {d.stopped}")
    if d.left:
        lines.append(f"not looked at: {'; '.join(d.left)}")
    lines.append(f"cost: {d.scrubs} scrubs in {d.forwards:.1f} plain forward passes over the same inputs")
    return "\n".join(lines)
