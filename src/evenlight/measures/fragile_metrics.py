"""Performance and calibration after each step, less those before, in each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.groups import Groups
from evenlight.data.perturbed import Perturbed
from evenlight.data.probed import Predictions
from evenlight.measures.fragile_moved import Moved
from evenlight.measures.fragile_shown import COVERAGE, Parts, parts_of, told
from evenlight.measures.judging import Judging
from evenlight.measures.measuring import BLOCK
from evenlight.measures.perform import outcome_case, ranks_only
from evenlight.measures.prepare import setting
from evenlight.measures.rests import (
    RANKED,
    RULES,
    UNSTABLE,
    Rule,
    decided,
    reasons,
    resting,
    whole_reasons,
)
from evenlight.measures.weighing import row_weights, sampling, weighted
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import told_step, told_values
from evenlight.stats.fragility import linear_slope, widened
from evenlight.stats.intervals import spreads
from evenlight.stats.metrics import (
    Case,
    Metric,
    auroc,
    bias,
    brier,
    calibration_intercept,
    calibration_slope,
    r2,
)
from evenlight.stats.parts import Shape, limits

DRAWS = 300
"""Bootstrap draws of units for the change of a metric: its error is told to within 4 %."""


def few_moved() -> str:
    """Why nothing is told of how far outputs moved."""
    return f"fewer than {least_shown()} people's outputs changed"


EVENTS: Mapping[str, Metric] = {"brier": brier, "auroc": auroc}
PROBABLE: Mapping[str, Metric] = {
    "calibration_intercept": calibration_intercept,
    "calibration_slope": calibration_slope,
}
NUMBERS: Mapping[str, Metric] = {
    "mse": brier,
    "r2": r2,
    "bias": bias,
    "calibration_slope": linear_slope,
}
"""Metrics of events, of their probabilities, and of continuous outcomes."""

Three = tuple[float, float, float]
"""Value, low and high."""


def metrics(moved: Moved, groups: Groups, hidden: Text, rng: np.random.Generator) -> dict[str, Any]:
    """Metrics after minus before (r, s, m) with limits by a paired bootstrap of units.

    Each draw of a step is judged by itself, and the metrics are averaged. `hidden` (r,) says why a
    part is not shown. Overall is of the parts whose own metric does not rest on 1 to 10 units.
    """
    made, cohort = moved.made, moved.cohort
    r, s, kind = len(hidden), len(made.steps), cohort.outcome_kind
    if kind in (None, "survival"):
        return _worded(_empty(r, s, ()))
    case = outcome_case(_said(made), cohort, Judging())
    parts = parts_of(setting(cohort, groups, kept=np.isfinite(case.y) & weighted(cohort)))
    weight = row_weights(parts.here, draws=DRAWS, rng=rng)
    task = _Task(parts, case.take(parts.here.kept), moved, weight, _asked(made, kind))
    out = _empty(r, s, tuple(task.asked))
    for i, why in enumerate(np.where(hidden != "", hidden, parts.reason)):
        if why:
            out["reason"][i], out["before_reason"][i] = why, why
            continue
        for j, name in enumerate(task.asked):
            task.tell(out, (i, j), name)
    return _worded(out)


def _asked(made: Perturbed, kind: str | None) -> Mapping[str, Metric]:
    if kind == "continuous":
        return NUMBERS
    said = np.append(made.responses, made.response_before)
    inside = bool(((said >= 0) & (said <= 1)).all())
    probable = inside and not made.score_only and not decided(said)
    return {**EVENTS, **PROBABLE} if probable else EVENTS


def _said(made: Perturbed) -> Predictions:
    return Predictions(
        made.rows, made.before, made.response_before, made.target, made.link, made.scale,
        unit=made.response_unit, score_only=made.score_only,
    )  # fmt: skip


def _empty(r: int, s: int, measures: tuple[str, ...]) -> dict[str, Any]:
    m = len(measures)
    return {
        "measures": measures, "before": np.full((r, m), np.nan),
        "before_reason": np.full((r, m), "", dtype=object),
        **{name: np.full((r, s, m), np.nan) for name in ("value", "low", "high")},
        "reason": np.full((r, s, m), "", dtype=object),
    }  # fmt: skip


def _worded(out: dict[str, Any]) -> dict[str, Any]:
    return out | {name: out[name].astype(np.str_) for name in ("reason", "before_reason")}


@dataclass(frozen=True, slots=True, eq=False)
class _Own:
    """The rows of one part that one metric is of: positions in the cohort, outcome, weights.

    `least` units it rests on, worth `many` equal ones; `few` (s,) whether too few of them moved;
    `n` units where numbers are told as coarsely as their count to 5, else 0.
    """

    at: Int
    case: Case
    weight: Float
    least: int
    many: float
    few: Bool
    n: int


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Rows of known outcome as they are, what moved, and bootstrap weights (1 + draws, rows)."""

    parts: Parts
    before: Case
    moved: Moved
    weight: Float
    asked: Mapping[str, Metric]

    def tell(self, out: dict[str, Any], at: tuple[int, int], name: str) -> None:
        """Put the numbers of one metric into `out`, at part i and measure j."""
        i, j = at
        rule, metric = self._rule(name), self.asked[name]
        own = self._own(i, rule)
        why = self._barred(name) or (self._few(i, rule) if own.least < least_shown() else "")
        if why:
            out["reason"][i, :, j] = out["before_reason"][i, j] = why
            return
        first = _blockwise(metric, own.case, own.weight)
        out["before"][i, j] = _coarse(first, own.n)
        out["before_reason"][i, j] = "" if np.isfinite(first[0]) else UNSTABLE
        for k in range(len(self.moved.made.steps)):
            ends, out["reason"][i, k, j] = self._step(metric, own, k, first)
            for end, number in zip(("value", "low", "high"), ends, strict=True):
                out[end][i, k, j] = number

    def _step(self, metric: Metric, own: _Own, k: int, first: Float) -> tuple[Three, str]:
        """Value and limits of the change at step k, and why one is not told."""
        each = [_after(made, metric, own, k) for made in _draws(self.moved, k)]
        star = np.mean(each, axis=0) - first
        ends, why = _ends(star, own.many, np.array([one[0] for one in each]) - first[0])
        if why or not own.few[k]:
            return (_told(ends, own.n) if own.n and not why else ends), why
        return (_coarse(star, own.n), np.nan, np.nan), few_moved()

    def _rule(self, name: str) -> Rule:
        """On whom a metric rests: on everybody where the outcome is a number."""
        return RULES[name] if "auroc" in self.asked else Rule("all")

    def _few(self, i: int, rule: Rule) -> str:
        """Why a metric is not shown of too few; overall of groups that are each too few."""
        everybody = np.ones(len(self.parts.here.unit), dtype=bool)
        whole = i == 0 and self._resting(everybody, rule)[0] >= least_shown()
        return (whole_reasons() if whole else reasons())[rule.on]

    def _barred(self, name: str) -> str:
        """Why a metric is not shown of a score that is no probability."""
        why = ranks_only(_said(self.moved.made), self.moved.cohort)
        return "" if name in RANKED else why

    def _own(self, i: int, rule: Rule) -> _Own:
        """The rows of part i; overall without the parts that rest on 1 to 10 units."""
        here = self.parts.here
        codes = here.unit_group[here.unit]
        every = np.unique(codes)
        few = [0 < self._resting(codes == g, rule)[0] < least_shown() for g in every]
        wanted = every[~np.array(few)] if i == 0 else np.array([i - 1])
        rows = here.order[np.isin(codes[here.order], wanted)]
        size, unit = self.moved.size[here.kept], here.unit[rows]
        moving = np.array([len(np.unique(unit[moved])) for moved in (size[rows] > 0).T])
        still = np.any(size > 0, axis=0) & (moving < least_shown())
        coarse = self.parts.rounded or any(few)
        return _Own(
            np.flatnonzero(here.kept)[rows], self.before.take(rows), self.weight[:, rows],
            *self._resting(rows, rule), still, len(np.unique(unit)) if coarse else 0,
        )  # fmt: skip

    def _resting(self, rows: Int | Bool, rule: Rule) -> tuple[int, float]:
        unit = self.parts.here.unit[rows]
        return resting(self.before.take(rows), unit, sampling(self.parts.here)[unit])[rule.on]


