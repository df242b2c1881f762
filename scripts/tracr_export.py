"""Compile four RASP programs with tracr; write weights, labels, inputs and expected outputs as test data.

tracr needs jax and haiku, which nothing else here does, so it gets an environment of its own::

    python3.11 -m venv /tmp/tracr-venv
    /tmp/tracr-venv/bin/pip install tracr-pypi==1.0.0 jax==0.10.2 jaxlib==0.10.2 dm-haiku==0.0.17 chex==0.1.92 \
        numpy==2.4.6 safetensors==0.8.0
    JAX_PLATFORMS=cpu /tmp/tracr-venv/bin/python scripts/tracr_export.py tests/data/tracr

Some minutes. Of each program it writes ``<name>.safetensors`` (weights under the names of a TransformerLens 4 native bridge,
biases left out because all are zero; ``tokens`` and ``expected`` ``[n, pos]``, PAD and NaN after the end of an input) and
``<name>.json`` (the model's shape, labels of the residual stream's dimensions, vocabulary, values of the outputs). The inputs
are all sequences of the vocabulary of lengths 1 to 5 behind a BOS; what is expected is what tracr's own interpreter of RASP
says, and the compiled model is compared with it on every input before anything is written.
"""

from __future__ import annotations

import itertools
import json
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import save_file  # with tracr: in its environment only
from tracr.compiler import compiling, lib
from tracr.rasp import rasp

LENGTH = 5
BOS, PAD = "BOS", "compiler_pad"
TOLERANCE = 0.02
"""A compiled number may be off by this much: selectors are softmaxes with a large but finite slope, and keep a trace of BOS."""


class Program(NamedTuple):
    """A program and its vocabulary."""

    make: Callable[[], Any]
    vocabulary: tuple[Any, ...]
    says: str


def reverse() -> Any:
    """The input backwards, from the length of the input, as in ACDC's experiments."""
    opposite = lib.make_length() - rasp.indices - 1
    return rasp.Aggregate(rasp.Select(rasp.indices, opposite, rasp.Comparison.EQ), rasp.tokens)


PROGRAMS = {
    "reverse": Program(reverse, (1, 2, 3), "the input backwards"),
    "frac_prevs": Program(
        lambda: lib.make_frac_prevs(rasp.tokens == "x"),
        ("w", "x", "y", "z"),
        "the share of x among this and all earlier tokens",
    ),
    "hist": Program(lib.make_hist, ("a", "b", "c", "d"), "how often this token occurs in the input"),
    "sort": Program(
        lambda: lib.make_sort(rasp.tokens, rasp.tokens, max_seq_len=LENGTH, min_key=1),
        (1, 2, 3),
        "the input in ascending order",
    ),
}


def sequences(vocabulary: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """All sequences, the short ones first."""
    for length in range(1, LENGTH + 1):
        yield from itertools.product(vocabulary, repeat=length)


def read_weights(model: Any, output: list[int]) -> dict[str, Any]:
    """The compiled weights under the bridge's names; linear maps are ``[out, in]`` there."""
    params = {name: {key: np.asarray(value) for key, value in part.items()} for name, part in model.params.items()}
    biases = [part["b"] for part in params.values() if "b" in part]
    if any(bias.any() for bias in biases):
        raise ValueError("a compiled bias is not zero: it would have to be written too")
    found = {"embed.weight": params["token_embed"]["embeddings"], "pos_embed.weight": params["pos_embed"]["embeddings"]}
    names = {
        "attn.q": "attn/query",
        "attn.k": "attn/key",
        "attn.v": "attn/value",
        "attn.o": "attn/linear",
        "mlp.in": "mlp/linear_1",
        "mlp.out": "mlp/linear_2",
    }
    for layer in range(model.model_config.num_layers):
        for mine, theirs in names.items():
            found[f"blocks.{layer}.{mine}.weight"] = params[f"transformer/layer_{layer}/{theirs}"]["w"].T
    width = found["embed.weight"].shape[1]
    found["unembed.weight"] = np.eye(width)[output]
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in found.items()}


def check(model: Any, tokens: Any, expected: Any, output: list[int], *, categorical: bool) -> float:
    """Compare the compiled model with the program on all inputs.

    Returns
    -------
    float
        The largest error of a number, or 0 where the outputs are classes, which must all be right.
    """
    worst = 0.0
    ends = np.isfinite(expected).sum(1) + 1
    for end in sorted(set(ends.tolist())):
        rows = ends == end
        run = model.forward(model.params, tokens[rows, :end].astype(np.int32))
        read = np.asarray(run.transformer_output.output)[..., output]
        wanted = expected[rows, 1:end]
        off = (read.argmax(-1)[:, 1:] != wanted) if categorical else np.abs(read[:, 1:, 0] - wanted)
        worst = max(worst, float(off.max()))
    if worst > (0 if categorical else TOLERANCE):
        raise ValueError(f"the compiled model differs from its program by {worst}")
    return worst


def export(name: str, program: Program, folder: Path) -> None:
    """Compile one program and write its two files."""
    source = program.make()
    model = compiling.compile_rasp_to_model(
        source, vocab=set(program.vocabulary), max_seq_len=LENGTH, compiler_bos=BOS, compiler_pad=PAD, causal=False
    )
    config, encoding = model.model_config, model.input_encoder.encoding_map
    labels = model.residual_labels
    categorical = rasp.is_categorical(source)
    output = [i for i, label in enumerate(labels) if label.partition(":")[0] == source.label]
    values = [model.output_encoder.decode([i])[0] for i in range(len(output))] if categorical else None
    inputs = list(sequences(program.vocabulary))
    tokens = np.full((len(inputs), LENGTH + 1), encoding[PAD], dtype=np.uint8)
    expected = np.full((len(inputs), LENGTH + 1), np.nan, dtype=np.float32)
    for row, sequence in enumerate(inputs):
        tokens[row, : len(sequence) + 1] = model.input_encoder.encode([BOS, *sequence])
        result = source(list(sequence))
        expected[row, 1 : len(sequence) + 1] = [values.index(v) for v in result] if values else result
    worst = check(model, tokens, expected, output, categorical=categorical)
    body = {
        "program": name,
        "says": program.says,
        "made by": {package: version(package) for package in ("tracr-pypi", "jax", "jaxlib", "dm-haiku", "numpy")},
        "config": {
            "d_model": len(labels),
            "d_head": config.key_size,
            "n_heads": config.num_heads,
            "n_layers": config.num_layers,
            "n_ctx": LENGTH + 1,
            "d_vocab": len(encoding),
            "d_vocab_out": len(output),
            "d_mlp": config.mlp_hidden_size,
            "act_fn": "relu",
            "normalization_type": "LN" if config.layer_norm else None,
            "attention_dir": "causal" if config.causal else "bidirectional",
        },
        "residual": labels,
        "vocabulary": [str(token) for token in encoding],
        "bos": encoding[BOS],
        "pad": encoding[PAD],
        "outputs": values,
        "largest error": worst,
    }
    arrays = {**read_weights(model, output), "tokens": tokens, "expected": expected}
    save_file(arrays, folder / f"{name}.safetensors")
    (folder / f"{name}.json").write_text(json.dumps(body, indent=1, ensure_ascii=False) + "\n")
    print(f"{name}: {len(inputs)} inputs, largest error {worst:.2g}")


def main() -> None:
    """Export all programs into the folder named on the command line."""
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name, program in PROGRAMS.items():
        export(name, program, folder)


if __name__ == "__main__":
    main()
