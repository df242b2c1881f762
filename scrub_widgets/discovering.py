"""How a session finds a circuit: in the engine thread after searches, from a frozen start, until it is cancelled."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, cast

import msgspec

from .engine.settings import Settings
from .errors import Cancelled, ScrubError
from .explore.discover import discover_steps
from .explore.discovery import Discovery
from .explore.questions import place
from .hypothesis import ROOT, Hypothesis
from .interrupt import interruptible
from .searching import PUBLISH_EVERY, whole
from .task import Task

if TYPE_CHECKING:
    from .session import Session


@dataclass(frozen=True, eq=False)
class Finding:
    """A circuit that is being found, or was.

    Attributes
    ----------
    number : int
        Counts from 1; a session keeps the newest one.
    rev : int
        The revision of the session in which it began. Later edits do not touch it.
    found : Discovery
        What was found so far.
    running : bool
        Whether the engine is at it, or will be.
    message : str
        In words.
    error : str
        Why it failed, in a sentence; "" where it did not.
    """

    number: int
    rev: int
    found: Discovery = field(repr=False)
    running: bool = True
    message: str = "waiting for the engine"
    error: str = ""

    @property
    def task(self) -> Task:
        """What it is measured on."""
        return self.found.task

    @property
    def hypothesis(self) -> Hypothesis:
        """What is claimed so far."""
        return self.found.hypothesis

    @property
    def complete(self) -> bool:
        """Whether nothing is left to do."""
        return self.found.complete

    @property
    def key(self) -> str:
        """Short name of what was asked for: a hash of it."""
        return hashlib.blake2b(msgspec.json.encode(self.found.options), digest_size=8).hexdigest()

    @property
    def fresh(self) -> int:
        """How many claims it has that it did not start with."""
        return sum(claim.id not in self.found.options.start for claim in self.hypothesis)


@dataclass(frozen=True)
class Plan:
    """What a discovery costs at most, before it begins.

    Attributes
    ----------
    scrubs : int
        At most so many.
    senders : int
        The first sweep asks about so many.
    samples : int
        References of each scrub.
    seconds : float
        How long they take, by what scrubs of the session's last discovery or search took; before there is one, by the time of
        as many plain forward passes.
    measured : bool
        Whether scrubs tell, and not plain forward passes.
    """

    scrubs: int
    senders: int
    samples: int
    seconds: float
    measured: bool


class Discovering:
    """The part of a session that finds circuits."""

    def _it(self) -> Session:
        return cast("Session", self)

    @property
    def discovery(self) -> Finding | None:
        """The circuit that is being found, or the newest that was; ``.found`` is what :func:`scrub_widgets.discover` gives."""
        return self._it()._finding

    @property
    def discovering(self) -> bool:
        """Whether a discovery is under way."""
        return self._it()._jobs.discover is not None

    def plan_discover(self, under: str = ROOT, *, present: bool = False, budget: int, **options: Any) -> Plan:
        """What :meth:`discover` with the same arguments would cost at most; nothing is begun.

        Raises
        ------
        ScrubError
            As :meth:`discover`.
        """
        return plan(self._it(), _begun(self._it(), under, present, budget, options))

    def discover(
        self, under: str = ROOT, *, present: bool = False, budget: int | None = None, **options: Any
    ) -> Finding:
        """Find a circuit from the logits, or from the present hypothesis; return at once (:attr:`discovery`).

        What it starts from is frozen: edits of the hypothesis neither end nor change it. It is found on the explored inputs
        alone; :meth:`accept_discovery` and then :meth:`confirm` measure it on the held-out ones.

        Parameters
        ----------
        under : str
            The port to begin at, as a path.
        present : bool
            Whether to begin with what is claimed now; else with nothing.
        budget : int, optional
            At most so many scrubs.
        **options
            ``rule``, ``max_claims``, ``depth``, ``threshold``, ``q``, ``prescreen`` and ``samples`` as in
            :func:`scrub_widgets.discover`; the other settings are those of the session.

        Raises
        ------
        ScrubError
            No such port or rule, an option out of its range, or a discovery is under way.
        """
        return begin(self._it(), _begun(self._it(), under, present, budget, options))

    def cancel_discover(self) -> None:
        """Stop the discovery; what it found so far stays, and :meth:`resume_discover` goes on from there."""
        stop(self._it(), "cancelled")

    def resume_discover(self) -> Finding:
        """Go on with a discovery that was cancelled: it ends as if it had never stopped.

        Raises
        ------
        ScrubError
            There is none, or nothing is left to do.
        """
        return resume(self._it())

    def wait_discover(self, timeout: float | None = None) -> Finding | None:
        """Wait until no discovery is under way; return the newest one.

        Raises
        ------
        TimeoutError
            It takes longer.
        ScrubError
            It failed.
        """
        it = self._it()
        with it._changed:
            if not it._changed.wait_for(lambda: not self.discovering, timeout):
                raise TimeoutError(f"the discovery is still running after {timeout} s.")
            if it._finding is not None and it._finding.error:
                raise ScrubError(it._finding.error)
            return it._finding

    def accept_discovery(self) -> int:
        """Make what was found so far the present hypothesis, as one step; return the new revision.

        Raises
        ------
        ScrubError
            Nothing was found, or it is still running.
        """
        it = self._it()
        with it._lock:
            finding = it._finding
            if finding is None or not finding.fresh:
                raise ScrubError("nothing was found yet that could be accepted.")
            if finding.running:
                raise ScrubError("the discovery is still running: cancel it first, or wait until it is done.")
            claims = f"{finding.fresh} {'claim' if finding.fresh == 1 else 'claims'}"
            rev = it.set_hypothesis(finding.hypothesis, f"accept the circuit found: {claims}")
            it._tell("discovery")
            return rev


def _begun(session: Session, under: str, present: bool, budget: int | None, options: dict[str, Any]) -> Discovery:
    """The discovery before its first scrub. Everything that can be refused is refused here."""
    with session._lock:
        session._open()
        task, chosen = session.task, session.settings
        samples = whole("samples", options.pop("samples", None) or chosen.samples, 2, chosen.samples)
        start = session.hypothesis if present else Hypothesis()
    settings = _plain(chosen)
    steps = discover_steps(
        task,
        start,
        under,
        budget=budget,
        samples=samples,
        confirm=False,
        **settings,
        **options,
    )
    return next(steps)


def _plain(chosen: Settings) -> dict[str, Any]:
    """The session's settings but the samples."""
    return {name: value for name, value in msgspec.structs.asdict(chosen).items() if name != "samples"}


