"""How much of a gap goes when some features are swapped or taken away."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.arrays import Float, Int
from evenlight.stats.closure import Closed, Outputs, closing, fieller, sides
from evenlight.stats.transport import matched
from tests.slow import contrast


def world(rng: np.random.Generator, n: int) -> tuple[Int, Int, Float, Float]:
    """Group, outcome, a set S with 0.81 of a gap of 1 given the outcome, and the rest R.

    The outcome is commoner in group 1 (0.5, not 0.2) and moves S by 0.44 / 0.3.
    """
    g = rng.integers(0, 2, n)
    y = (rng.random(n) < np.where(g == 1, 0.5, 0.2)).astype(np.int64)
    s = 0.81 * g + 0.44 / 0.3 * y + rng.normal(size=n)
    r = 0.19 * g + 0.3 * y + rng.normal(size=n)
    return g, y, s, r


def swapped(rng: np.random.Generator, g: Int, stratum: Int, s: Float) -> Float:
    """S with each group's values mapped to the other's, rank by rank, in each stratum."""
    out = s.copy()
    for code in np.unique(stratum):
        a, b = (np.flatnonzero((stratum == code) & (g == side)) for side in (1, 0))
        out[a], out[b] = s[b][matched(s[a], s[b], rng=rng)], s[a][matched(s[b], s[a], rng=rng)]
    return out


def closure_of(
    rng: np.random.Generator, people: tuple[Int, Int, Float, Float], *, within: bool = True
) -> Closed:
    """Closure by a map within the outcome, or by one that ignores it."""
    g, y, s, r = people
    after = np.stack([swapped(rng, g, y if within else 0 * y, s) + r for _ in range(3)])
    return closing(sides(g, (1, 0), y), Outputs(s + r, after, s), factor=2)


def test_gap_and_its_error_equal_loops() -> None:
    """The gap is the stratified difference of statistics.md 2.1 and its spread the V of it."""
    rng = np.random.default_rng(0)
    n = 60
    g, stratum, f = rng.integers(0, 2, n), rng.integers(0, 3, n), rng.normal(size=n)
    d, v = contrast(f, np.arange(n), stratum, g == 1)
    done = closing(sides(g, (1, 0), stratum), Outputs(f, f[None] * 0), factor=1)
    assert done.gap == pytest.approx(d)
    half = (done.gap_high - done.gap_low) / 2
    assert 1.9 < half / np.sqrt(v) < 2.1


def test_a_known_share_of_the_gap_is_closed() -> None:
    """A set that carries 0.81 of the gap given the outcome closes 0.81 of it."""
    done = closure_of(np.random.default_rng(1), world(np.random.default_rng(2), 40_000))
    assert done.closure == pytest.approx(0.81, abs=0.03)
    assert done.low < 0.81 < done.high
    assert done.after == pytest.approx(done.gap - 2 * done.closure * done.gap)


def test_a_map_that_ignores_the_outcome_closes_too_much() -> None:
    """It moves what the outcome explains as well: 1.25 where 0.81 is carried."""
    done = closure_of(
        np.random.default_rng(1), world(np.random.default_rng(2), 40_000), within=False
    )
    assert done.closure == pytest.approx(1.25, abs=0.03)
    assert done.low > 1.1


def test_the_interval_holds_the_truth_19_times_in_20() -> None:
    """Coverage of the closure of a swap is 95 %, within three errors of 300 runs."""
    rng = np.random.default_rng(3)
    found = [closure_of(rng, world(rng, 300)) for _ in range(300)]
    held = [d.low <= 0.81 <= d.high for d in found if d.bounded]
    assert len(held) > 290
    assert abs(np.mean(held) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / len(held))


def test_the_map_itself_has_an_error() -> None:
    """Where nearly all of the gap's noise is the set's, a fixed map would claim to know it."""
    rng = np.random.default_rng(4)
    g, y = np.repeat([0, 1], 40), np.zeros(80, dtype=np.int64)
    s, r = rng.normal(size=80), 3.0 * g + 0.1 * rng.normal(size=80)
    after = swapped(rng, g, y, s) + r
    both = sides(g, (1, 0), y)
    whole = closing(both, Outputs(s + r, after[None], s), factor=2)
    fixed = closing(both, Outputs(s + r, after[None]), factor=2)
    assert whole.high - whole.low > 5 * (fixed.high - fixed.low)


def test_limits_of_a_ratio_are_where_its_test_turns() -> None:
    """Fieller's limits are the shares c for which (top - c bottom) is t standard errors from 0."""
    spread, t = np.array([0.2, 0.05, 0.1]), 2.0
    low, high = fieller((1.5, 2.0), spread, t)
    for c in (low, high):
        error = np.sqrt(spread[0] - 2 * c * spread[1] + c**2 * spread[2])
        assert abs(1.5 - 2.0 * c) / error == pytest.approx(t)
    assert low < 0.75 < high


