"""Margins of boosters come from the library itself; Boosters themselves are models, too."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
import pandas as pd
import pytest
import xgboost
from scipy.special import expit, logit

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare, settled

RNG = np.random.default_rng(0)
ROWS = [f"r{i:02d}" for i in range(80)]
X = pd.DataFrame(RNG.normal(size=(80, 3)), ROWS, ["age", "bmi", "dose"])
SCORE = (2 * X["age"] + RNG.normal(size=80)).to_numpy()
CASE = (SCORE > 0).astype(int)
COUNT = np.floor(np.exp(SCORE / 2)) + 1
KIND = np.digitize(SCORE, [-1, 1])
PEOPLE = pd.DataFrame({"case": CASE, "count": COUNT, "kind": KIND.astype(str)}, ROWS)
COHORT = Cohort(X, PEOPLE, outcome="case", unit="row")
KINDS = Cohort(X, PEOPLE, outcome="kind", unit="row")
COUNTS = Cohort(X, PEOPLE, outcome="count", unit="row")
x = X.to_numpy()

CLASSIFIERS: dict[str, Any] = {
    "xgboost": xgboost.XGBClassifier(n_estimators=8, n_jobs=1),
    "lightgbm": lightgbm.LGBMClassifier(n_estimators=8, n_jobs=1, verbose=-1),
}


def raw(model: Any, rows: Any) -> Any:
    """The sum of trees, as each library calls it."""
    if isinstance(model, xgboost.XGBModel):
        return model.predict(rows, output_margin=True)
    return model.predict(rows, raw_score=True)


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_the_margin_is_the_sum_of_trees(name: str) -> None:
    """Bit by bit what the library says, and not the log odds of a rounded probability."""
    model = CLASSIFIERS[name].fit(X, CASE)
    said = settled(model, COHORT)
    np.testing.assert_array_equal(said.margin(x)[:, 0], raw(model, X))
    np.testing.assert_allclose(said.response(x)[:, 0], model.predict_proba(X)[:, 1], atol=1e-6)
    assert (said.link, said.scale, said.targets) == ("logit", "margin", ("1",))
    assert said.features == ("age", "bmi", "dose")
    assert said.estimator is model


def test_a_margin_is_exact_where_single_precision_probabilities_are_not() -> None:
    """Near certainty log p / (1 - p) of a float32 is off by tenths; the margin is not."""
    model = xgboost.XGBClassifier(learning_rate=1, reg_lambda=0, min_child_weight=0)
    model.fit(X, (X["age"] > 0).astype(int))
    said = settled(model, COHORT)
    with np.errstate(divide="ignore"):
        rounded = logit(model.predict_proba(X)[:, 1].astype(np.float64))
    assert np.abs(rounded - raw(model, X)).max() > 0.01
    np.testing.assert_array_equal(said.margin(x)[:, 0], raw(model, X))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_of_several_classes_each_has_its_log_odds(name: str) -> None:
    """The margin of a class is log p / (1 - p), from the library's logits."""
    model = CLASSIFIERS[name].fit(X, KIND)
    said = settled(model, KINDS)
    np.testing.assert_allclose(said.margin(x), logit(model.predict_proba(X)), rtol=1e-3)
    assert (said.link, said.targets) == ("softmax", ("0", "1", "2"))


@pytest.mark.parametrize(
    "model",
    [
        xgboost.XGBRegressor(n_estimators=8, objective="count:poisson"),
        lightgbm.LGBMRegressor(n_estimators=8, objective="poisson", verbose=-1),
    ],
)
def test_a_declared_log_link_leads_to_the_sum_of_trees(model: Any) -> None:
    """With link log the margin is what the library adds up; with identity what it predicts."""
    model.fit(X, COUNT)
    said = settled(adapt(model, link="log"), COUNTS)
    np.testing.assert_array_equal(said.margin(x)[:, 0], raw(model, X))
    np.testing.assert_allclose(said.response(x)[:, 0], model.predict(X), rtol=1e-5)
    plain = settled(model, COUNTS)
    np.testing.assert_array_equal(plain.margin(x)[:, 0], model.predict(X))