def plan(session: Session, begun: Discovery) -> Plan:
    """The cost of a discovery that has a budget."""
    task, options = begun.task, begun.options
    assert options.budget is not None
    senders = len(place(task.graph.layout, options.start, options.under).senders)
    samples = options.settings.samples
    known = _each(session)
    each = task.prepare().seconds / len(task) if known is None else known
    return Plan(options.budget, senders, samples, each * samples * options.budget, known is not None)


def _each(session: Session) -> float | None:
    """Seconds that a scrub of one reference took here; None before there was one."""
    finding = session._finding
    if finding is not None and finding.found.scrubs:
        return finding.found.seconds / finding.found.scrubs / finding.found.options.settings.samples
    for search in reversed(session.searches):
        if search.first is not None and len(search.first):
            return search.first.seconds / len(search.first) / search.samples
    return None


def begin(session: Session, begun: Discovery) -> Finding:
    """Have it worked on by the engine thread."""
    with session._lock:
        session._open()
        if session._jobs.discover is not None:
            raise ScrubError("a discovery is under way: cancel it first, or wait until it is done.")
        number = 1 if session._finding is None else session._finding.number + 1
        return _wanted(session, Finding(number, session.rev, begun))


def resume(session: Session) -> Finding:
    """Have the newest one worked on again."""
    with session._lock:
        session._open()
        finding = session._finding
        if finding is None:
            raise ScrubError("there is no discovery to resume; begin one.")
        if finding.running:
            return finding
        if finding.complete:
            raise ScrubError(f"the discovery is complete ({finding.found.stopped or finding.message}); begin another.")
        return _wanted(session, replace(finding, running=True, message=finding.found.message, error=""))


def _wanted(session: Session, finding: Finding) -> Finding:
    session._finding = finding
    session._jobs.discover = finding.number
    session._tell("discovery")
    session._changed.notify_all()
    return finding


def stop(session: Session, message: str, error: str = "") -> None:
    """End the discovery that is under way, at once as far as anyone sees; what it has stays."""
    with session._lock:
        if session._jobs.discover is not None and session._finding is not None:
            session._jobs.discover = None
            session._finding = replace(session._finding, running=False, message=message, error=error)
            session._tell("discovery")
        session._changed.notify_all()


def moved(session: Session) -> None:
    """After an edit: whether what was found is the present hypothesis may have changed."""
    if session._finding is not None:
        session._tell("discovery")


def work(session: Session, number: int) -> None:
    """The engine thread: one answer after the other. Gives way to everything but checks, and goes on after it."""

    def wanted() -> None:
        with session._lock:
            if session._jobs.discover != number or session._closed or session._jobs.before("discover"):
                raise Cancelled("cancelled")

    finding = session._finding
    assert finding is not None
    try:
        with interruptible(wanted):
            told = 0.0
            for found in _steps(finding.found):
                told = _tell(session, found, wanted, told)
    except Cancelled:
        return
    except Exception as error:  # noqa: BLE001 - whatever happens must reach the person, not a lost thread
        session.last_error = error
        stop(session, "failed", str(error) or type(error).__name__)
        return
    with session._lock:
        if session._jobs.discover == number:
            stop(session, "done")


def _steps(found: Discovery) -> Iterator[Discovery]:
    return found.more()


def _tell(session: Session, found: Discovery, wanted: Callable[[], None], told: float) -> float:
    """Keep what was found so far and tell of it, at most every ``PUBLISH_EVERY`` seconds; returns when it was told last."""
    with session._lock:
        wanted()
        finding = session._finding
        assert finding is not None
        session._finding = replace(finding, found=found, message=found.message)
        session._record.count_searched(finding.key, found.tries)
        if time.monotonic() - told <= PUBLISH_EVERY and len(found.steps) == len(finding.found.steps):
            return told
        session._tell("discovering")
        return time.monotonic()
