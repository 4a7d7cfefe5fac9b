"""Estimates of several sites put together, and how far the sites differ.

The combined effect is the mean over these sites, weighted by 1 / se^2, whose standard error holds
whether or not the sites differ (fixed effects in the plural: Rice, Higgins and Lumley 2018,
J R Stat Soc A 181:205). That they do is Cochran's Q with tau^2 of DerSimonian and Laird (1986,
Control Clin Trials 7:177), and what another site may have is told by the prediction interval of
Higgins, Thompson and Spiegelhalter (2009, J R Stat Soc A 172:137), from three sites on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Float

LEAST_SE = 1e-9
"""A standard error is thought of as no smaller."""


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Of each of m numbers: effect, se, Q with its df and p, I^2, tau, and where others may lie."""

    effect: Float
    se: Float
    q: Float
    df: Float
    p: Float
    i_squared: Float
    tau: Float
    elsewhere_low: Float
    elsewhere_high: Float


def standard_errors(half: Float, alpha: Float, df: Float, many: Float) -> tuple[Float, Float]:
    """The largest and smallest standard error behind a half-width of simultaneous 1 - alpha.

    The quantile of `many` simultaneous intervals lies between that of one, and Bonferroni's.

    >>> high, low = standard_errors(*(np.array([v]) for v in (0.196, 0.05, 1e9, 10.0)))
    >>> high.round(3).item(), low.round(3).item()
    (0.1, 0.07)
    """
    df = np.maximum(np.nan_to_num(df, nan=1.0), 1.0)
    one, all_of_them = stats.t.isf(alpha / 2, df), stats.t.isf(alpha / (2 * many), df)
    return np.maximum(half / one, LEAST_SE), np.maximum(half / all_of_them, LEAST_SE)


def combine(effect: Float, se: Float, least: Float, *, alpha: float = 0.05) -> Combined:
    """Numbers (k, m) of k sites, NaN where one has none; `least` (k, m) se as small as they may be.

    The weights are of `se`; what tells sites apart is of `least`, so that it is not missed.

    >>> effect = np.array([[0.1], [0.3], [0.2]])
    >>> made = combine(effect, np.full((3, 1), 0.1), np.full((3, 1), 0.1))
    >>> made.effect.round(3).item(), made.se.round(3).item(), made.q.round(3).item()
    (0.2, 0.058, 2.0)
    """
    known = np.isfinite(effect) & np.isfinite(se)
    values = np.where(known, effect, 0.0)
    weight = np.where(known, 1 / np.where(known, se, 1.0) ** 2, 0.0)
    sharp = np.where(known, 1 / np.where(known, least, 1.0) ** 2, 0.0)
    total = weight.sum(axis=0)
    mean = (weight * values).sum(axis=0) / total
    centre = (sharp * values).sum(axis=0) / sharp.sum(axis=0)
    q = (sharp * (values - centre) ** 2).sum(axis=0)
    sites = known.sum(axis=0).astype(np.float64)
    df = sites - 1
    room = sharp.sum(axis=0) - (sharp**2).sum(axis=0) / sharp.sum(axis=0)
    tau2 = np.where(df > 0, np.maximum(q - df, 0.0) / np.where(room > 0, room, 1.0), 0.0)
    low, high = _elsewhere((values, weight, tau2), sites, alpha)
    return Combined(
        effect=mean,
        se=total**-0.5,
        q=q,
        df=df,
        p=np.where(df > 0, stats.chi2.sf(q, np.maximum(df, 1)), np.nan),
        i_squared=np.where(q > 0, np.maximum(q - df, 0.0) / np.where(q > 0, q, 1.0), 0.0),
        tau=np.sqrt(tau2),
        elsewhere_low=low,
        elsewhere_high=high,
    )


def _elsewhere(made: tuple[Float, Float, Float], sites: Float, alpha: float) -> tuple[Float, Float]:
    """The 1 - alpha prediction interval for another site; NaN for fewer than three."""
    values, weight, tau2 = made
    own = np.where(weight > 0, 1 / (1 / np.where(weight > 0, weight, 1.0) + tau2), 0.0)
    mean = (own * values).sum(axis=0) / own.sum(axis=0)
    wide = stats.t.isf(alpha / 2, np.maximum(sites - 2, 1)) * np.sqrt(tau2 + 1 / own.sum(axis=0))
    half = np.where(sites >= 3, wide, np.nan)
    return mean - half, mean + half
