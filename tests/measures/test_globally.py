"""Tests of whole explanations: planted truth, strata, overlapping sets, order of rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.sums import summed
from evenlight.errors import AttributionError, InputError
from evenlight.measures.global_tests import GlobalTests
from evenlight.measures.globally import globally


def people_of(n: int, **columns: object) -> pd.DataFrame:
    """Half A and half B."""
    base = {"race": np.where(np.arange(n) % 2 == 0, "A", "B")}
    return pd.DataFrame({**base, **columns}, index=[f"p{i}" for i in range(n)])


def made_of(cohort: Cohort, values: Float) -> Attributions:
    """Attributions that add up to an output with noise of its own kept out."""
    return Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )


def test_a_shift_is_seen_and_vanishes_within_the_outcome_that_explains_it() -> None:
    """Prevalence differs, attributions follow the outcome: marginal yes, given the outcome no."""
    rng = np.random.default_rng(0)
    n = 400
    y = (rng.random(n) < np.where(np.arange(n) % 2, 0.7, 0.3)).astype(int)
    phi = rng.normal(size=(n, 4)) * 0.5
    phi[:, 0] += y
    cohort = Cohort(phi, people_of(n, y=y), outcome="y", groups=["race"], unit="row")
    found = globally(made_of(cohort, phi), cohort, by="race", draws=199)
    assert found.given == ("nothing", "outcome")
    assert found.energy_p[0, 0] == found.auc_p[0, 0] == 1 / 200
    assert found.energy_p[1, 0] > 0.05
    assert found.auc_p[1, 0] > 0.05
    assert found.auc_low[0, 0] > 0.5 > found.auc_low[1, 0]
    assert "differs in 1 of 2" in repr(found)


def test_a_difference_of_spread_alone_is_seen() -> None:
    """Equal means, twice the spread: sizes enter the classifier."""
    rng = np.random.default_rng(1)
    n = 300
    phi = rng.normal(size=(n, 3)) * np.where(np.arange(n) % 2, 2.0, 1.0)[:, None]
    cohort = Cohort(phi, people_of(n), groups=["race"], unit="row")
    found = globally(made_of(cohort, phi), cohort, by="race", draws=199)
    assert found.given == ("nothing",)
    assert max(found.energy_p[0, 0], found.auc_p[0, 0]) < 0.01


def test_what_adds_nothing_to_the_output_weighs_nothing() -> None:
    """A feature that differs fully but is a thousandth of the output changes no answer."""
    rng = np.random.default_rng(2)
    n = 200
    phi = rng.normal(size=(n, 2))
    tiny = np.column_stack([phi, 0.001 * (np.arange(n) % 2)])
    cohort = Cohort(tiny, people_of(n), groups=["race"], unit="row")
    found = globally(made_of(cohort, tiny), cohort, by="race", draws=199)
    assert found.energy_p[0, 0] > 0.05


def test_few_people_are_not_tested() -> None:
    """Ten people of a group: a reason, no number, and every contrast is there."""
    rng = np.random.default_rng(3)
    race = np.array(["A"] * 60 + ["B"] * 60 + ["C"] * 10)
    phi = rng.normal(size=(130, 2))
    cohort = Cohort(phi, people_of(130, race=race), groups=["race"], unit="row")
    found = globally(made_of(cohort, phi), cohort, by="race", draws=199)
    frame = found.to_frame()
    assert len(frame) == 3
    few = frame["level"].eq("C") | frame["reference"].eq("C")
    assert frame.loc[few, "auc"].isna().all()
    assert frame.loc[few, "reason"].str.contains("fewer than 11 units in C").all()
    assert frame.loc[~few, "energy_p"].between(0, 1).all()


def test_rows_may_come_in_any_order_and_the_record_survives_json() -> None:
    """Same seed, same bytes."""
    rng = np.random.default_rng(4)
    phi, turn = rng.normal(size=(80, 3)), rng.permutation(80)
    people = people_of(80, y=rng.integers(2, size=80))
    one = Cohort(phi, people, outcome="y", groups=["race"], unit="row")
    other = Cohort(phi[turn], people.iloc[turn], outcome="y", groups=["race"], unit="row")
    a = globally(made_of(one, phi), one, by="race", draws=199)
    b = globally(made_of(other, phi[turn]), other, by="race", draws=199)
    assert plain(a) == plain(b)
    again = restore(GlobalTests, plain(a))
    assert plain(again) == plain(a)


def test_overlapping_sets_are_tested_on_exact_sums() -> None:
    """A pathway that shares a gene with another holds it in full; the output keeps its SD."""
    rng = np.random.default_rng(5)
    phi = rng.normal(size=(100, 3))
    cohort = Cohort(phi, people_of(100), ["g1", "g2", "g3"], groups=["race"], unit="row")
    made = made_of(cohort, phi)
    sets = FeatureSets.from_lists({"p": ["g1", "g2"], "q": ["g2"]}, ["g1", "g2", "g3"])
    sums = summed(made, sets)
    np.testing.assert_allclose(sums.values[:, 0], phi[:, 0] + phi[:, 1], rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(sums.total(), made.total(), atol=1e-6)
    assert sums.settings["sums"] == "overlap"
    found = globally(made, cohort, by="race", sets=sets, draws=199)
    assert found.subjects == ("p", "q")
    assert found.unit == pytest.approx(globally(made, cohort, by="race", draws=199).unit, rel=1e-6)


def test_sets_that_are_a_partition_are_by() -> None:
    """Where nothing overlaps, the sums are those of `Attributions.by`."""
    rng = np.random.default_rng(6)
    cohort = Cohort(rng.normal(size=(30, 3)), people_of(30), ["a", "b", "c"], unit="row")
    made = made_of(cohort, cohort.dense())
    sets = FeatureSets.from_lists({"ab": ["a", "b"], "c": ["c"]}, ["a", "b", "c"])
    np.testing.assert_array_equal(summed(made, sets).values, made.by(sets).values)
    strange = FeatureSets.from_lists({"x": ["a"], "y": ["a"]}, ["a", "z"])
    with pytest.raises(AttributionError, match="sets are of 2 features"):
        summed(made, strange)


def test_too_few_draws_are_refused() -> None:
    """A p-value would have no resolution."""
    cohort = Cohort(np.eye(30), people_of(30), groups=["race"], unit="row")
    with pytest.raises(InputError, match="at least 100"):
        globally(made_of(cohort, np.eye(30)), cohort, by="race", draws=50)


def test_large_cohorts_enter_in_part(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit of units a random part of the larger arm enters; the smaller stays whole."""
    monkeypatch.setattr("evenlight.measures.globally.MOST", 100)
    rng = np.random.default_rng(7)
    race = np.array(["A"] * 270 + ["B"] * 30)
    phi = rng.normal(size=(300, 2)) + 0.8 * (race == "B")[:, None]
    cohort = Cohort(phi, people_of(300, race=race), groups=["race"], unit="row")
    found = globally(made_of(cohort, phi), cohort, by="race", draws=199)
    assert found.n[0, 0].tolist() == [30, 70]
    assert found.energy_p[0, 0] < 0.05
