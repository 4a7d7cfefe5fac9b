"""Trees: values equal the definition and other libraries."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, combinations
from math import factorial
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import shap
import xgboost
from sklearn.ensemble import (
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.tree import DecisionTreeRegressor

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets, Indicators
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.explain import explain
from evenlight.explainers.forests import read
from evenlight.explainers.trees import interactions
from evenlight.models.probe import settled
from tests.tree_world import (
    BACK,
    CASE,
    CLASSIFIERS,
    KIND,
    KINDS,
    NAMES,
    PEOPLE,
    QUIET,
    REGRESSORS,
    RNG,
    SCORE,
    SCORES,
    X,
    fitted,
)

FEW = np.arange(6)
MODELS = {**CLASSIFIERS, **REGRESSORS}
Margin = Callable[[Float], Float]


def margin_of(model: Any, cohort: Cohort) -> Margin:
    """The margin (n,) of a model with one target."""
    adapted = settled(model, cohort)
    return lambda x: adapted.margin(x)[:, 0]


def worths(margin: Margin, row: Float, back: Float, players: list[list[int]]) -> dict[Any, float]:
    """What each coalition is worth: the mean margin with its players from the row."""
    worth = {}
    every = range(len(players))
    for members in chain.from_iterable(combinations(every, k) for k in range(len(players) + 1)):
        mixed = back.copy()
        for player in members:
            mixed[:, players[player]] = row[players[player]]
        worth[members] = float(margin(mixed).mean())
    return worth


def literal(margin: Margin, row: Float, back: Float, players: list[list[int]]) -> Float:
    """Shapley values by their definition, from every coalition."""
    worth, count = worths(margin, row, back, players), len(players)
    values = np.zeros(count)
    for members, value in worth.items():
        for j in set(range(count)) - set(members):
            share = factorial(len(members)) * factorial(count - len(members) - 1)
            joined = tuple(sorted((*members, j)))
            values[j] += share / factorial(count) * (worth[joined] - value)
    return values


def literal_pairs(margin: Margin, row: Float, back: Float, players: list[list[int]]) -> Float:
    """Half the Shapley interaction index of each pair; on the diagonal what is left."""
    worth, count = worths(margin, row, back, players), len(players)
    pairs = np.zeros((count, count))
    for i, j in combinations(range(count), 2):
        for members, value in worth.items():
            if i in members or j in members:
                continue
            share = factorial(len(members)) * factorial(count - len(members) - 2)
            with_i, with_j = (worth[tuple(sorted((*members, k)))] for k in (i, j))
            with_both = worth[tuple(sorted((*members, i, j)))]
            pairs[i, j] += share / factorial(count - 1) * (with_both - with_i - with_j + value) / 2
    pairs += pairs.T
    values = literal(margin, row, back, players)
    return pairs + np.diag(values - pairs.sum(axis=1))


ALONE = [[j] for j in range(5)]


@pytest.mark.parametrize("name", MODELS)
def test_values_equal_the_definition(name: str) -> None:
    """Every kind of ensemble agrees with all 32 coalitions, and adds up in every row."""
    model, cohort = fitted(name)
    found = explain(model, cohort, method="trees", background=BACK)
    margin = margin_of(model, cohort)
    assert found.method == "trees"
    slow = [literal(margin, row, BACK, ALONE) for row in X[FEW]]
    np.testing.assert_allclose(found.values[FEW], slow, atol=1e-5)
    np.testing.assert_allclose(found.total(), margin(X), atol=1e-5)
    assert found.scale == ("probability" if name in ("tree", "forest", "extra") else "margin")


WEIGHTED = ("xgboost dart", "lightgbm forest")
"""Ensembles whose trees have weights, which shap 0.51 does not read."""

OTHERS = (*WEIGHTED, "xgboost forest", "histogram", "histogram regressor")
"""Those, one that it refuses, and those that it misreads."""


@pytest.mark.parametrize("name", [name for name in MODELS if name not in OTHERS])
def test_values_equal_those_of_shap(name: str) -> None:
    """Shap's TreeExplainer, interventional over the same rows, agrees to 1e-5."""
    model, cohort = fitted(name)
    found = explain(model, cohort, method="trees", background=BACK)
    explainer = shap.TreeExplainer(model, BACK, feature_perturbation="interventional")
    said = np.asarray(explainer.shap_values(X, check_additivity=False))
    np.testing.assert_allclose(found.values, said[..., 1] if said.ndim == 3 else said, atol=1e-5)


@pytest.mark.parametrize("name", WEIGHTED)
def test_weights_of_trees_are_read(name: str) -> None:
    """Shap leaves out the weights of dropped trees, and adds up what is averaged: far off."""
    model, cohort = fitted(name)
    explainer = shap.TreeExplainer(model, BACK, feature_perturbation="interventional")
    theirs = np.asarray(explainer.shap_values(X, check_additivity=False))
    found = explain(model, cohort, method="trees", background=BACK)
    assert np.abs(theirs - found.values).max() > 0.5
    np.testing.assert_allclose(found.error, 0, atol=1e-5)
    with pytest.raises(AttributionError, match="miss completeness"):
        explain(model, cohort, method="shap.tree", background=BACK)


