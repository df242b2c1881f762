"""Notebooks in a real JupyterLab, driven through a real Chromium.

Nothing sleeps: every wait is for a promise of JupyterLab's, or for an attribute that the widget sets on its
root (`data-phase`, `data-rev`, `data-result-rev`). Every console error, uncaught exception, and request to
another host than the notebook server is kept in `Lab.problems`, and fails the test when it ends.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import nbformat
import pytest
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, expect

from tests.e2e.server import LabServer

only_default_comms = pytest.mark.parametrize("lab_server", ["perCommTarget"], indirect=True)
"""Mark of a test to which the second comm mode says nothing new."""

ARTIFACTS = Path(__file__).parent / "artifacts"
TIMEOUT_MS = 60_000  # a notebook opens in about 5 s; shared machines have bad moments
LOCAL_SCHEMES = ("data", "blob", "about")
KNOWN_NOISE = (
    # JupyterLab's debugger asks a new kernel for its state, and complains if it is restarted meanwhile.
    "Could not restore the debugger state",
    # Notebook 7 opens any notebook so, also an empty one: of a plugin of its own it has no settings.
    "Cannot read properties of undefined (reading 'schema')",
)

PANEL = "window.jupyterapp?.shell.currentWidget"
KERNEL_STATUS = f"{PANEL}?.sessionContext?.session?.kernel?.status"
RUN_CELL = f"""async ([index, wait]) => {{
    const notebook = {PANEL}.content
    notebook.deselectAll()
    notebook.activeCellIndex = index
    const done = window.jupyterapp.commands.execute("notebook:run-cell")
    const late = new Promise((_, reject) => setTimeout(() => reject(`cell ${{index}} still runs`), {TIMEOUT_MS}))
    if (wait) await Promise.race([done, late])
}}"""


class Notebook:
    """One notebook in its own browser tab, with its own kernel. Cells and widgets are counted from 0."""

    def __init__(self, page: Page, n_cells: int) -> None:
        self.page = page
        self.n_cells = n_cells

    def run(self, index: int, *, wait: bool = True) -> None:
        """Run a cell; fails if it raised. With `wait=False` (a long cell), return when the kernel is busy."""
        self.page.evaluate(RUN_CELL, [index, wait])
        if not wait:
            self.wait_kernel("busy")
            return
        for output in self.outputs(index):
            if output["output_type"] == "error":
                pytest.fail(f"cell {index} raised {output['ename']}: {output['evalue']}")

    def run_all(self) -> None:
        """Run every cell, top to bottom."""
        for index in range(self.n_cells):
            self.run(index)

    def outputs(self, index: int) -> list[dict[str, Any]]:
        """A cell's outputs, as nbformat writes them."""
        outputs: list[dict[str, Any]] = self.page.evaluate(
            f"index => {PANEL}.content.widgets[index].model.outputs.toJSON()", index
        )
        return outputs

    def text_output(self, index: int) -> str:
        """What a cell printed and returned, as plain text."""
        outputs = self.outputs(index)
        texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in outputs]
        return "".join("".join(text) for text in texts).strip()

    def wait_kernel(self, status: Literal["idle", "busy"]) -> None:
        """Wait until the kernel says that it is idle, or busy."""
        self.page.wait_for_function(f"{KERNEL_STATUS} === '{status}'")

    def root(self, index: int = 0) -> Locator:
        """The root element of a widget's view."""
        return self.page.get_by_test_id("scrub-root").nth(index)

    def wait_phase(self, phase: str, index: int = 0) -> None:
        """Wait until a view shows this phase."""
        expect(self.root(index)).to_have_attribute("data-phase", phase)

    def wait_rev(self, rev: int, index: int = 0) -> None:
        """Wait until a view shows this revision of the hypothesis, or a later one."""
        self._wait_at_least("rev", rev, index)

    def wait_result(self, rev: int, index: int = 0) -> None:
        """Wait until a view shows the complete result for this revision, or for a later one."""
        self._wait_at_least("resultRev", rev, index)

    def set_theme(self, theme: Literal["light", "dark"]) -> None:
        """Switch JupyterLab's theme."""
        command = "theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})"
        self.page.evaluate(command, f"JupyterLab {theme.title()}")
        is_light = str(theme == "light").lower()
        expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", is_light)
        expect(self.page.locator("#jupyterlab-splash")).to_have_count(0)  # it covers the page while the theme loads

    def reload(self) -> None:
        """Save, and load the page again, as a user may while the kernel lives on."""
        self.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        self.page.reload()
        self.wait_kernel("idle")

    def restart_kernel(self) -> None:
        """Start the kernel anew: its variables are gone, the outputs stay."""
        self.page.evaluate(f"{PANEL}.sessionContext.session.kernel.restart()")
        self.wait_kernel("idle")

    def screenshot(self, name: str) -> Path:
        """Keep a picture of the page in `tests/e2e/artifacts`."""
        path = ARTIFACTS / (re.sub(r"[^\w.-]+", "-", name) + ".png")
        self.page.screenshot(path=path)
        return path

    def _wait_at_least(self, key: str, value: int, index: int) -> None:
        reached = "([root, key, value]) => Number(root.dataset[key]) >= value"
        self.page.wait_for_function(reached, arg=[self.root(index).element_handle(), key, value])


class Problems:
    """What the browser told of in all pages of a context: console errors, exceptions, requests to another host."""

    def __init__(self, context: BrowserContext, port: int | None) -> None:
        self.told: list[str] = []
        self._port = port
        context.set_default_timeout(TIMEOUT_MS)
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self._on_error(str(error.error)))
        context.on("request", lambda request: self._on_request(request.url))
        context.on("page", lambda page: page.on("websocket", lambda socket: self._on_request(socket.url)))

    def _on_error(self, text: str) -> None:
        if not text.startswith(KNOWN_NOISE):
            self.told.append(f"uncaught: {text}")

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(KNOWN_NOISE):
            self.told.append(f"console: {message.text} ({message.location['url']})")

    def _on_request(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme == "file" and self._port is None:
            return
        if parts.scheme not in LOCAL_SCHEMES and parts.netloc != f"127.0.0.1:{self._port}":
            self.told.append(f"request to another host: {url}")


class Lab:
    """What one test does in JupyterLab: its notebooks, and the problems that the browser told of."""

    def __init__(self, server: LabServer, context: BrowserContext) -> None:
        self.server = server
        self.notebooks: list[Notebook] = []
        self.problems = Problems(context, server.port).told
        self._context = context

    def open(self, cells: Iterable[str]) -> Notebook:
        """A new notebook with these code cells, not yet run, and a fresh kernel."""
        code = [nbformat.v4.new_code_cell(source) for source in cells]
        name = f"notebook-{len(self.notebooks)}.ipynb"
        # Without a kernel's name in it, JupyterLab asks which one to start.
        metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3"}}
        nbformat.write(nbformat.v4.new_notebook(cells=code, metadata=metadata), self.server.notebooks / name)
        return self._show(name, len(code))

    def reopen(self, notebook: Notebook) -> Notebook:
        """Save a notebook, end its kernel, and open the file again: with a fresh kernel, and no cell run."""
        notebook.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
        name = f"notebook-{self.notebooks.index(notebook)}.ipynb"
        notebook.page.close()
        self.server.stop_kernels()
        return self._show(name, notebook.n_cells)

    def _show(self, name: str, n_cells: int) -> Notebook:
        page = self._context.new_page()
        notebook = Notebook(page, n_cells)
        self.notebooks.append(notebook)
        page.goto(self.server.page(name))
        notebook.wait_kernel("idle")
        return notebook
