"""Agreement of rankings against the definitions, scipy and laws."""

from __future__ import annotations

from time import process_time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import kendalltau, spearmanr

from evenlight.stats.ranks import (
    STATISTICS,
    agreements,
    inversions,
    kendall,
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


@pytest.mark.parametrize(("draws", "p", "digits"), [(40, 25, 1), (40, 25, 9), (5, 700, 0)])
def test_kendall_of_all_draws_at_once_is_scipys_to_the_bit(draws: int, p: int, digits: int) -> None:
    """Draw by draw the same number as scipy's tau-b, with many ties and with none."""
    rng = np.random.default_rng(p + digits)
    a = rng.normal(size=(draws, p)).round(digits)
    b = (a + rng.normal(size=a.shape)).round(digits)
    b[0], b[1] = a[0], -a[1]
    wanted = [kendalltau(x, y, method="asymptotic").statistic for x, y in zip(a, b, strict=True)]
    assert kendall(a, b).tolist() == wanted


def test_kendall_where_scipy_has_no_number_is_zero() -> None:
    """All ties, one item, or a missing one: there is no order to agree with."""
    a = np.array([[1.0, 1.0, 1.0], [1.0, np.nan, 2.0], [0.0, -0.0, 1.0]])
    assert kendall(a, np.array([[1.0, 2.0, 3.0]] * 3)).tolist()[:2] == [0.0, 0.0]
    assert kendall(a, a[:, ::-1])[2] == pytest.approx(kendalltau(a[2], a[2, ::-1]).statistic)
    assert kendall(np.ones((2, 1)), np.ones((2, 1))).tolist() == [0.0, 0.0]


@given(st.lists(st.integers(0, 9), min_size=1, max_size=20))
def test_inversions_are_the_pairs_in_the_wrong_order(ranks: list[int]) -> None:
    """Two loops count as many."""
    slow = sum(x > y for i, x in enumerate(ranks) for y in ranks[i:])
    assert inversions(np.array([ranks])).tolist() == [slow]


def test_kendall_of_many_draws_takes_no_call_each() -> None:
    """No function of scipy is called for a draw: 2,000 draws of 25 take less than 0.2 s."""
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 2000, 25))
    start = process_time()
    kendall(a, b)
    assert process_time() - start < 0.2
