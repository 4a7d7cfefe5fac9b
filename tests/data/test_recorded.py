"""A recorded score: what can be asked of it, and what it must be."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evenlight.data.cohort import Cohort
from evenlight.data.recorded import recorded
from evenlight.errors import CohortError
from evenlight.measures.decide import decide
from evenlight.measures.judging import Judging
from evenlight.measures.leak import leak
from evenlight.measures.perform import perform
from evenlight.measures.rests import CALIBRATED, DECIDED

N = 400


def people(score: Any, **own: Any) -> Cohort:
    """Half of them of group b, where the score is too low."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=N)
    b = np.arange(N) % 2 == 1
    table = pd.DataFrame(
        {
            "g": np.where(b, "b", "a"),
            "y": (rng.random(N) < expit(1.5 * z + 1.2 * b)).astype(int),
            "score": expit(1.5 * z) if score is None else score,
        },
        index=[f"p{i:03d}" for i in range(N)],
    )
    given = {"outcome": "y", "groups": ["g"], "unit": "row", "prediction": "score", **own}
    return Cohort(np.zeros((N, 1)), table, **given)


def test_performance_and_calibration_by_group_run_on_a_score_alone() -> None:
    """The group whose risk the score misses is observed more often than foretold."""
    cohort = people(None)
    made = recorded(cohort)
    found = perform(made, cohort, by="g")
    ratio = found.value[:, found.metrics.index("observed_expected")]
    by = dict(zip(found.parts, ratio, strict=True))
    assert by["b"] > 1.2 > 1.1 > by["a"]
    m = found.metrics.index("calibration_intercept")
    assert found.contrasts[0] == ("b", "a")
    assert found.difference_low[0, m] > 0.3
    assert leak(made, cohort, by="g", draws=100).names == ("output",)


def test_scales_are_read_as_they_are_declared() -> None:
    """Log odds become probabilities, 0 and 1 stay probabilities, numbers stay what they are."""
    margin = np.linspace(-3, 3, N)
    made = recorded(people(margin), gives="margin")
    np.testing.assert_allclose(made.response, expit(margin))
    np.testing.assert_allclose(recorded(people(expit(margin))).margin, margin)
    sure = recorded(people(np.arange(N) % 3 / 2))
    assert (sure.scale, sure.link) == ("probability", "identity")
    dose = recorded(people(margin, outcome_kind="continuous"), unit="mg")
    assert (dose.link, dose.unit) == ("identity", "mg")
    ranks = perform(recorded(people(margin), gives="score"), people(margin), by="g")
    assert "auroc" in ranks.metrics
    assert "observed_expected" not in ranks.metrics


@pytest.mark.parametrize(
    ("score", "own", "words"),
    [
        (None, {"prediction": None}, "need a model"),
        (np.where(np.arange(N) < 3, np.nan, 0.5), {}, "missing or infinite in 3 of 400"),
        (np.full(N, 1.2), {}, "no probability; say gives="),
        (["high"] * N, {}, "holds text"),
    ],
)
def test_a_score_that_cannot_be_read_is_told(score: Any, own: Any, words: str) -> None:
    """No column, gaps, values outside 0 to 1 and text are named with a remedy."""
    with pytest.raises(CohortError, match=words):
        recorded(people(score, **own))


def test_a_score_of_several_classes_names_its_class() -> None:
    """A categorical outcome needs the class that the score is the probability of."""
    cohort = people(np.full(N, 0.3))
    kinds = cohort.people.assign(kind=np.array(["x", "y", "z"])[np.arange(N) % 3])
    cohort = Cohort(cohort.x, kinds, outcome="kind", groups=["g"], unit="row", prediction="score")
    assert recorded(cohort, target="x").target == "x"
    with pytest.raises(CohortError, match="name one of x, y, z"):
        recorded(cohort)


def test_decisions_are_not_taken_for_probabilities() -> None:
    """A column of 0 and 1 is an error, unless it is said to rank only, or to decide."""
    cut = people((np.arange(N) % 3 == 0).astype(float))
    with pytest.raises(CohortError, match=r"holds 0 and 1 only, .* say gives=\"decision\""):
        recorded(cut)
    assert recorded(cut, gives="score").score_only
    with pytest.raises(CohortError, match=r"neither 0 nor 1 in 400 of 400"):
        recorded(people(None), gives="decision")
    with pytest.raises(CohortError, match="of an event, and the outcome is continuous"):
        recorded(people(np.arange(N) % 2, outcome_kind="continuous"), gives="decision")


def test_a_decision_is_judged_by_whom_it_calls() -> None:
    """Sensitivity, specificity and net benefit are those of two by two tables; no calibration."""
    sure = recorded(people(None)).response
    cohort = people((sure >= 0.5).astype(float))
    made, rules = recorded(cohort, gives="decision"), Judging(threshold=0.25)
    found = perform(made, cohort, by="g", judging=rules)
    rates = decide(made, cohort, by="g", judging=rules).rates
    assert rates is not None
    y, called = cohort.y == 1, made.response == 1
    for r, part in enumerate(found.parts):
        own = np.ones(N, bool) if part == "overall" else (cohort.people["g"] == part).to_numpy()
        hit, false = (called & y & own).sum(), (called & ~y & own).sum()
        at = found.metrics.index
        assert found.value[r, at("sensitivity")] == pytest.approx(hit / (y & own).sum())
        assert found.value[r, at("specificity")] == pytest.approx(1 - false / (~y & own).sum())
        net = (hit - false / 3) / own.sum()
        assert rates.value[r, rates.metrics.index("net_benefit")] == pytest.approx(net)
    barred = [found.metrics.index(name) for name in CALIBRATED]
    assert np.isnan(found.value[:, barred]).all()
    assert (found.reason[:, barred] == DECIDED).all()
    assert np.isnan(found.curve_predicted).all()
    assert (found.reason[:, found.metrics.index("brier")] == "").all()
