"""The error of a common threshold is in the limits of coverage, and of its differences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.measures.calibrating import others, source_of
from evenlight.measures.conforming import Calibration, Conformal
from evenlight.measures.foretold import foretold
from evenlight.measures.prepare import setting
from evenlight.measures.redrawn import Scored, redrawn
from evenlight.measures.uncertain import uncertain
from evenlight.measures.uncertain_parts import ground
from evenlight.stats.conformal import rank
from tests.uncertain_world import Audited, doses

LEVELS = (0.8, 0.9)
MIDDLE, SPREAD, SHARE = 1.6, 0.3, 0.3


def steep(n: int, seed: int, who: str) -> Audited:
    """Errors of group b are all about as large as the threshold of everyone: 1.6 +- 0.3."""
    rng = np.random.default_rng(seed)
    at_b = np.arange(n) < SHARE * n
    size = np.where(at_b, MIDDLE + SPREAD * rng.normal(size=n), np.abs(rng.normal(size=n)))
    people = pd.DataFrame(
        {"race": np.where(at_b, "b", "a"), "dose": size * rng.choice([-1, 1], n)},
        index=[f"{who}{i:04d}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 1)), people, outcome="dose", unit="row")
    return Predictions(cohort.rows, np.zeros(n), np.zeros(n), "dose", "identity"), cohort


def covered(n: int, draws: int = 5_000) -> Float:
    """Mean coverage (levels, groups) by thresholds of n people, by brute force."""
    rng = np.random.default_rng(1)
    scores = np.abs(rng.normal(size=(draws, n)))
    b = np.arange(n) < SHARE * n
    scores[:, b] = np.abs(MIDDLE + SPREAD * rng.normal(size=(draws, int(b.sum()))))
    scores.sort(axis=1)
    q = np.column_stack([scores[:, rank(n, level) - 1] for level in LEVELS])
    near = norm.cdf((q - MIDDLE) / SPREAD) - norm.cdf((-q - MIDDLE) / SPREAD)
    return np.column_stack([(2 * norm.cdf(q) - 1).mean(axis=0), near.mean(axis=0)])


@pytest.mark.parametrize("n", [50, 200])
def test_limits_hold_where_a_group_lies_at_the_threshold(n: int) -> None:
    """Of 30 audits on as many calibrations, limits and differences hold the mean of all."""
    truth, reps, held, apart = covered(n), 30, np.zeros((2, 2)), np.zeros(2)
    for seed in range(reps):
        how = Conformal(LEVELS, calibration=Calibration(*steep(n, 5000 + seed, "q")))
        found = uncertain(*steep(400, seed, "p"), by="race", how=how, rng=seed)
        at = [found.measure("coverage", level=level) for level in LEVELS]
        held += (truth >= found.low[1:, at].T) & (truth <= found.high[1:, at].T)
        sign = 1 if found.contrasts[0] == ("a", "b") else -1
        gap = sign * (truth[:, 0] - truth[:, 1])
        apart += (found.difference_low[0, at] <= gap) & (gap <= found.difference_high[0, at])
    least = reps * 0.95 - 3 * np.sqrt(reps * 0.05 * 0.95)
    assert (held >= least).all()
    assert (apart >= least).all()


def test_redrawn_coverage_and_width_equal_loops() -> None:
    """In every draw: the weighted quantile of the drawn scores, the share held, twice the size."""
    said, cohort = doses(40, 0, 2.0)
    other = Calibration(*doses(30, 1, 2.0, who="q"))
    told = foretold(said, cohort)
    at = ground(setting(cohort, "race"), {}, draws=4, rng=np.random.default_rng(0))
    theirs, rows, unit = others(told, cohort, other)
    source = source_of(
        at.here.groups, other.cohort, rows, unit, draws=4, rng=np.random.default_rng(1)
    )
    assert theirs.y is not None
    source.pool.scores[:] = np.abs(theirs.y - theirs.said)
    own = told.take(at.rows)
    assert own.y is not None
    size = np.abs(own.y - own.said)
    mine = Scored(size, np.empty((40, 0)), np.ones(40))
    for alone in (False, True):
        cover, wide = redrawn([mine.held, mine.sizes], at, source, (0.8,), own=alone)
        for draw in range(4):
            for r, mask in enumerate(at.parts.values()):
                held = sizes = 0.0
                for i in np.flatnonzero(mask):
                    who = source.pool.group == at.group[i] if alone else np.full(30, True)
                    times = source.drawn[draw][who].astype(int)
                    among = np.sort(np.repeat(source.pool.scores[who], times))
                    q = among[int(np.ceil((len(among) + 1) * 0.8 - 1e-9)) - 1]
                    held += at.weight[1 + draw, i] * (size[i] <= q)
                    sizes += at.weight[1 + draw, i] * 2 * q
                total = at.weight[1 + draw, mask].sum()
                assert cover[draw, r, 0] == pytest.approx(held / total)
                assert wide[draw, r, 0] == pytest.approx(sizes / total)


def test_margins_shrink_with_what_a_level_leaves() -> None:
    """Half of what is left at most: 0.05 at 0.8 and 0.9, 0.025 at 0.95, 0.005 at 0.99."""
    how = Conformal(levels=(0.8, 0.9, 0.95, 0.99))
    found = uncertain(*doses(300, 3), by="race", how=how)
    np.testing.assert_allclose(found.held.margin, [0.05, 0.05, 0.025, 0.005])
    at = [found.measure("coverage", level=v) for v in how.levels]
    np.testing.assert_allclose(found.margin[at], [0.05, 0.05, 0.025, 0.005])
    assert found.held_frame()["margin"].round(3).tolist() == [0.05, 0.05, 0.025, 0.005] * 2
    assert "coverage at 95 %, calibrated on everyone" in found.titles
