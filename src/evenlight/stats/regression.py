"""The competent analyst's regression: attribution on own value, group, and group x value.

    phi = h(x) + nuisance + a g + b g (x - m) / SD(x) + error

h is a natural spline of a number (4 df), or the states of x where these are few. a is the location
and b the slope, as in `conditional`. Errors are robust to unequal variance and to units with
several rows: CR3, the jackknife over units in one step (Bell and McCaffrey 2002), which is HC3
(MacKinnon and White 1985) where each unit has one row. Offered as a method, and the yardstick of
the permutation tests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float, Int
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.splines import knots_of, natural_spline
from evenlight.stats.value_strata import FEW_STATES, scores

COLLINEAR = 1e-8
"""A column whose part not explained by the others is below this share of it has no coefficient."""


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Coefficients (q,) with covariance (q, q), residual df, and the joint F test's p.

    NaN where the design does not allow a coefficient.
    """

    coefficient: Float
    covariance: Float
    df: float
    p_joint: float

    @property
    def se(self) -> Float:
        """Standard errors (q,)."""
        se: Float = np.sqrt(np.diag(self.covariance))
        return se

    @property
    def p(self) -> Float:
        """Two-sided p of each coefficient (q,); without residuals 1 for 0, else 1e-16."""
        still = self.se <= 0
        t = np.abs(self.coefficient) / np.where(still, 1.0, self.se)
        p: Float = np.clip(2 * stats.t.sf(t, self.df), 1e-16, 1.0)
        return np.where(still, np.where(self.coefficient == 0, 1.0, 1e-16), p)


def robust(y: Float, asked: Float, adjusted: Float, unit: Int, *, floor: float = 0.0) -> Fit:
    """Least squares of y (n,) on `asked` (n, q), adjusted for `adjusted` (n, r), CR3 by unit.

    Where no residual exceeds `floor`, coefficients within `floor` are 0 and there is no error.
    """
    base = _orthonormal(adjusted)
    own = asked - base @ (base.T @ asked)
    if len(own) <= base.shape[1] + own.shape[1] or _collinear(own, asked):
        q = asked.shape[1]
        return Fit(np.full(q, np.nan), np.full((q, q), np.nan), np.nan, np.nan)
    q_own, r = np.linalg.qr(own)
    every = np.column_stack([base, q_own])
    error = y - every @ (every.T @ y)
    coefficient = np.linalg.solve(r, q_own.T @ y)
    units = len(np.unique(unit))
    df = float(len(y) - every.shape[1] if units == len(y) else units - 1)
    if np.abs(error).max() <= floor:
        coefficient = np.where(np.abs(coefficient) <= floor, 0.0, coefficient)
        joint = 1.0 if not coefficient.any() else 1e-16
        return Fit(coefficient, np.zeros((len(r), len(r))), df, joint)
    spread = _jackknifed(error, every, unit)
    meat = np.linalg.solve(r, _sums(spread[:, None] * q_own, unit).T)
    covariance = meat @ meat.T
    return Fit(coefficient, covariance, df, _joint(coefficient, covariance, df))


def _orthonormal(columns: Float) -> Float:
    u, s, _ = np.linalg.svd(columns, full_matrices=False)
    return u[:, s > COLLINEAR * max(float(s.max(initial=0.0)), 1e-300)]


def _collinear(own: Float, asked: Float) -> bool:
    """Whether some asked column says nothing of its own."""
    scale = np.maximum(np.linalg.norm(asked, axis=0), 1e-300)
    least = np.linalg.svd(own / scale, compute_uv=False)[-1]
    return bool(least <= COLLINEAR)


def _jackknifed(error: Float, every: Float, unit: Int) -> Float:
    """(I - H_cc)^-1 e_c of each unit c, (n,); H = every every'.

    `every` (n, r) has orthonormal columns; with Q the unit's rows of it,
    (I - Q Q')^-1 e = e + Q (I - Q'Q)^-1 Q' e.
    """
    names, code = np.unique(unit, return_inverse=True)
    if len(names) == len(unit):
        left = 1.0 - (every**2).sum(axis=1)
        safe = left > COLLINEAR
        return np.where(safe, error / np.where(safe, left, 1.0), 0.0)
    out = error.copy()
    for rows in np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1]):
        q = every[rows]
        middle = np.linalg.pinv(np.eye(q.shape[1]) - q.T @ q, rcond=COLLINEAR, hermitian=True)
        out[rows] += q @ (middle @ (q.T @ error[rows]))
    return out


def _sums(values: Float, unit: Int) -> Float:
    """Sums over each unit (u, q) of rows (n, q)."""
    names, code = np.unique(unit, return_inverse=True)
    out = np.zeros((len(names), values.shape[1]))
    np.add.at(out, code, values)
    return out


def _joint(coefficient: Float, covariance: Float, df: float) -> float:
    """P of all coefficients being 0: Wald's statistic over q as F(q, df)."""
    q = len(coefficient)
    f = float(coefficient @ np.linalg.pinv(covariance, hermitian=True) @ coefficient) / q
    return float(np.clip(stats.f.sf(f, q, df), 1e-16, 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """Of p subjects: location and slope with standard errors and p, joint p and its q; all (p,).

    A slope is per SD of the own value; NaN where the design does not allow it.
    """

    location: Float
    slope: Float
    location_se: Float
    slope_se: Float
    location_p: Float
    slope_p: Float
    p: Float
    q: Float
    df: Float


def analyst(
    phi: Float, x: Float, member: Bool, *, stratum: Int, unit: Int, floor: float = 0.0
) -> Regression:
    """The analyst's regression of each subject: phi and x (n, p), member, stratum, unit (n,).

    `p` tests group and group x value together; `q` is Benjamini and Hochberg's over the subjects.

    >>> rng = np.random.default_rng(0)
    >>> x, member = rng.normal(size=(80, 1)), np.arange(80) < 40
    >>> phi = x * np.where(member, 2.0, 1.0)[:, None] + 0.1 * rng.normal(size=(80, 1))
    >>> zero = np.zeros(80, dtype=int)
    >>> analyst(phi, x, member, stratum=zero, unit=np.arange(80)).slope.round(1).tolist()
    [1.0]
    """
    out = np.full((phi.shape[1], 8), np.nan)
    for j in range(phi.shape[1]):
        score = scores(x[:, j], nominal=False)
        adjusted = adjustment(x[:, j], stratum, nominal=False)
        g = member.astype(float)[:, None]
        fit = robust(phi[:, j], np.hstack([g, g * score]), adjusted, unit, floor=floor)
        out[j] = (*fit.coefficient, *fit.se, *fit.p, fit.p_joint, fit.df)
    a, b, a_se, b_se, a_p, b_p, p, df = out.T
    return Regression(a, b, a_se, b_se, a_p, b_p, p, benjamini_hochberg(p), df)


def adjustment(x: Float, stratum: Int, *, nominal: bool) -> Float:
    """Columns (n, r) of the own value and the nuisance strata, with the constant.

    States where there are few (or the value is nominal), else a natural spline.
    """
    states = np.unique(x)
    if nominal or len(states) <= FEW_STATES:
        value = (x[:, None] == states[None, :]).astype(np.float64)
    else:
        value = np.column_stack([np.ones(len(x)), natural_spline(x, knots_of(x))])
    names = np.unique(stratum)
    nuisance = (stratum[:, None] == names[None, 1:]).astype(np.float64)
    return np.column_stack([value, nuisance])
