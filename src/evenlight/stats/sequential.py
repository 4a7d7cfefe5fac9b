"""A family of permutation tests in two looks, streamed: counters, tails and running maxima only.

**First look.** Every test takes part in the same first draws. They give the step-down max-T p and
the simultaneous critical value, which are valid for any number of draws (Phipson and Smyth 2010),
and a count of exceedances for each test.

**Second look.** A test with at least 100 exceedances leaves, with p = (1 + k1) / (1 + B1); the
others are counted over all B draws, p = (1 + k) / (1 + B). This p is valid at every level a: if
a (B1 + 1) >= 101, p <= a needs (1 + k1) / (1 + B1) <= a; else it needs (1 + k) / (1 + B) <= a,
whether or not k was ever counted; both have probability at most a. (Besag and Clifford 1991,
Biometrika 78:301, with one look in place of a look at every draw.)

The null of each test is raised to the half-normal (`permutation.at_least_normal`), and scaled down
where it is heavier (`stats.balanced`), for which only the upper tail is sorted and kept: p_maxt
below TAIL (or 1.2 alpha) and the critical value are those of full sorting, larger p_maxt are upper
bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.stats.balanced import heaviness
from evenlight.stats.multiplicity import GUARD, Family
from evenlight.stats.nulls import How, Nulls, Source
from evenlight.stats.raised import half_normal, half_normal_count, upper_tail
from evenlight.stats.tail import tail_p

__all__ = ["How", "Source", "balanced_step_down", "first_look", "staged"]

ENOUGH = 100
"""A test with so many exceedances at the first look has its answer."""

LEAST = 2_000
"""Draws of the first look, at least."""

TAIL, MARGIN = 0.06, 1.2
"""The share of each null that is sorted: this, or so many times alpha."""

HELD = 2**22
"""Draws of tests that are held at once."""

NEAR_MAXIMA = 1e-5
"""Maxima made of float32 products tie with a statistic this close, relatively."""

FEW = 10
"""With fewer exceedances p comes from a fitted tail (Knijnenburg 2009)."""


def first_look(draws: int) -> int:
    """Draws in which every test takes part: a fifth of all, at least 2,000.

    >>> first_look(999), first_look(5_000), first_look(20_000)
    (999, 2000, 4000)
    """
    return draws if draws <= LEAST else max(LEAST, draws // 5)


def staged(
    sources: Sequence[Source],
    at: Int,
    seen: Float,
    *,
    alpha: float = 0.05,
    how: How | None = None,
) -> Family:
    """The family of m tests `at` (m, 2), source and column of each, with statistics `seen` (m,).

    Where the only source has all its arrangements, every p is exact, and no second look is needed.
    """
    how = how or How()
    used = np.unique(at[:, 0])
    every = sources[used[0]].every if len(used) == 1 else None
    labels = [source.labels if every is None else every for source in sources]
    draws = min(len(labels[i]) for i in used)
    first = draws if every is not None else min(how.first or first_look(draws), draws)
    nulls = Nulls(sources, labels, at, np.abs(seen), how)
    look = _look(nulls.size, nulls.drawn, first, alpha, single=how.single)
    count, plus = look.count, int(every is None)
    p_maxt = _monotone((plus + look.maxt) / (plus + first), nulls.size / look.scale)
    floor = half_normal_count(nulls.size, first) if plus else 0
    p = (plus + np.maximum(count, floor)) / (plus + first)
    if how.raw and every is None:
        tails = how.tails and 20 * len(seen) / alpha > draws
        unclear = count < (ENOUGH if first < draws else FEW if tails else 0)
        p = _second(nulls, p, unclear, draws, tails=tails)
    still = seen == 0
    p[still], p_maxt[still] = 1.0, 1.0
    p_maxt = np.maximum(p_maxt, p)
    return Family(p, p_maxt, look.maxima, draws=draws, exact=every is not None, scale=look.scale)


def balanced_step_down(
    seen: Float, null: Callable[[Int], Float], *, draws: int, alpha: float = 0.05
) -> Family:
    """The family of tests `seen` (m,) in one look at draws that are made elsewhere.

    `null(index)` gives |Z*| (draws, len(index)) for those tests, once for each. As in `staged`
    nulls are raised to the half-normal, and scaled down where they are heavier.
    """
    size = np.abs(seen)

    def drawn(index: Int, _: int) -> tuple[Values, Int]:
        z = np.ascontiguousarray(null(index).T)
        return z, np.count_nonzero(z >= (size[index] * (1 - GUARD))[:, None], axis=1)

    look = _look(size, drawn, draws, alpha)
    p = (1 + np.maximum(look.count, half_normal_count(size, draws))) / (1 + draws)
    p_maxt = _monotone((1 + look.maxt) / (1 + draws), size / look.scale)
    p[size == 0], p_maxt[size == 0] = 1.0, 1.0
    return Family(p, np.maximum(p_maxt, p), look.maxima, scale=look.scale)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """Exceedances, step-down exceedances and `scale` (m,), and the maximum of each draw."""

    count: Int
    maxt: Int
    maxima: Float
    scale: Float


Drawn = Callable[[Int, int], tuple[Values, Int]]
"""|Z*| (k, draws) of k tests, and how many reach the observed ones."""


def _look(size: Float, drawn: Drawn, draws: int, alpha: float, *, single: bool = False) -> Look:
    """The first look: upper tails of all tests, balanced, and their running maxima in order."""
    share = max(TAIL, MARGIN * alpha)
    m, k = len(size), max(1, ceil(share * draws))
    place, tail = np.empty((m, k), dtype=np.int32), np.empty((m, k))
    count, below, scale = np.zeros(m, dtype=np.int64), np.zeros(m), np.ones(m)
    floor = half_normal(draws)
    for index in _blocks(np.arange(m), draws):
        z, count[index] = drawn(index, draws)
        for i, j in enumerate(index):
            at, raised, rest = upper_tail(z[i], floor, share)
            place[j], tail[j] = at[-k:], raised[-k:]
            below[j] = raised[-k - 1] if len(raised) > k else rest
            scale[j] = heaviness(tail[j], draws)
    tail /= scale[:, None]
    near = 1 - (NEAR_MAXIMA if single else GUARD)
    maxt, maxima = _maxima((place, tail, below / scale), size / scale, draws, near)
    return Look(count, maxt, maxima, scale)


def _maxima(
    tails: tuple[NDArray[np.int32], Float, Float], size: Float, draws: int, near: float
) -> tuple[Int, Float]:
    """Step-down exceedances (m,) and the maximum of each draw, from the smallest statistic up."""
    place, tail, below = tails
    maxt, running, bound = np.zeros(len(size), dtype=np.int64), np.zeros(draws), 0.0
    for j in np.argsort(size, kind="stable"):
        running[place[j]] = np.maximum(running[place[j]], tail[j])
        bound, bar = max(bound, float(below[j])), size[j] * near
        maxt[j] = draws if bound >= bar else np.count_nonzero(running >= bar)
    return maxt, np.maximum(running, bound)


def _monotone(p: Float, size: Float) -> Float:
    """Step-down p (m,): no smaller than that of any larger statistic."""
    down = np.argsort(size, kind="stable")[::-1]
    out = p.copy()
    out[down] = np.maximum.accumulate(out[down])
    return out


def _second(nulls: Nulls, p: Float, unclear: Bool, draws: int, *, tails: bool) -> Float:
    """P over all arrangements where they are listed, over all draws where it is `unclear`."""
    out = p.copy()
    for i in np.unique(nulls.at[:, 0]):
        every = nulls.sources[i].every
        own = np.flatnonzero(nulls.at[:, 0] == i)
        for index in () if every is None else _blocks(own, len(every)):
            out[index] = nulls.of_source(int(i), index, every)[1] / len(every)
            unclear[index] = False
    for index in _blocks(np.flatnonzero(unclear), draws):
        z, count = nulls.drawn(index, draws)
        size = nulls.size[index]
        out[index] = (1 + np.maximum(count, half_normal_count(size, draws))) / (1 + draws)
        for i in np.flatnonzero(count < FEW) if tails else ():
            fitted = max(tail_p(z[i], float(size[i])), 2 * float(ndtr(-size[i])))
            out[index[i]] = min(out[index[i]], fitted)
    return out


def _blocks(index: Int, draws: int) -> list[Int]:
    """Parts of the tests whose draws may be held at once."""
    step = max(1, HELD // draws)
    return [index[start : start + step] for start in range(0, len(index), step)]
