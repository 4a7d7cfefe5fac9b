"""The share of a feature's variance that groups or axes explain, within strata, and its null.

For groups it is eps squared, for axes adjusted R squared, and these are one formula: with q free
predictors in a stratum of n units, (ESS - q (TSS - ESS) / (n - q - 1)) / TSS (Ezekiel 1930; Kelley
1935). Over strata both parts are sums, so strata weigh by the variance that they hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.multiplicity import Family, step_down
from evenlight.stats.tail import tail_p

FEW = 10
"""Draws that reach a statistic: fewer, and p is that of a fitted tail."""

STEP = 64
"""Draws at once."""

WIDTH = 2048
"""Features at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Basis:
    """What is to explain: per stratum the units `rows` (n_s,) and predictors `span` (n_s, q_s).

    The predictors are centred and orthonormal within the stratum.
    """

    rows: tuple[Int, ...]
    span: tuple[Float, ...]

    @property
    def n(self) -> int:
        """Units that enter."""
        return sum(len(r) for r in self.rows)


def basis(predictors: Float, stratum: Int) -> Basis:
    """The basis of predictors (u, q) within strata (u,); units at -1 or with NaN do not enter.

    A stratum enters where its predictors vary and leave two degrees of freedom or more.
    """
    rows, span = [], []
    usable = (stratum >= 0) & np.isfinite(predictors).all(axis=1)
    for s in np.unique(stratum[usable]):
        own = np.flatnonzero(usable & (stratum == s))
        apart = predictors[own] - predictors[own].mean(axis=0)
        left, size, _ = np.linalg.svd(apart, full_matrices=False)
        free = int((size > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)).sum())
        if size.max(initial=0.0) > 1e-12 and len(own) - free - 1 >= 2:
            rows.append(own)
            span.append(left[:, :free])
    return Basis(tuple(rows), tuple(span))


def indicators(codes: Int) -> Float:
    """Groups (u,) as columns (u, k) of 0 and 1; NaN in every column where a group is unknown."""
    levels = np.arange(int(codes.max(initial=0)) + 1)
    out = np.equal.outer(codes, levels).astype(np.float64)
    out[codes < 0] = np.nan
    return out


def explained_share(x: Float, given: Basis, owner: Int | None = None) -> Float:
    """Bias-corrected share of the variance of x (u, c) that is explained within strata, (c,).

    With `owner` (c,) columns are summed to p subjects, (p,): of the indicators of all states it is
    Goodman and Kruskal's tau, corrected. Missing values (NaN) leave with their unit, column by
    column. 0 where nothing varies.

    >>> x = np.array([[0.0], [1.0], [4.0], [5.0]])
    >>> given = basis(indicators(np.array([0, 0, 1, 1])), np.zeros(4, dtype=np.int64))
    >>> explained_share(x, given).round(3)
    array([0.912])
    """
    above, below = np.zeros(x.shape[1]), np.zeros(x.shape[1])
    gaps: Bool = np.asarray(np.isnan(x).any(axis=0))
    for rows, span in zip(given.rows, given.span, strict=True):
        for columns, own, kept in _complete(x, gaps, rows):
            q = _again(span[own]) if kept < len(rows) else span
            free = kept - q.shape[1] - 1
            if free < 1 or q.shape[1] == 0:
                continue
            y = x[rows[own]][:, columns] if kept < len(rows) or gaps.any() else x[rows]
            apart = y - y.mean(axis=0)
            total = (apart**2).sum(axis=0)
            told = ((q.T @ apart) ** 2).sum(axis=0)
            above[columns] += told - q.shape[1] * np.maximum(total - told, 0.0) / free
            below[columns] += total
    still = below <= 1e-24 * np.nansum(x**2, axis=0)
    above, below = _by(owner, np.where(still, 0.0, above)), _by(owner, np.where(still, 0.0, below))
    out: Float = np.divide(above, below, out=np.zeros_like(above), where=below > 0)
    return out


def _by(owner: Int | None, values: Float) -> Float:
    """Sums (..., p) over the columns (..., c) of each owner."""
    if owner is None or (owner == np.arange(len(owner))).all():
        return values
    out = np.zeros((*values.shape[:-1], int(owner.max()) + 1))
    np.add.at(out.T, owner, values.T)
    return out


