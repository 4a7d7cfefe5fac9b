"""Pages of their own: one audit against an earlier one, and several sites together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from htpy import Node, footer, h1, main, p

from evenlight import files
from evenlight.differing import Difference
from evenlight.language import spoken
from evenlight.pooling import Pool
from evenlight.reports.page import plain_page
from evenlight.reports.sections import c6_earlier, pooled
from evenlight.reports.words import STANDING

CHANGED = "One audit against an earlier one"
POOLED = "Several sites together"


def difference_page(made: Difference) -> str:
    """The page of a difference; the same record gives the same text."""
    return _page(spoken(CHANGED), [c6_earlier.section(made)])


def pool_page(made: Pool) -> str:
    """The page of sites put together; the same record gives the same text."""
    return _page(spoken(POOLED), [pooled.section(made)])


def write_difference(made: Difference, folder: str | Path) -> Path:
    """Write diff.html into a folder; its path is returned."""
    return files.write(files.folder(folder) / "diff.html", difference_page(made))


def write_pool(made: Pool, folder: str | Path) -> Path:
    """Write pool.html into a folder; its path is returned."""
    return files.write(files.folder(folder) / "pool.html", pool_page(made))


def _page(heading: str, content: Sequence[Node]) -> str:
    told = [h1[heading], main(id="main", tabindex="-1")[content], footer[p[spoken(STANDING)]]]
    return plain_page(heading, told)
