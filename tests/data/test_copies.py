"""How many copies people have is one table, read alike by all who ask."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest

from evenlight.data.chromosomes import chromosome
from evenlight.data.cohort import Cohort
from evenlight.data.copies import COPIES, FEMALE, MALE, kind_of, two_copies
from evenlight.data.features import Features
from evenlight.modalities.ploidy import ploidy_of

NAMES = ["1", "chr22", "chrX", "23", "x", "24", "Y", "M", "chrMT", "26", "26.0", "XY", "25"]
WORDS = ["0/1", "0/2", "unknown"]


def test_two_copies_are_those_of_both_sexes() -> None:
    """Whoever asks for two gets the sites at which males and females count to two, by any name."""
    asked = list(product(NAMES, WORDS))
    names = tuple(f"v{i}" for i in range(len(asked)))
    table = pd.DataFrame(asked, columns=["chromosome", "males"], index=list(names))
    features = Features(names, table)
    people = pd.DataFrame({"sex": ["male", "female"]}, index=["a", "b"])
    cohort = Cohort(np.zeros((2, len(names))), people, features, unit="row")
    common = ploidy_of(cohort, table).common()
    where = table["chromosome"].to_numpy(dtype=np.str_)
    np.testing.assert_array_equal(two_copies(features, names, where, doubled=True), common == 2)
    alone = two_copies(features, names, where, doubled=False)
    np.testing.assert_array_equal(alone, [chromosome(c) in ("1", "22", "XY") for c in where])


@pytest.mark.parametrize(
    ("place", "word", "copies"),
    [
        ("1", "", (2, 2)), ("X", "0/1", (1, 2)), ("X", "0/2", (2, 2)), ("Y", "0/1", (1, 0)),
        ("Y", "0/2", (2, 0)), ("MT", "0/1", (1, 1)), ("MT", "0/2", (2, 2)),
    ],
)  # fmt: skip
def test_copies_are_those_of_the_guide(place: str, word: str, copies: tuple[int, int]) -> None:
    """Males and females by chromosome and coding, as docs/genotypes.md has them."""
    kind = kind_of(place, word)
    assert tuple(COPIES[[MALE, FEMALE], kind]) == copies
