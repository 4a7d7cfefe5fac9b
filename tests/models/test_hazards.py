"""Cox models: log hazard as margin, exact explanation, and what is no hazard told as such."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.measures.perform import perform
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled
from evenlight.probes.predict import predict

linear = pytest.importorskip("sksurv.linear_model")
ensemble = pytest.importorskip("sksurv.ensemble")
lifelines = pytest.importorskip("lifelines")

N = 200
NAMES = ["age", "stage", "marker", "noise"]
RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(2, 1, (N, 4)), [f"p{i:03d}" for i in range(N)], NAMES)
TIME = RNG.exponential(np.exp(-X["age"].to_numpy()))
EVENT = RNG.random(N) < 0.8
Y = np.array(list(zip(EVENT, TIME, strict=True)), dtype=[("event", bool), ("time", float)])
PEOPLE = pd.DataFrame(
    {"time": TIME, "event": EVENT.astype(int), "sex": RNG.choice(["f", "m"], N)}, index=X.index
)
COHORT = Cohort(X, PEOPLE, outcome=Survival("time", "event"), groups=["sex"], unit="row")
FRAME = X.assign(time=TIME, event=EVENT)


@pytest.mark.parametrize(
    "model",
    [
        linear.CoxPHSurvivalAnalysis(alpha=0.1),
        linear.CoxnetSurvivalAnalysis(fit_baseline_model=True),
        linear.CoxnetSurvivalAnalysis(),
        make_pipeline(StandardScaler(), linear.CoxnetSurvivalAnalysis()),
        GridSearchCV(linear.CoxPHSurvivalAnalysis(), {"alpha": [0.1, 1.0]}, cv=3),
    ],
    ids=["cox", "net", "net without baseline", "pipeline", "search"],
)
def test_a_cox_model_is_linear_in_the_log_hazard(model: Any) -> None:
    """Margin is predict, response its exponential; weights say it and explain it exactly."""
    model.fit(X, Y)
    said = settled(model, COHORT)
    risk = model.predict(X)
    assert (said.link, said.targets, said.score_only) == ("log", ("hazard",), False)
    np.testing.assert_allclose(said.margin(X.to_numpy())[:, 0], risk)
    np.testing.assert_allclose(said.response(X.to_numpy())[:, 0], np.exp(risk))
    found = explain(model, COHORT)
    assert found.method == "linear"
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, risk, atol=1e-5)


def test_the_last_of_a_path_of_penalties_answers() -> None:
    """Weights are those of the smallest penalty, and a note says which."""
    model = linear.CoxnetSurvivalAnalysis().fit(X, Y)
    said = settled(model, COHORT)
    assert said.weights is not None
    np.testing.assert_array_equal(said.weights[0], model.coef_[:, -1])
    assert "a path of" in said.notes[0]
    assert f"{model.alphas_[-1]:.3g}" in said.notes[0]


def test_a_hazard_ratio_is_the_ratio_of_cumulative_hazards() -> None:
    """Of two people, at every time, as scikit-survival's own curves have it."""
    model = linear.CoxPHSurvivalAnalysis().fit(X, Y)
    two = X.to_numpy()[:2]
    curves = model.predict_cumulative_hazard_function(X.iloc[:2], return_array=True)
    ratio = adapt(model).response(two)
    np.testing.assert_allclose(curves[0] / curves[1], float(ratio[0, 0] / ratio[1, 0]))


def test_boosted_hazards_are_log_hazards_and_forests_only_rank() -> None:
    """What predict is, is seen in the curves: gradient boosting is proportional, a forest not."""
    boosted = ensemble.GradientBoostingSurvivalAnalysis(n_estimators=5, random_state=0).fit(X, Y)
    forest = ensemble.RandomSurvivalForest(5, random_state=0).fit(X, Y)
    assert settled(boosted, COHORT).link == "log"
    said = settled(forest, COHORT)
    assert (said.link, said.score_only, said.targets) == ("identity", True, ("risk",))
    assert "no model of proportional hazards" in said.notes[0]
    np.testing.assert_allclose(said.margin(X.to_numpy())[:, 0], forest.predict(X))
    assert explain(forest, COHORT.take(np.arange(30)), budget=200).method == "shapley"


