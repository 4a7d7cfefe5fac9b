"""Whether the model does what attributions say: curves, distances, similarity; pure arrays.

m rows, q players (variables, or patches of an image), sizes 0 = k_0 < ... < k_L = q of what has
been replaced or put in. Deletion and insertion: Samek et al. 2017, IEEE TNNLS 28:2660; Petsiuk et
al. 2018, BMVC. Both are taken here against random orders and in units of what the attributions
themselves claim, so that 1 is *as claimed*, 0 *no better than a random order*.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int, Values

STEPS = 8
"""Steps of a curve, at most."""

LEAST_CLAIM = 0.1
"""A row that claims less than this part of the median claim is judged as if it claimed that."""

WORST, BEST = -1.0, 3.0
"""A score is cut here, evenly around 1: one row's noise does not outweigh a group."""


def curve_sizes(players: int, steps: int = STEPS) -> Int:
    """0 = k_0 < ... < k_L = q with k_l + k_(L-l) = q, at most `steps` steps.

    >>> curve_sizes(3).tolist(), curve_sizes(20, 4).tolist()
    ([0, 1, 2, 3], [0, 5, 10, 15, 20])
    """
    count = min(players, steps)
    lower = np.arange((count + 1) // 2) * players // max(count, 1)
    middle = [players // 2] if players % 2 == 0 else []
    sizes: Int = np.unique(np.concatenate([lower, middle, players - lower])).astype(np.int64)
    return sizes


def curve_weights(sizes: Int) -> Float:
    """Trapezoid weights (L + 1,) of a curve over k / q, from 0 to 1.

    >>> curve_weights(np.array([0, 1, 3])).round(3).tolist()
    [0.167, 0.5, 0.333]
    """
    gaps = np.diff(sizes) / max(int(sizes[-1]), 1)
    weights: Float = (np.append(gaps, 0.0) + np.append(0.0, gaps)) / 2
    return weights


def claimed_area(phi: Float, sizes: Int) -> Float:
    """Area (m,) that attributions (m, q) claim between their own order and random orders.

    Players in falling order of attribution (signed: what raises the output goes first) add up to
    C(k); random orders to k / q of the whole. The area between is at least 0, and 0 only where
    all players of a row are alike. It is the same for taking away and for putting in.
    """
    ordered = -np.sort(-phi, axis=1)
    total = np.cumsum(ordered, axis=1)
    reached = np.column_stack([np.zeros(len(phi)), total])[:, sizes]
    area: Float = (reached - np.outer(reached[:, -1], sizes / sizes[-1])) @ curve_weights(sizes)
    return area


def borne_out(found: Float, claimed: Float) -> Float:
    """Score (m,): how much of the claimed area the model shows, 1 as claimed and 0 none.

    1 + (found - claimed) / max(claimed, a tenth of the median claim), cut at -1 and 3; 0
    everywhere where nothing at all is claimed.

    >>> borne_out(np.array([2.0, 0.0, 1.0]), np.array([2.0, 2.0, 4.0])).tolist()
    [1.0, 0.0, 0.25]
    """
    bottom = np.maximum(claimed, LEAST_CLAIM * float(np.median(claimed)))
    apart = np.divide(found - claimed, bottom, out=np.full(len(found), -1.0), where=bottom > 0)
    score: Float = np.clip(1.0 + apart, WORST, BEST)
    return score


def relative_difference(first: Float, second: Float, noise: Float) -> Float:
    """Distance (m,) of two attributions (m, q) over the sum of their lengths: 0 same, 1 opposite.

    `noise` (m,) is the sum over players of the squared standard errors of `second`: what it adds
    to the squared distance, and to the squared length, on average is taken off. A row whose
    lengths add up to less than a tenth of the median is judged as if they added up to that.

    >>> one = np.array([[3.0, 4.0]])
    >>> relative_difference(one, np.array([[3.0, 4.0]]), np.zeros(1)).tolist()
    [0.0]
    >>> relative_difference(one, 10 * one, np.zeros(1)).round(2).tolist()
    [0.82]
    """
    apart = np.sqrt(np.maximum(((first - second) ** 2).sum(axis=1) - noise, 0.0))
    length = np.sqrt(np.maximum((second**2).sum(axis=1) - noise, 0.0))
    length = length + np.sqrt((first**2).sum(axis=1))
    bottom = np.maximum(length, LEAST_CLAIM * float(np.median(length)))
    ratio: Float = np.divide(apart, bottom, out=np.zeros(len(apart)), where=bottom > 0)
    return ratio


def relative_change(first: Float, second: Float, size: float) -> Float:
    """Distance (m,) of two attributions (m, q) in units of the size of a typical one.

    >>> relative_change(np.array([[3.0, 4.0]]), np.array([[3.0, 4.5]]), 5.0).tolist()
    [0.1]
    """
    apart = lengths(first - second)
    return apart / size if size > 0 else np.where(apart > 0, BEST, 0.0)


def typical_size(phi: Float) -> float:
    """The median length of attributions (m, q)."""
    return float(np.median(lengths(phi)))


def similarity(first: Float, second: Float) -> Float:
    """Cosine (m,) of attributions (m, q), signs kept; 0 where either is 0.

    >>> similarity(np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])).round(3).tolist()
    [0.707]
    """
    bottom = np.sqrt((first**2).sum(axis=1) * (second**2).sum(axis=1))
    product = (first * second).sum(axis=1)
    cosine: Float = np.divide(product, bottom, out=np.zeros(len(product)), where=bottom > 0)
    return cosine


def relative_residual(error: Float, output: Float, base: Float) -> Float:
    """|completeness residual| (n,) over |output - base|, or over its median where that is larger.

    Where no output moves at all, 0 for no residual and infinitely many times the move otherwise
    is told as 1.
    """
    move = np.abs(output - base)
    scale = np.maximum(move, float(np.median(move)) if len(move) else 0.0)
    off = np.where(error == 0, 0.0, 1.0)
    ratio: Float = np.divide(np.abs(error), scale, out=off, where=scale > 0)
    return ratio


def lengths(values: Values, block: int = 4096) -> Float:
    """Length (n,) of each row of (n, ...), read in blocks of rows: an array, or one on disk.

    >>> lengths(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [5.0, 0.0]
    """
    out = np.zeros(int(values.shape[0]))
    for start in range(0, len(out), block):
        part = np.asarray(values[start : start + block], dtype=np.float64)
        out[start : start + block] = np.sqrt((part.reshape(len(part), -1) ** 2).sum(axis=1))
    return out


def monte_carlo_error(values: Values, spread: Values) -> Float:
    """Length (n,) of the standard errors of each row, over the median length of attributions.

    >>> monte_carlo_error(np.array([[3.0, 4.0]]), np.array([[0.3, 0.4]])).round(3).tolist()
    [0.1]
    """
    size = float(np.median(lengths(values)))
    error = lengths(spread)
    return error / size if size > 0 else np.where(error > 0, BEST, 0.0)
