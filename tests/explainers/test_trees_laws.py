"""Trees: laws, limits, and models that do not suit."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from sklearn.ensemble import (
    AdaBoostClassifier,
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

from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers import descent
from evenlight.explainers.ensembles import shares
from evenlight.explainers.explain import explain
from evenlight.explainers.forests import read, unsuited
from evenlight.explainers.trees import interactions
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled
from tests.tree_world import (
    BACK,
    CASE,
    CASES,
    KIND,
    KINDS,
    QUIET,
    REGRESSORS,
    SCORE,
    SCORES,
    N,
    X,
    fitted,
)


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
