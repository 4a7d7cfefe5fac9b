"""Weights are found for pipelines whose margin is affine, and for no other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.impute import SimpleImputer
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import ElasticNet, LinearRegression, LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import (
    Binarizer,
    FunctionTransformer,
    KBinsDiscretizer,
    MaxAbsScaler,
    MinMaxScaler,
    OneHotEncoder,
    PolynomialFeatures,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    SplineTransformer,
    StandardScaler,
)
from sklearn.svm import LinearSVR

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

RNG = np.random.default_rng(0)
X = np.column_stack(
    [
        RNG.normal(50, 12, size=150),
        RNG.gamma(2, 1, size=150),
        RNG.integers(0, 2, 150),
        RNG.integers(0, 3, 150),
        1e-6 * RNG.normal(size=150),
    ]
)
SCORE = 0.1 * X[:, 0] - X[:, 1] + 2 * X[:, 2] + 3e5 * X[:, 4] + RNG.normal(size=150)
CASE = (np.median(SCORE) < SCORE).astype(int)
PEOPLE = pd.DataFrame({"case": CASE, "score": SCORE}, [f"r{i:03d}" for i in range(150)])
CASES = Cohort(X, PEOPLE, list("abcde"), outcome="case", unit="row")
SCORES = Cohort(X, PEOPLE, list("abcde"), outcome="score", unit="row")

AFFINE: dict[str, Any] = {
    "standard": make_pipeline(StandardScaler(), LogisticRegression()),
    "unfitted mean": make_pipeline(StandardScaler(with_mean=False), Ridge()),
    "robust": make_pipeline(RobustScaler(), LinearRegression()),
    "min max": make_pipeline(MinMaxScaler(), ElasticNet(0.01)),
    "max abs": make_pipeline(MaxAbsScaler(), LinearSVR(max_iter=100_000)),
    "components": make_pipeline(StandardScaler(), PCA(3), LogisticRegression()),
    "imputer": make_pipeline(SimpleImputer(), StandardScaler(), LinearRegression()),
    "discriminant": make_pipeline(StandardScaler(), LinearDiscriminantAnalysis()),
    "some columns": make_pipeline(
        ColumnTransformer([("one", StandardScaler(), [0, 4])], remainder="passthrough"), Ridge()
    ),
    "search": GridSearchCV(
        make_pipeline(StandardScaler(), LogisticRegression()), {"logisticregression__C": [1, 10]}
    ),
}
BENT: dict[str, Any] = {
    "polynomial": make_pipeline(PolynomialFeatures(2), Ridge()),
    "products": make_pipeline(
        StandardScaler(), PolynomialFeatures(interaction_only=True), LogisticRegression()
    ),
    "spline": make_pipeline(SplineTransformer(extrapolation="linear"), LogisticRegression()),
    "clipped": make_pipeline(MinMaxScaler(clip=True), LinearRegression()),
    "clipped far out": make_pipeline(
        FunctionTransformer(lambda x: np.clip(x, -500, 500)), LinearRegression()
    ),
    "logarithm": make_pipeline(FunctionTransformer(np.log1p), LinearRegression()),
    "quantiles": make_pipeline(QuantileTransformer(n_quantiles=50), Ridge()),
    "power": make_pipeline(PowerTransformer(), LogisticRegression()),
    "bins": make_pipeline(KBinsDiscretizer(4, strategy="uniform"), LogisticRegression()),
    "binary": make_pipeline(Binarizer(threshold=0.5), LogisticRegression()),
    "one hot": make_pipeline(
        ColumnTransformer([("k", OneHotEncoder(), [3])], remainder="passthrough"), Ridge()
    ),
    "kernel": make_pipeline(StandardScaler(), Nystroem(n_components=10), Ridge()),
    "tiny curve": make_pipeline(
        FunctionTransformer(lambda x: x + np.array([1e-4, 0, 0, 0, 0]) * x**2), LinearRegression()
    ),
    "sentinel": make_pipeline(FunctionTransformer(lambda x: np.where(x == X[7, 0], 0, x)), Ridge()),
}


def fitted(model: Any) -> tuple[Any, Cohort]:
    """The model, fitted to what it predicts, and the cohort."""
    classifies = hasattr(model, "predict_proba") or isinstance(model, GridSearchCV)
    return (model.fit(X, CASE), CASES) if classifies else (model.fit(X, SCORE), SCORES)


@pytest.mark.parametrize("name", AFFINE)
def test_weights_of_an_affine_pipeline_are_found(name: str) -> None:
    """They give the margin of rows that were never asked about, near and far."""
    model, cohort = fitted(AFFINE[name])
    said = settled(model, cohort)
    assert said.weights is not None
    assert said.intercept is not None
    rows = X.mean(axis=0) + 30 * X.std(axis=0) * np.random.default_rng(9).normal(size=(50, 5))
    margin = said.margin(rows)
    np.testing.assert_allclose(
        rows @ said.weights.T + said.intercept, margin, atol=1e-8 * np.abs(margin).max()
    )
    found = explain(model, cohort)
    assert (found.method, found.settings["complete"]) == ("linear", True)
    np.testing.assert_allclose(found.error, 0, atol=1e-4)


def test_weights_are_the_coefficients_behind_the_scaler() -> None:
    """They are coef / scale, and the intercept less what the means take."""
    model, cohort = fitted(AFFINE["standard"])
    scaler, last = model[0], model[1]
    said = settled(model, cohort)
    assert said.weights is not None
    assert said.intercept is not None
    weights = last.coef_ / scaler.scale_
    np.testing.assert_allclose(said.weights, weights, rtol=1e-8)
    np.testing.assert_allclose(said.intercept, last.intercept_ - weights @ scaler.mean_, rtol=1e-8)


@pytest.mark.parametrize("name", BENT)
def test_a_pipeline_that_bends_has_no_weights(name: str) -> None:
    """Products, splines, clipping, bins, kernels, and curves of a ten-thousandth are told apart."""
    model, cohort = fitted(BENT[name])
    assert settled(model, cohort).weights is None


def test_outputs_of_a_tiny_scale_are_judged_by_their_own_scale() -> None:
    """A square of size 1e-9 is no straight line, and a line of that size is one."""
    small = SCORE * 1e-9
    bent = make_pipeline(PolynomialFeatures(2), LinearRegression()).fit(
        X, small + 1e-10 * X[:, 1] ** 2
    )
    assert settled(bent, SCORES).weights is None
    line = make_pipeline(StandardScaler(), LinearRegression()).fit(X, small)
    assert settled(line, SCORES).weights is not None


def test_a_link_that_bends_the_margin_leaves_no_weights() -> None:
    """With link square the margin is the root of what an affine pipeline says."""
    line = make_pipeline(StandardScaler(), LinearRegression()).fit(X, SCORE + 100)
    assert settled(adapt(line, link="square"), SCORES).weights is None
    assert settled(adapt(line, link="square", gives="margin"), SCORES).weights is not None


def test_gaps_leave_no_weights() -> None:
    """With NaN among the rows an imputer is no affine map."""
    x = X.copy()
    x[3, 0] = np.nan
    cohort = Cohort(x, PEOPLE, list("abcde"), outcome="score", unit="row", missing="keep")
    model = make_pipeline(SimpleImputer(), LinearRegression()).fit(x, SCORE)
    assert settled(model, cohort).weights is None


def test_what_shows_no_coefficients_is_not_asked() -> None:
    """A pipeline that ends in trees is left alone, however straight its answers are."""
    flat = make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=1, max_depth=1))
    assert settled(flat.fit(X, 0 * SCORE), SCORES).weights is None


def test_a_constant_margin_has_weights_of_nothing() -> None:
    """A pipeline that learnt nothing is affine."""
    model = make_pipeline(StandardScaler(), ElasticNet(1e6)).fit(X, SCORE)
    said = settled(model, SCORES)
    assert said.weights is not None
    assert not said.weights.any()


def test_a_step_that_raises_far_out_is_not_affine() -> None:
    """Rows far outside the data that a step refuses are answered with: no weights."""

    def inside(x: Float) -> Float:
        if (np.abs(x) > 1e4).any():
            raise ModelError("out of range")
        return x

    model = make_pipeline(FunctionTransformer(inside), Ridge()).fit(X, SCORE)
    assert settled(model, SCORES).weights is None
