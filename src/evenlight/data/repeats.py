"""Rows that are no people: cells of a donor, repeats of a sample, told by columns and ids.

Where several rows of one person are taken for people of their own, every p is far too small, so
this is looked for before anything is computed, wherever no unit is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from evenlight.arrays import Text
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival

ROWS = 5
"""This many rows a sample or more, where the column may also be that of a kind of sample."""

KINDS = 5
"""So many words or fewer, in a column that is not said to hold ids, may be kinds of a thing."""

VISITS = 11
"""So many rows a stem of numeric ids or more are people of a site rather than visits of one."""

_NAMED = r"(id|uuid|name|code|number|no|barcode|accession)?"
_PERSON = re.compile(rf"(?:bcr)?(?:donor|patient|subject|individual|participant|person){_NAMED}")
_SAMPLE = re.compile(
    rf"origident|gsm|geoaccession|(?:(?:bio)?(?:sample|specimen)|library|mouse|animal|embryo"
    rf"|organoid){_NAMED}"
)
_SITE = re.compile(
    r"(?:study|clinical|trial)?(?:site|cent(?:er|re)|hospital|clinic|cohort|study|trial|country"
    rf"|institution|practice){_NAMED}"
)
_WORD = re.compile(r"(?=.*[a-z])[^\W\d_]{3}[^\d_]*|(?i:y|n|t|f|yes|no|true|false)")
_OF_SITE = re.compile(r"\d+[-_.]\d{3}")
_CELLS = re.compile(
    r"celltypes?|leiden.*|louvain.*|seuratclusters?|n(?:feature|count)(?:rna|atac)|ngenesbycounts"
    r"|pctcountsmt|percentmt|percentmito|doubletscores?|predicteddoublets?"
)
_REPLICATE = re.compile(r"[-_.:](?:[A-Za-z]{0,6}\d{1,3}|[ACGT]{8,}(?:-\d+)?)$")
_BARCODE = re.compile(r"(?:^|[-_:.#])[ACGT]{10,}(?:[-_.:]\d+)*(?:$|[-_:.#])")
_NUMBERED = re.compile(r"(?:^|[-_:.#])cell[-_:. ]?\d+$", re.IGNORECASE)


def repeated_unit(
    people: pd.DataFrame, ids: Iterable[object], asked: Iterable[object] = ()
) -> str | None:
    """Why rows look like several of one person, with the remedy; None if they do not.

    `ids` are theirs; `asked` are groups and the outcome: columns of people, or groupings.
    Columns named after people may not repeat; nor may those named after samples, libraries or
    animals, where five rows or more share each and some label is the same in all rows of each.
    A few words (`donor`: living, deceased) are no names, where no column describes cells.

    >>> people = pd.DataFrame({"sample_id": ["a"] * 6 + ["b"] * 6, "sex": ["f"] * 6 + ["m"] * 6})
    >>> print(repeated_unit(people, people.index, ["sex"]))
    column 'sample_id' names 2 for 12 rows, and 'sex' is the same in all rows of each: rows are \
not people; pass unit='sample_id' (or the column that names the donor)
    """
    told = _labels(people, asked)
    return _by_person(people) or _by_sample(people, told) or _by_id(people, ids, told)


def cells_doubt(people: pd.DataFrame, asked: Iterable[object] = ()) -> str | None:
    """A warning where columns are such as describe cells, or of repeats; None if none are.

    It lists the columns that repeat and in which labels stay the same: one of them may be the unit.
    """
    marks = _of_cells(people)
    again = [str(c) for c in people.columns if _SAMPLE.fullmatch(_bare(c)) and _repeats(people[c])]
    if not marks and not again:
        return None
    why = (
        f"obs holds {', '.join(marks[:3])}, as of cells" if marks
        else f"column {again[0]!r} of obs repeats"
    )  # fmt: skip
    may = again + [c for c in _nests(people, _labels(people, asked)) if c not in again]
    which = f"one of these, which repeat: {', '.join(may[:6])}" if may else "the donor's column"
    return (
        f"{why}, and each row is taken for a person of its own; pass unit= with {which}, or "
        'unit="row" if that is so'
    )


def unit_doubt(people: pd.DataFrame, unit: str) -> str | None:
    """A warning where several units are of one person, by a column named after people.

    >>> people = pd.DataFrame({"sample": ["s1", "s2", "s3"], "donor": ["d", "d", "e"]})
    >>> print(unit_doubt(people, "sample"))
    unit='sample' has 3 units, of which column 'donor' names 2: they are not people; pass \
