"""From an interval and a margin to one of four verdicts; how many more units would settle it."""

from __future__ import annotations

import numpy as np
from scipy import stats

from evenlight.arrays import Float, Int, Text

Pair = tuple[Float | Int | int, Float | Int | int]
"""Units of level and reference, for all or for each interval."""

LEAST_MORE, MOST_MORE = 5.0, 20.0
"""Fewer than this are told as this; more than this many times the people at hand are not told."""

SIMILAR_FROM = 20
"""Fewest units in each arm for *similar* to be said."""


def verdicts(low: Float, high: Float, margin: Float | float, smallest: Int | Float) -> Text:
    """The verdict of each interval against +-margin; NaN limits are not estimable.

    `smallest` is the number of units in the smaller arm: *similar* needs 20 of them.

    >>> verdicts(np.array([-0.01, 0.2, -0.3]), np.array([0.02, 0.5, 0.1]), 0.1, np.array([50] * 3))
    array(['similar', 'different', 'cannot_tell'], dtype='<U13')
    """
    inside = (low >= -margin) & (high <= margin)
    apart = (low > 0) | (high < 0)
    many = np.broadcast_to(np.asarray(smallest), inside.shape) >= SIMILAR_FROM
    out = np.full(inside.shape, "cannot_tell", dtype="<U13")
    out[apart & ~inside] = "different"
    out[inside & many] = "similar"
    out[np.isnan(low) | np.isnan(high)] = "not_estimable"
    return out


def extents(low: Float, high: Float, margin: Float | float, verdict: Text) -> Text:
    """What an interval adds to its verdict: how far *similar* and *different* go.

    *similar* is "detectable" where the interval leaves out 0; *different* is "material" where it
    lies wholly beyond the margin, else its size is "uncertain".

    >>> low, high = np.array([0.02, 0.2, 0.05]), np.array([0.08, 0.5, 0.5])
    >>> extents(low, high, 0.1, verdicts(low, high, 0.1, 50)).tolist()
    ['detectable', 'material', 'uncertain']
    """
    apart = (low > 0) | (high < 0)
    beyond = (low > margin) | (high < -margin)
    out = np.full(low.shape, "", dtype="<U10")
    out[(verdict == "similar") & apart] = "detectable"
    out[verdict == "different"] = "uncertain"
    out[(verdict == "different") & beyond] = "material"
    return out


def minimum_effect_p(effect: Float, se: Float, df: Float, delta: Float | float) -> Float:
    """P of H0: |effect| <= delta, two-sided; without any spread 1 inside delta, else 1e-16.

    p = P(t_df > (|D| - delta) / SE) + P(t_df > (|D| + delta) / SE), at most 1.
    """
    still = se <= 0
    scale = np.where(still, 1.0, se)
    size = np.abs(effect)
    upper = stats.t.sf((size - delta) / scale, df) + stats.t.sf((size + delta) / scale, df)
    p: Float = np.where(still, np.where(size <= delta, 1.0, 1e-16), np.clip(upper, 1e-16, 1.0))
    return p


def decisive_half(effect: Float, low: Float, high: Float, margin: Float | float) -> Float:
    """The half-width that has to shrink for an answer: of the side that matters, where they differ.

    Towards 0 where |effect| is the nearer to being told (*different*), else the wider one.

    >>> decisive_half(np.array([1.0, 0.0]), np.array([-1.0, -2.0]), np.array([9.0, 3.0]), 0.1)
    array([2., 3.])
    """
    down, up = effect - low, high - effect
    inner = np.where(effect < 0, up, down)
    far = np.abs(effect) >= margin - np.abs(effect)
    half: Float = np.where(far, inner, np.maximum(down, up))
    return half


