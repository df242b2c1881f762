"""The model layer against the models' own forward passes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
import transformers
from transformer_lens.model_bridge.sources._bridge_builder import build_bridge_from_module

from scrub_widgets import Task, TaskError, losses
from scrub_widgets.graph.bridge import TOLERANCE, check_exact, read_bridge
from scrub_widgets.graph.cache import Spots, gather
from scrub_widgets.graph.graph import Inputs
from tests.unit.models import MODELS, POSITIONS, VOCAB, attention_only, gpt2, smollm2


@pytest.mark.parametrize("name", MODELS)
def test_every_part_equals_the_models_own_forward_pass(name: str) -> None:
    model = MODELS[name]()
    mask = None if model.mask is None else model.mask.bool()
    with torch.inference_mode():
        errors = check_exact(read_bridge(model.bridge, POSITIONS), Inputs(model.tokens, mask))
    assert max(errors.values()) < TOLERANCE / 10
    assert any("logits" in what for what in errors)


def test_components_and_ports_of_a_gpt2() -> None:
    layout = read_bridge(gpt2().bridge, POSITIONS).layout
    assert layout.names == ("embed", "pos_embed", "a0.h0", "a0.h1", "m0", "a1.h0", "a1.h1", "m1")
    assert layout.owner_ports("a1.h0") == ("q", "k", "v")
    assert layout.senders("m0") == ("embed", "pos_embed", "a0.h0", "a0.h1")
    assert layout.senders("a1.h1") == ("embed", "pos_embed", "a0.h0", "a0.h1", "m0")
    assert layout.senders("embed") == ()
    assert layout.senders("logits") == layout.names


@pytest.mark.parametrize("name", MODELS)
def test_what_feeds_a_component_comes_first_in_the_forward_order(name: str) -> None:
    """The wire names the senders of a port by their number."""
    graph = read_bridge(MODELS[name]().bridge, POSITIONS)
    layout = graph.layout
    assert graph.parallel == (name == "pythia")
    for owner in (*layout.names, "logits"):
        senders = layout.senders(owner)
        assert senders == layout.names[: len(senders)]


def test_rotary_positions_are_no_component_and_a_parallel_mlp_reads_before_the_heads() -> None:
    assert "pos_embed" not in read_bridge(smollm2().bridge, POSITIONS).layout.names
    layout = read_bridge(MODELS["pythia"]().bridge, POSITIONS).layout
    assert layout.senders("m0") == ("embed",)
    assert "a0.h0" in layout.senders("m1")


def test_query_heads_of_one_group_have_their_own_key_inputs() -> None:
    """Grouped queries: heads 0 and 1 share key weights, but a changed key input of one does not reach the other."""
    model = smollm2()
    graph = read_bridge(model.bridge, POSITIONS)
    spots = Spots.all(POSITIONS, graph.device)
    x = torch.randn(3, POSITIONS, graph.d_model)
    other = torch.randn(3, POSITIONS, graph.d_model)
    head = graph.blocks[1].attention
    q, k, v = (graph.node("a1.h0").project(port, x, spots) for port in "qkv")
    assert torch.equal(k, graph.node("a1.h1").project("k", x, spots))
    mixed = head.mix(q, graph.node("a1.h0").project("k", other, spots), v, spots, None)
    assert not torch.allclose(mixed, head.mix(q, k, v, spots, None))


def test_gather_takes_the_wanted_positions_of_the_donors() -> None:
    table = torch.arange(5 * 4 * 2.0).reshape(5, 4, 2)
    one = torch.tensor([3, 0, 4])
    each = torch.tensor([[0, 1, 2, 3], [4, 4, 4, 4], [1, 0, 1, 0]])
    some = Spots.of([1, 3], 4, torch.device("cpu"))
    rows = torch.arange(3)[:, None]
    assert torch.equal(gather(table, one, Spots.all(4, torch.device("cpu"))), table[one])
    assert torch.equal(gather(table, one, some), table[one][:, [1, 3]])
    assert torch.equal(gather(table, each, some), table[each[:, [1, 3]], torch.tensor([1, 3])])
    by_row = Spots(torch.tensor([[2], [0], [3]]))
    assert torch.equal(gather(table, one, by_row), table[one[:, None], by_row.at])
    assert torch.equal(gather(table, each, by_row), table[each[rows, by_row.at], by_row.at])
    assert torch.equal(gather(table[:1], one, some), table[:1, [1, 3]].expand(3, -1, -1))


def test_models_that_do_not_decompose_are_refused_with_the_reason() -> None:
    tokens = torch.randint(0, VOCAB, (3, POSITIONS))
    bert = transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=VOCAB, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
        )
    )
    bert.train(False)
    bert.set_attn_implementation("eager")
    qwen = transformers.Qwen3ForCausalLM(
        transformers.Qwen3Config(
            vocab_size=VOCAB,
            hidden_size=16,
            intermediate_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=2,
            head_dim=8,
        )
    )
    qwen.train(False)
    for model, kind, words in (
        (bert, "BertForMaskedLM", "the sum of what was written to it"),
        (qwen, "Qwen3ForCausalLM", "the attention of layer 0"),
    ):
        bridge = build_bridge_from_module(model, kind, hf_config=model.config)
        with pytest.raises(TaskError, match=words), torch.inference_mode():
            check_exact(read_bridge(bridge, POSITIONS), Inputs(tokens))


def test_something_that_is_no_bridge_is_refused() -> None:
    with pytest.raises(TaskError, match=r"TransformerBridge.*not Linear"):
        read_bridge(torch.nn.Linear(2, 2), POSITIONS)


def test_a_model_that_drops_at_random_is_refused() -> None:
    bridge = gpt2().bridge
    bridge.original_model.train()
    with pytest.raises(TaskError, match=r"model\.eval\(\)"):
        read_bridge(bridge, POSITIONS)
    native = attention_only().bridge
    native.train()  # has no dropout: nothing to refuse
    read_bridge(native, POSITIONS)


def test_two_tasks_on_one_model_do_not_mix_their_values() -> None:
    m = gpt2()

    def clean(n: int) -> torch.Tensor:
        with torch.inference_mode():
            return Task(m.bridge, m.tokens[:n], loss=losses.kl()).prepare().clean.stream("logits")

    alone = {n: clean(n) for n in (3, 12)}
    with ThreadPoolExecutor(2) as threads:
        for n, together in zip([3, 12] * 20, threads.map(clean, [3, 12] * 20), strict=True):
            torch.testing.assert_close(together, alone[n])
