"""Where one person is most of a group, neither the group's mean nor a difference tells of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.probed import Predictions
from evenlight.explainers.explain import explain
from evenlight.measures.associate import associate
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.dominance import TOTALS
from evenlight.measures.intersect import intersect_values
from evenlight.measures.perform import perform
from evenlight.measures.rely import rely
from evenlight.measures.set_shares import set_shares
from evenlight.measures.testing import Testing
from evenlight.stats.disclosure import dominated

N = 60


def found(value: float) -> tuple[Comparison, Float]:
    """A comparison of 60 and 60 people where one of B carries `value` of a rare feature."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=2 * N), np.zeros(2 * N), rng.normal(size=2 * N)])
    x[-1, 1] = value
    people = pd.DataFrame(
        {"race": np.repeat(["A", "B"], N)}, index=[f"p{i:03d}" for i in range(2 * N)]
    )
    cohort = Cohort(x, people, ["common", "rare", "other"], unit="row", groups=["race"])
    made: Attributions = explain(
        lambda rows: rows[:, 0] + rows[:, 1] + 0.5 * rows[:, 2], cohort, background=0 * x[:20]
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
    """A third feature keeps its exact mean; the most important is coarse beside a single one."""
    record, _ = found(3.0)
    rng = np.random.default_rng(0)
    common, other = rng.normal(size=2 * N), 0.5 * rng.normal(size=2 * N)
    for j, values, exact in ((0, common, False), (2, other, True)):
        own = np.array([values[:N].mean(), values[N:].mean()])
        assert np.allclose(record.mean[:, j], own, atol=1e-6) == exact


def test_half_is_not_more_than_half() -> None:
    """The rule is of more than half of the sum, and nothing is no rule."""
    assert dominated(np.array([[1.0], [1.0]])).tolist() == [False]
    assert dominated(np.array([[1.1], [1.0]])).tolist() == [True]
    assert dominated(np.zeros((5, 1))).tolist() == [False]


def carrying(value: float) -> tuple[Attributions, Cohort]:
    """Attributions of a common feature, a rare one of one carrier, and a second common one."""
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=2 * N), np.zeros(2 * N), rng.normal(size=2 * N)])
    x[-1, 1] = value
    people = pd.DataFrame(
        {"race": np.repeat(["A", "B"], N), "y": x[:, 0] + rng.normal(size=2 * N)},
        index=[f"p{i:03d}" for i in range(2 * N)],
    )
    names = ["common", "rare", "other"]
    cohort = Cohort(x, people, names, outcome="y", unit="row", groups=["race"])
    made: Attributions = explain(
        lambda rows: rows[:, 0] + 0.01 * rows[:, 1] + 0.5 * rows[:, 2],
        cohort,
        background=0 * x[:20],
    )
    return made, cohort


def test_a_reliance_tells_of_no_carrier() -> None:
    """Shares, their sums and the mass of a feature with one carrier; none of them is the rest."""
    told = [rely(*carrying(value), by="race", rng=0) for value in (3.0, 3.06)]
    rare, names = 1, ("share", "raw", "raw_total", "total", "slope")
    for name in names:
        one, other = (np.asarray(getattr(made, name)) for made in told)
        np.testing.assert_array_equal(
            one[..., rare] if name not in TOTALS else one,
            other[..., rare] if name not in TOTALS else other,
        )
    assert told[0].mass[rare] == told[1].mass[rare]
    made, _ = carrying(3.0)
    size = np.abs(np.asarray(made.values, dtype=float)).mean(axis=0)
    exact = np.isclose(told[0].mass, size / size.sum(), rtol=1e-6)
    assert exact.sum() == 1  # another one is coarse, or the rare one would be what is left of 1


def test_an_error_of_one_person_is_told_to_steps() -> None:
    """Whoever has more than half of the errors of a group; then of every part, as they add up."""
    told = []
    for far in (200.0, 201.0):
        _, cohort = carrying(3.0)
        said = cohort.dense()[:, 0].copy()
        said[-1] += far
        record = perform(Predictions(cohort.rows, said, said, "y", "identity"), cohort, by="race")
        told.append(record.value[:, [record.metric("mae"), record.metric("bias")]])
    np.testing.assert_array_equal(told[0], told[1])


def test_errors_of_many_are_told_as_they_are() -> None:
    """Without such a person the mean error is exact."""
    _, cohort = carrying(3.0)
    said = cohort.dense()[:, 0]
    record = perform(Predictions(cohort.rows, said, said, "y", "identity"), cohort, by="race")
    error = np.abs(said - cohort.y)
    assert record.value[0, record.metric("mae")] == pytest.approx(error.mean(), abs=1e-12)


def test_how_far_a_value_of_one_tells_the_group_is_told_to_steps() -> None:
    """One carrier of an allele in 120: shares and FST are coarse, those of common ones exact."""
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (2 * N, 3)).astype(float)
    x[:, 1] = 0
    x[-1, 1] = 1
    people = pd.DataFrame(
        {"race": np.repeat(["A", "B"], N)}, index=[f"p{i:03d}" for i in range(2 * N)]
    )
    cohort = Cohort(x, people, ["rs1", "rs2", "rs3"], unit="row", groups=["race"])
    found = associate(cohort, by="race", genotypes=True, rng=0)
    assert found.drift is not None
    for value in (found.share[0, 1], found.drift.fst[1], found.drift.informativeness[1]):
        assert round(float(value), 3) == pytest.approx(float(value), abs=1e-12)
    assert round(float(found.share[0, 0]), 4) != pytest.approx(float(found.share[0, 0]), abs=1e-9)


def test_shares_of_sets_of_one_person_are_told_to_steps() -> None:
    """Where one has more than half of a set, all shares of the group are coarse: they add up."""
    made, cohort = carrying(600.0)
    sets = FeatureSets.from_lists(
        {"rare": ["rare"], "rest": ["common", "other"]}, made.features.names
    )
    found = set_shares(made, cohort, sets, by="race")
    b, a = found.share[found.levels.index("B")], found.share[found.levels.index("A")]
    assert np.allclose(b * 100, np.round(b * 100))
    np.testing.assert_allclose(a, [0.0, 1.0], atol=1e-9)


def test_a_cell_of_two_groupings_tells_of_no_carrier() -> None:
    """Where one is most of a cell its numbers are told to steps; other columns are exact."""
    rng = np.random.default_rng(4)
    names = [f"p{i:03d}" for i in range(160)]
    people = pd.DataFrame({"sex": ["f", "m"] * 80, "race": ["A"] * 80 + ["B"] * 80}, index=names)
    cohort = Cohort(rng.normal(size=(160, 1)), people, ["x"], groups=["sex", "race"], unit="row")
    values = pd.DataFrame({"one": np.zeros(160), "all": rng.normal(size=160)}, index=names)
    values.loc["p000", "one"] = 7.123456
    made = intersect_values(values, cohort, by=["sex", "race"], quantity="score")
    cell = made.cells.index(("f", "A"))
    own = values[(people["sex"] == "f") & (people["race"] == "A")]
    assert made.mean[cell, 1] == pytest.approx(own["all"].mean(), rel=1e-9)
    assert abs(made.mean[cell, 0] * len(own) - 7.123456) > 0.05
