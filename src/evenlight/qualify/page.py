"""The page of figures, docs/qualify.md: cases from their docstrings, numbers from result lines.

    python -m evenlight.qualify.page docs/qualify.md FOLDER

renders both between their marks; what stands outside the marks is written by hand.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from pathlib import Path

from evenlight.errors import InputError
from evenlight.qualify.cases import CASES
from evenlight.qualify.harness import IDENTITIES
from evenlight.qualify.identities import identities
from evenlight.qualify.lines import read
from evenlight.qualify.run import LINES
from evenlight.qualify.table import grid, markdown
from evenlight.qualify.whole import WORLDS

MARKS = ("cases", "figures")


def write(page: Path, folder: Path) -> None:
    """Render the cases, and the figures of the lines in `folder`, into a page that has both marks.

    Raises InputError where a mark is missing or there are no lines.
    """
    lines = list(read(folder / LINES).values())
    if not lines:
        raise InputError(f"there are no result lines in {folder.name}; run evenlight qualify first")
    text = page.read_text(encoding="utf-8")
    for mark, body in zip(MARKS, (cases(), markdown(lines)), strict=True):
        text = between(text, mark, body)
    page.write_text(text, encoding="utf-8")


def cases() -> str:
    """Every case with what its generator says of itself."""
    said: dict[str, Callable[..., object]] = {**CASES, IDENTITIES: identities}
    said |= {name: make for name, (make, _) in WORLDS.items()}
    return grid(["case", "what it is"], [[name, _told(made)] for name, made in said.items()])


def between(text: str, mark: str, body: str) -> str:
    r"""The text with what stands between the two marks of this name replaced.

    >>> between("a <!-- x --> old <!-- end of x --> b", "x", "new")
    'a <!-- x -->\n\nnew\n\n<!-- end of x --> b'
    """
    start, end = f"<!-- {mark} -->", f"<!-- end of {mark} -->"
    if start not in text or end not in text:
        raise InputError(f"the page has no marks {start} and {end}")
    before, rest = text.split(start, 1)
    return f"{before}{start}\n\n{body}\n\n{end}{rest.split(end, 1)[1]}"


def _told(made: Callable[..., object]) -> str:
    """A docstring as one line."""
    return " ".join((inspect.getdoc(made) or "").split())


if __name__ == "__main__":
    write(Path(sys.argv[1]), Path(sys.argv[2]))
