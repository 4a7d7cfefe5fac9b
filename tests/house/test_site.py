"""The documentation site: whole, asking nothing of other servers, readable on a small screen."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import evenlight as ev
from tests.browser import browser

WIDE = 320


@pytest.fixture(scope="module", name="build")
def _build(root: Path) -> Iterator[ModuleType]:
    """docs/site/build.py, which is no part of the package."""
    place = root / "docs" / "site"
    sys.path.insert(0, str(place))
    spec = spec_from_file_location("build_of_site", place / "build.py")
    assert spec is not None
    assert spec.loader is not None
    made = module_from_spec(spec)
    spec.loader.exec_module(made)
    yield made
    sys.path.remove(str(place))


@pytest.fixture(scope="module", name="pages")
def _pages(build: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Sphinx is given."""
    place = tmp_path_factory.mktemp("gathered") / "pages"
    build.gather(place)
    return place


@pytest.fixture(scope="module", name="site")
def _site(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site that EVENLIGHT_SITE names, as CI has built it; else built here."""
    given = os.environ.get("EVENLIGHT_SITE", "")
    if given:
        return Path(given)
    out = tmp_path_factory.mktemp("site") / "html"
    said = subprocess.run(
        [sys.executable, root / "docs" / "site" / "build.py", out], capture_output=True, text=True
    )
    assert (said.returncode, said.stderr) == (0, "")
    return out


@pytest.fixture(scope="module")
def chrome() -> Iterator[Any]:
    """One browser for all tests of this file."""
    with browser() as made:
        yield made


def sphinx(root: Path, pages: Path, out: Path) -> int:
    """Sphinx's exit code for a folder of pages, as strict as for the site."""
    places = [str(path) for path in (root / "docs" / "site", pages, out)]
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-b", "html", "-c", *places]
    return subprocess.run(command, capture_output=True).returncode


def test_every_public_name_stands_once_in_the_reference(pages: Path) -> None:
    """Whoever looks for a name of evenlight finds its docstring, in one place."""
    text = "".join(page.read_text("utf-8") for page in (pages / "reference").glob("*.md"))
    shown = re.findall(r"^\.\. auto\w+:: evenlight\.(\w+)$", text, flags=re.MULTILINE)
    assert sorted(shown) == sorted(name for name in ev.__all__ if name != "__version__")


def test_functions_of_modules_are_shown(build: ModuleType) -> None:
    """Those of `__all__`, or those that a module defines, or those that it gathers."""
    assert build.functions(ev.pl) == sorted(ev.pl.__all__)
    assert {"compare", "explain", "rely"} <= set(build.functions(ev.tl))
    assert "unit_codes" not in build.functions(ev.tl)  # which it only uses
    assert {"images", "sequences"} <= set(build.functions(ev.hf))


def test_links_to_examples_lead_to_their_pages(pages: Path) -> None:
    """No link of a page leaves the site's folder, and each notebook is a page."""
    assert not re.search(r"\]\(\.\./", "".join(p.read_text("utf-8") for p in pages.glob("*.md")))
    text = (pages / "examples" / "warfarin.md").read_text("utf-8")
    assert text.startswith("# Warfarin")
    assert "```python\n%matplotlib inline" in text


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.org/x.js">',
        '<img alt="" src="//example.org/x.png">',
        '<link href="http://example.org/x.css" rel="stylesheet">',
        '<link rel="preconnect" href="https://fonts.example.org">',
        "body { background: url('https://example.org/x.png') }",
        '@import "https://example.org/x.css";',
        'fetch("https://example.org/x.json")',
    ],
)
def test_what_asks_another_server_is_found(build: ModuleType, tmp_path: Path, text: str) -> None:
    """Scripts, images, styles, fonts and requests from elsewhere are; links to follow are not."""
    (tmp_path / "a.html").write_text('<a href="https://example.org">there</a>', "utf-8")
    assert list(build.outside(tmp_path)) == []
    (tmp_path / "b.html").write_text(text, "utf-8")
    assert [name for name, _ in build.outside(tmp_path)] == ["b.html"]


