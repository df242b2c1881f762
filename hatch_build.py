"""Build hook: make the widget's JavaScript bundle before it is packed (or installed in place)."""

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NEED_NODE = "Building scrub-widgets from source needs Node >= 20 with npm: install it from https://nodejs.org, then try again."


class JavaScriptHook(BuildHookInterface):  # type: ignore[type-arg]
    """Run `npm ci` and `npm run build` in `js/` when the bundle is missing or older than its sources.

    Does nothing without `js/` (an sdist carries the bundle instead) and with `SCRUB_WIDGETS_SKIP_JS=1` (Python-only jobs).
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called by hatchling before each build."""
        root = Path(self.root)
        js = root / "js"
        bundle = root / "scrub_widgets" / "widget" / "static" / "widget.js"
        if not js.is_dir() or os.environ.get("SCRUB_WIDGETS_SKIP_JS") == "1" or _is_fresh(bundle, js):
            return
        node, npm = shutil.which("node"), shutil.which("npm")
        if node is None or npm is None or _major_version(node) < 20:
            self.app.abort(NEED_NODE)  # a plain message: an exception would bury it under pip's traceback
        for command in (["ci", "--no-audit", "--no-fund"], ["run", "build"]):
            if subprocess.run([npm, *command], cwd=js, check=False).returncode:
                self.app.abort(f"`npm {' '.join(command)}` failed in {js}: its own message stands above.")


def _is_fresh(bundle: Path, js: Path) -> bool:
    """Whether the bundle is there and no source is newer."""
    sources = (path for path in js.rglob("*") if path.is_file() and "node_modules" not in path.parts)
    return bundle.exists() and all(path.stat().st_mtime <= bundle.stat().st_mtime for path in sources)


def _major_version(node: str) -> int:
    """20 for a `node` that calls itself v20.1.2; 0 for one that does not say."""
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)", said)
    return int(found[1]) if found else 0
