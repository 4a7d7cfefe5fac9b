"""Metrics agree with scikit-learn, with weights too."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn import metrics as sk
from sklearn.linear_model import LogisticRegression

from evenlight.stats import metrics
from evenlight.stats.metrics import Case
from evenlight.stats.recalibration import recalibrated
from tests import slow

RNG = np.random.default_rng(0)
MARGIN = RNG.normal(size=200).round(1)
BINARY = Case(
    (RNG.uniform(size=200) < expit(1.5 * MARGIN)).astype(float), expit(MARGIN), MARGIN, 0.4
)
DOSE = Case(RNG.gamma(4, 8, size=200), RNG.gamma(4, 8, size=200), np.zeros(200))
WEIGHT = RNG.integers(0, 4, size=200).astype(float)


@pytest.mark.parametrize("weight", [np.ones(200), WEIGHT], ids=["equal", "weighted"])
def test_classification_agrees_with_scikit_learn(weight: np.ndarray) -> None:
    """AUROC, average precision, Brier score, sensitivity and specificity."""
    y, p, called = BINARY.y, BINARY.response, BINARY.response >= 0.4
    pairs = {
        "auroc": sk.roc_auc_score(y, p, sample_weight=weight),
        "auprc": sk.average_precision_score(y, p, sample_weight=weight),
        "brier": sk.brier_score_loss(y, p, sample_weight=weight),
        "sensitivity": sk.recall_score(y, called, sample_weight=weight),
        "specificity": sk.recall_score(1 - y, ~called, sample_weight=weight),
    }
    for name, theirs in pairs.items():
        ours = {**metrics.BINARY, **metrics.AT_THRESHOLD}[name](BINARY, weight[None])[0]
        assert ours == pytest.approx(theirs, rel=1e-10), name


@pytest.mark.parametrize("weight", [np.ones(200), WEIGHT], ids=["equal", "weighted"])
def test_regression_agrees_with_scikit_learn(weight: np.ndarray) -> None:
    """MAE and R squared."""
    ours = metrics.mae(DOSE, weight[None])[0], metrics.r2(DOSE, weight[None])[0]
    theirs = (
        sk.mean_absolute_error(DOSE.y, DOSE.response, sample_weight=weight),
        sk.r2_score(DOSE.y, DOSE.response, sample_weight=weight),
    )
    np.testing.assert_allclose(ours, theirs)


def test_calibration_slope_is_an_unpenalised_logistic_regression() -> None:
    """Slope and intercept of recalibration equal scikit-learn's without penalty."""
    model = LogisticRegression(C=np.inf, tol=1e-10).fit(MARGIN[:, None], BINARY.y)
    slope = metrics.calibration_slope(BINARY, np.ones((1, 200)))[0]
    assert slope == pytest.approx(model.coef_[0, 0], rel=1e-5)
    intercept = metrics.calibration_intercept(BINARY, np.ones((1, 200)))[0]
    p = expit(logit(BINARY.response) + intercept)
    assert p.sum() == pytest.approx(BINARY.y.sum(), rel=1e-8)


def test_a_model_far_too_sure_of_itself_has_a_calibration_slope() -> None:
    """Where the true slope is 0.2 an undamped Newton step from 1 overshoots for ever."""
    rng = np.random.default_rng(1)
    x = rng.normal(0, 8, 600)
    y = (rng.random(600) < 1 / (1 + np.exp(-0.2 * x))).astype(float)
    weight = np.vstack([np.ones(600), rng.multinomial(600, np.full(600, 1 / 600), size=20)])
    _, b = recalibrated(x, y, weight.astype(float), slope=True)
    assert np.isfinite(b).all()
    assert abs(b[0] - 0.2) < 0.05


def test_recalibration_of_resamples_equals_a_search_for_the_maximum() -> None:
    """Steep slopes too, far from the fit to all resamples; without an overlap there is none."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=60)
    y = (rng.uniform(size=60) < expit(4 * x)).astype(float)
    weight = rng.multinomial(60, np.full(60, 1 / 60), size=20).astype(float)
    a, b = recalibrated(x, y, weight, slope=True)
    for own, got in zip(weight, np.column_stack([a, b]), strict=True):
        best = minimize(_cost, [0.0, 1.0], args=(x, y, own), options={"gtol": 1e-9})
        assert got == pytest.approx(best.x, rel=1e-4, abs=1e-4)
    apart = recalibrated(x, (x > 0).astype(float), np.ones((1, 60)), slope=True)
    assert np.isnan(apart).all()


def _cost(at: np.ndarray, x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> float:
    line = at[0] + at[1] * x
    return float(weight @ (np.logaddexp(0, line) - y * line))


def test_auroc_equals_counting_pairs() -> None:
    """Ties count half."""
    small = Case(BINARY.y[:30], BINARY.response[:30].round(1), MARGIN[:30])
    assert metrics.auroc(small, np.ones((1, 30)))[0] == pytest.approx(
        slow.auroc(small.y, small.response)
    )


def test_one_class_is_not_a_number() -> None:
    """Without events nothing can be ranked or calibrated; nothing is raised."""
    empty = Case(np.zeros(20), np.linspace(0.1, 0.9, 20), np.zeros(20))
    for name in ("auroc", "auprc", "calibration_slope"):
        assert np.isnan(metrics.BINARY[name](empty, np.ones((2, 20)))).all(), name
