"""``ScrubWidget(task)``: the last line of a cell is the app."""

from __future__ import annotations

import html
import os
import threading
import weakref
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from .. import made
from ..classes import RuleFunction
from ..comparing import Compared
from ..confirm import Confirmation
from ..errors import ScrubError, listed, suggestion
from ..history import Outcome, Status
from ..hypothesis import ROOT, Hypothesis
from ..lessons import Course, Lesson, Progress
from ..past import Past
from ..result import Result
from ..sample import Sample
from ..session import Session
from ..task import Task
from . import answers, charts, discover, export, history, lessons, publish, search, suggest, wire

if TYPE_CHECKING:
    from matplotlib.figure import Figure

STATIC = Path(__file__).parent / "static"
SHOW_AS_HTML = "SCRUB_WIDGETS_STATIC"
"""Environment variable: set to 1, widgets display as self-contained HTML with the finished result, for exports."""


class ScrubWidget(anywidget.AnyWidget):
    """Test a hypothesis about a model by clicking.

    Parameters
    ----------
    task : Task, optional
        What is scrubbed; without one, the widget offers those that ship.
    hypothesis : Hypothesis, optional
        Where to start.
    lesson : str, Path or dict, optional
        A lesson to begin with, as :func:`scrub_widgets.lessons.load` takes it.
    progress : path, optional
        File that keeps what is done in the lesson, and is read when it begins.
    samples, seed, unclaimed, baseline
        As in :meth:`scrub_widgets.Task.scrub`.
    height : int
        Least height of the view in pixels.
    """

    _session: Session | None = None
    _course: Course | None = None
    _course_can_close = True

    _esm = STATIC / "widget.js"
    _css = STATIC / "widget.css"

    # Synced traits are private: the public attributes are the Python values behind them.
    _graph = traitlets.Dict().tag(sync=True, echo_update=False)
    _task = traitlets.Dict().tag(sync=True, echo_update=False)
    _state = traitlets.Dict().tag(sync=True, echo_update=False)
    _result = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _examples = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _charts = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _status = traitlets.Dict().tag(sync=True, echo_update=False)
    _confirm = traitlets.Dict().tag(sync=True, echo_update=False)
    _history = traitlets.Dict().tag(sync=True, echo_update=False)
    _compare = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _searches: traitlets.List[Any] = traitlets.List().tag(sync=True, echo_update=False)
    _discovery = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _suggestion = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _selection = traitlets.Dict().tag(sync=True)
    _samples = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True, echo_update=False)
    _static = traitlets.Bool(default_value=False).tag(sync=True)
    _lesson = traitlets.Dict().tag(sync=True, echo_update=False)
    _height = traitlets.Int(600).tag(sync=True)
    _id = traitlets.Unicode().tag(sync=True)  # by which a view asks its host whether this kernel still lives

    def __init__(
        self,
        task: Task | None = None,
        hypothesis: Hypothesis | None = None,
        *,
        lesson: str | Path | Mapping[str, object] | Lesson | None = None,
        progress: str | Path | None = None,
        height: int = 600,
        **chosen: Any,
    ) -> None:
        if task is not None and not isinstance(task, Task):
            raise ScrubError(
                f"ScrubWidget takes a Task, for example sw.load_task('induction'), not {type(task).__name__}."
            )
        unknown = [name for name in chosen if name not in _SETTINGS]
        if unknown:
            known = ("hypothesis", "lesson", "progress", "height", *_SETTINGS)
            raise ScrubError(
                f"ScrubWidget has no argument {listed(unknown)}; it has {listed(known)}.{suggestion(unknown[0], known)}"
            )
        given = [*chosen, *(["hypothesis"] if hypothesis is not None else [])]
        task, taught, path, start = lessons.starting(task, given, lesson, progress)
        if task is None and given:
            raise ScrubError(f"{listed(given)} needs a task: sw.ScrubWidget(task, ...).")
        self._traits_lock = threading.RLock()
        session = None if task is None else Session(task, **{"hypothesis": hypothesis, **chosen, **start})
        try:
            super().__init__(_height=height, **_first(session))
        except BaseException:
            if session is not None:
                session.close()
            raise
        _let_go()
        self._id = self.model_id
        self.on_msg(_on_message)
        if session is not None:
            self._follow(session)
        if taught is not None:
            lessons.open_lesson(self, taught, path, can_close=False)

    def _begin(self, task: Task) -> None:
        """Work on a task, in a widget that had none."""
        if self.has_task:
            raise ScrubError(f"this widget works on '{self.session.task.name}'; make another for another task.")
        session = Session(task)
        self._set(**_first(session))
        self._follow(session)

    def _follow(self, session: Session) -> None:
        self._session, self._shown = session, session.task
        # The session must not keep the widget alive, nor the widget miss what happened while it was made.
        me = weakref.ref(self)
        session.subscribe(lambda _, what: _forward(me, what))
        for what in ("state", "result", "status", "confirm"):
            self._show(what)

    # -- what a user does -------------------------------------------------------------------------------------------

    @property
    def hypothesis(self) -> Hypothesis:
        """The present hypothesis; set it to change what is shown and computed, as one undo step."""
        return self.session.hypothesis

    @hypothesis.setter
    def hypothesis(self, value: Hypothesis) -> None:
        self.session.set_hypothesis(value)

    @property
    def result(self) -> Result | None:
        """The newest complete result; ``wait()`` for one that is up to date."""
        return self.session.result

    @property
    def selection(self) -> dict[str, Any]:
        """What is selected: ``nodes``, ``claim`` and ``under``, the port that a new claim goes to; can be set."""
        return dict(self._selection)

    @selection.setter
    def selection(self, value: dict[str, Any]) -> None:
        chosen = {"nodes": [], "claim": None, "under": ROOT, **value}
        unknown = [
            name for name in chosen["nodes"] if name not in self.session.task.graph.layout.by_id and name != ROOT
        ]
        if unknown or set(chosen) != {"nodes", "claim", "under"}:
            raise ScrubError(
                f"a selection has nodes (components), claim (an id or None) and under (a port's path), not {value!r}."
            )
        self._set(_selection=_possible(chosen, self.hypothesis))

    @property
    def last_error(self) -> Exception | None:
        """The last error of an edit or a run, also one that was only shown in the widget."""
        return self.session.last_error

    def undo(self) -> None:
        """Go back one step."""
        self.session.undo()

    def redo(self) -> None:
        """Take back the last undo."""
        self.session.redo()

    def label(self, claim: str, *, name: str | None = None, note: str | None = None) -> None:
        """Name a claim, or note something about it; an empty text takes it away. It changes no number."""
        self.session.label(claim, name=name, note=note)

    @property
    def history(self) -> Past:
        """Every step so far, with its number where it is known."""
        return self.session.history

    def restore(self, step: int) -> None:
        """Go to any step of the history; undo then leads on to what that was made from."""
        self.session.restore(step)

    def mark(self, step: int, *, name: str | None = None, note: str | None = None) -> None:
        """Name a step of the history, or note something about it."""
        self.session.mark(step, name=name, note=note)

    def compare(self, a: int, b: int, timeout: float | None = None) -> Compared:
        """The difference of two steps of the history, b minus a, paired by reference; shown in the view as well."""
        return self.session.compare(a, b, timeout)

    def cancel(self) -> None:
        """Stop the run; what was shown stays."""
        self.session.cancel()

    def wait(self, timeout: float | None = None, *, checked: bool = False) -> Result | None:
        """Wait until the present hypothesis has its result (or the run was cancelled), and return it.

        With ``checked``, wait as well for the warnings that need runs of their own and for the matched null.
        """
        return self.session.wait(timeout, checked=checked)

    def confirm(self, timeout: float | None = None) -> Confirmation:
        """Measure the present hypothesis on the held-out inputs, once; a second time gives the recorded number."""
        return self.session.confirm(timeout)

    @property
    def confirmations(self) -> tuple[Confirmation, ...]:
        """What was measured on the held-out inputs, oldest first, each with the count of tries before it."""
        return self.session.confirmations

    @property
    def has_task(self) -> bool:
        """Whether there is something to work on; a widget that was given no task offers those that ship."""
        return self._session is not None

    @property
    def session(self) -> Session:
        """The work behind the view."""
        if self._session is None:
            raise ScrubError(
                "this widget has no task yet: choose a starter in it, or make one with sw.ScrubWidget(task)."
            )
        return self._session

    @property
    def lesson(self) -> Course:
        """The lesson that is open: ``go(step)``, ``answer(choice)``, ``check()``, ``hint()``, ``note(...)``, ``reset()``."""
        if self._course is None:
            raise ScrubError("no lesson is open: sw.ScrubWidget(lesson='L1'), or the Lesson button.")
        return self._course

    @property
    def progress(self) -> Progress:
        """What was done in the lesson: attempts, hints taken, steps done, notes."""
        return self.lesson.progress

    def sample(self, number: int, at: int | None = None) -> Sample:
        """One example of the newest complete result, node by node: what its Sample tab shows.

        Parameters
        ----------
        number : int
            Which of the references, from 0.
        at : int, optional
            The position whose draws are listed, where every position has draws of its own.

        Raises
        ------
        ScrubError
            There is no complete result yet, or no such example or position.
        """
        if self.result is None:
            raise ScrubError("there is no complete result yet: wait() for it.")
        return self.result.sample(number, at)

    def figure(self, name: str = "recovered", *, rule: str | None = None) -> Figure:
        """A matplotlib ``Figure`` of one of the charts.

        Parameters
        ----------
        name : {"recovered", "examples", "positions", "trail", "waterfall", "history"}
            Which; a waterfall that was not measured yet is measured.
        rule : str, optional
            Whose classes are marked, in ``"examples"``.

        Raises
        ------
        ScrubError
            No such figure, no complete result yet, or nothing that it could show.
        """
        from ..plots import figure  # matplotlib is loaded only for those who plot

        return figure(self.session, name, rule)

    def to_html(self, path: str | Path) -> Path:
        """Write what the widget shows as one offline HTML file, read-only; return its path.

        Of a finished result, the checks that are still to come are waited for.
        """
        if self.session.status.phase == "done":
            self.wait(checked=True)  # the page keeps what it is given
        target = Path(path)
        target.write_text(export.page(self), encoding="utf-8")
        return target

    def to_script(self) -> str:
        """A Python script that makes the present hypothesis and prints its loss recovered."""
        return export.script(self.session)

    def close(self) -> None:
        """Stop the engine thread, forget what was computed, and remove the views."""
        if self._session is not None:
            self._session.close()
        super().close()

    # -- rules and rewrites made here -------------------------------------------------------------------------------

    def add_rule(self, name: str, function: RuleFunction) -> None:
        """One more rule of your own in the palette: ``f(batch) -> labels`` of shape ``[n]`` or ``[n, pos]``.

        It is given to the task, in all steps of the history: undo does not take it away.
        """
        self.session.add_rule(name, function)

    def make_rule(self, name: str, spec: made.AnyRule) -> None:
        """Make a rule as the palette does, one undo step: ``widget.make_rule("A", sw.made.Regex(pattern="(A.)"))``."""
        self.session.make_rule(name, spec)

    def rewrite(self, spec: made.AnyRewrite) -> None:
        """Write a component as parts, one undo step: ``widget.rewrite(sw.made.Pca(component="a1.h0", name="pc1", k=1))``."""
        self.session.rewrite(spec)

    def unsplit(self, component: str, rule: str | None = None) -> None:
        """Put a rewritten component together again, one undo step; ``rule`` where its parts are not claimed alike."""
        self.session.unsplit(component, rule)

    @property
    def vectors(self) -> dict[str, Any]:
        """Directions of your own by name, ``[d_model]`` or ``[k, d_model]``, to rewrite components with."""
        return self.session.task.vectors

    # -- between session and view -----------------------------------------------------------------------------------

    def set_state(self, sync_data: dict[str, Any]) -> None:
        """What the view writes; under the same lock as what the engine thread writes."""
        with self._traits_lock:
            super().set_state(sync_data)

    def get_state(self, key: Any = None, drop_defaults: bool = False) -> dict[str, Any]:
        """What a view is given; examples and result belong together."""
        with self._traits_lock:
            state: dict[str, Any] = super().get_state(key, drop_defaults)
            return state

    def _set(self, **values: Any) -> None:
        with self._traits_lock:
            for name, value in values.items():
                setattr(self, name, value)

    def _show(self, what: str) -> None:
        """Bring the view up to date with the session."""
        session = self.session
        if what == "state":
            self._show_task()
            self._set(_selection=_possible(self._selection, session.hypothesis))
            self._set(_state=wire.plain(publish.state_of(session)), _confirm=wire.plain(publish.confirm_of(session)))
            self._show("history")
        elif what == "status":
            self._set(_status=wire.plain(publish.status_of(session.status)))
        elif what in EXPLORING:
            EXPLORING[what](self, what)
        elif what == "confirm":
            self._set(_confirm=wire.plain(publish.confirm_of(session)))
        elif what == "charts" and session.outcome is not None:
            self._set(_charts=wire.plain(charts.charts_of(session.outcome)))
        elif what == "history":
            self._set(_history=wire.plain(history.history_of(session)))
        elif what == "compare":
            compared = history.compare_of(session)
            self._set(_compare=None if compared is None else wire.plain(compared))
        elif session.outcome is not None:
            self._show_outcome(what, session.outcome)

    def _show_outcome(self, what: str, outcome: Outcome) -> None:
        """Bring the result up to date."""
        shown = publish.result_of(outcome)
        if what == "partial":
            self.send(wire.plain(wire.Partial(result=shown)))
        elif what == "checked":
            self._set(_result=wire.plain(shown))
        else:
            # The examples first: they are there when the result is drawn.
            self._set(
                _examples=wire.plain(publish.examples_of(outcome)),
                _charts=wire.plain(charts.charts_of(outcome)),
                _result=wire.plain(shown),
            )

    def _show_task(self) -> None:
        """The palette and the map, if rules or rewrites were made or undone; in one message, before the claims."""
        task = self.session.task
        if task is self._shown:
            return
        graph = wire.plain(publish.graph_of(task)) if task.graph is not self._shown.graph else self._graph
        self._shown = task
        with self.hold_sync():
            self._set(_graph=graph, _task=wire.plain(publish.task_of(self.session)))

    def _answer(self, content: Any) -> None:
        """Handle one message of the view; a refusal is a sentence in the view, never a lost traceback."""
        answer: wire.AnyAnswer | None
        try:
            answer = answers.answer(self, wire.read_message(content))
        except Exception as error:  # noqa: BLE001 - prints and tracebacks of callbacks vanish: show them in the view
            if self.has_task:
                self.session.last_error = error
            known = str(content.get("id", "")) if isinstance(content, dict) else ""
            answer = wire.Rejected(id=known, message=str(error) or type(error).__name__)
        if answer is not None:
            self.send(wire.plain(answer))

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        if os.environ.get(SHOW_AS_HTML) != "1":
            return super()._repr_mimebundle_(**kwargs)
        self.wait(checked=True)
        frame = html.escape(export.page(self), quote=True)
        style = f"width:100%;height:{self._height + 40}px;border:0"
        return {"text/html": f'<iframe srcdoc="{frame}" style="{style}"></iframe>', "text/plain": repr(self)}, {}

    def __repr__(self) -> str:
        if not self.has_task:
            return "ScrubWidget()"
        task = self.session.task.name
        return f"ScrubWidget(task '{task}', {len(self.hypothesis)} claims, {self.session.status.phase})"


