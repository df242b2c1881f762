"""Fixtures of the browser tests: one Chromium, one JupyterLab at a time, a fresh profile for each test."""

from collections.abc import Generator, Iterator

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from scripts import chromium
from tests.e2e.lab import TIMEOUT_MS, Lab
from tests.e2e.server import LabServer

CHROMIUM_OPTIONS = [
    "--no-sandbox",  # containers seldom have what it needs, and the tests open nothing but our own pages
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Let fixtures know that the test failed."""
    report = yield
    if report.failed:
        item.stash[failed] = True
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium.find()
    assert path, "no Chromium: run `python scripts/chromium.py`, or set CHROMIUM to the path of one"
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=path, args=CHROMIUM_OPTIONS)


@pytest.fixture(scope="session", params=["perCommTarget", "disabled"])
def lab_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A JupyterLab in each comm mode."""
    with LabServer(tmp_path_factory.mktemp("lab"), request.param) as server:
        yield server


@pytest.fixture(scope="session", params=["perCommTarget", "disabled"])
def notebook_server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """A Notebook 7 in each comm mode."""
    with LabServer(tmp_path_factory.mktemp("notebook"), request.param, "notebook") as server:
        yield server


@pytest.fixture
def notebook7(request: pytest.FixtureRequest, notebook_server: LabServer, browser: Browser) -> Iterator[Lab]:
    """Notebook 7 for one test, in the same way as `lab`."""
    yield from _opened(request, notebook_server, browser)


@pytest.fixture
def lab(request: pytest.FixtureRequest, lab_server: LabServer, browser: Browser) -> Iterator[Lab]:
    """JupyterLab for one test, which fails too if the browser told of a problem."""
    yield from _opened(request, lab_server, browser)


def _opened(request: pytest.FixtureRequest, server: LabServer, browser: Browser) -> Iterator[Lab]:
    with browser.new_context(viewport={"width": 1600, "height": 1000}) as context:
        lab = Lab(server, context)
        yield lab
        if request.node.stash.get(failed, False):
            for number, notebook in enumerate(lab.notebooks):
                notebook.screenshot(f"{request.node.name}-{number}")
    server.reset()
    assert not lab.problems, "\n".join(lab.problems)
