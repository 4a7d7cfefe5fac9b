"""Support within groups: regressions, tables, log-rank scores and families; and its errors."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm
from scipy import stats
from scipy.special import expit
from statsmodels.stats.contingency_tables import StratifiedTable

from evenlight.arrays import Float, Int
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.support import Within, within_slopes
from evenlight.stats.survival import martingale

ERROR = 4 * np.sqrt(0.05 * 0.95 / 2000)


def people(seed: int = 0, n: int = 150) -> tuple[Float, Float, Int, Float]:
    """Three columns, an outcome, two groups, and two axes that both follow."""
    rng = np.random.default_rng(seed)
    g = np.arange(n) % 2
    axes = rng.normal(size=(n, 2))
    x = rng.normal(size=(n, 3)) + axes @ rng.normal(size=(2, 3)) + g[:, None]
    y = 0.4 * x[:, 0] + axes[:, 0] * (1 + g) + rng.normal(size=n)
    return x, y, g, axes


def test_axes_are_cleared_as_a_regression_does() -> None:
    """B is the ratio of least-squares slopes beside cells, and axes in every group."""
    x, y, g, axes = people()
    cell = 2 * g + (np.arange(len(g)) % 3 == 0)
    expected = 0.5 * x.sum(axis=1) + 0.1 * y
    found = within_slopes(x, y, Within(g, cell, axes), expected=expected)
    beside = np.column_stack(
        [*(cell == c for c in range(4)), *((g == k)[:, None] * axes for k in (0, 1))]
    ).astype(float)
    for j in range(3):
        design = np.column_stack([x[:, j], beside])
        slopes = [sm.OLS(v, design).fit().params[0] for v in (y, expected)]
        assert found.slope[j] == pytest.approx(slopes[0] / slopes[1])


def test_one_group_is_the_test_of_corrected_correlation() -> None:
    """Z squared is (n - q - 1) r^2 of what axes leave (Price et al. 2006)."""
    x, y, g, axes = people()
    none = np.zeros(len(g), dtype=int)
    found = within_slopes(x, y, Within(none, none, axes), expected=x[:, 0])
    base = sm.add_constant(axes)
    left = sm.OLS(y, base).fit().resid
    for j in range(3):
        r = np.corrcoef(sm.OLS(x[:, j], base).fit().resid, left)[0, 1]
        z2 = (len(g) - axes.shape[1] - 1) * r**2
        assert found.p[j] == pytest.approx(stats.chi2.sf(z2, 1), rel=1e-9)


def test_tables_are_those_of_cochran_mantel_and_haenszel() -> None:
    """For 0/1 columns and outcomes Z squared is theirs."""
    rng = np.random.default_rng(1)
    g = np.repeat([0, 1, 2], 400)
    x = (rng.uniform(size=1200) < 0.3 + 0.2 * (g == 1)).astype(float)
    y = (rng.uniform(size=1200) < 0.4 + 0.05 * x + 0.1 * (g == 2)).astype(float)
    tables = [
        np.array([[((x == a) & (y == b) & (g == k)).sum() for b in (1, 0)] for a in (1, 0)])
        for k in range(3)
    ]
    theirs = StratifiedTable(tables).test_null_odds(correction=False)
    found = within_slopes(x[:, None], y, Within(g, g), expected=x, binary=True)
    ours = stats.chi2.isf(found.p[0], 1)
    assert ours == pytest.approx(theirs.statistic, rel=1e-6)


def test_tables_of_two_or_three_people_hold_their_size() -> None:
    """400 strata of 2 or 3, nothing there: p <= 0.05 in 5 % (Monte Carlo error 0.7) of columns."""
    rng = np.random.default_rng(2)
    g = np.repeat(np.arange(400), rng.integers(2, 4, 400))
    y = (rng.uniform(size=len(g)) < 0.3).astype(float)
    x = rng.normal(size=(len(g), 1000))
    found = within_slopes(x, y, Within(np.zeros_like(g), g), expected=x[:, 0], binary=True)
    assert 0.03 < float((found.p <= 0.05).mean()) < 0.07


def test_families_add_up_before_they_are_squared() -> None:
    """V is the sum over families of the squared sum of x y, times the factor for few of them."""
    x, y, g, _ = people(2)
    family = np.random.default_rng(2).integers(0, 40, len(g))
    found = within_slopes(x, y, Within(g, g, family=family), expected=x.sum(axis=1))
    apart, left, claim = x.copy(), y.copy(), x.sum(axis=1)
    for k in (0, 1):
        apart[g == k] -= apart[g == k].mean(axis=0)
        left[g == k] -= left[g == k].mean()
        claim[g == k] -= claim[g == k].mean()
    m = len(np.unique(family))
    factor = m / (m - 1) * (len(g) - 1) / (len(g) - 2)
    for j in range(3):
        v = sum((apart[family == c, j] @ left[family == c]) ** 2 for c in range(40)) * factor
        assert found.se[j] == pytest.approx(np.sqrt(v) / abs(apart[:, j] @ claim))


def test_single_units_as_families_are_the_robust_variance() -> None:
    """Everyone a family: the variance of White, as statsmodels gives it under no effect."""
    x, y, g, _ = people(3)
    own = within_slopes(x, y, Within(g, g, family=np.arange(len(g))), expected=x[:, 0])
    dummies = np.column_stack([g == 0, g == 1]).astype(float)
    left = sm.OLS(y, dummies).fit().resid
    apart = x[:, 0] - sm.OLS(x[:, 0], dummies).fit().fittedvalues
    v = (apart**2 * left**2).sum()
    n = len(g)
    assert (own.slope[0] / own.se[0]) ** 2 == pytest.approx(
        (apart @ left) ** 2 / (v * n / (n - 1) * (n - 1) / (n - 2))
    )


def test_relatives_no_longer_make_support() -> None:
    """Four of a kind with like values and like outcomes: 5 % by families, far more without."""
    rng = np.random.default_rng(4)
    family = np.repeat(np.arange(250), 4)
    g = (np.arange(250) % 2)[family]
    shared = rng.normal(size=(250, 2000))[family]
    x = 0.7 * shared + 0.3 * rng.normal(size=shared.shape)
    y = rng.normal(size=250)[family] + 0.5 * rng.normal(size=1000)
    alone = within_slopes(x, y, Within(g, g), expected=x[:, 0]).p
    related = within_slopes(x, y, Within(g, g, family=family), expected=x[:, 0]).p
    assert (alone < 0.05).mean() > 0.2
    assert abs((related < 0.05).mean() - 0.05) < ERROR


def nested(n: int, seed: int) -> tuple[Float, Float, Int, Int]:
    """Two sub-populations in each of two labels, FST 0.02 apart, with other base risks.

    No variant has any part in the outcome.
    """
    rng = np.random.default_rng(seed)
    g, sub = rng.integers(0, 2, n), rng.integers(0, 2, n)
    start = np.repeat(rng.uniform(0.2, 0.8, 250)[None], 4, axis=0)
    often = rng.beta(start * 49, (1 - start) * 49)
    x = rng.binomial(2, often[2 * g + sub]).astype(float)
    y = (rng.uniform(size=n) < expit(sub - 0.5 + g)).astype(float)
    return x, y, g, sub


def components(x: Float, g: Int, q: int) -> Float:
    """Principal components (n, q) within each group."""
    out = np.zeros((len(x), q))
    for k in (0, 1):
        own = x[g == k] - x[g == k].mean(axis=0)
        out[g == k] = own @ np.linalg.eigh(own.T @ own)[1][:, -q:]
    return out


def test_sub_populations_inside_a_label_make_support_that_grows_with_people() -> None:
    """Without axes more variants are supported the more people there are; with them none is."""
    found = []
    for n in (1500, 12_000):
        x, y, g, _ = nested(n, 5)
        for axes in (None, components(x, g, 2)):
            made = within_slopes(x, y, Within(g, g, axes), expected=x[:, 0], binary=True)
            found.append((benjamini_hochberg(made.p) < 0.05).mean())
    small, small_cleared, large, large_cleared = found
    assert large > 0.4 > small
    assert max(small_cleared, large_cleared) < 0.01


def test_survival_support_is_the_stratified_log_rank_score() -> None:
    """U of martingale residuals within groups is observed less expected, summed over groups."""
    rng = np.random.default_rng(6)
    n = 300
    g, x = np.arange(n) % 2, rng.normal(size=n)
    x[::3] = 1.0
    time, event = np.ceil(5 * rng.exponential(size=n)), (rng.uniform(size=n) < 0.7).astype(float)
    y, score = np.empty(n), 0.0
    for k in (0, 1):
        at = g == k
        y[at] = martingale(time[at], event[at], np.ones(at.sum()))
        for t in np.unique(time[at & (event > 0)]):
            risk, ended = at & (time >= t), at & (time == t) & (event > 0)
            score += x[ended].sum() - ended.sum() * x[risk].mean()
    found = within_slopes(x[:, None], y, Within(g, g), expected=x)
    apart = x - np.array([x[g == k].mean() for k in g])
    assert found.slope[0] * (apart @ apart) == pytest.approx(score)


def test_a_survival_feature_without_effect_is_supported_one_time_in_twenty() -> None:
    """Also where the follow-up of people depends on it (robust variance over units)."""
    rng, hits = np.random.default_rng(7), []
    for _ in range(300):
        g, x = rng.integers(0, 2, 300), (rng.uniform(size=300) < 0.3).astype(float)
        event_at, left_at = rng.exponential(size=300) * (1 + g), rng.exponential(size=300)
        left_at *= np.exp(x)
        time, event = np.minimum(event_at, left_at), (event_at <= left_at).astype(float)
        y = np.empty(300)
        for k in (0, 1):
            y[g == k] = martingale(time[g == k], event[g == k], np.ones((g == k).sum()))
        within = Within(g, g, family=np.arange(300))
        hits.append(within_slopes(x[:, None], y, within, expected=x).p[0] < 0.05)
    assert 0.01 < np.mean(hits) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 300)


def test_martingale_residuals_are_their_definition() -> None:
    """Events less H(t) exp(margin) by loops over event times, with ties; they sum to 0."""
    rng = np.random.default_rng(8)
    margin = 3.0 + rng.normal(size=60)
    time = np.ceil(10 * rng.exponential(size=60) * np.exp(-margin + 3.0))
    event = (rng.uniform(size=60) < 0.8).astype(float)
    slow = event.copy()
    for t in np.unique(time[event > 0]):
        step = event[time == t].sum() / np.exp(margin[time >= t]).sum()
        slow[time >= t] -= step * np.exp(margin[time >= t])
    own = martingale(time, event, np.ones(60), margin=margin)
    np.testing.assert_allclose(own, slow, atol=1e-12)
    assert abs(own.sum()) < 1e-9


def test_a_right_log_hazard_is_supported_as_claimed() -> None:
    """With the true margin the slope of survival is 1, with twice the margin about a half."""
    rng, found = np.random.default_rng(10), []
    x = rng.normal(size=(6000, 2))
    f = x @ np.array([0.6, -0.3])
    time, left_at = rng.exponential(size=6000) * np.exp(-f), rng.exponential(size=6000)
    event, time = (time <= left_at).astype(float), np.minimum(time, left_at)
    none, once = np.zeros(6000, dtype=int), np.ones(6000)
    y = martingale(time, event, once)
    for times in (1.0, 2.0):
        expected = y - martingale(time, event, once, margin=times * f)
        within = Within(none, none, family=np.arange(6000))
        phi = times * x * np.array([0.6, -0.3])
        found.append(within_slopes(phi, y, within, expected=expected))
    assert (np.abs(found[0].slope - 1) < 3 * found[0].se).all()
    assert (found[1].slope + 2 * found[1].se < 0.85).all()


def test_a_row_of_weight_two_counts_like_two_people() -> None:
    """Weights of the residual's estimate are numbers of people; an unknown time has none."""
    rng = np.random.default_rng(9)
    time, event = rng.exponential(size=30), (rng.uniform(size=30) < 0.5).astype(float)
    twice = np.append(np.arange(30), 0)
    one = martingale(time, event, 1.0 + (np.arange(30) == 0))
    np.testing.assert_allclose(one, martingale(time[twice], event[twice], np.ones(31))[:30])
    event[3] = np.nan
    assert np.flatnonzero(np.isnan(martingale(time, event, np.ones(30)))).tolist() == [3]


def test_columns_in_blocks_are_columns_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """How many columns are centred at once changes no number."""
    x, y, g, axes = people()
    within = Within(g, g, axes, np.arange(len(g)) // 3)
    whole = within_slopes(x, y, within, expected=x[:, 0])
    monkeypatch.setattr("evenlight.stats.support.BLOCK", 8 * len(y))
    parts = within_slopes(x, y, within, expected=x[:, 0])
    for name in ("slope", "se", "p", "heterogeneity_p"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name), rtol=1e-12)
