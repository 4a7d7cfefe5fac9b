"""A headless Chromium for tests of the page, closed to the outside; skipped where none is."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from evenlight.errors import InputError
from evenlight.reports.pdf import chromium


@contextmanager
def browser() -> Iterator[Any]:
    """The browser; the test is skipped, with the reason, without Chromium or playwright."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    try:
        place = chromium()
    except InputError as error:
        pytest.skip(str(error))
    rooted = ["--no-sandbox"] if os.geteuid() == 0 else []
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=place, args=rooted)
        try:
            yield made
        finally:
            made.close()


@contextmanager
def opened(made: Any, page: str, folder: Path, **look: Any) -> Iterator[tuple[Any, list[str]]]:
    """The page open, and a list to which everything it must not do is added.

    That is: a request other than for itself, a dialog, a word on the console, an error.
    """
    place = folder / "page.html"
    place.write_text(page, encoding="utf-8")
    context = made.new_context(**look)
    tab = context.new_page()
    wrong: list[str] = []
    tab.on("request", lambda r: wrong.append(r.url) if r.url != place.as_uri() else None)
    tab.on("dialog", lambda d: wrong.append(f"dialog {d.message}"))
    tab.on("dialog", lambda d: d.dismiss())
    tab.on("console", lambda m: wrong.append(f"console {m.text}"))
    tab.on("pageerror", lambda e: wrong.append(f"error {e}"))
    tab.goto(place.as_uri())
    if "<script>" in page and look.get("java_script_enabled", True):
        tab.wait_for_selector("html[data-ready]", state="attached")
    yield tab, wrong
    context.close()
