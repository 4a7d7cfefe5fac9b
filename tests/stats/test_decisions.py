"""Rates at a threshold and decision curves agree with scikit-learn, loops and laws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sk

from evenlight.stats.decisions import DECISIONS, decision_curve, net_benefit, treat_all
from evenlight.stats.metrics import AT_THRESHOLD, Case

RNG = np.random.default_rng(0)
P = RNG.uniform(size=300).round(2)
CASE = Case((RNG.uniform(size=300) < P).astype(float), P, P, 0.4)
WEIGHT = RNG.integers(0, 4, size=300).astype(float)


@pytest.mark.parametrize("weight", [np.ones(300), WEIGHT], ids=["equal", "weighted"])
def test_rates_agree_with_scikit_learn(weight: np.ndarray) -> None:
    """Predictive values are precision of either class, missed events one less recall."""
    y, yes = CASE.y, CASE.response >= 0.4
    theirs = {
        "ppv": sk.precision_score(y, yes, sample_weight=weight),
        "npv": sk.precision_score(1 - y, ~yes, sample_weight=weight),
        "missed": 1 - sk.recall_score(y, yes, sample_weight=weight),
        "false_alarms": 1 - sk.recall_score(1 - y, ~yes, sample_weight=weight),
        "call_rate": np.average(yes, weights=weight),
    }
    for name, number in theirs.items():
        assert DECISIONS[name](CASE, weight[None])[0] == pytest.approx(number), name


def test_net_benefit_is_counted_person_by_person() -> None:
    """An event called gains 1, a non-event called costs the odds of the threshold."""
    gained = 0.0
    for y, p in zip(CASE.y, CASE.response, strict=True):
        if p >= 0.4:
            gained += 1.0 if y else -0.4 / 0.6
    ours = net_benefit(CASE, np.ones((1, 300)))[0]
    assert ours == pytest.approx(gained / 300)


@given(st.floats(0.01, 0.99))
def test_a_curve_is_net_benefit_at_each_threshold(t: float) -> None:
    """One point of the curve is the metric; where all are called it is everybody's."""
    weight = np.stack([np.ones(300), WEIGHT])
    curve = decision_curve(CASE, np.array([t]), weight)[:, 0]
    np.testing.assert_allclose(curve, net_benefit(replace(CASE, threshold=t), weight))
    everybody = replace(CASE, response=np.ones(300))
    np.testing.assert_allclose(
        decision_curve(everybody, np.array([t]), weight),
        treat_all(CASE, np.array([t]), weight),
        atol=1e-12,
    )


def test_rates_follow_from_each_other() -> None:
    """Predictive values are Bayes' rule of sensitivity, specificity and prevalence."""
    w = np.ones((1, 300))
    sens, spec = (AT_THRESHOLD[n](CASE, w)[0] for n in ("sensitivity", "specificity"))
    share = CASE.y.mean()
    ppv = sens * share / (sens * share + (1 - spec) * (1 - share))
    assert DECISIONS["ppv"](CASE, w)[0] == pytest.approx(ppv)


def test_a_threshold_that_is_no_probability_is_refused() -> None:
    """Net benefit has no odds at 1 or above."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        net_benefit(replace(CASE, threshold=1.5), np.ones((1, 300)))
