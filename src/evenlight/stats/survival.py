"""Concordance of risk and time under unit weights (draws, n), and martingale residuals.

A pair can be compared where the shorter time ended in an event; at equal times, where one of the
two was censored. The margin is the risk: higher means an earlier event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.metrics import Case, Metric, over

CHUNK = 512
LEAST_FOLLOWED = 0.1
"""Pairs are weighed up to the time that this share of the people is still followed."""


def concordance(case: Case, weight: Float) -> Float:
    """Share of comparable pairs whose riskier person has the event first, ties half.

    Harrell, Lee and Mark (1996, Stat Med 15:361).
    """
    return _pairs(case, weight, np.ones_like(weight))


def concordance_uno(case: Case, weight: Float) -> Float:
    """The same, each pair weighed by 1 / G(t)^2, G the chance of being followed beyond t.

    So it does not depend on who was censored when, up to the time `until` (Uno and others 2011,
    Stat Med 30:1105); G is the part's own Kaplan-Meier estimate.
    """
    followed = censoring(case, weight)
    seen = np.where((case.y < case.until) & (followed > 0), followed, np.inf)
    return _pairs(case, weight, 1 / seen**2)


SURVIVAL: Mapping[str, Metric] = {"concordance": concordance, "concordance_uno": concordance_uno}


def followed_until(time: Float) -> float:
    """The time beyond which less than a tenth of the people are followed."""
    return float(np.quantile(time, 1 - LEAST_FOLLOWED))


def censoring(case: Case, weight: Float) -> Float:
    """Kaplan-Meier chance of being followed to just before each row's own time, (draws, n)."""
    times, at = np.unique(case.y, return_inverse=True)
    risk = _sums(weight, at, len(times))[:, ::-1].cumsum(axis=1)[:, ::-1]
    ended = _sums(weight * _event(case), at, len(times))
    gone = _sums(weight * (1 - _event(case)), at, len(times))
    left = risk - ended  # at one time events come before censoring
    stay = 1 - np.divide(gone, left, out=np.zeros_like(gone), where=left > 0)
    before = np.column_stack([np.ones(len(weight)), np.cumprod(stay, axis=1)[:, :-1]])
    return before[:, at]


def martingale(time: Float, event: Float, weight: Float, *, margin: Float | None = None) -> Float:
    """Events seen less events expected, (n,): d - H(t) exp(margin), which sum to 0 by `weight`.

    H is the Nelson-Aalen estimate, Breslow's (1974, Biometrics 30:89) where there is a margin: a
    log hazard on any origin (Therneau, Grambsch and Fleming 1990, Biometrika 77:147). NaN where
    time or event is not known.

    >>> once = np.ones(3)
    >>> martingale(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 1.0]), once).round(2).tolist()
    [0.67, -0.33, -0.33]
    """
    known = np.isfinite(time) & np.isfinite(event)
    out = np.full(len(time), np.nan)
    if not known.any():
        return out
    times, at = np.unique(time[known], return_inverse=True)
    hazard = np.ones(len(at)) if margin is None else np.exp(margin[known] - margin[known].max())
    own = weight[known]
    risk = np.bincount(at, weights=own * hazard)[::-1].cumsum()[::-1]
    ended = np.bincount(at, weights=own * event[known])
    step = np.divide(ended, risk, out=np.zeros(len(times)), where=risk > 0)
    out[known] = event[known] - step.cumsum()[at] * hazard
    return out


def residuals(time: Float, event: Float, unit: Int, order: Int) -> Float:
    """Martingale residuals (n,) over everyone; rows of a unit weigh one, summed in `order`."""
    weight = 1 / np.bincount(unit)[unit]
    out = np.full(len(time), np.nan)
    out[order] = martingale(time[order], event[order], weight[order])
    return out


def _pairs(case: Case, weight: Float, extra: Float) -> Float:
    """Concordant over comparable weight; rows in order of time, from the last to the first."""
    rank = np.unique(case.margin, return_inverse=True)[1]
    won, asked = np.zeros(len(weight)), np.zeros(len(weight))
    later = np.zeros((len(weight), int(rank.max(initial=-1)) + 1))
    for own in _chunks(case):
        hit = own[_event(case)[own] > 0]
        first = weight[:, hit] * extra[:, hit]
        below = later.cumsum(axis=1)
        lower = below[:, rank[hit]] - 0.5 * later[:, rank[hit]]
        beats, meets = _inside(case, hit, own)
        w = weight[:, own]
        won += (first * (lower + w @ beats.T)).sum(axis=1)
        asked += (first * (below[:, -1:] + w @ meets.T)).sum(axis=1)
        later += _sums(w, rank[own], later.shape[1])
    return over(won, asked)


def _inside(case: Case, hit: Int, own: Int) -> tuple[Float, Float]:
    """Concordance and comparability (events, rows) of pairs inside one chunk."""
    t, e, risk = case.y, _event(case), case.margin
    after = t[own][None] > t[hit][:, None]
    tied = (t[own][None] == t[hit][:, None]) & (e[own][None] == 0)
    meets = (after | tied).astype(float)
    above = risk[hit][:, None] > risk[own][None]
    equal = risk[hit][:, None] == risk[own][None]
    return meets * (above + 0.5 * equal), meets


def _chunks(case: Case) -> Iterator[Int]:
    """Positions in falling time, about `CHUNK` at once; equal times stay together."""
    order = np.argsort(-case.y, kind="stable")
    times = case.y[order]
    start = 0
    while start < len(order):
        stop = min(start + CHUNK, len(order))
        while stop < len(order) and times[stop] == times[stop - 1]:
            stop += 1
        yield order[start:stop]
        start = stop


def _sums(weight: Float, at: Int, size: int) -> Float:
    """Weights (draws, n) summed over the rows of each code, (draws, size)."""
    order = np.argsort(at, kind="stable")
    codes = at[order]
    out = np.zeros((len(weight), size))
    if len(codes):
        starts = np.flatnonzero(np.append(True, codes[1:] != codes[:-1]))
        out[:, codes[starts]] = np.add.reduceat(weight[:, order], starts, axis=1)
    return out


def _event(case: Case) -> Float:
    if case.event is None:
        raise ValueError("concordance needs to know who had the event")
    return case.event
