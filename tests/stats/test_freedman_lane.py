"""Freedman and Lane's permutation: equal to a loop over regressions, and of the right size."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float, Int
from evenlight.errors import InputError
from evenlight.stats.freedman_lane import (
    null_slopes,
    null_wald,
    own_part,
    parts,
    regression,
    slopes,
    wald,
)
from evenlight.stats.permutation import normalised, p_value
from evenlight.stats.shuffles import shuffles


def people(seed: int = 0, u: int = 30) -> tuple[Float, Float, Float, Int]:
    """Values (u, 3), two tested columns, two nuisance columns, and three blocks."""
    rng = np.random.default_rng(seed)
    block = np.sort(rng.integers(0, 3, u))
    nuisance = rng.normal(size=(u, 2)) + block[:, None]
    tested = rng.normal(size=(u, 2)) + nuisance
    values = rng.normal(size=(u, 3)) * (1 + np.abs(tested[:, :1])) + nuisance @ np.ones((2, 3))
    return values, tested, nuisance, block


def whole_design(tested: Float, nuisance: Float, block: Int) -> Float:
    """Tested columns, nuisance, and one indicator for each block."""
    return np.hstack([tested, nuisance, np.eye(int(block.max()) + 1)[block]])


def test_slopes_and_errors_are_those_of_statsmodels() -> None:
    """Slopes, HC3 errors and the joint statistic agree with OLS on block indicators."""
    values, tested, nuisance, block = people()
    made = regression(tested, nuisance, block)
    found = slopes(values, made)
    for j in range(3):
        fit = sm.OLS(values[:, j], whole_design(tested, nuisance, block)).fit(cov_type="HC3")
        np.testing.assert_allclose(found.effect[:, j], fit.params[:2], rtol=1e-9)
        np.testing.assert_allclose(found.se[:, j], fit.bse[:2], rtol=1e-9)
        b, c = fit.params[:2], fit.cov_params()[:2, :2]
        assert wald(values, made)[j] == pytest.approx(b @ np.linalg.solve(c, b), rel=1e-7)


def test_every_draw_is_a_regression_of_its_own() -> None:
    """A literal Freedman-Lane loop, reduced fit plus permuted residuals, gives the same T*."""
    values, tested, nuisance, block = people(1)
    both = np.hstack([nuisance, tested[:, 1:]])
    made = regression(tested[:, :1], both, block)
    drawn = shuffles(block, draws=70, rng=np.random.default_rng(0))
    found = null_slopes(values, made, drawn)
    reduced = whole_design(np.empty((30, 0)), both, block)
    full = whole_design(tested[:, :1], both, block)
    orders = np.vstack([o for _, o in drawn])
    assert all((block[o] == block).all() for o in orders)
    for j in range(3):
        first = sm.OLS(values[:, j], reduced).fit()
        for i in (0, 1, 63, 64, 69):
            star = first.fittedvalues + first.resid[orders[i]]
            t = sm.OLS(star, full).fit(cov_type="HC3").tvalues[0]
            z = normalised(np.array([t]), made.df)
            assert found[i, j] == pytest.approx(z[0], rel=1e-4)


def test_every_joint_draw_is_a_regression_of_its_own() -> None:
    """The joint statistic of a draw is that of OLS with HC3 on the permuted residuals."""
    values, tested, nuisance, block = people(2)
    made = regression(tested, nuisance, block)
    drawn = shuffles(block, draws=5, rng=np.random.default_rng(0))
    found = null_wald(values, made, drawn)
    first = sm.OLS(values[:, 1], whole_design(np.empty((30, 0)), nuisance, block)).fit()
    orders = np.vstack([o for _, o in drawn])
    for i in range(5):
        star = first.fittedvalues + first.resid[orders[i]]
        fit = sm.OLS(star, whole_design(tested, nuisance, block)).fit(cov_type="HC3")
        b, c = fit.params[:2], fit.cov_params()[:2, :2]
        assert found[i, 1] == pytest.approx(b @ np.linalg.solve(c, b), rel=1e-6)


def test_weights_make_it_weighted_least_squares() -> None:
    """Slopes, HC3 errors, joint statistic and draws are those of WLS on block indicators."""
    values, tested, nuisance, block = people(9)
    w = np.random.default_rng(9).uniform(0.2, 3, 30)
    made = regression(tested, nuisance, block, w)
    found, full = slopes(values, made), whole_design(tested, nuisance, block)
    fit = sm.WLS(values[:, 1], full, weights=w).fit(cov_type="HC3")
    np.testing.assert_allclose(found.effect[:, 1], fit.params[:2], rtol=1e-9)
    np.testing.assert_allclose(found.se[:, 1], fit.bse[:2], rtol=1e-9)
    b, c = fit.params[:2], fit.cov_params()[:2, :2]
    assert wald(values, made)[1] == pytest.approx(b @ np.linalg.solve(c, b), rel=1e-7)
    both = np.hstack([nuisance, tested[:, 1:]])
    one = regression(tested[:, :1], both, block, w)
    drawn = shuffles(block, draws=3, rng=np.random.default_rng(0))
    null = null_slopes(values, one, drawn)
    reduced = whole_design(np.empty((30, 0)), both, block)
    first = sm.WLS(values[:, 1], reduced, weights=w).fit()
    for i, order in enumerate(np.vstack([o for _, o in drawn])):
        star = first.fittedvalues + first.resid[order]
        t = sm.WLS(star, full, weights=w).fit(cov_type="HC3").tvalues[0]
        z = normalised(np.array([t]), one.df)
        assert null[i, 1] == pytest.approx(z[0], rel=1e-4)


def test_degrees_of_freedom_follow_those_on_whom_a_slope_rests() -> None:
    """A two-group column has Welch's df at equal spread; several agree with the definition."""
    side = (np.arange(60) < 12).astype(float)[:, None]
    zeros = np.zeros(60, dtype=np.int64)
    made = regression(side, np.zeros((60, 0)), zeros)
    a, b = 1 / 12 / (1 - 1 / 12), 1 / 48 / (1 - 1 / 48)
    assert made.df[0] == pytest.approx((a + b) ** 2 / (a**2 / 11 + b**2 / 47), rel=1e-9)
    rng = np.random.default_rng(10)
    x = rng.normal(size=(40, 2)) ** 2
    joint = regression(x, np.zeros((40, 0)), zeros[:40])
    maker = np.eye(40) - 1 / 40 - joint.basis @ joint.basis.T
    g = joint.share * joint.slack[:, None]
    m = np.linalg.inv(np.linalg.cholesky(g.T @ np.diag(np.diag(maker)) @ g)).T
    w, total = g @ m, 0.0
    for s in range(2):
        for t in range(2):
            d = np.diag(w[:, s] * w[:, t])
            total += 2 * np.trace(maker @ d @ maker @ d)
    assert joint.joint_df == pytest.approx(2 * 3 / total, rel=1e-6)


