"""One small task that tests of sessions share, and the hypothesis that they begin with."""

from __future__ import annotations

from functools import cache

import scrub_widgets as sw
from scrub_widgets import Hypothesis
from tests.unit.models import gpt2


@cache
def shared_task() -> sw.Task:
    """A GPT-2 of two layers, judged by its distance from itself."""
    m = gpt2()
    return sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), name="tiny")


def head(rule: str = "same input", name: str = "a1.h0") -> Hypothesis:
    """One claimed head."""
    return Hypothesis().claim(name, rule=rule)[0]
