"""Build hook: make the widget's JavaScript bundle before it is packed (or installed in place)."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEED_NODE = "To build scrub-widgets, Node >= 20 with npm is needed: install it from https://nodejs.org."


class JavaScriptHook(BuildHookInterface):  # type: ignore[type-arg]
    """Run `npm ci` and `npm run build` in `js/` when the bundle is missing or older than its sources.

    Does nothing without `js/` (an sdist carries the bundle instead), nor with `SCRUB_WIDGETS_SKIP_JS=1`, for
    jobs that need Python only.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """What hatchling calls before each build."""
        root = Path(self.root)
        js = root / "js"
        bundle = root / "scrub_widgets" / "widget" / "static" / "widget.js"
        if not js.is_dir() or os.environ.get("SCRUB_WIDGETS_SKIP_JS") == "1" or _is_fresh(bundle, js):
            return
        npm = shutil.which("npm")
        if npm is None or _node_version() < 20:
            sys.exit(NEED_NODE)  # an exception would bury the sentence under a traceback
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if subprocess.run([npm, *command], cwd=js, check=False).returncode:
                sys.exit(f"`npm {' '.join(command)}` failed in {js}: its own message stands above.")


def _is_fresh(bundle: Path, js: Path) -> bool:
    """Whether the bundle is there and no source is newer."""
    sources = (path for path in js.rglob("*") if path.is_file() and "node_modules" not in path.parts)
    return bundle.exists() and all(path.stat().st_mtime <= bundle.stat().st_mtime for path in sources)


def _node_version() -> int:
    """20 for v20.1.2; 0 without a Node that says its version."""
    try:
        said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return 0
    return int(said.removeprefix("v").split(".")[0])
