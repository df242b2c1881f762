"""The same numbers from the workers of a Dask cluster: two real processes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import scrub_widgets as sw
from scrub_widgets import Hypothesis, cluster
from scrub_widgets.cluster import checks, worker
from scrub_widgets.cluster.run import Unit, answers
from scrub_widgets.engine.settings import Settings
from scrub_widgets.explore.measured import losses_of
from scrub_widgets.explore.sweep import sweep_steps
from scrub_widgets.interrupt import interruptible
from tests.unit.models import attention_only, bidirectional, gpt2_padded_left, native_mlp

distributed = pytest.importorskip("distributed")

from tests.unit.workers import Held, pids, two_workers, until  # noqa: E402 - it needs distributed

FEW = Settings(samples=300)
"""Two spans: from 0 and from 256."""
LONGER = Settings(samples=16384)
"""Sixteen spans of four chunks each."""


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    with two_workers() as client:
        yield client


def idle(client: Any) -> bool:
    """Whether nothing is under way on the scheduler and in any worker."""
    return not any(client.processing().values()) and not any(client.run(_executing).values())


def _executing(dask_worker: Any) -> int:
    return len(dask_worker.state.executing)


def held_task(folder: Path) -> tuple[sw.Task, Held]:
    m, gate = attention_only(), Held(folder)
    return sw.Task(m.bridge, m.tokens, loss=gate, name="held"), gate


def many(task: sw.Task, n: int = 8) -> list[Hypothesis]:
    """Hypotheses of one claim each."""
    names = [c.id for c in task.graph.layout.components]
    return [Hypothesis().claim(names[i % len(names)], rule=r)[0] for i, r in enumerate(["same input", "token"] * n)][:n]


def same(mine: Any, theirs: Any) -> None:
    for field in fields(type(mine)):
        assert np.array_equal(getattr(mine, field.name), getattr(theirs, field.name)), field.name


# -- the same numbers -----------------------------------------------------------------------------------------------------


def test_a_sweep_is_the_same_to_the_bit(client: Any) -> None:
    task = sw.load_task("induction")
    h, head = Hypothesis().claim("a1.h3")
    here, there = (sw.importance(task, h, f"{head}.k", "previous token", samples=300, client=c) for c in (None, client))
    assert len(here) == len(there) > 4
    same(here.base.losses, there.base.losses)
    for mine, other in zip(here.rows, there.rows, strict=True):
        assert mine.component == other.component
        assert np.array_equal(mine.losses, other.losses)
        assert mine.effect == other.effect


def test_a_discovery_is_the_same_to_the_bit(client: Any) -> None:
    task = sw.load_task("induction")
    both = (sw.discover(task, samples=256, max_claims=2, depth=2, confirm=False, client=c) for c in (None, client))
    here, there = (json.loads(found.to_json()) for found in both)
    for body in (here, there):
        del body["seconds"], body["plain_seconds"]
        body["message"] = body["message"].split(" in ")[0]
    assert here == there
    assert len(here["hypothesis"]["claims"]) > 0


def test_suggested_rules_are_the_same_to_the_bit(client: Any) -> None:
    toy = sw.load_task("toy_sum")
    both = (
        sw.suggest_rules(toy, toy.hypotheses["intended"], "logits>D>A", samples=256, client=c) for c in (None, client)
    )
    here, there = both
    assert here.to_json() == there.to_json()
    assert any(row.candidate.parts for row in there.rows)  # pairs, which the workers were never given as rules


def test_a_scrub_is_the_same_to_the_bit(client: Any) -> None:
    task = sw.load_task("induction")
    h, head = Hypothesis().claim("a1.h3")
    h, _ = h.claim("a0.h2", f"{head}.k", "previous token")
    here, there = task.scrub(h, 600), task.scrub(h, 600, client=client)
    same(here.losses, there.losses)
    assert here.loss_recovered == there.loss_recovered
    assert here.provenance == there.provenance


def tasks() -> dict[str, sw.Task]:
    padded, both, mlp = gpt2_padded_left(), bidirectional(), native_mlp()
    plain = sw.Task(mlp.bridge, mlp.tokens, loss=sw.losses.kl(), name="mlp")
    return {
        "Hugging Face's GPT-2, padded": sw.Task(
            padded.bridge, padded.tokens, attention_mask=padded.mask, loss=sw.losses.kl()
        ),
        "bidirectional": sw.Task(both.bridge, both.tokens, attention_mask=both.mask, loss=sw.losses.kl()),
        "rewritten": plain.rewrite(sw.rewrites.neurons("m0", [1, 5]), sw.rewrites.attention("a1.h0", offset=-1)),
        "functions": sw.load_task("toy_sum"),
        "permuted": sw.load_task("toy_sum").permuted(3, each=True),
    }


def test_every_kind_of_model_is_the_same_to_the_bit(client: Any) -> None:
    for what, task in tasks().items():
        hypotheses = many(task, 10) if "functions" not in what else list(task.hypotheses.values())
        rules = [h for h in hypotheses if all(claim.rule in task.rules for claim in h)]
        here, there = (list(losses_of(task, rules, FEW, c)) for c in (None, client))
        assert len(here) == len(there) > 1, what
        assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True)), what


def test_labels_travel_and_rules_do_not(client: Any) -> None:
    task = sw.load_task("induction")
    lock = threading.Lock()

    def first(batch: Any) -> Any:  # cannot be pickled
        with lock:
            return batch.tokens[:, 0]

    def last(batch: Any) -> Any:
        return batch.tokens[:, 3] % 3

    h = [Hypothesis().claim("a1.h3", rule="mine")[0]]
    seen: list[Any] = []
    for function in (first, last):
        mine = task.with_rules({"mine": function})
        ((here,), (there,)) = (list(losses_of(mine, h, FEW, c)) for c in (None, client))
        assert np.array_equal(here, there)
        seen.append(here)
    assert not np.array_equal(seen[0], seen[1])


def test_units_are_cut_by_the_question_alone() -> None:
    assert cluster.cut(9, 300) == [Unit(0, 8, 0, 256), Unit(0, 8, 256, 300), Unit(8, 9, 0, 256), Unit(8, 9, 256, 300)]
    assert cluster.spans(100_000)[-1][1] == 100_000
    assert len(cluster.spans(100_000)) <= cluster.SPANS


@pytest.mark.parametrize("samples", [2, 63, 64, 65, 256, 257, 300, 512, 1000])
def test_spans_make_up_the_whole(samples: int) -> None:
    task, chosen = sw.load_task("toy_sum"), Settings(samples=samples)
    h = next(iter(task.hypotheses.values()))
    (whole,) = losses_of(task, [h], chosen)
    parts = [part for span in cluster.spans(samples) for part in task.scrubbed_together([h], chosen, span)]
    assert np.array_equal(whole, np.concatenate(parts))


# -- once -------------------------------------------------------------------------------------------------------------------


def test_a_worker_loads_a_task_once(client: Any, tmp_path: Path) -> None:
    task, _ = held_task(tmp_path)
    before = client.run(worker.loads)
    results = [list(losses_of(task, many(task), FEW, client)) for _ in range(3)]
    assert np.array_equal(results[0][0], results[2][0])
    for address, counts in client.run(worker.loads).items():
        new = {key: n for key, n in counts.items() if key not in before.get(address, {})}
        assert list(new.values()) in ([1], []), "each task at most once on each worker"


def test_workers_let_go_of_tasks(client: Any) -> None:
    list(losses_of(sw.load_task("toy_sum"), [Hypothesis()], FEW, client))
    assert max(client.run(_loaded).values()) >= 1
    cluster.release(client)
    assert set(client.run(_loaded).values()) == {0}
    until(lambda: not any(client.has_what().values()))


def _loaded() -> int:
    return len(worker._LOADED)


# -- workers that die ---------------------------------------------------------------------------------------------------------


def unit_answers(task: sw.Task, hypotheses: list[Hypothesis], client: Any, chosen: Settings = FEW) -> Any:
    """One unit for each hypothesis and span, as they come."""
    units = [Unit(i, i + 1, *span) for i in range(len(hypotheses)) for span in cluster.spans(chosen.samples)]
    return answers(client, task, hypotheses, chosen, units, cluster._losses, "test")


def whole(found: dict[int, Any], hypotheses: int) -> list[Any]:
    per = len(found) // hypotheses
    return [np.concatenate([found[per * i + j][0] for j in range(per)]) for i in range(hypotheses)]


def test_a_worker_is_killed_in_the_middle(client: Any, tmp_path: Path) -> None:
    task, gate = held_task(tmp_path)
    hypotheses = many(task, 12)
    here = list(losses_of(task, hypotheses, FEW))
    list(losses_of(task, hypotheses, FEW, client))  # both have loaded it
    victim, other = pids(client)
    gate.hold(other)
    found = unit_answers(task, hypotheses, client)
    got = [next(found)]
    assert gate.calls(victim) > 0, "the other one waits, so this is the victim's"
    gate.hold(victim)
    until(lambda: gate.waits(victim) and gate.waits(other))
    os.kill(victim, signal.SIGKILL)
    gate.let(other)
    got += list(found)
    numbers = [number for number, _ in got]
    assert sorted(numbers) == list(range(24)), "each unit once"
    there = whole(dict(got), 12)
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))
    until(lambda: len(pids(client)) == 2)


def test_all_workers_are_killed_with_all_that_they_had(client: Any, tmp_path: Path) -> None:
    task, gate = held_task(tmp_path)
    hypotheses = many(task, 4)
    here = list(losses_of(task, hypotheses, FEW))
    list(losses_of(task, hypotheses, FEW, client))
    both = list(pids(client))
    gate.hold(*both)
    got: list[tuple[int, Any]] = []
    run = threading.Thread(target=lambda: got.extend(unit_answers(task, hypotheses, client)))
    run.start()
    until(lambda: all(gate.waits(pid) for pid in both))
    for pid in both:
        os.kill(pid, signal.SIGKILL)
    run.join(100)
    assert sorted(number for number, _ in got) == list(range(8))
    assert all(np.array_equal(a, b) for a, b in zip(here, whole(dict(got), 4), strict=True))
    until(lambda: len(pids(client)) == 2)


# -- cancelling -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["asked to stop", "nobody asks any more"])
def test_cancelled_work_ends_on_the_cluster(client: Any, tmp_path: Path, how: str) -> None:
    task, gate = held_task(tmp_path)
    list(losses_of(task, many(task), FEW, client))
    both = list(pids(client))
    steps = sweep_steps(task, Hypothesis(), chosen=LONGER, client=client)
    first = next(steps)
    gate.hold(*both)

    def check() -> None:
        if any(gate.waits(pid) for pid in both):
            raise sw.Cancelled("enough")

    if how == "asked to stop":
        with interruptible(check), pytest.raises(sw.Cancelled):
            next(steps)
    else:
        one, other = both
        gate.let(one)  # the other one waits until the end
        found = unit_answers(task, many(task), client, LONGER)
        next(found)
        until(lambda: gate.waits(other))
        gate.hold(one)
        until(lambda: gate.waits(one))
        found.close()
    until(lambda: not any(client.processing().values()))
    before = sum(gate.calls(pid) for pid in both)
    gate.let(*both)
    until(lambda: idle(client))
    after = sum(gate.calls(pid) for pid in both)
    chunk = 2 * cluster.TOGETHER
    assert after - before <= chunk, (
        "each of the two workers ended at most the chunk it was at, one of the four of its unit"
    )
    assert len(first) == 0
    # what comes next finds free workers
    assert len(list(losses_of(task, many(task, 2), FEW, client))) == 2


# -- what is refused --------------------------------------------------------------------------------------------------------------


def refused(client: Any, words: str) -> None:
    task = sw.load_task("toy_sum")
    for call in (
        lambda: sw.importance(task, client=client),
        lambda: sw.discover(task, client=client),
        lambda: task.scrub(Hypothesis(), client=client),
    ):
        with pytest.raises(sw.ScrubError, match=words):
            call()


def test_what_is_no_client_is_refused() -> None:
    refused("tcp://here:8786", "takes a dask.distributed.Client, not str")


def test_dask_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    refused("tcp://here:8786", r"pip install 'scrub-widgets\[dask\]'")


def test_a_closed_client_is_refused(client: Any) -> None:
    with distributed.Client(client.scheduler.address) as mine:
        pass
    refused(mine, "the Dask client is closed")


def test_a_cluster_without_workers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "WAIT", 0.2)
    with (
        distributed.LocalCluster(n_workers=0, dashboard_address=":0", processes=False) as empty,
        distributed.Client(empty) as mine,
    ):
        refused(mine, "has no workers")


@pytest.mark.parametrize(
    ("there", "words"), [("0.0.9", "has scrub-widgets 0.0.9, and here is"), (None, "has no scrub-widgets; here is")]
)
def test_other_versions_are_refused(client: Any, there: str | None, words: str) -> None:
    client.run(_pretend, there)
    try:
        with distributed.Client(client.scheduler.address) as mine:  # what was checked before is not asked again
            refused(mine, words)
    finally:
        client.run(_truth)


def _pretend(there: str | None) -> None:
    import importlib.metadata as metadata

    def version(name: str) -> str:
        if there is None:
            raise metadata.PackageNotFoundError(name)
        return there

    metadata._truth = metadata.version  # type: ignore[attr-defined]
    metadata.version = version  # type: ignore[assignment]


def _truth() -> None:
    import importlib.metadata as metadata

    metadata.version = metadata._truth  # type: ignore[attr-defined]


def test_dasks_bar_needs_a_client() -> None:
    task = sw.load_task("toy_sum")
    with pytest.raises(sw.ScrubError, match="progress='dask' needs client="):
        sw.importance(task, progress="dask")
    with pytest.raises(sw.ScrubError, match="progress= is True, False or 'dask'"):
        task.scrub(Hypothesis(), progress="yes")  # type: ignore[arg-type]


class Locked:
    """A loss that cannot be pickled."""

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def __call__(self, logits: Any, batch: Any) -> Any:
        return logits[:, 0, 0]


def locked_task() -> sw.Task:
    m = attention_only()
    return sw.Task(m.bridge, m.tokens, loss=Locked(), name="locked")


def test_a_task_that_cannot_be_sent_is_made_by_each_worker(client: Any) -> None:
    task = locked_task()
    with pytest.raises(sw.TaskError, match=r"the loss .* cannot be sent to the workers.*sw.cluster.register"):
        list(losses_of(task, many(task), FEW, client))
    cluster.register(client, task, locked_task)
    here, there = (list(losses_of(task, many(task), FEW, c)) for c in (None, client))
    assert all(np.array_equal(a, b) for a, b in zip(here, there, strict=True))


def test_a_function_that_makes_another_task_is_refused(client: Any) -> None:
    task = locked_task()
    cluster.register(client, task, lambda: sw.load_task("toy_sum"))
    with pytest.raises(sw.TaskError, match="makes another task"):
        list(losses_of(task, many(task), FEW, client))
    with pytest.raises(sw.TaskError, match="takes a function"):
        cluster.register(client, task, "induction")  # type: ignore[arg-type]


@pytest.mark.parametrize("off", [1e-6, 1.0])
def test_workers_that_compute_something_else_are_told(client: Any, off: float) -> None:
    m, home = attention_only(), os.getpid()

    def loss(logits: Any, batch: Any) -> Any:
        return (logits[:, 0, 0] - logits[:, 0, 1]).double() + (0.0 if os.getpid() == home else off)

    task = sw.Task(m.bridge, m.tokens, loss=loss)
    if off < 1e-3:
        with pytest.warns(UserWarning, match="rounds differently"):
            found = list(losses_of(task, many(task), FEW, client))
        assert len(found) == 8
    else:
        with pytest.raises(sw.TaskError, match="computes another function there"):
            list(losses_of(task, many(task), FEW, client))


# -- what Dask shows ----------------------------------------------------------------------------------------------------------


def test_dask_shows_what_is_asked(client: Any, capsys: pytest.CaptureFixture[str]) -> None:
    task = sw.load_task("toy_sum")
    sw.importance(task, samples=300, client=client, progress="dask")
    shown = until(lambda: capsys.readouterr().out)
    assert "Completed" in shown
    names = client.run_on_scheduler(lambda dask_scheduler: list(dask_scheduler.task_prefixes))
    assert {"scrub logits", "scrub scrub"} <= set(names)
