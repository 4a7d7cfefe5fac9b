"""Networks with thousands of outputs."""

from __future__ import annotations

import warnings
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest
from torch import nn

from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning
from evenlight.explainers.explain import explain


def people() -> Cohort:
    """Four rows of three features."""
    return Cohort(np.eye(4)[:, :3], pd.DataFrame(index=list("abcd")))


def test_20_memory_of_many_targets_is_told_before_the_start() -> None:
    """Ten thousand classes of 40,000 rows: the warning comes, and nothing was computed yet."""
    cohort = people()
    every = tuple(range(10_000))
    with (
        patch("evenlight.explainers.explain.DENSE_BUDGET", 4 * 10_000 * 4 * 3 - 1),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("error")
        with pytest.raises(EvenlightWarning, match=r"10,000 targets of 4 rows take 0.0 GiB"):
            explain(nn.Linear(3, 10_000), cohort, method="ig", target=every)


def test_few_targets_are_explained_without_a_word() -> None:
    """Two of three outputs."""
    made = explain(
        nn.Linear(3, 3),
        people(),
        method="ig",
        target=(0, 2),
    )
    assert len(made) == 2
