"""Steps inside units: the matrix against loops, exact tests, shares without bias."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float, Int
from evenlight.stats.unit_steps import carried, flips, folds, steps, told_by_steps


def slow(values: Float, codes: Int, unit: Int, cell: Int) -> list[float]:
    """Each unit's step, by loops."""
    out = []
    for u in np.unique(unit):
        top = weight = 0.0
        for c in np.unique(cell[cell >= 0]):
            a, b = (values[(unit == u) & (cell == c) & (codes == g)] for g in (0, 1))
            if len(a) and len(b):
                w = len(a) * len(b) / (len(a) + len(b))
                top, weight = top + w * (b.mean() - a.mean()), weight + w
        if weight:
            out.append(top / weight)
    return out


@given(st.integers(0, 2**32 - 1))
def test_steps_are_those_of_loops(seed: int) -> None:
    """Units without both levels in a cell are left out; cells weigh by their rows."""
    rng = np.random.default_rng(seed)
    codes, unit = rng.integers(-1, 2, 40), rng.integers(0, 9, 40)
    cell, values = rng.integers(-1, 3, 40), rng.normal(size=40)
    found = steps(codes, unit, cell) @ values
    np.testing.assert_allclose(found, slow(values, codes, unit, cell), atol=1e-12)


def test_what_is_a_units_own_is_gone() -> None:
    """A shift of all rows of a unit moves no step."""
    rng = np.random.default_rng(0)
    codes, unit = np.tile([0, 1, 1], 8), np.repeat(np.arange(8), 3)
    made = steps(codes, unit, np.zeros(24, dtype=np.int64))
    x = rng.normal(size=24)
    np.testing.assert_allclose(made @ x, made @ (x + 10.0 * unit), atol=1e-12)


def test_nobody_with_both_levels_makes_no_step() -> None:
    """The matrix has no rows then."""
    made = steps(np.array([0, 1]), np.array([0, 1]), np.array([0, 0]))
    assert made.shape == (0, 2)


def test_shares_are_a_u_statistic_and_add_up() -> None:
    """Against the double loop over pairs of units; their sum is that of the whole output."""
    rng = np.random.default_rng(1)
    step = rng.normal([0.8, 0.1, -0.2], 1.0, (15, 3))
    f = step.sum(axis=1)
    found = carried(step, f, flips(15, rng=rng), rng=rng).share
    pairs = [step[u] * f[v] for u in range(15) for v in range(15) if u != v]
    np.testing.assert_allclose(found, np.mean(pairs, axis=0) / (f**2).mean())
    whole = carried(f[:, None], f, flips(15, rng=rng), rng=rng).share[0]
    assert found.sum() == pytest.approx(whole)


def test_an_output_that_never_moves_has_no_share() -> None:
    """Nothing is carried where there is nothing, and no number is made up."""
    rng = np.random.default_rng(2)
    made = carried(np.zeros((12, 2)), np.zeros(12), flips(12, rng=rng), rng=rng)
    assert np.isnan(made.share).all()
    assert np.isnan(made.p).all()


def test_sizes_are_five_percent_or_less_and_the_mean_share_is_nothing() -> None:
    """Without a common step: p of telling, p of carrying, and the share, over 200 draws."""
    rng = np.random.default_rng(3)
    tells, carries, share, away = [], [], [], []
    for _ in range(200):
        step = rng.normal(size=(24, 30))
        signs = flips(24, draws=199, rng=rng)
        tells.append(told_by_steps(step, folds(24, rng=rng), signs).p <= 0.05)
        found = carried(step[:, :3], step[:, :3].sum(axis=1), signs, rng=rng)
        carries.append(found.p <= 0.05)
        share.append(found.share)
        away.append(((found.low > 0) | (found.high < 0)).any())
    assert np.mean(tells) < 0.05 + 3 * 0.016
    assert (np.mean(carries, axis=0) < 0.05 + 3 * 0.016).all()
    assert np.mean(away) < 0.05 + 3 * 0.016
    assert (np.abs(np.mean(share, axis=0)) < 4 * np.std(share, axis=0) / np.sqrt(200)).all()


def test_a_region_that_moves_where_the_output_does_not_carries_nothing() -> None:
    """Two regions that cancel: each moves in every unit, the output in none on average."""
    rng = np.random.default_rng(4)
    low = []
    for _ in range(100):
        step = rng.normal([1.0, -1.0], 1.0, (40, 2))
        found = carried(step, step.sum(axis=1), flips(40, draws=199, rng=rng), rng=rng)
        low.append(found.p[0] <= 0.05)
    assert np.mean(low) < 0.05 + 3 * 0.022


def test_scores_come_from_other_units() -> None:
    """A step that is a unit's own, however large, does not rank that unit rightly."""
    rng = np.random.default_rng(5)
    fold, signs = folds(60, rng=rng), flips(60, rng=rng)
    own = told_by_steps(np.eye(60) * 50, fold, signs)
    shared = told_by_steps(np.eye(60) + 1.0, fold, signs)
    assert own.p > 0.05
    assert (shared.value, shared.p) == (1.0, 0.001)
    assert 0.8 < shared.low < shared.high == pytest.approx(1.0)