def more_units(
    effect: Float,
    half: Float,
    margin: Float | float,
    var: tuple[Float, Float],
    n: Pair,
    *,
    shared: Float | float = 0.0,
) -> tuple[Float, Text]:
    """About how many more units would settle a *cannot tell*, and in which arm.

    The arm is "level", "reference" or "both".
    `half` is the half-width of the interval, `var` the arms' parts of the squared standard error,
    `n` their units. The half-width has to shrink to |effect| (then *different*) or to
    margin - |effect| (then *similar*), whichever is the wider; the arm with the larger part of the
    variance grows, or both where that one alone cannot do it. `shared` is a part of the squared
    standard error that more people do not lessen. Rounded up to two digits.
    """
    wanted = np.maximum(np.abs(effect), margin - np.abs(effect))
    total = var[0] + var[1]
    ratio = np.divide(wanted, half, out=np.ones_like(half), where=half > 0)
    target = (total + shared) * np.minimum(ratio, 1.0) ** 2 - shared
    first = var[0] >= var[1]
    big, small = np.where(first, var[0], var[1]), np.where(first, var[1], var[0])
    size = np.where(first, n[0], n[1]).astype(float)
    room = target - small
    alone = np.divide(big, room, out=np.full_like(big, np.inf), where=room > 0)
    both = np.divide(total, target, out=np.full_like(big, np.inf), where=target > 0)
    single = np.isfinite(alone) & (alone <= 20.0)
    grown = size * np.where(single, alone - 1, both - 1)
    where = np.where(single, np.where(first, "level", "reference"), "both")
    grown = np.where(grown <= MOST_MORE * sum(n), np.maximum(grown, LEAST_MORE), np.nan)
    return _two_digits(grown), where


def still_needed(
    interval: tuple[Float, Float, Float],
    margin: Float | float,
    var: tuple[Float, Float],
    n: Pair,
    *,
    shared: Float | float = 0.0,
    counted: Pair | None = None,
) -> tuple[Float, Text]:
    """How many more units would settle an interval (effect, low, high) that cannot tell, and where.

    `more_units` for the half-width that decides (`decisive_half`). Where the answer would be
    *similar*, at least what each arm lacks of the 20 units that it needs; that alone, where the
    interval lies inside the margin. `counted` are the units of `n` that the verdict counts, as
    those with an event: to have so many more takes more people, by their share.

    >>> still = np.zeros(1)
    >>> still_needed((still, still, still), 0.1, (still, still), (15, 240))
    (array([5.]), array(['level'], dtype='<U9'))
    """
    effect, low, high = interval
    more, where = more_units(
        effect, decisive_half(*interval, margin), margin, var, n, shared=shared
    )
    inside = (low >= -margin) & (high <= margin)
    similar = inside | (np.abs(effect) < margin - np.abs(effect))
    more = np.where(inside, 0.0, more)
    lack = [
        np.where(similar, _lacking(c, whole), 0.0)
        for c, whole in zip(n if counted is None else counted, n, strict=True)
    ]
    arm = np.where(lack[1] > 0, np.where(lack[0] > 0, "both", "reference"), "level")
    few = (lack[0] > 0) | (lack[1] > 0)
    other = few & (more > 0) & (where != arm)
    told = np.where(other, "both", np.where(few, arm, where)).astype("<U9")
    return np.where(few, np.maximum(more, np.maximum(*lack)), more), told


def _lacking(counted: Float | Int | int, whole: Float | Int | int) -> Float:
    """Units that an arm lacks, where `counted` of the `whole` are what *similar* needs 20 of."""
    counted = np.asarray(counted, dtype=np.float64)
    share = np.divide(counted, whole, out=np.ones(counted.shape), where=counted > 0)
    lack: Float = np.ceil(np.maximum(SIMILAR_FROM - counted, 0.0) / np.minimum(share, 1.0))
    return lack


def _two_digits(value: Float) -> Float:
    with np.errstate(invalid="ignore", divide="ignore"):
        power = 10.0 ** np.maximum(np.floor(np.log10(value)) - 1, 0)
    out: Float = np.ceil(value / power) * power
    return out
