"""Lines of a script that make the rules and rewrites of a session again."""

from __future__ import annotations

from ..made import Vector
from ..session import Session


def script_lines(session: Session) -> list[str]:
    """What must be done to the given task, in order; a comment where only the notebook can."""
    base, made = session.base_task, session.step.made
    lines = [f"task = task.rewrite(...)  # {agreement}" for agreement in base.rewrites]
    used = {claim.rule for claim in session.hypothesis} | {name for one in made.rules for name in one.spec.uses}
    lines += [
        f"task = task.with_rules({{{name!r}: ...}})  # a Python function of the notebook"
        for name in session.given_rules
        if name in used or any(name == rule.rpartition(" at ")[0] for rule in used)
    ]
    lines += [f"task = task.with_rules({{{one.name!r}: {one.spec.code}}})" for one in made.rules]
    missing = [spec.vector for spec in made.rewrites if isinstance(spec, Vector) and spec.values is None]
    if missing:
        lines.append(f"vectors = {{{', '.join(f'{name!r}: ...' for name in missing)}}}  # tensors of the notebook")
    return [*lines, *(f"task = task.rewrite({spec.code})" for spec in made.rewrites)]
