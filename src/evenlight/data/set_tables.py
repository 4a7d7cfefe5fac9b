"""Sets of features from a table: one row a set and feature, or a matrix of sets by features."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.errors import FeatureError

SET_COLUMNS = ("set", "pathway", "gene_set", "geneset", "term", "module")
FEATURE_COLUMNS = ("feature", "gene", "symbol", "gene_symbol", "gene_id", "genes")
"""Heads by which two columns of a wider table are taken, in any case; never by what they hold."""

SEPARATORS = {".tsv": "\t", ".txt": "\t", ".csv": ","}


def read_set_table(table: str | PathLike[str] | pd.DataFrame) -> Mapping[str, tuple[str, ...]]:
    """The features of each set, in the order of the table.

    A DataFrame, or a .csv, .tsv or .txt file of one of two shapes: *long*, two columns of text
    (set, feature), or more of which one head is a set's and one a feature's (`SET_COLUMNS`,
    `FEATURE_COLUMNS`); *matrix*, names of sets in the first column (or a DataFrame's index),
    features as heads, 0 and 1 inside.

    Raises FeatureError for any other table.

    >>> long = pd.DataFrame({"set": ["a", "a", "b"], "gene": ["TP53", "MYC", "MYC"]})
    >>> dict(read_set_table(long))
    {'a': ('TP53', 'MYC'), 'b': ('MYC',)}
    >>> matrix = pd.DataFrame([[1, 0], [1, 1]], index=["a", "b"], columns=["TP53", "MYC"])
    >>> dict(read_set_table(matrix))
    {'a': ('TP53',), 'b': ('TP53', 'MYC')}
    """
    made = table if isinstance(table, pd.DataFrame) else _read(Path(table))
    where = "the table" if isinstance(table, pd.DataFrame) else Path(table).name
    pair = _pair(made)
    return _long(made, pair, where) if pair else _matrix(made, where)


def _read(path: Path) -> pd.DataFrame:
    """A file as text cells, so that no name becomes a number or a date."""
    separator = SEPARATORS.get(path.suffix.casefold())
    if separator is None:
        raise FeatureError(f"{path.name}: wanted a .csv, .tsv or .txt table, or a .gmt file")
    try:
        return pd.read_csv(path, sep=separator, dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise FeatureError(f"{path.name}: cannot be read as a table ({error})") from error


def _pair(table: pd.DataFrame) -> tuple[str, str] | None:
    """The columns of set and feature of a long table, None where it is a matrix."""
    heads = {str(c).strip().casefold(): c for c in table.columns}
    one = [heads[h] for h in SET_COLUMNS if h in heads]
    other = [heads[h] for h in FEATURE_COLUMNS if h in heads]
    if one and other:
        return one[0], other[0]
    if table.shape[1] == 2 and not _binary(table.iloc[:, 1:]).any():
        return table.columns[0], table.columns[1]
    return None


def _long(table: pd.DataFrame, pair: tuple[str, str], where: str) -> Mapping[str, tuple[str, ...]]:
    """Sets of a table with one row a set and feature."""
    made: dict[str, dict[str, None]] = {}
    empty = 0
    for name, feature in zip(table[pair[0]], table[pair[1]], strict=True):
        cells = [str(cell).strip() if isinstance(cell, str) else "" for cell in (name, feature)]
        if not all(cells):
            empty += 1
            continue
        made.setdefault(cells[0], {})[cells[1]] = None
    if empty:
        raise FeatureError(
            f"{where}: {empty} of {len(table)} rows name no set or no feature as text; take them "
            "out, and read names as text"
        )
    if not made:
        raise FeatureError(f"{where}: no row")
    return {name: tuple(own) for name, own in made.items()}


def _matrix(table: pd.DataFrame, where: str) -> Mapping[str, tuple[str, ...]]:
    """Sets of a matrix of 0 and 1, sets in rows."""
    if len(table.columns) and not _binary(table.iloc[:, :1]).any():
        table = table.set_index(table.columns[0])
    good = _binary(table)
    if not good.size or not good.all():
        raise FeatureError(
            f"{where}: neither two columns of text (set, feature) nor a matrix of 0 and 1 with "
            f"sets in rows; it has the columns {[str(c) for c in table.columns[:5]]}"
        )
    if table.index.has_duplicates or table.columns.has_duplicates:
        raise FeatureError(f"{where}: a set or a feature has more than one row or column")
    inside = table.astype(float).to_numpy() > 0
    heads = np.array([str(c) for c in table.columns], dtype=object)
    return {str(n): tuple(heads[own]) for n, own in zip(table.index, inside, strict=True)}


def _binary(table: pd.DataFrame) -> np.ndarray:
    """Which columns hold 0 and 1 only."""
    numbers = table.apply(pd.to_numeric, errors="coerce")
    return np.asarray(numbers.isin([0, 1]).all(axis=0), dtype=bool)
