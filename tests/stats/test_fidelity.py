"""Curves, distances and similarity of attributions against loops and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evenlight.stats.fidelity import (
    borne_out,
    claimed_area,
    curve_sizes,
    curve_weights,
    lengths,
    monte_carlo_error,
    relative_change,
    relative_difference,
    relative_residual,
    similarity,
)
from evenlight.stats.intervals import quantile_interval


def slow_claim(phi: list[float], sizes: list[int]) -> float:
    """Area between own order and the straight line of random orders, step by step."""
    ordered, q = sorted(phi, reverse=True), len(phi)
    apart = [sum(ordered[:k]) - sum(phi) * k / q for k in sizes]
    steps = zip(sizes, sizes[1:], apart, apart[1:], strict=False)
    return sum((b - a) / q * (u + v) / 2 for a, b, u, v in steps)


@pytest.mark.parametrize("q", [1, 2, 3, 7, 8, 9, 20, 101])
def test_the_claimed_area_equals_loops(q: int) -> None:
    """Sorted sums against the straight line, by trapezoids."""
    phi, sizes = np.random.default_rng(q).normal(size=(4, q)), curve_sizes(q)
    slow = [slow_claim(row.tolist(), sizes.tolist()) for row in phi]
    np.testing.assert_allclose(claimed_area(phi, sizes), slow, atol=1e-12)


@given(st.integers(1, 500))
def test_sizes_run_from_none_to_all_and_mirror_each_other(q: int) -> None:
    """What is left after taking k away is a size too, so that a random order serves both curves."""
    sizes = curve_sizes(q)
    assert (sizes[0], sizes[-1]) == (0, q)
    assert len(sizes) <= 9
    assert (np.diff(sizes) > 0).all()
    assert (sizes + sizes[::-1] == q).all()
    assert curve_weights(sizes).sum() == pytest.approx(1.0)


@given(st.integers(0, 1000), st.floats(0.1, 10.0))
@settings(max_examples=30, deadline=None)
def test_a_claim_is_never_negative_and_grows_with_its_attributions(seed: int, by: float) -> None:
    """Order and constant do not matter, size does."""
    rng = np.random.default_rng(seed)
    phi = rng.normal(size=(5, 12))
    claim = claimed_area(phi, curve_sizes(12))
    assert (claim >= 0).all()
    np.testing.assert_allclose(claimed_area(by * phi + 3, curve_sizes(12)), by * claim)
    np.testing.assert_allclose(claimed_area(phi[:, ::-1], curve_sizes(12)), claim)


def test_a_score_is_one_as_claimed_and_nought_for_nothing() -> None:
    """Rows that claim little are judged by a tenth of the median; all zeros bear nothing out."""
    claimed = np.array([1.0, 1.0, 1.0, 0.001])
    found = np.array([1.0, 0.0, 99.0, 0.051])
    np.testing.assert_allclose(borne_out(found, claimed), [1.0, 0.0, 3.0, 1.5])
    assert borne_out(np.array([0.3, -0.2]), np.zeros(2)).tolist() == [0.0, 0.0]


def test_the_relative_difference_takes_off_what_chance_adds() -> None:
    """Means of noisy copies have the distance of what they estimate, on average."""
    rng = np.random.default_rng(0)
    truth, other = rng.normal(size=(400, 10)), rng.normal(size=(400, 10))
    draws = other[:, None] + 2 * rng.normal(size=(400, 8, 10))
    noise = draws.var(axis=1, ddof=1).sum(axis=1) / 8
    plain = relative_difference(truth, draws.mean(axis=1), np.zeros(400)).mean()
    wanted = relative_difference(truth, other, np.zeros(400)).mean()
    found = relative_difference(truth, draws.mean(axis=1), noise).mean()
    assert abs(found - wanted) < 0.015
    assert abs(plain - wanted) > abs(found - wanted)


def test_distances_of_planted_pairs() -> None:
    """The same 0, opposite 1, a factor of two a third, unrelated about 0.7."""
    rng = np.random.default_rng(1)
    one, other = rng.normal(size=(2, 200, 50))
    none = np.zeros(200)
    assert relative_difference(one, one, none).max() == 0
    np.testing.assert_allclose(relative_difference(one, -one, none), 1.0)
    np.testing.assert_allclose(relative_difference(one, 2 * one, none), 1 / 3)
    assert relative_difference(one, other, none).mean() == pytest.approx(np.sqrt(0.5), abs=0.02)
    assert similarity(one, one).min() == pytest.approx(1.0)
    assert abs(similarity(one, other).mean()) < 0.03
    assert similarity(one, np.zeros_like(one)).tolist() == [0.0] * 200


def test_lengths_are_read_in_blocks_of_rows() -> None:
    """An array of any shape, with a block that does not divide it."""
    x = np.random.default_rng(2).normal(size=(11, 3, 4))
    wanted = [float(np.sqrt((row**2).sum())) for row in x]
    np.testing.assert_allclose(lengths(x, block=4), wanted)


def test_errors_without_any_attribution_are_not_small() -> None:
    """Where the typical attribution is 0, an error is as bad as can be told, and no error is 0."""
    zero, one = np.zeros((3, 2)), np.ones((3, 2))
    assert monte_carlo_error(zero, np.vstack([one[:1], zero[:2]])).tolist() == [3.0, 0.0, 0.0]
    assert relative_change(zero, one, 0.0).tolist() == [3.0] * 3


def test_residuals_are_over_the_move_of_the_output() -> None:
    """By the row's own move, or the median one where that is larger; without any, all or 0."""
    output, base = np.array([1.0, 3.0, 11.0]), np.ones(3)
    found = relative_residual(np.array([0.2, -0.2, 0.2]), output, base)
    np.testing.assert_allclose(found, [0.1, 0.1, 0.02])
    assert relative_residual(np.array([0.0, 0.2]), np.ones(2), np.ones(2)).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("share", [0.5, 0.95])
def test_intervals_of_quantiles_hold_what_they_say(share: float) -> None:
    """The order statistics hold the quantile in at least 95 % of 400 skewed samples (SE 1.1)."""
    rng, true = np.random.default_rng(3), float(-np.log(1 - share))
    ends = [quantile_interval(rng.exponential(size=120), share)[1:] for _ in range(400)]
    held = np.mean([low <= true <= high for low, high in ends])
    assert held >= 0.95 - 2 * 0.011
