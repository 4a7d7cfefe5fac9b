"""The page and its figures as files, each put in place at once."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.page import build


def write(audit: Audit, folder: str | Path) -> Path:
    """Write report.html and figures/*.svg into `folder`; returns the page's path.

    Folders are made readable by their owner alone (0700), files likewise (0600).
    """
    top = _folder(Path(folder))
    pictures = _folder(top / "figures")
    for key, drawing in drawings(audit).items():
        put(pictures / f"{key}.svg", drawing.svg + "\n")
    return put(top / "report.html", build(audit))


def put(path: Path, text: str) -> Path:
    """Write `text` to `path` by a rename, so that no half-written file is ever seen."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
