"""Estimators are judged by what they do."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, PoissonRegressor
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC
from sklearn.tree import DecisionTreeClassifier

from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

RNG = np.random.default_rng(0)
ROWS = [f"r{i:02d}" for i in range(60)]
X = pd.DataFrame(RNG.normal(size=(60, 3)), ROWS, ["age", "bmi", "dose"])
SCORE = (X["age"] + RNG.normal(size=60)).to_numpy()
CASE = (SCORE > 0).astype(int)
THREE = np.array(["low", "mid", "top"])[(SCORE > -0.5).astype(int) + (SCORE > 0.5)]
COHORT = Cohort(X, pd.DataFrame({"case": CASE}, index=ROWS), outcome="case")


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        LinearDiscriminantAnalysis(),
        HistGradientBoostingClassifier(max_iter=5),
        make_pipeline(StandardScaler(), LogisticRegression()),
    ],
)
def test_a_decision_function_that_agrees_is_the_margin(model: Any) -> None:
    """Margin is the decision function, response the probability of the second class."""
    said = settled(model.fit(X, CASE), COHORT)
    np.testing.assert_allclose(said.margin(X.to_numpy())[:, 0], model.decision_function(X))
    np.testing.assert_allclose(said.response(X.to_numpy())[:, 0], model.predict_proba(X)[:, 1])
    assert (said.link, said.scale, said.targets) == ("logit", "margin", ("1",))


def test_without_a_decision_function_the_margin_is_the_log_odds() -> None:
    """Naive Bayes gives log p / (1 - p)."""
    model = GaussianNB().fit(X, CASE)
    said = settled(model, COHORT)
    np.testing.assert_allclose(said.margin(X.to_numpy())[:, 0], logit(model.predict_proba(X)[:, 1]))
    assert said.scale == "margin"


def test_a_model_that_is_certain_has_a_probability_only() -> None:
    """Neighbours say exactly 0 or 1: scale probability, and a note says so."""
    said = settled(KNeighborsClassifier(3).fit(X, CASE), COHORT)
    assert (said.scale, said.link) == ("probability", "identity")
    assert "says exactly 0 or 1" in said.notes[0]
    np.testing.assert_array_equal(said.margin(X.to_numpy()), said.response(X.to_numpy()))


@pytest.mark.parametrize("depth", [None, 1])
def test_trees_that_vote_have_a_probability_only(depth: int | None) -> None:
    """Deep or shallow, alone or behind a step: the same scale, unless log odds are declared."""
    for model in (
        RandomForestClassifier(10, max_depth=depth, random_state=0),
        DecisionTreeClassifier(max_depth=depth, random_state=0),
        make_pipeline(StandardScaler(), ExtraTreesClassifier(5, max_depth=depth)),
    ):
        said = settled(model.fit(X, CASE), COHORT)
        assert (said.scale, said.link) == ("probability", "identity")
        assert "averages the votes of trees" in said.notes[0]
        np.testing.assert_array_equal(said.margin(X.to_numpy())[:, 0], model.predict_proba(X)[:, 1])
    shallow = RandomForestClassifier(10, max_depth=1, random_state=0).fit(X, CASE)
    odds = settled(adapt(shallow, link="logit"), COHORT)
    np.testing.assert_allclose(
        odds.margin(X.to_numpy())[:, 0], logit(shallow.predict_proba(X)[:, 1])
    )
    assert (odds.scale, odds.estimator) == ("margin", shallow)


def test_other_averages_are_no_votes_of_trees() -> None:
    """Boosted trees, and trees that each see some columns, keep their log odds."""
    for model in (
        AdaBoostClassifier(DecisionTreeClassifier(max_depth=1), n_estimators=3),
        BaggingClassifier(DecisionTreeClassifier(max_depth=1), 5, max_features=2, random_state=0),
    ):
        assert settled(model.fit(X, CASE), COHORT).scale == "margin"


def test_certainty_met_later_is_an_error_and_probability_can_be_declared() -> None:
    """A margin of infinity is never returned; link identity audits the probability itself."""

    class Model:
        """Certain above 5."""

        classes_ = np.array([0, 1])

        def predict_proba(self, x: Any) -> Any:
            """Half and half, but certain above 5."""
            p = np.where(np.asarray(x)[:, 0] > 5, 1.0, 0.5)
            return np.column_stack([1 - p, p])

    said = settled(Model(), COHORT)
    with pytest.raises(ModelError, match=r"said exactly 0 or 1 in 1 of 2 rows"):
        said.margin(np.array([[9.0, 0, 0], [0.0, 0, 0]]))
    plain = settled(adapt(Model(), link="identity"), COHORT)
    assert (plain.scale, plain.margin(np.array([[9.0, 0, 0]])).item()) == ("probability", 1.0)


def test_several_classes_have_one_margin_each() -> None:
    """The margin of class c is log p_c / (1 - p_c), with and without a decision function."""
    for model in (LogisticRegression(), GaussianNB()):
        said = settled(model.fit(X, THREE), COHORT)
        p = model.predict_proba(X)
        np.testing.assert_allclose(said.margin(X.to_numpy()), logit(p), rtol=1e-6)
        assert (said.targets, said.link) == (("low", "mid", "top"), "softmax")
        assert said.weights is None


def test_weights_are_shown_where_they_reproduce_the_margin() -> None:
    """Bare linear models show weights; a log link shows the linear part."""
    x = X.to_numpy()
    for model, y in (
        (LogisticRegression(), CASE), (LinearRegression(), SCORE),
    ):  # fmt: skip
        said = settled(model.fit(X, y), COHORT)
        assert said.weights is not None
        assert said.intercept is not None
        np.testing.assert_allclose(x @ said.weights.T + said.intercept, said.margin(x), atol=1e-9)
    counts = PoissonRegressor().fit(X, np.exp(SCORE))
    assert settled(counts, COHORT).weights is None
    log = settled(adapt(counts, link="log"), COHORT)
    assert log.weights is not None
    np.testing.assert_allclose(log.response(x)[:, 0], counts.predict(X))


def test_a_regressor_predicts_the_response_unless_told_otherwise() -> None:
    """With link square, predict is the dose, or with gives margin its root."""
    model = LinearRegression().fit(X, 10 + SCORE)
    dose = settled(adapt(model, link="square"), COHORT)
    root = settled(adapt(model, link="square", gives="margin"), COHORT)
    np.testing.assert_allclose(dose.response(X.to_numpy())[:, 0], model.predict(X))
    np.testing.assert_allclose(root.margin(X.to_numpy())[:, 0], model.predict(X))


def test_a_classifier_without_probabilities_keeps_its_decision() -> None:
    """A linear support vector machine is audited on its decision function, and a note says so."""
    said = settled(LinearSVC().fit(X, CASE), COHORT)
    assert (said.link, said.scale) == ("identity", "margin")
    assert "gives no probabilities" in said.notes[0]


def test_the_features_that_a_model_was_trained_on_must_be_the_cohorts() -> None:
    """Missing, extra and reordered columns are told apart; nothing is matched by position."""
    people = COHORT.people
    model = LogisticRegression().fit(X, CASE)
    other = Cohort(X.rename(columns={"bmi": "BMI"}), people, outcome="case")
    with pytest.raises(ModelError, match=r"1 missing \['bmi'\], 1 extra \['BMI'\]"):
        settled(model, other)
    turned = Cohort(X[["bmi", "age", "dose"]], people, outcome="case")
    with pytest.raises(ModelError, match=r"in another order \(column 0 is 'age', here 'bmi'\)"):
        settled(model, turned)


def test_an_estimator_that_is_not_fitted_says_so() -> None:
    """Neither a classifier nor a regressor is audited before it is fitted."""
    for model in (LogisticRegression(), LinearRegression()):
        with pytest.raises(ModelError, match="is not fitted"):
            settled(model, COHORT)


def test_the_width_of_the_input_is_checked() -> None:
    """A model fitted on an array of two columns does not take three."""
    model = LogisticRegression().fit(X.to_numpy()[:, :2], CASE)
    with pytest.raises(ModelError, match=r"takes \(n, 2\), found shape"):
        settled(model, COHORT)
