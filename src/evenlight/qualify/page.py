"""The page of figures, docs/qualify.md: cases from their docstrings, numbers from result lines.

    python -m evenlight.qualify.page docs/qualify.md FOLDER...

renders each part between its marks; what stands outside the marks is written by hand. Figures of
comparisons, of reliance and of images have marks of their own: where no folder has lines of one of
them, what stands there is left, so that each can be measured alone.
"""

from __future__ import annotations

import inspect
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from evenlight.errors import InputError
from evenlight.qualify.cases import CASES
from evenlight.qualify.cases.phantoms import PHANTOMS
from evenlight.qualify.harness import IDENTITIES
from evenlight.qualify.identities import identities
from evenlight.qualify.layout import grid
from evenlight.qualify.lines import Line, read
from evenlight.qualify.profiles import FULL, PROFILES, SECONDS, seconds
from evenlight.qualify.reliance import worlds
from evenlight.qualify.reliance.cells import CELLS
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.table import reliance
from evenlight.qualify.run import LINES
from evenlight.qualify.table import apart, image_figures, markdown, of_pictures
from evenlight.qualify.whole import WORLDS
from evenlight.stats.power import share_error

CORES = 4
"""Processes for which the hours of a full run are told."""


def write(page: Path, *folders: Path) -> None:
    """Render the cases, and the figures of the lines in `folders`, into a page that has the marks.

    Of two lines of one repetition that of the later folder counts. Raises InputError where a mark
    is missing or there are no lines.
    """
    lines: dict[tuple[str, int], Line] = {}
    for folder in folders:
        lines |= read(folder / LINES)
    if not lines:
        names = ", ".join(folder.name for folder in folders)
        raise InputError(f"there are no result lines in {names}; run evenlight qualify first")
    text = page.read_text(encoding="utf-8")
    for mark, body in (described() | figures(list(lines.values()))).items():
        text = between(text, mark, body)
    page.write_text(text, encoding="utf-8")


def described() -> dict[str, str]:
    """What the code says of itself, by mark."""
    return {"cases": cases(), "worlds": reliance_worlds(), "models": models(), "sizes": sizes()}


def figures(lines: list[Line]) -> dict[str, str]:
    """Tables of result lines, by mark; none of what was not measured."""
    compared, relied = apart(lines)
    out = {}
    if compared:
        out["figures"] = markdown(compared)
    if relied:
        out["reliance figures"] = reliance(relied, grid, "### ")
    if of_pictures(lines):
        out["image figures"] = image_figures(lines)
    return out


def cases() -> str:
    """Every case with what its generator says of itself."""
    said: dict[str, Callable[..., object]] = {**CASES, IDENTITIES: identities, **PHANTOMS}
    said |= {name: make for name, (make, _) in WORLDS.items()}
    return grid(["case", "what it is"], [[name, _told(made)] for name, made in said.items()])


def reliance_worlds() -> str:
    """Every world of reliance, what is true in it, and what is adjusted for besides."""
    body = [
        [name, worlds.TRUTHS[name], worlds.STRUCTURES.get(name, ""), _told(make)]
        for name, make in worlds.WORLDS.items()
    ]
    return grid(["world", "truth", "structure", "what it is"], body)


def models() -> str:
    """Every kind of model that is audited there."""
    body = [[name, how.options["method"], _told(how.fit)] for name, how in KINDS.items()]
    return grid(["model", "explained by", "what it is"], body)


def sizes() -> str:
    """Repetitions of a full run by model and size, what they cost, and the error that is left."""
    full, brief = PROFILES["full"], PROFILES["short"]
    cells = Counter((cell.kind, cell.n) for cell in CELLS.values())
    head = ["model", "people", "cells", "runs of each", "error at 5 %", "error at 50 %", "seconds"]
    body = []
    for (kind, n), count in cells.items():
        runs = FULL[kind, n]
        errors = [f"{100 * share_error(share, runs):.1f}" for share in (0.05, 0.50)]
        own = f"{SECONDS[kind, n]:g}"
        body.append([kind, f"{n:,}", str(count), str(runs), *errors, own])
    hours = seconds(full) / 3600
    told = (
        f"Together {hours:.1f} hours of one core, {hours / CORES:.1f} on {CORES}. A short run "
        f"makes {sum(brief.cells.values())} repetitions of {len(brief.cells)} cells in "
        f"{seconds(brief):.0f} seconds."
    )
    return f"{grid(head, body)}\n\n{told}"


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
    write(Path(sys.argv[1]), *map(Path, sys.argv[2:]))
