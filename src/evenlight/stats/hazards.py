"""What of a gap in hazard between groups is left when features have slopes of their own.

    h(t) = h_s(t) exp(a_g + X beta),   h_s the baseline hazard of each stratum s, left open

by Cox's partial likelihood (1972, J R Stat Soc B 34:187), tied times as Breslow (1974, Biometrics
30:89) takes them. The effects a_g are known up to a constant, which the contrast of
`stats.remainder` does not see. The variance sums squared score residuals over families (Lin and Wei
1989, J Am Stat Assoc 84:1074), each over the root of one less its unit's leverage in the Poisson
regression that this likelihood is (Whitehead 1980, Appl Stat 29:268), which keeps its size with
many columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.remainder import (
    LONGEST,
    RUNAWAY,
    STEPS,
    UNCLAIMED,
    Remainder,
    claimed,
    none,
    robust,
    within_columns,
)

PER_SLOPE = 5
"""Events that each slope must have."""


@dataclass(frozen=True, slots=True, eq=False)
class Followed:
    """Time, event (0 or 1), and stratum of the baseline hazard of units, all (u,)."""

    time: Float
    event: Float
    stratum: Int


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Score residuals (u, q), information (q, q) and leverage rows (u, q) of one fit.

    The leverage of a unit is the length of its row under the inverse information.
    """

    rest: Float
    curve: Float
    row: Float


def hazard_remainder(
    seen: Followed, group: Int, held: Float, *, claim: Float, family: Int | None = None
) -> Remainder:
    """What is left of the gap in log hazard between groups, `held` (u, q) with slopes of their own.

    As `stats.remainder.remainder`, for times to an event: `group` (u,) codes k groups, all present,
    `claim` (k,) is what is claimed of each on the scale of a log hazard, `family` (u,) are units
    that depend on one another.

    >>> time = np.array([5.0, 3.0, 6.0, 2.0, 4.0, 1.0, 8.0, 7.0, 9.0, 2.5])
    >>> seen = Followed(time, np.ones(10), np.zeros(10, dtype=int))
    >>> group = np.arange(10) % 2
    >>> made = hazard_remainder(seen, group, np.zeros((10, 0)), claim=np.array([0.0, 1.0]))
    >>> round(made.slope, 2)
    1.35
    """
    share = claimed(claim, group)
    if share is None:
        return none(UNCLAIMED)
    own = within_columns(held, group)
    columns = np.column_stack([np.eye(len(share))[group][:, 1:], own])
    why = _few(seen.event, group, columns.shape[1])
    if why:
        return none(why)
    found = _fitted(columns, seen)
    if found is None:
        return none("the features tell the order of events without error")
    contrast = np.append(share[1:], np.zeros(own.shape[1]))
    return Remainder(float(contrast @ found), _error(columns, seen, found, contrast, family))


def _few(event: Float, group: Int, slopes: int) -> str:
    """Why there are too few events for that many slopes, "" if there are enough."""
    if (np.bincount(group, weights=event) == 0).any():
        return "no event was seen in a group"
    if event.sum() >= PER_SLOPE * slopes:
        return ""
    return (
        f"{slopes} slopes need {PER_SLOPE * slopes} events, {int(event.sum())} were seen; judge "
        "fewer features, or bring more people"
    )


def _fitted(columns: Float, seen: Followed) -> Float | None:
    """Coefficients by Newton's method; None where they run away."""
    found: Float = np.zeros(columns.shape[1])
    for _ in range(STEPS):
        margin = columns @ found
        if np.ptp(margin) > RUNAWAY:
            return None
        told = _told(columns, seen, margin)
        step = np.linalg.lstsq(told.curve, told.rest.sum(axis=0))[0]
        far = float(np.abs(columns @ step).max())
        found = found + step * min(1.0, LONGEST / max(far, 1e-300))
        if far < 1e-8:
            return found
    return None


def _error(
    columns: Float, seen: Followed, found: Float, contrast: Float, family: Int | None
) -> float:
    """The standard error of a contrast of the coefficients, robust to dependence in families."""
    told = _told(columns, seen, columns @ found)
    inverse = np.linalg.pinv(told.curve, hermitian=True)
    leverage = ((told.row @ inverse) * told.row).sum(axis=1)
    return robust(told.rest @ (inverse @ contrast), leverage, family)


def _told(columns: Float, seen: Followed, margin: Float) -> _Told:
    """Residuals and information at margins (u,), summed over strata."""
    rest, row = np.zeros_like(columns), np.zeros_like(columns)
    curve = np.zeros((columns.shape[1],) * 2)
    for rows, starts in _strata(seen):
        one = _stratum(columns[rows], seen.event[rows], starts, margin[rows])
        rest[rows], row[rows] = one.rest, one.row
        curve += one.curve
    return _Told(rest, curve, row)


def _strata(seen: Followed) -> Iterator[tuple[Int, Int]]:
    """Of each stratum its rows in rising time, and where each time starts among them."""
    for code in np.unique(seen.stratum):
        rows = np.flatnonzero(seen.stratum == code)
        rows = rows[np.argsort(seen.time[rows], kind="stable")]
        time = seen.time[rows]
        yield rows, np.flatnonzero(np.append(True, time[1:] != time[:-1]))


def _stratum(x: Float, event: Float, starts: Int, margin: Float) -> _Told:
    """One stratum, its rows x (m, q) in rising time."""
    at = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(x))))
    hazard = np.exp(margin - margin.max())
    risk = _later(hazard, starts)
    mean = _later(x * hazard[:, None], starts) / risk[:, None]
    ended = np.add.reduceat(event, starts)
    step = ended / risk
    until = step.cumsum()[at]
    drift = (mean * step[:, None]).cumsum(axis=0)[at]
    rest = event[:, None] * (x - mean[at]) - hazard[:, None] * (x * until[:, None] - drift)
    curve = (x.T * (hazard * until)) @ x - (mean.T * ended) @ mean
    apart = x - np.divide(drift, until[:, None], out=x.copy(), where=until[:, None] > 0)
    return _Told(rest, curve, apart * np.sqrt(hazard * until)[:, None])


def _later(values: Float, starts: Int) -> Float:
    """Sums over everyone followed at each time, (times, ...)."""
    out: Float = np.add.reduceat(values, starts, axis=0)[::-1].cumsum(axis=0)[::-1]
    return out
