"""How small a difference can be told, and how many people that takes, before anything is measured.

The interval of a family decides, so alpha* is the two-sided tail of one of `tests` at which the
largest of them exceeds with probability alpha: that of independent tests (Sidak 1967), which is
the most that any dependence asks for.
"""

from __future__ import annotations

from math import sqrt

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Float, Int

POWER = 0.8


def critical_of(tests: int, *, alpha: float = 0.05) -> float:
    """The value that the largest |Z| of independent tests exceeds with probability alpha.

    >>> round(critical_of(1), 2), round(critical_of(100), 2)
    (1.96, 3.47)
    """
    single = -np.expm1(np.log1p(-alpha) / tests)
    return float(-ndtri(single / 2))


def contrast_error(n_level: Int | Float, n_reference: Int | Float) -> float:
    """Standard error of a stratified difference D of values with SD 1; units by stratum, (s,).

    >>> round(contrast_error(np.array([150]), np.array([150])), 3)
    0.115
    """
    a, b = np.asarray(n_level, dtype=float), np.asarray(n_reference, dtype=float)
    weight = a * b / (a + b)
    return float(np.sqrt((weight**2 * (1 / a + 1 / b)).sum()) / weight.sum())


def detectable(error: float, *, tests: int, alpha: float = 0.05, power: float = POWER) -> float:
    """The smallest difference whose interval leaves out 0 with probability `power`.

    (z* + z_power) times its standard error: 100 features in 150 + 150 people, and in 20 + 100.

    >>> both = [contrast_error(np.array([a]), np.array([b])) for a, b in ((150, 150), (20, 100))]
    >>> [round(detectable(e, tests=100), 2) for e in both]
    [0.5, 1.06]
    """
    return (critical_of(tests, alpha=alpha) + float(ndtri(power))) * error


def confirmable(
    margin: float, error: float, *, tests: int, alpha: float = 0.05, power: float = POWER
) -> float:
    """The largest SD of the values at which no difference is confirmed as inside the margin.

    With probability `power` the interval of a true 0 lies inside +-margin if z* SE plus the
    chance error of the estimate (two-sided, so z at (1 + power) / 2) do.
    """
    spread = critical_of(tests, alpha=alpha) + float(ndtri((1 + power) / 2))
    return margin / (spread * error)


def auroc_error(auroc: float, events: float, others: float) -> float:
    """Standard error of an AUROC (Hanley and McNeil 1982, Radiology 143:29).

    >>> round(auroc_error(0.8, 100, 100), 3)
    0.031
    """
    q1, q2 = auroc / (2 - auroc), 2 * auroc**2 / (1 + auroc)
    own = auroc * (1 - auroc)
    top = own + (events - 1) * (q1 - auroc**2) + (others - 1) * (q2 - auroc**2)
    return sqrt(top / (events * others))


def share_error(share: float, n: float) -> float:
    """Standard error of a share of n.

    >>> round(share_error(0.8, 100), 3)
    0.04
    """
    return sqrt(share * (1 - share) / n)


def absolute_error(n: float) -> float:
    """Standard error of a mean absolute error of n normal errors, as a part of that mean.

    The SD of |e| is sqrt(pi / 2 - 1) of its mean.

    >>> round(absolute_error(100), 4)
    0.0756
    """
    return sqrt((np.pi / 2 - 1) / n)
