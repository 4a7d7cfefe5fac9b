"""Columns of numbers, or of dates, that some cells make text: which cell, where, and the remedy."""

from __future__ import annotations

import re

import pandas as pd

from evenlight.arrays import Bool
from evenlight.data.shown import short

NEARLY = 0.8
"""Share of the cells of a column, at least, that are numbers where it is one of numbers."""

FEW = 8
"""A category may have so many levels that are numbers, as stages and scores have, and no more."""

LIKE = re.compile(r"\s*([<>≤≥~≈]=?)?\s*[+-]?\d+([.,' ]\d+)*(e[+-]?\d+)?\s*%?\s*", re.IGNORECASE)
"""A number as people write it: with a comma, beyond a limit, in percent."""

DATE = re.compile(r"\s*(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4})\b.*")

DATES = "holds dates; write numbers in their place, as a year, an age, or days since an event"

EMPTY = 'leave the cell empty and say missing="median" or missing="drop"'


def no_levels(column: pd.Series, *, few: int = FEW, nearly: float = NEARLY) -> str:
    """Why a column of text is hardly one of categories, with the remedy; "" where it may be one.

    It is one of numbers where nearly all its known cells are numbers, or written like these, and
    more than `few` of them differ; of dates likewise. What was declared a category is one.

    >>> crp = pd.Series([f"{i / 10}" for i in range(20)] + ["0,1"], name="crp")
    >>> print(no_levels(crp)[:81])
    holds numbers, but 1 of 21 cells cannot be read as one, first '0,1' in row 20: wr
    >>> no_levels(pd.Series(["A/A", "A/G", "G/G"]))
    ''
    """
    if pd.api.types.is_datetime64_any_dtype(column):
        return DATES
    known = column.dropna()
    if isinstance(column.dtype, pd.CategoricalDtype) or not len(known):
        return ""
    text = known.astype(str)
    odd = pd.to_numeric(text, errors="coerce").isna().to_numpy()
    dates = text[text.str.fullmatch(DATE)]
    if dates.nunique() > few and len(dates) >= nearly * len(text):
        return DATES
    like = text[~odd | text.str.fullmatch(LIKE).to_numpy()]
    numbers = like.nunique() > few and len(like) >= nearly * len(text)
    return _told(column, text, odd) if numbers else ""


def _told(column: pd.Series, text: pd.Series, odd: Bool) -> str:
    """Which cells are no numbers, and what can be done about the first."""
    if not odd.any():
        return "holds numbers as text: convert it with pd.to_numeric"
    cell, row = text[odd].iloc[0], text[odd].index[0]
    where = f"row {row}" if isinstance(column.index, pd.RangeIndex) else f"row {short(row)!r}"
    return (
        f"holds numbers, but {int(odd.sum()):,} of {len(text):,} cells cannot be read as one, "
        f"first {short(cell)!r} in {where}: {_remedy(cell)}"
    )


def _remedy(cell: str) -> str:
    """What to do about a cell, by how it is written.

    >>> _remedy("1,5")
    'write decimal numbers with a point, and thousands without a mark'
    >>> _remedy("n/a")[:44]
    'write its number; if it says that nothing is'
    """
    if not re.fullmatch(LIKE, cell):
        return f"write its number; if it says that nothing is known, {EMPTY}"
    if cell.strip()[0] in "<>≤≥~≈":
        return (
            "what stands beyond a limit of detection is for you to decide: write the number that "
            f"stands for it (as half the limit), or {EMPTY}"
        )
    if "%" in cell:
        return "write the number without its sign, in one unit"
    return "write decimal numbers with a point, and thousands without a mark"
