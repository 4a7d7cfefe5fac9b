"""Letters of nucleic acids and proteins: what a sign stands for, what a one-hot row holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np

from evenlight.arrays import Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.rows import blocks
from evenlight.errors import CohortError

Alphabet = Literal["dna", "rna", "protein"]

LETTERS: Mapping[str, str] = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}
"""The letters of each alphabet, in the order of the columns of a one-hot row."""

_NUCLEIC = {
    "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
    "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
}  # fmt: skip

SEVERAL: Mapping[str, Mapping[str, str]] = {
    "dna": _NUCLEIC,
    "rna": {sign: of.replace("T", "U") for sign, of in _NUCLEIC.items()},
    "protein": {"B": "DN", "Z": "EQ", "J": "IL", **dict.fromkeys("XUO", LETTERS["protein"])},
}
"""Signs that stand for one of several letters (IUPAC; NC-IUB 1984 and JCBN 1983).

Selenocysteine (U) and pyrrolysine (O) have no column of their own and are read as X.
"""

NOTHING, UNKNOWN = -1, -2
"""Codes of a position without a letter, and of one with several letters or an unknown one."""


def alphabet_name(alphabet: object) -> str:
    """The alphabet, if it is one.

    >>> alphabet_name("dns")
    Traceback (most recent call last):
    evenlight.errors.CohortError: alphabet 'dns'; wanted dna, rna or protein
    """
    if not isinstance(alphabet, str) or alphabet not in LETTERS:
        raise CohortError(f"alphabet {alphabet!r}; wanted dna, rna or protein")
    return alphabet


def shares(alphabet: str, *, even: bool) -> Float:
    """What each sign puts into the columns of a position, (signs + 1, letters).

    Rows are the letters, then the signs for several letters, evenly divided among these (or all 0
    where not `even`), then nothing: all 0.

    >>> shares("dna", even=True)[[1, 4]].tolist()
    [[0.0, 1.0, 0.0, 0.0], [0.5, 0.0, 0.5, 0.0]]
    """
    letters, several = LETTERS[alphabet], SEVERAL[alphabet]
    out = np.zeros((len(letters) + len(several) + 1, len(letters)))
    out[: len(letters)] = np.eye(len(letters))
    for i, of in enumerate(several.values(), start=len(letters)):
        out[i, [letters.index(letter) for letter in of]] = 1 / len(of) if even else 0.0
    return out


def letters_of(cohort: Cohort) -> str:
    """The letters of the columns of one-hot rows (n, letters, length), in their order.

    Those of the cohort's features where it was read by `read_sequences`, else those of DNA or of
    proteins by their number. Raises CohortError for rows of another shape.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> letters_of(Cohort(np.zeros((2, 4, 9)), people))
    'ACGT'
    """
    shape = tuple(int(s) for s in cohort.x.shape[1:])
    table = cohort.features.table
    told = "" if table is None or "letters" not in table else str(table["letters"].iloc[0])
    known = {len(one): one for one in (LETTERS["protein"], LETTERS["dna"], *([told] * bool(told)))}
    if len(shape) != 2 or shape[0] not in known:
        raise CohortError(
            f"rows of x have shape {shape}; one-hot sequences are (4 or 20 letters, length): make "
            "them with read_sequences, or move the axis of letters to the front with x.swapaxes"
        )
    return known[shape[0]]


def position_names(cohort: Cohort) -> tuple[str, ...]:
    """The name of each position of one-hot rows: that of the feature, else "position 1", ...

    Raises CohortError for rows of another shape.
    """
    letters_of(cohort)
    length = int(cohort.x.shape[2])
    if cohort.features.table is not None and len(cohort.features) == length:
        return cohort.features.names
    return tuple(f"position {j + 1}" for j in range(length))


def codes_of(x: Values) -> Int:
    """The letter at each position of one-hot rows (m, A, L), as its column, (m, L).

    NOTHING where all columns are 0, and UNKNOWN where they are no single 1.

    >>> codes_of(np.array([[[1.0, 0.5, 0.0], [0.0, 0.5, 0.0]]])).tolist()
    [[0, -2, -1]]
    """
    place: Int = x.argmax(axis=1).astype(np.int64)
    most, total = x.max(axis=1), x.sum(axis=1)
    place[(most != 1) | (np.abs(total - 1) > 1e-6)] = UNKNOWN
    place[~x.any(axis=1)] = NOTHING
    return place


def all_codes(cohort: Cohort) -> Int:
    """The letter at each position of every row of a cohort of one-hot sequences, (n, L)."""
    letters_of(cohort)
    held: Any = cohort.x
    out = np.empty((cohort.n, int(held.shape[2])), dtype=np.int64)
    for part, x in blocks(held):
        out[part] = codes_of(np.asarray(x))
    return out
