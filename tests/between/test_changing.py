"""Changes of size between two audits: limits that hold, under any dependence and over all looks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evenlight.stats.changing import change_in_size, spent, widened


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(0.01, 2), st.floats(0.01, 2), st.data())
def test_whatever_both_intervals_hold_the_change_holds(
    e1: float, e2: float, h1: float, h2: float, data: st.DataObject
) -> None:
    """Any truth inside both intervals has a change of size inside the limits."""
    one, other = (
        (np.array([e]), np.array([e - h]), np.array([e + h])) for e, h in ((e1, h1), (e2, h2))
    )
    true = [e + h * data.draw(st.floats(-1, 1)) for e, h in ((e1, h1), (e2, h2))]
    still = (np.ones(1), np.ones(1))
    _, low, high = change_in_size(one, other, still, apart=False)
    assert low[0] - 1e-9 <= abs(true[1]) - abs(true[0]) <= high[0] + 1e-9


def test_parts_of_the_error_rate_never_exceed_it() -> None:
    """However many looks there are, their parts add up to one at most."""
    assert sum(spent(k) for k in range(1, 5000)) < 1
    assert sum(spent(k, 8) for k in range(1, 9)) == pytest.approx(1)


def test_an_interval_is_never_narrowed() -> None:
    """A larger error rate than an interval has does not make it shorter."""
    assert widened(np.array([0.01]), np.array([0.2]), np.array([50.0])) == 1


@pytest.mark.parametrize("apart", [True, False])
@pytest.mark.parametrize("effects", [(0.0, 0.0), (0.4, 0.4), (0.4, -0.4)])
def test_repeated_looks_without_a_change_rarely_claim_one(
    apart: bool, effects: tuple[float, float]
) -> None:
    """Over ten looks at sizes that stay, a change is claimed in 5 % of series at most."""
    rng = np.random.default_rng(5)
    runs, looks, z = 4000, 10, stats.norm.isf(0.025)
    base = effects[0] + 0.1 * rng.normal(size=runs)
    claimed = np.zeros(runs, dtype=bool)
    for k in range(1, looks + 1):
        e = effects[1] + 0.1 * rng.normal(size=runs)
        first = base if not apart else effects[0] + 0.1 * rng.normal(size=runs)
        wanted = np.full(runs, 0.05 * spent(k) / (1 if apart else 2))
        grow = widened(np.full(runs, 0.05), wanted, np.full(runs, 1e6))
        ends = [(v, v - z * 0.1, v + z * 0.1) for v in (first, e)]
        _, low, high = change_in_size(ends[0], ends[1], (grow, grow), apart=apart)
        claimed |= (low > 0) | (high < 0)
    assert claimed.mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / runs)
