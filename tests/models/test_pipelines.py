"""Pipelines with names: steps that scale, choose, turn and code columns, before any last step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.ensemble import GradientBoostingClassifier, HistGradientBoostingClassifier
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

RNG = np.random.default_rng(0)
N, NAMES = 120, [f"gene {j}" for j in range(6)]
X = pd.DataFrame(RNG.normal(5, 2, (N, 6)), [f"p{i:03d}" for i in range(N)], NAMES)
CASE = (X["gene 0"] - X["gene 3"] + RNG.normal(size=N) > 0).astype(int)
COHORT = Cohort(X, pd.DataFrame({"case": CASE}), outcome="case", unit="row")

AFFINE = {
    "components": make_pipeline(StandardScaler(), PCA(3), LogisticRegression()),
    "the best": make_pipeline(StandardScaler(), SelectKBest(k=2), LogisticRegression()),
    "columns by name": make_pipeline(
        ColumnTransformer(
            [("z", StandardScaler(), NAMES[:3]), ("as is", "passthrough", ["gene 3"])]
        ),
        LogisticRegression(),
    ),
}
OTHERS = {
    "boosted": make_pipeline(StandardScaler(), GradientBoostingClassifier(n_estimators=5)),
    "boosted components": make_pipeline(PCA(3), HistGradientBoostingClassifier(max_iter=5)),
    "boosted columns by name": make_pipeline(
        ColumnTransformer([("z", StandardScaler(), NAMES[:2])], remainder="passthrough"),
        GradientBoostingClassifier(n_estimators=5),
    ),
}


@pytest.mark.parametrize("kind", AFFINE)
def test_a_linear_pipeline_is_explained_exactly_in_its_own_columns(kind: str) -> None:
    """Weights are those of the columns that go in; a column that a step drops has weight 0."""
    model = AFFINE[kind].fit(X, CASE)
    said = settled(model, COHORT)
    assert said.features == tuple(NAMES)
    assert said.weights is not None
    found = explain(model, COHORT)
    assert found.method == "linear"
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base, model.decision_function(X), atol=1e-5
    )
    if kind == "the best":
        kept = model[1].get_support()
        np.testing.assert_allclose(said.weights[0, ~kept], 0, atol=1e-9)
        assert (np.abs(said.weights[0, kept]) > 0.1).all()


@pytest.mark.parametrize("kind", OTHERS)
def test_a_pipeline_of_trees_is_explained_in_its_own_columns(kind: str) -> None:
    """Behind other steps trees are asked from outside, by name, and it adds up."""
    model: Any = OTHERS[kind].fit(X, CASE)
    few = COHORT.take(np.arange(12))
    found = explain(model, few, background=X.to_numpy()[:10])
    assert (found.method, found.features.names) == ("shapley", tuple(NAMES))
    np.testing.assert_allclose(
        found.values.sum(axis=1) + found.base, model.decision_function(X.iloc[:12]), atol=1e-4
    )


def test_columns_in_another_order_are_never_taken_by_position() -> None:
    """A cohort whose columns are ordered otherwise is an error that names the first of them."""
    model = AFFINE["columns by name"].fit(X, CASE)
    turned = Cohort(X[NAMES[::-1]], pd.DataFrame({"case": CASE}), outcome="case", unit="row")
    with pytest.raises(ModelError, match="in another order"):
        settled(adapt(model), turned)
