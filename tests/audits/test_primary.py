"""The primary questions share one error rate; exploratory families keep their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.audit import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.plan import Plan
from evenlight.policy import Question, error_rates, family
from evenlight.record import Audit


def score_audit(**plan: object) -> Audit:
    """The audit of a linear score of two features in 160 people of two groups."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 2))
    people = pd.DataFrame(
        {
            "race": np.where(np.arange(160) % 2 == 0, "A", "B"),
            "y": x.sum(axis=1) + rng.normal(size=160),
        },
        index=[f"p{i}" for i in range(160)],
    )
    cohort = Cohort(x, people, ["a", "b"], outcome="y", unit="row", groups=["race"])
    model = CoefficientTable("score", 0.0, {"a": 1.0, "b": 0.5}, "identity")
    return audit(model, cohort, plan=Plan.from_data({"explain": {"repeats": 0}, **plan}))


@pytest.fixture(scope="module")
def made() -> Audit:
    """A small audit with the three default questions."""
    return score_audit()


def test_each_family_of_primary_questions_has_its_part_of_the_error_rate(made: Audit) -> None:
    """Three families, so each interval is a 98.3 % one, and the sentence says so."""
    parts = [part for answer in made.answers for part in answer.parts]
    assert {round(part.alpha, 6) for part in parts} == {round(0.05 / 3, 6)}
    assert "98.3 % interval" in made.answers[0].sentence


def test_views_without_a_primary_question_keep_the_whole_rate(made: Audit) -> None:
    """The signed view was not asked about: its own family has 5 %."""
    comparison = made.comparisons[0]
    alphas = {view.name: view.alpha for view in comparison.views}
    assert alphas["signed"] == 0.05
    assert alphas["use"] == pytest.approx(0.05 / 3)


def test_the_interval_of_a_primary_view_is_wider(made: Audit) -> None:
    """The same data at 5 % have a narrower interval of the same centre."""
    only = [{"measure": "performance", "grouping": "race"}]
    alone = score_audit(question=only).answers[0].parts[0]
    shared = made.answers[0].parts[0]
    assert alone.alpha == 0.05
    assert alone.effect == shared.effect
    assert (alone.high or 0) - (alone.low or 0) < (shared.high or 0) - (shared.low or 0)


def test_two_questions_of_one_family_count_once() -> None:
    """AUROC and Brier score of one grouping share one simultaneous interval."""
    asked = [
        Question(measure="performance", grouping="sex", subject="auroc"),
        Question(measure="performance", grouping="sex", subject="brier"),
        Question(measure="use", grouping="sex"),
    ]
    rates = error_rates(asked, 0.05)
    assert len(rates) == 2
    assert sum(rates.values()) == pytest.approx(0.05)
    assert rates[family(asked[0])] == rates[family(asked[1])] == 0.025
