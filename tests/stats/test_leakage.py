"""The leakage statistics: against literal versions, laws, and exactness of the permutation."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.arrays import Float
from evenlight.stats.cells import Design, cells, design
from evenlight.stats.leakage import (
    group_shift,
    leak_auc,
    leak_of,
    probed,
    scaled,
    told,
)
from evenlight.stats.two_sample import folds_of, shrinkage


def planned(
    rng: np.random.Generator, n: int, d: int, shift: float = 0.0
) -> tuple[Float, Design, np.ndarray, np.ndarray]:
    """Values of n units in two strata, half of them at the level."""
    stratum, at = np.arange(n) % 4 // 2, np.arange(n) % 2 == 0
    x = rng.normal(size=(n, d)) + stratum[:, None]
    x[:, 0] += shift * at
    made = cells(x, np.arange(n), stratum)
    return made.values, design(made, at), stratum, at


def slow_scores(x: Float, at: np.ndarray, stratum: np.ndarray, fold: np.ndarray) -> Float:
    """The discriminant of every unit, one by one, from the units of other folds."""
    out = np.empty(len(x))
    for i in range(len(x)):
        seen = [j for j in range(len(x)) if fold[j] != fold[i]]
        own = x[seen]
        d = shrinkage(own)
        s = (1 - d) * own.T @ own / len(own)
        s += d * np.trace(own.T @ own) / own.size * np.eye(x.shape[1])
        direction = np.zeros(x.shape[1])
        for j in seen:
            same = [k for k in seen if stratum[k] == stratum[j]]
            direction += x[j] * (at[j] - np.mean([at[k] for k in same]))
        out[i] = x[i] @ np.linalg.solve(s, direction)
    return out


def slow_auc(score: Float, at: np.ndarray, stratum: np.ndarray) -> float:
    """Pairs of one stratum, counted."""
    total = weight = 0.0
    for s in np.unique(stratum):
        a = score[(stratum == s) & at]
        b = score[(stratum == s) & ~at]
        won = sum((x > y) + 0.5 * (x == y) for x in a for y in b) / (len(a) * len(b))
        share = len(a) * len(b) / (len(a) + len(b))
        total, weight = total + share * won, weight + share
    return total / weight


@pytest.mark.parametrize("d", [1, 3])
def test_the_auc_equals_a_literal_classifier_counted_pair_by_pair(d: int) -> None:
    """Scale, centre, discriminant and stratified AUC from their definitions."""
    rng = np.random.default_rng(d)
    values, plan, stratum, at = planned(rng, 24, d, 1.0)
    fold = folds_of(plan, count=3, rng=rng)
    x = values - np.stack([values[stratum == s].mean(axis=0) for s in (0, 1)])[stratum]
    x = x / x.std(axis=0)
    if d == 1:
        square = x**2 - np.stack([(x**2)[stratum == s].mean(axis=0) for s in (0, 1)])[stratum]
        x = np.hstack([x, square / square.std(axis=0)])
    slow = slow_auc(slow_scores(x, at, stratum, fold), at, stratum)
    assert leak_auc(values, plan, fold) == pytest.approx(slow, abs=1e-12)


def test_the_test_is_exact_over_all_arrangements() -> None:
    """With every relabelling of four units a stratum as the truth, p is at most alpha as often."""
    rng = np.random.default_rng(0)
    values, plan, stratum, at = planned(rng, 8, 2)
    fold = folds_of(plan, count=2, rng=rng)
    own = [np.flatnonzero(stratum == s) for s in (0, 1)]
    auc = []
    for first in sorted(set(permutations(at[own[0]].tolist()))):
        for second in sorted(set(permutations(at[own[1]].tolist()))):
            drawn = np.empty(8, dtype=bool)
            drawn[own[0]], drawn[own[1]] = first, second
            other = design(cells(values, np.arange(8), stratum), drawn)
            auc.append(leak_auc(values, other, fold))
    every = np.array(auc)
    assert len(every) == 36
    p = np.array([(every >= a - 1e-9).mean() for a in every])
    for alpha in (0.1, 0.25, 0.5):
        assert (p <= alpha).mean() <= alpha


@given(st.integers(0, 10_000), st.floats(0.01, 100), st.floats(-50, 50))
@settings(max_examples=25, deadline=None)
def test_units_of_columns_and_levels_of_strata_do_not_matter(
    seed: int, scale: float, level: float
) -> None:
    """A column in other units, or a stratum at another level, tells the group as far."""
    rng = np.random.default_rng(seed)
    values, plan, stratum, _ = planned(rng, 40, 3, 0.5)
    fold = folds_of(plan, count=4, rng=rng)
    other = values * np.array([scale, 1.0, 1.0]) + level * stratum[:, None]
    assert leak_auc(other, plan, fold) == pytest.approx(leak_auc(values, plan, fold), abs=1e-9)


def test_a_spread_is_told_by_one_column_and_rounding_by_none() -> None:
    """A single column enters with its square; a column that is constant but for rounding is 0."""
    rng = np.random.default_rng(1)
    values, plan, _, at = planned(rng, 400, 1)
    values = (values - values.mean()) * np.where(at, 3.0, 1.0)[:, None]
    made = leak_of(values, plan, folds_of(plan, count=5, rng=rng), draws=99, rng=rng)
    assert made.p == 0.01
    assert made.low > 0.55
    still = np.full((400, 2), 1e6) + rng.normal(size=(400, 2)) * 1e-3
    assert not scaled(still, plan).any()
    assert probed(values, plan).shape == (400, 2)


def test_size_stays_near_five_percent() -> None:
    """Where the group depends on the stratum alone, p is below 0.05 about 1 time in 20."""
    rng = np.random.default_rng(2)
    p = []
    for _ in range(200):
        values, plan, _, _ = planned(rng, 60, 5)
        folds = folds_of(plan, count=5, rng=rng)
        p.append(leak_of(values, plan, folds, draws=99, rng=rng).p)
    assert 0.01 <= np.mean(np.array(p) <= 0.05) <= 0.09


def test_limits_hold_the_mean_auc() -> None:
    """95 % limits hold the mean AUC of many cohorts in 9 of 10 or more."""
    rng, made = np.random.default_rng(3), []
    for _ in range(100):
        values, plan, _, _ = planned(rng, 120, 4, 1.0)
        folds = folds_of(plan, count=5, rng=rng)
        made.append(leak_of(values, plan, folds, draws=99, rng=rng))
    middle = float(np.mean([m.auc for m in made]))
    assert np.mean([m.low <= middle <= m.high for m in made]) >= 0.9


def test_words_follow_limits_and_p() -> None:
    """Small arms are never called similar; an AUC below a half is no difference."""
    low, high = np.array([0.4, 0.4, 0.3, np.nan, 0.6]), np.array([0.54, 0.54, 0.48, np.nan, 0.8])
    p, n = np.array([0.3, 0.3, 0.99, np.nan, 0.2]), np.array([30, 15, 30, 0, 30])
    found = told(low, high, p, margin=0.05, alpha=0.05, smallest=n)
    words = ["similar", "cannot_tell", "similar", "not_estimable", "cannot_tell"]
    assert found.tolist() == words


def test_after_the_shift_all_groups_have_one_mean_in_each_stratum() -> None:
    """Weighted means agree where a stratum holds two groups, and nobody else is moved."""
    rng = np.random.default_rng(5)
    group, stratum = rng.integers(-1, 3, 200), rng.integers(-1, 4, 200)
    group[stratum == 3] = 1
    x, weight = rng.normal(size=(200, 3)), rng.integers(0, 3, 200).astype(float)
    shift = group_shift(x, group, stratum, weight=weight)
    assert not shift[(group < 0) | (stratum < 0) | (stratum == 3)].any()
    for s in range(3):
        rows = [(stratum == s) & (group == g) for g in range(3)]
        means = [weight[r] @ (x - shift)[r] / weight[r].sum() for r in rows]
        np.testing.assert_allclose(means[1:], [means[0]] * 2, atol=1e-12)
