"""Whether a metric became worse within a group: what no difference between groups shows.

A model that is worse in all groups alike leaves every difference between them as it was. So each
metric that has a margin is held, in each group and overall, against itself in the earlier audit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evenlight.arrays import Float
from evenlight.data.digits import confidence, decimals, fixed
from evenlight.data.shown import metric_name, short
from evenlight.differing.record import Apart, Judged
from evenlight.differing.words import ranged
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.measuring import OVERALL
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import ALPHA
from evenlight.measures.words import Verdict
from evenlight.record import Audit
from evenlight.stats.changing import Ends, change_in_size, change_in_value, widened
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.equivalence import verdicts

WORSE: Mapping[str, int] = {
    "auroc": -1, "brier": 1, "calibration_slope": 0, "sensitivity": -1, "specificity": -1,
    "concordance_uno": -1, "mae": 1,
}  # fmt: skip
"""Which way a judged metric is worse: up (1), down (-1), or away from 1 (0)."""

CLOSINGS: Mapping[str, str] = {
    "similar": "Any change lies inside the margin.",
    "cannot_tell": "It cannot be told whether it became worse.",
}
SHOWN = {True: "It is shown to have become worse.", False: "It is shown to have become better."}

Key = tuple[str, str, str]
"""Grouping, part, metric."""


@dataclass(frozen=True, slots=True)
class Level:
    """A metric of one part in both audits: estimate and limits, margin, units that it rests on."""

    key: Key
    before: tuple[float, float, float]
    after: tuple[float, float, float]
    margin: float
    n: tuple[float, float]
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """How levels are judged: `alpha` of all of them together, and how people belong together.

    `same` says that model and people are those before; `alike` is how estimates of the same people
    hang together (their correlation by key), where that is known.
    """

    alpha: float
    people: str
    same: bool
    alike: Mapping[Key, float]


def levels(before: Audit, after: Audit, apart: tuple[Apart, ...]) -> list[Level]:
    """What can be held against itself: judged metrics that were told before, overall once."""
    spoils = {one.spoils for one in apart}
    named = {made.grouping: made for made in after.performances}
    found: dict[tuple[str, str, str], Level] = {}
    for one in before.performances:
        if one.grouping in named and f"grouping {one.grouping}" not in spoils:
            for level in _of(one, named[one.grouping]):
                grouping, part, metric = level.key
                at = ("" if part == OVERALL else grouping, part, metric)
                if f"metric {metric}" not in spoils:
                    found.setdefault(at, level)
    return list(found.values())


def judged_levels(some: Sequence[Level], held: Held) -> dict[Key, Judged]:
    """Each level with its verdict, `held.alpha` in equal parts (Bonferroni)."""
    if not some:
        return {}
    alpha = held.alpha / len(some)
    n = np.array([level.n for level in some])
    before, after = (np.array([getattr(level, s) for level in some]).T for s in ("before", "after"))
    alike = np.array([held.alike.get(level.key, np.nan) for level in some])
    how = np.where(held.people == "others", "others", np.where(np.isnan(alike), "any", "paired"))
    ends = np.full((3, len(some)), np.nan)
    way = np.array([WORSE[level.key[2]] for level in some])
    for kind in ("others", "any", "paired"):
        for distance in (True, False):
            at = (how == kind) & ((way == 0) == distance)
            own = _ends(before[:, at], n[at, 0]), _ends(after[:, at], n[at, 1])
            ends[:, at] = _worse(own, alpha, kind, alike[at], None if distance else way[at])
    how[(way == 0) & (how == "paired")] = "any"
    if held.same:
        ends = np.where(np.isnan(ends), np.nan, 0.0)
    margin = np.array([level.margin for level in some])
    found = verdicts(ends[1], ends[2], margin, np.nan_to_num(n.min(axis=1)))
    return {
        level.key: _judged(level, found[k], ends[:, k], alpha, how[k])
        for k, level in enumerate(some)
    }


def _of(one: Performance, other: Performance) -> Iterator[Level]:
    parts = [p for p in one.parts if p in other.parts and p != UNKNOWN]
    for part in parts:
        for metric in (m for m in one.metrics if m in WORSE):
            r, m = one.parts.index(part), one.metrics.index(metric)
            margins = [
                p.margin[p.metrics.index(metric)] for p in (one, other) if metric in p.metrics
            ]
            margin = float(np.fmin.reduce(margins))
            if np.isfinite(one.value[r, m]) and np.isfinite(margin):
                after, why = _numbers(other, part, metric)
                ends = _numbers(one, part, metric)[0]
                n = (_resting(one, part), _resting(other, part))
                yield Level((one.grouping, part, metric), ends, after, margin, n, why)


def _numbers(made: Performance, part: str, metric: str) -> tuple[tuple[float, float, float], str]:
    if metric not in made.metrics:
        return (float("nan"),) * 3, "it was not measured again"
    at = made.parts.index(part), made.metrics.index(metric)
    return (float(made.value[at]), float(made.low[at]), float(made.high[at])), str(made.reason[at])


def _resting(made: Performance, part: str) -> float:
    """Units that a metric of a part rests on: of the rarer of two outcomes, where there are two."""
    r = made.parts.index(part)
    return float(np.fmin.reduce([made.n[r], made.events[r], made.n[r] - made.events[r]]))


def _ends(made: Float, n: Float) -> tuple[Ends, Float]:
    return (made[0], made[1], made[2]), n


def _worse(
    own: tuple[tuple[Ends, Float], tuple[Ends, Float]],
    alpha: float,
    kind: str,
    alike: Float,
    way: Float | None,
) -> Float:
    """How much worse (3, m): estimate and limits; `way` None for the distance from 1."""
    wanted = np.full(len(alike), alpha if kind != "any" else alpha / 2)
    if way is None and kind == "paired":
        wanted = wanted / 2
    (before, n1), (after, n2) = own
    usual = np.full(len(alike), ALPHA)
    grow = widened(usual, wanted, n1 - 1), widened(usual, wanted, n2 - 1)
    if way is None:
        off = [(e - 1, low - 1, high - 1) for e, low, high in (before, after)]
        return np.array(change_in_size(off[0], off[1], grow, apart=kind == "others"))
    known = {"others": np.zeros(len(alike)), "any": None, "paired": alike}[kind]
    change, low, high = change_in_value(before, after, grow, alike=known)
    return np.where(way > 0, [change, low, high], [-change, -high, -low])


def _judged(
    level: Level, verdict: Verdict, ends: Float, alpha: float,
    how: Literal["paired", "any", "others"],
) -> Judged:  # fmt: skip
    n = min(level.n)
    told = int(shown_counts(np.array([n]), rounded=True)[0]) if np.isfinite(n) else None
    reason = level.reason or "it has no limits"
    return Judged(
        verdict=str(verdict), worse=float(ends[0]), low=float(ends[1]), high=float(ends[2]),  # type: ignore[arg-type]
        margin=level.margin, alpha=alpha, n=told, paired=str(how),  # type: ignore[arg-type]
        reason=reason if verdict == "not_estimable" else "",
        sentence=_sentence(level, verdict, ends, alpha, reason),
    )  # fmt: skip


def _sentence(level: Level, verdict: Verdict, ends: Float, alpha: float, reason: str) -> str:
    grouping, part, metric = level.key
    where = OVERALL if part == OVERALL else f"in {short(part)} ({short(grouping)})"
    about = f"Performance: {metric_name(metric)} {where}"
    if verdict == "not_estimable":
        return f"{about}: told before and not now. Why: {reason}."
    places = decimals(float(ends[2] - ends[1]))
    size, low, high = (fixed(float(v), places, sign=k == 0) for k, v in enumerate(ends))
    return (
        f"{about}: before {ranged(*level.before)}, after {ranged(*level.after)}. Worse by {size} "
        f"({confidence(alpha)} interval {low} to {high}; margin {level.margin:.3g}). "
        f"{CLOSINGS[verdict] if verdict != 'different' else SHOWN[ends[0] > 0]}"
    )
