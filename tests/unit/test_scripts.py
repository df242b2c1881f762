"""What installing and exporting promise: no CUDA by accident, a word about a missing Node, whole pages."""

import json
import subprocess
from pathlib import Path

import pytest

import hatch_build
from scripts import demo_headless, install_torch

CPU = ("torch", "sympy")
CUDA = ("torch", "nvidia-cublas", "cuda-toolkit", "triton", "sympy")


class FakePip:
    """Answers a dry run with a report of these packages, and an installation with success or failure."""

    def __init__(self, packages: tuple[str, ...], *, succeeds: bool = True) -> None:
        self.report = json.dumps({"install": [{"metadata": {"name": name}} for name in packages]})
        self.returncode = 0 if succeeds else 1
        self.installations: list[tuple[str, ...]] = []

    def __call__(self, *options: str) -> subprocess.CompletedProcess[str]:
        if "--dry-run" in options:
            return subprocess.CompletedProcess([], 0, stdout=self.report)
        self.installations.append(options)
        return subprocess.CompletedProcess([], self.returncode)


@pytest.mark.parametrize(
    ("gpu", "packages", "options"),
    [(False, CUDA, install_torch.FROM_CPU_INDEX), (False, CPU, ()), (True, CUDA, ())],
)
def test_cuda_packages_come_only_with_a_gpu(
    monkeypatch: pytest.MonkeyPatch, gpu: bool, packages: tuple[str, ...], options: tuple[str, ...]
) -> None:
    pip = FakePip(packages)
    monkeypatch.setattr(install_torch, "has_nvidia_gpu", lambda: gpu)
    monkeypatch.setattr(install_torch, "pip_install", pip)
    install_torch.main()
    assert pip.installations == [options]


def test_without_a_cpu_build_nothing_is_installed_and_one_sentence_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pip = FakePip(CUDA, succeeds=False)
    monkeypatch.setattr(install_torch, "has_nvidia_gpu", lambda: False)
    monkeypatch.setattr(install_torch, "pip_install", pip)
    with pytest.raises(SystemExit, match="would bring 2 CUDA packages") as caught:
        install_torch.main()
    assert "\n" not in str(caught.value)
    assert pip.installations == [install_torch.FROM_CPU_INDEX]


@pytest.mark.parametrize("programs", [(), ("node", "npm")])
def test_without_a_node_of_our_time_the_build_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, programs: tuple[str, ...]
) -> None:
    (tmp_path / "js").mkdir()
    for name in programs:
        (tmp_path / name).write_text("#!/bin/sh\necho v18.20.4\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    hook = hatch_build.JavaScriptHook(str(tmp_path), {}, None, None, "", "wheel")  # type: ignore[arg-type]
    with pytest.raises(SystemExit, match=r"Node >= 20 with npm is needed"):
        hook.initialize("standard", {})


def test_what_a_page_loads_is_found() -> None:
    inner = "<img src='http://b/i.png'>".replace("'", "&quot;")
    page = (
        '<link href="//a/s.css"><script src="x.js"></script><img src="data:image/png;base64,AA=="/>'
        f'<a href="http://c">a link is no load</a><iframe srcdoc="{inner}"></iframe>'
    )
    assert demo_headless.loads(page) == ["//a/s.css", "x.js", "http://b/i.png"]
