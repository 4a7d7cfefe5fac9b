"""Slope of a value on one axis with HC3 errors and its nulls; a smooth curve; weighted units."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenlight.arrays import Float
from evenlight.stats.parts import effective

BLOCK = 100


def hc3_slopes(x: Float, y: Float, weight: Float) -> tuple[Float, Float]:
    """Slopes of y on x, each (u,) or (b, u), with an intercept, and their HC3 errors, (b,).

    Weighted least squares; var = sum (w x e / (1 - h))^2 / (sum w x^2)^2, h the leverage
    (MacKinnon and White 1985, J Econometrics 29:305).

    >>> slope, error = hc3_slopes(np.arange(4.0)[None], np.array([0.0, 2, 4, 6]), np.ones(4))
    >>> slope, error.round(9)
    (array([2.]), array([0.]))
    """
    total = weight.sum()
    apart, level = (v - (v @ weight / total)[:, None] for v in (np.atleast_2d(x), np.atleast_2d(y)))
    square = apart**2 @ weight
    slope: Float = (apart * level) @ weight / square
    rest = level - slope[:, None] * apart
    leverage = weight * (1 / total + apart**2 / square[:, None])
    meat = ((weight * apart * rest / (1 - leverage)) ** 2).sum(axis=1)
    error: Float = np.sqrt(meat) / square
    return slope, error


def shuffled_slopes(
    x: Float, y: Float, weight: Float, *, draws: int, rng: np.random.Generator
) -> Float:
    """Studentised slopes of values y (u, m) on axes x (u, q) under shuffled axes, (draws, q, m).

    The axes of a unit stay together, and so do its values and its weight.
    """
    out = np.zeros((draws, x.shape[1], y.shape[1]))
    for part in _blocks(draws):
        order = np.argsort(rng.random((part.stop - part.start, len(x))), axis=1)
        for j, m in np.ndindex(*out.shape[1:]):
            out[part, j, m] = ratios(x[order, j], y[:, m], weight)
    return out


def flipped_slopes(
    x: Float, y: Float, weight: Float, *, draws: int, rng: np.random.Generator
) -> Float:
    """Studentised slopes where each unit's distance to the mean keeps its size and takes a sign.

    (draws, q, m); the wild bootstrap under no slope (Wu 1986, Ann Stat 14:1261), which stands
    values whose spread follows the axis better than shuffling does.
    """
    level = y - (weight @ y) / weight.sum()
    out = np.zeros((draws, x.shape[1], y.shape[1]))
    for part in _blocks(draws):
        sign = 2.0 * rng.integers(0, 2, size=(part.stop - part.start, len(x))) - 1
        for j, m in np.ndindex(*out.shape[1:]):
            out[part, j, m] = ratios(x[:, j], level[:, m] * sign, weight)
    return out


def ratios(x: Float, y: Float, weight: Float) -> Float:
    """Slopes over their errors (b,), 0 where there is no error."""
    slope, error = hc3_slopes(x, y, weight)
    return np.divide(slope, error, out=np.zeros_like(slope), where=error > 0)


def _blocks(draws: int) -> Iterator[slice]:
    for start in range(0, draws, BLOCK):
        yield slice(start, min(start + BLOCK, draws))


def nearness(x: Float, grid: Float, *, many: int) -> Float:
    """Tricube weights (u, g) of units at x (u,) around each grid point, the `many` nearest count.

    (Cleveland 1979, JASA 74:829.)
    """
    distance = np.abs(x[:, None] - grid)
    reach = np.sort(distance, axis=0)[min(many, len(x)) - 1]
    reach = np.where(reach > 0, reach * (1 + 1e-9), 1e-12)
    near: Float = np.clip(1 - (distance / reach) ** 3, 0, None) ** 3
    return near


def local_lines(near: Float, x: Float, grid: Float, y: Float, weight: Float) -> Float:
    """Local linear means of y (u,) at each grid point under unit weights (draws, u), (draws, g).

    A weighted line through the units near the point, read off at the point; where these have one
    x only, their mean.
    """
    away = x[:, None] - grid
    one, first, second = weight @ near, weight @ (near * away), weight @ (near * away**2)
    top, side = weight @ (near * y[:, None]), weight @ (near * away * y[:, None])
    det = one * second - first**2
    flat = det <= 1e-10 * one * second
    mean = np.divide(top, one, out=np.full_like(top, np.nan), where=one > 0)
    line = (second * top - first * side) / np.where(flat, 1.0, det)
    out: Float = np.where(flat, mean, line)
    return out


def worth(near: Float, weight: Float) -> Float:
    """How many equally weighted units stand behind each grid point, (g,) (Kish 1965)."""
    return np.array([effective(own) for own in (near * weight[:, None]).T])
