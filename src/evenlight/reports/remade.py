"""Every file that is made of the record alone, made again, so that a folder can be held to it."""

from __future__ import annotations

from pathlib import Path

from evenlight.record import Audit, as_told
from evenlight.reports.changing import beside, slopes
from evenlight.reports.drawings import drawings
from evenlight.reports.exporters.export import FORMATS
from evenlight.reports.page import ASSETS, build, js, sheet

APART = ("parquet", "statement", "ro-crate")
"""Forms that are not called here: one needs another library, two tell of other files."""


@as_told
def remade(audit: Audit, folder: str | Path) -> dict[str, bytes]:
    """What the record makes, by name below `folder`, whether it lies there or not.

    Record, schema, gate, tables, both editions of the page, figures, and every form of export; a
    diff.json of the folder becomes section C6, as it does where the page is written. Tables as
    Parquet are made where there are such files. Statement and crate tell of other files, and are
    not among them.

    Raises InputError where Parquet files lie there and pyarrow is not installed.
    """
    place = Path(folder)
    made: dict[str, str | bytes] = {**audit.texts()}
    if any((place / "tables").glob("*.parquet")):
        made |= FORMATS["parquet"](audit, place)
    for name, form in FORMATS.items():
        made |= {} if name in APART else form(audit, place)
    made |= _page(audit, place)
    return {name: _bytes(text) for name, text in made.items()}


def _page(audit: Audit, place: Path) -> dict[str, str]:
    """The page in both editions, its style sheet and script, and its figures."""
    earlier, linked = beside(audit, place), (place / ASSETS[0]).is_file()
    made = dict(zip(ASSETS, (sheet(audit), js()), strict=True))
    for name, static in (("report.html", False), ("report.static.html", True)):
        if (place / name).is_file():
            made[name] = build(audit, earlier=earlier, static=static, linked=linked)
    if (place / "figures").is_dir():
        shown = drawings(audit) | ({} if earlier is None else slopes(earlier))
        made |= {f"figures/{key}.svg": own.svg + "\n" for key, own in shown.items()}
    return made


def _bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8")
