"""Gaps, the jackknife and the read-out, against literal versions and another library."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import Ridge

from evenlight.stats.cells import cells, design
from evenlight.stats.erasure import RIDGES, jackknifed, read_out, share_explained, stratified_gap


def test_the_gap_equals_means_within_strata() -> None:
    """Weights n_A n_B / (n_A + n_B), and a stratum that keeps nobody of a group leaves."""
    rng = np.random.default_rng(0)
    stratum, at, x = np.repeat([0, 1, 2], 8), np.tile([True, False, False, True], 6), None
    x = rng.normal(size=(24, 2))
    made = cells(x, np.arange(24), stratum)
    plan = design(made, at)
    keep = rng.random(24) < 0.8
    keep[(stratum == 2) & at] = False
    slow, weight = np.zeros(2), 0.0
    for s in (0, 1):
        own = stratum == s
        gap = x[own & at & keep].mean(axis=0) - x[own & ~at & keep].mean(axis=0)
        slow, weight = slow + 2.0 * gap, weight + 2.0
    np.testing.assert_allclose(stratified_gap(x, plan, keep), slow / weight)
    assert np.isnan(stratified_gap(x, plan, ~at)).all()


def test_the_jackknife_of_a_mean_is_its_standard_error() -> None:
    """With one unit a block the variance is s squared over n, and t has n - 1 degrees."""
    rng = np.random.default_rng(1)
    x = rng.normal(size=12)
    parts = np.array([[np.delete(x, i).mean()] for i in range(12)])
    low, high = jackknifed(np.array([x.mean()]), parts)
    half = 2.200985 * x.std(ddof=1) / np.sqrt(12)
    assert low[0] == pytest.approx(x.mean() - half, rel=1e-6)
    assert high[0] == pytest.approx(x.mean() + half, rel=1e-6)


@pytest.mark.parametrize(("n", "d"), [(60, 5), (40, 90)])
def test_the_read_out_is_a_ridge_regression(n: int, d: int) -> None:
    """Each fold agrees with scikit-learn's ridge at the parameter of least literal score."""
    rng = np.random.default_rng(2)
    x = rng.normal(size=(n, d))
    f = x[:, 0] - x[:, 1] + rng.normal(size=n)
    fold = np.arange(n) % 2
    said = read_out(x, f, fold)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    for k in (0, 1):
        seen, held = z[fold != k], z[fold == k]
        centred = seen - seen.mean(axis=0)
        size = np.linalg.svd(centred, compute_uv=False) ** 2
        scores, models = [], []
        for ridge in RIDGES * size.max():
            model = Ridge(alpha=ridge).fit(seen, f[fold != k])
            rss = float(((f[fold != k] - model.predict(seen)) ** 2).sum())
            free = len(seen) - 1 - float((size / (size + ridge)).sum())
            scores.append(len(seen) * rss / free**2 if free > 0.5 else np.inf)
            models.append(model)
        best = models[int(np.argmin(scores))]
        np.testing.assert_allclose(said[fold == k], best.predict(held), atol=1e-8)


def test_nothing_to_read_says_the_mean() -> None:
    """Constant columns explain nothing."""
    f = np.array([0.0, 1.0, 2.0, 3.0])
    said = read_out(np.ones((4, 2)), f, np.array([0, 0, 1, 1]))
    assert said.tolist() == [2.5, 2.5, 0.5, 0.5]
    assert share_explained(f, said) < 0
    assert share_explained(np.ones(4), np.zeros(4)) == 0
