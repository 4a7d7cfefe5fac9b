"""Corrections agree with hand-computed answers and with independent code."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from evenlight.arrays import Float, Int
from evenlight.stats.multiplicity import (
    benjamini_hochberg,
    benjamini_yekutieli,
    draws_for,
    holm,
    step_down,
)
from tests import slow


def test_step_down_by_hand() -> None:
    """Three tests and four draws, worked out on paper.

    Draws (rows) of |T*|: (1, 0, 3), (2, 2, 1), (0, 1, 0), (5, 0, 0); observed 4, 2, 1. The largest
    is compared with the row maxima 3, 2, 1, 5: one of four reaches 4, so p = 2/5. The next, with
    maxima over the last two 3, 2, 1, 0: two reach 2, so 3/5. The last, with 3, 1, 0, 0: two
    reach 1, 3/5.
    """
    null = np.array([[1.0, 0, 3], [2, 2, 1], [0, 1, 0], [5, 0, 0]])
    found = step_down(np.array([4.0, 2.0, 1.0]), lambda i: null[:, i].copy(), draws=4)
    np.testing.assert_allclose(found.p_maxt, [2 / 5, 3 / 5, 3 / 5])
    np.testing.assert_allclose(found.maxima, [3, 2, 1, 5])


@pytest.mark.parametrize("block", [1, 3, 256])
def test_step_down_equals_loops_for_any_block(block: int) -> None:
    """Blocks of features change nothing."""
    rng = np.random.default_rng(0)
    seen, null = rng.normal(size=9) * 2, np.abs(rng.normal(size=(60, 9)))

    def drawn(index: Int) -> Float:
        return null[:, index].copy()

    found = step_down(seen, drawn, draws=60, block=block)
    np.testing.assert_allclose(found.p_maxt, slow.step_down(seen, null))


def test_critical_value_is_a_conservative_quantile() -> None:
    """With 19 draws the 95 % point is the largest of them."""
    null = np.arange(1.0, 20.0)[:, None]
    assert step_down(np.array([0.5]), lambda i: null[:, i].copy(), draws=19).critical(0.05) == 19.0


def test_bh_by_and_holm_agree_with_statsmodels() -> None:
    """Both q and Holm's p equal statsmodels' on random p-values."""
    p = np.random.default_rng(1).uniform(size=50) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])
    np.testing.assert_allclose(benjamini_yekutieli(p), multipletests(p, method="fdr_by")[1])
    np.testing.assert_allclose(
        benjamini_yekutieli(p), stats.false_discovery_control(p, method="by")
    )
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1])


def test_missing_p_values_do_not_count() -> None:
    """A test that could not be made neither helps nor hurts the others."""
    p = np.array([0.01, np.nan, 0.02])
    np.testing.assert_allclose(benjamini_hochberg(p), [0.02, np.nan, 0.02])
    np.testing.assert_allclose(holm(p), [0.02, np.nan, 0.02])
    np.testing.assert_allclose(benjamini_yekutieli(p), [0.03, np.nan, 0.03])


def test_draws_let_the_smallest_p_pass() -> None:
    """1 / (draws + 1) lies below alpha / m up to the cap."""
    for m in (1, 10, 40):
        assert 1 / (draws_for(m) + 1) < 0.05 / m
