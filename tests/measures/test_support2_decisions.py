"""Decisions of a clinical risk model on support2: death in hospital, by sex and race."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.special import logit
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.probed import Predictions
from evenlight.data.training import TrainingSummary
from evenlight.measures.decide import decide
from evenlight.measures.match import match
from evenlight.measures.perform import Judging, perform
from evenlight.measures.perform_along import perform_along

COLUMNS = ["age", "meanbp", "hrt", "resp", "temp", "crea", "sod", "scoma", "wblc", "num.co"]
JUDGING = Judging(threshold=0.3)


@pytest.fixture(scope="module")
def half(data: Path) -> tuple[Float, pd.DataFrame, Float]:
    """Training rows of one half; people of the other, and their predicted risk."""
    table = pd.read_csv(data / "support2" / "support2.csv.gz")
    table.index = pd.Index([f"p{i}" for i in range(len(table))])
    x = table[COLUMNS].fillna(table[COLUMNS].median()).to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    train = np.arange(len(x)) % 2 == 0
    model = LogisticRegression().fit(x[train], table["hospdead"][train])
    people = table.loc[~train, ["sex", "race", "hospdead", "d.time", "death"]]
    return x[train], people.assign(**dict(zip(COLUMNS, x[~train].T, strict=True))), (
        model.predict_proba(x[~train])[:, 1]
    )  # fmt: skip


def cohort_of(people: pd.DataFrame, outcome: str | Survival = "hospdead") -> Cohort:
    """The held-out half."""
    x = people[COLUMNS]
    return Cohort(x, people, outcome=outcome, groups=["race", "sex"], unit="row")


def predictions(people: pd.DataFrame, risk: Float) -> Predictions:
    """Risk of death in hospital."""
    rows = people.index.to_numpy(dtype=np.str_)
    return Predictions(rows, logit(risk), risk, "hospdead", "logit")


def test_the_sexes_are_decided_on_alike(half: tuple[Float, pd.DataFrame, Float]) -> None:
    """Gaps by sex are as under shuffling; women and men who are alike get the same risk."""
    _, people, risk = half
    cohort, said = cohort_of(people), predictions(people, risk)
    made = decide(said, cohort, by="sex", judging=JUDGING)
    assert (made.p[[made.summary("auroc_gap"), made.summary("equalised_odds_gap")]] > 0.05).all()
    assert (made.net_benefit[0] > np.maximum(made.treat_all[0], 0))[10:25].all()
    pairs = match(said, cohort, by="sex", judging=JUDGING)
    assert pairs.pairs[0] > 1000
    assert -0.005 < pairs.adjusted_low[0] < 0 < pairs.adjusted_high[0] < 0.005


def test_small_races_are_not_called_worst_for_sure(half: tuple[Float, pd.DataFrame, Float]) -> None:
    """The worst AUROC is that of about 56 others: its interval is wide, chance explains it."""
    _, people, risk = half
    made = decide(predictions(people, risk), cohort_of(people), by="race", judging=JUDGING)
    s = made.summary("worst_auroc")
    assert made.of[s] == "other"
    assert made.high[s] - made.low[s] > 0.3
    assert made.p[s] > 0.05


def test_loss_grows_with_the_distance_from_the_training_data(
    half: tuple[Float, pd.DataFrame, Float],
) -> None:
    """The Brier score follows the distance, as the share of deaths does; AUROC does not fall."""
    train, people, risk = half
    summary = TrainingSummary.of(train, COLUMNS)
    made = perform_along(predictions(people, risk), cohort_of(people), along=summary)
    assert made.low[0, 0] > 0.01
    ranked = made.curve[0, made.curves.index("auroc")]
    assert np.nanmean(ranked[-8:]) > np.nanmean(ranked[:8])


def test_time_to_death_is_ranked_alike(half: tuple[Float, pd.DataFrame, Float]) -> None:
    """Concordance with follow-up by sex: both near 0.61, within sampling error of each other."""
    _, people, risk = half
    cohort = cohort_of(people, Survival("d.time", "death"))
    made = perform(predictions(people, risk), cohort, by="sex")
    assert (made.low[:3, 0] > 0.58).all()
    assert (made.high[:3, 0] < 0.65).all()
    assert made.difference_low[0, 0] < 0 < made.difference_high[0, 0]
