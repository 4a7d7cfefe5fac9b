"""The page and the summary in another language, beside the English ones."""

from __future__ import annotations

from pathlib import Path

from evenlight import files
from evenlight.errors import InputError
from evenlight.language import ENGLISH, speaking
from evenlight.record import Audit, as_told
from evenlight.reports.catalogue import catalogue
from evenlight.reports.changing import beside
from evenlight.reports.exporters.summary import summary
from evenlight.reports.page import build


@as_told
def translate(
    audit: Audit, folder: str | Path, sentences: str | Path, *, static: bool = False
) -> tuple[Path, Path]:
    """Write the page and the summary in the language of a .po file; the paths of both.

    They are named by the language, as report.de.html and summary.de.html, and say that they are
    translations. Sentences of the record are quoted in English, and so is what the catalogue lacks.

    Raises InputError as `catalogue` does, and for a catalogue of English.
    """
    language, told = catalogue(sentences)
    if language.partition("-")[0] == ENGLISH:
        raise InputError("the page is in English by itself; name a catalogue of another language")
    top = files.output(folder)
    with speaking(language, told):
        page = build(audit, earlier=beside(audit, top), static=static)
        plain = summary(audit, top)["summary.html"]
    return (
        files.write(top / f"report.{language}.html", page),
        files.write(top / f"summary.{language}.html", plain),
    )
