"""Mean changes: the definition by loops, coverage, laws; losses and replication against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import log_loss

from evenlight.stats.losses import row_loss
from evenlight.stats.paired import mean_change
from evenlight.stats.permutation import from_normal, normalised
from evenlight.stats.replication import direction_p, predicted, welch_df


def test_limits_equal_the_bootstrap_written_out() -> None:
    """The same draws of units, loop by loop: studentised means and their largest."""
    rng = np.random.default_rng(0)
    x, codes = rng.exponential(size=(33, 3)), np.repeat([0, 1, -1], [12, 14, 7])
    mean, low, high = mean_change(x, codes, draws=99, rng=np.random.default_rng(5))
    again, top = np.random.default_rng(5), np.zeros(99)
    for g, n in ((0, 12), (1, 14)):
        own = x[codes == g]
        times = again.multinomial(n, np.full(n, 1 / n), size=99)
        for b in range(99):
            drawn = np.repeat(own, times[b], axis=0)
            t = (drawn.mean(axis=0) - own.mean(axis=0)) / (drawn.std(axis=0, ddof=1) / n**0.5)
            top[b] = max(top[b], *np.abs(normalised(t, np.full(3, n - 1.0))))
    z = float(np.sort(top)[94])
    for g, n in ((0, 12), (1, 14)):
        own = x[codes == g]
        half = from_normal(z, np.full(3, n - 1.0)) * own.std(axis=0, ddof=1) / n**0.5
        np.testing.assert_allclose(mean[g], own.mean(axis=0))
        np.testing.assert_allclose(high[g] - low[g], 2 * half, rtol=1e-10)


@pytest.mark.parametrize("skewed", [False, True])
def test_all_limits_hold_together(skewed: bool) -> None:
    """Groups of 20 and 100, ten columns: all 20 means inside in about 95 % of the runs."""
    covered = 0
    for seed in range(200):
        rng = np.random.default_rng([1, seed])
        x = rng.exponential(size=(120, 10)) - 1 if skewed else rng.normal(size=(120, 10))
        codes = np.where(np.arange(120) < 20, 0, 1)
        _, low, high = mean_change(x, codes, draws=199, rng=rng)
        covered += bool(((low <= 0) & (high >= 0)).all())
    assert covered / 200 > 0.90


def test_a_group_in_which_nobody_changed_may_hold_some_who_would() -> None:
    """None of 20 changed while others did, by up to 1: up to 17 % of them may, with both groups."""
    x = np.concatenate([np.zeros(20), np.linspace(0, 1, 50)])[:, None]
    mean, low, high = mean_change(
        x, np.repeat([0, 1], [20, 50]), draws=99, rng=np.random.default_rng(0)
    )
    assert mean[0, 0] == 0
    assert high[0, 0] == -low[0, 0] == pytest.approx(1 - 0.025 ** (1 / 20))


def test_no_change_is_a_point_at_zero_and_a_constant_one_a_point() -> None:
    """Nothing varies: no width, no warning."""
    x = np.column_stack([np.zeros(12), np.full(12, 0.3)])
    for limits in mean_change(
        x, np.zeros(12, dtype=np.int64), draws=99, rng=np.random.default_rng(0)
    ):
        np.testing.assert_allclose(limits[0], [0.0, 0.3])


def test_losses_are_scikit_learns() -> None:
    """Logarithmic loss and squared error, NaN where the outcome is unknown."""
    rng = np.random.default_rng(2)
    y, p = rng.integers(2, size=20).astype(float), rng.uniform(size=20)
    assert row_loss(y, p, kind="binary").mean() == pytest.approx(log_loss(y, p))
    assert row_loss(np.array([np.nan, 2.0]), np.array([1.0, 3.5]), kind="continuous")[1] == 2.25
    assert np.isnan(row_loss(np.array([np.nan]), np.array([0.5]), kind="binary")[0])
    assert np.isfinite(row_loss(np.array([1.0]), np.array([0.0]), kind="binary")[0])


def test_a_second_estimate_lies_in_its_prediction_interval() -> None:
    """95 % of the time where both estimate one difference; df as Welch has it for equal arms."""
    rng = np.random.default_rng(3)
    n, cells = 30, 4000
    a, b = rng.normal(size=(2, n, cells))
    effect, se = [x.mean(axis=0) for x in (a, b)], [x.std(axis=0, ddof=1) / n**0.5 for x in (a, b)]
    df = welch_df(se[0], np.full(cells, n - 1.0), se[1], np.full(cells, n - 1.0))
    want = stats.ttest_ind(a[:, 0], b[:, 0], equal_var=False)
    assert df[0] == pytest.approx(want.df)
    low, high = predicted(effect[0], se[0], se[1], df)
    assert abs(((low <= effect[1]) & (effect[1] <= high)).mean() - 0.95) < 0.015
    p = direction_p(effect[0], effect[1], se[1], np.full(cells, n - 1.0))
    assert abs((p <= 0.05).mean() - 0.05) < 0.015
    np.testing.assert_array_equal(
        direction_p(np.array([1.0, 1.0]), np.array([1.0, -1.0]), np.zeros(2), np.ones(2)),
        [1e-16, 1],
    )
