"""Differences of performance between groups: limits, p, verdicts, units still needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtr

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.stats.disclosure import told_limits, told_p, told_values
from evenlight.stats.equivalence import still_needed, verdicts
from evenlight.stats.intervals import critical, recovered, spreads
from evenlight.stats.parts import Shape, limits

GRID = np.append(0.0, np.arange(0.02, 8.5, 0.02))
"""Standard errors at which an interval is asked whether it leaves out 0."""


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """Metrics of r parts: `value` (r, m), bootstrap `drawn` (draws, r, m), `reason` if hidden.

    `margin` (m,) NaN where not judged; `classes` (r, m) units that a metric rests on, counted as
    they weigh; `shape` says what limits suit each metric. `step` (r, m) is that to which numbers
    are told where a part is hidden (`stats.disclosure.told_step`), None where they are as they are.
    `fixed` (r, m) is the standard error of a metric as far as its own people go, NaN where that is
    all that `drawn` holds: a threshold, that was drawn as well, may be one for all parts.
    """

    value: Float
    drawn: Float
    reason: Text
    margin: Float
    classes: Float
    shape: Shape
    alpha: float = ALPHA
    step: Float | None = None
    fixed: Float | None = None

    @property
    def spread(self) -> Float:
        """The standard error of each number (r, m), as far as its own people go."""
        spread = spreads(self.drawn)
        return spread if self.fixed is None else np.where(np.isnan(self.fixed), spread, self.fixed)

    def beside(self, pairs: tuple[Int, Int]) -> Float:
        """Standard errors (c, m) of differences that are beyond those of their people."""
        if self.fixed is None:
            return np.zeros((len(pairs[0]), self.value.shape[1]))
        both = spreads(self.drawn[:, pairs[0]] - self.drawn[:, pairs[1]]) ** 2
        more = both - self.fixed[pairs[0]] ** 2 - self.fixed[pairs[1]] ** 2
        return np.sqrt(np.maximum(np.nan_to_num(more), 0.0))

    @property
    def steps(self) -> Float:
        """The step of each number (r, m), 0 where it is told as it is."""
        return np.zeros(self.value.shape) if self.step is None else self.step

    @property
    def told(self) -> Float:
        """Values (r, m) as they are told."""
        return told_values(self.value, self.steps)


def differences(here: Setting, parts: Sequence[str], made: Measured) -> Mapping[str, Any]:
    """Level minus reference for every contrast and metric (c, m).

    Judged metrics share one simultaneous family, the others another; p is pointwise. Where numbers
    are told to a step, so are differences, and verdicts are of the limits that are told.
    """
    first, second = contrasted(here, parts)
    why = np.where(made.reason[first] != "", made.reason[first], made.reason[second])
    shape = why.shape
    out = {
        name: np.full(shape, np.nan)
        for name in ("difference", "difference_low", "difference_high", "p", "more")
    }
    spread, beside = made.spread, made.beside((first, second))
    judged = np.broadcast_to(~np.isnan(made.margin), shape)
    for family in (judged & (why == ""), ~judged & (why == "")):
        if family.any():
            z = family_z(made, (first, second), family)
            ends = limits(made.value, spread, made.shape, z)
            low, high = recovered(made.value, *ends, (first, second), beside=z * beside)
            told = _told(made, (first, second), low, high)
            for end, numbers in zip(("", "_low", "_high"), told, strict=True):
                out[f"difference{end}"][family] = numbers[family]
    p, coarse = _touching(made, spread, (first, second)), made.steps[first] + made.steps[second] > 0
    out["p"] = np.where(why == "", np.where(coarse, told_p(p), p), np.nan)
    verdict = _verdicts(out, made.margin, np.minimum(made.classes[first], made.classes[second]))
    pairs = (first, second)
    out["more"], more_in = _needed(out, made, _people(here, parts), pairs, verdict)
    return out | {"verdict": verdict, "difference_reason": why, "more_in": more_in}


def _told(made: Measured, pairs: tuple[Int, Int], low: Float, high: Float) -> list[Float]:
    """Differences of told values and their limits (c, m), to the wider step of the two parts."""
    apart = made.told[pairs[0]] - made.told[pairs[1]]
    step = np.maximum(made.steps[pairs[0]], made.steps[pairs[1]])
    if not step.any():
        return [apart, low, high]
    apart = np.where(step > 0, apart.round(12), apart)
    low, high = told_limits(low, high, step)
    return [apart, np.minimum(low, apart), np.maximum(high, apart)]


def contrasted(here: Setting, parts: Sequence[str]) -> tuple[Int, Int]:
    """Positions of level and reference of every contrast among the parts, each (c,)."""
    place = {name: r for r, name in enumerate(parts)}
    pairs = [(place[a], place[b]) for a, b in here.groups.contrasts()]
    return np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])


def family_z(made: Measured, pairs: tuple[Int, Int], family: Bool) -> float:
    """How many standard errors the limits of a family (c, m) of differences stand away."""
    star = (made.drawn[:, pairs[0]] - made.drawn[:, pairs[1]])[:, family]
    return critical(star, centre=np.nanmean(star, axis=0), alpha=made.alpha)


def _touching(made: Measured, spread: Float, pairs: tuple[Int, Int]) -> Float:
    """Two-sided p (c, m): that of the widest interval that still leaves out 0, on a grid of z.

    Intervals widen with z, so the widest is found by halving, for all at once.
    """
    both, beside = np.concatenate(pairs), made.beside(pairs)
    value, spread = made.value[both], spread[both]
    shape = Shape(made.shape.kinds, made.shape.worth[both])
    sides = (np.arange(len(pairs[0])), len(pairs[0]) + np.arange(len(pairs[1])))
    last = np.zeros((len(pairs[0]), made.value.shape[1]), dtype=np.int64)
    for step in 2 ** np.arange(int(np.log2(len(GRID))), -1, -1):
        asked = np.minimum(last + step, len(GRID) - 1)
        z = np.concatenate([GRID[asked]] * 2)
        ends = limits(value, spread, shape, z)
        low, high = recovered(value, *ends, sides, beside=GRID[asked] * beside)
        last = np.where((low > 0) | (high < 0), asked, last)
    p: Float = 2 * ndtr(-GRID[last])
    return p


def _verdicts(out: Mapping[str, Float], margin: Float, smallest: Float) -> Text:
    bars = np.where(np.isnan(margin), 0.0, margin)
    verdict = verdicts(out["difference_low"], out["difference_high"], bars, smallest)
    verdict[np.broadcast_to(np.isnan(margin), verdict.shape) & (verdict != "not_estimable")] = ""
    return verdict


def _people(here: Setting, parts: Sequence[str]) -> Int:
    """Units of each part (r,); of what is no level, and so in no contrast, 0."""
    size = dict(zip(here.groups.levels, here.sizes.tolist(), strict=True))
    return np.array([size.get(name, 0) for name in parts], dtype=np.int64)


def _needed(
    out: Mapping[str, Float], made: Measured, people: Int, pairs: tuple[Int, Int], verdict: Text
) -> tuple[Float, Text]:
    """About how many more people, where it cannot be told: as many of them with an event as now."""
    open_ = verdict == "cannot_tell"
    more, where = np.full(open_.shape, np.nan), np.full(open_.shape, "", dtype="<U9")
    if open_.any():
        margin = np.broadcast_to(made.margin, open_.shape)[open_]
        var = [np.nanvar(made.drawn[:, side][:, open_], axis=0) for side in pairs]
        counted = [made.classes[side][open_] for side in pairs]
        n = [np.broadcast_to(people[side][:, None], open_.shape)[open_] for side in pairs]
        effect, low, high = (out[f"difference{end}"][open_] for end in ("", "_low", "_high"))
        more[open_], where[open_] = still_needed(
            (effect, low, high), margin, (var[0], var[1]), (n[0], n[1]),
            counted=(counted[0], counted[1]),
        )  # fmt: skip
    return more, where