EXPLORING: Mapping[str, Callable[[ScrubWidget, str], None]] = {
    "search": search.show,
    "searching": search.show,
    "discovery": discover.show,
    "discovering": discover.show,
    "suggestion": suggest.show,
}
"""What a session tells of, and who shows it."""

_SETTINGS = ("samples", "seed", "unclaimed", "baseline")


def _first(session: Session | None) -> dict[str, Any]:
    """The traits of a session that begins, or of a widget without one."""
    selection = wire.plain(wire.Selection(nodes=[], claim=None, under=ROOT))
    if session is None:
        waiting = publish.status_of(Status("idle", 0, message="no task yet"))
        return {
            "_lesson": wire.plain(lessons.info(None, None)),
            "_status": wire.plain(waiting),
            "_selection": selection,
        }
    return {
        "_graph": wire.plain(publish.graph_of(session.task)),
        "_task": wire.plain(publish.task_of(session)),
        "_state": wire.plain(publish.state_of(session)),
        "_status": wire.plain(publish.status_of(session.status)),
        "_confirm": wire.plain(publish.confirm_of(session)),
        "_history": wire.plain(history.history_of(session)),
        "_lesson": wire.plain(lessons.info(session.task.name, None)),
        "_selection": selection,
    }


def _let_go() -> None:
    """Be forgotten by what anywidget watches: for the sake of sources that change, it keeps every widget for ever."""
    if os.environ.get("ANYWIDGET_HMR") == "1":  # somebody develops, and wants them to
        return
    watched: tuple[Any, Any] = (ScrubWidget._esm, ScrubWidget._css)
    for contents in watched:
        contents.changed.disconnect()


def _on_message(widget: ScrubWidget, content: Any, _: Any) -> None:
    widget._answer(content)


def _forward(reference: weakref.ref[ScrubWidget], what: str) -> None:
    widget = reference()
    if widget is not None:
        widget._show(what)


def _possible(selected: dict[str, Any], hypothesis: Hypothesis) -> dict[str, Any]:
    """A selection without claims that are gone."""
    claim = selected.get("claim")
    under = selected.get("under", ROOT)
    owner = under if under in hypothesis else under.rpartition(".")[0]
    return {
        "nodes": list(selected.get("nodes", [])),
        "claim": claim if claim is not None and claim in hypothesis else None,
        "under": under if under == ROOT or owner in hypothesis else ROOT,
    }
