"""Of which variants everybody has two copies, as a table of features tells it."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Text
from evenlight.data.features import Features

SINGLE = {"x": "X", "23": "X", "y": "Y", "24": "Y", "mt": "MT", "m": "MT", "26": "MT"}
"""Chromosomes of which some people have one copy, by the names that files give them."""

DOUBLED = {"X": ("0/2", ""), "Y": (), "MT": ("0/2",)}
"""Words of column `males` at which everybody's copies count to two; "" where X is shared."""

DIPLOID = {"X": ("",), "Y": (), "MT": ()}
"""Those at which everybody has two."""


def two_copies(
    features: Features, names: tuple[str, ...], chromosome: Text, *, doubled: bool
) -> Bool:
    """Whether everybody counts to two copies of some variants (p,) that lie on `chromosome` (p,).

    On X, Y and MT not, unless column `males` of the features' table says so, as readers of
    genotypes write it: with `doubled` also where one copy is coded 2 (X of males, MT).

    >>> two_copies(Features(("a", "b")), ("a", "b"), np.array(["chr1", "X"]), doubled=True).tolist()
    [True, False]
    """
    coded = np.full(len(names), "unknown", dtype=object)
    if features.table is not None and "males" in features.table:
        at = np.array([features.place[name] for name in names], dtype=np.int64)
        coded = features.table["males"].iloc[at].to_numpy(dtype=object)
    known = DOUBLED if doubled else DIPLOID
    single = [SINGLE.get(_bare(name)) for name in chromosome.tolist()]
    return np.array(
        [one is None or word in known[one] for one, word in zip(single, coded, strict=True)],
        dtype=bool,
    )


def _bare(chromosome: str) -> str:
    return str(chromosome).casefold().removeprefix("chr").removesuffix(".0")
