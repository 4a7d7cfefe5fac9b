"""Metrics overall, in each group and where it is unknown, with limits and differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.groups import SMALLEST_GROUP
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.differences import Measured, differences
from evenlight.measures.judging import Judging
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.measures.rests import RANKED, REASONS, RULES, SCORE, Rule, hits, resting
from evenlight.measures.weighing import row_weights, sampling
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.intervals import percentile, spreads
from evenlight.stats.metrics import Case, Metric
from evenlight.stats.parts import Shape, limits

DRAWS = 1000
BLOCK = 100
OVERALL = "overall"


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is measured: the rows of `here` as a `case`, its metrics, and the margins.

    `events` says whether the outcome has events to count; `ranks_only` why nothing but the order of
    people is told (`RANKED`), "" where the response is a probability or a number.
    """

    here: Setting
    case: Case
    metrics: Mapping[str, Metric]
    judging: Judging
    events: bool
    ranks_only: str = ""

    @property
    def parts(self) -> Mapping[str, Bool]:
        """Masks of rows: overall, each level, unknown."""
        codes = self.here.unit_group[self.here.unit]
        parts = {OVERALL: np.ones(len(codes), dtype=bool)}
        parts |= {level: codes == g for g, level in enumerate(self.here.groups.levels)}
        return parts | ({UNKNOWN: codes < 0} if (codes < 0).any() else {})

    @property
    def rules(self) -> list[Rule]:
        """The rule of each metric."""
        return [RULES.get(name, SCORE) for name in self.metrics]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Everything measured of one task, before it becomes a record: see `Measured`, `Performance`.

    `n`, `events` (r,) as they may be shown, NaN with `part_reason`.
    """

    task: Task
    measured: Measured
    n: Float
    events: Float
    part_reason: Text

    def fields(self) -> Mapping[str, Any]:
        """The arrays of a `Performance`, its words and curves apart."""
        numbers = pointwise(self.measured)
        numbers |= differences(self.task.here, tuple(self.task.parts), self.measured)
        return numbers | {
            "n": self.n,
            "events": self.events,
            "part_reason": self.part_reason,
            "reason": self.measured.reason,
            "margin": self.measured.margin,
            "metrics": tuple(self.task.metrics),
            "parts": tuple(self.task.parts),
            "alpha": self.task.judging.alpha,
            "draws": DRAWS,
        }


def measure(task: Task, rng: np.random.Generator) -> Found:
    """Values and bootstrap replicates of every metric in every part, and what may be shown."""
    parts, weight = task.parts, row_weights(task.here, draws=DRAWS, rng=rng)
    value, drawn = _values(task, parts, weight)
    n, events, part_reason = _counts(task, parts)
    least, worth = _resting(task, parts)
    reason = _reasons(task, (value, drawn), part_reason, least)
    kinds = np.array([rule.kind for rule in task.rules])
    ranks = np.array([rule.ranks for rule in task.rules])
    shape, alpha = Shape(kinds, worth * ranks), task.judging.alpha
    measured = Measured(value, drawn, reason, _margins(task, value), worth, shape, alpha)
    return Found(task, measured, n, events, part_reason)


def pointwise(made: Measured) -> dict[str, Float]:
    """Pointwise limits: by the metric's kind, percentiles where it is free."""
    hidden, z = made.reason != "", float(-ndtri(ALPHA / 2))
    low, high = limits(made.value, spreads(made.drawn), made.shape, z)
    rest = ~hidden & np.broadcast_to(made.shape.kinds == "free", hidden.shape)
    if rest.any():
        low[rest], high[rest] = percentile(made.drawn[:, rest], alpha=ALPHA)
    numbers = {"value": made.value, "low": low, "high": high}
    return {name: np.where(hidden, np.nan, number) for name, number in numbers.items()}


def _values(task: Task, parts: Mapping[str, Bool], weight: Float) -> tuple[Float, Float]:
    """Values (r, m) and bootstrap replicates (draws, r, m)."""
    out = np.full((len(weight), len(parts), len(task.metrics)), np.nan)
    for r, mask in enumerate(parts.values()):
        rows = task.here.order[mask[task.here.order]]  # no sum depends on the order of rows
        own = task.case.take(rows)
        if not len(own.y):
            continue
        for start in range(0, len(weight), BLOCK):
            w = weight[start : start + BLOCK, rows]
            for m, metric in enumerate(task.metrics.values()):
                out[start : start + BLOCK, r, m] = metric(own, w)
    return out[0], out[1:]


def _counts(task: Task, parts: Mapping[str, Bool]) -> tuple[Float, Float, Text]:
    """Units and events of each part as they may be shown, and why one is hidden."""
    unit, hit = task.here.unit, hits(task.case)
    sizes = np.array([len(np.unique(unit[rows])) for rows in parts.values()])
    shown, reason, _ = suppressed_counts(sizes[1:], smallest=SMALLEST_GROUP)
    n = np.concatenate([sizes[:1].astype(float), shown])
    reason = np.concatenate([[""], reason])
    events = np.full(len(sizes), np.nan)
    if task.events:
        count = np.array([len(np.unique(unit[rows & hit])) for rows in parts.values()])
        events = suppressed_counts(count, smallest=SMALLEST_GROUP)[0]
        rest = sizes - count
        few = (rest > 0) & (rest < SMALLEST_GROUP)
        events[few | (reason != "")] = np.nan
    empty = (sizes == 0) & (reason == "")
    return n, events, np.where(empty, "nobody", reason)


def _resting(task: Task, parts: Mapping[str, Bool]) -> tuple[Int, Float]:
    """Units that each metric rests on, and how many equal ones they are worth, (r, m)."""
    shape = (len(parts), len(task.metrics))
    least, worth = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    unit = task.here.unit
    weight = sampling(task.here)[unit]
    for r, rows in enumerate(parts.values()):
        found = resting(task.case.take(rows), unit[rows], weight[rows])
        for m, rule in enumerate(task.rules):
            least[r, m], worth[r, m] = found[rule.on if task.events else "all"]
    return least, worth


def _reasons(task: Task, made: tuple[Float, Float], part_reason: Text, least: Int) -> Text:
    """Why a metric is not shown (r, m), "" if it is."""
    value, drawn = made
    reason = np.repeat(part_reason[:, None], value.shape[1], axis=1).astype(object)
    for m, rule in enumerate(task.rules):
        few = (least[:, m] < SMALLEST_GROUP) & (reason[:, m] == "")
        reason[few, m] = REASONS[rule.on if task.events else "all"]
    barred = np.array([task.ranks_only != "" and name not in RANKED for name in task.metrics])
    reason[(reason == "") & barred] = task.ranks_only
    lost = np.isnan(drawn).mean(axis=0)
    unstable = (np.isnan(value) | (lost > 0.01)) & (reason == "")
    reason[unstable] = "it cannot be computed in too many resamples"
    return reason.astype(np.str_)


def _margins(task: Task, value: Float) -> Float:
    rules = task.judging
    out = np.array([rules.margins.get(name, np.nan) for name in task.metrics])
    for m, name in enumerate(task.metrics):
        if name == "mae":
            out[m] = rules.mae_share * value[0, m]
    return out
