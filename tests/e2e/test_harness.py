"""What the browser tests lean on, shown with the smallest widget: a counter."""

import pytest

from tests.e2e.lab import Lab, only_default_comms

COUNTER = """
import threading
import anywidget, traitlets

class Counter(anywidget.AnyWidget):
    rev = traitlets.Int(0).tag(sync=True)
    _esm = '''
    function render({ model, el }) {
        const button = document.createElement("button")
        button.dataset.testid = "scrub-root"
        const show = () => { button.dataset.rev = button.textContent = model.get("rev") }
        button.dataset.phase = "ready"
        button.addEventListener("click", () => model.send({ kind: "click" }))
        model.on("change:rev", show)
        show()
        el.append(button)
    }
    export default { render }
    '''

    def __init__(self):
        super().__init__()
        self.clicked = threading.Event()
        self.on_msg(self.count)

    def count(self, widget, message, buffers):
        self.rev += 1
        if self.rev == 2:
            self.clicked.set()

counter = Counter()
counter
"""


def test_a_click_while_a_cell_runs_is_handled_at_once_only_with_subshells(lab: Lab) -> None:
    subshells = lab.server.comms == "perCommTarget"
    seconds = 60 if subshells else 1
    notebook = lab.open([COUNTER, f"print(counter.clicked.wait({seconds}))"])
    notebook.run(0)
    notebook.wait_phase("ready")
    notebook.root().click()
    notebook.wait_rev(1)
    notebook.run(1, wait=False)
    notebook.root().click()
    notebook.wait_rev(2)
    notebook.wait_kernel("idle")
    assert notebook.text_output(1) == str(subshells)


@only_default_comms
def test_a_view_comes_back_after_a_reload_and_follows_the_theme(lab: Lab) -> None:
    notebook = lab.open([COUNTER, "counter.rev"])
    notebook.run(0)
    notebook.root().click()
    notebook.wait_rev(1)
    notebook.reload()
    notebook.wait_rev(1)
    notebook.set_theme("dark")
    assert notebook.root().evaluate("root => getComputedStyle(root).colorScheme") == "dark"
    notebook.run(1)
    assert notebook.text_output(1) == "1"


@only_default_comms
def test_a_restarted_kernel_has_forgotten(lab: Lab) -> None:
    notebook = lab.open(["first = 1; print(first)", "print('first' in globals())"])
    notebook.run_all()
    notebook.restart_kernel()
    notebook.run(1)
    assert (notebook.text_output(0), notebook.text_output(1)) == ("1", "False")


@only_default_comms
def test_problems_in_the_browser_are_kept(lab: Lab) -> None:
    notebook = lab.open(["1 / 0"])
    with pytest.raises(pytest.fail.Exception, match="cell 0 raised ZeroDivisionError"):
        notebook.run(0)
    notebook.page.evaluate("console.error('told')")
    notebook.page.evaluate("setTimeout(() => { throw new Error('thrown') })")
    notebook.page.evaluate("fetch('http://127.0.0.1:1/elsewhere').catch(() => {})")
    told = "\n".join(lab.problems)
    lab.problems.clear()
    assert "console: told" in told
    assert "uncaught: thrown" in told
    assert "request to another host: http://127.0.0.1:1/elsewhere" in told
