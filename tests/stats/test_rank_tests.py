"""Rank tests of all features equal scipy's, feature by feature."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from scipy import stats

from evenlight.arrays import Bool, Float
from evenlight.errors import InputError
from evenlight.stats.rank_tests import rank_tests


def columns(kind: str, rng: np.random.Generator) -> tuple[Float, Bool]:
    """150 rows and 70 columns, more than a block."""
    drawn: dict[str, Callable[[], Any]] = {
        "continuous": lambda: rng.normal(size=(150, 70)),
        "tied": lambda: rng.integers(-2, 3, size=(150, 70)) * 0.5,
        "zeros": lambda: np.where(rng.uniform(size=(150, 70)) < 0.6, -0.0, rng.normal()),
        "signed zeros": lambda: np.where(rng.uniform(size=(150, 70)) < 0.5, -0.0, 0.0),
    }
    values = drawn[kind]().astype(np.float32).astype(float)
    member = np.arange(150) < 61
    values[member, 3] += 1.0
    return values, member


@pytest.mark.parametrize("kind", ["continuous", "tied", "zeros", "signed zeros"])
def test_both_tests_are_scipys(kind: str) -> None:
    """U, D and their asymptotic p, with ties and both signs of zero."""
    values, member = columns(kind, np.random.default_rng(0))
    found = rank_tests(values, member)
    a, b = values[member], values[~member]
    whole = stats.mannwhitneyu(a, b, axis=0, method="asymptotic")
    np.testing.assert_allclose(found.u, whole.statistic)
    varies = np.ptp(values, axis=0) > 0
    np.testing.assert_allclose(found.p_u[varies], np.asarray(whole.pvalue)[varies], rtol=1e-9)
    for j in range(70):
        one = stats.ks_2samp(a[:, j], b[:, j], method="asymp")
        assert found.d[j] == pytest.approx(one.statistic, abs=1e-12)
        assert found.p_d[j] == pytest.approx(one.pvalue, rel=1e-9)


def test_a_constant_feature_is_no_finding() -> None:
    """Where all values are equal both p are 1."""
    found = rank_tests(np.full((20, 1), 0.1), np.arange(20) < 8)
    assert (found.p_u[0], found.p_d[0], found.d[0]) == (1.0, 1.0, 0.0)


def test_an_empty_side_and_missing_values_are_refused() -> None:
    """The error names what is wrong."""
    with pytest.raises(InputError, match="one side holds 0"):
        rank_tests(np.zeros((4, 1)), np.zeros(4, dtype=bool))
    with pytest.raises(InputError, match="not a number"):
        rank_tests(np.array([[1.0], [np.nan]]), np.array([True, False]))


def test_swapping_the_sides_keeps_both_p() -> None:
    """U becomes n_A n_B - U; p and D stay."""
    values, member = columns("tied", np.random.default_rng(1))
    one, other = rank_tests(values, member), rank_tests(values, ~member)
    np.testing.assert_allclose(other.u, member.sum() * (~member).sum() - one.u)
    np.testing.assert_allclose(other.p_u, one.p_u)
    np.testing.assert_array_equal(other.d, one.d)
    np.testing.assert_array_equal(other.p_d, one.p_d)
