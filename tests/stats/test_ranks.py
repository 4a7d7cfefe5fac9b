"""Agreement of rankings against the definitions, scipy and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from evenlight.stats.ranks import (
    STATISTICS,
    agreements,
    overlaps,
    places,
    rank_biased_overlap,
    top_jaccard,
)


def slow_rbo(first: list[int], second: list[int], r: float) -> float:
    """Webber's extrapolated RBO of two complete rankings, from sets."""
    p = len(first)
    total = 0.0
    for d in range(1, p + 1):
        total += r**d * len(set(first[:d]) & set(second[:d])) / d
    return (1 - r) / r * total + r**p


def test_every_statistic_equals_its_definition() -> None:
    """RBO and Jaccard by sets, Spearman and Kendall by scipy, ties included."""
    rng = np.random.default_rng(0)
    a = rng.integers(1, 12, size=(6, 15)).astype(float)
    b = a + rng.integers(-2, 3, size=a.shape).astype(float)
    got = agreements(a, b, k=4)
    assert got.shape == (6, len(STATISTICS))
    for row, x, y in zip(got, a, b, strict=True):
        first, second = (sorted(range(15), key=lambda j: (-v[j], j)) for v in (x, y))
        assert row[0] == pytest.approx(slow_rbo(first, second, 0.9))
        top = (set(first[:4]), set(second[:4]))
        assert row[1] == pytest.approx(len(top[0] & top[1]) / len(top[0] | top[1]))
        assert row[2] == pytest.approx(spearmanr(x, y).statistic)
        assert row[3] == pytest.approx(kendalltau(x, y).statistic)


def test_rbo_of_webbers_conjoint_rankings_without_overlap_early() -> None:
    """Two items the other way round: A_1 = 0, A_2 = 1, so RBO is the weight beyond rank one."""
    shared = overlaps(np.array([[0, 1]]), np.array([[1, 0]]))
    assert rank_biased_overlap(shared, persistence=0.5)[0] == pytest.approx(0.5)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(0, 10), min_size=3, max_size=12, unique=True), st.integers(0, 99))
def test_agreement_is_symmetric_and_whole_for_equal_rankings(
    values: list[float], seed: int
) -> None:
    """A ranking agrees in full with itself, and with another as that one with it."""
    a = np.array([values])
    b = np.random.default_rng(seed).permuted(a, axis=1)
    np.testing.assert_allclose(agreements(a, a, k=2), 1.0)
    np.testing.assert_allclose(agreements(a, b, k=2), agreements(b, a, k=2))


def test_places_and_jaccard_take_the_first_of_a_tie() -> None:
    """Ties are settled by position, so a seed gives the same answer everywhere."""
    same = places(np.array([[1.0, 1.0, 1.0]]))
    assert same.tolist() == [[0, 1, 2]]
    assert top_jaccard(overlaps(same, same), 2).tolist() == [1.0]


def test_rankings_that_are_all_ties_have_no_correlation() -> None:
    """Zero, not a warning and not NaN."""
    flat = np.ones((1, 5))
    assert agreements(flat, np.arange(5.0)[None], k=2)[0, 2:].tolist() == [0.0, 0.0]
