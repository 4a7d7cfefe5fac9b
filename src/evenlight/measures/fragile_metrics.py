"""Performance and calibration after each step, less those before, in each part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.data.perturbed import Perturbed
from evenlight.data.probed import Predictions
from evenlight.measures.judging import Judging
from evenlight.measures.measuring import BLOCK
from evenlight.measures.perform import outcome_case
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.rests import REASONS, RULES, Rule, resting
from evenlight.measures.weighing import row_weights, sampling, weighted
from evenlight.stats.fragility import linear_slope
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

COVERAGE = 0.95
"""That of the pointwise limits of each part."""

DRAWS = 300
"""Bootstrap draws of units for the change of a metric: its error is told to within 4 %."""

FEW_MOVED = f"fewer than {SMALLEST_GROUP} people's outputs changed"
UNSTABLE = "it cannot be computed in too many resamples"

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


def metrics(
    made: Perturbed,
    cohort: Cohort,
    groups: Groups,
    size: Float,
    hidden: Text,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Metrics after minus before (r, s, m) with limits by a paired bootstrap of units.

    `size` (n, s) says whose output changed, `hidden` (r,) why a part is not shown.
    """
    r, s = len(hidden), len(made.steps)
    kind = cohort.outcome_kind
    if kind in (None, "survival"):
        return _none(r, s)
    case = outcome_case(_said(made, made.before, made.response_before), cohort, Judging())
    here = setting(cohort, groups, kept=np.isfinite(case.y) & weighted(cohort))
    after = [
        outcome_case(_said(made, *both), cohort, Judging()).take(here.kept)
        for both in zip(made.after, made.response, strict=True)
    ]
    own, weight = case.take(here.kept), row_weights(here, draws=DRAWS, rng=rng)
    task = _Task(here, own, after, size[here.kept], weight, _asked(kind, [own, *after]))
    out = _empty(r, s, tuple(task.metrics))
    codes = here.unit_group[here.unit]
    masks = [np.ones(len(codes), dtype=bool), *(np.asarray(codes == g) for g in range(r - 1))]
    for i, mask in enumerate(masks):
        if hidden[i]:
            out["reason"][i], out["before_reason"][i] = hidden[i], hidden[i]
            continue
        task.tell(out, i, here.order[mask[here.order]])
    for name in ("reason", "before_reason"):
        out[name] = out[name].astype(np.str_)
    return out


def _asked(kind: str | None, cases: list[Case]) -> dict[str, Metric]:
    if kind == "continuous":
        return dict(NUMBERS)
    inside = all(((c.response >= 0) & (c.response <= 1)).all() for c in cases)
    return dict(EVENTS) | (dict(PROBABLE) if inside else {})


def _said(made: Perturbed, margin: Float, response: Float) -> Predictions:
    return Predictions(
        made.rows, margin, response, made.target, made.link, made.scale, unit=made.response_unit
    )


def _empty(r: int, s: int, measures: tuple[str, ...]) -> dict[str, Any]:
    m = len(measures)
    return {
        "measures": measures, "before": np.full((r, m), np.nan),
        "before_reason": np.full((r, m), "", dtype=object),
        **{name: np.full((r, s, m), np.nan) for name in ("value", "low", "high")},
        "reason": np.full((r, s, m), "", dtype=object),
    }  # fmt: skip


def _none(r: int, s: int) -> dict[str, Any]:
    out = _empty(r, s, ())
    return out | {name: out[name].astype(np.str_) for name in ("reason", "before_reason")}


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """Rows of known outcome before and after each step, and bootstrap weights (1 + draws, rows)."""

    here: Setting
    before: Case
    after: list[Case]
    size: Float
    weight: Float
    metrics: Mapping[str, Metric]

    def tell(self, out: dict[str, Any], i: int, rows: Int) -> None:
        """Put the numbers of part i, that has these rows, into `out`."""
        unit, weight = self.here.unit[rows], self.weight[:, rows]
        worth = sampling(self.here)[unit]
        case = self.before.take(rows)
        found = resting(case, unit, worth)
        moving = [len(np.unique(unit[moved])) for moved in (self.size[rows] > 0).T]
        anyone: Bool = np.asarray(np.any(self.size > 0, axis=0))
        for j, (name, metric) in enumerate(self.metrics.items()):
            rule = self._rule(name)
            least, many = found[rule.on]
            if least < SMALLEST_GROUP:
                out["reason"][i, :, j] = out["before_reason"][i, j] = REASONS[rule.on]
                continue
            first = _blockwise(metric, case, weight)
            out["before"][i, j] = first[0]
            out["before_reason"][i, j] = "" if np.isfinite(first[0]) else UNSTABLE
            for k, after in enumerate(self.after):
                star = _blockwise(metric, after.take(rows), weight) - first
                few = anyone[k] and moving[k] < SMALLEST_GROUP
                ends, why = _ends(star, many, few)
                for end, number in zip(("value", "low", "high"), ends, strict=True):
                    out[end][i, k, j] = number
                out["reason"][i, k, j] = why

    def _rule(self, name: str) -> Rule:
        """On whom a metric rests: on everybody where the outcome is a number."""
        return RULES[name] if "auroc" in self.metrics else Rule("all")


def _blockwise(metric: Metric, case: Case, weight: Float) -> Float:
    """A metric under each row of weights (draws,), some rows at a time."""
    parts = [metric(case, weight[i : i + BLOCK]) for i in range(0, len(weight), BLOCK)]
    return np.concatenate(parts)


def _ends(star: Float, many: float, few: bool) -> tuple[tuple[float, float, float], str]:
    """Value and limits of one change (1 + draws,), and why one is not told."""
    gone = (float("nan"),) * 3
    if not np.isfinite(star[0]) or np.isnan(star[1:]).mean() > 0.01:
        return gone, UNSTABLE
    if few:
        return (float(star[0]), *gone[:2]), FEW_MOVED
    value, shape = star[:1, None], Shape(np.array(["mean"]), np.array([[many]]))
    z = float(ndtri((1 + COVERAGE) / 2))
    low, high = limits(value, spreads(star[1:, None])[None], shape, z)
    return (float(star[0]), float(low[0, 0]), float(high[0, 0])), ""
