"""A task: a model's graph, its data, a loss and rules. Scripts, tests and the widget all scrub through it."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from importlib.metadata import version
from typing import Any

import numpy as np
import torch
from torch import Tensor
from tqdm.auto import tqdm

from . import rules as rules_
from .classes import Batch, Classes, Ints, RuleFunction, classify
from .data import Data
from .engine.draws import Draws, draw_references, stream
from .engine.evaluate import Evaluator
from .engine.memo import Memo
from .engine.prepared import Prepared, loss_values, prepare
from .engine.run import Scrub, baseline_name
from .engine.settings import Settings, settings
from .errors import HypothesisError, TaskError, listed, suggestion
from .graph.bridge import check_exact, read_bridge
from .graph.functions import FunctionGraph, Functions
from .graph.graph import Graph, Inputs, Progress
from .graph.rewritten import Agreement, rewritten
from .hypothesis import Hypothesis
from .inputs import (
    check_apart,
    check_vocabulary,
    claimed_positions,
    places,
    read_columns,
    read_mask,
    read_tokens,
    read_values,
)
from .losses import Loss, LossFunction, custom
from .measure import estimates
from .measure.estimates import Floats
from .result import Comparison, Result
from .rewrites import Rewrite

PROBE = 4
"""Inputs on which the decomposition of a model is checked before anything else."""


class Task:
    """What a hypothesis is tested on.

    Parameters
    ----------
    model : TransformerBridge or FunctionGraph
        Any TransformerLens 4 bridge that decomposes into heads, MLPs and a residual stream (checked at once), or a graph of
        plain functions.
    tokens : Tensor or mapping of str to array
        The inputs, int ``[n, pos]``; for a graph of functions its inputs by name, ``[n, ...]`` each. Donors and references
        are drawn from them.
    loss : Loss or callable
        One of :mod:`scrub_widgets.losses`, or ``f(logits [n, pos, vocab], batch) -> [n]``; for a graph of functions the
        logits are the output's value, ``[n, 1, d]``.
    rules : mapping, optional
        Rules of your own by name: ``f(batch) -> labels`` of shape ``[n]`` or ``[n, pos]``.
    columns : mapping, optional
        What else is known of each input, ``[n, ...]``; each column with one value an input is a rule too.
    attention_mask : Tensor, optional
        ``[n, pos]``, 1 where there is a token.
    roles : mapping, optional
        Names of token positions, the same in all inputs, for ``positions="subject"``. A column of whole numbers can be
        named there as well: each input's own position.
    vocab : sequence of str or callable, optional
        How to write a token id; default: the model's tokenizer, else the number.
    name : str
        For people.
    hypotheses : mapping, optional
        Ready-made hypotheses by name.
    held_out : float, Task or callable, optional
        Data that exploring never touches, for :meth:`Session.confirm <scrub_widgets.Session.confirm>`: a share of the
        inputs (drawn once, the rest stays), or a task of its own (or a function that makes it when it is first needed).

    Raises
    ------
    TaskError
        Inputs of a wrong shape or outside the vocabulary, a model that cannot be decomposed, a loss that reads nowhere.
    """

    def __init__(
        self,
        model: Any,
        tokens: Any,
        *,
        loss: Loss | LossFunction,
        rules: Mapping[str, RuleFunction] | None = None,
        columns: Mapping[str, Any] | None = None,
        attention_mask: Any = None,
        roles: Mapping[str, int | Sequence[int]] | None = None,
        vocab: Sequence[str] | Callable[[int], str] | None = None,
        name: str = "task",
        hypotheses: Mapping[str, Hypothesis] | None = None,
        held_out: float | Task | Callable[[], Task] | None = None,
    ) -> None:
        self.name = name
        self.model = model
        self.loss = loss if isinstance(loss, Loss) else custom(loss)
        if isinstance(model, FunctionGraph):
            inputs, standard = _values(tokens), [rules_.SAME, rules_.ANY]
            columns = {**{name: value.numpy() for name, value in inputs.values.items()}, **(columns or {})}
        else:
            inputs, standard = _tokens(tokens, attention_mask), list(rules_.STANDARD)
        self.data = Data(inputs, read_columns(columns, len(inputs), self.loss), partial(_word, model, vocab))
        self.roles = {role: places(role, at, self.positions) for role, at in (roles or {}).items()}
        self.hypotheses = dict(hypotheses or {})
        # Two locks: a click that asks for the classes of a rule must not wait for what the engine computes.
        self._computing = threading.RLock()
        self._classifying = threading.RLock()
        self._null_seed: int | None = None
        self._fresh()
        self.rules = {**{name: rules_.STANDARD[name] for name in standard}, **self._column_rules(), **(rules or {})}
        _check_functions(self.rules)
        self.loss.reads(self.positions)
        self.exactness: dict[str, float] = {}
        self.graph: Graph
        self.rewrites: tuple[Agreement, ...] = ()
        if isinstance(model, FunctionGraph):
            self.graph = Functions(model, inputs)
        else:
            with torch.inference_mode():
                self.graph = transformer = read_bridge(model, self.positions)
                check_vocabulary(self.tokens, model)
                self.exactness = check_exact(transformer, _probe(inputs).to(transformer.device))
        self._held_out = self._split_off(held_out) if isinstance(held_out, float) else held_out

    def _fresh(self) -> None:
        """Forget what was computed."""
        self._memo = Memo()
        self._classes: dict[str, Classes] = {}
        self._prepared: Prepared | None = None

    def _copy(self) -> Task:
        """The same task, to be changed; what was computed on the data stays known, the memory of scrubs does not."""
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._memo = Memo()
        other._classes = dict(self._classes)
        return other

    def _with(self, change: Callable[[Task], Task]) -> Callable[[], Task] | None:
        """The held-out part under the same change, made when it is first needed."""
        return None if self._held_out is None else lambda: change(self._its_held_out())

    # -- what there is ----------------------------------------------------------------------------------------------

    @property
    def tokens(self) -> Tensor:
        """The inputs, ``[n, pos]``; their numbers ``[n, 1]`` for a graph of functions."""
        return self.data.inputs.tokens

    @property
    def mask(self) -> Tensor | None:
        """Attention mask ``[n, pos]``, True where there is a token."""
        return self.data.inputs.mask

    @property
    def columns(self) -> Mapping[str, Any]:
        """What else is known of each input, ``[n, ...]``."""
        return self.data.columns

    @property
    def held_out(self) -> Task | None:
        """The same task on data that exploring never touched, if there is such."""
        return None if self._held_out is None else self._its_held_out()

    def _its_held_out(self) -> Task:
        if not isinstance(self._held_out, Task):
            assert self._held_out is not None
            self._held_out = self._held_out()
            self._held_out.name = f"{self.name}, held-out part"
        return self._held_out

    def _split_off(self, share: float) -> Callable[[], Task]:
        """Set a share of the inputs apart, always the same ones."""
        everything, n = self.data, len(self)
        apart = round(share * n)
        if not 2 <= apart <= n - 2:
            raise TaskError(
                f"held_out= takes a share of the inputs that leaves at least 2 on both sides, or a Task; {share!r} of {n} inputs "
                "does not."
            )
        order = stream(0, "held out").permutation(n)
        rest, held = np.sort(order[apart:]), np.sort(order[:apart])
        self.data = everything.take(rest)

        def make() -> Task:
            other = self._copy()
            other._fresh()
            other.data = everything.take(held)
            other._held_out = None
            return other

        return make

    @property
    def positions(self) -> int:
        """Length of the inputs."""
        return self.data.positions

    def __len__(self) -> int:
        """Number of inputs."""
        return len(self.tokens)

    def __repr__(self) -> str:
        of = "" if self.data.inputs.values else f" of {self.positions} tokens"
        return (
            f"Task '{self.name}': {len(self)} inputs{of}, {len(self.graph.layout.names)} components, "
            f"loss: {self.loss.name}" + "".join(f"; {agreement}" for agreement in self.rewrites)
        )

    @property
    def texts(self) -> tuple[tuple[str, ...], ...]:
        """Every input as text, token by token."""
        return self.data.texts

    def word(self, token: int) -> str:
        """A token id as text."""
        return self.data.word(token)

    def batch(self, inputs: Ints | None = None, *, device: torch.device | None = None, text: bool = False) -> Batch:
        """Inputs as rules (on the CPU) and losses (on the model's device) see them."""
        index = np.arange(len(self)) if inputs is None else np.asarray(inputs)
        return self.data.batch(index, device=device, text=text)

    def classes(self, rule: str) -> Classes:
        """The equivalence classes that a rule makes of the inputs.

        Raises
        ------
        RuleError
            No such rule, it raises, or its labels have a wrong shape.
        """
        with self._classifying:
            if rule not in self._classes:
                function = rules_.find(rule, self.rules, self.positions)
                classes = classify(rule, function, self.batch(text=True))
                if self._null_seed is not None:
                    order = stream(self._null_seed, f"permuted {rule}").permutation(len(self))
                    classes = classes.permuted(order)
                self._classes[rule] = classes
            return self._classes[rule]

    def with_rules(self, mapping: Mapping[str, RuleFunction] | None = None, **named: RuleFunction) -> Task:
        """The same task with more rules; a rule of the same name is replaced."""
        new = {**(mapping or {}), **named}
        _check_functions(new)
        other = self._copy()
        other.rules = {**self.rules, **new}
        for rule in new:
            other._classes.pop(rule, None)
        other._held_out = self._with(lambda held: held.with_rules(new))
        return other

    def rewrite(self, *rewrites: Rewrite) -> Task:
        """The same task with components written as parts: ``task.rewrite(sw.rewrites.direction("m0", vectors))``.

        Both sides are compared on all inputs and on random ones; ``rewrites`` of the new task says how exactly they agree.

        Raises
        ------
        RewriteError
            The parts do not make up the component (the worst example is named), or there is no such component.
        """
        prepared, other = self.prepare(), self._copy()
        graph, clean, agreed = self.graph, prepared.clean, list(self.rewrites)
        for rewrite in rewrites:
            with self._computing, torch.inference_mode():
                graph, clean, agreement = rewritten(graph, clean, rewrite)
            agreed.append(agreement)
        other.graph, other.rewrites = graph, tuple(agreed)
        other._prepared = replace(prepared, model=graph, clean=clean)
        other.__dict__.pop("_model_fingerprint", None)
        other._held_out = self._with(lambda held: held.rewrite(*rewrites))
        return other

    def permuted(self, seed: int = 0) -> Task:
        """The same task with the labels of every rule permuted over the inputs: rules that know nothing.

        A hypothesis scrubbed here is the **matched null** of itself: the same tree, sharing and class sizes. What it
        recovers comes from self-samples and from averaging over independent draws; compare a hypothesis with it.
        """
        other = self._copy()
        other._null_seed = seed
        other._classes = {}
        other.name = f"{self.name}, labels permuted"
        other._held_out = self._with(lambda held: held.permuted(seed))
        return other

    # -- scrubbing --------------------------------------------------------------------------------------------------

    def check(self, hypothesis: Hypothesis) -> None:
        """Refuse a hypothesis that cannot be scrubbed here, before any long work.

        Raises
        ------
        HypothesisError, RuleError
            The sentence says what was expected and what exists.
        """
        self.graph.layout.check(hypothesis)
        where = claimed_positions(hypothesis, self.roles, self.columns, self.positions)
        for claim in hypothesis:
            self.classes(claim.rule)
        check_apart(hypothesis, where)

    def scrub(
        self,
        hypothesis: Hypothesis,
        samples: int = 1024,
        seed: int = 0,
        unclaimed: str = "per receiver",
        baseline: str | Sequence[str] = "shuffled",
        *,
        progress: bool = True,
    ) -> Result:
        """Scrub a hypothesis.

        Parameters
        ----------
        hypothesis : Hypothesis
            What to test.
        samples : int
            Reference inputs, drawn with replacement.
        seed : int
            Key of all draws: hypotheses with one seed are compared on common random numbers.
        unclaimed : {"per receiver", "per component", "global"}
            Who shares the random donor of unclaimed inputs.
        baseline : {"shuffled", "ablated"} or sequence of str
            What 0 % is: the output on a random input, or components on random inputs (those claimed under the output,
            or the ones named).
        progress : bool
            Whether to show a progress bar when it takes long.

        Returns
        -------
        Result
            Estimates with intervals, per-example losses, donors, warnings.
        """
        chosen = settings(samples, seed, unclaimed, baseline)
        with tqdm(total=samples, desc="scrub", unit="input", leave=False, delay=2.0, disable=not progress) as bar:
            result = None
            for result in self.stream(hypothesis, chosen):
                bar.update(len(result.losses) - bar.n)
        assert result is not None
        return result

    def stream(
        self, hypothesis: Hypothesis, chosen: Settings | None = None, progress: Progress | None = None
    ) -> Iterator[Result]:
        """Scrub chunk by chunk: a result over all references so far, after each chunk.

        Parameters
        ----------
        hypothesis : Hypothesis
            What to test.
        chosen : Settings, optional
            Samples, seed, policy, baseline.
        progress : callable, optional
            ``progress(done, total)`` during the first clean pass over the data; what it raises ends the pass.
        """
        chosen = chosen or Settings()
        self.check(hypothesis)
        if not isinstance(chosen.baseline, str):
            self._known(chosen.baseline)
        prepared = self.prepare(progress)
        run, draws = self._scrub(hypothesis, chosen, prepared)
        provenance = self._provenance(chosen)
        classes = {claim.rule: self.classes(claim.rule) for claim in hypothesis}
        chunks = run.stream()
        while True:
            with self._computing:
                losses = next(chunks, None)
            if losses is None:
                return
            against = partial(self._against, run, len(losses))
            layout = self.graph.layout
            yield Result(
                hypothesis, chosen, losses, classes, provenance, self, draws, layout, tuple(run.baselines), against
            )

    def matched_null(
        self,
        hypothesis: Hypothesis,
        samples: int = 1024,
        seed: int = 0,
        unclaimed: str = "per receiver",
        baseline: str | Sequence[str] = "shuffled",
    ) -> Result:
        """What a hypothesis recovers if its rules knew nothing: the same tree, sharing and class sizes, permuted labels.

        Parameters are those of :meth:`scrub`; see :meth:`permuted`.
        """
        self.prepare()
        return self.permuted(seed).scrub(hypothesis, samples, seed, unclaimed, baseline)

    def compare(
        self,
        first: Hypothesis,
        second: Hypothesis,
        samples: int = 1024,
        seed: int = 0,
        unclaimed: str = "per receiver",
        baseline: str | Sequence[str] = "shuffled",
    ) -> Comparison:
        """Difference of two hypotheses in loss recovered, paired by reference, on common random numbers."""
        a, b = (self.scrub(h, samples, seed, unclaimed, baseline) for h in (first, second))
        gap = a.losses.baseline - a.losses.model
        if baseline == "ablated" and not np.array_equal(a.losses.baseline, b.losses.baseline):
            raise HypothesisError(
                "the two hypotheses claim different components under 'logits', so their 'ablated' baselines differ; "
                "name the components, baseline=['a1.h0', ...], or take 'shuffled'."
            )
        return Comparison(a, b, estimates.ratio(a.losses.scrubbed - b.losses.scrubbed, gap))

    def loss_of(self, logits: Any, references: Any) -> Floats:
        """The task's loss for given logits.

        Parameters
        ----------
        logits : Tensor
            ``[n, pos, vocab]``.
        references : array of int
            The inputs whose labels count, ``[n]``.

        Returns
        -------
        array of float
            ``[n]``.
        """
        index = np.asarray(references, dtype=np.int64)
        values = torch.as_tensor(logits, device=self.graph.device)
        if values.ndim != 3 or values.shape[:2] != (len(index), self.positions):
            raise TaskError(
                f"expected logits of shape [{len(index)}, {self.positions}, vocab] for {len(index)} references, "
                f"not {list(values.shape)}."
            )
        prepared = self.prepare()
        with torch.inference_mode():
            clean = prepared.clean_logits(torch.from_numpy(index).to(self.graph.device))
            read = values[:, prepared.reads]
            losses = loss_values(self.loss, read, self.batch(index, device=self.graph.device), clean)
        numbers: Floats = losses.double().cpu().numpy()
        return numbers

    def prepare(self, progress: Progress | None = None) -> Prepared:
        """The clean pass over the data, made once; scrubbing makes it when needed."""
        with self._computing:
            if self._prepared is None:
                with torch.inference_mode():
                    self._prepared = prepare(
                        self.graph,
                        self.data.inputs.to(self.graph.device),
                        self.loss,
                        self._device_batch,
                        progress,
                    )
            return self._prepared

    def evaluator(self, hypothesis: Hypothesis, chosen: Settings) -> Evaluator:
        """The engine's evaluator of a hypothesis, for those who want scrubbed logits or values."""
        self.check(hypothesis)
        return self._scrub(hypothesis, chosen, self.prepare())[0].evaluator

    # -- inside -----------------------------------------------------------------------------------------------------

    def _scrub(self, hypothesis: Hypothesis, chosen: Settings, prepared: Prepared) -> tuple[Scrub, Draws]:
        draws = Draws(
            hypothesis,
            {claim.rule: self.classes(claim.rule) for claim in hypothesis},
            draw_references(len(self), chosen.samples, chosen.seed),
            chosen.seed,
            chosen.unclaimed,
            len(self),
            self.positions,
        )
        where = claimed_positions(hypothesis, self.roles, self.columns, self.positions)
        return Scrub(prepared, self._device_batch, hypothesis, draws, chosen, where, self._memo), draws

    def _against(self, run: Scrub, n: int, name: str) -> Floats:
        with self._computing:
            return run.against(name, n)

    def _device_batch(self, inputs: Ints) -> Batch:
        return self.batch(inputs, device=self.graph.device)

    def _known(self, components: Sequence[str]) -> None:
        names = self.graph.layout.names
        for name in components:
            if name not in names:
                raise TaskError(
                    f"no component '{name}' to ablate; the model has {listed(names)}.{suggestion(name, names)}"
                )

    def _column_rules(self) -> dict[str, RuleFunction]:
        wanted = ((len(self),), tuple(self.tokens.shape))
        return {name: rules_.column(name) for name, values in self.columns.items() if values.shape in wanted}

    @property
    def fingerprint(self) -> str:
        """A hash of the data: tokens, mask and columns."""
        return self.data.fingerprint

    @cached_property
    def _model_fingerprint(self) -> str:
        return self.graph.fingerprint()

    def _provenance(self, chosen: Settings) -> dict[str, Any]:
        return {
            "task": self.name,
            "loss": self.loss.name,
            "unit": self.loss.unit,
            "inputs": len(self),
            "samples": chosen.samples,
            "seed": chosen.seed,
            "unclaimed": chosen.unclaimed,
            "baseline": baseline_name(chosen),
            "data": self.fingerprint,
            "model": self._model_fingerprint,
            **({"rewrites": [str(agreement) for agreement in self.rewrites]} if self.rewrites else {}),
            "device": str(self.graph.device),
            "dtype": str(self.graph.dtype).removeprefix("torch."),
            "python": sys.version.split()[0],
            **{package: version(package) for package in ("scrub-widgets", "torch", "transformer-lens", "numpy")},
        }


def _check_functions(rules: Mapping[str, object]) -> None:
    wrong = [name for name, function in rules.items() if not callable(function)]
    if wrong:
        raise TaskError(f"a rule is a function of the inputs; {listed(wrong)} is none.")


def _tokens(tokens: Any, mask: Any) -> Inputs:
    found = read_tokens(tokens)
    return Inputs(found, read_mask(mask, found))


def _values(values: Any) -> Inputs:
    if not isinstance(values, Mapping):
        raise TaskError(
            f"a graph of functions takes its inputs by name, {{'x0': values, ...}}, not {type(values).__name__}."
        )
    return read_values(values)


def _probe(inputs: Inputs) -> Inputs:
    """A few inputs, the one with the shortest text among them: padding must be right as well."""
    rows = list(range(min(PROBE, len(inputs))))
    if inputs.mask is not None:
        rows[-1] = int(inputs.mask.sum(1).argmin())
    return inputs.rows(rows)


def _word(model: Any, vocab: Sequence[str] | Callable[[int], str] | None, token: int) -> str:
    """A token id as text."""
    if callable(vocab):
        return vocab(token)
    if vocab is not None:
        return vocab[token] if token < len(vocab) else str(token)
    tokenizer = getattr(model, "tokenizer", None)
    return str(tokenizer.decode([token])) if tokenizer is not None else str(token)
