"""Whether examples of a concept differ from others along what moves an output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from evenlight.arrays import Bool, Float
from evenlight.stats.multiplicity import GUARD

STEP = 512
"""Draws at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Moved:
    """Of l layers: difference of means, its standard error and degrees of freedom (l,), and T*.

    `null` (draws, l) is |T| under permuted labels, `seen` (l,) the observed one.
    """

    effect: Float
    se: Float
    df: Float
    seen: Float
    null: Float

    def half(self, alpha: float) -> Float:
        """Half the width of the interval (l,) by Student's t."""
        half: Float = student.ppf(1 - alpha / 2, self.df) * self.se
        return half


def moved(values: Float, shows: Bool, *, draws: int, rng: np.random.Generator) -> Moved:
    """Examples' values (e, l): those that show the concept (e,) against the others, studentised.

    Welch's statistic under permuted labels, the same permutations in all layers: exact where the
    examples are exchangeable (Janssen 1997, Stat Probab Lett 36:9; Chung and Romano 2013, Ann Stat
    41:484).

    >>> rng = np.random.default_rng(0)
    >>> shows = np.arange(60) < 30
    >>> made = moved(shows[:, None] + rng.normal(size=(60, 1)), shows, draws=199, rng=rng)
    >>> bool(made.seen[0] > np.quantile(made.null, 0.95)), bool(0.5 < made.effect[0] < 1.5)
    (True, True)
    """
    x = values - values.mean(axis=0)
    effect, se, df = _welch(x, shows[None].astype(np.float64))
    null = np.empty((draws, x.shape[1]))
    for start in range(0, draws, STEP):
        count = min(STEP, draws - start)
        own, error, _ = _welch(x, relabelled(shows, count, rng).astype(np.float64))
        null[start : start + count] = _ratio(own, error)
    return Moved(effect[0], se[0], df[0], _ratio(effect, se)[0], null)


def relabelled(shows: Bool, draws: int, rng: np.random.Generator) -> Bool:
    """The labels (e,) in random orders, (draws, e)."""
    return shows[np.argsort(rng.random((draws, len(shows))), axis=1)]


def standardised(seen: Float, null: Float) -> tuple[Float, Float]:
    """How far a statistic (l,) and its null (draws, l) lie from the middle of both, in their SDs.

    The middle and the SD are those of all, the observed one among them, so that the order of a
    permutation test is kept. What never moves lies at 0.

    >>> seen, null = standardised(np.array([4.0]), np.array([[0.0], [1.0], [3.0]]))
    >>> seen.round(2).tolist(), null.ravel().round(2).tolist()
    ([1.26], [1.26, 0.63, 0.63])
    """
    every = np.vstack([seen[None], null])
    spread = every.std(axis=0)
    apart = np.abs(every - every.mean(axis=0))
    sized = np.divide(apart, spread, out=np.zeros_like(apart), where=spread > 0)
    return sized[0], sized[1:]


def p_values(seen: Sequence[Float], null: Sequence[Float]) -> tuple[Float, Float]:
    """Raw p, and step-down max-T p, of q concepts in l layers, (l, q) each.

    `seen` q of (l,), `null` q of (draws, l): the maxima are taken draw by draw (Westfall and Young
    1993).
    """
    flat, drawn = np.concatenate(seen), np.concatenate(null, axis=1)
    bar = flat * (1 - GUARD)
    raw = (1 + (drawn >= bar).sum(axis=0)) / (1 + len(drawn))
    order = np.argsort(flat, kind="stable")
    top = np.maximum.accumulate(drawn[:, order], axis=1)
    p = (1 + (top >= bar[order]).sum(axis=0)) / (1 + len(drawn))
    adjusted = np.empty(len(flat))
    adjusted[order] = np.maximum.accumulate(p[::-1])[::-1]
    return raw.reshape(len(seen), -1).T, adjusted.reshape(len(seen), -1).T


def _welch(x: Float, labels: Float) -> tuple[Float, Float, Float]:
    """Differences of means (d, l) under labels (d, e), standard errors and degrees of freedom."""
    n = labels.sum(axis=1, keepdims=True)
    m = labels.shape[1] - n
    ones, twos = labels @ x, labels @ x**2
    first, second = ones / n, (x.sum(axis=0) - ones) / m
    a = np.maximum(twos / n - first**2, 0.0) / (n - 1)
    b = np.maximum(((x**2).sum(axis=0) - twos) / m - second**2, 0.0) / (m - 1)
    both = a + b
    df = np.divide(both**2, a**2 / (n - 1) + b**2 / (m - 1), out=np.ones_like(both), where=both > 0)
    return first - second, np.sqrt(both), df


def _ratio(effect: Float, error: Float) -> Float:
    size: Float = np.abs(effect)
    return np.divide(size, error, out=np.zeros_like(size), where=error > 0)
