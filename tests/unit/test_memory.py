"""When memory runs out, and when it is given back: batches halved once, a sentence, nothing left after closing."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets import Hypothesis, ScrubWidget, TaskError
from scrub_widgets.engine.batches import Batches
from scrub_widgets.engine.memory import out_of_memory
from tests.unit.models import gpt2

CPU = torch.device("cpu")
LONG = 60.0


class Short:
    """A device that has no room for more than so many inputs at a time."""

    def __init__(self, room: int) -> None:
        self.room = room
        self.tried: list[int] = []

    def __call__(self, n: int) -> None:
        self.tried.append(n)
        if n > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")


def short_task(short: Short) -> sw.Task:
    """A task whose loss needs memory for each input; the clean pass, which is first, has room."""
    m = gpt2()

    def loss(logits: torch.Tensor, batch: sw.rules.Batch) -> torch.Tensor:
        if gate:
            short(len(logits))
        return logits[:, -1, 0]

    gate: list[bool] = []
    task = sw.Task(m.bridge, m.tokens, loss=loss, name="short")
    task.prepare()
    gate.append(True)
    return task


def test_batches_are_a_small_one_then_equal_ones() -> None:
    batches = Batches(600, 256, CPU, first=64)
    assert batches.borders() == [(0, 64), (64, 256), (256, 512), (512, 600)]
    assert list(batches.each(lambda start, stop: stop - start)) == [64, 192, 256, 88]
    assert batches.note == ""


def test_batches_are_halved_once_and_say_so() -> None:
    short, released = Short(130), []
    batches = Batches(600, 256, CPU, first=64, release=lambda: released.append(True))
    list(batches.each(lambda start, stop: short(stop - start)))
    assert short.tried[:3] == [64, 192, 32]  # 192 fails: batches of 96 from now on, on their own borders
    assert max(short.tried[2:]) == 96
    assert [stop for _, stop in batches.borders()][-1] == 600
    assert sum(stop - start for start, stop in batches.borders()) == 600
    assert batches.note == "Memory ran out with 192 inputs at a time, so batches were halved to 96"
    assert released == [True]


@pytest.mark.parametrize(("room", "words"), [(40, "with 64 inputs at a time, and again with 32|with 64"), (0, "with")])
def test_a_second_failure_is_a_sentence(room: int, words: str) -> None:
    short = Short(min(room, 20))
    with pytest.raises(TaskError, match=f"memory ran out on cpu {words}.*free on cpu.*the hypothesis is as it was"):
        list(Batches(600, 256, CPU, first=64).each(lambda start, stop: short(stop - start)))
    with pytest.raises(TaskError, match="memory ran out on cpu with 1 input; "):
        list(Batches(3, 1, CPU).each(lambda start, stop: Short(0)(stop - start)))


def test_what_a_failed_batch_held_is_gone_before_the_next() -> None:
    held: list[weakref.ref[torch.Tensor]] = []

    def act(start: int, stop: int) -> None:
        assert all(tensor() is None for tensor in held)
        big = torch.zeros(stop - start)
        held.append(weakref.ref(big))
        if len(held) == 1:
            raise torch.OutOfMemoryError("CUDA out of memory.")

    list(Batches(4, 4, CPU).each(act))
    assert len(held) == 3


@pytest.mark.parametrize(
    ("error", "is_memory"),
    [
        (torch.OutOfMemoryError("CUDA out of memory"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 4 bytes"),
            True,
        ),
        (MemoryError("Unable to allocate 8 GiB"), True),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_what_is_a_lack_of_memory(error: Exception, is_memory: bool) -> None:
    assert out_of_memory(error) == is_memory


def test_a_real_allocator_that_refuses_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**60, dtype=torch.uint8)
    assert out_of_memory(caught.value)


def test_a_scrub_with_halved_batches_gives_the_same_number_and_says_so() -> None:
    plenty, short = short_task(Short(10**6)), short_task(Short(100))
    h, _ = Hypothesis().claim("a1.h0", rule="same input")
    expected, halved = plenty.scrub(h, samples=300), short.scrub(h, samples=300)
    np.testing.assert_allclose(halved.losses.scrubbed, expected.losses.scrubbed, rtol=1e-6)
    np.testing.assert_allclose(halved.losses.baseline, expected.losses.baseline, rtol=1e-6)
    assert halved.provenance["memory"] == "Memory ran out with 192 inputs at a time, so batches were halved to 96"
    assert "memory" not in expected.provenance


def test_the_clean_pass_is_halved_too() -> None:
    m, tried = gpt2(), []
    whole = m.bridge.run_with_cache

    def run_with_cache(tokens: torch.Tensor, **more: Any) -> Any:
        tried.append(len(tokens))
        if len(tokens) > len(m.tokens) // 2:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return whole(tokens, **more)

    task = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl())
    expected = task.prepare()
    again = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl())
    m.bridge.run_with_cache = run_with_cache
    try:
        prepared = again.prepare()
    finally:
        m.bridge.run_with_cache = whole
    assert tried[0] == len(m.tokens)
    assert max(tried[1:]) == len(m.tokens) // 2
    assert "halved" in prepared.clean.note
    torch.testing.assert_close(prepared.clean.stream("logits"), expected.clean.stream("logits"))


def test_the_session_says_that_memory_was_short_and_a_second_failure_keeps_the_hypothesis() -> None:
    short = Short(100)
    widget = ScrubWidget(short_task(short), samples=300)
    try:
        widget.wait(LONG)
        assert "batches were halved to 96" in widget.session.status.message
        h, _ = Hypothesis().claim("a1.h0", rule="same input")
        short.room = 10
        widget.hypothesis = h
        with pytest.raises(TaskError, match=r"memory ran out on cpu with .* the hypothesis is as it was"):
            widget.wait(LONG)
        assert widget.hypothesis == h
        assert widget._status["phase"] == "error"
        short.room = 10**6
        widget.session.run()
        assert widget.wait(LONG) is not None
    finally:
        widget.close()


# -- closing ----------------------------------------------------------------------------------------------------------


def storages() -> dict[int, int]:
    """Bytes of all tensors that are alive, by storage."""
    gc.collect()
    found = [x.untyped_storage() for x in gc.get_objects() if type(x) in (torch.Tensor, torch.nn.Parameter)]
    return {storage.data_ptr(): storage.nbytes() for storage in found}


def held() -> int:
    return sum(storages().values())


@pytest.fixture
def threads() -> Callable[[], list[threading.Thread]]:
    before = set(threading.enumerate())
    return lambda: [thread for thread in threading.enumerate() if thread not in before]


def test_closing_gives_back_the_thread_and_all_that_was_computed(threads: Callable[[], list[threading.Thread]]) -> None:
    m = gpt2()
    task = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl(), name="tiny")
    before = held()
    h, top = Hypothesis().claim("a1.h0", rule="token")
    h, _ = h.claim("a0.h0", under=f"{top}.k", rule="same input")
    widget = ScrubWidget(task, h, samples=256)
    widget.wait(LONG, checked=True)
    assert len(threads()) == 1
    assert held() > before + 1_000_000  # clean values, and the memory of scrubs
    widget.close()
    assert threads() == []
    assert held() < before + 20_000  # the graph's own small masks, made when they were first needed
    assert task.scrub(h, samples=64).loss_recovered.value is not None  # it is computed anew where it is needed


def test_a_closed_widget_is_collected_with_its_session_and_task() -> None:
    m = gpt2()
    widget = ScrubWidget(sw.Task(m.bridge, m.tokens, loss=sw.losses.kl()), samples=64)
    widget.wait(LONG, checked=True)
    gone: list[weakref.ref[object]] = [
        weakref.ref(widget),
        weakref.ref(widget.session),
        weakref.ref(widget.session.task),
    ]
    widget.close()
    del widget
    gc.collect()
    assert [reference() for reference in gone] == [None, None, None]


def test_two_widgets_on_one_task_do_not_disturb_each_other() -> None:
    m = gpt2()
    task = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl())
    first, second = ScrubWidget(task, samples=64), ScrubWidget(task, samples=64)
    second.wait(LONG)
    first.close()
    second.hypothesis = Hypothesis().claim("a1.h0", rule="same input")[0]
    assert second.wait(LONG) is not None
    second.close()


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_closing_gives_back_the_memory_of_a_gpu() -> None:
    m = gpt2()
    m.bridge.to("cuda")
    task = sw.Task(m.bridge, m.tokens, loss=sw.losses.kl())
    gc.collect()
    before = torch.cuda.memory_allocated()
    widget = ScrubWidget(task, Hypothesis().claim("a1.h0", rule="token")[0], samples=256)
    widget.wait(LONG, checked=True)
    during = torch.cuda.memory_allocated()
    widget.close()
    gc.collect()
    assert during > before
    assert torch.cuda.memory_allocated() <= before
