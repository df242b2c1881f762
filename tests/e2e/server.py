"""A Jupyter server for the browser tests, apart from everything of the user's: with JupyterLab, or with Notebook 7."""

import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPResponse
from pathlib import Path
from typing import Literal, Self

Comms = Literal["perCommTarget", "disabled"]
"""How widget messages reach the kernel: in a subshell, so also while a cell runs (the default of JupyterLab
with ipykernel 7), or queued behind the running cell (as with older kernels)."""

Front = Literal["lab", "notebook"]
"""JupyterLab, or Notebook 7: other pages on the same server."""

OPTIONS = ["--no-browser", "--allow-root", "--ServerApp.port_retries=0"]
MODULES: dict[Front, str] = {"lab": "jupyterlab", "notebook": "notebook"}
APPS: dict[Front, str] = {"lab": "LabApp", "notebook": "JupyterNotebookApp"}
PAGES: dict[Front, str] = {"lab": "lab/tree", "notebook": "notebooks"}
ROOT = Path(__file__).parents[2]
START_SECONDS = 120  # it takes 3 to 9; shared machines have bad moments
APPUTILS = "@jupyterlab/apputils-extension"


# Notebooks import the fixtures of tests.e2e.tasks, and this checkout's package.
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class LabServer:
    """Runs inside a `with` block, on a free port, with settings, notebooks and kernels of its own."""

    def __init__(self, folder: Path, comms: Comms, front: Front = "lab") -> None:
        self.comms = comms
        self.front = front
        self.notebooks = folder / "notebooks"
        self.notebooks.mkdir()
        self._settings = folder / "settings"
        self._set("kernels-settings", {"commsOverSubshells": comms})
        self._set("notification", {"doNotDisturbMode": True, "checkForUpdates": False, "fetchNews": "false"})
        self._log = folder / "server.log"
        self._token = secrets.token_hex(16)
        self.port = free_port()
        self._environment = {
            **ENVIRONMENT,
            "IPYTHONDIR": str(folder / "ipython"),
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(self._settings),
            "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        }

    def __enter__(self) -> Self:
        """Start it, and wait until it answers."""
        own_options = [
            "--ServerApp.ip=127.0.0.1",
            f"--ServerApp.port={self.port}",
            f"--ServerApp.root_dir={self.notebooks}",
            f"--IdentityProvider.token={self._token}",
            f"--{APPS[self.front]}.expose_app_in_browser=True",  # as window.jupyterapp
        ]
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", MODULES[self.front], *OPTIONS, *own_options],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        deadline = time.monotonic() + START_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self._answers():
                return self
            time.sleep(0.2)
        self.__exit__()
        raise RuntimeError(f"{MODULES[self.front]} did not start:\n{self._log.read_text()}")

    def __exit__(self, *_: object) -> None:
        """Stop it, with its kernels."""
        self._process.terminate()
        self._process.wait(timeout=60)

    def url(self, path: str) -> str:
        """Address of one of its pages, token included."""
        return f"http://127.0.0.1:{self.port}/{path}?token={self._token}"

    def page(self, notebook: str) -> str:
        """Address of a notebook, in a workspace of its own."""
        return self.url(f"{PAGES[self.front]}/{notebook}") + "&reset"

    def save_widgets(self, *, on: bool) -> None:
        """Whether notebooks opened from now on keep the state of their widgets when they are saved."""
        path = self._settings / "@jupyter-widgets" / "jupyterlab-manager" / "plugin.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"saveState": on}))

    def reset(self) -> None:
        """Stop all kernels, and go back to the settings of the start for pages opened from now on."""
        self._set("themes", {})
        self.save_widgets(on=False)
        self.stop_kernels()

    def stop_kernels(self) -> None:
        """Stop all kernels."""
        with self._request("GET", "api/kernels") as kernels:
            for kernel in json.load(kernels):
                self._request("DELETE", f"api/kernels/{kernel['id']}").close()

    def _request(self, method: str, path: str) -> HTTPResponse:
        request = urllib.request.Request(self.url(path), method=method)
        response: HTTPResponse = urllib.request.urlopen(request, timeout=60)
        return response

    def _set(self, name: str, settings: dict[str, object]) -> None:
        path = self._settings / APPUTILS / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))

    def _answers(self) -> bool:
        try:
            self._request("GET", "api").close()
            return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
