"""The search within bounds."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as some

from evenlight.arrays import Float
from evenlight.stats.search import climbed


@settings(max_examples=15, deadline=None)
@given(some.integers(0, 10_000), some.integers(1, 5))
def test_the_best_is_what_it_says_and_inside(seed: int, q: int) -> None:
    """The trace never falls and ends at the best value; no point leaves the bounds."""
    rng = np.random.default_rng(seed)
    low, centre = rng.uniform(0, 1, q), rng.uniform(-1, 3, q)
    high, seen = low + rng.uniform(0.1, 2, q), []

    def of(x: Float) -> float:
        seen.append(x)
        return -float(np.abs(x - centre).sum())

    best, trace = climbed(of, (low, high), drawn=20, refined=15, rng=rng)
    assert len(trace) == len(seen) == 35
    assert (np.diff(trace) >= 0).all()
    assert trace[-1] == of(best) == max(of(x) for x in seen[:35])
    assert all(((x >= low) & (x <= high)).all() for x in seen)
    np.testing.assert_array_equal(seen[0], high)


def test_refining_comes_nearer_than_drawing_alone() -> None:
    """In four dimensions the local part finds what 60 random points do not."""
    centre = np.array([0.2, 0.7, 0.4, 0.9])

    def of(x: Float) -> float:
        return -float(((x - centre) ** 2).sum())

    found = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        found.append(climbed(of, (np.zeros(4), np.ones(4)), drawn=60, refined=120, rng=rng)[1])
    made = np.array(found)
    assert np.median(made[:, 59]) < -0.03
    assert (made[:, -1] > -0.01).mean() >= 0.9
