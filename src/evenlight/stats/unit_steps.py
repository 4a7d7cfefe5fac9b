"""What changes from one level to another inside units that have rows of both, as views of patients.

Of unit u, d_u is the mean of its rows at level 1 less that at level 0: whatever is the unit's own,
and the same on both sides, is gone. How far a set *tells* the level is how often a discriminant,
fitted on other units, ranks the two sides of a unit rightly (a sign test of cross-fitted scores):

    s_u = d_u' S^-1 sum_v d_v,     v in the other folds, S the shrunken mean of d d'

What it *carries* is its part of the output's step that all units share. With steps t_uj of the
attributions and T_u = sum_j t_uj of the output,

    B_j = sum_(u != v) t_uj T_v / (n (n - 1) mean T^2),     sum_j B_j = the share of the common step

a U-statistic: without a common step its mean is 0. Both are tested by changing signs of whole
units, which leaves S as it is. That is exact where rows of a unit are exchangeable and as many on
both sides, and holds for many units where they are not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import ndtri

from evenlight.arrays import Float, Int
from evenlight.stats.discriminant import FOLDS, Told
from evenlight.stats.folds import dealt
from evenlight.stats.intervals import simultaneous, unit_weights, wilson
from evenlight.stats.two_sample import fold_kernel

DRAWS = 999


@dataclass(frozen=True, slots=True, eq=False)
class Carried:
    """Shares (p,) of the output's step, with simultaneous limits and p of *no share through j*."""

    share: Float
    low: Float
    high: Float
    p: Float


def steps(codes: Int, unit: Int, cell: Int) -> csr_array:
    """The matrix (m, n) that makes the steps of the m units with both levels from n rows.

    `codes` (n,) are 0 and 1, `cell` (n,) what is held besides; -1 is unknown in either. Cells of a
    unit that have both levels weigh as n_0 n_1 / (n_0 + n_1), units alike.

    >>> made = steps(np.array([0, 1, 1, 0]), np.array([5, 5, 5, 7]), np.zeros(4, dtype=np.int64))
    >>> made.toarray().tolist()
    [[-1.0, 0.5, 0.5, 0.0]]
    """
    known = np.flatnonzero((codes >= 0) & (cell >= 0))
    pairs, block = np.unique(
        np.column_stack([unit[known], cell[known]]), axis=0, return_inverse=True
    )
    block = block.ravel()
    count = np.zeros((len(pairs), 2))
    np.add.at(count, (block, codes[known]), 1)
    weight = count.prod(axis=1) / np.maximum(count.sum(axis=1), 1)
    stay = weight[block] > 0
    rows, block = known[stay], block[stay]
    own = np.unique(unit[rows], return_inverse=True)[1].ravel()
    m = int(own.max(initial=-1)) + 1
    share = weight[block] / count[block, codes[rows]]
    total = np.bincount(own, weights=share, minlength=m) / 2
    sign = np.where(codes[rows] == 1, 1.0, -1.0)
    return csr_array((sign * share / total[own], (own, rows)), shape=(m, len(codes)))


def flips(m: int, *, draws: int = DRAWS, rng: np.random.Generator) -> Float:
    """Signs (draws, m) of units."""
    made: Float = 2.0 * rng.integers(0, 2, (draws, m)).astype(np.float64) - 1.0
    return made


def folds(m: int, *, rng: np.random.Generator) -> Int:
    """A fold of each of m units."""
    return dealt(np.zeros(m, dtype=np.int64), count=FOLDS, rng=rng)


def told_by_steps(step: Float, fold: Int, signs: Float, *, alpha: float = 0.05) -> Told:
    """How far steps (m, q) tell the level, 2 AUC - 1 inside units, under `signs` (draws, m).

    Limits are Wilson's of a share, of as many units as the fit leaves: its error is stretched by
    the ratio of both spreads under changed signs (see `two_sample`).

    >>> rng = np.random.default_rng(0)
    >>> step = np.column_stack([rng.normal(1.0, 1.0, 60), rng.normal(size=60)])
    >>> found = told_by_steps(step, folds(60, rng=rng), flips(60, rng=rng))
    >>> 0.4 < found.low < found.value < found.high < 1, found.p
    (True, 0.001)
    """
    scores = _scored(step, fold, np.ones((1, len(step))))[0]
    again = _scored(step, fold, signs) * signs
    seen, anew = float(scores.sum()), again.sum(axis=1)
    p = (1 + int((anew >= seen - 1e-9 * abs(seen)).sum())) / (1 + len(signs))
    size = np.sqrt((again**2).sum(axis=1))
    stretch = max(float((anew / np.maximum(size, 1e-300)).std()), 1.0)
    value = float(np.sign(scores).mean())
    units = np.array(len(step) / stretch**2)
    low, high = wilson(np.array((1 + value) / 2), units, float(ndtri(1 - alpha / 2)))
    return Told(value, max(2 * float(low) - 1, -1.0), min(2 * float(high) - 1, 1.0), p)


def _scored(step: Float, fold: Int, signs: Float) -> Float:
    """Scores (draws, m) of every unit from the steps of the other folds, under signs (draws, m)."""
    out = np.empty_like(signs)
    for f in np.unique(fold):
        part = fold_kernel(step, np.flatnonzero(fold == f), np.flatnonzero(fold != f))
        out[:, part.held] = (signs @ part.right.T) @ part.left.T
    return out


def carried(
    step: Float, output: Float, signs: Float, *, alpha: float = 0.05, rng: np.random.Generator
) -> Carried:
    """What subjects' steps (m, p) carry of the output's (m,), with 1,000 resamples of the units.

    p is the larger of those of *the subject does not step* and *the output does not* (Berger 1982,
    Technometrics 24:295). An output that never moves has no share.

    >>> rng = np.random.default_rng(0)
    >>> step = rng.normal([1.0, 0.0], 0.5, (80, 2))
    >>> found = carried(step, step.sum(axis=1), flips(80, rng=rng), rng=rng)
    >>> found.share.round(1).tolist(), (found.low > 0).tolist(), (found.p < 0.05).tolist()
    ([0.6, 0.0], [True, False], [True, False])
    """
    m, square = len(output), float((output**2).mean())
    if square <= 0:
        gone = np.full(step.shape[1], np.nan)
        return Carried(gone, gone, gone, gone)
    top = step.sum(axis=0) * output.sum() - output @ step
    share = top / (m * (m - 1) * square)
    weight = unit_weights(np.zeros(m, dtype=np.int64), draws=DRAWS + 1, rng=rng) / m
    again = (weight @ step) * (weight @ output)[:, None] / (weight @ output**2)[:, None]
    low, high = simultaneous(share, again, centre=again.mean(axis=0), alpha=alpha)
    own = _still(step, signs)
    return Carried(share, low, high, np.maximum(own, _still(output[:, None], signs)))


def _still(step: Float, signs: Float) -> Float:
    """Two-sided p (p,) of *no common step*."""
    seen, null = np.abs(step.sum(axis=0)), np.abs(signs @ step)
    p: Float = (1 + (null >= seen * (1 - 1e-9)).sum(axis=0)) / (1 + len(signs))
    return p
