"""Make the documentation site, from files at hand alone.

    python docs/site/build.py OUT

Pages are those of docs/, the notebooks and scripts of examples/, and a reference made of the
docstrings of every public name. A link that leads nowhere, a page that no list names and whatever
else Sphinx warns of end it with 1; so does a page that would ask another server for something.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from inspect import isfunction
from pathlib import Path
from types import ModuleType

from navigation import PAGES, ROOMS
from sphinx.cmd.build import main as sphinx

import evenlight

HERE = Path(__file__).parent
DOCS, EXAMPLES = HERE.parent, HERE.parent.parent / "examples"

LEAVING = re.compile(r"\[([^\]]+)\]\(\.\./([^)#\s]*)\)")
"""A link of a page to something beside docs/."""

ASKING = re.compile(
    r"""<(?:script|img|iframe|source|embed|audio|video)\b[^>]*\bsrc\s*=\s*["']?(?:https?:)?//"""
    r"""|<link\b(?=[^>]*\brel\s*=\s*["']?[^"'>]*(?:stylesheet|icon|preload|prefetch|preconnect|manifest))"""
    r"""[^>]*\bhref\s*=\s*["']?(?:https?:)?//"""
    r"""|url\(\s*["']?(?:https?:)?//|@import\s+["'](?:https?:)?//"""
    r"""|\b(?:fetch|import|importScripts|open)\(\s*["'`](?:GET["'],\s*["'])?(?:https?:)?//""",
    re.IGNORECASE,
)
"""What makes a browser ask another server: a link to be followed by a reader does not."""


SIGNATURE = re.compile(r"<dl>\n(<dd><em class=\"sig-param\">.*?)</dl>\n", re.DOTALL)
PARAMETER = re.compile(r"<dd>(.*?)</dd>")
"""How Sphinx writes a signature of several lines: a list of definitions that defines nothing."""


def main(out: str) -> int:
    """Build into `out`, which is made anew; 0 where nothing was amiss."""
    shutil.rmtree(out, ignore_errors=True)
    with tempfile.TemporaryDirectory() as folder:
        pages = Path(folder) / "pages"
        gather(pages)
        options = ["-b", "html", "-c", str(HERE), "-d", f"{folder}/trees", "-q", "-W"]
        status = sphinx([*options, "--keep-going", str(pages), out])
    for page in Path(out).rglob("*.html"):
        page.write_text(reachable(page.read_text("utf-8")), "utf-8")
    asked = sorted(outside(Path(out)))
    for name, what in asked:
        print(f"{name} would ask another server: {what}", file=sys.stderr)
    return 1 if status or asked else 0


def gather(pages: Path) -> None:
    """Every page as Markdown in one folder, with the lists by which a reader finds it."""
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("site", "*.pdf"))
    for page in pages.glob("*.md"):
        page.write_text(LEAVING.sub(_here, page.read_text("utf-8")), "utf-8")
    (pages / "examples").mkdir()
    for path in sorted(EXAMPLES.iterdir()):
        text = _notebook(path) if path.suffix == ".ipynb" else _script(path)
        if text:
            (pages / "examples" / f"{path.stem}.md").write_text(text, "utf-8")
    (pages / "reference").mkdir()
    for room, (title, told) in ROOMS.items():
        text = reference(room, title, told)
        (pages / "reference" / f"{room}.md").write_text(text, "utf-8")
    with (pages / "index.md").open("a", encoding="utf-8") as index:
        index.writelines(_list(caption, names) for caption, names in PAGES.items())


def reference(room: str, title: str, told: str) -> str:
    """The page of one room: its functions by name, then its records."""
    names = [name for name in evenlight.__all__ if room_of(name) == room]
    verbs = sorted((n for n in names if not n[0].isupper()), key=str.lower)
    records = sorted(n for n in names if n[0].isupper())
    parts = [f"# {title}\n\n{told}\n"]
    for heading, kept in (("Functions", verbs), ("Records", records)):
        parts.extend([f"\n## {heading}\n\n"] if kept and room != "modules" else [])
        parts.extend(_heading(name, room) + _described(name) for name in kept)
    return "".join(parts)


def functions(module: ModuleType) -> list[str]:
    """The public functions of a module: those of `__all__`, else its own, else what it gathers."""
    found = {n: f for n, f in vars(module).items() if isfunction(f) and not n.startswith("_")}
    own = [name for name, f in found.items() if f.__module__ == module.__name__]
    return sorted(name for name in getattr(module, "__all__", own or found) if name in found)


def room_of(name: str) -> str | None:
    """On which page of the reference a public name stands."""
    if name.startswith("_"):
        return None
    home = evenlight._HOME[name].partition(".")[0]
    if not home:
        return "modules"
    return home if home in ROOMS else "audits"


def reachable(page: str) -> str:
    """A page for everybody: headings have levels, code scrolls by keyboard, lists are whole."""
    page = page.replace('role="heading"><span', 'role="heading" aria-level="2"><span')
    page = page.replace("<pre>", '<pre tabindex="0">')
    return SIGNATURE.sub(
        lambda found: PARAMETER.sub(r'<span class="one">\1</span>', found[1]), page
    )


def outside(site: Path) -> Iterator[tuple[str, str]]:
    """Each place of a built site that would ask another server, as (file, what stands there)."""
    for path in site.rglob("*"):
        if path.suffix in {".html", ".css", ".js"}:
            for found in ASKING.finditer(path.read_text("utf-8")):
                yield str(path.relative_to(site)), found.group()[:200]


def _here(link: re.Match[str]) -> str:
    """A link to an example leads to its page; to anything else beside docs/ it becomes text."""
    text, target = link.groups()
    name = Path(target)
    if name.parent == Path("examples") and name.suffix in {".ipynb", ".py"}:
        return f"[{text}](examples/{name.stem}.md)"
    return text


def _notebook(path: Path) -> str:
    """A notebook as a page: what it says, and its code."""
    parts = []
    for cell in json.loads(path.read_text("utf-8"))["cells"]:
        text = "".join(cell["source"]).strip()
        parts.append(text if cell["cell_type"] == "markdown" else f"```python\n{text}\n```")
    where = f"*This is the notebook `examples/{path.name}`, which CI runs; outputs are not shown.*"
    return "\n\n".join([parts[0], where, *parts[1:]]) + "\n"


def _script(path: Path) -> str:
    """A script as a page: its first sentence, and its code; nothing of what is no script."""
    if path.suffix != ".py":
        return ""
    text = path.read_text("utf-8")
    return f"# {path.name}\n\n```python\n{text}```\n"


def _heading(name: str, room: str) -> str:
    return f"\n## evenlight.{name}\n\n" if room == "modules" else ""


def _described(name: str) -> str:
    """The directive that puts a docstring on a page."""
    value = getattr(evenlight, name)
    if isinstance(value, ModuleType):
        inner = "".join(_directive("autofunction", f"{name}.{one}") for one in functions(value))
        return _directive("automodule", name) + inner
    if isinstance(value, type):
        return _directive("autoclass", name, "   :members:\n")
    return _directive("autofunction", name)


def _directive(kind: str, name: str, more: str = "") -> str:
    return f"```{{eval-rst}}\n.. {kind}:: evenlight.{name}\n{more}```\n\n"


def _list(caption: str, names: tuple[str, ...]) -> str:
    """A list of pages for the bar at the side; the page itself does not show it."""
    return f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n" + "\n".join(names) + "\n```\n"


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
