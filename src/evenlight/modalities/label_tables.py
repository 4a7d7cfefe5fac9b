"""Tables that name the labels of an atlas, in the forms in which atlases come."""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO
from os import PathLike
from pathlib import Path

import pandas as pd

from evenlight.errors import FeatureError

NUMBERS = ("index", "id", "value", "label", "no", "no.", "number", "roi", "key")
NAMES = ("name", "region", "label_name", "label name", "structure", "label", "roi_name", "anat")

COLOURED = re.compile(r"^\s*(\d+)\s+(\S.*?)\s+\d+\s+\d+\s+\d+\s+\d+\s*$")
"""A line of a FreeSurfer colour table: number, name, red, green, blue, alpha."""


def read_label_table(path: str | PathLike[str]) -> dict[int, str]:
    """The name of each label.

    A CSV or TSV has a column of whole numbers (index, id, value, label) and one of names (name,
    region, label); a BIDS dseg.tsv is one. Of a FreeSurfer colour table each line is a number, a
    name and four colours. Raises FeatureError for other files, and for a number that comes twice.
    """
    where = Path(path)
    try:
        text = where.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        raise FeatureError(f"{where.name} cannot be read as a table of names") from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    coloured = [COLOURED.match(line) for line in lines]
    pairs = (
        [(int(m[1]), m[2]) for m in coloured if m]
        if lines and all(coloured)
        else _columns(where.name, lines)
    )
    numbers = [number for number, _ in pairs]
    twice = sorted({n for n in numbers if numbers.count(n) > 1})
    if twice:
        raise FeatureError(f"{where.name} names {len(twice)} labels twice, first {twice[0]}")
    return dict(pairs)


def _columns(name: str, lines: Sequence[str]) -> list[tuple[int, str]]:
    if not lines:
        raise FeatureError(f"{name} is empty; wanted a number and a name in each line")
    sep = "\t" if "\t" in lines[0] else ","
    table = pd.read_csv(StringIO("\n".join(lines)), sep=sep)
    table.columns = [str(column).strip().lower() for column in table.columns]
    whole = [c for c in NUMBERS if c in table and pd.api.types.is_integer_dtype(table[c])]
    words = [c for c in NAMES if c in table and not pd.api.types.is_numeric_dtype(table[c])]
    if not whole or not words:
        raise FeatureError(
            f"{name} has columns {', '.join(map(str, table.columns[:6]))}; wanted one of "
            "whole numbers (index, id, value, label) and one of names (name, region, label)"
        )
    if table[words[0]].isna().any():
        raise FeatureError(f"{name}: {int(table[words[0]].isna().sum())} labels lack a name")
    told = table[words[0]].astype(str).str.strip()
    return list(zip(table[whole[0]].astype(int).tolist(), told.tolist(), strict=True))
