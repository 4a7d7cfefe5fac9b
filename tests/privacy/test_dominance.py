"""Where one person is most of a group, neither the group's mean nor a difference tells of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.testing import Testing
from evenlight.stats.disclosure import dominated

N = 60


def found(value: float) -> tuple[Comparison, Float]:
    """A comparison of 60 and 60 people where one of B carries `value` of a rare feature."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=2 * N), np.zeros(2 * N)])
    x[-1, 1] = value
    people = pd.DataFrame(
        {"race": np.repeat(["A", "B"], N)}, index=[f"p{i:03d}" for i in range(2 * N)]
    )
    cohort = Cohort(x, people, ["common", "rare"], unit="row", groups=["race"])
    made: Attributions = explain(
        lambda rows: rows[:, 0] + rows[:, 1], cohort, background=0 * x[:20]
    )
    record = compare(made, cohort, by="race", testing=Testing(draws=199), rng=0)
    return record, np.asarray(made.values[-1])


def test_the_carrier_cannot_be_solved_for() -> None:
    """N times mean or effect was the carrier's attribution; 3.0 and 3.6 are told alike."""
    told = []
    for value in (3.0, 3.3, 3.6):
        record, own = found(value)
        assert own[1] == pytest.approx(value)
        told.append((float(record.mean[1, 1]), float(record.effect[0, 0, 1])))
    assert told[0] == told[1] == told[2]


def test_other_features_are_told_as_they_are() -> None:
    """The common feature keeps its exact mean and effect."""
    record, _ = found(3.0)
    rng = np.random.default_rng(0)
    values = rng.normal(size=2 * N)
    np.testing.assert_allclose(record.mean[:, 0], [values[:N].mean(), values[N:].mean()], atol=1e-6)


def test_half_is_not_more_than_half() -> None:
    """The rule is of more than half of the sum, and nothing is no rule."""
    assert dominated(np.array([[1.0], [1.0]])).tolist() == [False]
    assert dominated(np.array([[1.1], [1.0]])).tolist() == [True]
    assert dominated(np.zeros((5, 1))).tolist() == [False]
