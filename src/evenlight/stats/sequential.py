"""A family of permutation tests in two looks, streamed: counters, tails and running maxima only.

**First look.** Every test takes part in the same first draws. They give the step-down max-T p and
the simultaneous critical value, which are valid for any number of draws (Phipson and Smyth 2010),
and a count of exceedances for each test.

**Second look.** A test with at least 100 exceedances leaves, with p = (1 + k1) / (1 + B1); the
others are counted over all B draws, p = (1 + k) / (1 + B). This p is valid at every level a: if
a (B1 + 1) >= 101, p <= a needs (1 + k1) / (1 + B1) <= a; else it needs (1 + k) / (1 + B) <= a,
whether or not k was ever counted; both have probability at most a. (Besag and Clifford 1991,
Biometrika 78:301, with one look in place of a look at every draw.) A test that no draw of the first
look reaches leaves as well where a tail fitted to them says p < CLEAR alpha / m, far below all that
m tests could be asked to pass. See `large_looks` for more.

The null of each test is raised to the half-normal (`permutation.at_least_normal`), and scaled down
where it is heavier (`stats.balanced`), for which only the upper tail is sorted and kept: p_maxt
below TAIL (or 1.2 alpha) and the critical value are those of full sorting, larger p_maxt are upper
bounds. A null that is much heavier is judged by side: k is then what is as rare as observed
(`stats.two_sided`), and either side is raised and scaled by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.stats.balanced import LOPSIDED, heaviness
from evenlight.stats.large_looks import far_out, lighter
from evenlight.stats.multiplicity import GUARD, Family
from evenlight.stats.nulls import How, Nulls, Source, reached, side_of
from evenlight.stats.raised import floor_count, half_normal, normal, upper_tail
from evenlight.stats.tail import fitted_p
from evenlight.stats.two_sided import as_rare

__all__ = [
    "How",
    "Source",
    "as_far",
    "balanced_step_down",
    "first_look",
    "fitted_p",
    "staged",
]

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

NOISE = 2.0
"""A null is lighter than a normal one where so many SD fewer draws are as far out. To take the
larger of both counts always would add the noise of the smaller one to p: at p = 0.003 of 2,000
draws a third, which cost 4 of 82 points of power."""

CLEAR = 0.01
"""A fitted p below this part of alpha / m needs no second look."""

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
    nulls, plus = Nulls(sources, labels, at, seen, how), int(every is None)
    tails = how.tails and how.raw and 20 * len(seen) / alpha > draws
    clear = CLEAR * alpha / len(seen) if tails and first < draws else 0.0
    look = _look(nulls.size, nulls.drawn, first, alpha, plus=plus, single=how.single, clear=clear)
    p_maxt = _monotone((plus + look.maxt) / (plus + first), nulls.size / look.scale[0])
    p = look.far / (plus + first)
    if how.raw and every is None:
        settled = look.fitted < clear
        p = np.where(settled, look.fitted, p)
        unclear = ~settled & (look.count < (ENOUGH if first < draws else FEW if tails else 0))
        unclear &= ~far_out(nulls, look.count, unclear, (draws, first), alpha, clear)
        p = _second(lighter(nulls, unclear, draws), (p, unclear, look.sided), draws, tails=tails)
    still = seen == 0
    p[still], p_maxt[still] = 1.0, 1.0
    p_maxt, scale = np.maximum(p_maxt, p), _by_sign(look.scale, seen)
    exact = every is not None
    return Family(p, p_maxt, look.maxima, draws, exact=exact, scale=scale, sided=look.sided)


def balanced_step_down(
    seen: Float, null: Null, *, draws: int, alpha: float = 0.05, clear: float = 0.0
) -> Family:
    """The family of tests `seen` (m,) in one look at draws that are made elsewhere.

    `null(index)` gives Z* (draws, len(index)) for those tests, once for each. As in `staged`
    nulls are raised to the half-normal, and scaled down and judged by side where they are heavier.
    Below `clear`, p is of a fitted tail.
    """
    size, side = np.abs(seen), side_of(seen)

    def drawn(index: Int, _: int) -> tuple[Values, Int]:
        z = np.ascontiguousarray((null(index) * side[index]).T)
        return z, reached(z, size[index] * (1 - GUARD))

    look = _look(size, drawn, draws, alpha, clear=clear)
    p = np.where(look.fitted < clear, look.fitted, look.far / (1 + draws))
    p_maxt = _monotone((1 + look.maxt) / (1 + draws), size / look.scale[0])
    p[size == 0], p_maxt[size == 0] = 1.0, 1.0
    p_maxt, scale = np.maximum(p_maxt, p), _by_sign(look.scale, seen)
    return Family(p, p_maxt, look.maxima, scale=scale, sided=look.sided)


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """What one look at all tests (m,) tells.

    `count` draws are as far out as observed and `far`, the observed one among them, or as many as
    of a normal where they are clearly fewer; `maxt` maxima reach it step by step. `maxima` of each
    draw, `scale` (2, m) of the observed and the other side; `sided` nulls are judged by side.
    `fitted` is p from a fitted tail, else 1.
    """

    count: Int
    far: Int
    maxt: Int
    maxima: Float
    scale: Float
    sided: Bool
    fitted: Float


Null = Callable[[Int], Float]
Drawn = Callable[[Int, int], tuple[Values, Int]]
"""Z* (k, draws) of k tests, turned so that the observed side is above 0, and `nulls.reached`."""

Tail = tuple[NDArray[np.int32], Float, float]
"""Places and raised values (k,) of the largest draws of a null, and what no other draw passes."""


def _look(
    size: Float,
    drawn: Drawn,
    draws: int,
    alpha: float,
    *,
    plus: int = 1,
    single: bool = False,
    clear: float = 0.0,
) -> Look:
    """The first look: upper tails of all tests, balanced, and their running maxima in order."""
    share = max(TAIL, MARGIN * alpha)
    m, k = len(size), max(1, ceil(share * draws))
    place, tail, below = np.empty((m, k), dtype=np.int32), np.empty((m, k)), np.zeros(m)
    (count, far), scale, others = np.zeros((2, m), dtype=np.int64), np.ones((2, m)), {}
    fitted, normal_p = np.ones(m), 2 * ndtr(-size)
    for index in _blocks(np.arange(m), draws):
        z, found = drawn(index, draws)
        for i, j in enumerate(index):
            place[j], tail[j], below[j] = _tail(np.abs(z[i]), share)
            scale[:, j] = heaviness(tail[j], draws)
            if scale[0, j] > LOPSIDED:
                (place[j], tail[j], below[j]), others[int(j)] = (
                    _tail(row, share, sides=1) for row in (z[i], -z[i])
                )
                both = (tail[j], others[int(j)][1])
                scale[:, j] = [heaviness(own, draws, sides=1) for own in both]
        sided = np.isin(index, list(others))
        count[index], far[index] = as_far(z, found, size[index], sided, plus)
        for i in np.flatnonzero((count[index] == 0) & (normal_p[index] < clear)).tolist():
            fitted[index[i]] = fitted_p(z[i], float(size[index[i]]), bool(sided[i]))
    near = 1 - (NEAR_MAXIMA if single else GUARD)
    maxt, maxima = _maxima((place, tail, below), others, scale, size, draws, near)
    return Look(count, far, maxt, maxima, scale, np.isin(np.arange(m), list(others)), fitted)


def _tail(row: Values, share: float, *, sides: int = 2) -> Tail:
    """The upper `share` of one null (draws,), raised."""
    draws = len(row)
    floor = half_normal(draws) if sides == 2 else normal(draws)
    at, raised, rest = upper_tail(row, floor, share, sides=sides)
    k = max(1, ceil(share * draws))
    return at[-k:].astype(np.int32), raised[-k:], float(raised[-k - 1]) if len(at) > k else rest


def as_far(z: Values, found: Int, size: Float, sided: Bool, plus: int) -> tuple[Int, Int]:
    """Draws as far out as observed (f,), and with the observed one; of a normal if it is lighter.

    By size; by rarity where `sided`. All arrangements (`plus` 0) need no normal.
    """
    draws = z.shape[1]
    count = found[:, 1].copy()
    floor = floor_count(size, half_normal(draws))
    lighter = count < floor - NOISE * np.sqrt(floor)
    far = plus + (np.where(lighter, floor, count) if plus else count)
    least = floor_count(size, normal(draws)) * plus
    for i in np.flatnonzero(sided):
        own, other = max(found[i, 0], least[i]) + plus, -z[i]
        far[i] = own + as_rare(other, own)
        count[i] = far[i] - plus
        if found[i, 0] < least[i]:
            count[i] = found[i, 0] + as_rare(other, found[i, 0] + plus)
    return count, far


def _by_sign(scale: Float, seen: Float) -> Float:
    """Scales (2, m) of the observed and the other side as those above and below 0."""
    return np.where(seen < 0, scale[::-1], scale)


def _maxima(
    tails: tuple[NDArray[np.int32], Float, Float],
    others: Mapping[int, Tail],
    scale: Float,
    size: Float,
    draws: int,
    near: float,
) -> tuple[Int, Float]:
    """Step-down exceedances (m,) and the maximum of each draw, from the smallest statistic up."""
    maxt, running, bound = np.zeros(len(size), dtype=np.int64), np.zeros(draws), 0.0
    scaled = size / scale[0]
    for j in np.argsort(scaled, kind="stable").tolist():
        both = [tuple(part[j] for part in tails), *([others[j]] if j in others else [])]
        for (place, tail, below), own in zip(both, scale[:, j], strict=False):
            running[place] = np.maximum(running[place], tail / own)
            bound = max(bound, float(below) / own)
        bar = scaled[j] * near
        maxt[j] = draws if bound >= bar else np.count_nonzero(running >= bar)
    return maxt, np.maximum(running, bound)


def _monotone(p: Float, size: Float) -> Float:
    """Step-down p (m,): no smaller than that of any larger statistic."""
    down = np.argsort(size, kind="stable")[::-1]
    out = p.copy()
    out[down] = np.maximum.accumulate(out[down])
    return out


def _second(nulls: Nulls, first: tuple[Float, Bool, Bool], draws: int, *, tails: bool) -> Float:
    """P over all arrangements where they are listed, over all draws where it is unclear.

    `first` holds p, whether it is unclear, and whether the null is judged by side, each (m,).
    """
    p, unclear, sided = first
    out = p.copy()
    for i in np.unique(nulls.at[:, 0]):
        every = nulls.sources[i].every
        own = np.flatnonzero(nulls.at[:, 0] == i)
        for index in () if every is None else _blocks(own, len(every)):
            z, found = nulls.of_source(int(i), index, every)
            out[index] = as_far(z, found, nulls.size[index], sided[index], 0)[1] / len(every)
            unclear[index] = False
    for index in _blocks(np.flatnonzero(unclear), draws):
        z, found = nulls.drawn(index, draws)
        count, far = as_far(z, found, nulls.size[index], sided[index], 1)
        out[index] = far / (1 + draws)
        for i in np.flatnonzero(count < FEW) if tails else ():
            fitted = fitted_p(z[i], float(nulls.size[index[i]]), bool(sided[index[i]]))
            out[index[i]] = min(out[index[i]], fitted)
    return out


def _blocks(index: Int, draws: int) -> list[Int]:
    """Parts of the tests whose draws may be held at once."""
    step = max(1, HELD // draws)
    return [index[start : start + step] for start in range(0, len(index), step)]
