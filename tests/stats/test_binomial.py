"""Exact limits of a share are those of the library."""

from __future__ import annotations

import numpy as np
from scipy.stats import binomtest

from evenlight.stats.binomial import exact, exact_beside


def test_the_limits_are_those_of_the_library() -> None:
    """Exact limits of k of n, also where none or all are hit, one by one and together."""
    k, n = np.array([0, 4, 6, 20, 149]), np.array([20, 20, 30, 20, 150])
    low, high = exact(k / n, n, 0.05)
    for i, (hits, many) in enumerate(zip(k.tolist(), n.tolist(), strict=True)):
        wanted = binomtest(hits, many).proportion_ci(0.95, "exact")
        np.testing.assert_allclose((low[i], high[i]), wanted, rtol=1e-10)
        np.testing.assert_allclose(exact(np.array(hits / many), np.array(many), 0.05), wanted)


def test_another_error_widens_limits_and_none_leaves_them() -> None:
    """Distances add as squares, stay within 0 and 1, and alpha may differ by test."""
    value, n = np.array([0.5, 0.97, 1.0]), np.array([40.0, 40.0, 40.0])
    low, high = exact(value, n, 0.05)
    np.testing.assert_allclose(exact_beside(value, n, np.zeros(3), 0.05), (low, high))
    wide = exact_beside(value, n, np.full(3, 0.1), 0.05)
    far = 1.959964 * 0.1
    np.testing.assert_allclose(wide[0], value - np.hypot(value - low, far), rtol=1e-6)
    np.testing.assert_allclose(wide[1][0], 0.5 + np.hypot(high[0] - 0.5, far), rtol=1e-6)
    assert wide[1].tolist()[1:] == [1.0, 1.0]
    each = exact_beside(value, n, np.full(3, 0.1), np.array([0.05, 0.01, 0.01]))
    assert each[0][0] == wide[0][0]
    assert each[0][1] < wide[0][1]
