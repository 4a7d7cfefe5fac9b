"""Whether a feature, or the model's own partial score of a set, predicts the outcome within groups.

With x and y centred within each cell (group x nuisance stratum), cleared of axes within each group,
and e the model's own expectation of y:

    U = sum x y,   C = sum x e,   b = U / C,   Z = U / sqrt(V)
    V = sum over cells of s2_y sum x^2,  s2_y = ybar (1 - ybar) where y is binary
    heterogeneity Q = sum_g U_g^2 / V_g - U^2 / V  on k - 1 df

(score tests of the Cochran-Mantel-Haenszel type). b is the association that the outcome shows, in
units of the one that the model claims: 1 is as claimed, 0 none. Both are marginal in x, so that
features which share their credit are judged alike. Clearing x and y of principal components is that
of Price et al. (2006, Nat Genet 38:904), with s2_y the residual variance. Of people who are related

    V = sum over families of (sum in the family of x y)^2

robust to any dependence inside a family (Liang and Zeger 1986, Biometrika 73:13). For a survival
time y is the martingale residual within the cell and U the stratified log-rank score: V is the
robust one of single units, since events are no more equally likely where people are followed for
unlike times.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats
from scipy.sparse import csr_array

from evenlight.arrays import Float, Int

BLOCK = 2**25
"""Bytes of columns that are centred at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """b (p,), its standard error, p, and p of heterogeneity over groups.

    All NaN where a column does not vary within any cell; b alone where the model's own expectation
    does not rise with it.
    """

    slope: Float
    se: Float
    p: Float
    heterogeneity_p: Float


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """Who is compared with whom: `group` (u,) and `cell` (u,), which refines it.

    `axes` (u, q) are cleared away inside each group; `family` (u,) are people who depend on one
    another, None where each stands alone.
    """

    group: Int
    cell: Int
    axes: Float | None = None
    family: Int | None = None

    @property
    def k(self) -> int:
        """Codes of groups run below this."""
        return int(self.group.max(initial=-1)) + 1


