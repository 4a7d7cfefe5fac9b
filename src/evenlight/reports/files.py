"""The page and its figures as files, each put in place at once."""

from __future__ import annotations

from pathlib import Path

from evenlight import files
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.page import build


def write(audit: Audit, folder: str | Path) -> Path:
    """Write report.html and figures/*.svg into `folder`; returns the page's path.

    Folders are made readable by their owner alone (0700), files likewise (0600).
    """
    top = files.folder(folder)
    pictures = files.folder(top / "figures")
    for key, drawing in drawings(audit).items():
        files.write(pictures / f"{key}.svg", drawing.svg + "\n")
    return files.write(top / "report.html", build(audit))
