"""Trees: against the definition over all coalitions, shap, laws, and models that must not pass."""

from __future__ import annotations

import re
import subprocess
import sys
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
    AdaBoostClassifier,
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets, Indicators
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers import descent
from evenlight.explainers.ensembles import shares
from evenlight.explainers.explain import explain
from evenlight.explainers.forests import read, unsuited
from evenlight.explainers.trees import interactions
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

RNG = np.random.default_rng(0)
N = 160
X = RNG.normal(size=(N, 5))
X[:, 4] = RNG.integers(0, 4, N)
SCORE = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + (X[:, 4] == 2) + 0.3 * RNG.normal(size=N)
CASE = (SCORE > 0.3).astype(int)
KIND = np.digitize(SCORE, [-0.3, 0.6])
PEOPLE = pd.DataFrame(
    {"case": CASE, "score": SCORE, "kind": KIND.astype(str)}, [f"r{i:03d}" for i in range(N)]
)
NAMES = list("abcde")
CASES = Cohort(X, PEOPLE, NAMES, outcome="case", unit="row")
SCORES = Cohort(X, PEOPLE, NAMES, outcome="score", unit="row")
KINDS = Cohort(X, PEOPLE, NAMES, outcome="kind", unit="row")
BACK = (X[10:16] + X[20:26]) / 2  # inside the data, equal to no row
BACK[:, 4] = X[10:16, 4]
FEW = np.arange(6)

QUIET: Any = {"n_estimators": 12, "n_jobs": 1}
CLASSIFIERS: dict[str, Any] = {
    "tree": DecisionTreeClassifier(random_state=0),
    "forest": RandomForestClassifier(8, random_state=0),
    "extra": ExtraTreesClassifier(8, random_state=0),
    "gradient": GradientBoostingClassifier(n_estimators=12),
    "histogram": HistGradientBoostingClassifier(max_iter=12),
    "xgboost": xgboost.XGBClassifier(**QUIET),
    "xgboost dart": xgboost.XGBClassifier(**QUIET, booster="dart", rate_drop=0.4),
    "xgboost forest": xgboost.XGBRFClassifier(**QUIET),
    "lightgbm": lightgbm.LGBMClassifier(**QUIET, verbose=-1),
    "lightgbm forest": lightgbm.LGBMClassifier(
        **QUIET, verbose=-1, boosting_type="rf", bagging_freq=1, bagging_fraction=0.6
    ),
}
REGRESSORS: dict[str, Any] = {
    "tree regressor": DecisionTreeRegressor(random_state=0),
    "forest regressor": RandomForestRegressor(8, random_state=0),
    "extra regressor": ExtraTreesRegressor(8, random_state=0),
    "gradient regressor": GradientBoostingRegressor(n_estimators=12),
    "histogram regressor": HistGradientBoostingRegressor(max_iter=12),
    "xgboost regressor": xgboost.XGBRegressor(**QUIET),
    "lightgbm regressor": lightgbm.LGBMRegressor(**QUIET, verbose=-1),
}
MODELS = {**CLASSIFIERS, **REGRESSORS}

Margin = Callable[[Float], Float]


def fitted(name: str) -> tuple[Any, Cohort]:
    """One of the models, fitted, and its cohort."""
    if name in CLASSIFIERS:
        return CLASSIFIERS[name].fit(X, CASE), CASES
    return REGRESSORS[name].fit(X, SCORE), SCORES


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


def test_tables_that_would_not_fit_are_refused() -> None:
    """More than 4 GiB of interactions are not begun."""
    x = np.random.default_rng(0).normal(size=(200, 2500))
    people = pd.DataFrame({"y": x[:, 0]}, [f"r{i:03d}" for i in range(200)])
    tree = DecisionTreeRegressor(max_depth=2).fit(x, x[:, 0])
    with pytest.raises(AttributionError, match="2500 features in 200 rows take 5 GiB"):
        interactions(tree, Cohort(x, people, outcome="y", unit="row"))