def boosters() -> dict[str, Any]:
    """Boosters trained by each library's own function."""
    made: dict[str, Any] = {}
    for name, objective, y in (
        ("binary", {"xgboost": "binary:logistic", "lightgbm": "binary"}, CASE),
        ("count", {"xgboost": "count:poisson", "lightgbm": "poisson"}, COUNT),
        ("plain", {"xgboost": "reg:squarederror", "lightgbm": "regression"}, SCORE),
    ):
        made[f"xgboost {name}"] = xgboost.train(
            {"objective": objective["xgboost"]}, xgboost.DMatrix(X, y), 6
        )
        made[f"lightgbm {name}"] = lightgbm.train(
            {"objective": objective["lightgbm"], "verbose": -1}, lightgbm.Dataset(X, y), 6
        )
    return made


@pytest.mark.parametrize(
    ("name", "link"), [("binary", "logit"), ("count", "log"), ("plain", "identity")]
)
@pytest.mark.parametrize("library", ["xgboost", "lightgbm"])
def test_a_booster_shows_its_link(library: str, name: str, link: str) -> None:
    """Margin and response are the library's, and the link that leads from one to the other."""
    model = boosters()[f"{library} {name}"]
    said = settled(model, COHORT)
    assert (said.link, said.scale, said.features) == (link, "margin", ("age", "bmi", "dose"))
    data = xgboost.DMatrix(X) if library == "xgboost" else X
    np.testing.assert_allclose(said.response(x)[:, 0], model.predict(data), rtol=1e-5, atol=1e-6)
    assert prepare(model, COHORT).target == "output"


def test_a_booster_of_several_classes_has_log_odds() -> None:
    """The margin of class c is log p_c / (1 - p_c)."""
    booster = xgboost.train(
        {"objective": "multi:softprob", "num_class": 3}, xgboost.DMatrix(X, KIND), 6
    )
    said = settled(booster, KINDS)
    np.testing.assert_allclose(
        expit(said.margin(x)), booster.predict(xgboost.DMatrix(X)), atol=1e-5
    )
    assert (said.link, said.targets) == ("softmax", ("0", "1", "2"))


def test_a_booster_that_is_misdescribed_is_refused() -> None:
    """Another link, a link that is none of ours, and another width are named."""
    binary = boosters()["xgboost binary"]
    with pytest.raises(ModelError, match="Booster has link 'logit' of its own; leave link= out"):
        settled(adapt(binary, link="log"), COHORT)
    hinge = xgboost.train({"objective": "binary:hinge"}, xgboost.DMatrix(X, CASE), 3)
    with pytest.raises(ModelError, match="none of identity, logit, log leads from its margin"):
        settled(hinge, COHORT)
    unnamed = xgboost.train({}, xgboost.DMatrix(x[:, :2], CASE), 3)
    with pytest.raises(ModelError, match=r"Booster takes \(n, 2\), found shape"):
        settled(unnamed, COHORT)


def test_names_that_a_library_made_up_are_no_features() -> None:
    """A lightgbm Booster trained on an array calls its columns Column_0 and so on."""
    made = lightgbm.train({"objective": "binary", "verbose": -1}, lightgbm.Dataset(x, CASE), 3)
    assert settled(made, COHORT).features is None


def test_spaces_that_lightgbm_writes_over_can_be_declared() -> None:
    """It knows "age at entry" as age_at_entry: the declared name is taken, another one is not."""
    named = X.rename(columns={"age": "age at entry"})
    cohort = Cohort(named, PEOPLE, outcome="case", unit="row")
    model = lightgbm.LGBMClassifier(n_estimators=3, verbose=-1).fit(named, CASE)
    with pytest.raises(ModelError, match=r"1 missing \['age_at_entry'\], 1 extra"):
        settled(model, cohort)
    said = settled(adapt(model, features=["age at entry", "bmi", "dose"]), cohort)
    np.testing.assert_array_equal(said.margin(x)[:, 0], raw(model, named))
    with pytest.raises(ModelError, match="was trained on other features"):
        settled(adapt(model, features=["bmi", "age at entry", "dose"]), cohort)
