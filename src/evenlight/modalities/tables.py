"""Tables of people: CSV to a cohort, categories as one-hot variables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenlight.data.assay import assay_of
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.data.library_size import sampled
from evenlight.data.nearest import hint
from evenlight.data.number_cells import no_levels
from evenlight.data.shown import short
from evenlight.errors import CohortError, InputError, Refused
from evenlight.modalities.libraries import library
from evenlight.modalities.text_tables import text_table

MOST_CELLS = 500_000_000
"""Values of a table, at most: 4 GB of numbers."""

CATEGORY = (
    "if it is a category, give its levels names that are no numbers, as 'type 3' (of a DataFrame "
    'astype("category") says so)'
)

FEWEST = 20
"""A table of fewer columns is not held to be that of an assay."""


def read_table(
    path: str | Path, *, features: Sequence[str], id: str | None = None, **roles: Any
) -> Cohort:
    """A cohort from a table with one row a sample: .csv, .tsv (packed or not), or .parquet.

    `features` are columns of the model's input: numbers as they are, text as one-hot variables
    whose reference is the first level in sorted order. `id` is the column of row ids (the line
    number if absent); `roles` are Cohort's keywords. Raises CohortError where a column is missing
    or its name occurs twice, and where a feature of text is nearly all numbers, or dates.
    """
    path = Path(path)
    if not path.is_file():
        raise CohortError(f"there is no table {path.name!r}")
    table = frame_of(path, {} if id is None else {id: str})
    if not _has(table, id):
        return cohort_from_frame(table, features, **roles)
    made = cohort_from_frame(table.set_index(id), features, **roles)
    if not table[id].isna().any():
        return made
    told = f"One row of the table has no id in its column {id}; look at the table."  # two are alike
    return made.altered(notes=(*made.notes, told))


def frame_of(path: Path, kinds: Mapping[str, type] | None = None) -> pd.DataFrame:
    """The table of a file, by how its name ends; columns of `kinds`, as far as there, of these.

    Raises as `text_table`, InputError where pyarrow is not installed for a .parquet file, or it is
    none; Refused for one that says it holds more than `MOST_CELLS` values.
    """
    if path.suffix == ".parquet":
        return _parquet(path, kinds or {})
    return text_table(path, kinds)


def _parquet(path: Path, kinds: Mapping[str, type]) -> pd.DataFrame:
    parquet = library("pyarrow.parquet", package="pyarrow", reads="a .parquet table")
    try:
        held = parquet.ParquetFile(path)
        cells = held.metadata.num_rows * held.metadata.num_columns
    except (OSError, ValueError) as error:  # pyarrow's own errors are ValueErrors
        raise InputError(f"{path.name!r} is no Parquet file ({short(str(error), 200)})") from None
    if cells > MOST_CELLS:
        raise Refused(f"{path.name!r} says that it holds {cells:,} values; read it from Python")
    table: pd.DataFrame = held.read().to_pandas()
    for name, kind in kinds.items():
        if name in table.columns:
            own = table[name]
            table[name] = own.astype(kind).where(own.notna())
    return table


def cohort_from_frame(people: pd.DataFrame, features: Sequence[str], **roles: Any) -> Cohort:
    """A cohort from one DataFrame that holds the features and the people's columns.

    >>> people = pd.DataFrame({"age": [50, 60], "geno": ["A/A", "A/G"], "sex": ["f", "m"]})
    >>> cohort = cohort_from_frame(people, ["age", "geno"], groups=["sex"])
    >>> cohort.features.names
    ('age', 'geno A/G')
    """
    columns: dict[str, np.ndarray] = {}
    coded: list[Indicators] = []
    for name in features:
        if not _has(people, name):
            continue
        if pd.api.types.is_numeric_dtype(people[name]):
            columns[name] = people[name].to_numpy(dtype=np.float64, na_value=np.nan)
            continue
        variable, own = _one_hot(name, people[name])
        coded.append(variable)
        columns |= own
    x = pd.DataFrame(columns, index=people.index)
    made = Cohort(x, people, Features(tuple(columns), indicators=tuple(coded)), **roles)
    return made if coded else _with_assay(made)


def _with_assay(cohort: Cohort) -> Cohort:
    """With a note on what the values are, where they look like those of an assay.

    That is so where many columns hold shares, log-ratios, or what comes of counts. Whole numbers
    are taken for counts from 200 columns on only.
    """
    if len(cohort.features) < FEWEST:
        return cohort
    found = assay_of(sampled(cohort.x, cohort.rows))
    if found.kind in ("numbers", "dosage") or (
        found.kind == "counts" and len(cohort.features) < 10 * FEWEST
    ):
        return cohort
    return cohort.altered(notes=(*cohort.notes, found.sentence))


def _one_hot(name: str, column: pd.Series) -> tuple[Indicators, dict[str, np.ndarray]]:
    """A category as 0/1 columns; a missing value is a state of its own, `unknown`."""
    text = column.astype("object").where(column.notna(), "unknown").astype(str)
    why = no_levels(column)
    if why:
        raise CohortError(f"feature {short(name)!r} {why}; {CATEGORY}")
    levels = sorted(set(text) - {"unknown"}) + (["unknown"] if (text == "unknown").any() else [])
    if len(levels) < 2:
        raise CohortError(f"feature {name!r} has the one value {levels}; leave it out")
    columns = {f"{name} {level}": level for level in levels[1:]}
    made = {c: (text == level).to_numpy(dtype=np.float64) for c, level in columns.items()}
    return Indicators(name, columns, levels[0]), made


def _has(table: pd.DataFrame, name: str | None) -> bool:
    if name is None:
        return False
    if name not in table.columns:
        known = [str(c) for c in table.columns]
        raise CohortError(f"the table has no column {name!r}{hint(name, known)}")
    return True
