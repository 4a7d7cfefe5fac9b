"""Many tests at once: step-down max-T, lists by Benjamini and Hochberg or Yekutieli, Holm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

import numpy as np

from evenlight.arrays import Bool, Float, Int

GUARD = 1e-9
"""Two statistics this close, relatively, are tied."""


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """m tests: raw p and step-down max-T p (m,), and the maximum of |T*| in each draw.

    p rests on `draws` (0: on as many as the maxima). `exact` says that the draws are all
    arrangements of the labels, the observed one among them. Statistics above 0 are held to the
    maxima after division by `scale[0]` (m,), those below 0 by `scale[1]`, see `stats.balanced`;
    `sided` (m,) says whose nulls are so lopsided that they are judged by side.
    """

    p: Float
    p_maxt: Float
    maxima: Float
    draws: int = 0
    exact: bool = False
    scale: Float | float = 1.0
    sided: Bool | bool = False

    @property
    def p_min(self) -> float:
        """The smallest p that can be counted; a fitted tail may go below."""
        draws = self.draws or len(self.maxima)
        return 1 / draws if self.exact else 1 / (draws + 1)

    def critical(self, alpha: float) -> float:
        """The value that the largest |T*| exceeds with probability at most alpha."""
        return upper_point(self.maxima, alpha, exact=self.exact)

    def limits(self, alpha: float) -> Float:
        """How far Z of each test may lie above and below 0, (2, m), so that all hold together.

        What may lie above bounds the truth from below: (D - truth) / SE is at most `limits[0]`.
        """
        both = np.broadcast_to(np.asarray(self.scale), (2, len(self.p)))
        return self.critical(alpha) * both


def upper_point(maxima: Float, alpha: float, *, exact: bool = False) -> float:
    """What one more maximum exceeds with probability at most alpha; there are 1 / alpha or more.

    >>> upper_point(np.arange(99.0), 0.05)
    94.0
    """
    rank = ceil((1 - alpha) * (len(maxima) + int(not exact)) * (1 - 1e-12))
    return float(np.sort(maxima)[min(rank, len(maxima)) - 1])


def step_down(seen: Float, null: Callable[[Int], Float], *, draws: int, block: int = 256) -> Family:
    """Westfall-Young step-down max-T over statistics `seen` (m,).

    `null(index)` gives |T*| (draws, len(index)) for those tests, the same draws at every call; it
    is asked in blocks from the smallest statistic up, so only a running maximum is kept.
    """
    size = np.abs(seen)
    order = np.argsort(size, kind="stable")
    running = np.zeros(draws)
    raw, adjusted = np.ones(len(seen)), np.ones(len(seen))
    for start in range(0, len(order), block):
        index = order[start : start + block]
        drawn = null(index)
        bar = size[index] * (1 - GUARD)
        raw[index] = (1 + (drawn >= bar).sum(axis=0)) / (1 + draws)
        drawn[:, 0] = np.maximum(drawn[:, 0], running)
        top = np.maximum.accumulate(drawn, axis=1)
        adjusted[index] = (1 + (top >= bar).sum(axis=0)) / (1 + draws)
        running = top[:, -1]
    down = order[::-1]
    adjusted[down] = np.maximum.accumulate(adjusted[down])
    still = size == 0
    raw[still], adjusted[still] = 1.0, 1.0
    return Family(raw, adjusted, running)


def benjamini_hochberg(p: Float) -> Float:
    """q-values (m,), NaN stays NaN and does not count (Benjamini and Hochberg 1995).

    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    q = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p.ravel()))
    values = p.ravel()[known]
    order = np.argsort(values)[::-1]
    rank = np.arange(len(values), 0, -1)
    steps = np.minimum.accumulate(values[order] * len(values) / rank)
    q.ravel()[known[order]] = np.minimum(steps, 1.0)
    return q


def benjamini_yekutieli(p: Float) -> Float:
    """q-values (m,) under any dependence, NaN stays NaN (Benjamini and Yekutieli 2001).

    >>> benjamini_yekutieli(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.055, 0.073, 0.073]
    """
    known = int((~np.isnan(p)).sum())
    harmonic = float((1 / np.arange(1, known + 1)).sum())
    return np.minimum(benjamini_hochberg(p) * harmonic, 1.0)


def listed(p: Float, rule: str) -> Float:
    """q-values (m,) by Benjamini and Hochberg ("bh") or Benjamini and Yekutieli ("by").

    >>> listed(np.array([0.01, 0.04, 0.03]), "bh").round(3).tolist()
    [0.03, 0.04, 0.04]
    """
    return benjamini_yekutieli(p) if rule == "by" else benjamini_hochberg(p)


def holm(p: Float) -> Float:
    """Holm's adjusted p (m,), NaN stays NaN (Holm 1979).

    >>> holm(np.array([0.01, 0.04, 0.03])).round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    out = np.full(p.shape, np.nan)
    known = np.flatnonzero(~np.isnan(p.ravel()))
    values = p.ravel()[known]
    order = np.argsort(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    out.ravel()[known[order]] = np.minimum(steps, 1.0)
    return out


def draws_for(m: int, *, alpha: float = 0.05) -> int:
    """Permutations that let the smallest p of m tests pass alpha: 20 m / alpha in 2,000 to 20,000.

    >>> draws_for(8), draws_for(24), draws_for(20_000)
    (3200, 9600, 20000)
    """
    return int(min(max(2_000, round(20 * m / alpha)), 20_000))