def test_there_is_no_share_of_a_gap_that_may_be_none() -> None:
    """Closure is missing exactly where the gap's own interval holds 0."""
    rng = np.random.default_rng(5)
    bounded = []
    for shift in (0.0, 0.3, 0.6, 1.0):
        for _ in range(20):
            g = np.repeat([0, 1], 30)
            f = shift * g + rng.normal(size=60)
            done = closing(sides(g, (1, 0), 0 * g), Outputs(f, np.zeros((1, 60)), f), factor=1)
            assert done.bounded == (done.gap_low > 0 or done.gap_high < 0)
            assert done.bounded == np.isfinite(done.closure)
            bounded.append(done.bounded)
    assert 0 < sum(bounded) < len(bounded)


def test_strata_without_both_groups_leave() -> None:
    """A stratum with one of a group does not enter, and is counted."""
    group = np.array([0, 0, 1, 1, 0, 0, 1, -1, 0])
    stratum = np.array([0, 0, 0, 0, 1, 1, 1, 0, -1])
    both = sides(group, (1, 0), stratum)
    assert both.stratum.tolist() == [0, 0, 0, 0, -1, -1, -1, -1, -1]
    assert (both.total, both.left, both.dropped, both.strata) == ((3, 4), (2, 2), 1, 1)
    assert both.weight.tolist() == [-0.5, -0.5, 0.5, 0.5, 0, 0, 0, 0, 0]


def test_a_continuous_outcome_is_held_within_its_bins() -> None:
    """What a number explains inside wide bins is no part of the gap or of the set's share."""
    rng = np.random.default_rng(6)
    n = 40_000
    g = rng.integers(0, 2, n)
    y = g + rng.normal(size=n)
    s, r = 0.6 * g + 1.5 * y + rng.normal(size=n), 0.4 * g + rng.normal(size=n)
    stratum = np.digitize(y, np.quantile(y, [0.25, 0.5, 0.75]))
    after = (swapped(rng, g, stratum, s) + r)[None]
    both = sides(g, (1, 0), stratum)
    held = closing(both, Outputs(s + r, after, s, y=y), factor=2)
    loose = closing(both, Outputs(s + r, after, s), factor=2)
    assert held.gap == pytest.approx(1.0, abs=0.05)
    assert held.closure == pytest.approx(0.6, abs=0.03)
    assert loose.closure > 0.65


def test_a_map_fitted_in_other_strata_has_their_error() -> None:
    """Residuals on group means ignore the outcome: so does their part of the error."""
    rng = np.random.default_rng(7)
    g, y, s, r = world(rng, 400)
    means = np.array([s[g == side].mean() for side in (0, 1)])
    after = (s - means[g] + means.mean() + r)[None]
    done = closing(sides(g, (1, 0), y), Outputs(s + r, after, s, fitted=0 * y), factor=1)
    apart = means[1] - means[0]
    assert done.gap - done.after == pytest.approx(apart)
    slow = sum(s[g == side].var(ddof=1) / (g == side).sum() for side in (0, 1))
    width = closing(
        sides(g, (1, 0), y), Outputs(10.0 * g + r, (10.0 * g + r - apart * g)[None], s, 0 * y),
        factor=1,
    )  # fmt: skip
    assert (width.high - width.low) * 10 / 3.9 == pytest.approx(np.sqrt(slow), rel=0.1)