def test_neither_threads_nor_other_rows_change_a_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    """One thread or three, blocks of 7 rows, rows shuffled or alone: the same bytes."""
    model, cohort = fitted("forest")
    first = explain(model, cohort, method="trees", background=BACK, threads=1)
    monkeypatch.setattr("evenlight.explainers.trees.BLOCK", 5 * 7)
    for threads in (1, 3):
        again = explain(model, cohort, method="trees", background=BACK, threads=threads)
        np.testing.assert_array_equal(again.values, first.values)
    mixed = np.random.default_rng(1).permutation(50)
    some = explain(model, cohort.take(mixed), method="trees", background=BACK)
    np.testing.assert_array_equal(some.values, first.values[mixed])


def test_laws_hold() -> None:
    """Dummy: a column no tree asks about gets 0. Linearity: a forest has the mean of its trees."""
    blind = X.copy()
    blind[:, 3] = 0
    forest = RandomForestRegressor(4, random_state=0).fit(blind, SCORE)
    found = explain(forest, SCORES, method="trees", background=BACK)
    assert not found.values[:, 3].any()
    single = [explain(t, SCORES, method="trees", background=BACK) for t in forest.estimators_]
    mean = np.mean([one.values for one in single], axis=0)
    np.testing.assert_allclose(found.values, mean, atol=1e-6)


@pytest.mark.parametrize(
    ("model", "cohort", "reason"),
    [
        (
            adapt(
                RandomForestClassifier(8, max_depth=2, random_state=0).fit(X, CASE), link="logit"
            ),
            CASES,
            "the margin of RandomForestClassifier is no sum of its trees",
        ),
        (
            xgboost.XGBRegressor(**QUIET, objective="count:poisson").fit(X, np.exp(SCORE)),
            SCORES,
            "the margin of XGBRegressor is no sum of its trees",
        ),
        (
            lightgbm.LGBMRegressor(**QUIET, verbose=-1, linear_tree=True).fit(X, SCORE),
            SCORES,
            "the margin of LGBMRegressor is no sum of its trees",
        ),
        (
            xgboost.XGBRegressor(**QUIET, booster="gblinear").fit(X, SCORE),
            SCORES,
            "cannot be read: it is a linear booster without trees",
        ),
        (
            xgboost.XGBRegressor(**QUIET, missing=2.0).fit(X, SCORE),
            SCORES,
            r"cannot be read: it reads the value 2.0 as missing",
        ),
        (
            lightgbm.LGBMRegressor(**QUIET, verbose=-1, zero_as_missing=True).fit(X, SCORE),
            SCORES,
            "cannot be read: it reads the value 0 as missing",
        ),
        (
            HistGradientBoostingRegressor(categorical_features=[4]).fit(X, SCORE),
            SCORES,
            "cannot be read: it codes categories of its own",
        ),
        (
            AdaBoostClassifier(DecisionTreeClassifier(max_depth=2), n_estimators=5).fit(X, CASE),
            CASES,
            "is no sum of its trees",
        ),
    ],
    ids=["log odds", "poisson", "linear leaves", "gblinear", "missing", "zero", "coded", "ada"],
)
def test_trees_that_do_not_add_up_are_walked_and_the_reason_is_kept(
    model: Any, cohort: Cohort, reason: str
) -> None:
    """Walks take the place of trees, complete in every row, and the settings say why."""
    found = explain(model, cohort.take(np.arange(40)), method="trees", background=BACK)
    assert (found.method, found.settings["asked"]) == ("shapley", "trees")
    assert re.search(reason, found.settings["reason"])
    assert found.converged.all()


