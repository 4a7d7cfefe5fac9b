"""What chromosomes are called: one name each, whatever a file calls them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from evenlight.arrays import Values

CODES: Mapping[str, str] = {
    "23": "X", "24": "Y", "25": "XY", "26": "MT", "M": "MT", "PAR1": "XY", "PAR2": "XY",
}  # fmt: skip
"""PLINK's numbers, and other names, of what has letters; XY are the parts of X that Y has too."""


def chromosome(name: str) -> str:
    """A chromosome by one name; PLINK's numbers are those of letters.

    >>> [chromosome(c) for c in ("chr1", "23", "chrM", "XY", "2.0")]
    ['1', 'X', 'MT', 'XY', '2']
    """
    bare = name[3:] if name[:3].casefold() == "chr" else name
    bare = bare.removesuffix(".0")
    return CODES.get(bare.upper(), bare.upper() if len(bare) < 3 else bare)


def chromosomes(column: pd.Series) -> Values:
    """A column of chromosomes (p,), each by its one name; None where it is missing.

    >>> chromosomes(pd.Series(["chrX", 23, None, 1])).tolist()
    ['X', 'X', None, '1']
    """
    codes, names = pd.factorize(column)
    known = [chromosome(str(name)) for name in names]
    return np.array([*known, None], dtype=object)[codes]
