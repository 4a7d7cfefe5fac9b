"""Whether a table of people fits what the headers of their images say of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Text
from evenlight.data.missing_codes import shown_count
from evenlight.errors import CohortError

LETTERS = {"f": "F", "female": "F", "woman": "F", "w": "F", "m": "M", "male": "M", "man": "M"}
"""What tables call the two sexes of DICOM."""

YEARS = 1.0
"""Ages of a table and a header may differ by a birthday between two dates."""

REVERSED = 0.9
"""The share of contradictions from which columns are the other way round, or of others."""

LEAST = 10
"""Rows that both know, below which nothing is called reversed."""


def contradictions(table: pd.DataFrame, facts: pd.DataFrame, unit: str | None = None) -> list[str]:
    """Notes on rows where people (n rows) and headers (n rows, same order) contradict each other.

    Sex, age and view are compared where a table has a column of that name, and the patients of the
    headers with `unit`. Counts are shown as on a page, and nobody is named.

    Raises CohortError where the sexes of the table are the other way round: nearly all contradict.

    >>> table = pd.DataFrame({"sex": ["f", "m", "f"]})
    >>> contradictions(table, pd.DataFrame({"sex": ["F", "F", "F"]}))
    ['The sex of the table is not that of the image header in fewer than 11 of 3 images.']
    """
    notes = []
    for column in ("sex", "age", "view"):
        if column not in table or column not in facts:
            continue
        both, other = _compared(column, table[column], facts[column])
        many, known = int(other.sum()), int(both.sum())
        if column == "sex" and known >= LEAST and many >= REVERSED * known:
            raise CohortError(
                "the sexes of the table are the other way round: image headers contradict nearly "
                "all; look at how it is coded, and whether rows are of the people they name"
            )
        if many:
            notes.append(
                f"The {column} of the table is not that of the image header in "
                f"{shown_count(many)} of {known} images."
            )
    return notes + _units(table, facts, unit)


def _compared(column: str, ours: pd.Series, theirs: pd.Series) -> tuple[Bool, Bool]:
    """Which rows both know, and which of these contradict each other."""
    if column == "age":
        own = pd.to_numeric(ours, errors="coerce").to_numpy(dtype=np.float64)
        told = theirs.to_numpy(dtype=np.float64)
        both = np.isfinite(own) & np.isfinite(told)
        # Headers are read with 90 for all who are older.
        return both, both & (np.abs(np.minimum(own, 90.0) - told) > YEARS)
    mine, said = _words(column, ours), _words(column, theirs)
    both = (mine != "") & (said != "")
    return both, both & (mine != said)


def _words(column: str, values: pd.Series) -> Text:
    """The value of each row in the words of DICOM, "" where it is none of these."""
    known = LETTERS if column == "sex" else {"ap": "AP", "pa": "PA"}
    told = values.astype(str).str.strip().str.lower()
    return np.array([known.get(word, "") for word in told], dtype=np.str_)


def _units(table: pd.DataFrame, facts: pd.DataFrame, unit: str | None) -> list[str]:
    """Notes on units that are several patients by the headers, and patients in several units."""
    if unit is None or unit not in table or "patient" not in facts:
        return []
    known = np.asarray(facts["patient"] >= 0) & np.asarray(table[unit].notna())
    patients = np.asarray(facts["patient"])[known]
    units = np.asarray(table[unit].astype(str))[known]
    if len(set(patients.tolist())) < 2:
        return []
    pairs = pd.DataFrame({"unit": units, "patient": patients}).drop_duplicates()
    notes = []
    for one, other, words in (
        ("patient", "unit", f"patients by their image headers are in several units ({unit})"),
        ("unit", "patient", f"units ({unit}) are several patients by their image headers"),
    ):
        many = int((pairs.groupby(one)[other].size() > 1).sum())
        if many:
            notes.append(f"{shown_count(many)} {words}.")
    return notes
