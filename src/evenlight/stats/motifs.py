"""Motifs in sequences: log-odds weights, scores of all starts, the score that chance exceeds."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Values
from evenlight.errors import InputError

FINE = 1000
"""Steps of a bit to which scores are rounded where their distribution is counted."""


def log_odds(probabilities: Float, chance: Float, *, floor: float = 1e-3) -> Float:
    """Weights (A, w) in bits: log2 of the probability of each letter over that by chance.

    `probabilities` (A, w) of letters at each place of the motif, `chance` (A,) of letters anywhere;
    `floor` is the least probability that a letter is given, before each place is made to sum to 1
    again (Stormo 2000).

    Raises InputError for numbers that are no probabilities.

    >>> log_odds(np.array([[1.0], [0.0]]), np.array([0.5, 0.5])).round(2).tolist()
    [[1.0], [-8.97]]
    """
    rows = np.asarray(probabilities, dtype=np.float64)
    bad = rows.ndim != 2 or len(rows) != len(chance) or not np.isfinite(rows).all()
    if bad or (rows < 0).any() or (np.abs(rows.sum(axis=0) - 1) > 0.01).any():
        raise InputError(
            f"a motif of shape {rows.shape} for {len(chance)} letters; wanted (letters, places) "
            "with probabilities that sum to 1 at each place (divide counts by their column sums)"
        )
    held = np.maximum(rows, floor)
    made: Float = np.log2(held / held.sum(axis=0) / chance[:, None])
    return made


def scores(hot: Values, weights: Float) -> Float:
    """The score of each start of one-hot rows (m, A, L) under weights (A, w), (m, L - w + 1).

    A place that holds several letters evenly scores their mean; a start whose window holds a place
    without any letter (padding) scores -inf. No start, (m, 0), where the rows are shorter.

    >>> hot = np.eye(2)[[[0, 0, 1]]].transpose(0, 2, 1)
    >>> scores(hot, np.array([[1.0, 0.0], [0.0, 1.0]])).tolist()
    [[1.0, 2.0]]
    """
    width = weights.shape[1]
    starts = max(hot.shape[2] - width + 1, 0)
    out = np.zeros((len(hot), starts))
    empty: Bool = ~np.any(hot, axis=1)
    for place in range(width):
        part = slice(place, place + starts)
        out += np.einsum("a,mal->ml", weights[:, place], hot[:, :, part], dtype=np.float64)
        out[empty[:, part]] = -np.inf
    return out


def score_exceeded(weights: Float, chance: Float, p: float) -> float:
    """The least score that a random window reaches with a probability of at most `p`.

    Letters of a random window are independent with probabilities `chance` (A,); the distribution
    of the sum is counted on scores rounded to a thousandth of a bit (Staden 1989). Infinite where
    even the best score is more probable than `p`.

    >>> round(score_exceeded(np.array([[2.0, 2.0], [0.0, 0.0]]), np.array([0.5, 0.5]), 0.25), 2)
    4.0
    """
    if not 0 < p < 1:
        raise InputError(f"p={p}; wanted a probability between 0 and 1, as 1e-4")
    whole = np.rint(weights * FINE).astype(np.int64)
    low = whole.min(axis=0)
    reach = int((whole - low).max(axis=0).sum())
    found = np.zeros(reach + 1)
    found[0] = 1.0
    for place in range(whole.shape[1]):
        after = np.zeros_like(found)
        for step, share in zip(whole[:, place] - low[place], chance, strict=True):
            after[step:] += share * found[: len(found) - step]
        found = after
    above = np.cumsum(found[::-1])[::-1]
    few = np.flatnonzero(above <= p * (1 + 1e-9))
    if not len(few) or not found[few[0] :].any():
        return float("inf")
    first = int(few[0] + np.flatnonzero(found[few[0] :] > 0)[0])
    slack = 0.5 * whole.shape[1]  # each place was rounded by up to half a step
    return float((first + low.sum() - slack) / FINE)
