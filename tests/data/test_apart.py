"""Training people who are the audited ones: by id, and by what was measured of them."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.apart import apart, same_features
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, EvenlightWarning

N = 100


def cohort(x: Float, prefix: str) -> Cohort:
    """People with these values."""
    table = pd.DataFrame({"g": ["a", "b"] * (len(x) // 2)})
    table.index = pd.Index([f"{prefix}{i}" for i in range(len(x))])
    return Cohort(x, table, groups=["g"], unit="row")


def test_the_same_people_under_other_ids_are_refused() -> None:
    """Continuous values that come again are a person; under the same ids the row is named."""
    x = np.random.default_rng(0).normal(size=(N, 3))
    with pytest.raises(CohortError, match="100 of 100 audited rows have exactly the values"):
        apart(cohort(x, "a"), cohort(x[::-1], "t"))
    with pytest.raises(CohortError, match="100 of 100 training rows are audited rows"):
        apart(cohort(x, "a"), cohort(x, "a"))


def test_some_equal_rows_are_told() -> None:
    """Five in a hundred bring a warning, none do not."""
    rng = np.random.default_rng(1)
    x, other = rng.normal(size=(2, N, 3))
    other[:5] = x[:5]
    with pytest.warns(EvenlightWarning, match="5 of 100 audited rows"):
        apart(cohort(x, "a"), cohort(other, "t"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        apart(cohort(x, "a"), cohort(rng.normal(size=(N, 3)), "t"))


def test_genotypes_that_many_share_are_no_sign_of_a_person() -> None:
    """Of three SNPs nearly everybody has somebody else's values: nothing is said."""
    rng = np.random.default_rng(2)
    x, other = rng.binomial(2, 0.3, size=(2, N, 3)).astype(float)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        apart(cohort(x, "a"), cohort(other, "t"))


def test_other_columns_are_named() -> None:
    """As many columns, or the same in another order."""
    x = np.zeros((N, 3))
    with pytest.raises(CohortError, match="2 features, the audited one 3"):
        same_features(cohort(x, "a"), cohort(x[:, :2], "t"))
