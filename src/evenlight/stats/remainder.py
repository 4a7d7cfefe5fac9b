"""What of an outcome's gap between groups is left when features have slopes of their own.

    y ~ a_g + X beta,   beta without penalty, so that it is what goes on within groups
    c = sum_g n_g d_g a_g / sum_g n_g d_g^2,   d_g what a model claims of group g, centred

A shrunken model gives the features less than their due within groups, and makes up for it between
groups by whatever else tells the group; a_g is what remains of the gap when nothing is shrunk (the
direct effect of the group in a decomposition of means, Oaxaca 1973, Int Econ Rev 14:693). c is that
remainder in units of what is claimed: 1 all of it, 0 none. y is a number (least squares) or an
event (logistic regression, its score adjusted as Firth 1993, Biometrika 80:27, does:

    sum_i x_i (y_i - p_i + h_i (1/2 - p_i)) = 0,   h_i the leverage of unit i

which takes off what the largest likelihood adds with few units a slope: with five it makes slopes,
and c with them, half as large again, with fifteen still a tenth. The variance sums squared scores
over families, each residual over the root of one less its leverage, which keeps its size with many
columns (HC2 of MacKinnon and White 1985, J Econometrics 29:305).

Its error is at least sqrt(D^2 / (u v)), D the Mahalanobis distance between groups in X and v the
variance of y within them, whichever features carry the gap: the more X tells the group, the more
people are needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.special import expit

from evenlight.arrays import Float, Int

PER_COLUMN = 5
"""Units, as many as a balanced outcome would need to tell as much, that each column must have."""

STEPS = 100
LONGEST = 5.0
"""A step of the logistic fit moves nobody by more log odds than this."""

RUNAWAY = 30.0
ALIKE = 1e-9
UNCLAIMED = "nothing is claimed between the groups"


@dataclass(frozen=True, slots=True, eq=False)
class Remainder:
    """The slope c on what is claimed, and its standard error; NaN with a `reason`."""

    slope: float
    se: float
    reason: str = ""


def remainder(
    y: Float,
    group: Int,
    held: Float,
    *,
    claim: Float,
    binary: bool,
    family: Int | None = None,
) -> Remainder:
    """What is left of the gap of y (u,) between groups, `held` (u, q) having slopes of their own.

    `group` (u,) codes k groups, all present; `claim` (k,) is what is claimed of each; `binary` says
    that y is 0 or 1; `family` (u,) are units that depend on one another. A column that is constant
    inside every group has no slope there and is left out.

    >>> x = np.array([0.0, 1.0, 2.0, 3.0, 1.0, 2.0, 3.0, 4.0] * 4)
    >>> group = np.repeat([0, 1], 4)[np.arange(32) % 8]
    >>> y = 2 * x + 0.5 * group + np.tile([0.1, -0.1, -0.1, 0.1], 8)
    >>> made = remainder(y, group, x[:, None], claim=np.array([0.0, 1.0]), binary=False)
    >>> round(made.slope, 3), round(made.se, 3)
    (0.5, 0.041)
    """
    share = claimed(claim, group)
    if share is None:
        return none(UNCLAIMED)
    own = within_columns(held, group)
    columns = np.column_stack([np.eye(len(share))[group], own])
    few = _few(y, group, columns.shape[1], binary=binary)
    if few:
        return none(few)
    found = _logistic(columns, y, len(share)) if binary else np.linalg.lstsq(columns, y)[0]
    if found is None:
        return none("the features tell the outcome without error")
    mean = expit(columns @ found) if binary else columns @ found
    contrast = np.append(share, np.zeros(own.shape[1]))
    weight = mean * (1 - mean) if binary else np.ones(len(y))
    se = _error(columns, y - mean, weight, contrast, family)
    return Remainder(float(contrast @ found), se)


def none(reason: str) -> Remainder:
    """Nothing measured, for a reason."""
    return Remainder(float("nan"), float("nan"), reason)


def claimed(claim: Float, group: Int) -> Float | None:
    """What each group's effect counts for in c, (k,), None where nothing is claimed between them.

    It sums to 0, so that a constant added to all effects plays no part.
    """
    count, apart = np.bincount(group), claim - claim[group].mean()
    size = float(count @ apart**2)
    if size <= ALIKE * max(float(np.abs(claim).max()), 1e-300) ** 2:
        return None
    out: Float = count * apart / size
    return out


def within_columns(held: Float, group: Int) -> Float:
    """Centred combinations of columns (u, r) that vary, each by itself, inside groups."""
    inside = held - _means(held, group)
    spread = np.sqrt((inside**2).mean(axis=0))
    floor = ALIKE * np.maximum(np.abs(held).max(axis=0, initial=0.0), 1e-300)
    moving = spread > floor
    if not moving.any():
        return np.zeros((len(held), 0))
    scale = spread[moving]
    _, size, basis = np.linalg.svd(inside[:, moving] / scale, full_matrices=False)
    kept = basis[size > 1e-8 * size[0]]
    out: Float = ((held[:, moving] - held[:, moving].mean(axis=0)) / scale) @ kept.T
    return out


def _means(values: Float, group: Int) -> Float:
    """The mean of each unit's group (u, q)."""
    u = len(group)
    member = csr_array((np.ones(u), group, np.arange(u + 1)))
    mean: Float = (np.asarray(member.T @ values) / np.bincount(group)[:, None])[group]
    return mean


