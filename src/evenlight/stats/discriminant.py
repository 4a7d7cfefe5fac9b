"""How far a set of features tells the group, or an axis, of people who were not learned from.

The scores are those of a shrunken linear discriminant, fitted on the other folds of units:

    s_ik = x_i' S^-1 m_k,   m_k the mean of group k (of axis k: the mean of x times the axis),

x, groups and axes centred within strata, S the shrunken covariance of all x (see `two_sample`). S
and the folds do not know the labels, so a permutation of labels within strata refits the whole at
the cost of a product, and its test is exact where groups are exchangeable. They are not where their
spread differs, as of means of eight images a person beside single ones; so for groups what is
permuted is the statistic over its standard error in that very draw,

    T = sum_i c_i / sqrt(sum over groups g in strata s of n_sg v_sg),   c_i = sum_k s_ik t_ik,

t the target and v_sg the variance of c (Janssen 1997; Pauly, Asendorf and Konietschke 2016, Biom J
58:1319, of the AUC). Groups are ordered pair by pair, by s_ia - s_ib, and the AUC is the mean over
pairs (Hand and Till 2001, Mach Learn 45:171).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.special import ndtri
from scipy.stats import rankdata

from evenlight.arrays import Float, Int
from evenlight.stats.folds import dealt
from evenlight.stats.two_sample import Fitted, fold_kernel

FOLDS = 5
STEP = 32
"""Draws at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """n units, their `stratum` and `fold` (n,), and what is to be told of them, `target` (n, k).

    `codes` (n,) are groups, -1 throughout for axes. `target` is centred within strata, a group's
    column divided by its size.
    """

    stratum: Int
    fold: Int
    target: Float
    codes: Int


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """How far a set tells: `value` in -1 to 1 with limits, and the permutation `p`.

    `value` is 2 AUC - 1 for groups, the mean correlation for axes.
    """

    value: float
    low: float
    high: float
    p: float


def asked_groups(codes: Int, stratum: Int, *, rng: np.random.Generator) -> Asked:
    """Groups (n,) and strata (n,), all known, to be told from a set."""
    member = np.equal.outer(codes, np.unique(codes)).astype(np.float64)
    target = member / member.sum(axis=0)
    return Asked(stratum, dealt(stratum, count=FOLDS, rng=rng), _centred(target, stratum), codes)


def asked_axes(axes: Float, stratum: Int, *, rng: np.random.Generator) -> Asked:
    """Axes (n, k) and strata (n,), all known, to be told from a set."""
    apart = _centred(axes, stratum)
    scale = np.sqrt((apart**2).sum(axis=0))
    none = np.full(len(axes), -1, dtype=np.int64)
    return Asked(
        stratum, dealt(stratum, count=FOLDS, rng=rng), apart / np.maximum(scale, 1e-300), none
    )


def arrangements(asked: Asked, *, draws: int, rng: np.random.Generator) -> Int:
    """Orders of the units (draws, n), each a permutation within strata."""
    out = np.tile(np.arange(len(asked.stratum)), (draws, 1))
    for s in np.unique(asked.stratum):
        rows = np.flatnonzero(asked.stratum == s)
        out[:, rows] = rows[np.argsort(rng.random((draws, len(rows))), axis=1)]
    return out


def told_by(x: Float, asked: Asked, orders: Int, *, alpha: float = 0.05) -> Told:
    """How far the values x (n, q) of a set tell what is asked; `orders` (draws, n) are its null.

    >>> rng = np.random.default_rng(0)
    >>> codes = np.repeat([0, 1], 40)
    >>> asked = asked_groups(codes, np.zeros(80, dtype=np.int64), rng=rng)
    >>> found = told_by(codes[:, None] + rng.normal(size=(80, 1)), asked, np.arange(80)[None])
    >>> 0.2 < found.low < found.value < found.high < 1
    True
    """
    kernel = _kernel(_centred(x, asked.stratum), asked.fold)
    scores = _scored(kernel, asked.target)
    own = np.arange(len(scores))[None]
    seen = float(_studentised((scores * asked.target).sum(axis=1)[:, None], asked, own)[0])
    refitted, stretch = _null(kernel, scores, asked, orders)
    bar = seen - 1e-9 * abs(seen)
    p = (1 + int((refitted >= bar).sum())) / (1 + len(orders))
    value, error = _auc(scores, asked) if asked.codes.max() >= 0 else _correlation(scores, asked)
    half = float(ndtri(1 - alpha / 2)) * error * stretch
    if error == 0 and asked.codes.max() >= 0:  # apart in full: no exception among the fewest
        half = 2 - 2 * alpha ** (1 / int(np.unique(asked.codes, return_counts=True)[1].min()))
    return Told(value, max(value - half, -1.0), min(value + half, 1.0), p)


def _kernel(x: Float, fold: Int) -> list[Fitted]:
    """The matrix that gives each fold its scores from the targets of the others."""
    return [
        fold_kernel(x, np.flatnonzero(fold == f), np.flatnonzero(fold != f))
        for f in np.unique(fold)
    ]


