"""How far a feature's own values tell the group."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int


def eps_squared(x: Float, codes: Int) -> Float:
    """Bias-corrected share of variance between groups, (u, p) -> (p,): (SSB - (k-1) MSW) / SST.

    Below 0 for about half of the null features or more: shown as it is, truncated only in sums.
    """
    known = codes >= 0
    values, g = x[known], codes[known]
    counts = np.bincount(g)
    k, n = int((counts > 0).sum()), len(g)
    if k < 2 or n <= k:
        return np.full(x.shape[1], np.nan)
    sums = np.zeros((len(counts), x.shape[1]))
    np.add.at(sums, g, values - values.mean(axis=0))
    between = (sums**2 / np.maximum(counts, 1)[:, None]).sum(axis=0)
    total = ((values - values.mean(axis=0)) ** 2).sum(axis=0)
    within = np.maximum(total - between, 0.0) / (n - k)
    out: Float = np.divide(
        between - (k - 1) * within, total, out=np.zeros_like(total), where=total > 0
    )
    return out


def entropies(states: Int, codes: Int) -> tuple[float, float, float]:
    """Mutual information I(x; g), H(x) and H(g) in nats, over rows whose group is known."""
    known = codes >= 0
    table = np.zeros((int(states.max(initial=0)) + 1, int(codes.max(initial=0)) + 1))
    np.add.at(table, (states[known], codes[known]), 1.0)
    h_x, h_g = _entropy(table.sum(axis=1)), _entropy(table.sum(axis=0))
    return h_x + h_g - _entropy(table.ravel()), h_x, h_g


def function_of_group(states: Int, codes: Int) -> bool:
    """Whether the states follow from the group: I(x; g) / H(x) > 0.99 and x varies.

    >>> function_of_group(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]))
    True
    """
    information, h_x, _ = entropies(states, codes)
    return h_x > 1e-12 and information / h_x > 0.99


def normalised_information(
    states: Int, codes: Int, *, draws: int, rng: np.random.Generator
) -> float:
    """I(x; g) / H(g) minus its mean over permutations of the group."""
    information, _, h_g = entropies(states, codes)
    if h_g <= 1e-12:
        return float("nan")
    known = codes >= 0
    s, g = states[known], codes[known]
    null = [entropies(s, rng.permutation(g))[0] for _ in range(draws)]
    return float((information - np.mean(null)) / h_g)


def _entropy(counts: Float) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())
