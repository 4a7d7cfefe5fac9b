"""How large a page is, how long it takes to make, to open and to print.

    python -m benchmarks.report [FEATURES ...]

Needs playwright and an installed Chromium for the last two. Seconds are of this machine.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from evenlight import reports
from evenlight.reports.pdf import pdf
from tests.browser import browser, opened
from tests.html_tree import tree
from tests.wide_audit import wide_audit


def main(features: list[int]) -> None:
    """Print one line a size; 50 features have two groups, more have five."""
    print("features  groups     bytes  elements  made s  opened s  printed s   PDF bytes")
    for many in features:
        groups = 2 if many <= 50 else 5
        found = wide_audit(many, groups, crossed=many >= 20_000)
        began = time.perf_counter()
        page = reports.build(found)
        made = time.perf_counter() - began
        with tempfile.TemporaryDirectory() as folder, browser() as chrome:
            began = time.perf_counter()
            with opened(chrome, page, Path(folder)):
                shown = time.perf_counter() - began
            began = time.perf_counter()
            paper = pdf(Path(folder) / "page.html").stat().st_size
            printed = time.perf_counter() - began
        nodes = sum(1 for _ in tree(page).walk())
        print(
            f"{many:8d}  {groups:6d}  {len(page.encode()):8d}  {nodes:8d}  {made:6.1f}  "
            f"{shown:8.1f}  {printed:9.1f}  {paper:10d}"
        )


if __name__ == "__main__":
    main([int(value) for value in sys.argv[1:]] or [50, 2000, 20_000])
