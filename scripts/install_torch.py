"""Install the pinned PyTorch into this Python's environment, and CUDA packages only where an NVIDIA GPU is.

On Linux the usual index serves PyTorch with several GB of CUDA packages. So: ask pip what it would install
from the configured index, and take that on a machine with a GPU, or where no CUDA package is among it (macOS,
or an index that serves CPU builds); else take the CPU build from PyTorch's own index.

Usage: python scripts/install_torch.py
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"
# It may lack our pinned versions of what PyTorch depends on: these come with the project's own install.
FROM_CPU_INDEX = ("--index-url", CPU_INDEX, "--no-deps", "--retries", "1")
CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"


def has_nvidia_gpu() -> bool:
    """Whether an NVIDIA driver answers."""
    smi = shutil.which("nvidia-smi")
    return smi is not None and subprocess.run([smi], capture_output=True, check=False).returncode == 0


def pip_install(*options: str) -> subprocess.CompletedProcess[str]:
    """Run `pip install torch` at the pinned version; stderr goes to the terminal, stdout comes back."""
    command = [sys.executable, "-m", "pip", "install", "-qq", "-c", str(CONSTRAINTS), *options, "torch"]
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)


def cuda_packages() -> list[str]:
    """CUDA packages that the configured index would bring; none if PyTorch is installed already."""
    answer = pip_install("--dry-run", "--report", "-")
    if answer.returncode:
        sys.exit("pip finds no PyTorch for this machine on the configured index: its message stands above.")
    names = (item["metadata"]["name"] for item in json.loads(answer.stdout)["install"])
    return sorted(name for name in names if name.startswith(("nvidia-", "cuda-")))


def main() -> None:
    """Install PyTorch, or say in one sentence what to do."""
    unwanted = [] if has_nvidia_gpu() else cuda_packages()
    if pip_install(*(FROM_CPU_INDEX if unwanted else ())).returncode == 0:
        return
    if not unwanted:
        sys.exit("pip could not install PyTorch from the configured index: its own message stands above.")
    sys.exit(
        f"No NVIDIA GPU answers here, the configured index would bring {len(unwanted)} CUDA packages "
        f"({', '.join(unwanted[:3])}, ...), and {CPU_INDEX} gave no CPU build: install torch by hand, in the "
        f"version that {CONSTRAINTS.name} names, with `{sys.executable} -m pip install`, then run this again."
    )


if __name__ == "__main__":
    main()
