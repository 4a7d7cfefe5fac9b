"""Strata of a subject's own value: exact states where there are few, else quantile bins.

Comparing groups inside such strata asks whether the same value is used alike. Inside a bin values
still differ, so their linear part is taken off as well (statistics: conditional).
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int

BINS = 20
"""Most bins of a continuous value."""

FEWEST_BINS = 4
PER_ARM = 12
"""Units of the smaller arm that a bin should hold on average. With 150 + 150 people, 10 bins have
the size of 20 (values shifted by one SD, curved and stepped phi) and lose less to slopes of bins:
power 0.80 in place of 0.76 where the regression has 0.82 (600 runs, Monte Carlo error 0.016)."""

FEW_STATES = 5
"""Up to this many distinct values are always states of their own (genotypes, grades)."""


def bins_for(least: int, crossed: int = 1) -> int:
    """Bins for a smaller arm of `least` units, crossed with that many nuisance strata.

    >>> bins_for(400), bins_for(150), bins_for(12), bins_for(400, 3)
    (20, 12, 4, 11)
    """
    return int(np.clip(least // (PER_ARM * max(crossed, 1)), FEWEST_BINS, BINS))


def value_strata(x: Float, bins: int = BINS) -> Int:
    """The stratum of each value (m,), from 0 and -1 where x is not finite.

    States where no more than `bins` (or 5) values are distinct. Else a value that more than a
    twentieth of the units share is a state of its own, and the others fall into quantile bins, as
    many as their share of the units asks for.

    >>> value_strata(np.array([0.0, 1.0, 2.0, 1.0])).tolist()
    [0, 1, 2, 1]
    >>> value_strata(np.append(np.zeros(60), np.linspace(1, 2, 40)), 10)[[0, 60, 99]].tolist()
    [0, 1, 4]
    """
    out = np.full(len(x), -1, dtype=np.int64)
    known = np.isfinite(x)
    if not known.any():
        return out
    values, code, count = np.unique(x[known], return_inverse=True, return_counts=True)
    if len(values) <= max(bins, FEW_STATES):
        out[known] = code
        return out
    tied = np.flatnonzero(count * BINS > known.sum())
    state = np.full(len(values), -1, dtype=np.int64)
    state[tied] = np.arange(len(tied))
    made, rest = state[code], state[code] < 0
    if rest.any():
        many = max(1, round(bins * float(rest.mean())))
        made[rest] = len(tied) + _quantile_bins(x[known][rest], many)
    out[known] = made
    return out


def _quantile_bins(x: Float, bins: int) -> Int:
    """Bins of about equally many values (m,), from 0; equal values share one."""
    edges = np.unique(np.quantile(x, np.linspace(0, 1, bins + 1)[1:-1]))
    codes: Int = np.searchsorted(edges, x, side="right").astype(np.int64)
    return codes


def scores(x: Float, *, nominal: bool) -> Float:
    """What a slope runs along, (m, r), each column with mean 0 and SD 1 over the units.

    One column for a number. Nominal states have no order: one indicator each, so that a difference
    at any of them is seen (two states need only one). A column that does not vary is 0.
    """
    columns = x[:, None]
    if nominal:
        states = np.unique(x)
        states = states[1:] if len(states) == 2 else states
        columns = (x[:, None] == states[None, :]).astype(np.float64)
    return standardised(columns)


def standardised(columns: Float) -> Float:
    """Columns (m, r) with mean 0 and SD 1 (1/n); 0 where one does not vary."""
    middle = columns - columns.mean(axis=0)
    spread = columns.std(axis=0)
    flat = spread <= 1e-12 * np.maximum(np.abs(columns).max(axis=0, initial=0.0), 1e-300)
    out: Float = np.where(flat, 0.0, middle / np.where(flat, 1.0, spread))
    return out


def without_slope(values: Float, x: Float, stratum: Int) -> Float:
    """Values (m, k) less their mean and their linear dependence on x (m,) in each stratum (m,).

    The slope is that of all units of the stratum, whatever their group: shuffling groups inside
    strata then leaves these residuals as they are.
    """
    size = int(stratum.max(initial=-1)) + 1
    count = np.maximum(np.bincount(stratum, minlength=size), 1)
    apart = x - (np.bincount(stratum, weights=x, minlength=size) / count)[stratum]
    mean = np.zeros((size, values.shape[1]))
    np.add.at(mean, stratum, values)
    out: Float = values - (mean / count[:, None])[stratum]
    square = np.bincount(stratum, weights=apart**2, minlength=size)
    scale = np.bincount(stratum, weights=x**2, minlength=size)
    cross = np.zeros((size, values.shape[1]))
    np.add.at(cross, stratum, apart[:, None] * out)
    flat = square <= 1e-12 * np.maximum(scale, 1e-300)
    slope = np.where(flat[:, None], 0.0, cross / np.where(flat, 1.0, square)[:, None])
    return out - apart[:, None] * slope[stratum]
