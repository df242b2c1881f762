"""A marimo app of one widget for the browser tests, apart from everything of the user's."""

import secrets
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Self

from tests.e2e.server import ENVIRONMENT, START_SECONDS, free_port

SOURCE = """import marimo

app = marimo.App()


@app.cell
def make():
    import marimo as mo
    import torch
    import scrub_widgets as sw

    torch.set_num_threads(1)
    widget = sw.ScrubWidget(sw.load_task("induction"), samples=512)
    shown = mo.ui.anywidget(widget)
    shown
    return sw, mo, widget, shown


@app.cell
def follow(mo, shown, widget):
    # Runs again whenever the view changed a trait, as marimo does it: the kernel's own words for what is shown.
    shown.value
    mo.md(f"kernel: {[c.id for c in widget.hypothesis]}")
    return


if __name__ == "__main__":
    app.run()
"""


class MarimoApp:
    """``marimo run`` inside a `with` block, on a free port, with a token and settings of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._token = secrets.token_hex(16)
        self._notebook = folder / "app.py"
        self._notebook.write_text(SOURCE)
        self._log = folder / "server.log"
        own = {f"XDG_{kind}_HOME": str(folder / kind.lower()) for kind in ("CONFIG", "STATE", "CACHE")}
        self._environment = {**ENVIRONMENT, **own}

    def __enter__(self) -> Self:
        """Start it, and wait until it answers."""
        options = [
            "--headless",
            "--host=127.0.0.1",
            f"--port={self.port}",
            "--token",
            f"--token-password={self._token}",
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "marimo", "run", *options, str(self._notebook)],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/health", timeout=60).close()
                return self
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.2)
        self.__exit__()
        raise RuntimeError(f"marimo did not start:\n{self._log.read_text()}")

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._process.terminate()
        self._process.wait(timeout=60)

    @property
    def url(self) -> str:
        """Address of the app, token included."""
        return f"http://127.0.0.1:{self.port}/?access_token={self._token}"
