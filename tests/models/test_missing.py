"""Values that are missing and stay so: for models that take NaN themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError, EvenlightWarning, ModelError
from evenlight.explainers.background import draw
from evenlight.explainers.explain import explain
from evenlight.measures.people import depend
from evenlight.models.probe import prepare
from evenlight.probes.again import _spread
from evenlight.probes.contrasts import contrasts, movable
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.flip import flip

RNG = np.random.default_rng(0)
FULL = np.column_stack([RNG.normal(size=(200, 3)), np.arange(200) % 2])
HOLES = RNG.random((200, 3)) < 0.2
X = np.where(np.column_stack([HOLES, np.zeros(200, dtype=bool)]), np.nan, FULL)
CASE = (FULL[:, 0] + HOLES[:, 1] + RNG.normal(size=200) > 0).astype(int)
PEOPLE = pd.DataFrame({"y": CASE}, index=[f"p{i:03d}" for i in range(200)])


def cohort(x: Any, missing: Any = "keep") -> Cohort:
    """The people with their rows."""
    return Cohort(x, PEOPLE, outcome="y", unit="row", missing=missing)


def test_missing_values_are_kept_where_that_is_said(tmp_path: Path) -> None:
    """NaN stays NaN and is counted in the notes, in arrays, CSR and rows on disk."""
    np.save(tmp_path / "x.npy", X)
    for x in (X, csr_array(X), np.load(tmp_path / "x.npy", mmap_mode="r")):
        kept = cohort(x)
        np.testing.assert_array_equal(kept.dense(), X)
        assert kept.gaps
        assert kept.take(np.arange(9)).gaps
        assert kept.digest == cohort(X).digest
        rows = int(np.isnan(X).any(axis=1).sum())
        assert f"Missing values (NaN) in {rows} rows were handed to the model" in kept.notes[-1]
    assert not cohort(FULL).gaps
    with pytest.raises(CohortError, match=r'repair them, .* \(missing="keep" for a model that'):
        cohort(X, "error")


def test_infinite_values_are_never_kept() -> None:
    """An infinity is an error beside NaN, with its column and row."""
    x = X.copy()
    x[7, 2] = np.inf
    for rows in (x, csr_array(x)):
        with pytest.raises(CohortError, match=r"1 values that are infinite in 1 columns.*x2.*\[7"):
            cohort(rows)


def test_a_model_that_takes_missing_values_is_explained() -> None:
    """Shapley walks put NaN in and out as any value, and meet the output."""
    model = HistGradientBoostingClassifier(max_iter=20).fit(X, CASE)
    kept = cohort(X)
    assert "The outputs of all 200 rows are finite." in prepare(model, kept).checked
    made = explain(model, kept, method="shapley")
    np.testing.assert_allclose(made.total(), made.output, atol=1e-5)
    hidden = HOLES[:, 1]
    assert made.values[hidden, 1].mean() > made.values[~hidden, 1].mean() + 0.1


def test_a_background_with_missing_values_is_drawn_and_compared() -> None:
    """Its mean is over the known values, and the range of the data leaves NaN out."""
    kept = cohort(X)
    drawn = draw(kept, rng=np.random.default_rng(0))
    assert np.isnan(drawn.rows).any()
    np.testing.assert_allclose(drawn.mean, np.nanmean(drawn.rows, axis=0))
    given = X[:5].copy()
    assert not draw(kept, given, rng=np.random.default_rng(0)).notes[1:]
    given[0, 3] = 99.0
    with pytest.warns(EvenlightWarning, match=r"in 1 of 4 features \(first 'x3'\)"):
        draw(kept, given, rng=np.random.default_rng(0))


def test_a_model_that_takes_none_is_named() -> None:
    """The estimator's own words, and what to do."""
    model = LogisticRegression().fit(FULL, CASE)
    with pytest.raises(ModelError, match=r"LogisticRegression takes no missing values.*median"):
        prepare(model, cohort(X))


def test_contrasts_leave_out_missing_values_and_flips_do_not() -> None:
    """A missing value moved to a number is another change than a number moved to a number."""
    model = HistGradientBoostingRegressor(max_iter=20).fit(X, FULL[:, 0] + FULL[:, 3])
    kept = cohort(X)
    assert movable(kept) == ("x3",)
    assert movable(cohort(FULL)) == ("x0", "x1", "x2", "x3")
    moved = contrasts(model, kept)
    low, high = X.copy(), X.copy()
    low[:, 3], high[:, 3] = 0.0, 1.0
    assert moved.subjects == ("x3",)
    np.testing.assert_allclose(moved.margin[:, 0], model.predict(high) - model.predict(low))
    with pytest.raises(ModelError, match=r"x0, x1 hold missing.* change for everyone.* \(1 var"):
        contrasts(model, kept, subjects=["x0", "x3", "x1"])
    every = X.copy()
    every[0, 3] = np.nan
    with pytest.raises(ModelError, match=r"x0, x1, x2 and 1 more hold missing values"):
        contrasts(model, cohort(every))
    made = flip(model, cohort(X), "x3")
    other: Float = X.copy()
    other[:, 3] = 1.0
    np.testing.assert_allclose(made.margin[:, 1], model.predict(other))


def test_explanations_of_missing_values_can_be_made_again() -> None:
    """Stability moves the known numbers by noise in their own spread; what is missing stays so."""
    model = HistGradientBoostingClassifier(max_iter=20).fit(X, CASE)
    kept = cohort(X)
    found = faithfulness(model, kept, explain(model, kept))
    assert np.isfinite(found.stability).all()
    assert 0 < np.mean(found.stability) < 1
    assert np.isfinite(found.background).all()


def test_the_spread_of_known_values_is_theirs_alone() -> None:
    """It is numpy's nanstd, and 0 where the known values are counts up to 2."""
    seen = np.column_stack([X[:, :2], np.where(HOLES[:, 2], np.nan, np.arange(200) % 3)])
    spread = _spread(seen)
    np.testing.assert_allclose(spread[:2], np.nanstd(seen[:, :2], axis=0))
    assert spread[2] == 0


def test_a_missing_value_belongs_to_no_bin() -> None:
    """Means of attributions over the value count the rows in which it is known, each once."""
    model = HistGradientBoostingClassifier(max_iter=20).fit(X, CASE)
    rows = [f"q{i:03d}" for i in range(600)]
    people = pd.DataFrame({"half": np.resize(["a", "b"], 600)}, index=rows)
    kept = Cohort(np.vstack([X, X + 0.01, X - 0.01]), people, unit="row", missing="keep")
    made = depend(explain(model, kept), kept, by="half", subject="x0")
    assert made.n.sum() == 3 * (~HOLES[:, 0]).sum()
    assert made.reason.tolist() == [[""] * 8] * 2
