"""Labels with known error are put right on average, and tipping points lie where they should."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from evenlight.stats.metrics import BINARY, Case, brier
from evenlight.stats.tipping import (
    LINEAR,
    furthest,
    given_label,
    restored,
    restored_brier,
    tipping,
)


def test_restored_labels_give_back_what_true_labels_say() -> None:
    """Every judged metric of a large sample, with 20 % of events missed and 5 % false ones."""
    rng = np.random.default_rng(0)
    n = 400_000
    score = rng.normal(size=n)
    true = (rng.uniform(size=n) < expit(1.3 * score - 0.5)).astype(float)
    seen = np.where(true == 1, rng.random(n) < 0.8, rng.random(n) < 0.05).astype(float)
    right, w = Case(true, expit(score), score, 0.5), np.ones((1, n))
    recorded = replace(right, y=seen)
    for name, metric in LINEAR.items():
        wanted = metric(right, w)[0]
        y = restored(seen, sensitivity=0.8, specificity=0.95)
        assert metric(replace(right, y=y), w)[0] == pytest.approx(wanted, abs=0.012), name
        assert abs(metric(recorded, w)[0] - wanted) > 0.012, name


def test_correction_is_the_table_of_expected_counts() -> None:
    """Sensitivity corrected by hand: called and uncalled events among the recorded."""
    y = np.repeat([1.0, 1.0, 0.0, 0.0], [30, 20, 15, 135])
    called = np.repeat([1.0, 0.0, 1.0, 0.0], [30, 20, 15, 135])
    case = Case(restored(y, sensitivity=0.9, specificity=0.95), called, called, 0.5)
    sharp = 0.9 + 0.95 - 1
    hit, miss = (30 - 0.05 * 45) / sharp, (20 - 0.05 * 155) / sharp
    assert LINEAR["sensitivity"](case, np.ones((1, 200)))[0] == pytest.approx(hit / (hit + miss))


def test_a_right_label_is_left_alone() -> None:
    """Sensitivity and specificity of 1 change nothing, and the Brier score is itself."""
    rng = np.random.default_rng(1)
    y, p = rng.integers(0, 2, 50).astype(float), rng.random(50)
    np.testing.assert_array_equal(restored(y, sensitivity=1.0, specificity=1.0), y)
    case, w = Case(y, p, p), rng.random((3, 50))
    np.testing.assert_allclose(restored_brier(case, w), brier(case, w))
    assert set(LINEAR) - {"sensitivity", "specificity"} <= set(BINARY)
    with pytest.raises(ValueError, match="tells nothing"):
        restored(y, sensitivity=0.3, specificity=0.7)


@given(st.floats(0.002, 0.998), st.floats(0.05, 1.0))
def test_the_tipping_point_is_where_the_verdict_turns(at: float, most: float) -> None:
    """Found to a thousandth where it lies below the furthest, else not."""
    found, becomes, _ = tipping(lambda d: "similar" if d < at else "different", most=most)
    if at <= most:
        assert found == pytest.approx(at, abs=0.0021)
        assert becomes == "different"
    else:
        assert np.isnan(found)
    assert furthest(0.3, "sensitivity") == pytest.approx(0.7)


def test_a_search_ends_where_nothing_can_be_computed() -> None:
    """An impossible correction is no verdict."""
    found, _, reached = tipping(lambda d: "similar" if d < 0.3 else "", most=1.0)
    assert np.isnan(found)
    assert reached == 0.25


def test_a_difference_within_labels_is_that_of_strata() -> None:
    """With labels as recorded: the weighted difference of means, and Welch's variance with 1/n."""
    rng = np.random.default_rng(4)
    values, y = rng.normal(size=80), rng.integers(0, 2, 80).astype(float)
    member, stratum = rng.random(80) < 0.5, rng.integers(0, 2, 80)
    top = bottom = spread = 0.0
    for s in (0, 1):
        for label in (0, 1):
            a = values[(stratum == s) & (y == label) & member]
            b = values[(stratum == s) & (y == label) & ~member]
            w = len(a) * len(b) / (len(a) + len(b))
            top += w * (a.mean() - b.mean())
            bottom += w
            spread += w**2 * (a.var() / len(a) + b.var() / len(b))
    ours = given_label(values, y, member, stratum)
    assert ours == pytest.approx((top / bottom, spread / bottom**2))


def test_restored_labels_give_back_the_difference_within_true_ones() -> None:
    """Missed events in one group make a difference within recorded labels; restored it is gone."""
    rng = np.random.default_rng(5)
    n = 200_000
    member, true = rng.random(n) < 0.5, rng.random(n) < 0.4
    values = rng.normal(size=n) + 1.0 * true
    seen = np.where(member & (rng.random(n) < 0.3), 0.0, true)
    none = np.zeros(n, dtype=np.int64)
    assert given_label(values, seen, member, none)[0] > 0.08
    y = np.where(member, restored(seen, sensitivity=0.7, specificity=1.0), seen)
    assert abs(given_label(values, y, member, none)[0]) < 0.02