def _few(y: Float, group: Int, columns: int, *, binary: bool) -> str:
    """Why there are too few units for that many columns, "" if there are enough."""
    told = float(len(y))
    if binary:
        share = np.bincount(group, weights=y) / np.bincount(group)
        if ((share == 0) | (share == 1)).any():
            return "all people of a group have the same outcome"
        told *= 4 * float(y.mean() * (1 - y.mean()))
    if told >= PER_COLUMN * columns:
        return ""
    return (
        f"{columns} slopes need people who tell as much as {PER_COLUMN * columns} with a balanced "
        f"outcome, these tell as much as {int(told)}; judge fewer features, or bring more people"
    )


def _logistic(columns: Float, y: Float, k: int) -> Float | None:
    """Coefficients by Firth's score, from the groups' own log odds; None where nothing is left.

    Steps are those of Newton's method for the likelihood itself.
    """
    hot = columns[:, :k]
    share = (hot.T @ y) / hot.sum(axis=0)
    found: Float = np.append(np.log(share / (1 - share)), np.zeros(columns.shape[1] - k))
    for _ in range(STEPS):
        margin = columns @ found
        if np.abs(margin).max() > RUNAWAY:
            return None
        mean = expit(margin)
        inverse, leverage = _leverage(columns, mean * (1 - mean))
        step = inverse @ (columns.T @ (y - mean + leverage * (0.5 - mean)))
        far = float(np.abs(columns @ step).max())
        found = found + step * min(1.0, LONGEST / max(far, 1e-300))
        if far < 1e-8:
            return None if ((margin > 0) == (y > 0.5)).all() else found
    return None


def _leverage(columns: Float, weight: Float) -> tuple[Float, Float]:
    """The inverse information (q, q) and the leverage of each unit (u,)."""
    curve = (columns.T * weight) @ columns
    inverse: Float = np.asarray(np.linalg.pinv(curve, hermitian=True), dtype=np.float64)
    leverage: Float = weight * ((columns @ inverse) * columns).sum(axis=1)
    return inverse, leverage


def _error(
    columns: Float, rest: Float, weight: Float, contrast: Float, family: Int | None
) -> float:
    """The standard error of a contrast of the coefficients, robust to dependence in families."""
    inverse, leverage = _leverage(columns, weight)
    return robust((columns @ (inverse @ contrast)) * rest, leverage, family)


def robust(score: Float, leverage: Float, family: Int | None) -> float:
    """The standard error from scores (u,), each over the root of one less its unit's leverage.

    They are summed over families (u,) of units that depend on one another before they are squared.

    >>> robust(np.array([0.3, -0.4]), np.zeros(2), None)
    0.5
    """
    own: Float = score / np.sqrt(np.maximum(1 - leverage, 1e-6))
    if family is not None:
        own = np.asarray(np.bincount(family, weights=own), dtype=np.float64)
    return float(np.sqrt((own**2).sum()))
