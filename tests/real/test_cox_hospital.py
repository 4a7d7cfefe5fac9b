"""9,105 seriously ill patients: a penalised Cox model of death, by race and sex."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.perform import perform
from evenlight.measures.testing import Testing
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled
from evenlight.probes.predict import predict

linear = pytest.importorskip("sksurv.linear_model")
metrics = pytest.importorskip("sksurv.metrics")
lifelines = pytest.importorskip("lifelines")

SIGNS = [
    "age", "num.co", "scoma", "meanbp", "wblc", "hrt", "resp", "temp", "pafi", "alb", "bili",
    "crea", "sod", "ph", "diabetes", "dementia",
]  # fmt: skip

Hospital = tuple[Cohort, Any, Attributions]


@pytest.fixture(scope="module", name="hospital")
def _hospital(data: Path) -> Hospital:
    """Medians and weights from two thirds of the patients; the others are audited."""
    table = pd.read_csv(data / "support2" / "support2.csv.gz")
    train = np.random.default_rng(0).uniform(size=len(table)) < 2 / 3
    x = table[SIGNS].astype(float)
    x = x.fillna(x[train].median())
    y = np.array(
        list(zip(table["death"] == 1, table["d.time"], strict=True)),
        dtype=[("event", bool), ("time", float)],
    )
    model = make_pipeline(
        StandardScaler(), linear.CoxnetSurvivalAnalysis(alphas=[0.02], l1_ratio=0.9)
    )
    model.fit(x[train], y[train])
    people = table.loc[~train, ["race", "sex", "death", "d.time"]]
    people.index = pd.Index([f"p{i}" for i in people.index])
    race = Groups.from_labels("race", people["race"], reference="white", missing=["nan"])
    cohort = Cohort(
        x[~train].to_numpy(), people, SIGNS, outcome=Survival("d.time", "death"), unit="row",
        groups=[race, "sex"],
    )  # fmt: skip
    return cohort, model, explain(model, cohort)


def test_the_log_hazard_is_explained_exactly_in_units_of_the_signs(hospital: Hospital) -> None:
    """Behind a scaler and a penalty it stays linear: weights are coefficient over scale."""
    cohort, model, made = hospital
    said = settled(model, cohort)
    assert (said.link, made.method) == ("log", "linear")
    wanted = model[1].coef_[:, -1] / model[0].scale_
    assert said.weights is not None
    np.testing.assert_allclose(said.weights[0], wanted, atol=1e-9)
    assert 3 < (np.abs(wanted) > 1e-9).sum() < len(SIGNS)  # the penalty leaves some signs out
    x = pd.DataFrame(cohort.dense(), columns=SIGNS)
    np.testing.assert_allclose(made.values.sum(axis=1) + made.base, model.predict(x), atol=1e-4)


def test_concordance_by_sex_and_race_is_that_of_scikit_survival(hospital: Hospital) -> None:
    """Harrell's concordance of each group that is large enough to be shown, and overall."""
    cohort, model, _ = hospital
    risk = adapt(model).margin(cohort.dense())[:, 0]
    event, time = cohort.people["death"].to_numpy() == 1, cohort.people["d.time"].to_numpy()
    for by in ("race", "sex"):
        made, groups = perform(predict(model, cohort), cohort, by=by), cohort.grouping(by)
        shown = made.value[:, made.metric("concordance")]
        for level in groups.levels:
            at, found = groups.members(level), shown[made.parts.index(level)]
            if min(event[at].sum(), (~event[at]).sum()) < 30:
                continue
            wanted = metrics.concordance_index_censored(event[at], time[at], risk[at])[0]
            assert found == pytest.approx(wanted, abs=1e-3), level
    assert 0.6 < metrics.concordance_index_censored(event, time, risk)[0] < 0.75


def test_race_differs_in_signs_and_not_in_their_use(hospital: Hospital) -> None:
    """Black and White patients differ in age; an additive hazard uses each sign alike."""
    cohort, _, attributions = hospital
    made = compare(attributions, cohort, by="race", testing=Testing(draws=1000, own_value=False))
    c, signed = made.contrast("black", "white"), made.view("signed")
    assert made.verdict[signed, c][made.subjects.index("age")] == "different"
    total = made.effect[signed, c].sum() * made.views[signed].unit
    assert total == pytest.approx(made.gap[c], abs=0.01 if made.rounded else 1e-6)


def test_the_same_cox_model_of_two_libraries_is_the_same_model(hospital: Hospital) -> None:
    """Weights and attributions agree, although each centres its log hazard in its own way."""
    cohort, _, _ = hospital
    frame = pd.DataFrame(cohort.dense(), columns=SIGNS).assign(
        time=cohort.people["d.time"].to_numpy(), event=cohort.people["death"].to_numpy()
    )
    y = np.array(
        list(zip(frame["event"] == 1, frame["time"], strict=True)),
        dtype=[("event", bool), ("time", float)],
    )
    one = lifelines.CoxPHFitter().fit(frame, "time", "event")
    other = linear.CoxPHSurvivalAnalysis(ties="efron").fit(frame[SIGNS], y)
    first, second = explain(one, cohort), explain(other, cohort)
    np.testing.assert_allclose(first.values, second.values, atol=2e-3)
    np.testing.assert_allclose(first.output - first.base, second.output - second.base, atol=5e-3)
