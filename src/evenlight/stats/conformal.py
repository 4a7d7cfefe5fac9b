"""Split-conformal sets and intervals: how large they must be to hold the outcome at a level.

Calibration people say how far outcomes lie from what the model says of them: a score, large where
the model is surprised. A new outcome belongs to the set where its score is at most a quantile of
those scores. If the new person and the n calibration people are exchangeable, the set holds the
outcome with probability 1 - a at least, whatever the model (Vovk et al. 2005; Angelopoulos and
Bates 2021, arXiv 2107.07511). The quantile is the ceil((n + 1) (1 - a))-th smallest score.

People are what is exchangeable, not rows. The rows of one person share that person's weight, and
the promise is for a row drawn at random from a new person (Lee, Barber and Willett 2023, arXiv
2306.06342). With sampling weights the promise is for the people whom the sample stands for
(Tibshirani et al. 2019, NeurIPS).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int

SLACK = 1e-9
"""Sums of weights that are nearer than this to what is wanted have reached it."""


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Calibration rows (n,): their scores, weights, groups, and folds.

    The weights of one person's rows add up to that person's. A row calibrates for rows of its own
    group and of any other fold; give everyone one group to calibrate over everyone, and another
    fold than any tested row has to people who are not tested.
    """

    scores: Float
    weight: Float
    group: Int
    fold: Int


def least_ambiguous(p: Float) -> Float:
    """Score of each class (n, c) from probabilities (n, c): 1 - p (LAC; Sadinle et al. 2019)."""
    return 1 - p


def adaptive(p: Float, u: Float) -> Float:
    """Score of each class (n, c): the mass of likelier classes, and a part `u` (n,) of its own.

    APS with a uniform draw u for each row, by which coverage is exact (Romano, Sesia and Candes
    2020, NeurIPS). Among equally likely classes the first counts as the likelier.

    >>> adaptive(np.array([[0.2, 0.7, 0.1]]), np.array([0.5])).round(2).tolist()
    [[0.8, 0.35, 0.95]]
    """
    order = np.argsort(-p, axis=1, kind="stable")
    ranked = np.take_along_axis(p, order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    out = np.empty_like(p)
    np.put_along_axis(out, order, before + u[:, None] * ranked, axis=1)
    return out


def residual(y: Float, said: Float, scale: Float) -> Float:
    """Score of each outcome (n,): |y - said| in units of `scale` (n,), all 1 for plain residuals.

    Lei et al. 2018, JASA 113:1094, sections 2 and 5.2.
    """
    size: Float = np.abs(y - said) / scale
    return size


def rank(n: int, level: float) -> int:
    """Which of n ordered scores is the threshold, counted from 1: ceil((n + 1) level).

    More than n where no score of n is large enough: the set then holds everything.

    >>> rank(9, 0.9), rank(8, 0.9), rank(99, 0.95)
    (9, 9, 95)
    """
    return int(np.ceil((n + 1) * level - SLACK))


def thresholds(scores: Float, weight: Float, own: Float, levels: Sequence[float]) -> Float:
    """The threshold (t, k) for t new people of weight `own` (t,), infinite where none is enough.

    The smallest score up to which calibration rows (n,) hold the level's share of all weight, the
    new person's own among it. All weights 1: the `rank`-th smallest of n.

    >>> one = np.ones(9)
    >>> thresholds(np.arange(1.0, 10.0), one, one[:1], (0.8, 0.9, 0.95)).tolist()
    [[8.0, 9.0, inf]]
    """
    order = np.argsort(scores, kind="stable")
    ladder = np.append(scores[order], np.inf)
    reached = np.cumsum(weight[order])
    total = reached[-1] if len(reached) else 0.0
    wanted = (total + own)[:, None] * np.asarray(levels) - SLACK * (total + own)[:, None]
    found: Float = ladder[np.searchsorted(reached, wanted)]
    return found


def calibrated(pool: Pool, own: Float, group: Int, fold: Int, levels: Sequence[float]) -> Float:
    """Thresholds (t, k) for rows of weight `own`, each from its own group and all other folds.

    Infinite where nobody calibrates.
    """
    out = np.full((len(own), len(levels)), np.inf)
    for code in np.unique(group):
        for part in np.unique(fold):
            at = (group == code) & (fold == part)
            from_ = (pool.group == code) & (pool.fold != part)
            if at.any() and from_.any():
                out[at] = thresholds(pool.scores[from_], pool.weight[from_], own[at], levels)
    return out


def drawn_thresholds(scores: Float, weight: Float, own: float, levels: Sequence[float]) -> Float:
    """Thresholds (draws, k) under weights (draws, n) of the calibration rows, as `thresholds`."""
    order = np.argsort(scores, kind="stable")
    ladder = np.append(scores[order], np.inf)
    reached = np.cumsum(weight[:, order], axis=1)
    total = reached[:, -1] + own
    out = np.empty((len(weight), len(levels)))
    for j, level in enumerate(levels):
        short = reached < (total * (level - SLACK))[:, None]
        out[:, j] = ladder[short.sum(axis=1)]
    return out


def counted(scores: Float, weight: Float, threshold: Float) -> Float:
    """Weighted sum over rows of how many classes their sets hold, (draws, k).

    `scores` (n, c) of each row's classes, `weight` (draws, n), `threshold` (draws, k).
    """
    flat = scores.ravel()
    order = np.argsort(flat, kind="stable")
    reached = np.cumsum(weight[:, order // scores.shape[1]], axis=1)
    reached = np.concatenate([np.zeros((len(weight), 1)), reached], axis=1)
    held = np.searchsorted(flat[order], threshold, side="right")
    return np.take_along_axis(reached, held, axis=1)
