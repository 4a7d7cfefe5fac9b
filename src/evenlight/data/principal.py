"""Mean, principal directions and what is left of rows, each feature in its own SD.

Features are divided by their SD before anything is found, so that no answer depends on the units in
which they were measured.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.usual import STILL
from evenlight.errors import FeatureError

FLAT = 1e-10
"""A direction whose variance is this part of the largest, or less, has none but by rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Principal:
    """Mean (p,), k orthonormal directions (p, k), their variances (k,), and the others.

    Directions are those of z = (x - mean) `weight`; `weight` (p,) is 1 / SD, or 0 of a feature that
    does not enter. `rest` is the mean variance of `others` further directions, 0 of none.
    """

    mean: Float
    weight: Float
    directions: Float
    variances: Float
    rest: float
    others: int

    def __post_init__(self) -> None:
        p, k = len(self.mean), len(self.variances)
        if self.directions.shape != (p, k) or self.weight.shape != (p,):
            raise FeatureError(
                f"a mean of {p} features has directions of shape {self.directions.shape} and "
                f"weights of shape {self.weight.shape}, wanted ({p}, {k}) and ({p},)"
            )
        if not (self.variances > 0).all() or self.rest < 0:
            raise FeatureError(
                "directions need variances above 0; leave out features that do not vary, or keep "
                "fewer components"
            )

    @property
    def free(self) -> int:
        """Directions that are told apart, and the others."""
        return len(self.variances) + self.others

    def apart(self, x: Float) -> Float:
        """Rows x (n, p) in SD from the mean, 0 of features that do not enter."""
        z: Float = (x - self.mean) * self.weight
        return z

    def scores(self, z: Float) -> Float:
        """Rows z (n, p) of `apart` along the directions (n, k), each in its own SD."""
        score: Float = z @ self.directions / np.sqrt(self.variances)
        return score

    def beyond(self, z: Float) -> Float:
        """Rows z (n, p) of `apart` less their part along the directions (n, p)."""
        left: Float = z - (z @ self.directions) @ self.directions.T
        return left

    def squares(self, x: Float) -> Float:
        """Squared distance (n,) of rows x (n, p) from the mean.

        Beyond the told directions, what is left over is set against their mean variance
        (probabilistic principal components; Tipping and Bishop 1999, JRSS B 61:611).
        """
        z = self.apart(x)
        square: Float = (self.scores(z) ** 2).sum(axis=1)
        if self.rest > 0:
            square += (self.beyond(z) ** 2).sum(axis=1) / self.rest
        return square


def principal(mean: Float, covariance: Float, *, components: int | None, rows: int) -> Principal:
    """Of a covariance (p, p) of so many rows; directions without variance are left out.

    Where the rows are too few to fill the space, the others are all that are left of the features
    that vary, as further rows will lie in them too.
    """
    weight = _weight(np.diag(covariance), mean)
    found, axes = np.linalg.eigh(covariance * weight[:, None] * weight)
    order = np.argsort(-found, kind="stable")
    return _kept(mean, weight, found[order], axes[:, order], _told(components, rows))


def fitted(
    x: Float, unit: Int, components: int | None, *, entering: Float | None = None
) -> Principal:
    """Of rows x (n, p), each unit with the same weight; `entering` (p,) is 0 of features left out.

    Weights are of units, whatever the number of their rows.
    """
    u = int(unit.max()) + 1
    share = (1 / np.bincount(unit, minlength=u))[unit] / u
    mean = share @ x
    apart = (x - mean) * np.sqrt(share * u / (u - 1))[:, None]
    weight = _weight((apart**2).sum(axis=0), mean) * (1.0 if entering is None else entering)
    apart *= weight
    if len(x) >= x.shape[1]:
        found, axes = np.linalg.eigh(apart.T @ apart)
        found, axes = found[::-1], axes[:, ::-1]
    else:
        _, size, turned = np.linalg.svd(apart, full_matrices=False)
        found, axes = size**2, turned.T
    return _kept(mean, weight, found, axes, _told(components, len(x)))


def _weight(variance: Float, mean: Float) -> Float:
    """One over the SD, 0 where there is none but by rounding."""
    some = variance > (STILL * mean) ** 2
    return np.where(some, 1 / np.sqrt(np.where(some, variance, 1.0)), 0.0)


def _told(components: int | None, rows: int) -> tuple[int, int]:
    """Directions that may be told at most, and those that the rows can fill."""
    return (rows - 1 if components is None else min(components, rows - 1)), rows - 1


def _kept(
    mean: Float, weight: Float, found: Float, axes: Float, most: tuple[int, int]
) -> Principal:
    """The largest directions, and the mean variance of the others."""
    filled = int((found > FLAT * max(float(found.max(initial=0.0)), 1e-300)).sum())
    k = min(most[0], filled)
    others = 0
    if k < filled:
        others = (filled if filled < most[1] else max(int((weight > 0).sum()), filled)) - k
    rest = float(np.clip(found[k:], 0, None).sum()) / others if others else 0.0
    return Principal(mean, weight, axes[:, :k], found[:k], rest, others if rest > 0 else 0)
