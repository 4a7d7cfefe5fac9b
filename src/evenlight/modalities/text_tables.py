"""Tables of text: one reader, and what a file is instead where it is no table that it can read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from evenlight.data.archives import STREAMS, check_packed
from evenlight.data.shown import short
from evenlight.errors import CohortError, InputError

KINDS: Mapping[bytes, str] = {
    b"PK\x03\x04": "a workbook or another zip file (.xlsx, .ods, .zip); save its sheet as CSV",
    b"\xd0\xcf\x11\xe0": "a workbook of an old Excel (.xls); save its sheet as CSV",
    b"PAR1": "a Parquet file; name it .parquet",
    b"\x89HDF": "an HDF5 file; name it .h5ad where it holds AnnData",
    b"\x1f\x8b": "packed by gzip; name it .csv.gz",
    b"\xff\xfe": "text in UTF-16; save it as CSV in UTF-8",
    b"\xfe\xff": "text in UTF-16; save it as CSV in UTF-8",
}
"""What a file is by its first bytes, and what to do about it."""

OTHERS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "commas"}
"""What else may stand between columns."""


def text_table(path: Path, kinds: Mapping[Any, type] | None = None) -> pd.DataFrame:
    """The table of a .csv or .tsv file, packed or not; columns of `kinds` are of these.

    Raises InputError for a file that is empty, no text in UTF-8, of another kind, or without rows,
    CohortError where a column is named twice or something else than a comma (.tsv: a tab) stands
    between columns, Refused for one that is packed in a way that harms, and ValueError where a
    column is not of its kind.
    """
    check_packed(path)
    packed = path.suffix.lower() in {*STREAMS, ".zip", ".zst"}
    if not packed:
        _looked_at(path)
    tabs = path.name.removesuffix(path.suffix if path.suffix in STREAMS else "").endswith(".tsv")
    sep = "\t" if tabs else ","
    try:
        head = pd.read_csv(
            path, sep=sep, header=None, nrows=1, dtype=str, keep_default_na=False, index_col=False
        )
        _named_once(path, [str(name) for name in head.iloc[0] if name], sep)
        table = pd.read_csv(path, sep=sep, dtype=dict(kinds or {}), low_memory=False)
    except UnicodeDecodeError:
        raise InputError(f"{path.name!r} is no text in UTF-8; save it as CSV in UTF-8") from None
    except pd.errors.EmptyDataError:
        raise InputError(f"{path.name!r} is empty; write it again, or name another") from None
    except pd.errors.ParserError as error:
        told = short(str(error), 200)
        raise InputError(f"{path.name!r} is no table ({told}); save it as CSV in UTF-8") from None
    if not len(table):
        raise InputError(
            f"{path.name!r} holds the names of {len(table.columns)} columns and no rows; write the "
            "table again, or name another"
        )
    return table


def _looked_at(path: Path) -> None:
    """Raise InputError for a file that its first bytes tell to be something else."""
    with path.open("rb") as file:
        first = file.read(8)
    for magic, told in KINDS.items():
        if first.startswith(magic):
            raise InputError(f"{path.name!r} is {told}")


def _named_once(path: Path, names: list[str], sep: str) -> None:
    """Raise CohortError for a name that is there twice, or one that holds all names."""
    if len(names) == 1:
        for other, word in OTHERS.items():
            if other != sep and names[0].count(other):
                wanted = OTHERS[sep]
                raise CohortError(
                    f"{path.name!r} has {word} between its columns, where {wanted} should be; save "
                    f"it with {wanted}, and with a point in its decimal numbers"
                )
    twice = [name for name, many in Counter(names).items() if many > 1]
    if twice:
        raise CohortError(
            f"{path.name!r} has {Counter(names)[twice[0]]} columns named {short(twice[0])!r}; "
            "columns have names of their own: rename or delete all but one"
        )