def _draws(moved: Moved, k: int) -> list[Perturbed]:
    """The draws of what all rows share in step k: one where none was repeated."""
    every = [one.made for one in moved.each] or [moved.made]
    first = every[0].margins[k]
    again = any(not np.array_equal(one.margins[k], first) for one in every[1:])
    return every if again else every[:1]


def _after(made: Perturbed, metric: Metric, own: _Own, k: int) -> Float:
    """A metric at step k under each row of weights, the mean over draws of each draw's own."""
    both = zip(made.responses[k, own.at].T, made.margins[k, own.at].T, strict=True)
    cases = [replace(own.case, response=r, margin=m) for r, m in both]
    mean: Float = np.mean([_blockwise(metric, case, own.weight) for case in cases], axis=0)
    return mean


def _blockwise(metric: Metric, case: Case, weight: Float) -> Float:
    """A metric under each row of weights (draws,), some rows at a time."""
    parts = [metric(case, weight[i : i + BLOCK]) for i in range(0, len(weight), BLOCK)]
    return np.concatenate(parts)


def _ends(star: Float, many: float, each: Float) -> tuple[Three, str]:
    """Value and limits of one change (1 + draws,), and why none is told.

    `each` (R,) are its values in each draw of what all rows share.
    """
    if not np.isfinite([star[0], *each]).all() or np.isnan(star[1:]).mean() > 0.01:
        return (np.nan, np.nan, np.nan), UNSTABLE
    value, shape = star[:1, None], Shape(np.array(["mean"]), np.array([[many]]))
    z = float(ndtri((1 + COVERAGE) / 2))
    low, high = limits(value, spreads(star[1:, None])[None], shape, z)
    if len(each) > 1:
        low, high = widened((value, low, high), each[:, None, None], z)
    return (float(star[0]), float(low[0, 0]), float(high[0, 0])), ""


def _told(ends: Three, n: int) -> Three:
    value, low, high = told((np.array(ends[:1]), np.array(ends[1:2]), np.array(ends[2:])), n)
    return float(value[0]), float(low[0]), float(high[0])


def _coarse(star: Float, n: int) -> float:
    """A value (1 + draws,) as coarsely as a count to 5 of n units, as it is where n is 0."""
    if not n or np.isnan(star).any():
        return float(star[0])
    return float(told_values(star[:1], told_step(spreads(star[1:, None]), np.array([n])))[0])
