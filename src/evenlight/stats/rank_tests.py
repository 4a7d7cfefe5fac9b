"""Mann-Whitney and Kolmogorov-Smirnov for all features, from one sort of each.

A float32 leaves 29 bits of a float64 free, so the group of each value rides in the lowest one
through a plain sort, and neither test needs an argsort. Both are naive here: no strata, no units;
they stand beside the engine as what is commonly reported.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.errors import InputError

BLOCK = 64
"""Features sorted at a time."""


@dataclass(frozen=True, slots=True, eq=False)
class RankTests:
    """Each (p,): Mann-Whitney's U of the members, its p; Kolmogorov-Smirnov's D, its p."""

    u: Float
    p_u: Float
    d: Float
    p_d: Float


def rank_tests(values: Values, member: Bool) -> RankTests:
    """Both tests of members (n,) against the rest for values (n, p), compared in float32.

    Two-sided asymptotic p: U with the correction for ties and for continuity (Mann and Whitney
    1947), D with Kolmogorov's law at n_A n_B / (n_A + n_B) rounded, as scipy has them. Raises
    InputError where a side is empty or a value is not a number.

    >>> found = rank_tests(np.array([[1.0], [2.0], [3.0], [4.0]]), np.array([0, 0, 1, 1], bool))
    >>> found.u.tolist(), found.d.tolist()
    ([4.0], [1.0])
    """
    a, b = int(member.sum()), int((~member).sum())
    if min(a, b) == 0:
        raise InputError(f"one side holds {a} values and the other {b}; both need one at least")
    p = values.shape[1]
    rank, ties, apart = np.empty(p), np.empty(p), np.empty(p, dtype=np.int64)
    for start in range(0, p, BLOCK):
        own = slice(start, start + BLOCK)
        rank[own], ties[own], apart[own] = _of_block(values[:, own], member)
    u = rank - a * (a + 1) / 2
    return RankTests(u, _p_of_u(u, ties, a, b), apart / (a * b), _p_of_d(apart, a, b))


def _of_block(values: Values, member: Bool) -> tuple[Float, Float, Int]:
    """Rank sums of members, sums of t^3 - t over ties, and a b D as a whole number (f,)."""
    at, ends = _sorted_groups(values, member)
    f, n = at.shape
    a = int(member.sum())
    before = np.cumsum(at, axis=1, dtype=np.int32)
    apart = before * np.int64(n) - a * np.arange(1, n + 1)
    np.abs(apart, out=apart)
    rank = (at @ np.arange(1.0, n + 1)).astype(np.float64)
    ties = np.zeros(f)
    for i in np.flatnonzero(~ends.all(axis=1)):
        last = np.flatnonzero(ends[i])
        size = np.diff(last, prepend=-1)
        held = np.diff(before[i, last], prepend=0)
        rank[i] = held @ (last + 1 - (size - 1) / 2)
        ties[i] = (size.astype(np.float64) ** 3 - size).sum()
        apart[i, ~ends[i]] = 0
    return rank, ties, apart.max(axis=1)


def _sorted_groups(values: Values, member: Bool) -> tuple[Values, Bool]:
    """Who is a member in sorted order (f, n), and where a run of equal values ends (f, n)."""
    key = np.ascontiguousarray(values.T, dtype=np.float32).astype(np.float64)
    if np.isnan(key).any():
        raise InputError("a value is not a number; ranks need all of them, drop or fill it first")
    key += 0.0
    bits = key.view(np.int64)
    bits |= member.astype(np.int64)
    key.sort(axis=1)
    at = (bits & 1).astype(np.float32)
    bits &= ~1
    ends = np.ones(key.shape, dtype=bool)
    np.not_equal(bits[:, 1:], bits[:, :-1], out=ends[:, :-1])
    return at, ends


def _p_of_u(u: Float, ties: Float, a: int, b: int) -> Float:
    n = a + b
    spread = np.sqrt(a * b / 12 * (n + 1 - ties / (n * (n - 1))))
    off = np.abs(u - a * b / 2) - 0.5
    z = np.divide(off, spread, out=np.zeros_like(off), where=spread > 0)
    p: Float = np.minimum(2 * special.ndtr(-z), 1.0)
    return p


def _p_of_d(apart: Int, a: int, b: int) -> Float:
    """Each distinct D once, since there are few."""
    distinct, place = np.unique(apart, return_inverse=True)
    p = stats.kstwo.sf(distinct / (a * b), np.round(a * b / (a + b)))
    out: Float = np.clip(p, 0.0, 1.0)[place]
    return out
