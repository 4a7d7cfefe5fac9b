"""Names of genes as they are found in files: Ensembl ids, versions, and what a spreadsheet made.

Nothing here renames anything by itself: a version is stripped, and a symbol looked up, only where
the caller asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from evenlight.errors import FeatureError

ENSEMBL = re.compile(r"(ENS[A-Z]{0,6}(?:G|T|P|E|R|FM|GT)\d{11})(?:\.(\d+))?(_PAR_Y)?")
"""A stable id of Ensembl, its version, and GENCODE's mark of the copy on chromosome Y."""

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DATE_STEMS: Mapping[str, tuple[str, ...]] = {
    "mar": ("MARCH", "MARC"),
    "sep": ("SEPT", "SEP"),
    "dec": ("DEC",),
    "oct": ("OCT",),
    "feb": ("FEB",),
    "nov": ("NOV",),
    "apr": ("APR",),
}
"""What stood before the number of a symbol that became a date (Ziemann, Eren and El-Osta 2016,
Genome Biology 17:177)."""

NEW_SYMBOLS: Mapping[str, str] = {
    "MARCH": "MARCHF",
    "MARC": "MTARC",
    "SEPT": "SEPTIN",
    "DEC": "DELEC",
}
"""What they are called since, for that reason (Bruford et al. 2020, Nat Genet 52:754)."""

