"""Agreement of several raters over units, under unit weights (draws, u).

A unit enters by its own sums (see `nominal`, `interval`), so that a bootstrap over units is a
matrix product. All three fall where one category is rare, whatever the raters' skill: compare them
between groups with the categories' shares in view.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.stats.metrics import over


def nominal(ratings: Float) -> Float:
    """Per unit, of ratings (u, raters) with NaN where there is none: m, agreement, counts (u, 2+k).

    `m` ratings (0 where fewer than two), sum over ordered pairs of agreement / (m - 1), and how
    many ratings fall in each of k categories.
    """
    levels = np.unique(ratings[np.isfinite(ratings)])
    counts = (ratings[:, :, None] == levels).sum(axis=1).astype(float)
    m = counts.sum(axis=1)
    counts[m < 2] = 0
    same = (counts * (counts - 1)).sum(axis=1)
    agree = np.divide(same, m - 1, out=np.zeros_like(m), where=m > 1)
    return np.column_stack([np.where(m > 1, m, 0.0), agree, counts])


def interval(ratings: Float) -> Float:
    """For ratings on a scale: m, sum of squared pair differences / (m - 1), sum, squares."""
    known = np.isfinite(ratings)
    m = known.sum(axis=1).astype(float)
    x = np.where(known, ratings, 0.0)
    total, square = x.sum(axis=1), (x**2).sum(axis=1)
    apart = np.divide(2 * (m * square - total**2), m - 1, out=np.zeros_like(m), where=m > 1)
    table = np.column_stack([m, apart, total, square])
    return np.where(m[:, None] > 1, table, 0.0)


def agreement(table: Float, weight: Float) -> Float:
    """Share of ordered pairs of ratings of one unit that agree; units weigh by their ratings."""
    return over(weight @ table[:, 1], weight @ table[:, 0])


def alpha_nominal(table: Float, weight: Float) -> Float:
    """Krippendorff's alpha of categories (2011, Computing Krippendorff's alpha-reliability).

    >>> two = np.array([[0.0, 0], [1, 1], [0, 1], [0, 0]])
    >>> alpha_nominal(nominal(two), np.ones((1, 4))).round(3)
    array([0.533])
    """
    n = weight @ table[:, 0]
    apart = 1 - over(weight @ table[:, 1], n)
    counts = weight @ table[:, 2:]
    chance = 1 - over((counts * (counts - 1)).sum(axis=1), n * (n - 1))
    return 1 - over(apart, chance)


def alpha_interval(table: Float, weight: Float) -> Float:
    """Krippendorff's alpha of a scale, with squared differences."""
    n, apart, total, square = (weight @ table).T
    chance = over(2 * (n * square - total**2), n * (n - 1))
    return 1 - over(over(apart, n), chance)


def kappa(ratings: Float, weight: Float) -> Float:
    """Cohen's kappa of two raters (u, 2) with a rating of every unit (1960)."""
    levels = np.unique(ratings)
    first, second = ((ratings[:, [r]] == levels).astype(float) for r in (0, 1))
    total = weight.sum(axis=1)
    seen = over(weight @ (first * second).sum(axis=1), total)
    chance = over(((weight @ first) * (weight @ second)).sum(axis=1), total**2)
    return over(seen - chance, 1 - chance)
