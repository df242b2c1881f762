"""The bundled induction task: its data, what the model really learned, and the circuit that scrubbing finds in it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch

import scrub_widgets as sw
from scrub_widgets import rules
from scrub_widgets.tasks.induction.data import examples, streams
from scrub_widgets.tasks.induction.model import attention_scores, load_model, read_card


@cache
def task() -> sw.Task:
    return sw.load_task("induction")


@cache
def scores() -> dict[str, torch.Tensor]:
    return attention_scores(load_model(), streams(512, seed=99)[0])


def recovered(h: sw.Hypothesis) -> sw.Estimate:
    return task().scrub(h, samples=512).loss_recovered


def test_every_example_ends_in_a_pair_that_stood_once_before() -> None:
    tokens = examples(300, seed=5)
    last, answer = tokens[:, -2], tokens[:, -1]
    earlier = tokens[:, :-2] == last[:, None]
    assert (earlier.sum(1) == 1).all()
    at = earlier.int().argmax(1)
    assert torch.equal(tokens[torch.arange(len(tokens)), at + 1], answer)
    assert len(set(at.tolist())) > 10  # at varying places
    assert torch.equal(tokens, examples(300, seed=5))
    assert not torch.equal(tokens, examples(300, seed=6))


def test_the_card_states_what_the_model_does() -> None:
    """The weights that ship are those that the card describes: losses and scores, measured again on fresh streams."""
    card = read_card()
    model = load_model()
    tokens, repeated = streams(512, seed=99)
    with torch.inference_mode():
        nll = model(tokens)[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0].neg()
    assert float(nll[repeated[:, 1:]].mean()) == pytest.approx(card["losses"]["repeated"], abs=0.03)
    for name in ("previous_token", "induction"):
        np.testing.assert_allclose(scores()[name].numpy(), card["heads"][name], atol=0.02)
    own = task().prepare().losses.mean()
    assert own == pytest.approx(card["losses"]["examples"], abs=1e-3)


def test_real_previous_token_and_induction_heads_have_formed() -> None:
    card = read_card()["losses"]
    assert card["repeated"] < 0.4  # second occurrences
    assert (
        card["after_first_occurrence"] < card["after_first_occurrence_bigram_floor"] + 0.05
    )  # nothing better is possible
    assert scores()["previous_token"][0].max() > 0.9
    assert scores()["induction"][1].max() > 0.75
    assert scores()["induction"][0].max() < 0.2


def test_the_rules_of_the_task() -> None:
    t = task()
    tokens = t.tokens.numpy()
    follows = t.classes("what followed the earlier occurrence").labels
    assert (follows[:, -2] == tokens[:, -1]).all()  # at the query, it is the answer
    assert {"same input", "any input", "token", "previous token", "next token"} <= set(t.rules)
    for name in ("token", "previous token", "next token"):
        assert t.classes(name).positionwise
        assert not t.classes(f"{name} at -2").positionwise
    assert (t.classes("next token at -2").labels == tokens[:, -1]).all()
    assert rules.shows_tokens(t.rules["token"])


def test_scrubbing_finds_the_heads_by_itself() -> None:
    """Kept alone, the heads of layer 1 recover much and those of layer 0 nothing; the key comes from the previous-token head."""
    alone = {
        c.id: recovered(sw.Hypothesis().claim(c.id)[0]).value
        for c in task().graph.layout.components
        if c.kind == "head"
    }
    best = max(alone, key=lambda name: alone[name])
    assert best.startswith("a1")
    assert max(value for name, value in alone.items() if name.startswith("a0")) < 0.05
    senders = {}
    for sender in task().graph.layout.senders(best):
        h, head = sw.Hypothesis().claim(best)
        for port in "qv":
            h, _ = h.claim("*", under=f"{head}.{port}")
        senders[sender] = recovered(h.claim(sender, under=f"{head}.k")[0]).value
    found = max(senders, key=lambda name: senders[name])
    assert found == f"a0.h{int(scores()['previous_token'][0].argmax())}"


def test_naive_is_well_below_refined() -> None:
    heads = [c.id for c in task().graph.layout.components if c.layer == 1]
    previous = f"a0.h{int(scores()['previous_token'][0].argmax())}"
    best = f"a1.h{int(scores()['induction'][1].argmax())}"

    def story(head: str | list[str]) -> sw.Hypothesis:
        h, claim = sw.Hypothesis().claim(head)
        h, _ = h.claim("embed", under=f"{claim}.q", rule="token")
        h, _ = h.claim(previous, under=f"{claim}.k", rule="previous token")
        return h.claim("embed", under=f"{claim}.v", rule="token")[0]

    naive, refined = story(best), story(heads).claim("embed")[0]
    assert recovered(naive).high < 0.4
    assert recovered(refined).low > 0.85
    wrong = refined.with_rule(f"logits>{'+'.join(heads)}.k>{previous}", "token")
    assert recovered(wrong).high < 0.6
    null = task().matched_null(refined, samples=512).loss_recovered
    assert null.high < recovered(refined).low - 0.3  # what the rules say is worth more than their class sizes


def test_the_other_model_has_the_same_behaviour_and_other_heads() -> None:
    one, other = (sw.load_task("induction", model=model) for model in (None, "seed 1"))
    card = read_card("seed 1")
    losses = other.loss_of(other.model(other.tokens[:512]).detach(), range(512))
    assert losses.mean() == pytest.approx(card["losses"]["examples"], abs=0.1)
    first, second = (np.argmax(read_card(model)["heads"]["previous_token"][0]) for model in ("seed 0", "seed 1"))
    assert first != second
    assert one.name != other.name
    assert other.has_held_out


def test_a_model_that_is_not_bundled() -> None:
    with pytest.raises(sw.TaskError, match=r"no model 'seed 9'; it has .*seed 0.*seed 1"):
        sw.load_task("induction", model="seed 9")
    with pytest.raises(sw.TaskError, match="'parens' ships with one model"):
        sw.load_task("parens", model="seed 1")
