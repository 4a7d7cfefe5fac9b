"""What is in the repository: links, no address of any machine, one version of everything."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

LINKS = {"explainers": "src/evenlight/explainers", "reports": "src/evenlight/reports"}
ADDRESSES = re.compile(
    "|".join(
        (
            r"(?<![\w.])/(?:home|root|Users|tmp|work|opt)" + "/",
            r"[A-Z]:\\Users" + r"\\",
            "pypi" + r"\.org|pythonhosted" + r"\.org|registry" + r"\.npmjs|deb" + r"\.debian",
            "index" + "-url",
        )
    )
)
"""Places that exist on one machine only, and addresses of package registries."""


def tracked(root: Path) -> list[Path]:
    """Files that git holds or would hold."""
    if not (root / ".git").exists():
        pytest.skip("this is not a git checkout, so there are no tracked files to look at")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        check=True,
    )
    names = [name for name in listed.stdout.decode().split("\0") if name]
    return [root / name for name in names if (root / name).is_file()]


@pytest.mark.parametrize(("link", "target"), LINKS.items())
def test_links_for_readers(link: str, target: str, root: Path) -> None:
    """Both links at the root are links in git too, and lead to a room of the package."""
    assert str((root / link).readlink()) == target
    assert (root / link / "__init__.py").is_file()
    if not (root / ".git").exists():
        pytest.skip("this is not a git checkout, so git's mode of the link cannot be read")
    staged = subprocess.run(
        ["git", "ls-files", "--stage", link], cwd=root, capture_output=True, text=True, check=True
    )
    assert staged.stdout.startswith("120000 ")


def addresses(text: str) -> list[str]:
    """Machine paths and registry addresses in a text."""
    return ADDRESSES.findall(text)


def test_no_file_names_a_machine(root: Path) -> None:
    """No file holds a path of one machine or the address of a registry."""
    found = {}
    for path in tracked(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if addresses(text):
            found[str(path.relative_to(root))] = addresses(text)
    assert found == {}


@pytest.mark.parametrize(
    "text", ["/" + "root/.cache", "see /" + "home/ada/x", "C:\\" + "Users\\ada", "--index" + "-url"]
)
def test_the_search_for_addresses_can_fail(text: str) -> None:
    """Such a path is found where there is one, and a relative path is not taken for one."""
    assert addresses(text)
    assert addresses("../shared/data and docs/" + "home/x") == []


def test_every_dependency_is_pinned(root: Path) -> None:
    """Each dependency in pyproject.toml is pinned to one version, torch without its build."""
    lines = (root / "constraints.txt").read_text().splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert [pin for pin in pins if not re.fullmatch(r"[\w.-]+==[\w.]+", pin)] == []
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=\[; ]", line)[0].lower() for line in wanted}
    assert names <= {pin.split("==")[0].lower() for pin in pins}


def test_the_readme_names_the_two_commands(root: Path) -> None:
    """Both commands of the README are targets of the Makefile."""
    readme, makefile = (root / "README.md").read_text(), (root / "Makefile").read_text()
    for target in ("demo", "test"):
        assert f"make {target}" in readme
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE)


def broken_links(page: Path) -> list[str]:
    """Relative links of a page that lead nowhere."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    local = [target for target in targets if "://" not in target]
    return [target for target in local if not (page.parent / target).exists()]


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/house.md", "docs/number.md"])
def test_links_of_a_page_lead_somewhere(page: str, root: Path) -> None:
    """Each picture and page that a page links to is there."""
    assert broken_links(root / page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """A link to nothing is named, and links to the web and within the page are left alone."""
    page = tmp_path / "page.md"
    page.write_text("[a](gone.md) [b](page.md#part) [c](https://example.org) ![d](no.png)")
    assert broken_links(page) == ["gone.md", "no.png"]
