"""The tests of location and slope as one family: p-values, and limits that hold together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr, ndtri

from evenlight.arrays import Float, Int
from evenlight.measures.own_values import Job, Still
from evenlight.measures.prepare import ALPHA
from evenlight.measures.testing import Testing
from evenlight.stats.conditional import Keys, keys
from evenlight.stats.multiplicity import (
    GUARD,
    Family,
    draws_for,
    listed,
    upper_point,
)
from evenlight.stats.nested_values import Nested
from evenlight.stats.nulls import reached, side_of
from evenlight.stats.permutation import from_normal
from evenlight.stats.sequential import CLEAR, as_far, balanced_step_down, fitted_p
from evenlight.stats.unseen import ends_of, unseen

FIRST = 2_000
"""Draws of every test: they give the maximum, and settle all p-values but small ones."""

FEW = 10
"""A test that fewer of the first draws exceed goes on to the full number of draws."""

WIDE = 256
"""Tests whose every draw is held at once."""


@dataclass(frozen=True, slots=True, eq=False)
class ValueTests:
    """m tests: `where` (m, 3) contrast, subject, and 0 for the location or the slope's number.

    `effect`, `level`, `reference` (variances), `df`, `slack`, `p`, `p_maxt`, `q` (m,); `maxima`
    (draws,) of |T*| after division by `scale` (2, m), of T above and below 0, empty where limits
    are Bonferroni's.
    """

    where: Int
    effect: Float
    level: Float
    reference: Float
    df: Float
    slack: Float
    p: Float
    p_maxt: Float
    q: Float
    maxima: Float
    scale: Float | float = 1.0

    def limits(self, alpha: float) -> Float:
        """How far T of each test may lie above and below 0, (2, m), so that all hold together."""
        if not len(self.maxima):
            return np.full((2, len(self.p)), -ndtri(alpha / (2 * max(len(self.p), 1))))
        return np.full((2, len(self.p)), upper_point(self.maxima, alpha)) * self.scale


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """One view: `place` (r, 2) contrast and subject, its numbers and variances by side, (r,)."""

    place: Int
    numbers: dict[str, Float]
    variances: tuple[Float, Float]


def value_tests(
    live: list[Job], *, testing: Testing, units: int, rng: np.random.Generator
) -> ValueTests:
    """Location and slopes of all jobs, permuted under one step-down max-T."""
    owner, where, parts = _listed(live, level_of(testing))
    m = len(where)
    if m == 0:
        no = np.empty(0)
        return ValueTests(where, no, no, no, no, no, no, no, no, np.zeros(1))
    statistic, *numbers, slack = parts
    draws = testing.draws or draws_for(m, alpha=ALPHA)
    shuffled = Shuffles(live, owner, units, draws, int(rng.integers(2**63)))
    first = min(draws, FIRST)
    alpha = level_of(testing)
    clear = CLEAR * alpha / m if draws > FIRST else 0.0
    family = balanced_step_down(statistic, shuffled.first, draws=first, alpha=alpha, clear=clear)
    p = family.p if draws <= FIRST else refined(family, statistic, shuffled, clear=clear)
    effect, level, reference, df = numbers
    q, maxima = listed(p, testing.lists), family.maxima
    return ValueTests(
        where, effect, level, reference, df, slack, p, family.p_maxt, q, maxima, family.scale
    )


def level_of(testing: Testing) -> float:
    """The smaller of what location and slope, which are one family, may miss."""
    return min(testing.alpha_of(name, "value") for name in ("location", "slope"))


@dataclass(frozen=True, slots=True, eq=False)
class Shuffles:
    """Z* of the tests `owner` (m, 3): job, column, test; keys come afresh from the seed.

    Each contrast is shuffled on its own, as in the other views.
    """

    live: list[Job]
    owner: Int
    units: int
    draws: int
    seed: int

    def first(self, index: Int) -> Float:
        """The first draws (min(draws, 2,000), len(index))."""
        return self.batch(index, 0, min(self.draws, FIRST)).T

    def all(self, index: Int) -> Float:
        """Every draw (len(index), draws)."""
        steps = enumerate(range(0, self.draws, FIRST))
        many = [self.batch(index, b, min(FIRST, self.draws - start)) for b, start in steps]
        return np.concatenate(many, axis=1)

    def batch(self, index: Int, number: int, draws: int) -> Float:
        """One batch of draws, (len(index), draws)."""
        out = np.empty((len(index), draws))
        drawn: dict[int, Keys] = {}
        for i in np.unique(self.owner[index, 0]).tolist():
            contrast = self.live[i].contrast
            if contrast not in drawn:
                rng = np.random.default_rng([self.seed, contrast, number])
                drawn[contrast] = keys(self.units, draws=draws, rng=rng)
            at = np.flatnonzero(self.owner[index, 0] == i)
            _, column, test = self.owner[index[at]].T
            out[at] = self.live[i].null(drawn[contrast])[test, :, column]
        return out


def refined(family: Family, statistic: Float, shuffled: Shuffles, *, clear: float = 0.0) -> Float:
    """Small p-values (m,) from all draws and, where these are few, from a fitted tail.

    In two stages, as of Besag and Clifford (1991); never smaller than of a normal. Those below
    `clear` are of a fitted tail already, and stay (`stats.sequential`).
    """
    out, size = family.p.copy(), np.abs(statistic)
    sided = np.broadcast_to(family.sided, len(out))
    go = np.flatnonzero((out * (FIRST + 1) < FEW + 1) & (statistic != 0) & (out >= clear))
    for start in range(0, len(go), WIDE):
        index = go[start : start + WIDE]
        rows = shuffled.all(index) * side_of(statistic[index])[:, None]
        found = reached(rows, size[index] * (1 - GUARD))
        hits, far = as_far(rows, found, size[index], sided[index], 1)
        out[index] = np.maximum(far / (1 + shuffled.draws), 2 * ndtr(-size[index]))
        for i in np.flatnonzero(hits < FEW):
            j = index[i]
            out[j] = min(out[j], fitted_p(rows[i], float(size[j]), bool(sided[j])))
    return out


def _listed(live: list[Job], alpha: float) -> tuple[Int, Int, Float]:
    """Job, column and test (m, 3); contrast, subject and test (m, 3); their numbers (6, m)."""
    owner, where, numbers = [], [], []
    tests = sum(len(job.subjects) * int(job.plan.sloped.sum()) for job in live)
    for i, job in enumerate(live):
        slack = _unseen(job, alpha / max(tests, 1))
        for t, seen in enumerate(job.seen()):
            if not job.plan.sloped[t]:
                continue
            for k, j in enumerate(job.subjects):
                own = (seen.statistic, seen.effect, seen.var_level, seen.var_reference, seen.df)
                owner.append((i, k, t))
                where.append((job.contrast, j, t))
                numbers.append([*(float(a[k]) for a in own), slack[t, k]])
    shape = (len(owner), 3)
    ints = (np.array(a, dtype=np.int64).reshape(shape) for a in (owner, where))
    return *ints, np.array(numbers).reshape(-1, 6).T  # type: ignore[return-value]


def _unseen(job: Job, alpha: float) -> Float:
    """What people unlike those at hand could add to residuals of an arm, (1 + r, k)."""
    if isinstance(job.plan, Nested | Still):
        return np.zeros((len(job.plan.sloped), len(job.subjects)))
    phi, member = job.phi, job.plan.member
    ends = ends_of(phi)
    shift = unseen(phi[member], ends, alpha=alpha) + unseen(phi[~member], ends, alpha=alpha)
    return np.outer(job.plan.reach, shift.sum(axis=0))


def judged(tests: ValueTests, t: int, *, unit: float, margin: float, alpha: float) -> Judged:
    """The location (t = 0) or the slope (t = 1) of every contrast and subject, in `unit`.

    Of several slopes of a nominal subject the one is told that is farthest from its doubt: that
    differs beyond doubt, else whose interval reaches farthest. All are under the same maximum.
    """
    at = np.flatnonzero(np.minimum(tests.where[:, 2], 1) == t)
    z = tests.limits(alpha)[:, at]
    se = np.sqrt(tests.level[at] + tests.reference[at]) / unit
    down, up = from_normal(z, tests.df[at]) * se + tests.slack[at] / unit
    effect = tests.effect[at] / unit
    low, high = effect - down, effect + up
    farthest = np.maximum(-low, high)
    rank = (((low > 0) | (high < 0)) & (farthest > margin)) * 1e12 + farthest
    order = np.lexsort((-rank, tests.where[at, 1], tests.where[at, 0]))
    place = tests.where[at][order, :2]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (place[1:] != place[:-1]).any(axis=1)
    pick = order[first]
    numbers = {
        "effect": effect, "low": low, "high": high, "se": se,
        "df": tests.df[at], "p": tests.p[at], "p_maxt": tests.p_maxt[at], "q": tests.q[at],
    }  # fmt: skip
    variances = (tests.level[at][pick] / unit**2, tests.reference[at][pick] / unit**2)
    return Judged(place[first], {name: v[pick] for name, v in numbers.items()}, variances)
