"""The page on paper, by the Chromium that is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from evenlight import files
from evenlight.errors import InputError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
"""Names under which a Chromium is looked for."""

CLOSED = (
    "--headless",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
    "--no-pdf-header-footer",
)
"""How it is started: without a window, and without a way to any host."""

PATIENCE = 120
"""Seconds after which it is stopped."""


def pdf(page: str | Path, out: str | Path | None = None) -> Path:
    """Print a page (report.html) to `out`, by default report.pdf beside it; the path is returned.

    InputError where there is no page, no Chromium, or it prints nothing.
    """
    source = Path(page).resolve()
    target = Path(out) if out is not None else source.with_suffix(".pdf")
    if not source.is_file():
        raise InputError(f"there is no page {source.name}; run `evenlight report` first")
    with tempfile.TemporaryDirectory() as aside:
        made = Path(aside) / "page.pdf"
        _print(chromium(), source, made)
        return files.write(target, made.read_bytes())


def chromium() -> str:
    """The path of an installed Chromium; InputError where there is none."""
    found = next((place for place in map(shutil.which, BROWSERS) if place), None)
    if found is None:
        raise InputError(
            "no Chromium is installed (looked for " + ", ".join(BROWSERS) + "); install one, or "
            "open report.html and print it from your browser"
        )
    return found


def _print(browser: str, source: Path, made: Path) -> None:
    own = f"--user-data-dir={made.parent / 'profile'}"
    # A browser that runs as root refuses its own sandbox; the page is ours and closed by policy.
    rooted = ["--no-sandbox"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    command = [browser, *CLOSED, *rooted, own, f"--print-to-pdf={made}", source.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        raise InputError(f"Chromium printed nothing within {PATIENCE} s; try again") from None
    if done.returncode or not made.is_file():
        raise InputError(f"Chromium printed no page (exit {done.returncode}); print report.html")
