"""Slices against a literal search, and k-means against another library."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from evenlight.stats.kmeans import between_share, kmeans, one_cloud, rand_index, stability
from evenlight.stats.slices import contrast, member_of, parts_of, worst


def test_every_cross_is_a_slice_once() -> None:
    """Levels that occur, and crosses of levels that occur together; unknown is no level."""
    codes = np.array([[0, 0, 1], [1, 0, -1], [1, 1, 0], [0, 1, 0]])
    found = {frozenset(part) for part in parts_of(codes, depth=3)}
    slow = set()
    for size in (1, 2, 3):
        for own in product(range(-1, 2), repeat=3):
            part = frozenset((c, level) for c, level in enumerate(own) if level >= 0)
            if len(part) == size and any(all(row[c] == v for c, v in part) for row in codes):
                slow.add(part)
    assert found == slow
    assert member_of(codes, [(0, 1), (1, 1)]).tolist() == [False, False, True, False]


def test_the_difference_and_its_error_are_those_of_clustered_least_squares() -> None:
    """The same as a regression on the slice with errors clustered by person."""
    rng = np.random.default_rng(0)
    unit = rng.integers(0, 30, 120)
    value, inside = rng.normal(size=120) + unit / 30, rng.random(120) < 0.4
    made = contrast(value, inside[:, None], unit)
    fit = sm.OLS(value, sm.add_constant(inside.astype(float)))
    other = fit.fit(cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False})
    assert made.effect[0] == pytest.approx(other.params[1])
    u = len(np.unique(unit))
    assert made.se[0] == pytest.approx(other.bse[1] * np.sqrt(u / (u - 1)))
    assert made.units[0].tolist() == [
        len(np.unique(unit[inside])),
        len(np.unique(unit[~inside])),
    ]


def test_weights_are_those_of_weighted_least_squares() -> None:
    """Each person by a weight: effect and error as of WLS; equal weights change nothing."""
    rng = np.random.default_rng(3)
    unit = np.unique(rng.integers(0, 30, 120), return_inverse=True)[1]
    value, inside = rng.normal(size=120) + unit / 30, rng.random((120, 1)) < 0.4
    weight = rng.uniform(0.2, 5.0, 30)[unit]
    made = contrast(value, inside, unit, weight)
    fit = sm.WLS(value, sm.add_constant(inside.astype(float)), weights=weight)
    other = fit.fit(cov_type="cluster", cov_kwds={"groups": unit, "use_correction": False})
    u = int(unit.max()) + 1
    assert made.effect[0] == pytest.approx(other.params[1])
    assert made.se[0] == pytest.approx(other.bse[1] * np.sqrt(u / (u - 1)))
    assert (made.effective < made.units).all()
    plain, alike = contrast(value, inside, unit), contrast(value, inside, unit, np.full(120, 3.0))
    assert alike.effect[0] == pytest.approx(plain.effect[0])
    assert alike.se[0] == pytest.approx(plain.se[0])
    np.testing.assert_allclose(alike.effective, plain.units)


def test_slices_that_are_nearly_the_same_are_told_once() -> None:
    """More than half of the union in common: only the worse one stays."""
    rows = np.zeros((100, 3), dtype=bool)
    rows[:40, 0] = rows[:35, 1] = rows[60:, 2] = True
    assert worst(np.array([1.0, 2.0, 0.5]), rows, most=3).tolist() == [1, 2]
    assert worst(np.array([1.0, -np.inf, 0.5]), rows, most=1).tolist() == [0]


def test_clusters_agree_with_another_library() -> None:
    """Clear clusters are found exactly; the index is scikit-learn's."""
    rng = np.random.default_rng(1)
    truth = rng.choice(3, 200, p=[0.5, 0.3, 0.2])
    x = rng.normal(size=(200, 4)) + 6 * np.eye(4)[truth]
    code = kmeans(x, 3, rng=rng)
    other = KMeans(3, n_init=10, random_state=0).fit_predict(x)
    assert rand_index(code, other) == 1.0
    assert (np.diff(np.bincount(code)) <= 0).all()
    a, b = rng.integers(0, 4, 80), rng.integers(0, 3, 80)
    assert rand_index(a, b) == pytest.approx(adjusted_rand_score(a, b))
    assert rand_index(np.zeros(5, dtype=int), np.zeros(5, dtype=int)) == 1.0


def test_clusters_are_stable_and_a_cloud_is_not() -> None:
    """Three far clusters stay, a cut through one cloud of the same covariance moves."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(150, 5)) + 5 * np.eye(5)[np.arange(150) % 3]
    cloud = one_cloud(x, rng=rng)
    assert stability(x, 3, draws=5, rng=rng) > 0.98
    assert stability(rng.normal(size=(150, 5)), 3, draws=5, rng=rng) < 0.6
    np.testing.assert_allclose(cloud.std(axis=0), x.std(axis=0), rtol=0.3)
    assert between_share(x, np.arange(150) % 3) > 0.6
    assert between_share(np.ones((4, 2)), np.array([0, 0, 1, 1])) == 0.0
