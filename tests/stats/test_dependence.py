"""Distance covariance and compositions against literal definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evenlight.arrays import Float
from evenlight.errors import GroupError
from evenlight.stats.compositions import log_ratios, without_largest
from evenlight.stats.dependence import distance_correlation, null_distances
from evenlight.stats.permutation import p_value
from evenlight.stats.shuffles import shuffles


def literal(x: Float, y: Float) -> float:
    """Sum of products of two U-centred distance matrices, by loops over pairs."""

    def centred(values: Float) -> list[list[float]]:
        n = len(values)
        d = [[float(np.linalg.norm(a - b)) for b in values] for a in values]
        row = [sum(r) for r in d]
        total = sum(row)
        return [
            [
                0.0
                if i == j
                else d[i][j] - (row[i] + row[j]) / (n - 2) + total / ((n - 1) * (n - 2))
                for j in range(n)
            ]
            for i in range(n)
        ]

    a, b = centred(x), centred(y)
    return sum(a[i][j] * b[i][j] for i in range(len(x)) for j in range(len(x)))


def test_distance_covariance_is_the_definition() -> None:
    """Observed value, draws and correlation equal loops over pairs."""
    rng = np.random.default_rng(0)
    axes = rng.normal(size=(14, 2))
    values = np.column_stack([axes[:, 0] ** 2, rng.normal(size=14), np.ones(14)])
    drawn = shuffles(np.repeat([0, 1], 7), draws=6, rng=rng)
    seen, null = null_distances(values, axes, drawn)
    orders = np.vstack([o for _, o in drawn])
    for j in range(3):
        y = values[:, [j]]
        assert seen[j] == pytest.approx(literal(axes, y), abs=1e-9)
        for i, order in enumerate(orders):
            assert null[i, j] == pytest.approx(literal(axes, y[order]), abs=1e-9)
        both = (literal(axes, axes) * literal(y, y)) ** 0.5
        want = literal(axes, y) / both if j < 2 else 0.0
        assert distance_correlation(values, axes)[j] == pytest.approx(want, abs=1e-9)


def test_a_curved_dependence_without_slope_is_found() -> None:
    """A parabola of an axis has no slope, and is found; noise is not."""
    rng = np.random.default_rng(1)
    axes = rng.normal(size=(120, 1))
    values = np.column_stack([axes[:, 0] ** 2 + rng.normal(size=120), rng.normal(size=120)])
    drawn = shuffles(np.zeros(120, dtype=np.int64), draws=199, rng=rng)
    p = p_value(*null_distances(values, axes, drawn))
    assert p[0] <= 0.01
    assert p[1] > 0.05


@given(st.integers(0, 1000), st.floats(0.1, 10), st.floats(-5, 5))
def test_distance_correlation_knows_no_unit(seed: int, scale: float, shift: float) -> None:
    """Shift and scale of values or axes change nothing, and nothing exceeds 1."""
    rng = np.random.default_rng(seed)
    values, axes = rng.normal(size=(12, 1)), rng.normal(size=(12, 2))
    one = distance_correlation(values, axes)[0]
    other = distance_correlation(scale * values + shift, shift - scale * axes)[0]
    assert other == pytest.approx(one, abs=1e-9)
    assert one <= 1 + 1e-12
    assert distance_correlation(values, 2 * values)[0] == pytest.approx(1.0)


def test_log_ratios_keep_distances_of_clr() -> None:
    """Isometric log-ratios have the distances of centred log-ratios, their defining property."""
    shares = np.random.default_rng(2).dirichlet(np.ones(4), size=9)
    z = log_ratios(shares)
    clr = np.log(shares) - np.log(shares).mean(axis=1, keepdims=True)
    assert z.shape == (9, 3)
    for i in range(9):
        np.testing.assert_allclose(
            np.linalg.norm(z - z[i], axis=1), np.linalg.norm(clr - clr[i], axis=1), rtol=1e-10
        )


def test_a_share_of_zero_has_no_log_ratio() -> None:
    """The error counts the rows and names the other coordinates."""
    with pytest.raises(GroupError, match=r"1 of 2 rows have a share of 0.*shares"):
        log_ratios(np.array([[1.0, 0.0], [0.5, 0.5]]))
    left, which = without_largest(np.array([[1.0, 0.0], [0.5, 0.5]]))
    assert (left.ravel().tolist(), which) == ([0.0, 0.5], 0)