def test_the_orders_are_the_same_at_every_pass_and_in_every_length() -> None:
    """The first draws do not depend on how many are asked for, nor on how often."""
    block = np.repeat([0, 1], 8)
    long = shuffles(block, draws=130, rng=np.random.default_rng(3))
    short = shuffles(block, draws=70, rng=np.random.default_rng(3))
    first = np.vstack([o for _, o in long])
    np.testing.assert_array_equal(first, np.vstack([o for _, o in long]))
    np.testing.assert_array_equal(first[:70], np.vstack([o for _, o in short]))


def test_what_units_add_is_the_variance() -> None:
    """The parts of the units add up to the HC3 variance."""
    values, tested, nuisance, block = people(4)
    made = regression(tested[:, :1], nuisance, block)
    np.testing.assert_allclose(parts(values, made).sum(axis=0), slopes(values, made).variance[0])


def test_a_column_that_repeats_the_nuisance_is_an_error() -> None:
    """A tested column that follows from age and block is refused, and its own part is 0."""
    _, _, nuisance, block = people(5)
    tested = nuisance[:, :1] + 3.0 * block[:, None]
    assert own_part(tested, nuisance, block)[0] < 1e-12
    with pytest.raises(InputError, match="repeats another column"):
        regression(tested, nuisance, block)


def test_constant_values_have_no_slope_and_p_1() -> None:
    """Values that the nuisance explains whole give T = 0 in data and draws."""
    _, tested, nuisance, block = people(6)
    values = np.column_stack([np.full(30, 7.0), nuisance[:, 0] + block])
    made = regression(tested[:, :1], nuisance, block)
    seen = slopes(values, made).statistic[0]
    null = null_slopes(values, made, shuffles(block, draws=20, rng=np.random.default_rng(0)))
    assert seen.tolist() == [0.0, 0.0]
    assert p_value(seen, null).tolist() == [1.0, 1.0]


@given(st.floats(-100, 100), st.floats(0.01, 100), st.integers(0, 10_000))
def test_units_of_measure_do_not_matter(shift: float, scale: float, seed: int) -> None:
    """Other units of values, tested column or nuisance leave T as it is."""
    values, tested, nuisance, block = people(seed % 50)
    one = slopes(values, regression(tested[:, :1], nuisance, block)).statistic
    moved = regression(scale * tested[:, :1] + shift, nuisance * scale - shift, block)
    other = slopes(scale * values + shift, moved).statistic
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)


def confounded(rng: np.random.Generator, u: int, p: int) -> tuple[Float, Float, Float, Int]:
    """Attributions that follow age, with more spread at the ends of ancestry; age follows it."""
    ancestry = rng.beta(0.8, 0.8, u)
    age = 50 + 20 * ancestry + 8 * rng.normal(size=u)
    noise = rng.normal(size=(u, p)) * (0.5 + 2 * np.abs(ancestry - 0.5))[:, None]
    block = rng.integers(0, 2, u)
    values = 0.05 * age[:, None] + noise + block[:, None]
    return values, ancestry[:, None], age[:, None], block


def test_ancestry_that_only_follows_age_is_not_flagged() -> None:
    """Null, age confounded, unequal spread: raw p below 5 % in about 5 % of 60 x 20 tests."""
    rng = np.random.default_rng(7)
    p = []
    for _ in range(60):
        values, ancestry, age, block = confounded(rng, 80, 20)
        made = regression(ancestry, age, block)
        drawn = shuffles(block, draws=199, rng=rng)
        p.append(p_value(slopes(values, made).statistic[0], null_slopes(values, made, drawn)))
    rate = float((np.concatenate(p) <= 0.05).mean())
    assert 0.03 < rate < 0.07


def test_a_planted_slope_is_found() -> None:
    """A slope beside age is found, and its neighbours are not flagged."""
    rng = np.random.default_rng(8)
    values, ancestry, age, block = confounded(rng, 150, 20)
    values[:, 0] += 4.0 * ancestry[:, 0]
    made = regression(ancestry, age, block)
    drawn = shuffles(block, draws=999, rng=rng)
    p = p_value(slopes(values, made).statistic[0], null_slopes(values, made, drawn))
    assert p[0] <= 0.002
    assert (p[1:] < 0.05 / 19).sum() == 0
