"""Rows that are no people: cells of a donor, repeats of a sample, told by columns and ids.

Where several rows of one person are taken for people of their own, every p is far too small, so
this is looked for before anything is computed, wherever no unit is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival

ROWS = 5
"""This many rows a sample or more, where the column may also be that of a kind of sample."""

_NAMED = r"(?:id|uuid|name|code|number|no|barcode|accession)?"
_PERSON = re.compile(rf"(?:bcr)?(?:donor|patient|subject|individual|participant|person){_NAMED}")
_SAMPLE = re.compile(
    rf"origident|gsm|geoaccession|(?:bio)?(?:sample|specimen){_NAMED}"
    rf"|(?:library|mouse|animal|embryo|organoid){_NAMED}"
)
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

    >>> people = pd.DataFrame({"sample_id": ["a"] * 6 + ["b"] * 6, "sex": ["f"] * 6 + ["m"] * 6})
    >>> print(repeated_unit(people, people.index, ["sex"]))
    column 'sample_id' names 2 for 12 rows, and 'sex' is the same in all rows of each: rows are \
not people; pass unit='sample_id' (or the column that names the donor)
    """
    return _by_person(people) or _by_sample(people, _labels(people, asked)) or _by_id(people, ids)


def cells_doubt(people: pd.DataFrame, asked: Iterable[object] = ()) -> str | None:
    """A warning where columns are such as describe cells, or of repeats; None if none are.

    It lists the columns that repeat and in which labels stay the same: one of them may be the unit.
    """
    marks = [str(c) for c in people.columns if _CELLS.fullmatch(_bare(c))]
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
        if _PERSON.fullmatch(_bare(name)) and values.nunique() < len(values):
            return (
                f"column {str(name)!r} names {values.nunique()} for {len(values)} rows: rows are "
                f"not people; pass unit={str(name)!r}"
            )
    return None


def _by_sample(people: pd.DataFrame, told: list[pd.Series]) -> str | None:
    for name in people.columns:
        if not _SAMPLE.fullmatch(_bare(name)) or not _repeats(people[name], ROWS):
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


def _by_id(people: pd.DataFrame, ids: Iterable[object]) -> str | None:
    held = [str(i) for i in ids]
    named = ", ".join(map(str, people.columns[:12])) or "none"
    cells = [_BARCODE.search(i) or _NUMBERED.search(i) for i in held[:1000]]
    if sum(map(bool, cells)) > 0.5 * len(cells):
        return (
            "the row ids are cell barcodes, or numbers of cells, so rows are cells and not people; "
            f"pass unit= with the column that names the donor, one of {named} (add it to them)"
        )
    stems = {_REPLICATE.sub("", i) for i in held}
    if 1 < len(stems) <= 0.9 * len(held) and all(_REPLICATE.search(i) for i in held):
        return (
            f"row ids look like {len(stems)} people with several rows each, numbered at the end; "
            "pass unit= with the column that names the person"
        )
    return None


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