def test_histogram_boosting_is_right_where_float32_falls_into_the_wrong_leaf() -> None:
    """Shap issue 5116: values a hair apart in float64; shap is far off, ours are exact."""
    rng = np.random.default_rng(1)
    x = 1 + 1e-9 * rng.integers(0, 50, size=(300, 3)).astype(float)
    y = 1e9 * (x[:, 0] - 1) + 5 * (x[:, 1] > 1 + 2e-8)
    people = pd.DataFrame({"y": y}, [f"r{i:03d}" for i in range(300)])
    cohort = Cohort(x, people, list("abc"), outcome="y", unit="row")
    model = HistGradientBoostingRegressor(max_iter=30).fit(x, y)
    explainer = shap.TreeExplainer(model, x[:20], feature_perturbation="interventional")
    theirs = np.asarray(explainer.shap_values(x, check_additivity=False))
    moved = model.predict(x) - model.predict(x[:20]).mean()
    assert np.abs(theirs.sum(axis=1) - moved).max() > 1
    found = explain(model, cohort, method="trees", background=x[:20])
    np.testing.assert_allclose(found.error, 0, atol=1e-5)
    slow = [literal(model.predict, row, x[:20], ALONE[:3]) for row in x[:3]]
    np.testing.assert_allclose(found.values[:3], slow, atol=1e-5)
    with pytest.raises(AttributionError, match=r'miss completeness .* say method="trees"'):
        explain(model, cohort, method="shap.tree", background=x[:20])


@pytest.mark.parametrize(
    "name", ["forest", "histogram", "xgboost", "lightgbm", "lightgbm regressor"]
)
def test_missing_values_take_their_own_branch(name: str) -> None:
    """NaN that a model takes as it is goes where the model sends it."""
    x = X.copy()
    x[RNG.random(x.shape) < 0.15] = np.nan
    outcome = "case" if name in CLASSIFIERS else "score"
    cohort = Cohort(x, PEOPLE, NAMES, outcome=outcome, unit="row", missing="keep")
    model = MODELS[name].fit(x, PEOPLE[outcome])
    found = explain(model, cohort, method="trees", background=x[-6:])
    assert found.method == "trees"
    slow = [literal(margin_of(model, cohort), row, x[-6:], ALONE) for row in x[FEW]]
    np.testing.assert_allclose(found.values[FEW], slow, atol=1e-5)


def test_a_model_trained_without_gaps_reads_nan_as_lightgbm_does() -> None:
    """Where lightgbm saw no gap in training it takes NaN for 0."""
    model: Any = lightgbm.LGBMRegressor(**QUIET, verbose=-1).fit(X, SCORE)
    x = X.copy()
    x[::3, 0] = np.nan
    cohort = Cohort(x, PEOPLE, NAMES, outcome="score", unit="row", missing="keep")
    found = explain(model, cohort, method="trees", background=BACK)
    assert found.method == "trees"
    np.testing.assert_allclose(found.total(), model.predict(x), atol=1e-5)


def categorical() -> dict[str, Any]:
    """Models that split the last column, 0 to 3, by category."""
    light = lightgbm.LGBMRegressor(**QUIET, verbose=-1, min_data_per_group=1, cat_smooth=0)
    extreme = xgboost.XGBRegressor(
        **QUIET, feature_types=["q", "q", "q", "q", "c"], enable_categorical=True,
        max_cat_to_onehot=1,
    )  # fmt: skip
    return {
        "lightgbm": light.fit(X, SCORE, categorical_feature=[4]),
        "xgboost": extreme.fit(X, SCORE),
    }


@pytest.mark.parametrize("name", ["lightgbm", "xgboost"])
def test_splits_by_category_are_followed(name: str) -> None:
    """A node that sends categories 0 and 2 one way and 1 and 3 the other is read as such."""
    model = categorical()[name]
    ensemble = read(settled(model, SCORES), 0)
    assert (ensemble.nodes["size"] > 0).any()
    found = explain(model, SCORES, method="trees", background=BACK)
    assert found.method == "trees"
    slow = [literal(margin_of(model, SCORES), row, BACK, ALONE) for row in X[FEW]]
    np.testing.assert_allclose(found.values[FEW], slow, atol=1e-5)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_boosters_themselves_are_explained(library: str) -> None:
    """A native Booster gives the values of its scikit-learn class."""
    model, cohort = fitted(library)
    booster = model.get_booster() if library == "xgboost" else model.booster_
    said = explain(booster, cohort, method="trees", background=BACK)
    assert (said.method, said.scale, said.settings["link"]) == ("trees", "margin", "logit")
    wanted = explain(model, cohort, method="trees", background=BACK)
    np.testing.assert_allclose(said.values, wanted.values, atol=1e-6)


