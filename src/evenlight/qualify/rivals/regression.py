"""The competent analyst: a linear regression of each attribution, robust to clusters.

    difference:  phi_j ~ group + nuisance
    use:         phi_j ~ spline or states of x_j + group + group x_j + nuisance

with the cluster-robust covariance (CR1; rows of a unit together), t and F on units - 1 degrees of
freedom, and Benjamini-Hochberg over features. Nuisance are indicators of the strata (and of the
outcome) and the covariates.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.qualify.rivals.naive import listed
from evenlight.qualify.told import Told

STATES = 4
"""Columns with at most so many distinct values enter as states, others as a spline."""


def differences(phi: Float, tested: Float, nuisance: Float, unit: Int) -> Told:
    """The coefficient of `tested` (n,) for each column of phi (n, p), with its interval."""
    design = np.column_stack([tested, nuisance])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ phi
    rest = phi - design @ beta
    weight = design @ inverse[0]
    scores = _by_unit(weight[:, None] * rest, unit)
    size, df = _small(len(phi), scores.shape[0], design.shape[1]), scores.shape[0] - 1
    error = np.sqrt(size * (scores**2).sum(axis=0))
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(error > 0, beta[0] / error, 0.0)
    half = stats.t.ppf(0.975, df) * error
    return listed(2 * stats.t.sf(np.abs(t), df), low=beta[0] - half, high=beta[0] + half)


def uses(phi: Float, x: Float, member: Bool, nuisance: Float, unit: Int) -> Told:
    """Whether group and group times own value tell phi_j beyond its own value, (n, p) each."""
    p = [_use(phi[:, j], x[:, j], member, nuisance, unit) for j in range(phi.shape[1])]
    return listed(np.array(p))


def nuisance_of(cohort: Cohort, keep: Bool, *, outcome: bool) -> Float:
    """Intercept, indicators of strata and of the outcome, and covariates: (n kept, q)."""
    n = int(keep.sum())
    parts = [np.ones((n, 1))]
    columns = [*cohort.strata]
    if outcome and isinstance(cohort.outcome, str):
        columns.append(cohort.outcome)
    for name in columns:
        parts.append(pd.get_dummies(cohort.people[name][keep], drop_first=True).to_numpy(float))
    for name in cohort.covariates:
        values = cohort.people[name][keep].to_numpy(float)
        parts.append(((values - values.mean()) / values.std())[:, None])
    return np.hstack(parts)


def _use(phi: Float, x: Float, member: Bool, nuisance: Float, unit: Int) -> float:
    """The joint F test of group and group times value, cluster-robust."""
    own, g = _basis(x), member.astype(float)
    centred = (x - x.mean()) / max(x.std(), 1e-300)
    design = np.column_stack([g, g * centred, own, nuisance])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ (design.T @ phi)
    rest = phi - design @ beta
    if rest.std() <= 1e-7 * phi.std():  # an exact function of its value: nothing to test against
        return 0.0 if np.abs(beta[:2]).max() > 1e-5 * phi.std() else 1.0
    scores = _by_unit(design * rest[:, None], unit) @ inverse[:, :2]
    cover = _small(len(phi), len(scores), design.shape[1]) * scores.T @ scores
    wald = float(beta[:2] @ np.linalg.pinv(cover) @ beta[:2]) / 2
    return float(stats.f.sf(wald, 2, len(scores) - 1))


def _basis(x: Float) -> Float:
    """Indicators of the states of x, or a natural cubic spline with knots at its quintiles."""
    states = np.unique(x)
    if len(states) <= STATES:
        return np.asarray(x[:, None] == states[None, 1:], dtype=np.float64)
    knots = np.quantile(x, [0.05, 0.35, 0.65, 0.95])
    scale = knots[-1] - knots[0]
    cubes = np.clip((x[:, None] - knots) / scale, 0, None) ** 3
    gaps = (knots[-1] - knots) / scale
    d = (cubes[:, :-1] - cubes[:, -1:]) / gaps[:-1]
    return np.column_stack([x, d[:, :-1] - d[:, -1:]])


def _by_unit(rows: Float, unit: Int) -> Float:
    """Sums of rows (n, q) over each unit."""
    code = np.unique(unit, return_inverse=True)[1]
    out = np.zeros((int(code.max()) + 1, rows.shape[1]))
    np.add.at(out, code, rows)
    return out


def _small(n: int, units: int, q: int) -> float:
    """The CR1 correction for few units."""
    return units / (units - 1) * (n - 1) / max(n - q, 1)
