"""Catalogues: what is said on the page in another language, as a .po file of GNU gettext."""

from __future__ import annotations

import re
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from string import Formatter

import polib

from evenlight.errors import InputError
from evenlight.files import write

TEMPLATE = "evenlight.pot"
"""The catalogue of all sentences, without translations; it lies in this package."""

LARGEST = 8_000_000
"""Bytes beyond which a file is no catalogue of this page."""

LANGUAGE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8})*")


def catalogue(path: str | Path) -> tuple[str, NullTranslations]:
    """The language (BCP 47) and the sentences of a .po file, as `language.speaking` takes them.

    A sentence that the file lacks, leaves empty or marks as fuzzy is said in English.

    Raises InputError where there is no such file, it is no catalogue, it names no language, or a
    sentence of it has a place that the English one has not.
    """
    found, named = _read(Path(path)), Path(path).name
    language = found.metadata.get("Language", "")
    if not LANGUAGE.fullmatch(language):
        raise InputError(
            f"{named!r} names no language in its header ({language!r}); write a line like "
            '"Language: de\\n"'
        )
    for entry in found.translated_entries():
        _fits(entry, named)
    try:
        return language.replace("_", "-"), GNUTranslations(BytesIO(found.to_binary()))
    except ValueError as error:
        told = f"the plural rule of {named!r} cannot be read ({error}); see its Plural-Forms"
        raise InputError(told) from None


def begun(path: str | Path) -> int:
    """Begin a .po file for the language that its name gives (de.po): the number of its sentences.

    Raises InputError where the name gives no language, or something of this name is there.
    """
    place = Path(path)
    if place.suffix != ".po" or not LANGUAGE.fullmatch(place.stem):
        raise InputError(f"{place.name!r} gives no language; name it by one, as de.po or pt_BR.po")
    if place.exists():
        raise InputError(f"{place.name!r} is there; it is not begun anew")
    made = polib.pofile(template())
    made.metadata |= {"Language": place.stem, "Plural-Forms": "nplurals=2; plural=(n != 1);"}
    write(place, f"{made}\n")
    return len(made)


def untold(path: str | Path) -> tuple[int, int]:
    """How many sentences a .po file does not translate, and how many there are.

    Raises as `catalogue`.
    """
    told = {(e.msgid, e.msgid_plural) for e in _read(Path(path)).translated_entries()}
    known = {(e.msgid, e.msgid_plural) for e in polib.pofile(template())}
    return len(known - told), len(known)


def template() -> str:
    """The catalogue of all sentences, none translated."""
    return files("evenlight.reports").joinpath(TEMPLATE).read_text("utf-8")


def _read(path: Path) -> polib.POFile:
    if not path.is_file():
        raise InputError(
            f"there is no catalogue {path.name!r}; `evenlight translate AUDIT {path.name}` begins "
            "one, with every sentence to be translated"
        )
    if path.stat().st_size > LARGEST:
        raise InputError(f"{path.name!r} has more than {LARGEST:,} bytes, and is no catalogue")
    try:
        return polib.pofile(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path.name!r} is no catalogue of gettext ({error}); give a .po file in UTF-8"
        ) from None


def _fits(entry: polib.POEntry, named: str) -> None:
    """Raise where a translation has other places than the English sentence."""
    known = _places(entry.msgid, named) | _places(entry.msgid_plural, named)
    for text in (entry.msgstr, *entry.msgstr_plural.values()):
        more = sorted(_places(text, named) - known)
        if more:
            raise InputError(
                f"{named!r}, line {entry.linenum}: {{{more[0]}}} stands in the translation of "
                f"{entry.msgid[:60]!r} and not in the sentence; its places are "
                f"{', '.join(f'{{{name}}}' for name in sorted(known)) or 'none'}"
            )


def _places(text: str, named: str) -> set[str]:
    """The names in braces."""
    try:
        parts = list(Formatter().parse(text))
    except ValueError as error:
        raise InputError(f"{named!r}: {text[:60]!r} has unpaired braces ({error})") from None
    named_in = [(name, how, spec) for _, name, spec, how in parts if name is not None]
    return {"".join(filter(None, own)) for own in named_in}