@pytest.mark.parametrize(
    ("link", "code"),
    [("b.md", 0), ("b.md#a-part", 0), ("c.md", 1), ("b.md#no-part", 1)],
)
def test_a_broken_link_ends_the_build(root: Path, tmp_path: Path, link: str, code: int) -> None:
    """A page or a heading that is not there is an error."""
    pages = tmp_path / "pages"
    pages.mkdir()
    listed = "```{toctree}\nb\n```\n"
    (pages / "index.md").write_text(f"# A\n\n[there]({link})\n\n{listed}", "utf-8")
    (pages / "b.md").write_text("# B\n\n## A part\n\nText.\n", "utf-8")
    assert sphinx(root, pages, tmp_path / "out") == code


def test_docstrings_keep_their_signs(root: Path) -> None:
    """Stars, bars and underlines that are no marks are escaped; marks and examples are left."""
    place = root / "docs" / "site" / "conf.py"
    spec = spec_from_file_location("conf_of_site", place)
    assert spec is not None
    assert spec.loader is not None
    conf = module_from_spec(spec)
    spec.loader.exec_module(conf)
    lines = ["(n, *s) of |x| in X_ and *one* or **two**", ">>> f(*a) | x_", "", "tables/*.csv"]
    conf.literal_signs(lines)
    assert lines == [
        r"(n, \*s) of \|x\| in X\_ and *one* or **two**", ">>> f(*a) | x_", "", r"tables/\*.csv"
    ]  # fmt: skip
    lines = ["Parameters", "----------", "a", "    one.", "", "It raises.", "", "Raises", "------"]
    conf.ended_sections(lines)
    assert lines[4:8] == ["", "", "It raises.", ""]
    lines = ["One.", "", "Returns", "-------", "A cohort, and", "what it holds."]
    conf.plain_returns(lines)
    assert lines == ["One.", "", "", "**Returns**", "", "A cohort, and", "what it holds."]


@pytest.mark.slow
def test_no_page_asks_anything(site: Path, chrome: Any) -> None:
    """Without a network every page opens with no request, error or word on the console."""
    context = chrome.new_context(viewport={"width": WIDE, "height": 800}, offline=True)
    tab = context.new_page()
    wrong: list[str] = []
    inside = site.resolve().as_uri()
    tab.on("request", lambda r: None if r.url.startswith(inside) else wrong.append(r.url))
    tab.on("requestfailed", lambda r: wrong.append(f"failed {r.url}"))
    tab.on("console", lambda m: wrong.append(f"console {m.text}"))
    tab.on("pageerror", lambda e: wrong.append(f"error {e}"))
    pages = sorted(site.resolve().rglob("*.html"))
    assert len(pages) > 50
    for page in pages:
        tab.goto(page.as_uri())
        if tab.evaluate("document.documentElement.scrollWidth") > WIDE:
            wrong.append(f"wide {page.name}")
    assert wrong == []
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_use_it(site: Path, chrome: Any, scheme: str) -> None:
    """Axe finds nothing serious on a page of each kind, in light and in dark."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    tab = chrome.new_context(offline=True, color_scheme=scheme).new_page()
    found = []
    for name in ("index", "findings", "quickstart", "reference/explainers", "search"):
        tab.goto((site.resolve() / f"{name}.html").as_uri())
        for fault in axe.run(tab).response["violations"]:
            if fault["impact"] in ("serious", "critical"):
                found.append((name, fault["id"], fault["nodes"][0]["html"]))
    assert found == []
    tab.context.close()


@pytest.mark.slow
def test_search_finds_a_page_without_a_server(site: Path, chrome: Any) -> None:
    """The search box works where pages are opened as files."""
    tab = chrome.new_context(offline=True).new_page()
    tab.goto(site.resolve().as_uri() + "/search.html?q=waiver")
    tab.wait_for_selector("ul.search li")
    found = tab.locator("ul.search li a").all_inner_texts()
    assert any("pipelines" in name for name in found)
    tab.context.close()
