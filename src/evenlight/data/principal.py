"""Mean, principal directions and what is left of rows, and how far rows left out of them lie.

The mean squared distance of the rows that made a covariance is too small, and that of other rows of
the same people too large (the inverse of an estimated covariance is, and its largest directions are
taken too wide). Rows that are left out say by how much, of any distribution whose directions do not
hang on single rows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int

FOLDS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """Mean (p,), k orthonormal directions (p, k), their variances (k,), and the others.

    `rest` is the mean variance of `others` further directions, 0 of none; `sd` (p,) of features.
    """

    mean: Float
    directions: Float
    variances: Float
    rest: float
    others: int
    sd: Float

    @property
    def free(self) -> int:
        """Directions that are told apart, and the others."""
        return len(self.variances) + self.others

    def squares(self, x: Float) -> Float:
        """Squared distance (n,) of rows x (n, p) from the mean.

        Beyond the told directions, what is left over is set against their mean variance
        (probabilistic principal components; Tipping and Bishop 1999, JRSS B 61:611).
        """
        apart = x - self.mean
        score = apart @ self.directions
        square: Float = (score**2 / self.variances).sum(axis=1)
        if self.rest > 0:
            left = (apart**2).sum(axis=1) - (score**2).sum(axis=1)
            square += np.clip(left, 0, None) / self.rest
        return square


def principal(mean: Float, covariance: Float, *, components: int | None, rows: int) -> Principal:
    """Of a covariance (p, p) of so many rows; directions without variance are left out.

    Where the rows are too few to fill the space, the others are all that are left of the features
    that vary, as further rows will lie in them too.
    """
    found, axes = np.linalg.eigh(covariance)
    order = np.argsort(-found, kind="stable")
    sd = np.sqrt(np.clip(np.diag(covariance), 0, None))
    k, others = _counts(found[order], sd, components, rows)
    return _kept(mean, found[order], axes[:, order], k, others, sd)


def fitted(x: Float, unit: Int, components: int | None) -> Principal:
    """Of rows x (n, p), each unit with the same weight, whatever its rows."""
    u = int(unit.max()) + 1
    weight = (1 / np.bincount(unit, minlength=u))[unit] / u
    mean = weight @ x
    apart = (x - mean) * np.sqrt(weight * u / (u - 1))[:, None]
    if len(x) >= x.shape[1]:
        return principal(mean, apart.T @ apart, components=components, rows=len(x))
    _, size, axes = np.linalg.svd(apart, full_matrices=False)
    sd = np.sqrt((apart**2).sum(axis=0))
    k, others = _counts(size**2, sd, components, len(x))
    return _kept(mean, size**2, axes.T, k, others, sd)


def _counts(found: Float, sd: Float, components: int | None, rows: int) -> tuple[int, int]:
    """How many directions are told, and how many others there are."""
    kept = int((found > 1e-10 * max(float(found.max(initial=0.0)), 1e-300)).sum())
    k = min(kept if components is None else components, kept, rows - 1)
    vary = int((sd > 1e-7 * max(float(sd.max(initial=0.0)), 1e-150)).sum())
    return k, (kept if kept < rows - 1 else max(vary, kept)) - k if k < kept else 0


def _kept(mean: Float, found: Float, axes: Float, k: int, others: int, sd: Float) -> Principal:
    """The largest directions, and the mean variance of the others."""
    rest = float(np.clip(found[k:], 0, None).sum()) / others if others else 0.0
    return Principal(mean, axes[:, :k], found[:k], rest, others if rest > 0 else 0, sd)


def left_out(x: Float, unit: Int, made: Principal, components: int | None) -> tuple[float, float]:
    """Mean squared distance a direction of units that were left out, and its standard error.

    NaN for both where too few units are left. One by one where each row is a unit and all
    directions are told, else by five parts, with what a fifth less of the units adds taken off.

    >>> x = np.random.default_rng(0).normal(size=(160, 50))
    >>> unit = np.arange(160)
    >>> held, error = left_out(x, unit, fitted(x, unit, None), None)
    >>> round(held, 1), round(159 / 108 * 161 / 160, 1)  # what theory has
    (1.5, 1.5)
    """
    u, k = int(unit.max()) + 1, len(made.variances)
    if u <= max(k + 4, 2 * FOLDS) or not k:
        return float("nan"), float("nan")
    if u == len(x) and not made.others:
        each = _one_by_one(made.squares(x), u) / made.free
        held, least = float(each.mean()), normal_rows(u, k)[1]
        return held, held * max(float(each.std(ddof=1) / np.sqrt(u)) / held, least)
    each = _by_parts(x, unit, made, components)
    told = float(each.mean())
    held = 1 / (1 - (1 - 1 / told) * (FOLDS - 1) / FOLDS)
    return held, float(each.std(ddof=1) / np.sqrt(u)) * held / told


def normal_rows(n: int, k: int) -> tuple[float, float]:
    """What `left_out` is for n normal rows and all of k directions, with its relative error.

    Mean and variance of the trace of an inverse Wishart matrix.
    """
    held = (n - 1) / (n - k - 2) * (1 + 1 / n)
    return held, float(np.sqrt(2 / (k * (n - k - 4)) * (1 + (k - 1) / (n - 1 - k))))


def _one_by_one(square: Float, n: int) -> Float:
    """Squared distance of each row from all others, of those from all (Sherman and Morrison)."""
    part = square / (n - 1)
    whole = n / (n - 1)
    out: Float = whole**2 * (n - 2) * part / np.maximum(1 - whole * part, 1e-12)
    return out


def _by_parts(x: Float, unit: Int, made: Principal, components: int | None) -> Float:
    """Mean squared distance a direction of each unit from those of the four other parts.

    Parts are by rank of the distance, so that they do not depend on the order of rows.
    """
    u = int(unit.max()) + 1
    rows = np.bincount(unit, minlength=u)
    near = np.bincount(unit, weights=made.squares(x), minlength=u) / rows
    part = np.argsort(np.argsort(near, kind="stable"), kind="stable") % FOLDS
    each = np.zeros(u)
    for fold in range(FOLDS):
        here = part[unit] == fold
        codes = np.unique(unit[~here], return_inverse=True)[1].astype(np.int64)
        other = fitted(x[~here], codes, components)
        square = other.squares(x[here]) / other.free
        each += np.bincount(unit[here], weights=square, minlength=u)
    return each / rows
