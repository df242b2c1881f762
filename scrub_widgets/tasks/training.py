"""What the training scripts of the bundled models share: their arguments, and what they leave behind."""

from __future__ import annotations

import argparse
import json
import platform
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from safetensors.torch import save
from torch import Tensor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Recipe = TypeVar("Recipe", bound="DataclassInstance")


def parse(recipe: type[Recipe], about: str, out: str, arguments: list[str] | None = None) -> tuple[Recipe, Path]:
    """Read a recipe (a dataclass whose fields have defaults) and the output folder from command-line arguments."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    for name, default in asdict(recipe()).items():
        flag = "--" + name.replace("_", "-")
        parser.add_argument(flag, type=type(default), default=default, help=f"default {default}")
    parser.add_argument("--out", type=Path, default=Path(out), help="folder to write")
    options = vars(parser.parse_args(arguments))
    folder: Path = options.pop("out")
    return recipe(**options), folder


def versions() -> dict[str, str]:
    """What the weights were made with."""
    packages = {name: version(name) for name in ("torch", "transformer-lens", "numpy")}
    return {"python": platform.python_version(), **packages}


def write(out: Path, weights: Mapping[str, Tensor], card: Mapping[str, Any]) -> None:
    """Write weights and card into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    (out / "weights.safetensors").write_bytes(save(dict(weights)))
    (out / "card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
