"""Agreement of raters against statsmodels and the textbook."""

from __future__ import annotations

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa, fleiss_kappa, to_table

from evenlight.stats.raters import (
    agreement,
    alpha_interval,
    alpha_nominal,
    interval,
    kappa,
    nominal,
)

RNG = np.random.default_rng(0)
TRUTH = RNG.integers(0, 3, size=120)
RATINGS = np.where(
    RNG.random((120, 4)) < 0.7, TRUTH[:, None], RNG.integers(0, 3, size=(120, 4))
).astype(float)
GAPS = np.where(RNG.random((120, 4)) < 0.25, np.nan, RATINGS)


def slow_alpha(ratings: np.ndarray, *, square: bool) -> float:
    """One less observed over expected disagreement, pair by pair."""
    rows = [row[np.isfinite(row)] for row in ratings]
    rows = [row for row in rows if len(row) > 1]

    def apart(a: float, b: float) -> float:
        return (a - b) ** 2 if square else float(a != b)

    every = np.concatenate(rows)
    seen = sum(
        apart(a, b) / (len(row) - 1)
        for row in rows
        for i, a in enumerate(row)
        for j, b in enumerate(row)
        if i != j
    )
    n = len(every)
    chance = sum(apart(a, b) for i, a in enumerate(every) for j, b in enumerate(every) if i != j)
    return 1 - (seen / n) / (chance / (n * (n - 1)))


@pytest.mark.parametrize("ratings", [RATINGS, GAPS], ids=["all", "gaps"])
def test_alpha_is_counted_pair_by_pair(ratings: np.ndarray) -> None:
    """Of categories and of a scale, with ratings missing."""
    one = np.ones((1, 120))
    assert alpha_nominal(nominal(ratings), one)[0] == pytest.approx(
        slow_alpha(ratings, square=False)
    )
    assert alpha_interval(interval(ratings), one)[0] == pytest.approx(
        slow_alpha(ratings, square=True)
    )


def test_alpha_nears_fleiss_kappa() -> None:
    """1 - alpha = (1 - kappa) (N - 1) / N for as many ratings of each unit, by statsmodels."""
    theirs = fleiss_kappa(aggregate_raters(RATINGS.astype(int))[0])
    ours = alpha_nominal(nominal(RATINGS), np.ones((1, 120)))[0]
    assert ours == pytest.approx(1 - (1 - theirs) * (480 - 1) / 480)


def test_kappa_of_two_is_statsmodels() -> None:
    """Cohen's kappa; whole weights are repeated units."""
    weight = RNG.integers(0, 3, size=120)
    for w in (np.ones(120, dtype=int), weight):
        two = np.repeat(RATINGS[:, :2], w, axis=0).astype(int)
        theirs = cohens_kappa(to_table(two)[0]).kappa
        assert kappa(RATINGS[:, :2], w[None].astype(float))[0] == pytest.approx(theirs)


def test_perfect_agreement_is_one_and_chance_is_nought() -> None:
    """Alpha and kappa at both ends; the share of agreeing pairs of two raters is a mean."""
    same = np.repeat(TRUTH[:, None], 2, axis=1).astype(float)
    one = np.ones((1, 120))
    assert alpha_nominal(nominal(same), one)[0] == 1.0
    assert kappa(same, one)[0] == pytest.approx(1.0)
    noise = np.random.default_rng(1).integers(0, 2, size=(4000, 2)).astype(float)
    assert abs(alpha_nominal(nominal(noise), np.ones((1, 4000)))[0]) < 0.05
    assert agreement(nominal(noise), np.ones((1, 4000)))[0] == pytest.approx(
        (noise[:, 0] == noise[:, 1]).mean()
    )
