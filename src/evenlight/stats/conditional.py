"""Is the same value used alike? Location and slope of attributions between groups, given the value.

In each stratum s of the own value (and of the nuisance) delta_s is the difference of means between
level and reference, c_s the mean score of the own value (0 its pooled mean, 1 its SD), and

    T0 = sum_s w_s delta_s / sum_s w_s                        location
    T1 = sum_s w_s c_s delta_s / sum_s w_s c_s^2              slope, per SD of the own value
    w_s = n_As n_Bs / (n_As + n_Bs)

Both are always computed: attributions are centred, so that a pure difference of slope cancels in
the location (Oaxaca and Blinder's "unexplained" part). Both are studentised by the stratified
Welch variance and put on the normal scale with their own Welch-Satterthwaite df
(`permutation.normalised`).

Whole units are shuffled among units of the same stratum (a conditional permutation test; Berrett
et al. 2020, JRSSB 82:175): given value and nuisance the groups are exchangeable where use is the
same. Inside a bin the linear dependence on the value is taken off beforehand, by one slope for
both groups, so shuffling does not change the residuals; what that slope takes of a difference
between groups (the part r^2 of the label that follows the value inside the stratum) is given back
in the denominators, w_s (1 - r_s^2).

**One family over subjects.** Each subject has strata of its own, so one shuffle cannot serve all.
Every draw gives each unit one key, and in each stratum of each subject the units with the lowest
keys are labelled: for each subject a uniform shuffle inside its strata, hence valid p-values. Keys
are shared, so subjects stay dependent as far as their strata agree. Where these differ the labels
of a draw agree less than the true ones (which are the same for all subjects), dependence is
understated, and with equal margins a less dependent family has the larger maximum (Sidak 1967):
the maximum over subjects errs on the careful side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.permutation import Difference, normalised, studentise
from evenlight.stats.value_strata import without_slope

LEAST = 1e-9
"""Scores that vary less than this between the strata that are left give no slope."""

Keys = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """The units of one contrast in the strata that hold two or more of both groups.

    `rows` (m,) positions of units, stratum after stratum from `starts` (s + 1,); `member` (m,);
    `n_level`, `n_reference` (s,); `coefficient` (1 + r, s) what each delta_s counts in the location
    and in each of r slopes (all 0 where a slope cannot be had); `reach` (1 + r,) by how much a
    shift of one arm could move each; `left` units of level and reference; `dropped` units lost.
    """

    rows: Int
    starts: Int
    member: Bool
    n_level: Int
    n_reference: Int
    coefficient: Float
    reach: Float
    left: tuple[int, int]
    dropped: int

    @property
    def sloped(self) -> Bool:
        """Which tests can be had, (1 + r,); the location always."""
        found: Bool = (self.coefficient != 0).any(axis=1)
        return found


def lay(stratum: Int, member: Bool, x: Float, score: Float) -> Laid:
    """Lay out units by stratum (u,), -1 left out, with own value x (u,) and scores (u, r).

    >>> x = np.array([0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    >>> group = np.array([True, True, False, False, True, False, False])
    >>> lay(x.astype(int), group, x, x[:, None] - 0.5).left
    (2, 2)
    """
    known = np.flatnonzero(stratum >= 0)
    size = int(stratum.max(initial=-1)) + 1
    level = np.bincount(stratum[known][member[known]], minlength=size)
    other = np.bincount(stratum[known][~member[known]], minlength=size)
    good = (level >= 2) & (other >= 2)
    rows = known[good[stratum[known]]]
    rows = rows[np.argsort(stratum[rows], kind="stable")]
    n_level, n_reference = level[good].astype(np.int64), other[good].astype(np.int64)
    starts = np.concatenate([[0], np.cumsum(n_level + n_reference)])
    coefficient, reach = _coefficients(rows, starts, member[rows], x, score)
    left = (int(n_level.sum()), int(n_reference.sum()))
    lost = len(known) - len(rows)
    return Laid(rows, starts, member[rows], n_level, n_reference, coefficient, reach, left, lost)


def _coefficients(
    rows: Int, starts: Int, member: Bool, x: Float, score: Float
) -> tuple[Float, Float]:
    """What each delta_s counts (1 + r, s), and the largest effect of a shift by one (1 + r,)."""
    s = len(starts) - 1
    if s == 0:
        return np.zeros((1 + score.shape[1], 0)), np.zeros(1 + score.shape[1])
    code = np.repeat(np.arange(s), np.diff(starts))
    count = np.diff(starts).astype(float)
    level = np.bincount(code, weights=member)
    weight = level * (count - level) / count
    follows = without_slope(member.astype(float)[:, None], x[rows], code)[:, 0]
    whole = np.bincount(code, weights=follows**2)
    c = np.stack([np.bincount(code, weights=column) / count for column in score[rows].T])
    ones = np.ones((1, s))
    middle = (c @ weight / weight.sum())[:, None]
    flat = ((c - middle) ** 2 @ weight) <= LEAST * weight.sum()
    along = np.vstack([ones, np.where(flat[:, None], 0.0, c)])
    bottom = along**2 @ whole
    seen = bottom > 0
    scale = np.where(seen, 1.0 / np.where(seen, bottom, 1.0), 0.0)[:, None]
    coefficient: Float = along * weight * scale
    return coefficient, np.abs(coefficient).sum(axis=1)


def residuals(values: Float, x: Float, laid: Laid, *, floor: float = 0.0) -> Float:
    """Values (u, k) of the units that enter (m, k), less mean and slope on x in each stratum.

    A column that nowhere exceeds `floor` is rounding, and set to 0.
    """
    code = np.repeat(np.arange(len(laid.starts) - 1), np.diff(laid.starts))
    out = without_slope(values[laid.rows], x[laid.rows], code)
    top = np.abs(out).max(axis=0, initial=0.0)
    size = np.abs(values[laid.rows]).max(axis=0, initial=0.0)
    out[:, top <= np.maximum(floor, 1e-12 * size)] = 0.0
    return out


def value_difference(phi: Float, laid: Laid) -> list[Difference]:
    """Location and each slope of residuals (m, k) as observed: 1 + r differences over k."""
    parts = [laid.member[None, a:b] for a, b in _spans(laid)]
    effect, level, reference, df = _moments(phi, laid, parts)
    s0 = 1e-6 * phi.std(axis=0)
    every = zip(effect, level, reference, df, strict=True)
    return [Difference(e[0], a[0], b[0], d[0], s0) for e, a, b, d in every]


def keys(units: int, *, draws: int, rng: np.random.Generator) -> Keys:
    """One key for each unit in each draw, (draws, units): a random order of the units."""
    small = np.uint16 if units < 2**16 else np.uint32
    return rng.permuted(np.tile(np.arange(units, dtype=small), (draws, 1)), axis=1)


def value_null(phi: Float, laid: Laid, drawn: Keys) -> Float:
    """Z* (1 + r, draws, k) of residuals (m, k), for keys (draws, units)."""
    parts = []
    for (a, b), n in zip(_spans(laid), laid.n_level.tolist(), strict=True):
        own = drawn[:, laid.rows[a:b]]
        parts.append(own <= np.partition(own, n - 1, axis=1)[:, [n - 1]])
    effect, level, reference, df = _moments(phi, laid, parts)
    t = studentise(effect, level + reference, 1e-6 * phi.std(axis=0))
    return normalised(t, df)


def _spans(laid: Laid) -> list[tuple[int, int]]:
    return list(zip(laid.starts[:-1].tolist(), laid.starts[1:].tolist(), strict=True))


def _moments(phi: Float, laid: Laid, labels: list[Bool]) -> tuple[Float, Float, Float, Float]:
    """Effects, their variance by side, and df, each (1 + r, draws, k); labels (draws, n_s) each."""
    sums, squares, totals, whole = [], [], [], []
    for (a, b), own in zip(_spans(laid), labels, strict=True):
        g, part = own.astype(np.float64), phi[a:b]
        sums.append(g @ part)
        squares.append(g @ part**2)
        totals.append(part.sum(axis=0))
        whole.append((part**2).sum(axis=0))
    n, m = (c[:, None, None].astype(float) for c in (laid.n_level, laid.n_reference))
    s, q = np.stack(sums), np.stack(squares)
    rest, other = np.stack(totals)[:, None] - s, np.stack(whole)[:, None] - q
    v_level = np.maximum(q - s**2 / n, 0.0) / (n * (n - 1))
    v_reference = np.maximum(other - rest**2 / m, 0.0) / (m * (m - 1))
    along = laid.coefficient
    effect = np.tensordot(along, s / n - rest / m, axes=1)
    level = np.tensordot(along**2, v_level, axes=1)
    reference = np.tensordot(along**2, v_reference, axes=1)
    bottom = np.tensordot(along**4, v_level**2 / (n - 1) + v_reference**2 / (m - 1), axes=1)
    both = (level + reference) ** 2
    df = np.divide(both, bottom, out=np.full_like(both, np.inf), where=bottom > 0)
    return effect, level, reference, df