@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_rounds_after_the_best_one_are_left_out(library: str) -> None:
    """After early stopping only the trees that predict uses are explained."""
    if library == "xgboost":
        model = xgboost.XGBRegressor(n_estimators=200, learning_rate=0.8, early_stopping_rounds=2)
        model.fit(X[:80], SCORE[:80], eval_set=[(X[80:], SCORE[80:])], verbose=False)
        assert model.best_iteration + 1 < model.get_booster().num_boosted_rounds()
    else:
        model = lightgbm.LGBMRegressor(n_estimators=200, learning_rate=0.8, verbose=-1)
        stop = lightgbm.early_stopping(2, verbose=False)
        model.fit(X[:80], SCORE[:80], eval_X=X[80:], eval_y=SCORE[80:], callbacks=[stop])
        assert model.best_iteration_ < 200
    found = explain(model, SCORES, method="trees", background=BACK)
    assert found.method == "trees"
    np.testing.assert_allclose(found.total(), model.predict(X), atol=1e-5)


def test_one_of_several_outputs_is_explained() -> None:
    """A class of a forest, and a target of a forest with two, add up to that output."""
    forest = RandomForestClassifier(8, random_state=0).fit(X, KIND.astype(str))
    found = explain(forest, KINDS, method="trees", target="1", background=BACK)
    np.testing.assert_allclose(found.total(), forest.predict_proba(X)[:, 1], atol=1e-6)
    two = RandomForestRegressor(8, random_state=0).fit(X, np.column_stack([SCORE, -3 * SCORE]))
    found = explain(two, SCORES, method="trees", target=1, background=BACK)
    np.testing.assert_allclose(found.total(), two.predict(X)[:, 1], atol=1e-5)
    boosted = xgboost.XGBRegressor(**QUIET).fit(X, np.column_stack([SCORE, -3 * SCORE]))
    found = explain(boosted, SCORES, method="trees", target=1, background=BACK)
    assert found.method == "trees"
    np.testing.assert_allclose(found.total(), boosted.predict(X)[:, 1], atol=1e-5)


def test_sets_and_variables_move_as_one() -> None:
    """Players of several columns agree with coalitions of such players."""
    model, cohort = fitted("histogram")
    sets = FeatureSets.from_lists({"s": ["a", "d"], "t": ["b"], "u": ["c", "e"]}, NAMES)
    found = explain(model, cohort, method="trees", background=BACK, players=sets)
    slow = [literal(margin_of(model, cohort), row, BACK, [[0, 3], [1], [2, 4]]) for row in X[FEW]]
    np.testing.assert_allclose(found.values[FEW], slow, atol=1e-6)
    assert found.features.names == ("s", "t", "u")
    x = np.column_stack([X[:, :3], np.eye(3)[KIND][:, 1:]])
    features = Features(tuple(NAMES), None, (Indicators("kind", {"d": "1", "e": "2"}, "0"),))
    coded = Cohort(x, PEOPLE, features, outcome="score", unit="row")
    found = explain(model.fit(x, CASE), coded, method="trees", background=x[-6:])
    assert found.features.names == ("a", "b", "c", "kind")


@pytest.mark.parametrize("name", ["forest", "histogram", "xgboost regressor"])
def test_interactions_equal_the_definition(name: str) -> None:
    """Tables agree with the index over all coalitions, and their rows add up to the values."""
    model, cohort = fitted(name)
    found = interactions(model, cohort, background=BACK)
    margin = margin_of(model, cohort)
    slow = [literal_pairs(margin, row, BACK, ALONE) for row in X[FEW]]
    np.testing.assert_allclose(found.values[FEW], slow, atol=1e-5)
    np.testing.assert_array_equal(found.values, found.values.transpose(0, 2, 1))
    values = explain(model, cohort, method="trees", background=BACK)
    np.testing.assert_allclose(found.attributions(), values.values, atol=1e-5)
    np.testing.assert_allclose(found.values.sum(axis=(1, 2)) + found.base, margin(X), atol=1e-5)


def test_an_exclusive_or_is_all_interaction() -> None:
    """A tree that asks whether two signs differ: the pair holds everything, by hand."""
    x = np.array([[a, b] for a in (-1.0, 1.0) for b in (-1.0, 1.0)] * 5)
    y = (x[:, 0] != x[:, 1]).astype(float)
    people = pd.DataFrame({"y": y}, [f"r{i:02d}" for i in range(20)])
    cohort = Cohort(x, people, ["a", "b"], outcome="y", unit="row")
    tree = DecisionTreeRegressor(random_state=0).fit(x, y)
    with pytest.warns(EvenlightWarning, match="equals the input in 5 of 20 rows"):
        found = interactions(tree, cohort, background=np.array([[-1.0, -1.0]]))
    assert found.pair("a", "b")[:4].tolist() == [0, 0, 0, -2]
    assert found.values[3].tolist() == [[1, -1], [-1, 1]]
    with pytest.raises(AttributionError, match="'a' was named twice"):
        found.pair("a", "a")