_MONTH = "|".join(MONTHS)
_DAY_MONTH = re.compile(rf"(\d{{1,2}})[-/. ]({_MONTH})[a-z]*(?:[-/. ]\d{{2,4}})?", re.IGNORECASE)
_MONTH_DAY = re.compile(rf"({_MONTH})[a-z]*[-/. ](\d{{1,2}})", re.IGNORECASE)
_ISO = re.compile(r"\d{4}-(\d{2})-(\d{2})(?:[ T]00:00:00(?:\.0+)?)?")
_FLOAT = re.compile(r"\d(?:\.\d+)?E\+\d{2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameFacts:
    """What p names look like: `ensembl` of them are Ensembl ids, `versioned` with a version.

    `mangled` are names that a spreadsheet made, each with the symbols that it may have been;
    `folded` are pairs that differ by case or surrounding space only; `numbers` are whole numbers,
    as Entrez ids are.
    """

    p: int
    ensembl: int
    versioned: int
    numbers: int
    mangled: tuple[tuple[str, tuple[str, ...]], ...]
    folded: tuple[tuple[str, str], ...]

    def __repr__(self) -> str:
        return f"NameFacts: {' '.join(self.sentences())}"

    def sentences(self) -> tuple[str, ...]:
        """What a reader should know, in words."""
        said = [f"{self.p:,} names, {self.ensembl:,} of them Ensembl ids."]
        if self.versioned:
            said.append(f"{self.versioned:,} ids carry a version (as ENSG00000141510.18).")
        if self.mangled:
            said.append(mangled_words(self.mangled))
        if self.folded:
            a, b = self.folded[0]
            said.append(
                f"{len(self.folded)} pairs of names differ by case or space only, as {a!r} and "
                f"{b!r}."
            )
        return tuple(said)

    def to_frame(self) -> pd.DataFrame:
        """One row a name that a spreadsheet made, with what it may have been."""
        return pd.DataFrame(
            {
                "name": [name for name, _ in self.mangled],
                "perhaps": [", ".join(symbols) for _, symbols in self.mangled],
            }
        )


def name_facts(names: Iterable[str]) -> NameFacts:
    """What `names` (p,) look like; nothing is changed.

    >>> made = name_facts(["ENSG00000141510.18", "TP53", "2-Sep", "tp53"])
    >>> made.ensembl, made.versioned, made.mangled, made.folded
    (1, 1, (('2-Sep', ('SEPT2 (SEPTIN2)', 'SEP2')),), (('TP53', 'tp53'),))
    """
    given = [str(name) for name in names]
    ids = [found for name in given if (found := ENSEMBL.fullmatch(name))]
    return NameFacts(
        len(given),
        len(ids),
        sum(found.group(2) is not None for found in ids),
        sum(name.isdecimal() for name in given),
        mangled(given),
        _folded(given),
    )


def mangled(names: Iterable[str]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names that a spreadsheet made of symbols, each with the symbols that it may have been.

    Dates ("1-Mar", "Sep-02", "2021-03-01") and numbers with an exponent ("2.31E+13", a RIKEN
    clone); none is guessed back: two genes share a date.

    >>> mangled(["1-Mar", "Dec-01", "2.31E+13", "MARCHF1", "HLA-A"])
    (('1-Mar', ('MARCH1 (MARCHF1)', 'MARC1 (MTARC1)')), ('Dec-01', ('DEC1 (DELEC1)',)), \
('2.31E+13', ()))
    """
    found = ((name, _date(name)) for name in names)
    return tuple((name, symbols) for name, symbols in found if symbols is not None)


def mangled_words(found: Sequence[tuple[str, tuple[str, ...]]]) -> str:
    """Mangled names as one sentence with its remedy."""
    told = ", ".join(
        f"{name!r}" + (f" ({' or '.join(symbols)})" if symbols else "")
        for name, symbols in found[:5]
    )
    many = "1 name looks" if len(found) == 1 else f"{len(found)} names look"
    return (
        f"{many} like what a spreadsheet makes of gene symbols, first {told}: read the table anew "
        "with the column of names as text."
    )


def strip_versions(names: Iterable[str]) -> tuple[str, ...]:
    """Ensembl ids without their version; every other name as it is.

    The mark _PAR_Y of the copy on chromosome Y stays, since both copies are in a GENCODE table.

    Raises FeatureError where two ids become one, naming them.

    >>> strip_versions(["ENSG00000141510.18", "ENSG00000182378.15_PAR_Y", "HLA-A.2"])
    ('ENSG00000141510', 'ENSG00000182378_PAR_Y', 'HLA-A.2')
    """
    given = [str(name) for name in names]
    bare = tuple(bare_id(name) for name in given)
    by: dict[str, list[str]] = {}
    for name, short in zip(given, bare, strict=True):
        by.setdefault(short, []).append(name)
    twice = [own for own in by.values() if len(own) > 1]
    if twice:
        raise FeatureError(
            f"{len(twice)} ids occur twice once versions are stripped, first {twice[0][:3]}; keep "
            "one of each before, or leave the versions on"
        )
    return bare


def bare_id(name: str) -> str:
    """One Ensembl id without its version, any other name as it is."""
    found = ENSEMBL.fullmatch(name)
    return name if found is None else found.group(1) + (found.group(3) or "")


def _folded(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Pairs of different names that are the same without case and surrounding space."""
    seen: dict[str, str] = {}
    pairs = []
    for name in names:
        other = seen.setdefault(name.strip().casefold(), name)
        if other != name:
            pairs.append((other, name))
    return tuple(pairs)


def _date(name: str) -> tuple[str, ...] | None:
    """The symbols that a date may have been; None for a name that is none."""
    text = name.strip()
    if _FLOAT.fullmatch(text):
        return ()
    month, day = _parts(text)
    if not month or not 0 < day <= 31:
        return None
    return tuple(_symbol(stem, day) for stem in DATE_STEMS.get(month, ()))


def _parts(text: str) -> tuple[str, int]:
    """Month and day of a date, "" and 0 where the text is none."""
    if found := _DAY_MONTH.fullmatch(text):
        return found.group(2).casefold(), int(found.group(1))
    if found := _MONTH_DAY.fullmatch(text):
        return found.group(1).casefold(), int(found.group(2))
    if found := _ISO.fullmatch(text):
        month = int(found.group(1))
        return (MONTHS[month - 1], int(found.group(2))) if 1 <= month <= 12 else ("", 0)
    return "", 0


def _symbol(stem: str, day: int) -> str:
    """The symbol as it was, and as it is called now."""
    new = NEW_SYMBOLS.get(stem, "")
    if stem == "SEP":  # SEP15 alone has a new name
        return "SEP15 (SELENOF)" if day == 15 else f"SEP{day}"
    return f"{stem}{day} ({new}{day})" if new else f"{stem}{day}"