def within_slopes(
    x: Float, y: Float, within: Within, *, expected: Float, binary: bool = False
) -> Slopes:
    """Support of columns of x (u, p) for y (u,) within cells.

    `expected` (u,) is the model's own expectation of y on y's scale; `binary` takes the variance of
    y from its mean, where neither axes nor families are given.
    """
    basis = _bases(within)
    left, claim = (_cleared(v[:, None], within, basis)[:, 0] for v in (y, expected))
    noise = _variance(y, left, within, basis, binary=binary and within.axes is None)
    asked = _Asked(left, claim, noise, _factor(within, basis))
    step = max(1, BLOCK // (8 * max(len(y), 1)))
    made = []
    for start in range(0, x.shape[1], step):
        own = x[:, start : start + step]
        floor = 1e-18 * np.abs(own).max(axis=0, initial=0.0) ** 2
        made.append(_scored(_cleared(own, within, basis), asked, within, floor))
    if not made:
        return Slopes(*(np.empty(0) for _ in range(4)))
    return Slopes(*(np.concatenate(parts) for parts in zip(*made, strict=True)))


def _bases(within: Within) -> list[Float]:
    """Orthonormal axes of each group (u_g, q_g), centred within its cells."""
    out = []
    for g in range(within.k):
        at = within.group == g
        if within.axes is None or not at.any():
            out.append(np.zeros((int(at.sum()), 0)))
            continue
        own = _centred(within.axes[at], within.cell[at])
        left, size, _ = np.linalg.svd(own, full_matrices=False)
        out.append(left[:, size > 1e-9 * max(float(size.max(initial=0.0)), 1e-300)])
    return out


def _centred(values: Float, cell: Int) -> Float:
    """Values (u, m) less the mean of their cell."""
    own = np.unique(cell, return_inverse=True)[1]
    member = csr_array((np.ones(len(own)), own, np.arange(len(own) + 1)))
    mean = np.asarray(member.T @ values) / np.bincount(own)[:, None]
    out: Float = values - mean[own]
    return out


def _cleared(values: Float, within: Within, basis: list[Float]) -> Float:
    """Values (u, m) less cell means, and less their part along the axes of each group."""
    out = _centred(values, within.cell)
    for g, axes in enumerate(basis):
        if axes.shape[1]:
            at = within.group == g
            out[at] -= axes @ (axes.T @ out[at])
    return out


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """Cleared outcome and claim (u,), and the outcome's variance in each unit's cell (u,).

    `factor` is for few families, and for what was fitted.
    """

    y: Float
    claim: Float
    noise: Float
    factor: float


def _variance(y: Float, left: Float, within: Within, basis: list[Float], *, binary: bool) -> Float:
    """The variance of y in each unit's cell (u,), 0 in a cell of one unit.

    Each cell bears its part of the axes that were fitted in its group.
    """
    own = np.unique(within.cell, return_inverse=True)[1]
    count = np.bincount(own).astype(float)
    if binary:
        mean = np.bincount(own, weights=y) / count
        left_over = count / np.maximum(count - 1, 1)  # of few units a share varies less than it may
        return np.where(count > 1, mean * (1 - mean) * left_over, 0.0)[own]
    fitted = np.array([axes.shape[1] for axes in basis])[within.group]
    size = np.bincount(within.group, minlength=within.k)[within.group]
    df = count - 1 - np.bincount(own, weights=fitted / size)
    square = np.bincount(own, weights=left**2)
    return np.divide(square, df, out=np.zeros_like(square), where=df > 0)[own]


def _factor(within: Within, basis: list[Float]) -> float:
    """What few families, cells and axes add to the robust variance."""
    if within.family is None:
        return 1.0
    u, many = len(within.group), len(np.unique(within.family))
    spent = len(np.unique(within.cell)) + sum(axes.shape[1] for axes in basis)
    return float(many / max(many - 1, 1) * (u - 1) / max(u - spent, 1))


def _scored(
    x: Float, asked: _Asked, within: Within, floor: Float
) -> tuple[Float, Float, Float, Float]:
    """Slope, standard error, p and p of heterogeneity of cleared columns x (u, m)."""
    k, member = within.k, _members(within.group, within.k)
    score = x * asked.y[:, None]
    u, bottom = np.asarray(member @ score), asked.claim @ x
    if within.family is None:
        v = np.asarray(member @ (x**2 * asked.noise[:, None]))
        return _pooled(u, v, v.sum(axis=0), bottom, floor=floor)
    pair, own = np.unique(within.family * k + within.group, return_inverse=True)
    apart = np.asarray(_members(own, len(pair)) @ score) ** 2
    v = np.asarray(_members(pair % k, k) @ apart) * asked.factor
    family = np.unique(within.family, return_inverse=True)[1]
    whole = np.asarray(_members(family, int(family.max()) + 1) @ score) ** 2
    return _pooled(u, v, whole.sum(axis=0) * asked.factor, bottom, floor=floor)


def _members(codes: Int, size: int) -> csr_array:
    """Sums over the units of each code, as a matrix (size, u)."""
    u = len(codes)
    return csr_array((np.ones(u), (codes, np.arange(u))), shape=(size, u))


def _pooled(
    u: Float, v: Float, var: Float, bottom: Float, *, floor: Float
) -> tuple[Float, Float, Float, Float]:
    top = u.sum(axis=0)
    live = var > floor * len(u)
    rises = live & (bottom > 1e-9 * np.sqrt(np.maximum(var, 1e-300)))
    z = np.divide(top, np.sqrt(var), out=np.full_like(top, np.nan), where=live)
    slope = np.divide(top, bottom, out=np.full_like(top, np.nan), where=rises)
    se = np.divide(np.sqrt(var), bottom, out=np.full_like(top, np.nan), where=rises)
    own = np.divide(u**2, v, out=np.zeros_like(u), where=v > 0).sum(axis=0)
    groups = (v > 0).sum(axis=0)
    total = v.sum(axis=0)
    pooled = np.divide(top**2, total, out=np.zeros_like(top), where=live & (total > 0))
    q = np.maximum(own - pooled, 0.0)
    mixed = np.where(groups > 1, stats.chi2.sf(q, np.maximum(groups - 1, 1)), 1.0)
    p: Float = 2 * stats.norm.sf(np.abs(z))
    return slope, se, p, np.where(live, mixed, np.nan)
