"""Location and slope given the own value, where rows of one unit hold several values.

A donor's cells, a patient's visits: rows are averaged to cells, one a unit and stratum of the own
value (crossed with the nuisance), so that every unit counts once in a stratum. delta_s, T0 and T1
are those of `conditional`; the variance is clustered by unit,

    V = sum over units of (sum_s a_s (cell_is - mean_s of its group) / sqrt(n_s (n_s - 1)))^2

with a_s what delta_s counts. Values cannot be held when whole units are shuffled (each unit spreads
over the strata in its own way), so units are shuffled within the nuisance only, and strata, weights
and V are computed anew for every draw: exact where the groups' values are alike, else valid for
many units through the studentisation (Janssen 1997; Chung and Romano 2013).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.cells import cells
from evenlight.stats.conditional import LEAST, Keys
from evenlight.stats.permutation import Difference, normalised, studentise

BLOCK = 500
"""Draws held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Nested:
    """Units by strata: `there` (u, s) 1 where a unit has rows, `values` (u, s) their mean, else 0.

    `score` (1 + r, s) is 1 for the location and c_s for each slope (0 where there is none);
    `member` (u,), `klass` (u,) what units are shuffled within, `units` (u,) positions of units.
    """

    there: Float
    values: Float
    score: Float
    member: Bool
    klass: Int
    units: Int

    @property
    def sloped(self) -> Bool:
        """Which tests can be had, (1 + r,)."""
        found: Bool = (self.score != 0).any(axis=1)
        return found

    @property
    def left(self) -> tuple[int, int]:
        """Units of level and reference."""
        return int(self.member.sum()), int((~self.member).sum())


def nest(values: Float, score: Float, unit: Int, stratum: Int, member: Bool, klass: Int) -> Nested:
    """Lay out rows: residuals (n,), scores (n, r), unit and stratum (n,), -1 left out.

    `member` and `klass` (units,) are of the units. Strata stay that hold two units of each group,
    and units whose class holds both groups.
    """
    shared = np.isin(klass, klass[member]) & np.isin(klass, klass[~member])
    at = np.flatnonzero((stratum >= 0) & shared[unit])
    made = cells(np.column_stack([values[at], score[at]]), unit[at], stratum[at])
    units, i = np.unique(made.unit, return_inverse=True)
    strata, s = np.unique(made.stratum, return_inverse=True)
    there, mean = np.zeros((2, len(units), len(strata)))
    there[i, s], mean[i, s] = 1.0, made.values[:, 0]
    level, count = member[units].astype(float) @ there, there.sum(axis=0)
    good = (level >= 2) & (count - level >= 2)
    along = np.stack([np.bincount(s, weights=c) for c in made.values[:, 1:].T])
    along = (along / np.maximum(count, 1))[:, good]
    flat = along.var(axis=1) <= LEAST if good.any() else np.ones(len(along), dtype=bool)
    along[flat] = 0.0
    score = np.vstack([np.ones((1, int(good.sum()))), along])
    seen = there[:, good].any(axis=1)
    there, mean = there[np.ix_(seen, good)], mean[np.ix_(seen, good)]
    units = units[seen]
    return Nested(there, mean, score, member[units], klass[units], units)


def nested_difference(nested: Nested) -> list[Difference]:
    """Location and each slope as observed, every array (1,)."""
    effect, level, reference, df = _moments(nested, nested.member[None].astype(float))
    s0 = np.array([_floor(nested)])
    every = zip(effect, level, reference, df, strict=True)
    return [Difference(e, a, b, d, s0) for e, a, b, d in every]


def nested_null(nested: Nested, drawn: Keys) -> Float:
    """Z* (1 + r, draws, 1) for keys (draws, all units)."""
    labels = class_labels(nested.member, nested.klass, drawn[:, nested.units])
    out = np.empty((len(nested.score), len(labels), 1))
    for start in range(0, len(labels), BLOCK):
        part = labels[start : start + BLOCK].astype(float)
        effect, level, reference, df = _moments(nested, part)
        t = studentise(effect, level + reference, np.array(_floor(nested)))
        out[:, start : start + BLOCK, 0] = normalised(t, df)
    return out


def class_labels(member: Bool, klass: Int, drawn: Keys) -> Bool:
    """Labels (draws, u) with as many members in each class as observed: those of lowest keys."""
    out = np.zeros(drawn.shape, dtype=bool)
    for name in np.unique(klass):
        at = np.flatnonzero(klass == name)
        n = int(member[at].sum())
        own = drawn[:, at]
        out[:, at] = own <= np.partition(own, n - 1, axis=1)[:, [n - 1]] if n else False
    return out


def _floor(nested: Nested) -> float:
    seen = nested.values[nested.there > 0]
    return 1e-6 * float(seen.std()) if len(seen) else 0.0


def _moments(nested: Nested, labels: Float) -> tuple[Float, Float, Float, Float]:
    """Effects, variance by side and df, each (1 + r, draws), for labels (draws, u)."""
    sides = [_side(nested, labels), _side(nested, 1.0 - labels)]
    (n, mean), (m, other) = sides
    good = (n >= 2) & (m >= 2)
    weight = np.where(good, n * m / np.maximum(n + m, 1), 0.0)
    along = nested.score[:, None, :] * weight
    bottom = (nested.score[:, None, :] ** 2 * weight).sum(axis=2, keepdims=True)
    a = np.divide(along, bottom, out=np.zeros_like(along), where=bottom > 0)
    effect = (a * np.where(good, mean - other, 0.0)).sum(axis=2)
    parts = [
        _clustered(nested, own, a, count, middle)
        for own, (count, middle) in zip((labels, 1.0 - labels), sides, strict=True)
    ]
    units = [np.maximum(own.sum(axis=1) - 1, 1) for own in (labels, 1.0 - labels)]
    squares = parts[0] ** 2 / units[0] + parts[1] ** 2 / units[1]
    both = (parts[0] + parts[1]) ** 2
    df = np.divide(both, squares, out=np.full_like(both, np.inf), where=squares > 0)
    return effect, parts[0], parts[1], df


def _side(nested: Nested, labels: Float) -> tuple[Float, Float]:
    """Units and mean of one side in each stratum, (draws, s)."""
    count = labels @ nested.there
    return count, labels @ nested.values / np.maximum(count, 1)


def _clustered(nested: Nested, labels: Float, a: Float, count: Float, mean: Float) -> Float:
    """One side's part of V, (1 + r, draws): squared influences of its units."""
    safe = np.where(count >= 2, count * (count - 1), 1.0)
    k = np.where(count >= 2, a / np.sqrt(safe), 0.0)
    influence = k @ nested.values.T - (k * mean) @ nested.there.T
    out: Float = (labels * influence**2).sum(axis=2)
    return out
