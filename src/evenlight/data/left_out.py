"""How far rows lie that are left out of a mean and its directions, and which hang on one unit.

The mean squared distance of the rows that made a covariance is too small, and that of other rows of
the same people too large (the inverse of an estimated covariance is, and its largest directions are
taken too wide). Rows that are left out say by how much, where no direction hangs on single rows: of
a row that alone has a direction nothing is left to hold it against.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.principal import Principal, fitted
from evenlight.errors import FeatureError

FOLDS = 5

ALONE = 0.5
"""A unit with this part of the variance of a direction, or more, has it alone, or nearly."""

ROUNDS = 20


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


def on_many(x: Float, unit: Int) -> tuple[Principal, Bool]:
    """All directions of rows x (n, p), and which features (p,) were left out of them for it.

    Where one unit has half of the variance of a direction (its leverage; more where directions are
    many for the units), the feature that this direction is most made of is left out, and so on
    until no direction hangs on a unit. FeatureError with a feature's place where that has no end.
    """
    u = int(unit.max()) + 1
    lone = np.zeros(x.shape[1], dtype=np.bool_)
    for _ in range(ROUNDS):
        made = fitted(x, unit, None, entering=np.where(lone, 0.0, 1.0))
        found = _hanging(x, unit, made, ALONE + (1 - ALONE) * min(1.0, made.free / u))
        if not found.any():
            return made, lone
        lone |= found
    raise FeatureError(
        f"{int(lone.sum())} features and more have directions that hang on one training unit, as "
        f"that at place {int(np.flatnonzero(lone)[0])}; pass components="
    )


def _hanging(x: Float, unit: Int, made: Principal, least: float) -> Bool:
    """Features (p,) that a direction of one unit alone is most made of."""
    z = made.apart(x)
    score = made.scores(z)
    u = int(unit.max()) + 1
    rows = np.bincount(unit, minlength=u)
    part = (score**2).sum(axis=1) / (rows[unit] * (u - 1.0))
    found = np.zeros(x.shape[1], dtype=np.bool_)
    for i in np.flatnonzero(np.bincount(unit, weights=part, minlength=u) > least).tolist():
        own = score[unit == i] / np.sqrt(rows[i] * (u - 1.0))
        _, size, turned = np.linalg.svd(own, full_matrices=False)
        if size[0] ** 2 > least:
            made_of = made.directions @ (turned[0] / np.sqrt(made.variances))
            found[int(np.argmax(np.abs(made_of)))] = True
    return found


def _one_by_one(square: Float, n: int) -> Float:
    """Squared distance of each row from all others, of those from all (Sherman and Morrison)."""
    part = square / (n - 1)
    whole = n / (n - 1)
    out: Float = whole**2 * (n - 2) * part / (1 - whole * part)
    return out


def _by_parts(x: Float, unit: Int, made: Principal, components: int | None) -> Float:
    """Mean squared distance a direction of each unit from those of the four other parts.

    Parts are by rank of the distance, so that they do not depend on the order of rows.
    """
    u = int(unit.max()) + 1
    rows = np.bincount(unit, minlength=u)
    near = np.bincount(unit, weights=made.squares(x), minlength=u) / rows
    part = np.argsort(np.argsort(near, kind="stable"), kind="stable") % FOLDS
    entering = (made.weight > 0).astype(np.float64)
    each = np.zeros(u)
    for fold in range(FOLDS):
        here = part[unit] == fold
        codes = np.unique(unit[~here], return_inverse=True)[1].astype(np.int64)
        other = fitted(x[~here], codes, components, entering=entering)
        square = other.squares(x[here]) / other.free
        each += np.bincount(unit[here], weights=square, minlength=u)
    return each / rows
