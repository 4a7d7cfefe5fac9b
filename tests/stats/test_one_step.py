"""The calibration slope of many resamples, by one step each."""

from __future__ import annotations

import numpy as np
import statsmodels.api as sm
from scipy.special import expit

from evenlight.arrays import Float
from evenlight.stats.metrics import Case
from evenlight.stats.one_step import calibration_slope


def sample(n: int, sure: float, seed: int) -> tuple[Case, Float]:
    """Events of log-odds t, foretold as `sure` t, and unit weights of resamples."""
    rng = np.random.default_rng(seed)
    t = rng.normal(size=n)
    y = (rng.random(n) < expit(t - 0.5)).astype(float)
    weight = np.vstack([np.ones(n), rng.multinomial(n, np.full(n, 1 / n), size=300)])
    return Case(y, expit(sure * t), sure * t), weight.astype(float)


def slow(case: Case, weight: Float) -> Float:
    """The slope of each weighting by statsmodels' logistic regression."""
    design = sm.add_constant(case.margin)
    fits = [
        sm.GLM(case.y, design, family=sm.families.Binomial(), freq_weights=w).fit().params[1]
        for w in weight
    ]
    return np.array(fits)


def test_the_sample_is_fitted_to_the_end() -> None:
    """The slope of the sample is that of logistic regression, for mild and for wild models."""
    for sure in (0.5, 1.0, 4.0, 8.0):
        case, weight = sample(300, sure, 1)
        np.testing.assert_allclose(
            calibration_slope(case, weight[:1]), slow(case, weight[:1]), rtol=1e-6
        )


def test_one_step_has_the_spread_of_the_full_bootstrap() -> None:
    """The SD over resamples is within 4 % of that of complete fits, with which they go together."""
    case, weight = sample(400, 1.0, 2)
    quick, whole = calibration_slope(case, weight)[1:], slow(case, weight[1:])
    assert abs(quick.std() / whole.std() - 1) < 0.04
    assert np.corrcoef(quick, whole)[0, 1] > 0.99


def test_one_class_has_no_slope() -> None:
    """A resample without events, and a sample without, give no number."""
    case, weight = sample(50, 1.0, 3)
    none = case.y * 0
    weight[1] = 1 - case.y
    assert np.isnan(calibration_slope(case, weight)[1])
    assert np.isnan(calibration_slope(Case(none, case.response, case.margin), weight)).all()
