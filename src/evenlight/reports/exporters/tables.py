"""The tables of an audit for other programs: Parquet, and CSV that no spreadsheet runs."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pandas as pd

from evenlight.errors import InputError
from evenlight.record import Audit

RUN = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that a spreadsheet takes for a formula."""


def parquet(audit: Audit, folder: Path) -> dict[str, bytes]:
    """Every table as tables/NAME.parquet; InputError where pyarrow is not installed."""
    return {f"tables/{name}.parquet": _parquet(own) for name, own in audit.tables().items()}


def spreadsheets(audit: Audit, folder: Path) -> dict[str, str]:
    """Every table as spreadsheets/NAME.csv, in which no cell can act as a formula."""
    return {
        f"spreadsheets/{name}.csv": harmless(own).to_csv(index=False)
        for name, own in audit.tables().items()
    }


def harmless(frame: pd.DataFrame) -> pd.DataFrame:
    """The table with an apostrophe before each text, or head, that would be run.

    Numbers stay numbers. https://owasp.org/www-community/attacks/CSV_Injection

    >>> harmless(pd.DataFrame({"gene": ["=1+1", "TP53"], "effect": [-1.0, 2.0]})).values.tolist()
    [["'=1+1", -1.0], ['TP53', 2.0]]
    """
    made = frame.rename(columns=_quoted)
    for name in made:
        if not pd.api.types.is_numeric_dtype(made[name]):
            made[name] = made[name].map(_quoted)
    return made


def _quoted(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(RUN) else cell


def _parquet(frame: pd.DataFrame) -> bytes:
    made = BytesIO()
    try:
        frame.to_parquet(made, engine="pyarrow", index=False)
    except ImportError:
        raise InputError(
            "Parquet needs pyarrow, which is not installed: pip install pyarrow, or "
            "pip install 'evenlight[tables]'; the same tables are there as CSV"
        ) from None
    return made.getvalue()
