"""How many copies of a variant people have, and how a table of features says that one is coded."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evenlight.arrays import Bool, Text
from evenlight.data.chromosomes import chromosome as one_name
from evenlight.data.features import Features

TWO, X, X_UNKNOWN, Y, Y_DOUBLED, Y_UNKNOWN, ONE, UNKNOWN = range(8)
"""Kinds of variants: whoever has one copy is coded 0/2, 0/1, or it is not known."""

MALE, FEMALE, SEXLESS = range(3)

COPIES = np.array(
    [
        [2, 1, np.nan, 1, 2, np.nan, 1, np.nan],
        [2, 2, 2, 0, 0, 0, 1, np.nan],
        [2, np.nan, np.nan, np.nan, np.nan, np.nan, 1, np.nan],
    ]
)
"""Copies by sex (male, female, unknown) and kind, as they are coded; NaN where not known."""

CODED: Mapping[tuple[str, str], int] = {
    ("X", "0/1"): X, ("X", "0/2"): TWO, ("Y", "0/1"): Y, ("Y", "0/2"): Y_DOUBLED,
    ("MT", "0/1"): ONE, ("MT", "0/2"): TWO,
}  # fmt: skip
"""The kind by chromosome and the word of column `males`, as readers of genotypes write it."""

UNTOLD: Mapping[str, int] = {"X": X_UNKNOWN, "Y": Y_UNKNOWN, "MT": UNKNOWN}
"""The chromosomes of which some people have one copy, and the kind where no word tells more."""


def kind_of(chromosome: str, word: str) -> int:
    """The kind of a variant by the one name of its chromosome and the word of column `males`.

    >>> kind_of("1", "") == TWO, kind_of("X", "0/1") == X, kind_of("MT", "") == UNKNOWN
    (True, True, True)
    """
    return CODED.get((chromosome, word), UNTOLD.get(chromosome, TWO))


def two_copies(
    features: Features, names: tuple[str, ...], chromosome: Text, *, doubled: bool
) -> Bool:
    """Whether everybody counts to two copies of some variants (p,) that lie on `chromosome` (p,).

    On X, Y and MT not, unless column `males` of the features' table says so: "" on X, where both
    sexes have two; with `doubled` also where one copy is coded 2 (X of males, MT).

    >>> two_copies(Features(("a", "b")), ("a", "b"), np.array(["chr1", "X"]), doubled=True).tolist()
    [True, False]
    """
    coded = np.full(len(names), "unknown", dtype=object)
    if features.table is not None and "males" in features.table:
        at = np.array([features.place[name] for name in names], dtype=np.int64)
        coded = features.table["males"].iloc[at].to_numpy(dtype=object)
    known = {name: one_name(name) for name in set(chromosome.tolist())}
    return np.array(
        [
            at not in UNTOLD or (at, word) == ("X", "") or (doubled and kind_of(at, word) == TWO)
            for at, word in zip(map(known.__getitem__, chromosome.tolist()), coded, strict=True)
        ],
        dtype=bool,
    )
