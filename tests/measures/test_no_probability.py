"""A response that is no probability of the event is ranked, and never scored as one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression
from sklearn.metrics import roc_auc_score

from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.data.outcome import Survival
from evenlight.data.probed import OUTSIDE_ONLY, RATIO_ONLY, Predictions
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.measures.decide import decide
from evenlight.measures.judging import Judging
from evenlight.measures.perform import perform
from evenlight.measures.perform_along import perform_along
from evenlight.measures.rely import rely
from evenlight.measures.rests import RANKED
from evenlight.probes.predict import predict

CoxPHFitter = pytest.importorskip("lifelines").CoxPHFitter

RNG = np.random.default_rng(0)
X = pd.DataFrame(RNG.normal(size=(300, 2)), columns=["age", "bmi"])
X.index = X.index.map("p{:03d}".format)
TIME = RNG.exponential(np.exp(-X["age"]).to_numpy())
ILL = (X["age"] + RNG.normal(size=300) > 0).astype(int)
PEOPLE = pd.DataFrame(
    {"ill": ILL, "time": TIME, "seen": (TIME < 2).astype(int), "sex": ["f", "m"] * 150},
    index=X.index,
)
PLACE = Axes("place", X[["bmi"]].to_numpy(), names=("PC1",))
COHORT = Cohort(X, PEOPLE, outcome="ill", unit="row", groups=["sex"], axes=[PLACE])


@pytest.fixture(scope="module")
def cox() -> Any:
    """A Cox model of the time to the event."""
    return CoxPHFitter().fit(X.join(PEOPLE[["time", "seen"]]), "time", "seen")


def _judged(said: Predictions) -> tuple[pd.DataFrame, pd.DataFrame]:
    made = perform(said, COHORT, by="sex", judging=Judging(threshold=0.5))
    table = made.to_frame().query("part == 'overall'").set_index("metric")
    assert np.isnan(made.curve_predicted).all() == bool(said.no_chance)
    return table, table.drop(index=[name for name in RANKED if name in table.index])


def test_a_ratio_of_hazards_is_ranked_and_never_scored(cox: Any) -> None:
    """Of a Cox model and a 0/1 outcome AUROC is told; Brier, calibration and rates say why not."""
    said = predict(cox, COHORT)
    assert said.response.max() > 1
    table, rest = _judged(said)
    assert table["value"]["auroc"] == pytest.approx(roc_auc_score(ILL, said.margin))
    assert {"brier", "calibration_slope", "sensitivity"} <= set(rest.index)
    assert rest["value"].isna().all()
    assert set(rest["reason"]) == {RATIO_ONLY}


def test_a_ratio_below_one_in_everybody_is_no_probability_either(cox: Any) -> None:
    """Where all ratios happen to lie below 1, their unit says what they are."""
    said = predict(cox, COHORT)
    low = said.margin - said.margin.max() - 0.1
    small = Predictions(said.rows, low, np.exp(low), said.target, "log", unit=said.unit)
    assert set(_judged(small)[1]["reason"]) == {RATIO_ONLY}


def test_no_decision_is_told_of_a_ratio_of_hazards(cox: Any) -> None:
    """No rates, no curve, and of the summaries those of AUROC alone."""
    made = decide(predict(cox, COHORT), COHORT, by="sex", judging=Judging(threshold=0.5))
    assert made.rates is not None
    assert set(made.rates.reason.ravel()) == {RATIO_ONLY}
    assert len(made.thresholds) == 0
    assert set(made.to_frame()["summary"]) == {"worst_auroc", "auroc_gap", "es_auroc"}


def test_a_line_that_leaves_0_to_1_is_no_probability() -> None:
    """A linear regression on 0 and 1 says 1.3 of some people: it ranks them."""
    said = predict(LinearRegression().fit(X, ILL), COHORT)
    assert said.response.max() > 1
    assert set(_judged(said)[1]["reason"]) == {OUTSIDE_ONLY}


def test_a_probability_under_the_log_link_is_scored() -> None:
    """A log-binomial model whose risks all lie below 1 keeps its Brier score."""
    risk = CoefficientTable("risk", -3.0, {"age": 0.5, "bmi": 0.0}, link="log")
    said = predict(risk, COHORT)
    assert said.response.max() < 1
    table, _ = _judged(said)
    assert table["value"]["brier"] == pytest.approx(((ILL - said.response) ** 2).mean())


def test_a_loss_of_a_ratio_is_refused_with_the_remedy(cox: Any) -> None:
    """Along an axis there is no loss of a ratio, and the message says what to audit instead."""
    with pytest.raises(ModelError, match=r'ratio of hazards.*ev.adapt.*link="logit"'):
        perform_along(predict(cox, COHORT), COHORT, along="place")


def test_support_of_an_event_is_not_judged_by_ratios_of_hazards(cox: Any) -> None:
    """Expecting 5.7 events of a person, no subject is said to lack support: it is unresolved."""
    made = rely(explain(cox, COHORT), COHORT, by="sex").to_frame()
    assert set(made["support"].dropna()) <= {"unresolved", ""}


def test_survival_is_judged_as_ever(cox: Any) -> None:
    """Of a time to the event the concordance is told, as a ratio is what it needs."""
    people = Cohort(X, PEOPLE, outcome=Survival("time", "seen"), unit="row", groups=["sex"])
    made = perform(predict(cox, people), people, by="sex")
    assert np.isfinite(made.value).all()
