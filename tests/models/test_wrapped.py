"""Estimators that hold other estimators."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier, StackingClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare
from evenlight.models.wrapped import chosen
from evenlight.probes.predict import predict

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(150, 3)), [f"p{i:03d}" for i in range(150)], ["a", "b", "c"])
ILL = (X["a"] + RNG.normal(size=150) > 0).astype(int)
COHORT = Cohort(X, pd.DataFrame({"ill": ILL}), outcome="ill", unit="row")


def test_a_search_is_its_best_model() -> None:
    """Weights and trees are found inside, the outputs are the search's own, and a note says it."""
    grid = {"logisticregression__C": [0.1, 1.0]}
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    for search, method in (
        (GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}), "linear"),
        (RandomizedSearchCV(pipe, grid, n_iter=2, random_state=0), "linear"),
        (GridSearchCV(forest, {"max_depth": [1, 3]}, cv=2), "trees"),
    ):
        search.fit(X, ILL)
        made = explain(search, COHORT)
        assert made.method == method
        prepared = prepare(search, COHORT)
        assert prepared.adapted.estimator is search.best_estimator_
        assert prepared.adapted.features == ("a", "b", "c")
        assert f"{type(search).__name__} chose a" in prepared.checked[0]
        expected = search.predict_proba(X)[:, 1]
        np.testing.assert_allclose(predict(search, COHORT).response, expected)


def test_a_search_at_the_end_of_a_pipeline_is_its_best_model() -> None:
    """The steps before it stay, the pipeline that was handed over is left as it was."""
    pipe = make_pipeline(StandardScaler(), GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}))
    pipe.fit(X, ILL)
    made = explain(pipe, COHORT)
    assert made.method == "linear"
    assert isinstance(pipe.steps[-1][1], GridSearchCV)
    expected = pipe.predict_proba(X)[:, 1]
    np.testing.assert_allclose(predict(pipe, COHORT).response, expected)
    estimator = prepare(pipe, COHORT).adapted.estimator
    again = clone(estimator).fit(X, ILL)
    np.testing.assert_allclose(again.predict_proba(X)[:, 1], expected)


def test_what_passes_an_attribute_on_is_no_search() -> None:
    """An object that answers for a search inside it keeps what it does to the rows."""

    class Beside:
        """Takes one more column, and leaves it out."""

        def __init__(self, inner: GridSearchCV) -> None:
            self.inner = inner

        def __getattr__(self, name: str) -> Any:
            found = getattr(self.inner, name)
            return (lambda x: found(x[:, :3])) if name == "predict_proba" else found

    search = GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}).fit(X.to_numpy(), ILL)
    assert chosen(Beside(search))[0] is not search.best_estimator_


def test_a_search_of_a_regressor_is_its_best_model() -> None:
    """Numbers as well as classes."""
    search = GridSearchCV(LinearRegression(), {"fit_intercept": [True, False]}).fit(X, X["b"])
    cohort = Cohort(X, X[["b"]].rename(columns={"b": "y"}), outcome="y", unit="row")
    np.testing.assert_allclose(predict(search, cohort).response, X["b"], atol=1e-9)
    assert explain(search, cohort).method == "linear"


def test_a_search_that_was_not_fitted_is_refused() -> None:
    """It has no best model yet."""
    with pytest.raises(ModelError, match="not fitted"):
        prepare(GridSearchCV(LogisticRegression(), {"C": [1.0]}), COHORT)


def test_what_combines_models_is_asked_from_outside() -> None:
    """Calibrated, stacked and voting models say so among what was checked."""
    parts = [("one", LogisticRegression()), ("two", LogisticRegression(C=0.1))]
    for model in (
        CalibratedClassifierCV(RandomForestClassifier(3, max_depth=2), cv=2),
        VotingClassifier(parts, voting="soft"),
        StackingClassifier(parts),
        make_pipeline(StandardScaler(), CalibratedClassifierCV(LogisticRegression(), cv=2)),
    ):
        model.fit(X, ILL)
        assert any("combines other models" in line for line in prepare(model, COHORT).checked)
        expected = model.predict_proba(X)[:, 1]
        np.testing.assert_allclose(predict(model, COHORT).response, expected, atol=1e-9)
        assert explain(model, COHORT.take(np.arange(5)), background=COHORT).method == "shapley"


def test_a_function_that_wants_a_table_is_told_that_it_gets_an_array() -> None:
    """By name, by attribute, or beyond the last column: the shape and the remedy are named."""
    for function in (
        lambda x: x["a"],
        lambda x: x.a,
        lambda x: x[:, 7],
        lambda x: x.loc[:, "a"],
    ):
        with pytest.raises(ModelError, match=r"an array of shape \(150, 3\).*x\[:, j\]"):
            predict(function, COHORT)
    wrapped = adapt(lambda x: pd.DataFrame(x, columns=list("abc"))["a"].to_numpy() * 3)
    np.testing.assert_allclose(predict(wrapped, COHORT).margin, 3 * X["a"])