def _scored(kernel: Sequence[Fitted], target: Float) -> Float:
    """Scores (n, k) of every unit from the targets (n, k) of the other folds."""
    out = np.empty_like(target)
    for part in kernel:
        out[part.held] = part.left @ (part.right @ target)
    return out


def _null(
    kernel: Sequence[Fitted], scores: Float, asked: Asked, orders: Int
) -> tuple[Float, float]:
    """The statistic T (draws,) refitted under permuted targets, and by how much errors stretch.

    A relabelling alone keeps the scores at hand; both spreads are of scores of one size.
    """
    anew, size, same, told = (np.empty(len(orders)) for _ in range(4))
    k = asked.target.shape[1]
    for start in range(0, len(orders), STEP):
        drawn = asked.target[orders[start : start + STEP]]
        at = slice(start, start + len(drawn))
        same[at] = np.einsum("dnk,nk->d", drawn, scores)
        wide = drawn.transpose(1, 0, 2).reshape(len(scores), -1)
        again = _scored(kernel, wide)
        part = (again * wide).reshape(len(scores), -1, k).sum(axis=2)
        anew[at], told[at] = part.sum(axis=0), _studentised(part, asked, orders[at])
        size[at] = np.sqrt((again**2).reshape(len(scores), -1, k).sum(axis=(0, 2)))
    alone = float(same.std()) / max(float(np.sqrt((scores**2).sum())), 1e-300)
    together = float((anew / np.maximum(size, 1e-300)).std())
    return told, max(together / alone, 1.0) if alone > 0 else 1.0


def _studentised(part: Float, asked: Asked, orders: Int) -> Float:
    """T (draws,) of the units' parts (n, draws), groups as `orders` (draws, n) has them.

    Their plain sum for axes, and where nothing varies within groups the sum over next to nothing.
    """
    total: Float = part.sum(axis=0)
    if asked.codes.max() < 0:
        return total
    many, k = len(orders), int(asked.codes.max()) + 1
    cell = asked.stratum * k + asked.codes[orders]
    cell = cell + (int(asked.stratum.max()) + 1) * k * np.arange(many)[:, None]
    n = np.bincount(cell.ravel())[cell]
    mean = np.bincount(cell.ravel(), weights=part.T.ravel())[cell] / n
    error = ((part.T - mean) ** 2 * n / np.maximum(n - 1, 1)).sum(axis=1)
    floor = 1e-9 * (part**2).sum(axis=0) + 1e-300
    return np.asarray(total / np.sqrt(error + floor))


def _auc(scores: Float, asked: Asked) -> tuple[float, float]:
    """2 AUC - 1, the mean over pairs of groups with overlap, and DeLong's standard error of it."""
    levels = np.unique(asked.codes)
    influence, total, pairs = np.zeros(len(scores)), 0.0, 0
    for a, b in combinations(range(len(levels)), 2):
        found = _pair(scores[:, a] - scores[:, b], asked, (int(levels[a]), int(levels[b])))
        if found is not None:
            total, pairs = total + found[0], pairs + 1
            influence += found[1]
    pairs = max(pairs, 1)
    return 2 * total / pairs - 1, 2 * float(np.sqrt(influence @ influence)) / pairs


def _pair(score: Float, asked: Asked, pair: tuple[int, int]) -> tuple[float, Float] | None:
    """The AUC of one pair within strata, and each unit's part in its error (n,)."""
    auc, weight, influence = 0.0, 0.0, np.zeros(len(score))
    for s in np.unique(asked.stratum):
        own = [np.flatnonzero((asked.stratum == s) & (asked.codes == g)) for g in pair]
        n, m = (len(rows) for rows in own)
        if min(n, m) < 2:
            continue
        share = n * m / (n + m)
        placed = _placements(score[own[0]], score[own[1]])
        here = float(placed[0].mean())
        auc, weight = auc + share * here, weight + share
        for rows, part in zip(own, placed, strict=True):
            influence[rows] += share * (part - here) / np.sqrt(len(rows) * (len(rows) - 1.0))
    return (auc / weight, influence / weight) if weight > 0 else None


def _placements(a: Float, b: Float) -> tuple[Float, Float]:
    """Of each score of a the share of b below it; of each of b the share of a above it."""
    every = rankdata(np.concatenate([a, b]))
    below = (every[: len(a)] - rankdata(a)) / len(b)
    above = 1 - (every[len(a) :] - rankdata(b)) / len(a)
    return below, above


def _correlation(scores: Float, asked: Asked) -> tuple[float, float]:
    """Mean over axes of the correlation of score and axis within strata, and its standard error."""
    apart = _centred(scores, asked.stratum)
    size = np.sqrt((apart**2).mean(axis=0))
    s = apart / np.where(size > 0, size, np.inf)
    a = asked.target / np.sqrt((asked.target**2).mean(axis=0))
    r = (s * a).mean(axis=0)
    influence = (s * a - r * (s**2 + a**2) / 2).mean(axis=1)
    return float(r.mean()), float(np.sqrt((influence**2).sum())) / len(scores)


def _centred(x: Float, stratum: Int) -> Float:
    out = x.astype(np.float64)
    for s in np.unique(stratum):
        rows = stratum == s
        out[rows] -= out[rows].mean(axis=0)
    return out
