"""The reliance curve: how much of a model's attribution rests on features that tell the group.

    R(tau) = sum_j M_j 1[max(A_j, 0) >= tau],   M_j the share of mean absolute attribution,

a step that falls from 1; its area over tau > 0 is sum_j M_j max(A_j, 0). A picture, on which
nothing is decided: it does not tell a shortcut from a clean model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float
from evenlight.errors import InputError


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """R is `height` (m,) on the steps that end at `tau` (m,), which rise from above 0."""

    tau: Float
    height: Float

    @property
    def area(self) -> float:
        """The area under the steps."""
        return float(np.diff(self.tau, prepend=0.0) @ self.height)

    def at(self, tau: float) -> float:
        """R(tau) of a tau above 0."""
        where = int(np.searchsorted(self.tau, tau, side="left"))
        return float(self.height[where]) if where < len(self.tau) else 0.0


def reliance_curve(mass: Float, association: Float) -> Curve:
    """R from M (p,), shares that add up to 1, and A (p,); a feature of unknown A (NaN) counts as 0.

    Raises InputError where there are not as many of one as of the other.

    >>> made = reliance_curve(np.array([0.5, 0.3, 0.2]), np.array([0.4, 0.1, -0.01]))
    >>> made.tau.tolist(), made.height.tolist(), round(made.area, 3)
    ([0.1, 0.4], [0.8, 0.5], 0.23)
    """
    if mass.shape != association.shape or mass.ndim != 1:
        raise InputError(f"mass is {mass.shape}, association {association.shape}; both are (p,)")
    told = np.maximum(np.nan_to_num(association, nan=0.0), 0.0)
    tau, at = np.unique(told[told > 0], return_inverse=True)
    here = np.bincount(at, weights=mass[told > 0], minlength=len(tau)).astype(np.float64)
    return Curve(tau, np.cumsum(here[::-1])[::-1])


DEALT = 4_000_000
"""Numbers that are dealt in all, at most; of 20,000 features 200 draws."""


def dealt_band(
    mass: Float, association: Float, *, rng: np.random.Generator, draws: int = 999
) -> tuple[Float, Float]:
    """Limits (m,) and (m,) between which R lies at the steps of `reliance_curve` by chance.

    Pointwise 95 %, where the same shares are dealt to the features at random, whatever these tell:
    R is then the sum of as many shares as there are features with A of tau or more, drawn without
    replacement. Nothing is matched: features that vary more have more of both M and A, so that a
    curve above the band is no evidence by itself.

    >>> low, high = dealt_band(np.full(4, 0.25), np.arange(4.0), rng=np.random.default_rng(0))
    >>> low.tolist(), high.tolist()
    ([0.75, 0.5, 0.25], [0.75, 0.5, 0.25])
    """
    told = np.maximum(np.nan_to_num(association, nan=0.0), 0.0)
    tau = np.unique(told[told > 0])
    many = len(told) - np.searchsorted(np.sort(told), tau, side="left")
    if not len(tau):
        return np.zeros(0), np.zeros(0)
    draws = max(min(draws, DEALT // len(mass)), 99)
    found = np.empty((draws, len(tau)))
    for i in range(draws):
        found[i] = np.cumsum(rng.permutation(mass))[many - 1]
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    return low, high
