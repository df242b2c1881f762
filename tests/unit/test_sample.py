"""One example of a result against the result itself and against full forwards with hooks: same draws, same numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import scrub_widgets as sw
from scrub_widgets import ScrubError
from scrub_widgets.hypothesis import ROOT
from tests.unit.brute import _Scrub, check_donors, keep, put
from tests.unit.models import POSITIONS
from tests.unit.strategies import trees
from tests.unit.test_engine_against_brute import POLICIES, TOLERANCE, any_tree, bench, hand_made

if TYPE_CHECKING:
    from scrub_widgets.engine.draws import Floats
    from scrub_widgets.sample import Attention, Sample
    from tests.unit.brute import Policy
    from tests.unit.test_engine_against_brute import Bench


def brute_loss(on: Bench, sample: Sample, policy: Policy) -> float:
    """The loss of full forwards with exactly the donors that the sample names, which must be lawful."""
    donors = {key: np.asarray(value)[None] for key, value in sample.donors.items()}
    references = np.array([sample.input])
    h = sample.hypothesis
    check_donors(on.labels, h, references, donors, policy, graph=on.brute.graph, positions=POSITIONS)
    return float(on.task.loss_of(on.brute.scrub(h, references, donors, policy), references)[0])


@pytest.mark.parametrize("name", ["native_mlp", "padded_left"])
def test_any_tree_gives_the_numbers_of_the_result_and_of_full_forwards(name: str) -> None:
    on = bench(name)

    @any_tree
    @given(
        tree=trees(on.brute.graph, POSITIONS),
        policy=st.sampled_from(POLICIES),
        number=st.integers(0, 4),
        seed=st.integers(0, 2**32),
    )
    def check(tree: sw.Hypothesis, policy: Policy, number: int, seed: int) -> None:
        result = on.task.scrub(tree, samples=5, seed=seed, unclaimed=policy, progress=False)
        sample = result.sample(number)
        assert sample.input == result.references[number]
        assert sample.donors.keys() == result.donors.keys()
        for key, donors in sample.donors.items():
            np.testing.assert_array_equal(donors, result.donors[key][number])
        assert sample.scrubbed.loss == result.losses.scrubbed[number]
        assert sample.clean.loss == result.losses.model[number]
        assert brute_loss(on, sample, policy) == pytest.approx(sample.scrubbed.loss, abs=TOLERANCE)
        if not all(row.fixed for row in sample.rows):
            other = sample.redraw()
            assert brute_loss(on, other, policy) == pytest.approx(other.scrubbed.loss, abs=TOLERANCE)

    check()


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("tree", [pytest.param(h, id=name) for name, h in hand_made()])
def test_a_redrawn_node_has_the_loss_of_full_forwards(tree: sw.Hypothesis, policy: Policy) -> None:
    """Every node by itself: only it changes, and what stands under it where its class does."""
    on = bench("native_mlp")
    result = on.task.scrub(tree, samples=4, seed=1, unclaimed=policy, progress=False)
    before = result.losses.scrubbed.copy()
    sample = result.sample(2)
    for row in sample.rows:
        if row.fixed:
            with pytest.raises(ScrubError, match="one input only"):
                sample.redraw(row.id)
            continue
        other = sample.redraw(row.id)
        assert brute_loss(on, other, policy) == pytest.approx(other.scrubbed.loss, abs=TOLERANCE)
        changed = {key for key in sample.donors if not np.array_equal(sample.donors[key], other.donors[key])}
        allowed = {r.id for r in sample.rows if r.draw == row.draw}
        if policy == "global" and row.unclaimed:
            assert {key for key in changed if "/unclaimed" not in key} == set()
            continue
        assert row.id in changed
        assert all(any(key == one or key.startswith((f"{one}>", f"{one}.")) for one in allowed) for key in changed)
    np.testing.assert_array_equal(result.losses.scrubbed, before)


def induction(samples: int = 32) -> sw.Result:
    """Interior claims, leaves, a share, and a claim that keeps the reference."""
    task = bench("native_mlp").task
    h, head = sw.Hypothesis().claim("a1.h0")
    h, _ = h.claim("a0.h1", under=f"{head}.k", rule="first token parity", share="S")
    h, _ = h.claim("a0.h0", under=f"{head}.k", rule="first token parity", share="S")
    h, _ = h.claim("embed", under=f"{head}.q", rule="token")
    h, _ = h.claim("m1", rule="last token thirds", positions=[1, -1])
    return task.scrub(h, samples=samples, progress=False)


def test_to_open_an_example_again_gives_the_same_draws() -> None:
    result = induction()
    for number in (0, 3):
        first, second = result.sample(number), induction().sample(number)
        assert [row.sources for row in first.rows] == [row.sources for row in second.rows]
        again = first.redraw("logits>m1@-1,1")
        assert [r.sources for r in again.rows] == [r.sources for r in second.redraw("logits>m1@-1,1").rows]


def test_each_redraw_gives_another_input_of_the_class() -> None:
    sample = induction().sample(3)
    seen = [sample]
    for _ in range(5):
        seen.append(seen[-1].redraw("logits>m1@-1,1"))
    donors = [int(s.donors["logits>m1@-1,1"]) for s in seen]
    assert all(a != b for a, b in pairwise(donors))
    assert len({int(s.result.task.tokens[d, -1] % 3) for s, d in zip(seen, donors, strict=True)}) == 1
    assert sample.donors["logits>m1@-1,1"] == donors[0]


def test_a_shared_draw_is_one_source() -> None:
    sample = induction().sample(0)
    one, two = (sample.row(f"logits>a1.h0.k>a0.h{head}") for head in (0, 1))
    assert one.sources == two.sources
    other = sample.redraw(one.id)
    assert other.row(one.id).sources == other.row(two.id).sources != one.sources


def test_tags_tell_sources_apart_and_stay_what_they_are() -> None:
    result = induction()
    for number in range(len(result.losses)):
        sample = result.sample(number)
        sources = {source for row in sample.rows for source in row.sources}
        tags = [source.tag for source in sources]
        assert len(set(tags)) == len(tags)
        for source in sources - {s for s in sources if s.tag == "ref"}:
            assert source.tag.partition("·")[0] == f"#{source.input}"
        kept = sample.row("logits>a1.h0").sources
        assert [(s.tag, s.input) for s in kept] == [("ref", sample.input)]
        other = sample.redraw("logits/unclaimed")
        for row in sample.rows:
            if row.id != "logits/unclaimed":
                assert other.row(row.id).sources == row.sources


def test_a_row_says_which_class_it_was_drawn_from() -> None:
    result = induction()
    sample = result.sample(1)
    classes = result.classes["last token thirds"]
    row = sample.row("logits>m1@-1,1")
    size = int((classes.labels == classes.labels[sample.input]).sum())
    assert (row.labels, row.sizes.tolist()) == ((str(classes.labels[sample.input]),), [size])
    assert row.probability.tolist() == [1 / size]
    assert np.flatnonzero(row.held).tolist() == [1, POSITIONS - 1]
    token = sample.row("logits>a1.h0.q>embed")
    tokens = result.task.tokens.numpy()
    for p in range(POSITIONS):
        assert token.sizes[p] == (tokens[:, p] == tokens[sample.input, p]).sum()
        assert tokens[token.donors[p], p] == tokens[sample.input, p]
    assert sample.row("logits/unclaimed").sizes.tolist() == [len(result.task)]


def test_what_feeds_a_node_at_each_position() -> None:
    sample = induction().sample(1)
    everywhere = {"logits>a1.h0.k>a0.h0", "logits>a1.h0.k>a0.h1", "logits>a1.h0.q>embed"}
    everywhere |= {"logits>a1.h0/unclaimed", "logits/unclaimed"}
    for p, found in enumerate(sample.feeds()):
        assert {path for path, _ in found} == everywhere | ({"logits>m1@-1,1"} if p in (1, POSITIONS - 1) else set())
        assert dict(found)["logits>a1.h0.q>embed"].input == sample.donors["logits>a1.h0.q>embed"][p]
    leaf = sample.feeds("logits>m1@-1,1")
    assert [len(found) for found in leaf] == [0, 1, 0, 0, 0, 1]


def test_nothing_unclaimed_enters_where_all_is_claimed() -> None:
    task = bench("native_mlp").task
    h, head = sw.Hypothesis().claim("a1.h0")
    for port in "qkv":
        h, _ = h.claim("*", under=f"{head}.{port}", rule="token")
    sample = task.scrub(h, samples=4, progress=False).sample(0)
    assert [row.id for row in sample.rows if row.unclaimed] == ["logits/unclaimed"]


def test_a_lock_holds_what_the_others_leave() -> None:
    sample = induction().sample(3)
    locked = sample.lock("logits>a1.h0.q>embed")
    assert locked.locked == {"logits>a1.h0.q>embed", "logits>a1.h0"}
    other = locked.redraw().redraw()
    assert np.array_equal(other.donors["logits>a1.h0.q>embed"], sample.donors["logits>a1.h0.q>embed"])
    assert other.donors["logits>a1.h0.k>a0.h0"] != locked.redraw().donors["logits>a1.h0.k>a0.h0"]
    with pytest.raises(ScrubError, match="locked: unlock it"):
        locked.redraw("logits>a1.h0.q>embed")
    assert locked.unlock("logits>a1.h0.q>embed").redraw("logits>a1.h0.q>embed").again
    everything = sample
    for row in sample.rows:
        everything = everything.lock(row.id)
    with pytest.raises(ScrubError, match="nothing to draw again"):
        everything.redraw()


def test_the_likeliest_tokens_are_those_of_full_forwards() -> None:
    on = bench("native_mlp")
    sample = induction().sample(2)
    assert sample.at == POSITIONS - 2  # entries of the per-token loss: the last one is read there
    clean = on.brute.forward(torch.tensor([sample.input]))[0, sample.at].softmax(-1)
    donors = {key: np.asarray(value)[None] for key, value in sample.donors.items()}
    logits = on.brute.scrub(sample.hypothesis, np.array([sample.input]), donors, "per receiver")
    scrubbed = logits[0, sample.at].softmax(-1)
    for guesses, chances in ((sample.clean.top, clean), (sample.scrubbed.top, scrubbed)):
        expected = chances.topk(5)
        assert [g.token for g in guesses] == expected.indices.tolist()
        np.testing.assert_allclose([g.probability for g in guesses], expected.values, atol=1e-5)


def scrubbed_of(shown: Attention) -> Floats:
    """A pattern that is there."""
    assert shown.scrubbed is not None
    return shown.scrubbed


# -- attention ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["native_mlp", "gpt2", "smollm2", "pythia", "padded_left", "bidirectional"])
def test_a_clean_pattern_is_the_models_own(name: str) -> None:
    on = bench(name)
    h, _ = sw.Hypothesis().claim("a1.h1", rule="any input")
    sample = on.task.scrub(h, samples=6, progress=False).sample(4)
    for layer in range(2):
        kept: dict[Any, torch.Tensor] = {}
        inputs = torch.tensor([sample.input, int(sample.donors["logits>a1.h1"])])
        on.brute.forward(inputs, [(f"blocks.{layer}.attn.hook_pattern", keep(kept, "pattern"))])
        for head in range(on.brute.graph.heads):
            shown = sample.attention(f"a{layer}.h{head}")
            np.testing.assert_allclose(shown.clean, kept["pattern"][0, head], atol=1e-5)
            if (layer, head) == (1, 1):  # a leaf is taken whole from its donor
                assert shown.how == "donor"
                np.testing.assert_allclose(scrubbed_of(shown), kept["pattern"][1, head], atol=1e-5)


def brute_pattern(on: Bench, sample: Sample, claim_id: str, head: str, policy: Policy) -> Floats:
    """The pattern of a recomputed head: queries and keys from forwards on the streams of its ports."""
    donors = {key: np.asarray(value)[None] for key, value in sample.donors.items()}
    scrub = _Scrub(on.brute, sample.hypothesis, donors, policy)
    own = scrub.donor(claim_id, 1).flatten()
    layer, _, slot = head[1:].partition(".h")
    streams = {port: scrub.port(claim_id, port, head, len(own)) for port in "qkv"}
    kept: dict[Any, torch.Tensor] = {}
    for port, stream in streams.items():
        entry = (f"blocks.{layer}.hook_in", put(stream))
        on.brute.forward(own, [entry, (f"blocks.{layer}.attn.hook_{port}", keep(kept, port))])
    mixed = [(f"blocks.{layer}.attn.hook_{port}", put(kept[port])) for port in streams]
    on.brute.forward(own, [*mixed, (f"blocks.{layer}.attn.hook_pattern", keep(kept, "pattern"))])
    pattern = kept["pattern"][:, int(slot)]
    each = torch.arange(len(pattern))
    numbers: Floats = (pattern[0] if len(own) == 1 else pattern[each, each]).double().numpy()
    return numbers


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("rule", ["first token parity", "token"])
@pytest.mark.parametrize("name", ["native_mlp", "pythia", "padded_left"])
def test_a_scrubbed_pattern_has_queries_and_keys_of_their_own(name: str, rule: str, policy: Policy) -> None:
    on = bench(name)
    h, head = sw.Hypothesis().claim("a1.h0", rule=rule)
    h, _ = h.claim("a0.h1", under=f"{head}.k", rule="previous token")
    h, _ = h.claim("*", under=f"{head}.q", rule="running sum", positions=[3, 4, 5])
    sample = on.task.scrub(h, samples=6, unclaimed=policy, progress=False).sample(4)
    shown = sample.attention("a1.h0", head)
    assert (shown.how, shown.claim) == ("recomputed", head)
    expected = brute_pattern(on, sample, head, "a1.h0", policy)
    np.testing.assert_allclose(scrubbed_of(shown), expected, atol=1e-5)
    assert np.abs(scrubbed_of(shown) - shown.clean).max() > 0.01


def test_a_leaf_that_draws_by_position_has_each_querys_row_of_its_own_donor() -> None:
    on = bench("native_mlp")
    h, head = sw.Hypothesis().claim("a0.h0", rule="token")
    sample = on.task.scrub(h, samples=6, progress=False).sample(1)
    kept: dict[Any, torch.Tensor] = {}
    donors = torch.tensor(sample.donors[head])
    on.brute.forward(donors, [("blocks.0.attn.hook_pattern", keep(kept, "pattern"))])
    each = torch.arange(POSITIONS)
    np.testing.assert_allclose(scrubbed_of(sample.attention("a0.h0")), kept["pattern"][each, 0, each], atol=1e-5)


def test_a_pattern_under_position_wise_claims_is_that_of_the_chosen_position() -> None:
    """Each position of the claim above has a sub-tree of its own."""
    on = bench("native_mlp")
    h, mlp = sw.Hypothesis().claim("m1", rule="token")
    h, head = h.claim("a1.h0", under=mlp, rule="first token parity")
    h, _ = h.claim("embed", under=f"{head}.q", rule="any input")
    result = on.task.scrub(h, samples=6, progress=False)
    patterns = []
    for at in (1, 4):
        sample = result.sample(3, at)
        assert sample.row(head).donors.tolist() == [result.donors[head][3, at]]
        patterns.append(scrubbed_of(sample.attention("a1.h0")))
        leaf = {head: result.donors[head][3, at], "embed": result.donors[f"{head}.q>embed"][3, at]}
        under = result.donors[f"{head}/unclaimed"][3, at]
        clean = on.brute.clean
        stream = clean.residual["a1"][under] - clean.values["embed"][under] + clean.values["embed"][leaf["embed"]]
        kept: dict[Any, torch.Tensor] = {}
        rows = torch.tensor([leaf[head]])
        on.brute.forward(rows, [("blocks.1.hook_in", put(stream[None])), ("blocks.1.attn.hook_q", keep(kept, "q"))])
        both = [("blocks.1.hook_in", put(clean.residual["a1"][under][None])), ("blocks.1.attn.hook_q", put(kept["q"]))]
        on.brute.forward(rows, [*both, ("blocks.1.attn.hook_pattern", keep(kept, "pattern"))])
        np.testing.assert_allclose(patterns[-1], kept["pattern"][0, 0], atol=1e-5)
    assert np.abs(patterns[0] - patterns[1]).max() > 1e-3


def test_an_unclaimed_head_is_that_of_the_outputs_unclaimed_donor() -> None:
    sample = induction().sample(0)
    shown = sample.attention("a1.h1")
    assert (shown.how, shown.claim) == ("unclaimed", None)
    tag = sample.row("logits/unclaimed").sources[0].tag
    assert tag in shown.words
    h, _ = sw.Hypothesis().claim("a0.h0", paths="all")
    run = bench("native_mlp").task.scrub(h, samples=4, progress=False).sample(0).attention("a1.h1")
    assert (run.how, run.scrubbed) == ("run", None)


# -- graphs of functions, refusals --------------------------------------------------------------------------------------


def test_a_graph_of_functions_shows_the_outputs_value() -> None:
    task = sw.load_task("toy_sum")
    result = task.scrub(task.hypotheses["intended"], samples=64, progress=False)
    for number in (0, 3):
        sample = result.sample(number)
        y = task.columns["y"][sample.input]
        for output, losses in ((sample.clean, result.losses.model), (sample.scrubbed, result.losses.scrubbed)):
            assert output.top == ()
            assert (output.value[0] - y) ** 2 == pytest.approx(losses[number], rel=1e-9)
    with pytest.raises(ScrubError, match="has no attention pattern"):
        result.sample(0).attention("A")


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda r: r.sample(32), "examples 0 to 31"),
        (lambda r: r.sample(-1), "examples 0 to 31"),
        (lambda r: r.sample(True), "examples 0 to 31"),
        (lambda r: r.sample(0, at=6), "positions 0 to 5"),
        (lambda r: r.sample(0).row("logits>a1.h9"), "nothing 'logits>a1.h9' in this sample"),
        (lambda r: r.sample(0).redraw("logits>a1.h0"), "one input only"),
        (lambda r: r.sample(0).lock("m7"), "nothing 'm7'"),
        (lambda r: r.sample(0).attention("m1"), "'m1' has no attention pattern"),
        (lambda r: r.sample(0).attention("a9.h9"), "'a9.h9' has no attention pattern"),
        (lambda r: r.sample(0).attention("a1.h0", "logits>m1@-1,1"), "no claim about a1.h0"),
        (lambda r: r.sample(0).feeds("x"), "nothing 'x'"),
    ],
)
def test_a_bad_question_is_refused_with_a_sentence(ask: Any, words: str) -> None:
    with pytest.raises(ScrubError, match=words):
        ask(induction())


def test_permuted_labels_have_no_class_to_show() -> None:
    task = bench("native_mlp").task
    h, _ = sw.Hypothesis().claim("m1", rule="token")
    with pytest.raises(ScrubError, match="other permuted labels"):
        task.permuted(0, each=True).scrub(h, samples=4, progress=False).sample(0)
    assert task.permuted(0).scrub(h, samples=4, progress=False).sample(0).rows


def test_the_root_is_the_reference() -> None:
    sample = induction().sample(0)
    assert sample.tokens == sample.result.task.texts[sample.input]
    assert len(sample.feeds(ROOT)) == POSITIONS
