"""How Sphinx makes the documentation site; `build.py` brings the pages and calls it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import evenlight

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "evenlight"
release = version = evenlight.__version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "markdown"}
language = "en"

myst_heading_anchors = 4  # a page is linked by the headings that a reader sees
default_role = "py:obj"  # `name` in a docstring leads to it where the reference has it
pygments_style = "a11y-high-contrast-light"
pygments_dark_style = "a11y-high-contrast-dark"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
python_maximum_signature_line_length = 80
napoleon_use_param = False
napoleon_use_rtype = False
toc_object_entries_show_parents = "hide"

html_theme = "furo"
html_title = f"evenlight {release}"
html_static_path = ["site.css"]
html_css_files = ["site.css"]
html_show_copyright = False
html_show_sourcelink = False
html_copy_source = False
html_show_search_summary = False  # summaries are fetched, which a page opened as a file may not
html_theme_options = {"footer_icons": []}

LONE = re.compile(
    r"(?<![\\\w*.,)])(\*{1,2}+)(?=\S)(?![^*`]*[\w.,)]\*)|(?<!\\)(\|)|(?<=\w)(_)(?=[\s,.;:)\]\"]|$)"
)
"""A star, bar or final underline that is itself: in (n, *s), |effect| and x_."""


def literal_signs(lines: list[str]) -> None:
    """Docstrings are written to be read as they are; reStructuredText would see marks in them."""
    example = False
    for i, line in enumerate(lines):
        example = bool(line.strip()) and (example or line.lstrip().startswith(">>>"))
        if not (example or "``" in line or ":class:" in line):
            lines[i] = LONE.sub(lambda sign: "\\" + sign.group(), line)


def ended_sections(lines: list[str]) -> None:
    """A paragraph after parameters is no parameter: napoleon ends a section at two empty lines."""
    for i in range(len(lines) - 1, 0, -1):
        rest = lines[i + 1] if i + 1 < len(lines) else ""
        named = rest.startswith((" ", "---"))
        inside = any(set(line) == {"-"} for line in lines[:i])
        if inside and lines[i][:1].strip() and not lines[i - 1] and not named:
            lines.insert(i, "")


def plain_returns(lines: list[str]) -> None:
    """What is returned is told in sentences here, not as a list of types."""
    for i in range(len(lines) - 2, -1, -1):
        if lines[i] == "Returns" and set(lines[i + 1]) == {"-"}:
            lines[i : i + 2] = ["", "**Returns**", ""]


def setup(app: Sphinx) -> None:
    """Before napoleon sections end where they do; after it what only looks like a mark is none."""
    event = "autodoc-process-docstring"
    app.connect(event, lambda *told: plain_returns(told[-1]), priority=90)
    app.connect(event, lambda *told: ended_sections(told[-1]), priority=100)
    app.connect(event, lambda *told: literal_signs(told[-1]), priority=900)