unit='donor'
    """
    for name in people.columns:
        if unit not in people.columns or not _PERSON.fullmatch(_bare(name)) or name == unit:
            continue
        pairs = people[[unit, name]].dropna().drop_duplicates()
        units, persons = pairs[unit].nunique(), pairs[name].nunique()
        if persons < units == len(pairs):
            return (
                f"unit={unit!r} has {units} units, of which column {str(name)!r} names {persons}: "
                f"they are not people; pass unit={str(name)!r}"
            )
    return None


def _by_person(people: pd.DataFrame) -> str | None:
    for name in people.columns:
        values = people[name].dropna()
        if not _PERSON.fullmatch(_bare(name)) or values.nunique() == len(values):
            continue
        if not _kinds(people, name):
            return (
                f"column {str(name)!r} names {values.nunique()} for {len(values)} rows"
                f"{_remedy(people, name)}"
            )
    return None


def _remedy(people: pd.DataFrame, name: str) -> str:
    """The unit to name: people numbered anew at each site are more than there are numbers."""
    column, other = repr(str(name)), _numbered_anew(people, name)
    if other is None:
        return f": rows are not people; pass unit={column}"
    known = people[[name, other]].dropna()
    if known.duplicated().any():
        return (
            f", and more within {other!r}: pass unit= with a column that joins both, "
            f"where each {other} numbers its own people, unit={column} where a number is one person"
        )
    return (
        f", each once in each {other!r}: pass unit={column} where a number is the same person at "
        f"every {other}"
    )


def _numbered_anew(people: pd.DataFrame, name: str) -> str | None:
    """A column of sites in which whole numbers of people come again, None if there is none."""
    numbers = people[name].dropna().astype(str).str.fullmatch(r"\d+(?:\.0)?")
    if not numbers.all():
        return None
    for other in people.columns:
        if not _SITE.fullmatch(_bare(other)):
            continue
        if len(people[[name, other]].dropna().drop_duplicates()) > people[name].nunique():
            return str(other)
    return None


def _kinds(people: pd.DataFrame, name: str) -> bool:
    """Whether a column holds a few words, such as yes and no, and not the names of its things."""
    said = _said(name)
    held = people[name].dropna().unique()
    if said is None or said[1] or len(held) > KINDS:
        return False
    words = all(_WORD.fullmatch(str(v).strip()) for v in held)
    return (words or set(held) <= {0, 1}) and not _of_cells(people)


def _said(name: object) -> re.Match[str] | None:
    """What the name of a column of people or samples says, None of any other."""
    return _PERSON.fullmatch(_bare(name)) or _SAMPLE.fullmatch(_bare(name))


def _of_cells(people: pd.DataFrame) -> list[str]:
    """The columns that are such as describe cells."""
    return [str(c) for c in people.columns if _CELLS.fullmatch(_bare(c))]


def _by_sample(people: pd.DataFrame, told: list[pd.Series]) -> str | None:
    for name in people.columns:
        if not _SAMPLE.fullmatch(_bare(name)) or not _repeats(people[name], ROWS):
            continue
        if _kinds(people, name):
            continue
        same = [str(one.name) for one in told if _constant(one, people[name])]
        if told and not same:
            continue
        which = f", and {same[0]!r} is the same in all rows of each" if same else ""
        return (
            f"column {str(name)!r} names {people[name].nunique()} for {people[name].count()} rows"
            f"{which}: rows are not people; pass unit={str(name)!r} (or the column that names the "
            "donor)"
        )
    return None


def _by_id(people: pd.DataFrame, ids: Iterable[object], told: list[pd.Series]) -> str | None:
    held = [str(i) for i in ids]
    named = ", ".join(map(str, people.columns[:12])) or "none"
    cells = [_BARCODE.search(i) or _NUMBERED.search(i) for i in held[:1000]]
    if sum(map(bool, cells)) > 0.5 * len(cells):
        return (
            "the row ids are cell barcodes, or numbers of cells, so rows are cells and not people; "
            f"pass unit= with the column that names the donor, one of {named} (add it to them)"
        )
    stems = np.array([_REPLICATE.sub("", i) for i in held])
    many = len(set(stems.tolist()))
    if 1 < many <= 0.9 * len(held) and all(_REPLICATE.search(i) for i in held):
        if all(_OF_SITE.fullmatch(i) for i in held) and _of_sites(people, stems, told):
            return None
        return (
            f"row ids look like {many} people with several rows each, numbered at the end; "
            "pass unit= with the column that names the person"
        )
    return None


def _of_sites(people: pd.DataFrame, stems: Text, told: list[pd.Series]) -> bool:
    """Whether stems (n,) of ids name sites: 11 rows or more each, of people of several labels.

    Or there is a column, not one of people or samples, of which each value is one stem.
    """
    many = len(np.unique(stems))
    if len(stems) != len(people) or len(stems) < VISITS * many:
        return False
    if any((one.groupby(stems).nunique() > 1).mean() > 0.5 for one in told):
        return True
    own = [c for c in people.columns if _said(c) is None]
    return any(
        people[c].nunique() == many == len(set(zip(people[c], stems, strict=True))) for c in own
    )


def _labels(people: pd.DataFrame, asked: Iterable[object]) -> list[pd.Series]:
    """The columns that are asked about, groupings as they are coded."""
    made = []
    for role in asked:
        if isinstance(role, Groups) and len(role.codes) == len(people):
            codes = pd.Series(role.codes, index=people.index, name=role.name)
            made.append(codes.where(codes >= 0))
        name = role.event if isinstance(role, Survival) else role
        if isinstance(name, str) and name in people.columns:
            made.append(people[name])
    return made


def _bare(name: object) -> str:
    return re.sub(r"[^a-z]", "", str(name).casefold())


def _repeats(column: pd.Series, rows: float = 1.0) -> bool:
    """Whether two values or more are shared by more than one row each, `rows` on average."""
    many, known = column.nunique(), int(column.count())
    return 1 < many < known and many * rows <= known


def _constant(told: pd.Series, column: pd.Series) -> bool:
    """Whether labels, of which there are two at least, are one in all rows of each value."""
    if told.nunique() < 2:
        return False
    return bool((told.groupby(column, observed=True).nunique() <= 1).all())


def _nests(people: pd.DataFrame, told: list[pd.Series]) -> list[str]:
    """Columns of labels that repeat, in which some label that is asked about stays the same."""
    columns = [c for c in people.columns if not pd.api.types.is_float_dtype(people[c])]
    return [
        str(c)
        for c in columns
        if _repeats(people[c], ROWS)
        and any(one.nunique() < people[c].nunique() and _constant(one, people[c]) for one in told)
    ]
