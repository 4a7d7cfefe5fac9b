"""9,105 seriously ill patients: a clinical model of death in hospital, by race and sex."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.perform import perform
from evenlight.probes.contrasts import contrasts
from evenlight.probes.predict import predict

SIGNS = [
    "age", "num.co", "scoma", "meanbp", "wblc", "hrt", "resp", "temp", "pafi", "alb", "bili",
    "crea", "sod", "ph", "glucose", "bun", "urine", "diabetes", "dementia",
]  # fmt: skip


@pytest.fixture(scope="module", name="hospital")
def _hospital(data: Path) -> tuple[Cohort, Pipeline]:
    """Medians and weights from two thirds of the patients; the others are audited."""
    table = pd.read_csv(data / "support2" / "support2.csv.gz")
    train = np.random.default_rng(0).uniform(size=len(table)) < 2 / 3
    x = table[SIGNS].astype(float)
    x = x.fillna(x[train].median())
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(x[train].to_numpy(), table["hospdead"][train])
    people = table.loc[~train, ["race", "sex", "hospdead"]]
    people.index = pd.Index([f"p{i}" for i in people.index])
    race = Groups.from_labels("race", people["race"], reference="white")
    cohort = Cohort(
        x[~train].to_numpy(), people, SIGNS, outcome="hospdead", unit="row", groups=[race, "sex"]
    )
    return cohort, model


@pytest.fixture(scope="module", name="by_race")
def _by_race(hospital: tuple[Cohort, Pipeline]) -> Comparison:
    cohort, model = hospital
    return compare(explain(model, cohort), cohort, by="race", contrasts=contrasts(model, cohort))


def test_performance_by_race_and_sex_is_that_of_scikit_learn(
    hospital: tuple[Cohort, Pipeline],
) -> None:
    """AUROC of each group that is large enough to be shown, and none of one that is not."""
    cohort, model = hospital
    p = model.predict_proba(cohort.dense())[:, 1]
    for by in ("race", "sex"):
        made, groups = perform(predict(model, cohort), cohort, by=by), cohort.grouping(by)
        shown = made.value[:, made.metric("auroc")]
        for level in groups.levels:
            at, found = groups.members(level), shown[made.parts.index(level)]
            deaths = int(cohort.y[at].sum())
            if min(deaths, at.sum() - deaths) < 11:
                assert np.isnan(found), level
                continue
            near = 0.005 if by == "race" else 1e-9  # told to a step where few of a race died
            assert found == pytest.approx(roc_auc_score(cohort.y[at], p[at]), abs=near), level
    assert roc_auc_score(cohort.y, p) > 0.7


def test_signs_differ_by_race_in_value_not_in_use(by_race: Comparison) -> None:
    """Black and White patients differ in age and other signs; an additive model uses them alike."""
    c, signed = by_race.contrast("black", "white"), by_race.view("signed")
    listed = [s for s, q in zip(by_race.subjects, by_race.q[signed, c], strict=True) if q <= 0.05]
    assert {"age", "alb"} <= set(listed)
    assert set(by_race.mechanism[signed, c]) <= {"value", "none", "unresolved"}
    assert (by_race.verdict[by_race.view("use"), c] == "similar").all()
    total = by_race.effect[signed, c].sum() * by_race.views[signed].unit
    assert by_race.rounded
    assert total == pytest.approx(by_race.gap[c], abs=0.01)


def test_a_race_of_few_patients_is_never_called_similar(
    hospital: tuple[Cohort, Pipeline], by_race: Comparison
) -> None:
    """Where an arm has fewer than 20 patients the word is not given, below 11 nothing is."""
    counts = pd.Series(hospital[0].grouping("race").labels()).value_counts()
    for c, pair in enumerate(by_race.contrasts):
        smallest = min(counts[level] for level in pair)
        words = set(by_race.verdict[:, c].ravel())
        if smallest < 11:
            assert words == {"not_estimable"}
        elif smallest < 20:
            assert "similar" not in words
    assert counts.min() < 40
