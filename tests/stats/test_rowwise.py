"""Agreement of attributions row by row: against scipy, sets and sums."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import spearmanr

from evenlight.arrays import Float
from evenlight.errors import InputError
from evenlight.stats.rowwise import largest_kept, mass_moved, rank_agreement

SIZES = arrays(np.float64, (3, 6), elements=st.floats(0, 10).map(lambda v: round(v, 1)))


def test_agreement_is_spearmans() -> None:
    """The rank correlation of scipy for each row, ties included."""
    rng = np.random.default_rng(0)
    one, two = rng.integers(0, 6, (2, 20, 9)).astype(float)
    wanted = [spearmanr(a, b).statistic for a, b in zip(one, two, strict=True)]
    np.testing.assert_allclose(rank_agreement(one, two), wanted, atol=1e-12)


def test_overlap_and_mass_equal_sets_and_sums() -> None:
    """Python's sets of the largest three, and half the sum of differences of shares."""
    rng = np.random.default_rng(1)
    one, two = rng.random((2, 10, 8))
    for i, (a, b) in enumerate(zip(one, two, strict=True)):
        top = [set(sorted(range(8), key=lambda j: -v[j])[:3]) for v in (a, b)]
        assert largest_kept(one, two, largest=3)[i] == pytest.approx(len(top[0] & top[1]) / 3)
        half = sum(abs(p - q) for p, q in zip(a / a.sum(), b / b.sum(), strict=True)) / 2
        assert mass_moved(one, two)[i] == pytest.approx(half)


@given(one=SIZES, two=SIZES)
def test_they_are_symmetric_bounded_and_know_identity(one: Float, two: Float) -> None:
    """Same with sides exchanged, within their ranges, and perfect for the same rows."""
    for of, best, low in (
        (rank_agreement, 1.0, -1.0),
        (largest_kept, 1.0, 0.0),
        (mass_moved, 0.0, 0.0),
    ):
        np.testing.assert_allclose(of(one, two), of(two, one), atol=1e-12)
        np.testing.assert_allclose(of(one, one), best, atol=1e-12)
        assert (of(one, two) >= low).all()
        assert (of(one, two) <= 1).all()


def test_rows_without_any_size_and_rows_of_one_size_have_an_answer() -> None:
    """Nothing against nothing agrees, nothing against something does not."""
    nothing, some = np.zeros((1, 3)), np.array([[1.0, 2.0, 3.0]])
    assert rank_agreement(nothing, nothing)[0] == 1
    assert rank_agreement(nothing, some)[0] == 0
    assert mass_moved(nothing, nothing)[0] == 0
    assert mass_moved(nothing, some)[0] == 1
    with pytest.raises(InputError, match="wanted one"):
        mass_moved(some, some[:, :2])
