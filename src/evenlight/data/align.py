"""Rows by id: nothing is ever matched by position unless a caller asks for it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from evenlight.arrays import Int, Text
from evenlight.data.shown import LONGEST_NAME, overlong
from evenlight.errors import CohortError


def ids(index: Sequence[object] | pd.Index) -> Text:
    """Row ids as text (n,); a repeated id is an error, never first-match, and so is a huge one."""
    named = [str(i) for i in index]
    at = overlong(named)
    if at is not None:
        raise CohortError(
            f"the row id at position {at} has {len(named[at]):,} characters; at most "
            f"{LONGEST_NAME:,}: give each row a short id"
        )
    text = np.asarray(named, dtype=np.str_)
    values, counts = np.unique(text, return_counts=True)
    if len(values) < len(text):
        worst = values[counts > 1]
        raise CohortError(
            f"{len(worst)} row ids occur more than once, first at position "
            f"{int((text == worst[0]).argmax())}; "
            "row ids must be unique: name the person or donor with unit= and give each row "
            "its own id"
        )
    return text


def match(have: Text, want: Text, *, what: str) -> Int:
    """Positions in `have` of each id of `want`, (len(want),); missing ids are an error."""
    place = {row: i for i, row in enumerate(have.tolist())}
    found = np.array([place.get(row, -1) for row in want.tolist()], dtype=np.int64)
    missing = int((found < 0).sum())
    extra = len(have) - (len(want) - missing)
    if missing:
        raise CohortError(
            f"{what}: {missing} of {len(want)} row ids are missing and {extra} are extra, "
            f"first missing at position {int((found < 0).argmax())}; "
            'give every row, or say join="inner" to keep the common ones'
        )
    return found


def no_extra(have: Text, want: Text) -> None:
    """Raise CohortError where every id of `want` is in `have`, and `have` holds more."""
    extra = have[~np.isin(have, want)]
    if len(extra) and np.isin(want, have).all():
        raise CohortError(
            f"people: {len(extra)} of {len(have)} row ids are extra, not among the {len(want)} "
            f"rows of x, first at position {int((~np.isin(have, want)).argmax())}; give the same "
            "rows, or say "
            'join="inner" to keep the common ones'
        )


def common(have: Text, want: Text) -> Int:
    """Positions in `want` of the ids that `have` holds too."""
    kept: Int = np.flatnonzero(np.isin(want, have)).astype(np.int64)
    return kept
