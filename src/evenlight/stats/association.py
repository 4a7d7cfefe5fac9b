"""How far a feature's own values tell the group: variance between groups, and information.

Information is normalised, I(x; g) / H(g), less its mean over permutations of the group. That mean
is no simulation: for two sets of labels with fixed counts it is a sum over the hypergeometric
distribution of each cell (Vinh, Epps and Bailey 2010, J Mach Learn Res 11:2837).
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln

from evenlight.arrays import Float, Int, Values


def entropies(states: Int, codes: Int) -> tuple[float, float, float]:
    """Mutual information I(x; g), H(x) and H(g) in nats, over rows whose group is known."""
    known = codes >= 0
    table = np.zeros((int(states.max(initial=0)) + 1, int(codes.max(initial=0)) + 1))
    np.add.at(table, (states[known], codes[known]), 1.0)
    h_x, h_g = entropy(table.sum(axis=1)), entropy(table.sum(axis=0))
    return h_x + h_g - entropy(table.ravel()), h_x, h_g


def function_of_group(states: Int, codes: Int) -> bool:
    """Whether the states follow from the group: I(x; g) / H(x) > 0.99 and x varies.

    >>> function_of_group(np.array([0, 0, 1, 1]), np.array([0, 0, 1, 2]))
    True
    """
    information, h_x, _ = entropies(states, codes)
    return h_x > 1e-12 and information / h_x > 0.99


def normalised_information(states: Values, codes: Int, stratum: Int | None = None) -> Float:
    """How far states (u, p) tell groups (u,): (I(x; g) - its permutation mean) / H(g), (p,).

    Within strata (u,) where given: I and H are means over strata by their size. -1 is unknown, in
    any of the three. NaN where the known groups do not vary in any stratum.

    >>> normalised_information(np.array([[0], [1]] * 40), np.array([0, 1] * 40)).round(2)
    array([0.99])
    """
    layer = np.zeros(len(codes), dtype=np.int64) if stratum is None else stratum
    told, most = np.zeros(states.shape[1]), np.zeros(states.shape[1])
    for s in np.unique(layer[layer >= 0]):
        rows = (layer == s) & (codes >= 0)
        table = cross_table(states[rows], codes[rows])
        of_group, of_state = table.sum(axis=1), table.sum(axis=0)
        h_g = _size_entropy(of_group)
        h = _size_entropy(table.reshape(-1, len(told)))
        told += _size_entropy(of_state) + h_g - h - _size_expected(of_state, of_group)
        most += h_g
    out: Float = np.divide(told, most, out=np.full(len(told), np.nan), where=most > 1e-9)
    return out


def cross_table(states: Values, codes: Int) -> Float:
    """Counts (k, states, p) of known states (u, p) in groups (u,), all of them known."""
    k, top = int(codes.max(initial=0)) + 1, int(states.max(initial=0)) + 1
    member = np.equal.outer(np.arange(k), codes).astype(np.float64)
    return np.stack([member @ (states == state) for state in range(top)], axis=1)


def expected_information(states: Int, groups: Int) -> float:
    """Mean of I(x; g) in nats over permutations of one, from counts of states and of groups.

    >>> round(expected_information(np.array([1, 1]), np.array([1, 1])), 4)
    0.6931
    """
    return float(_cells(states[states > 0], groups[groups > 0]).sum())


def quantile_states(x: Float, *, most: int = 10) -> Values:
    """Numbers (u, p) as states: distinct values as they are, up to `most`, else quantile bins.

    -1 where a number is missing. Bins are pooled over people, so they are blind to groups.

    >>> quantile_states(np.array([[2.0], [0.0], [2.0]])).ravel().tolist()
    [1, 0, 1]
    """
    out = np.full(x.shape, -1, dtype=np.int16)
    for j, column in enumerate(x.T):
        known = np.isfinite(column)
        if not known.any():
            continue
        values, at = np.unique(column[known], return_inverse=True)
        if len(values) > most:
            edges = np.unique(np.quantile(column[known], np.linspace(0, 1, most + 1)[1:-1]))
            at = np.searchsorted(edges, column[known], side="right")
        out[known, j] = at
    return out


def entropy(counts: Float) -> float:
    """Entropy of counts in nats."""
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _size_entropy(counts: Float) -> Float:
    """Entropy of counts (cells, p) times their sum, (p,)."""
    n: Float = counts.sum(axis=0)
    size: Float = _x_log_x(n) - _x_log_x(counts).sum(axis=0)
    return size


def _x_log_x(x: Float) -> Float:
    return x * np.log(np.where(x > 0, x, 1.0))


def _size_expected(of_state: Float, of_group: Float) -> Float:
    """Expected information times the sum of the counts, (states, p) and (k, p), (p,)."""
    a, out = of_state.astype(np.int64), np.zeros(of_state.shape[1])
    kinds, kind = np.unique(of_group.astype(np.int64), axis=1, return_inverse=True)
    for i, groups in enumerate(kinds.T):
        here = np.flatnonzero(kind.ravel() == i)
        counts, at = np.unique(a[:, here], return_inverse=True)
        told = _cells(counts, groups[groups > 0]) * groups.sum()
        out[here] = told[at.reshape(len(a), -1)].sum(axis=0)
    return out


def _cells(states: Int, groups: Int) -> Float:
    """The part of each state (m,), by its count, in the expected information with groups (k,)."""
    n = int(groups.sum())
    log_factorial = gammaln(np.arange(n + 1) + 1.0)
    out = np.zeros(len(states))
    for i, a in enumerate(states.tolist()):
        for b in groups.tolist():
            cell = np.arange(max(1, a + b - n), min(a, b) + 1)
            whole = log_factorial[[a, b, n - a, n - b]].sum() - log_factorial[n]
            parts = (cell, a - cell, b - cell, n - a - b + cell)
            chance = np.exp(whole - sum(log_factorial[part] for part in parts))
            out[i] += float((chance * cell / n * np.log(n * cell / (a * b or 1))).sum())
    return out
