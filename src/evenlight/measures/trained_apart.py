"""Which features of a table are apart from those of training: by mean, by spread, or blank."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.usual import STILL, quantiles
from evenlight.small_groups import least_shown
from evenlight.stats.binomial import exact

FAR = 4.0
"""A mean so many SD of training away, or a spread so many times that of training or less."""

FURTHER = 8.0
"""Rows so many SD of training away, or a spread of this part, are in another unit."""

RARE = 0.05
"""Features of which fewer rows vary are not missed where they do not, nor new where they do."""

LIE, VARY = 0.15, 0.25
"""Share of the rows that lie further away, at least, for a feature of which in training at least so
many vary: what most people do not have, such as a coma, others may all have."""

FEW = 3
"""Rows, at least: one extreme value makes no other unit."""

ONE = 1e-6
"""A spread of this part of that of training is one value, but for rounding."""

CHANCE = 0.01
"""How often one feature of the table, at most, is told to be blank where nothing differs."""

NEVER = 1e300
"""In place of an infinite ratio."""


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """What is known of p features of n training units, and of `still` ones at `still_at`.

    The arrays are those of `TrainingSummary`, NaN where one is not known.
    """

    names: tuple[str, ...]
    mean: Float
    sd: Float
    quartile_range: Float
    varied: Float
    still: tuple[str, ...]
    still_at: Float
    n: int
    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class Apart:
    """Of p features (p,): which are `told`, `shift`, `width`, and which are off, far or filled.

    `rank` orders those that are off, 0 of others; `table` has shift and width of all at once.
    """

    told: Bool
    shift: Float
    width: Float
    off: Bool
    far: Bool
    filled: Bool
    rank: Float
    table: tuple[float, float]


def apart_from(x: Float, unit: Int, known: Known) -> Apart:
    """Rows x (m, p) in units (m,) against p features of training."""
    mean, sd = mean_sd(x)
    told = np.isfinite(mean)
    many = int(unit.max(initial=-1)) + 1
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        shift = np.nan_to_num((mean - known.mean) / known.sd, posinf=NEVER, neginf=-NEVER)
        spread = np.nan_to_num(sd / known.sd, posinf=NEVER)
        size = np.abs(x - known.mean) / known.sd
    lie = [(size > far).sum(axis=0) for far in (FAR, FURTHER)]
    one = told & (spread < ONE)
    least = _varied(mean, known)
    narrow, half, near = _narrow(x, many, spread, known)
    wide = ((spread > FAR) & (lie[0] >= FEW)) | (half - 2 * near > FAR)
    off = told & ((np.abs(shift) > FAR) | (wide & ~one) | ((narrow < 1 / FAR) & ~one))
    width = np.where((half - 2 * near > FAR) & (spread <= FAR), half, spread)
    far = ((lie[1] >= max(FEW, LIE * len(x))) & ~(least < VARY)) | ((narrow < 1 / FURTHER) & ~one)
    filled = one & (least >= RARE) & (many * np.log1p(-least) <= np.log(CHANCE / max(len(one), 1)))
    rank = np.maximum(np.abs(shift), np.maximum(width, 1 / np.maximum(width, 1 / NEVER)))
    table = _table(mean, sd, told, known)
    return Apart(told, shift, width, off, told & off & far, filled, rank * off, table)


def moved_from(x: Float, unit: Int, known: Known) -> Bool:
    """Which features (s,) vary in rows x (m, s), and hardly did in training.

    Of training up to ten units had another value. Told are features of which the exact limits of
    the share of units that have another value here are above those of training, and 5 %.
    """
    if not x.shape[1]:
        return np.zeros(0, dtype=np.bool_)
    other = np.abs(x - known.still_at) > np.maximum(STILL * np.abs(known.still_at), STILL)
    many = int(unit.max(initial=-1)) + 1
    units = np.zeros((many, x.shape[1]), dtype=np.bool_)
    np.logical_or.at(units, unit, other)
    alpha = 2 * CHANCE / x.shape[1]
    share, before = units.mean(axis=0), min((least_shown() - 1) / known.n, 1.0)
    low, _ = exact(share, np.full(x.shape[1], float(many)), alpha)
    _, high = exact(np.array([before]), np.array([float(known.n)]), alpha)
    moved: Bool = (units.sum(axis=0) >= least_shown()) & (low > max(float(high[0]), RARE))
    return moved


def mean_sd(x: Float) -> tuple[Float, Float]:
    """Of what is known in each column; NaN where fewer than two values are."""
    known = np.isfinite(x)
    n = known.sum(axis=0)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        mean = np.where(known, x, 0).sum(axis=0) / n
        square = (np.where(known, x - mean, 0) ** 2).sum(axis=0) / (n - 1)
    few = n < 2
    return np.where(few, np.nan, mean), np.where(few, np.nan, np.sqrt(square))


def varying(mean: Float, sd: Float) -> Bool:
    """Features (p,) whose SD is a unit."""
    vary: Bool = (sd > STILL * np.abs(mean)) & (sd > 0)
    return vary


def _varied(mean: Float, known: Known) -> Float:
    """The least share (p,) of training rows with another value than `mean` (p,), where known.

    Of moments alone by Cauchy and Schwarz: (E d)^2 <= P(d is not 0) E d^2, d = x - value.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        square = (mean - known.mean) ** 2
        moments = square / (known.sd**2 + square)
    moments = np.where(np.isfinite(moments), moments, 1.0)
    least: Float = np.minimum(np.where(np.isnan(known.varied), moments, known.varied), 0.5)
    return least


def _narrow(x: Float, many: int, spread: Float, known: Known) -> tuple[Float, Float, Float]:
    """What is to be small of narrow features (p,), the ratio of quartile ranges, and its error.

    A tail that a small cohort has not reached makes an SD small, and other shares of few values a
    quartile range: both are asked. Where quartiles are not known, or are one value, skewed values
    (not below 0, with an SD above the mean in training) are never narrow.
    """
    step = float(np.sqrt(0.1875 / max(many, 4)))
    at = [0.25 - step, 0.25, 0.25 + step, 0.75 - step, 0.75, 0.75 + step]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        q = quantiles(x, tuple(np.clip(at, 0, 1).tolist()))
        unit = np.where(known.quartile_range > 0, known.quartile_range, np.nan)
        half = (q[4] - q[1]) / unit
        near = np.hypot(q[2] - q[0], q[5] - q[3]) / 2 / unit
        skewed = (np.nanmin(np.where(np.isfinite(x), x, np.inf), axis=0) >= 0) & (
            known.sd > known.mean
        )
    plain = np.where(skewed, NEVER, spread)
    return np.where(np.isnan(half), plain, np.fmax(spread, half + 2 * near)), half, near


def _table(mean: Float, sd: Float, told: Bool, known: Known) -> tuple[float, float]:
    """Shift and width of all features that are told as one."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        size = np.sqrt((known.sd[told] ** 2).sum())
        table = float(np.sqrt(((mean - known.mean)[told] ** 2).sum()) / size)
        wide = float(np.sqrt((sd[told] ** 2).sum()) / size)
    return min(table, NEVER), min(wide, NEVER)
