"""Regression slopes tested by permuting the residuals of the reduced model (Freedman and Lane).

    reduced   y = Z g + e0                     nuisance Z, an intercept in every block
    full      y = X b + Z g + e                columns X under test
    T_k       b_k / (se_k + s0),   se_k^2 = sum_i a_ik^2 e_i^2 / (1 - h_i)^2        (HC3)
    draw      y* = fit of the reduced model + e0 permuted within blocks, regressed on X and Z again

a_ik is what unit i's value adds to the slope b_k, h_i its leverage. Adding the reduced fit changes
neither slope nor residual, so e0 alone is permuted; and since nothing leaves its block, centring
within blocks replaces their intercepts. Residuals are never tested as if they were data: the full
model is fitted to every draw. With sampling weights all fits are weighted least squares.

Freedman and Lane 1983, J Bus Econ Stat 1:292; Winkler et al. 2014, NeuroImage 92:381; HC3:
MacKinnon and White 1985, J Econometrics 29:305; studentised: DiCiccio and Romano 2017, JASA
112:1211.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.errors import InputError
from evenlight.stats.f_scale import f_normalised
from evenlight.stats.permutation import normalised, studentise
from evenlight.stats.shuffles import Shuffles
from evenlight.stats.worth import intercepts, worth

ALIASED = 1e-8
"""A tested column of which less than this part is left beside the nuisance cannot be told apart."""

NONE_LEFT = 1e-9
"""A unit whose 1 - h is below this has a parameter of its own, and no residual."""


@dataclass(frozen=True, slots=True, eq=False)
class Regression:
    """u units made ready: `share` (u, q) a_ik, `basis` (u, m) of X and Z, `reduced` (u, r) of Z.

    The bases are orthonormal, centred within `block` (u,) or, with weights, hold the blocks'
    intercepts, all times `root` (u,), the square root of the weights. `slack` (u,) is 1 / (1 - h),
    0 where a unit has a parameter of its own; `df` (q,) and `joint_df` are what the HC3 variances
    are worth: few where a slope rests on few people.
    """

    share: Float
    basis: Float
    reduced: Float
    slack: Float
    root: Float
    block: Int
    df: Float
    joint_df: float

    def left(self, values: Float) -> Float:
        """What the full model leaves of values (u, p)."""
        out: Float = values - (self.basis / self.root[:, None]) @ (
            (self.basis * self.root[:, None]).T @ values
        )
        return out


@dataclass(frozen=True, slots=True, eq=False)
class Slopes:
    """Slopes, their HC3 variance and the guard s0, each (q, p); `df` (q,) of these variances."""

    effect: Float
    variance: Float
    s0: Float
    df: Float

    @property
    def se(self) -> Float:
        """Standard errors (q, p)."""
        se: Float = np.sqrt(self.variance)
        return se

    @property
    def statistic(self) -> Float:
        """T on the normal scale (q, p), 0 where nothing varies."""
        t = studentise(self.effect, self.variance, self.s0)
        return normalised(t, np.broadcast_to(self.df[:, None], t.shape))


def centred(values: Float, block: Int) -> Float:
    """Values (u, p) minus the mean of their block; variation below 1e-12 of the largest is 0.

    >>> centred(np.array([[1.0], [3.0], [8.0]]), np.array([0, 0, 1])).ravel().tolist()
    [-1.0, 1.0, 0.0]
    """
    at = np.unique(block, return_inverse=True)[1]
    total = np.zeros((int(at.max(initial=-1)) + 1, values.shape[1]))
    np.add.at(total, at, values)
    out: Float = values - (total / np.bincount(at)[:, None])[at]
    size = np.abs(values).max(axis=0, initial=0.0)
    out[:, np.abs(out).max(axis=0, initial=0.0) <= 1e-12 * size] = 0.0
    return out


def own_part(tested: Float, nuisance: Float, block: Int) -> Float:
    """The share (q,) of each tested column's variation that blocks and nuisance leave, 0 to 1.

    >>> age = np.arange(6.0)[:, None]
    >>> own_part(2 * age + 1, age, np.zeros(6, dtype=int)).round(6).tolist()
    [0.0]
    """
    basis = orthonormal(centred(nuisance, block))
    x = centred(tested, block)
    left = x - basis @ (basis.T @ x)
    whole = ((tested - tested.mean(axis=0)) ** 2).sum(axis=0)
    share: Float = np.divide(
        (left**2).sum(axis=0), whole, out=np.zeros_like(whole), where=whole > 0
    )
    return share


def orthonormal(columns: Float) -> Float:
    """An orthonormal basis (u, rank) of columns (u, r), each scaled to length 1 first."""
    length = np.sqrt((columns**2).sum(axis=0))
    scaled = columns[:, length > 0] / length[length > 0]
    if not scaled.size:
        return np.zeros((len(columns), 0))
    u, s, _ = np.linalg.svd(scaled, full_matrices=False)
    basis: Float = u[:, s > 1e-7 * s[0]]
    return basis


def regression(
    tested: Float, nuisance: Float, block: Int, weights: Float | None = None
) -> Regression:
    """Make ready tested (u, q) and nuisance (u, r) columns, and blocks (u,) with an intercept each.

    `weights` (u,) are positive sampling weights. Raises InputError where a tested column cannot be
    told from the others, or no residual is left.
    """
    at = np.unique(block, return_inverse=True)[1]
    root = np.ones(len(at)) if weights is None else np.sqrt(weights / weights.mean())
    reduced, x = _made(tested, nuisance, at, None if weights is None else root)
    own = orthonormal(x)
    if own.shape[1] < x.shape[1] or (own_part(tested, nuisance, block) < ALIASED).any():
        raise InputError(
            f"{x.shape[1]} tested columns have rank {own.shape[1]} beside nuisance and blocks; "
            "leave out what repeats another column"
        )
    basis = np.hstack([reduced, own])
    own_mean = 1.0 / np.bincount(at)[at] if weights is None else 0.0
    rest = 1.0 - (basis**2).sum(axis=1) - own_mean
    left = len(x) - basis.shape[1] - (int(at.max()) + 1 if weights is None else 0)
    if left < 1:
        raise InputError(f"{len(x)} units leave no residual beside {basis.shape[1]} columns")
    slack = np.divide(1.0, rest, out=np.zeros_like(rest), where=rest > NONE_LEFT)
    share = root[:, None] * (x @ np.linalg.inv(x.T @ x))
    whole = basis if weights is not None else np.hstack([basis, intercepts(at)])
    each = share * (slack / root)[:, None]
    df = np.array([worth(each[:, [k]], whole) for k in range(each.shape[1])])
    return Regression(share, basis, reduced, slack, root, block, df, worth(each, whole))


def _made(tested: Float, nuisance: Float, at: Int, root: Float | None) -> tuple[Float, Float]:
    """The basis of the reduced model, and the tested columns without it; blocks by centring.

    Weighted means do not centre a permuted residual: with `root` intercepts are columns.
    """
    if root is None:
        reduced, x = orthonormal(centred(nuisance, at)), centred(tested, at)
    else:
        blocks = np.eye(int(at.max(initial=0)) + 1)[at]
        reduced = orthonormal(root[:, None] * np.hstack([blocks, centred(nuisance, at)]))
        x = root[:, None] * centred(tested, at)
    return reduced, x - reduced @ (reduced.T @ x)


def residuals(values: Float, made: Regression) -> Float:
    """e0 (u, p): what the reduced model leaves of values (u, p)."""
    y = centred(values, made.block)
    root = made.root[:, None]
    left: Float = y - (made.reduced / root) @ ((made.reduced * root).T @ y)
    size = np.abs(y).max(axis=0, initial=0.0)
    left[:, np.abs(left).max(axis=0, initial=0.0) <= 1e-12 * size] = 0.0
    return left


def slopes(values: Float, made: Regression) -> Slopes:
    """Slopes (q, p) of values (u, p) on the tested columns, with HC3 variances."""
    e0 = residuals(values, made)
    e = made.left(e0)
    variance: Float = (made.share * made.slack[:, None]).T ** 2 @ e**2
    return Slopes(made.share.T @ e0, variance, _floor(e0, made), made.df)


def parts(values: Float, made: Regression) -> Float:
    """What each unit adds to the variance of a single slope, (u, p); they add up to it."""
    e0 = residuals(values, made)
    e = made.left(e0)
    out: Float = (made.share[:, :1] * made.slack[:, None] * e) ** 2
    return out


def _floor(e0: Float, made: Regression) -> Float:
    """s0 (q, p): a millionth of the residuals' SD, per SD of the tested column's own part."""
    floor: Float = 1e-6 * np.outer(np.sqrt((made.share**2).sum(axis=0)), np.linalg.norm(e0, axis=0))
    floor /= np.sqrt(len(e0))
    return floor


def null_slopes(values: Float, made: Regression, drawn: Shuffles) -> Float:
    """T* on the normal scale (draws, p) of one tested column, by matrix products.

    With w = (a / (1 - h))^2 and a basis Q turned so that Q'wQ is diagonal (l), a draw has
    c = Q'e0*, b = sum of (a'Q) c, V = w'e0*^2 - 2 sum c (wQ)'e0* + sum l c^2; with sampling
    weights, c = (Q root)'e0* and Q / root in place of the other Q.
    """
    if made.share.shape[1] != 1:
        raise InputError(f"{made.share.shape[1]} tested columns; ask for one at a time, or `wald`")
    e0 = residuals(values, made)
    square, floor = e0**2, _floor(e0, made)[0]
    w = (made.share[:, 0] * made.slack) ** 2
    back = made.basis / made.root[:, None]
    lengths, turn = np.linalg.eigh((back * w[:, None]).T @ back)
    inward, back = (made.basis * made.root[:, None]) @ turn, back @ turn
    weight = back.T @ made.share[:, 0]
    out = np.empty((drawn.draws, e0.shape[1]))
    for where, orders in drawn:
        at = _inverse(orders)
        effect = np.zeros((len(orders), e0.shape[1]))
        variance = w[at] @ square
        for j, length in enumerate(lengths):
            c = inward[:, j][at] @ e0
            variance += length * c**2 - 2 * c * ((w * back[:, j])[at] @ e0)
            effect += weight[j] * c
        t = studentise(effect, np.maximum(variance, 0.0), floor)
        out[where] = normalised(t, np.full(t.shape, made.df[0]))
    return out


def _inverse(orders: Int) -> Int:
    """Orders (draws, u) turned round: x'(e[order]) = x[inverse]'e."""
    back = np.empty_like(orders)
    np.put_along_axis(back, orders, np.arange(orders.shape[1])[None, :], axis=1)
    return back


def wald(values: Float, made: Regression) -> Float:
    """The form b' C^-1 b (p,) of all tested columns, C the HC3 covariance; 0 if nothing varies."""
    return _wald(residuals(values, made), made, _meat(made))


