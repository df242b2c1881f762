"""Run the demo notebook without a screen: one offline HTML file, and the loss recovered on the terminal.

Usage: python scripts/demo_headless.py [NOTEBOOK [OUTPUT]]
"""

import os
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
from jinja2 import DictLoader
from nbclient import NotebookClient
from nbconvert import HTMLExporter

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / "notebooks" / "01_induction.ipynb"
OUTPUT = ROOT / "build" / "01_induction.html"

# nbconvert's page, less the scripts that it takes from a network: require.js, widgets, MathJax, Mermaid.
OFFLINE_TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{%- block html_head_js -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
"""


def execute(path: Path) -> nbformat.NotebookNode:
    """The notebook, run from its own folder; widgets show themselves as static HTML."""
    os.environ["SCRUB_WIDGETS_STATIC"] = "1"
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        resources={"metadata": {"path": str(path.parent)}},
        store_widget_state=False,  # it would win over the static HTML, and needs scripts from a network
        extra_arguments=["--log-level=ERROR"],  # a kernel warns that its local sockets are not encrypted
    )
    return client.execute()


def to_offline_html(notebook: nbformat.NotebookNode, path: Path) -> str:
    """The notebook, read from `path`, as one page that loads nothing."""
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": OFFLINE_TEMPLATE})],
        template_file="offline.html.j2",
        embed_images=True,
    )
    resources = {"metadata": {"name": path.stem, "path": str(path.parent)}}
    html, _ = exporter.from_notebook_node(notebook, resources)
    if found := loads(html):
        raise ValueError(f"the page is to hold everything, but would load {', '.join(found)}")
    return str(html)


def loads(html: str) -> list[str]:
    """What a browser would fetch for the page: each `src`, each `href` of a `<link>`, but no `data:`."""
    found: list[str] = []

    class Finder(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                if value and name == "srcdoc":
                    found.extend(loads(value))
                if value and (name == "src" or (tag, name) == ("link", "href")) and value[:5] != "data:":
                    found.append(value)

    Finder().feed(html)
    return found


def headline(notebook: nbformat.NotebookNode) -> str:
    """What the cell tagged `headline` printed: the loss recovered."""
    for cell in notebook.cells:
        if "headline" in cell.metadata.get("tags", []):
            texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
            return "".join(texts).strip()
    raise ValueError("no cell of the notebook is tagged 'headline'")


def main(notebook_path: Path = NOTEBOOK, output_path: Path = OUTPUT) -> None:
    """Execute, write the page, print the headline."""
    notebook = execute(notebook_path)
    output_path.parent.mkdir(parents=True, exist_ok=True)
    output_path.write_text(to_offline_html(notebook, notebook_path), encoding="utf-8")
    print(f"wrote {output_path}")
    print(f"loss recovered: {headline(notebook)}")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
