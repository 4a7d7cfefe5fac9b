"""Maps that give one group's people the values of another group's."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from evenlight.stats.transport import gaussian_map, matched, quantile_map

RNG = np.random.default_rng(0)


def test_equal_numbers_are_matched_rank_by_rank() -> None:
    """With as many on each side, the i-th smallest meets the i-th smallest, each once."""
    own, others = RNG.normal(size=40), RNG.normal(size=40)
    found = matched(own, others, rng=RNG)
    assert sorted(found.tolist()) == list(range(40))
    assert (np.argsort(own) == np.argsort(others[found])).all()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    st.lists(st.integers(-3, 3), min_size=1, max_size=30),
    st.integers(0, 10**6),
)
def test_a_higher_rank_never_gets_a_lower_value(
    own: list[int], others: list[int], seed: int
) -> None:
    """Whoever is strictly higher among the own gets at least as much, and a value that is there."""
    a, b = np.array(own, dtype=float), np.array(others, dtype=float)
    moved = quantile_map(a[:, None], b[:, None], rng=np.random.default_rng(seed))[:, 0]
    assert set(moved.tolist()) <= set(b.tolist())
    for i in range(len(a)):
        assert (moved[a > a[i]] >= moved[i]).all()


def test_each_of_the_others_is_drawn_equally_often() -> None:
    """Over many draws the mean of what 7 people get is the mean of 12 others, without bias."""
    own, others = np.array([0.0, 0, 0, 1, 1, 2, 2]), np.arange(12.0) ** 2
    rng = np.random.default_rng(1)
    means = [others[matched(own, others, rng=rng)].mean() for _ in range(4000)]
    error = np.std(means) / np.sqrt(len(means))
    assert abs(np.mean(means) - others.mean()) < 4 * error


def test_ties_are_broken_at_random() -> None:
    """Two thirds of the zeros of a SNP become ones where the other group has fewer zeros."""
    own, others = np.zeros((3000, 1)), np.repeat([0.0, 1.0], [1000, 2000])[:, None]
    moved = quantile_map(own, others, rng=np.random.default_rng(2))[:, 0]
    assert abs(moved.mean() - 2 / 3) < 1e-3
    assert abs(moved[:1500].mean() - moved[1500:].mean()) < 0.06


def test_nobody_to_match_with_is_an_error() -> None:
    """An empty other group is refused."""
    with pytest.raises(ValueError, match="somebody to match"):
        matched(np.zeros(3), np.zeros(0), rng=RNG)


def test_gaussian_map_equals_the_formula_with_scipy_roots() -> None:
    """The map is mu_B + A^-1/2 (A^1/2 B A^1/2)^1/2 A^-1/2 (x - mu_A)."""
    own = RNG.normal(size=(50, 3)) @ RNG.normal(size=(3, 3))
    others = RNG.normal(size=(70, 3)) @ RNG.normal(size=(3, 3)) + 2
    a, b = np.cov(own.T), np.cov(others.T)
    root = np.real(sqrtm(a))
    step = np.linalg.inv(root) @ np.real(sqrtm(root @ b @ root)) @ np.linalg.inv(root)
    slow = others.mean(axis=0) + (own - own.mean(axis=0)) @ step.T
    np.testing.assert_allclose(gaussian_map(own, others), slow, rtol=1e-6)


def test_gaussian_map_gives_means_and_covariances_exactly() -> None:
    """What comes out has the others' mean and covariance, and back again gives the people back."""
    own, others = RNG.normal(size=(40, 4)), 3 * RNG.normal(size=(60, 4)) - 1
    moved = gaussian_map(own, others)
    np.testing.assert_allclose(moved.mean(axis=0), others.mean(axis=0))
    np.testing.assert_allclose(np.cov(moved.T), np.cov(others.T), rtol=1e-7)
    np.testing.assert_allclose(gaussian_map(moved, own), own, atol=1e-7)


def test_a_column_that_does_not_vary_is_only_shifted() -> None:
    """No direction without spread is divided by it."""
    own = np.column_stack([RNG.normal(size=30), np.ones(30)])
    others = np.column_stack([RNG.normal(size=30), np.full(30, 5.0)])
    moved = gaussian_map(own, others)
    np.testing.assert_allclose(moved[:, 1], 5.0)
    assert np.isfinite(moved).all()


def test_a_gaussian_map_needs_two_people_a_side() -> None:
    """One person has no covariance."""
    with pytest.raises(ValueError, match="two people a side, not 1, 5"):
        gaussian_map(np.zeros((1, 2)), np.zeros((5, 2)))
