"""The page and its figures as files, each put in place at once."""

from __future__ import annotations

from pathlib import Path

from evenlight import files
from evenlight.differing.record import Difference
from evenlight.errors import EvenlightError
from evenlight.record import Audit, as_told
from evenlight.reports.changing import beside, slopes
from evenlight.reports.drawings import drawings
from evenlight.reports.exporters.frameworks import frameworks
from evenlight.reports.framework import asked
from evenlight.reports.page import ASSETS, build, js, sheet
from evenlight.reports.pdf import pdf


@as_told
def write(
    audit: Audit,
    folder: str | Path,
    *,
    static: bool = False,
    linked: bool = False,
    paper: bool = False,
) -> Path:
    """Write report.html, figures/*.svg and the annexes asked for; returns the page's path.

    `static` writes report.static.html, the page without script, instead; `linked` writes style
    sheet and script as files beside the page; `paper` prints the page to a PDF as well
    (`reports.pdf.pdf`, which needs a Chromium).

    A diff.json in the folder whose later audit this is (`evenlight.diff`) becomes section C6.

    Folders are made readable by their owner alone (0700), files likewise (0600); InputError where
    `figures` or `frameworks` in the folder is a link to another place. Where figures or a
    section cannot be made, all the rest is written, the section says so, and an EvenlightError
    names it.
    """
    top = files.output(folder)
    annexed = files.below(top, "figures", *(["frameworks"] if asked(audit) else []))
    failed: list[str] = []
    earlier = beside(audit, top)
    _figures(audit, earlier, annexed[0], failed)
    for key, text in frameworks(audit, top).items() if asked(audit) else ():
        files.write(top / key, text)
    if linked:
        for key, text in zip(ASSETS, (sheet(audit), js()), strict=True):
            files.write(top / key, text)
    named = "report.static.html" if static else "report.html"
    made = build(audit, earlier=earlier, static=static, linked=linked, failed=failed)
    page = files.write(top / named, made)
    if paper:
        pdf(page)
    if failed:
        raise EvenlightError(
            f"{named} was written without {len(failed)} of its parts: {'; '.join(failed)}. The "
            "record is whole; mend what the error names and run `evenlight report`, which makes "
            "the page again"
        )
    return page


def _figures(audit: Audit, earlier: Difference | None, pictures: Path, failed: list[str]) -> None:
    """The figures as files; what keeps them from being drawn is named in `failed`."""
    try:
        shown = drawings(audit) | ({} if earlier is None else slopes(earlier))
    except Exception as error:
        failed.append(f"figures ({type(error).__name__}: {error})")
        return
    for key, drawing in shown.items():
        files.write(pictures / f"{key}.svg", drawing.svg + "\n")