def _complete(x: Float, gaps: Bool, rows: Int) -> Iterator[tuple[Int, Bool, int]]:
    """Features that share their complete units in a stratum: which, which units, how many."""
    whole = np.flatnonzero(~gaps)
    if len(whole):
        yield whole, np.ones(len(rows), dtype=bool), len(rows)
    for j in np.flatnonzero(gaps):
        own = ~np.isnan(x[rows, j])
        yield np.array([j]), own, int(own.sum())


def _again(span: Float) -> Float:
    """The orthonormal basis of some rows of a span."""
    left, size, _ = np.linalg.svd(span - span.mean(axis=0), full_matrices=False)
    return left[:, size > 1e-9]


def explained_family(
    x: Float, given: Basis, owner: Int | None = None, *, draws: int, rng: np.random.Generator
) -> tuple[Float, Float]:
    """Permutation p and step-down max-T p (p,) of "x is independent of the predictors".

    Predictors are permuted among the units of a stratum, so the test is exact for independence
    within strata. The statistic is the explained share of the subject's own variance; a missing
    value stands at its stratum's mean, blind to the groups. `owner` as in `explained_share`. Where
    fewer than 10 draws reach a statistic its p is that of the fitted tail of its own null, and not
    smaller than that of the F test: a list of many subjects needs p below 1 / draws. Nor is it
    below what a tail of so many draws can tell (`tail.knowable`), 1e-11 of 1,000: a law fitted to
    the 100 largest of them does not know how rare what lies far beyond them is.
    """
    parts = [_filled(x[rows]) for rows in given.rows]
    total = _by(owner, np.sum([(part**2).sum(axis=0) for part in parts], axis=0))
    scale = np.where(total > 1e-24, total, np.inf)
    told = [((q.T @ part) ** 2).sum(axis=0) for part, q in zip(parts, given.span, strict=True)]
    seen = _by(owner, np.sum(told, axis=0)) / scale
    null = np.empty((draws, len(seen)))
    for start in range(0, draws, STEP):
        many = min(STEP, draws - start)
        spans = [_shuffled(span, many, rng) for span in given.span]
        drawn = np.empty((many, x.shape[1]))
        for left in range(0, x.shape[1], WIDTH):
            at = slice(left, left + WIDTH)
            drawn[:, at] = _drawn(parts, spans, at, many)
        null[start : start + many] = _by(owner, drawn) / scale
    found: Family = step_down(seen, lambda index: null[:, index], draws=draws)
    p = found.p
    for j in np.flatnonzero(p * (1 + draws) <= FEW):
        size = float(np.sqrt(seen[j]))
        p[j] = min(p[j], max(tail_p(np.sqrt(null[:, j]), size), _f_test(float(seen[j]), given)))
    return p, found.p_maxt


def _f_test(share: float, given: Basis) -> float:
    """P of the F test of an explained share of variance."""
    told = sum(span.shape[1] for span in given.span)
    free = given.n - told - len(given.span)
    f = share / told / (max(1 - share, 1e-300) / free)
    return float(fdtrc(told, free, f))


def _filled(x: Float) -> Float:
    """Values apart from their mean, 0 where missing."""
    if not np.isnan(x).any():
        centred: Float = x - x.mean(axis=0)
        return centred
    known = ~np.isnan(x)
    mean = np.where(known, x, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, x - mean, 0.0)


def _shuffled(span: Float, many: int, rng: np.random.Generator) -> Float:
    """The span under `many` permutations of its units, (many * q, n)."""
    order = np.argsort(rng.random((many, len(span))), axis=1)
    return span[order].transpose(0, 2, 1).reshape(-1, len(span))


def _drawn(parts: list[Float], spans: list[Float], at: slice, many: int) -> Float:
    """Explained sums of squares (many, w) of some features under permuted predictors."""
    out = np.zeros((many, len(range(*at.indices(parts[0].shape[1])))))
    for part, span in zip(parts, spans, strict=True):
        told = (span @ part[:, at]) ** 2
        out += told.reshape(many, -1, told.shape[1]).sum(axis=1)
    return out
