"""The primary questions share one error rate; exploratory families keep their own."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import CohortError, PlanError
from evenlight.measures.judging import Judging
from evenlight.measures.tipped import Tipping
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


def test_a_total_of_a_reliance_has_an_interval_of_its_own() -> None:
    """The total and a subject of one condition are two intervals, two subjects are one."""
    asked = [
        Question(measure="reliance", grouping="sex"),
        Question(measure="reliance", grouping="sex", subject="bmi"),
        Question(measure="reliance", grouping="sex", subject="age"),
    ]
    assert error_rates(asked, 0.05) == {("reliance", "sex", "nothing"): 0.025}
    assert error_rates(asked[1:], 0.05) == {("reliance", "sex", "nothing"): 0.05}


@pytest.mark.parametrize(("measure", "given"), [("use", "outcome"), ("performance", "outcome")])
def test_a_condition_that_a_measure_does_not_have_is_refused(measure: str, given: str) -> None:
    """Else another family would answer, with an error rate that nobody shared out."""
    with pytest.raises(PlanError, match=f"a question of {measure} is not asked given the outcome"):
        score_audit(question=[{"measure": measure, "grouping": "race", "given": given}])


def test_the_tipping_point_is_that_of_the_verdict_that_is_told() -> None:
    """Label error is asked to overturn the interval of the primary family, not a 95 % one."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=(400, 1))
    race = np.where(np.arange(400) % 2 == 0, "A", "B")
    y = (x[:, 0] + rng.normal(size=400) * np.where(race == "A", 0.6, 1.2) > 0).astype(int)
    people = pd.DataFrame({"race": race, "y": y}, index=[f"p{i:03d}" for i in range(400)])
    cohort = Cohort(x, people, ["a"], outcome="y", unit="row", groups=["race"])
    model = CoefficientTable("risk", 0.0, {"a": 2.0}, "logit")
    seen = {name: judging.alpha for name, judging in _judged(model, cohort).items()}
    assert seen == {"race": pytest.approx(0.05 / 3)}


def _judged(model: CoefficientTable, cohort: Cohort) -> dict[str, Judging]:
    """How the tipping points of each grouping are judged in an audit."""
    told: dict[str, Judging] = {}

    def watch(*given: object, by: Groups, judging: Judging, rng: object) -> Tipping:
        told[by.name] = judging
        raise CohortError("seen")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("evenlight.explore.tip", watch)
        audit(model, cohort, plan=Plan.from_data({"explain": {"repeats": 0}}))
    return told
