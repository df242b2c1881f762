"""From nothing to a tested hypothesis by scrubbing alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from tqdm.auto import tqdm

from ..cluster import Progress, bars, checked
from ..engine.run import baselines
from ..engine.settings import settings
from ..errors import ScrubError
from ..hypothesis import ROOT, Hypothesis
from ..task import Task
from .discovery import Discovery, Options
from .meter import COARSEST, run
from .questions import SAME, place


def discover(
    task: Task,
    h: Hypothesis | None = None,
    under: str = ROOT,
    *,
    rule: str = SAME,
    max_claims: int = 12,
    depth: int = 4,
    threshold: float = 0.02,
    q: float = 0.05,
    budget: int | None = None,
    prescreen: int | None = None,
    samples: int = 1024,
    seed: int = 0,
    unclaimed: str = "per receiver",
    baseline: str | Sequence[str] = "shuffled",
    confirm: bool = True,
    client: Any = None,
    progress: Progress = True,
) -> Discovery:
    """Look for a circuit by scrubbing alone, from the output upstream, and confirm it on held-out data.

    docs/discover.md says how, and what it can miss.

    Parameters
    ----------
    task : Task
        What to look in.
    h : Hypothesis, optional
        Where to begin; nothing claimed by default. Its claims stay as they are.
    under : str
        The port to begin at, as a path: ``"logits"``, ``"logits>a1.h3.k"``.
    rule : str
        The rule that claims get in the end, each where it costs no more than the threshold; ``"coarsest"``: the coarsest such rule
        of the task. ``"same input"`` leaves them as they are.
    max_claims : int
        At most so many claims.
    depth : int
        How far upstream: claims right under the port have depth 1.
    threshold : float
        Least share of loss recovered that something must cost when freed, between 0 and 1.
    q : float
        Largest false discovery rate within one sweep.
    budget : int, optional
        At most so many scrubs of ``samples`` references each; pruning included, the confirmation not.
    prescreen : int, optional
        Measure only so many senders of each port, those that a gradient says matter most.
    samples, seed, unclaimed, baseline
        As in :meth:`Task.scrub`.
    confirm : bool
        Whether to measure the outcome once on held-out data, where the task has some.
    client : dask.distributed.Client, optional
        Spread the work over its cluster; docs/cluster.md.
    progress : bool or "dask"
        Whether to show a progress bar when it takes long; with ``client`` also Dask's own, for each sweep.

    Returns
    -------
    Discovery
        The hypothesis, how it came about, what was not looked at, and the confirmed number.

    Raises
    ------
    ScrubError
        A parameter that makes no sense; the sentence says what was expected.
    """
    steps = discover_steps(
        task, h, under, rule=rule, max_claims=max_claims, depth=depth, threshold=threshold, q=q, budget=budget,
        prescreen=prescreen, samples=samples, seed=seed, unclaimed=unclaimed, baseline=baseline, confirm=confirm, client=client,
    )  # fmt: skip
    now = None
    with (
        bars(progress, client) as own,
        tqdm(desc="discover", unit="scrub", leave=False, delay=2.0, disable=not own) as bar,
    ):
        for now in steps:
            bar.total = max(now.total, now.done)
            bar.set_postfix_str(now.message, refresh=False)
            bar.update(now.done - bar.n)
    assert now is not None
    return now


def discover_steps(
    task: Task,
    h: Hypothesis | None = None,
    under: str = ROOT,
    *,
    rule: str = SAME,
    max_claims: int = 12,
    depth: int = 4,
    threshold: float = 0.02,
    q: float = 0.05,
    budget: int | None = None,
    prescreen: int | None = None,
    samples: int = 1024,
    seed: int = 0,
    unclaimed: str = "per receiver",
    baseline: str | Sequence[str] = "shuffled",
    confirm: bool = True,
    client: Any = None,
    resume: Discovery | None = None,
) -> Iterator[Discovery]:
    """The discovery of :func:`discover` step by step: at once, then after every answer. To cancel it, stop asking.

    Parameters
    ----------
    task, h, under, rule, max_claims, depth, threshold, q, budget, prescreen, samples, seed, unclaimed, baseline, confirm, client
        As there.
    resume : Discovery, optional
        An earlier one with the same parameters: what it measured is not measured again, and the end is the same.

    Raises
    ------
    ScrubError
        As there, before anything is computed.
    """
    if client is not None:
        checked(client)
    start = Hypothesis() if h is None else h
    task.check(start)
    chosen = settings(samples, seed, unclaimed, baseline)
    if chosen.baseline == "ablated":
        chosen = msgspec.structs.replace(chosen, baseline=baselines(start, chosen)["ablated"])
    place(task.graph.layout, start, under)
    options = Options(start, under, rule, max_claims, depth, threshold, q, budget, prescreen, confirm, chosen)
    _check(task, options)
    if resume is not None and (resume.task is not task or resume.options != options):
        raise ScrubError("the discovery to resume is of another task, or was asked for with other parameters.")
    return run(Discovery(task, options, start) if resume is None else resume, client)


def _check(task: Task, o: Options) -> None:
    """Refuse parameters that make no sense."""
    shares: dict[str, object] = {"threshold": o.threshold, "q": o.q}
    for name, value in shares.items():
        if not isinstance(value, float) or not 0 < value < 1:
            raise ScrubError(f"{name}= takes a number between 0 and 1, such as {_SUCH_AS[name]}, not {value!r}.")
    for name, count in (("max_claims", o.max_claims), ("depth", o.depth)):
        if not _whole(count) or count < 1:
            raise ScrubError(f"{name}= takes a whole number from 1 up, not {count!r}.")
    for name, limit in (("budget", o.budget), ("prescreen", o.prescreen)):
        if limit is not None and (not _whole(limit) or limit < 1):
            raise ScrubError(f"{name}= takes a whole number from 1 up, or None for no limit, not {limit!r}.")
    if o.rule != COARSEST:
        task.classes(o.rule)


_SUCH_AS = {"threshold": "0.02 for 2 points of loss recovered", "q": "0.05"}


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
