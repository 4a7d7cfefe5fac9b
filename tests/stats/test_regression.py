"""The analyst's regression agrees with statsmodels and with a literal jackknife."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.interpolate import CubicSpline

from evenlight.stats.regression import adjustment, analyst, robust
from evenlight.stats.splines import natural_spline
from evenlight.stats.value_strata import scores


def test_a_natural_spline_spans_natural_splines() -> None:
    """Any natural cubic spline through the knots is a combination of the basis and a constant."""
    rng = np.random.default_rng(0)
    knots = np.array([-1.0, 0.2, 0.9, 2.0, 3.5])
    curve = CubicSpline(knots, rng.normal(size=5), bc_type="natural")
    x = np.linspace(-1.0, 3.5, 60)
    basis = np.column_stack([np.ones(60), natural_spline(x, knots)])
    fit, *_ = np.linalg.lstsq(basis, curve(x), rcond=None)
    np.testing.assert_allclose(basis @ fit, curve(x), atol=1e-10)
    outside = natural_spline(np.array([4.0, 5.0, 6.0]), knots)
    np.testing.assert_allclose(outside[2] - outside[1], outside[1] - outside[0], atol=1e-9)


@pytest.mark.parametrize("kind", ["states", "number"])
def test_hc3_and_the_joint_test_are_those_of_statsmodels(kind: str) -> None:
    """Coefficients, HC3 errors, p and the joint F test of location and slope."""
    rng = np.random.default_rng(1)
    n = 120
    x = rng.binomial(2, 0.4, n).astype(float) if kind == "states" else rng.normal(size=n)
    g = (np.arange(n) < 50).astype(float)
    site = rng.integers(0, 3, n)
    y = np.sin(x) + 0.3 * g * x + rng.normal(size=n) * (1 + g)
    asked = np.column_stack([g, g * scores(x, nominal=False)[:, 0]])
    adjusted = adjustment(x, site, nominal=False)
    fit = robust(y, asked, adjusted, np.arange(n))
    oracle = sm.OLS(y, np.column_stack([asked, adjusted])).fit(cov_type="HC3", use_t=True)
    np.testing.assert_allclose(fit.coefficient, oracle.params[:2], rtol=1e-8)
    np.testing.assert_allclose(fit.se, oracle.bse[:2], rtol=1e-8)
    np.testing.assert_allclose(fit.p, oracle.pvalues[:2], rtol=1e-6)
    both = np.eye(2, len(oracle.params))
    wald = oracle.wald_test(both, use_f=True, scalar=True)
    np.testing.assert_allclose(fit.p_joint, wald.pvalue, rtol=1e-6)


def test_clusters_are_left_out_one_by_one() -> None:
    """CR3 is the sum over units of the squared change of coefficients without the unit."""
    rng = np.random.default_rng(2)
    unit = np.repeat(np.arange(15), rng.integers(2, 6, 15))
    n = len(unit)
    g = (unit < 7).astype(float)
    x = rng.normal(size=n)
    y = x + rng.normal(size=15)[unit] + rng.normal(size=n)
    asked, adjusted = np.column_stack([g, g * x]), np.column_stack([np.ones(n), x])
    fit = robust(y, asked, adjusted, unit)
    design = np.column_stack([asked, adjusted])
    whole = np.linalg.lstsq(design, y, rcond=None)[0]
    moves = [
        np.linalg.lstsq(design[unit != c], y[unit != c], rcond=None)[0] - whole for c in range(15)
    ]
    np.testing.assert_allclose(
        fit.covariance, np.sum([np.outer(m, m) for m in moves], axis=0)[:2, :2], rtol=1e-8
    )
    assert fit.df == 14


def test_nothing_is_left_of_an_additive_phi() -> None:
    """With phi = w (x - m) in float32: both coefficients are 0 and p is 1."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(100, 1))
    phi = (2.0 * x).astype(np.float32).astype(float)
    found = analyst(phi, x, np.arange(100) < 40, stratum=np.zeros(100, dtype=int),
                    unit=np.arange(100), floor=1e-5)  # fmt: skip
    assert (found.location[0], found.slope[0], found.p[0]) == (0.0, 0.0, 1.0)


def test_a_group_that_is_a_site_has_no_coefficient() -> None:
    """Where the nuisance says who is in which group, the answer is NaN, never a number."""
    rng = np.random.default_rng(4)
    member = np.arange(60) < 30
    found = analyst(rng.normal(size=(60, 1)), rng.normal(size=(60, 1)), member,
                    stratum=member.astype(int), unit=np.arange(60))  # fmt: skip
    assert np.isnan([found.location[0], found.p[0], found.q[0]]).all()


def test_size_and_power_in_the_simple_case() -> None:
    """Raw joint p below 5 % in 5 +- 3 SE of null subjects, and planted slopes are all listed."""
    rng = np.random.default_rng(5)
    x = rng.binomial(2, 0.3, (240, 300)).astype(float)
    member = np.arange(240) < 100
    phi = x + 0.5 * rng.normal(size=x.shape)
    phi[:, :10] += np.where(member, 0.8, 0.0)[:, None] * (x[:, :10] - 0.6)
    found = analyst(phi, x, member, stratum=np.zeros(240, dtype=int), unit=np.arange(240))
    assert (found.q[:10] < 0.05).all()
    rate = float((found.p[10:] < 0.05).mean())
    assert abs(rate - 0.05) < 3 * np.sqrt(0.05 * 0.95 / 290)
