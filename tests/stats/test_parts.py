"""Limits of parts: skewed means, shares, the worst of several, calibration, overlap."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import expit
from sklearn import metrics as sk

from evenlight.stats.calibration import miscalibration, observed_expected
from evenlight.stats.metrics import Case, brier, mean
from evenlight.stats.overlap import dice, iou
from evenlight.stats.parts import Shape, effective, limits, losses, means
from evenlight.stats.worst import least, scaled, shuffled, widest


def test_a_mean_has_students_limits() -> None:
    """The bootstrap's standard error is scaled to that of the t interval."""
    x = np.random.default_rng(0).normal(size=25)
    low, high = means(np.array(x.mean()), np.array(x.std() / 5), np.array(25.0), 1.959964)
    t = stats.ttest_1samp(x, 0.0).confidence_interval()
    assert (float(low), float(high)) == pytest.approx((t.low, t.high), rel=1e-6)


@given(st.floats(0.1, 10), st.floats(0.001, 1), st.floats(11, 500), st.floats(0.1, 5))
def test_limits_of_a_loss_are_even_on_the_log_scale(m: float, s: float, n: float, z: float) -> None:
    """Low times high is the mean squared; near those of a mean where the error is small."""
    one = np.ones(1)
    low, high = losses(m * one, s * one, n * one, z)
    assert low[0] * high[0] == pytest.approx(m**2)
    assert 0 < low[0] < m < high[0]
    near, far = means(m * one, 1e-5 * m * one, n * one, z)
    ours = losses(m * one, 1e-5 * m * one, n * one, z)
    np.testing.assert_allclose((ours[0][0], ours[1][0]), (near[0], far[0]), rtol=1e-7)


def test_skewed_errors_of_thirty_people_are_covered_better() -> None:
    """Log-normal errors: the mean is held in about 90 % of samples, by even limits in 87 %."""
    x = np.random.default_rng(3).lognormal(size=(4000, 30))
    spread, n, true = x.std(1) / np.sqrt(30), np.full(4000, 30.0), np.exp(0.5)
    held = [
        ((low <= true) & (true <= high)).mean()
        for low, high in (f(x.mean(1), np.asarray(spread), n, 1.959964) for f in (losses, means))
    ]
    assert held[0] > 0.89
    assert held[0] > held[1] + 0.015


def test_no_error_at_all_has_no_width() -> None:
    """A mean loss of 0 is held as it is, and a share has Wilson's limits."""
    kinds = np.array(["loss", "share", "normal"])
    value, spread = np.array([[0.0, 1.0, 2.0]]), np.array([[0.0, 0.0, 0.5]])
    low, high = limits(value, spread, Shape(kinds, np.full((1, 3), 12.0)), 1.96)
    assert (low[0, 0], high[0, 0]) == (0.0, 0.0)
    assert low[0, 1] == pytest.approx(0.757, abs=0.001)
    assert (low[0, 2], high[0, 2]) == pytest.approx((1.02, 2.98))


def test_weights_make_people_worth_less() -> None:
    """Two equal weights beside nobody's are worth two people (Kish)."""
    assert effective(np.array([2.0, 2.0, 0.0])) == pytest.approx(2.0)


def test_miscalibration_has_no_bias_where_calibration_is_right() -> None:
    """Over many samples it averages to 0; the squared error of the bins alone does not."""
    rng = np.random.default_rng(2)
    made = []
    for _ in range(400):
        p = rng.uniform(0.05, 0.6, size=200)
        y = (rng.uniform(size=200) < p).astype(float)
        made.append(miscalibration(Case(y, p, p), np.ones((1, 200))))
    mean_, error = np.mean(made), np.std(made) / 20
    assert abs(mean_) < 3 * error
    assert error < 0.0006


def test_miscalibration_is_what_recalibration_takes_off_the_brier_score() -> None:
    """A score that is twice too sure loses as much as the bins' own means would win."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=40_000)
    y = (rng.uniform(size=40_000) < expit(x)).astype(float)
    w = np.ones((1, 40_000))
    sure, right = Case(y, expit(2 * x), x), Case(y, expit(x), x)
    lost = brier(sure, w)[0] - brier(right, w)[0]
    assert miscalibration(sure, w)[0] == pytest.approx(lost, rel=0.1)
    assert observed_expected(right, w)[0] == pytest.approx(1.0, abs=0.02)


def test_overlap_agrees_with_scikit_learn() -> None:
    """Dice is F1, intersection over union is Jaccard, picture by picture."""
    rng = np.random.default_rng(5)
    truth, found = rng.random((2, 6, 5, 5)) < 0.4
    for i in range(6):
        a, b = truth[i].ravel(), found[i].ravel()
        assert dice(truth, found)[i] == pytest.approx(sk.f1_score(a, b))
        assert iou(truth, found)[i] == pytest.approx(sk.jaccard_score(a, b))
    assert dice(np.zeros((1, 4), bool), np.zeros((1, 4), bool)).tolist() == [1.0]


@given(st.lists(st.tuples(st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1)), min_size=2))
def test_limits_that_hold_everybody_hold_the_worst_and_the_gap(
    made: list[tuple[float, float, float]],
) -> None:
    """Any truth inside all intervals has its least, largest and scaled value inside."""
    value = np.array([m[0] for m in made])
    low, high = (value + sign * np.array([m[1 + i] for m in made]) for i, sign in ((0, -1), (1, 1)))
    truth = low + (high - low) * np.linspace(0, 1, len(made))
    _, (_, down, up) = least(value, low, high)
    assert down - 1e-9 <= truth.min() <= up + 1e-9
    _, (_, down, up) = widest(value, low, high)
    assert down - 1e-9 <= np.abs(truth).max() <= up + 1e-9
    _, down, up = scaled((0.8, 0.7, 0.9), value, low, high)
    assert down - 1e-9 <= 0.8 / (1 + np.abs(truth).sum()) <= up + 1e-9


def test_shuffles_keep_strata_and_leave_the_unknown() -> None:
    """Every stratum keeps its groups; a unit of unknown group stays unknown."""
    codes = np.array([0, 0, 1, 1, -1, 0, 1, 1])
    strata = np.array([0, 0, 0, 0, 0, 1, 1, 1])
    made = shuffled(codes, strata, draws=50, rng=np.random.default_rng(0))
    assert (made[:, 4] == -1).all()
    assert (made[:, strata == 1].sum(axis=1) == 2).all()
    assert ((made[:, :4] == 1).sum(axis=1) == 2).all()
    assert len(np.unique(made, axis=0)) > 5


def test_a_mean_is_weighted() -> None:
    """Twice the weight is twice the person."""
    assert mean(np.array([1.0, 4.0]), np.array([[2.0, 1.0]]))[0] == pytest.approx(2.0)
