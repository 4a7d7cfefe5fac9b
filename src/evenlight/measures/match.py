"""Whether people of different groups with about the same features get about the same output."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats
from scipy.special import ndtri

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.errors import FeatureError
from evenlight.measures.hidden_people import shown_people
from evenlight.measures.judging import Judging
from evenlight.measures.matched import ADJUSTED, DECIDED, PAIRED, Matched
from evenlight.measures.prepare import ALPHA, Setting, is_direct
from evenlight.measures.told_effects import told_by_limits, told_chance, told_statistic
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.intervals import wilson
from evenlight.stats.matching import (
    Pairs,
    level_line,
    nearest_pairs,
    nearest_within,
    pairs_within,
    rank_space,
)

MOST_FEATURES = 200
"""Beyond it nobody is near anybody; name the features that should be alike."""

ALIKE = 0.75
"""A pair is no further apart than this share of people from their nearest of their own group."""

NO_THRESHOLD = "no threshold is given"


def few_pairs(level: str, reference: str) -> str:
    """Why pairs of two levels are not compared."""
    return (
        f"fewer than {least_shown()} pairs of {level} and {reference} are alike; "
        "match on fewer features with on=, or on more people"
    )


def few_sides() -> str:
    """Why decisions of pairs are not compared."""
    return f"fewer than {least_shown()} people on one side of the threshold"


@dataclass(frozen=True, slots=True, eq=False)
class Crowd:
    """u units in the space of their features (u, k), their outputs (u,), and the threshold."""

    here: Setting
    space: Float
    output: Float
    threshold: float | None

    def at(self, level: str) -> Int:
        """Units of a level."""
        return np.flatnonzero(self.here.unit_group == self.here.groups.levels.index(level))


def match(
    predictions: Predictions,
    cohort: Cohort,
    *,
    by: str | Groups,
    on: Sequence[str] = (),
    judging: Judging | None = None,
) -> Matched:
    """Difference of the response between people of two groups who are alike in their features.

    Pairs are one to one, closest first, by the Mahalanobis distance of ranks over `on` (the
    cohort's features, without those that are functions of the group), no further apart than three
    in four people are from their nearest neighbour in their own group. What distance is left can
    make a difference by itself: `adjusted` takes a line through it off, `usual` and
    `usual_changed` say how far apart and how often decided differently two neighbours of one group
    are. Pairs are the unit of the t interval. Alike in these features is not alike in all that
    counts. Where values are missing, people are alike if the same ones are (Rosenbaum 2010, Design
    of Observational Studies, section 9.4): the gap itself is a feature beside the column, which is
    filled with its mean. Raises FeatureError for unknown or too many features.
    """
    here = shown_people(cohort, by)
    made, place = predictions.at(here.cohort), cohort.features.place
    features, left_out = _features(cohort, cohort.grouping(by), on)
    x = _known(here, here.cohort.columns([place[name] for name in features]))
    rules = judging or Judging()
    crowd = Crowd(here, rank_space(x), here.per_unit(made.response), rules.threshold)
    contrasts = here.groups.contrasts()
    names = (*PAIRED, *ADJUSTED, *DECIDED)
    out: dict[str, Any] = {name: np.full(len(contrasts), np.nan) for name in names}
    reasons = {name: np.full(len(contrasts), "", dtype="<U200") for name in REASONS}
    for c, (level, reference) in enumerate(contrasts):
        numbers, why, decision = _contrast(crowd, level, reference)
        reasons["reason"][c], reasons["decision_reason"][c] = why, decision
        for name, number in _told(numbers, here).items():
            out[name][c] = number
    out["pairs"] = shown_counts(out["pairs"], rounded=here.rounded)
    return Matched(
        grouping=here.groups.name,
        target=made.target,
        unit=made.unit,
        threshold=rules.threshold,
        features=features,
        left_out=left_out,
        contrasts=contrasts,
        **out,
        **reasons,
    )


REASONS = ("reason", "decision_reason")


LOOSE = ("caliper", "spread", "distance", "usual", "usual_changed")
"""Numbers over pairs that have no limits."""

MEANS = (
    ("difference", "low", "high"),
    ("adjusted", "adjusted_low", "adjusted_high"),
    ("changed", "changed_low", "changed_high"),
)
"""Means over pairs with their limits."""


def _told(numbers: Mapping[str, float], here: Setting) -> Mapping[str, float]:
    """Numbers of a contrast as they may be told: to steps where a part is hidden."""
    flat = {name: np.array(number) for name, number in numbers.items()}
    n = flat.get("pairs", np.array(1.0))
    made = {name: told_statistic(flat[name], here) for name in LOOSE if name in flat}
    for names in MEANS:
        if names[0] in flat:
            ends = told_by_limits((flat[names[0]], flat[names[1]], flat[names[2]]), n, here)
            made |= dict(zip(names, ends, strict=True))
    if "p" in flat:
        made["p"] = told_chance(flat["p"], here)
    return {**numbers, **{name: float(value) for name, value in made.items()}}


def _known(here: Setting, x: Float) -> Float:
    """Features of units (u, k), with one more for each column that has gaps: the share missing."""
    known = np.isfinite(x)
    if known.all():
        return here.per_unit(x)
    told = here.per_unit(known.astype(np.float64))
    total = here.per_unit(np.where(known, x, 0.0))
    mean = np.divide(total, told, out=np.full(total.shape, np.nan), where=told > 0)
    seen = np.isfinite(mean)
    middle = np.where(seen, mean, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1)
    gaps = 1.0 - told[:, ~known.all(axis=0)]
    return np.column_stack([np.where(seen, mean, middle), gaps])


def _features(
    cohort: Cohort, groups: Groups, on: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Columns to match on, and variables left out since they are functions of the group."""
    if cohort.x.ndim != 2:
        raise FeatureError("people are matched on a table; these rows have another shape")
    coded = {i.variable: i.columns for i in cohort.features.indicators}
    asked = tuple(on) or cohort.features.variables().names
    unknown = [v for v in asked if v not in coded and v not in cohort.features.place]
    if unknown:
        raise FeatureError(f"on= names {unknown[:3]}, which are no features of the cohort")
    told = tuple(v for v in asked if not is_direct(cohort, v, groups))
    columns = tuple(c for v in told for c in coded.get(v, (v,)))
    if not 0 < len(columns) <= MOST_FEATURES:
        raise FeatureError(
            f"{len(columns)} columns to match on; 1 to {MOST_FEATURES} are possible: name those in "
            "which people should be alike with on="
        )
    return columns, tuple(v for v in asked if v not in told)


def _contrast(crowd: Crowd, level: str, reference: str) -> tuple[Mapping[str, float], str, str]:
    """Numbers of one contrast, why there are none, and why none of the decisions."""
    a, b = crowd.at(level), crowd.at(reference)
    if min(len(a), len(b)) < least_shown():
        why = hidden_text()
        return {}, why, why
    near = np.concatenate([nearest_within(crowd.space[g]) for g in (a, b)])
    caliper = float(np.quantile(near, ALIKE)) + 1e-12
    pairs = nearest_pairs(crowd.space[a], crowd.space[b], caliper=caliper)
    alone = [len(g) - len(pairs[0]) for g in (a, b)]
    hidden = crowd.here.rounded or any(0 < n < least_shown() for n in alone)
    if len(pairs[0]) < least_shown():
        why = few_pairs(level, reference)
        return {}, why, why
    found = (a[pairs[0]], b[pairs[1]], pairs[2])
    numbers = _paired(crowd, found) | {
        "caliper": caliper,
        "pairs": float(shown_counts(np.array(len(pairs[0])), rounded=hidden)),
        "share": _share(len(pairs[0]), min(len(a), len(b)), rounded=hidden),
        "usual": float(near.mean()),
    }
    decided, why = _decided(crowd, found, [_inside(crowd, g, caliper) for g in (a, b)])
    return numbers | decided, "", why


def _share(pairs: int, people: int, *, rounded: bool) -> float:
    """The share of people in a pair; from counts told to 5 where a count is hidden."""
    top, bottom = shown_counts(np.array([pairs, people]), rounded=rounded)
    return min(float(top) / float(bottom), 1.0)


def _paired(crowd: Crowd, pairs: Pairs) -> dict[str, float]:
    first, second, far = pairs
    apart = crowd.output[first] - crowd.output[second]
    n, mean, spread = len(apart), float(apart.mean()), float(apart.std(ddof=1))
    error = spread / np.sqrt(n)
    half = stats.t.ppf(1 - ALPHA / 2, n - 1) * error
    p = 2 * stats.t.sf(abs(mean) / error, n - 1) if error > 0 else float(mean == 0)
    moved = crowd.space[first] - crowd.space[second]
    value, se, df = level_line(apart, moved) if n >= 5 * (1 + moved.shape[1]) else (mean, error, n)
    wide = stats.t.ppf(1 - ALPHA / 2, df) * se
    return {
        "pairs": n, "difference": mean, "low": mean - half, "high": mean + half, "p": float(p),
        "spread": spread, "distance": float(far.mean()),
        "adjusted": value, "adjusted_low": value - wide, "adjusted_high": value + wide,
    }  # fmt: skip


def _inside(crowd: Crowd, units: Int, caliper: float) -> tuple[Int, Int]:
    """Pairs of one group that are as alike as pairs of two may be."""
    first, second, _ = pairs_within(crowd.space[units], caliper=caliper)
    return units[first], units[second]


def _decided(
    crowd: Crowd, pairs: Pairs, within: Sequence[tuple[Int, Int]]
) -> tuple[dict[str, float], str]:
    """Share of pairs on two sides of the threshold, between groups and inside them."""
    if crowd.threshold is None:
        return {}, NO_THRESHOLD
    yes = crowd.output >= crowd.threshold
    apart = yes[pairs[0]] != yes[pairs[1]]
    few = [0 < int(n) < least_shown() for n in (apart.sum(), (~apart).sum())]
    same = np.concatenate([yes[a] != yes[b] for a, b in within])
    if any(few) or len(same) < least_shown():
        return {}, few_sides()
    z = float(-ndtri(ALPHA / 2))
    low, high = wilson(np.array([apart.mean()]), np.array([float(len(apart))]), z)
    numbers = (apart.mean(), low[0], high[0], same.mean())
    return {name: float(n) for name, n in zip(DECIDED, numbers, strict=True)}, ""
