"""Smooth curves of loss, calibration and AUROC along an axis, shown where enough people stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from evenlight.arrays import Float, Int, Text
from evenlight.measures.prepare import ALPHA
from evenlight.measures.rests import RULES, SCORE, UNSTABLE, hits
from evenlight.small_groups import least_shown
from evenlight.stats.intervals import critical, spreads, unit_weights
from evenlight.stats.metrics import Case, auroc
from evenlight.stats.parts import Shape, effective, limits
from evenlight.stats.slopes import local_lines, nearness, worth

BOOTSTRAPS = 300
POINTS, SPAN, LEAST = 25, 0.3, 40
"""Points of a curve, share of the units near a point, and fewest of them."""


def few_near() -> str:
    """Why a point of a curve is not shown."""
    return f"fewer than {least_shown()} units' worth near this point"


def few_events_near() -> str:
    """Why AUROC is not shown at a point."""
    return f"fewer than {least_shown()} events or non-events near this point"


@dataclass(frozen=True, slots=True, eq=False)
class Walk:
    """u units on an axis: `place` (u, q), `values` (u, m) of `losses`, `weight` (u,) of mean 1.

    `unit` (n,) is that of each row of `case`.
    """

    place: Float
    losses: tuple[str, ...]
    values: Float
    weight: Float
    unit: Int
    case: Case

    def rows(self, weight: Float) -> Float:
        """Weights of units (draws, u) as weights of rows (draws, n), shared by a unit's rows."""
        out: Float = weight[:, self.unit] / np.bincount(self.unit)[self.unit]
        return out


def curves_along(walk: Walk, rng: np.random.Generator) -> Mapping[str, Any]:
    """Curves (q, c, g) with simultaneous bands, by component; AUROC only where it has 11 events."""
    u, q = walk.place.shape
    names = (*walk.losses, "auroc") if _ranked(walk) else walk.losses
    drawn = unit_weights(np.zeros(u, dtype=np.int64), draws=BOOTSTRAPS, rng=rng)
    weight = np.vstack([np.ones(u), drawn]) * walk.weight
    parts = [_component(walk, walk.place[:, j], names, weight) for j in range(q)]
    return {
        "curves": names,
        "overall": _overall(walk, names),
        **{name: np.stack([part[name] for part in parts]) for name in parts[0]},
    }


def _ranked(walk: Walk) -> bool:
    if walk.losses[0] != "brier":
        return False
    hit = hits(walk.case)
    sides = (len(np.unique(walk.unit[hit])), len(np.unique(walk.unit[~hit])))
    return min(sides) >= least_shown()


def _overall(walk: Walk, names: tuple[str, ...]) -> Float:
    found = list(np.average(walk.values, axis=0, weights=walk.weight))
    if "auroc" in names:
        found.append(auroc(walk.case, walk.rows(walk.weight[None]))[0])
    return np.array(found)


def _component(
    walk: Walk, place: Float, names: tuple[str, ...], weight: Float
) -> Mapping[str, Float | Text]:
    """Grid (g,), units' worth behind each point, curves and bands (c, g) of one component."""
    beyond = float(np.clip(least_shown() / len(place), 0.025, 0.25))  # no end is one person's
    first, last = (float(v) for v in np.quantile(place, [beyond, 1 - beyond]))
    grid = np.linspace(first, last, POINTS)
    near = nearness(place, grid, many=max(int(SPAN * len(place)), LEAST))
    behind = worth(near, walk.weight)
    drawn = [local_lines(near, place, grid, y, weight) for y in walk.values.T]
    if "auroc" in names:
        drawn.append(_ranks(walk, near, weight))
    reason = np.full((len(names), POINTS), "", dtype="<U80")
    reason[:, behind < least_shown()] = few_near()
    if "auroc" in names:
        reason[-1, (_events(walk, near) < least_shown()) & (reason[-1] == "")] = few_events_near()
    out = {n: np.full(reason.shape, np.nan) for n in ("curve", "band_low", "band_high")}
    for c, made in enumerate(drawn):
        lost = np.isnan(made).mean(axis=0) > 0.01
        reason[c, lost & (reason[c] == "")] = UNSTABLE
        shown = reason[c] == ""
        if shown.any():
            lines = _banded(made[:, shown], behind[shown], RULES.get(names[c], SCORE).kind)
            for name, line in zip(out, lines, strict=True):
                out[name][c, shown] = line
    return {"grid": grid, "worth": behind, **out, "curve_reason": reason}


def _banded(made: Float, behind: Float, kind: str) -> tuple[Float, Float, Float]:
    """The curve and its simultaneous band, from the curve and its replicates (1 + draws, g).

    Limits at each point are those of a metric of this kind of as many units as stand behind it.
    """
    seen, again = made[0], made[1:]
    z = critical(again, centre=np.nanmean(again, axis=0), alpha=ALPHA)
    shape = Shape(np.full(len(seen), kind), behind)
    return seen, *limits(seen, spreads(again), shape, z)


def _ranks(walk: Walk, near: Float, weight: Float) -> Float:
    """AUROC of the units near each point, (1 + draws, g)."""
    rows = walk.rows(weight)
    made = []
    for around in near.T[:, walk.unit]:
        at = np.flatnonzero(around > 0)
        made.append(auroc(walk.case.take(at), rows[:, at] * around[at]))
    return np.stack(made, axis=1)


def _events(walk: Walk, near: Float) -> Float:
    """How many units the rarer class near each point is worth, (g,)."""
    hit = np.bincount(walk.unit, weights=hits(walk.case)) / np.bincount(walk.unit)
    both = [[effective(a * side * walk.weight) for a in near.T] for side in (hit, 1 - hit)]
    fewest: Float = np.min(both, axis=0)
    return fewest