def joint_score(statistic: Float, made: Regression) -> Float:
    """The joint statistic on the one-sided normal scale: Hotelling's T squared on `joint_df`."""
    q, df = made.share.shape[1], made.joint_df
    second = max(df - q + 1, 1.0)
    return f_normalised(statistic * second / (max(df, second) * q), q, second)


def null_wald(values: Float, made: Regression, drawn: Shuffles) -> Float:
    """The joint statistic of every draw, (draws, p)."""
    e0, meat = residuals(values, made), _meat(made)
    out = np.empty((drawn.draws, e0.shape[1]))
    for where, orders in drawn:
        for i, order in zip(range(where.start, where.stop), orders, strict=True):
            out[i] = _wald(e0[order], made, meat)
    return out


def _meat(made: Regression) -> Float:
    """What squared residuals (u, p) are weighed by in C, row by row: (q q, u)."""
    a = made.share * made.slack[:, None]
    return np.stack([one * other for one in a.T for other in a.T])


def _wald(e0: Float, made: Regression, meat: Float) -> Float:
    b = made.share.T @ e0
    q = b.shape[0]
    c = (meat @ made.left(e0) ** 2).T.reshape(-1, q, q)
    size = np.trace(c, axis1=1, axis2=2)
    live = size > 1e-12 * (b**2).sum(axis=0)
    out = np.zeros(e0.shape[1])
    if live.any():
        near = c[live] + 1e-12 * size[live][:, None, None] * np.eye(q)
        out[live] = (b.T[live] * np.linalg.solve(near, b.T[live][..., None])[..., 0]).sum(axis=1)
    return out