@pytest.mark.parametrize(
    ("model", "cohort", "why"),
    [
        (LogisticRegression().fit(X, CASE), CASES, "is no ensemble of trees"),
        (lambda x: x[:, 0], SCORES, "is no ensemble of trees"),
        (
            make_pipeline(StandardScaler(), RandomForestClassifier(3)).fit(X, CASE),
            CASES,
            "the trees of Pipeline see the features only after StandardScaler",
        ),
        (
            HistGradientBoostingClassifier(max_iter=3).fit(X, KIND.astype(str)),
            KINDS,
            "has several classes, and the log odds of one of them are no sum of trees",
        ),
    ],
    ids=["linear", "function", "pipeline", "classes"],
)
def test_models_that_do_not_suit_say_why(model: Any, cohort: Cohort, why: str) -> None:
    """The reason is known without any computing, and asking for trees is an error with it."""
    assert why in unsuited(settled(model, cohort))
    target = "1" if cohort is KINDS else None
    with pytest.raises(ModelError, match=why + '; say method="shapley"'):
        explain(model, cohort, method="trees", target=target)


def test_a_pipeline_that_passes_everything_through_suits() -> None:
    """A pipeline of a forest alone is explained as the forest."""
    model = make_pipeline("passthrough", RandomForestClassifier(8, random_state=0)).fit(X, CASE)
    assert unsuited(settled(model, CASES)) == ""
    found = explain(model, CASES, method="trees", background=BACK)
    wanted = explain(model[-1], CASES, method="trees", background=BACK)
    np.testing.assert_array_equal(found.values, wanted.values)
    assert found.scale == "probability"


def test_paths_of_more_players_than_bits_are_walked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tree whose paths may meet too many features is not read wrongly."""
    monkeypatch.setattr(descent, "MOST", 4)
    model, cohort = fitted("tree regressor")
    found = explain(model, cohort.take(np.arange(30)), method="trees", background=BACK)
    assert found.settings["reason"] == "a path may meet more than 4 features"


def test_whether_trees_suit_is_asked_without_any_library() -> None:
    """The readers load neither numba nor shap, scikit-learn, xgboost, lightgbm or torch."""
    code = (
        "import sys, evenlight.explainers.forests\n"
        "heavy = {'numba', 'shap', 'sklearn', 'xgboost', 'lightgbm', 'torch'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_code_is_compiled_also_where_nothing_may_be_written() -> None:
    """A function that numba has no folder for is compiled for this process alone."""
    space: dict[str, Any] = {}
    exec("def twice(x):\n    return 2 * x", space)
    assert descent.compiled(space["twice"])(21) == 42


@pytest.mark.parametrize("name", REGRESSORS)
def test_trees_that_learnt_nothing_give_nothing(name: str) -> None:
    """Trees of one leaf each have no features to ask about."""
    model = REGRESSORS[name].fit(X, np.full(N, 2.5))
    found = explain(model, SCORES, method="trees", background=BACK)
    assert (found.method, found.settings["depth"]) == ("trees", 0)
    assert not found.values.any()
    np.testing.assert_allclose(found.base, 2.5, atol=1e-6)


def test_few_columns_of_many_are_held() -> None:
    """With 3,000 columns a share of the trees holds those that it asks about, and no more."""
    x = np.random.default_rng(0).normal(size=(60, 3000))
    people = pd.DataFrame({"y": x[:, 7]}, [f"r{i:02d}" for i in range(60)])
    model = GradientBoostingRegressor(n_estimators=20, max_depth=2).fit(x, x[:, 7] * x[:, 8])
    ensemble = read(settled(model, Cohort(x, people, outcome="y", unit="row")), 0)
    parts = shares(ensemble, np.arange(3000), 5)
    assert [len(part.ensemble.roots) for part in parts] == [4, 4, 4, 4, 4]
    assert max(len(part.columns) for part in parts) <= 4 * 3
    values = np.zeros((60, 3000))
    for part in parts:
        values[:, part.players] += descent.shapley(part, x, x[:9])
    np.testing.assert_allclose(
        values.sum(axis=1), model.predict(x) - model.predict(x[:9]).mean(), atol=1e-9
    )
