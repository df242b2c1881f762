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
    # Live widget state would win over the static HTML, and needs scripts from a network to be shown.
    folder = {"metadata": {"path": str(path.parent)}}
    return NotebookClient(notebook, resources=folder, store_widget_state=False).execute()


def to_offline_html(notebook: nbformat.NotebookNode, title: str) -> str:
    """The notebook as one page that loads nothing from a network."""
    exporter = HTMLExporter(
        extra_loaders=[DictLoader({"offline.html.j2": OFFLINE_TEMPLATE})],
        template_file="offline.html.j2",
        embed_images=True,
    )
    html, _ = exporter.from_notebook_node(notebook, {"metadata": {"name": title}})
    if loads := network_loads(html):
        raise ValueError(f"the page would load from the network: {', '.join(loads)}")
    return str(html)


def network_loads(html: str) -> list[str]:
    """What a browser would fetch for the page: each `src`, each `href` of a `<link>`, but no `data:`."""
    found: list[str] = []

    class Finder(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            for name, value in attrs:
                if value and name == "srcdoc":
                    found.extend(network_loads(value))
                if value and (name == "src" or (tag, name) == ("link", "href")) and value[:5] != "data:":
                    found.append(value)

    Finder().feed(html)
    return found


def headline(notebook: nbformat.NotebookNode) -> str:
    """The text that the cell tagged `headline` printed: the loss recovered."""
    for cell in notebook.cells:
        if "headline" in cell.metadata.get("tags", []):
            texts = [out.get("text") or out.get("data", {}).get("text/plain", "") for out in cell.outputs]
            return "".join(texts).strip()
    raise ValueError("no cell of the notebook is tagged 'headline'")


def main(notebook_path: Path = NOTEBOOK, output_path: Path = OUTPUT) -> None:
    """Execute, write the page, print the headline."""
    notebook = execute(notebook_path)
    output_path.parent.mkdir(parents=True, exist_ok=True)
    output_path.write_text(to_offline_html(notebook, notebook_path.stem), encoding="utf-8")
    print(f"wrote {output_path}")
    print(headline(notebook))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
