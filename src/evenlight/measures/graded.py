"""The metrics of explanations in each part, graded; and their differences between groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.measures.arms import Arms, arm
from evenlight.measures.family import family_of, observed
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.measures.quality import METRICS, RULES
from evenlight.measures.told_effects import told_by_limits, told_chance
from evenlight.measures.unlike_rows import thinned
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import shown_counts, suppressed_counts
from evenlight.stats.effects import mean_interval
from evenlight.stats.equivalence import verdicts
from evenlight.stats.intervals import quantile_interval, wilson
from evenlight.stats.permutation import from_normal

DRAWS = 2_000
"""Permutations; the 95 % point of their maximum is all that is needed of them."""

ROUNDING = 1e-9
"""Numbers of rows that are no further apart than this part of them differ by rounding only."""

OVERALL = "overall"
QUANTILES: Mapping[str, float] = {"residual": 0.5, "residual_tail": 0.95}
SHARE = METRICS.index("unconverged")


def few_rows() -> str:
    """Why the share of rows that did not converge is not told."""
    return f"1 to {least_shown() - 1} rows did not converge"


def few_units() -> str:
    """Why a group is not graded."""
    return f"fewer than {least_shown()} units"


NOT_TESTED = "groups are not tested on this"
NOT_HAD = "it could not be had"
Z = float(-ndtri(ALPHA / 2))
MARGIN = np.array([np.nan if rule.margin is None else rule.margin for rule in RULES.values()])


@dataclass(frozen=True, slots=True, eq=False)
class Side:
    """Everybody, or the sample: its people, and metrics (n, m) of rows, NaN where not its own.

    `hidden` are levels whose people were left out.
    """

    here: Setting
    values: Float
    hidden: tuple[str, ...] = ()

    @property
    def own(self) -> Bool:
        """Which metrics (m,) are of this side and could be had."""
        return np.asarray(np.isfinite(self.values[self.here.kept]).all(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class Graded:
    """Each metric in each part, (r, m); see `Quality`."""

    parts: tuple[str, ...]
    n: Float
    value: Float
    low: Float
    high: Float
    reason: Text
    passed: Text


def graded(sides: tuple[Side, Side], missing: Mapping[str, str]) -> Graded:
    """Value, limits and grade of every metric, overall and by level; `missing` says why not."""
    levels = sides[0].here.groups.levels
    shape = (1 + len(levels), len(METRICS))
    out = {name: np.full(shape, np.nan) for name in ("n", "value", "low", "high")}
    reason = np.array([[missing.get(name) or NOT_HAD for name in METRICS]] * shape[0], object)
    passed = np.full(shape, "", dtype="<U6")
    for side in sides:
        counts, why = _counts(side)
        units = side.here.per_unit(side.values)
        for r, at in enumerate(_parts(side.here)):
            out["n"][r, side.own], reason[r, side.own] = counts[r], why[r]
            for m in np.flatnonzero(side.own & (why[r] == "")):
                found = _estimate(METRICS[m], units[at, m])
                passes = RULES[METRICS[m]].passes(found[0]) or _single(side, r, int(m))
                passed[r, m] = "passed" if passes else "failed"
                ends = (np.array(found[0]), np.array(found[1]), np.array(found[2]))
                told = told_by_limits(ends, np.array(at.sum()), side.here)
                out["value"][r, m], out["low"][r, m], out["high"][r, m] = map(float, told)
    _hide(sides[0], out, reason)
    return Graded((OVERALL, *levels), **out, reason=reason.astype(np.str_), passed=passed)


def _parts(here: Setting) -> list[Bool]:
    """Masks of units (u,): all, and each level."""
    codes = here.unit_group
    return [codes >= -1, *(codes == g for g in range(len(here.groups.levels)))]


def _counts(side: Side) -> tuple[Float, Text]:
    """Units overall and of each level as they may be shown, and why one is hidden (1 + k,)."""
    codes, levels = side.here.unit_group, side.here.groups.levels
    k = len(levels)
    counts = np.bincount(np.where(codes < 0, k, codes), minlength=k + 1)
    shown, why, rounded = suppressed_counts(counts, smallest=least_shown())
    total = shown_counts(np.array([float(len(codes))]), rounded=rounded or side.here.rounded)
    shown = shown_counts(shown, rounded=side.here.rounded)
    gone = np.isin([*levels, ""], side.hidden)
    shown, why = np.where(gone, np.nan, shown), np.where(gone, hidden_text(), why)
    why = np.where((counts < least_shown()) & (why == ""), few_units(), why)
    return np.append(total, shown[:k]), np.append([""], why[:k])


def _estimate(metric: str, values: Float) -> tuple[float, ...]:
    """Value and pointwise 95 % limits over units."""
    if metric in QUANTILES:
        return quantile_interval(values, QUANTILES[metric])
    if METRICS.index(metric) == SHARE:
        share = values.mean(keepdims=True)
        low, high = wilson(share, np.array([float(len(values))]), Z)
        return float(share[0]), float(max(low[0], 0.0)), float(high[0])
    return tuple(float(v[0]) for v in mean_interval(values[:, None]))


def _lost(side: Side) -> Int:
    """Rows that did not converge, overall and by level, (1 + k,)."""
    groups, lost = side.here.groups, side.values[:, SHARE] > 0
    own = [int((lost & (groups.codes == g)).sum()) for g in range(len(groups.levels))]
    return np.array([int(lost.sum()), *own])


def _single(side: Side, r: int, m: int) -> bool:
    """One row that did not converge is no share."""
    return m == SHARE and int(_lost(side)[r]) <= 1


def _hide(side: Side, out: dict[str, Float], reason: Text) -> None:
    """A share made of one to ten rows is not shown; its grade is."""
    lost = _lost(side)
    few = (lost > 0) & (lost < least_shown()) & (reason[:, SHARE] == "")
    for name in ("value", "low", "high"):
        out[name][few, SHARE] = np.nan
    reason[few, SHARE] = few_rows()


@dataclass(frozen=True, slots=True, eq=False)
class Differences:
    """Level minus reference of every metric (c, m) with simultaneous limits; see `Quality`.

    `population` says where not all rows enter.
    """

    difference: Float
    low: Float
    high: Float
    p: Float
    margin: Float
    verdict: Text
    reason: Text
    differs: Bool
    population: str


def differences(sides: tuple[Side, Side], *, rng: np.random.Generator) -> Differences:
    """Every metric that has a margin, in every contrast, under one max-T over both sides.

    Where groups have unlike numbers of rows a unit, as many of each enter (`measures.unlike_rows`).
    """
    pairs = sides[0].here.groups.contrasts()
    fewer, population = zip(*(thinned(side.here) for side in sides), strict=True)
    margin = MARGIN.copy()
    enter = [replace(side, here=here) for side, here in zip(sides, fewer, strict=True)]
    arms = [_arm(side, pair, rng) for side in enter for pair in pairs]
    own = np.repeat([side.own & ~np.isnan(margin) for side in sides], len(pairs), axis=0)
    reason = np.where(np.isnan(margin), NOT_TESTED, np.full((len(pairs), 1), NOT_HAD)).astype(
        object
    )
    for i, j in np.argwhere(own):
        reason[i % len(pairs), j] = arms[i].reason
    asked = np.array([a.reason == "" for a in arms])
    out, smallest = _tested(arms, np.argwhere(own & asked[:, None]), reason.shape)
    bars = np.broadcast_to(np.nan_to_num(margin), reason.shape)
    verdict = verdicts(out["low"], out["high"], bars, smallest)
    differs = (verdict == "different") & (np.abs(np.nan_to_num(out["difference"])) > bars)
    verdict[:, np.isnan(margin)] = ""
    _veil(sides[0], out, reason, verdict)
    ends = (out["difference"], out["low"], out["high"])
    told = told_by_limits(ends, smallest, sides[0].here)
    out = dict(zip(("difference", "low", "high"), told, strict=True)) | {
        "p": told_chance(out["p"], sides[0].here)
    }
    return Differences(
        **out,
        margin=margin,
        verdict=verdict,
        reason=reason.astype(np.str_),
        differs=differs,
        population=" ".join(sorted({told for told in population if told})),
    )


def _arm(side: Side, pair: tuple[str, str], rng: np.random.Generator) -> Arms:
    """The arms of a contrast without strata, with no draws where nothing that is tested varies."""
    kept = side.values[side.here.kept]
    together = np.zeros(len(kept), dtype=np.int64)
    values = _still(np.where(side.own, kept, 0.0))
    draws = DRAWS if np.ptp(values[:, ~np.isnan(MARGIN)], axis=0).any() else 0
    return arm(side.here, pair, together, values, draws=draws, rng=rng)


def _still(values: Float) -> Float:
    """Columns (n, m) whose numbers differ by rounding only made equal: that is no difference."""
    low, high = values.min(axis=0, initial=np.inf), values.max(axis=0, initial=-np.inf)
    still = high - low <= ROUNDING * np.maximum(np.abs(low), np.abs(high))
    return np.where(still & (len(values) > 0), low, values)


def _tested(arms: list[Arms], live: Int, shape: tuple[int, ...]) -> tuple[dict[str, Float], Float]:
    """Differences, limits and p (c, m) of the arms and metrics `live`, and the smaller arm.

    Arms without draws hold nothing that varies: the difference is 0, and p is 1.
    """
    out = {name: np.full(shape, np.nan) for name in ("difference", "low", "high", "p")}
    smallest = np.zeros(shape)
    at = (live[:, 0] % shape[0], live[:, 1])
    for name, numbers in out.items():
        numbers[at] = float(name == "p")
    smallest[at] = [min(arms[i].left) for i in live[:, 0]]
    live = live[[len(arms[i].labels) > 0 for i in live[:, 0]]]
    if len(live):
        columns, at = np.arange(shape[1]), (live[:, 0] % shape[0], live[:, 1])
        seen = observed(arms, columns, live)
        found = family_of(arms, columns, live, seen)
        down, up = from_normal(found.limits(ALPHA), seen.df) * seen.se
        out["difference"][at], out["p"][at] = seen.effect, found.p_maxt
        out["low"][at], out["high"][at] = seen.effect - down, seen.effect + up
    return out, smallest


def _veil(side: Side, out: dict[str, Float], reason: Text, verdict: Text) -> None:
    """A difference of shares made of one to ten rows is not shown."""
    groups, lost = side.here.groups, _lost(side)[1:]
    few = (lost > 0) & (lost < least_shown())
    for c, pair in enumerate(groups.contrasts()):
        if reason[c, SHARE] == "" and any(few[groups.levels.index(name)] for name in pair):
            for numbers in out.values():
                numbers[c, SHARE] = np.nan
            reason[c, SHARE], verdict[c, SHARE] = few_rows(), "not_estimable"
