"""A model that gives a probability and no margin is asked what it can be asked."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier

from evenlight.auditing import audit
from evenlight.check import check
from evenlight.data.cohort import Cohort
from evenlight.plan import Plan

RNG = np.random.default_rng(3)
X = RNG.normal(size=(300, 3))
AFRICAN = np.arange(300) % 2 == 0
ILL = (RNG.uniform(size=300) < expit(X[:, 0] + 2 * X[:, 1] * AFRICAN)).astype(int)
PEOPLE = pd.DataFrame(
    {"ill": ILL, "ancestry": np.where(AFRICAN, "AFR", "EUR")},
    index=[f"p{i:03d}" for i in range(300)],
)
COHORT = Cohort(X, PEOPLE, ["lab0", "lab1", "lab2"], outcome="ill", groups=["ancestry"], unit="row")
FOREST = RandomForestClassifier(20, random_state=0).fit(X, ILL)
SHORT = {"explain": {"repeats": 0}, "measure": {"further": False}}


def test_the_default_plan_asks_a_forest_about_attribution() -> None:
    """A forest has no margin; its default questions have answers, and the plan says which."""
    made = audit(FOREST, COHORT, plan=Plan.from_data(SHORT))
    assert [q["measure"] for q in made.plan["question"]] == [
        "performance", "attribution", "reliance",
    ]  # fmt: skip
    assert all(answer.verdict != "not_estimable" for answer in made.answers)
    assert made.verdict.word != "no verdict"
    again = Plan.from_data(made.plan)
    assert again.digest == made.plan_digest
    assert f"plan     {made.plan_digest}" in set(
        check(Plan.from_data(SHORT), model=FOREST, cohort=COHORT)
    )


def test_a_use_that_was_asked_of_a_forest_names_the_question_to_ask() -> None:
    """Whoever asks a forest for use is told which question has an answer."""
    asked = {**SHORT, "question": [{"measure": "use", "grouping": "ancestry"}]}
    made = audit(FOREST, COHORT, plan=Plan.from_data(asked))
    assert [q["measure"] for q in made.plan["question"]] == ["use"]
    assert 'measure = "attribution" with given = "outcome"' in made.answers[0].sentence