def test_predicted_times_are_refused_as_risk() -> None:
    """A model whose predict is higher for a later event says so, with the remedy."""
    model = linear.IPCRidge().fit(X, Y)
    with pytest.raises(ModelError, match=r"predicts times.*lambda x: -model"):
        settled(model, COHORT)
    plain = Cohort(X, PEOPLE, groups=["sex"], unit="row")
    assert settled(model, plain).margin(X.to_numpy()).shape == (N, 1)


def test_the_cox_model_of_lifelines_is_centred_as_lifelines_does() -> None:
    """Weights are params_, and the margin of the mean person is 0."""
    model = lifelines.CoxPHFitter(penalizer=0.1).fit(FRAME, "time", "event")
    said = settled(model, COHORT)
    assert (said.link, said.features) == ("log", tuple(NAMES))
    assert said.weights is not None
    np.testing.assert_allclose(said.weights[0], model.params_)
    np.testing.assert_allclose(said.margin(X.to_numpy().mean(axis=0)[None]), 0, atol=1e-12)
    found = explain(model, COHORT)
    assert found.method == "linear"
    slow = (X - X.mean()) @ model.params_
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, slow, atol=1e-5)


def test_a_formula_with_a_product_is_no_linear_model_of_its_columns() -> None:
    """Its margin is lifelines' own, and it is explained by what it does."""
    model = lifelines.CoxPHFitter().fit(FRAME, "time", "event", formula="age + stage * marker")
    said = settled(model, COHORT)
    assert said.weights is None
    np.testing.assert_allclose(
        said.margin(X.to_numpy())[:, 0], model.predict_log_partial_hazard(X), atol=1e-9
    )


def test_strata_of_the_baseline_are_told() -> None:
    """Log hazards of two strata are not comparable, and a note says so."""
    frame = FRAME.assign(site=np.where(X["noise"] > 2, "a", "b"))
    model = lifelines.CoxPHFitter().fit(frame, "time", "event", strata=["site"])
    assert "baseline hazard for each stratum of site" in settled(model, COHORT).notes[0]


def test_the_margin_is_the_risk_of_the_concordance() -> None:
    """Harrell's concordance of the adapted model is that of scikit-survival."""
    metrics = pytest.importorskip("sksurv.metrics")
    model = linear.CoxPHSurvivalAnalysis().fit(X, Y)
    made = perform(predict(model, COHORT), COHORT, by="sex")
    wanted = metrics.concordance_index_censored(EVENT, TIME, model.predict(X))[0]
    at = made.parts.index("overall"), made.metric("concordance")
    assert made.value[at] == pytest.approx(wanted, abs=1e-9)


def test_options_that_do_not_suit_a_hazard_are_refused() -> None:
    """A link logit, a response in place of a margin, other columns, and no fit at all."""
    model = linear.CoxPHSurvivalAnalysis().fit(X, Y)
    with pytest.raises(ModelError, match="leave gives= and link= out"):
        adapt(model, link="logit")
    with pytest.raises(ModelError, match="leave gives= and link= out"):
        adapt(model, gives="response")
    with pytest.raises(ModelError, match="takes \\(n, 4\\)"):
        adapt(model).margin(X.to_numpy()[:, :2])
    with pytest.raises(ModelError, match="is not fitted"):
        adapt(linear.CoxPHSurvivalAnalysis()).margin(X.to_numpy())
    with pytest.raises(ModelError, match="pass a torch module, a fitted estimator"):
        adapt(lifelines.CoxPHFitter())  # before fit it has none of its methods
