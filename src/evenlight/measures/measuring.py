"""Metrics overall, in each group and where it is unknown, with limits and differences.

Where a part is hidden its people are left out, and numbers are told to a step, so that no sum
solves for them (`stats.disclosure`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.differences import Measured, differences
from evenlight.measures.dominance import errors_of_one
from evenlight.measures.hidden_people import without_hidden
from evenlight.measures.judging import Judging
from evenlight.measures.prepare import ALPHA, Setting
from evenlight.measures.rests import (
    RULES,
    SCORE,
    Rule,
    barred,
    decided,
    hits,
    reasons,
    resting,
    whole_reasons,
)
from evenlight.measures.weighing import row_weights, sampling
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import (
    as_open,
    shown_counts,
    told_limits,
    told_step,
    told_values,
)
from evenlight.stats.intervals import percentile, spreads
from evenlight.stats.metrics import Case, Metric
from evenlight.stats.parts import Shape, limits

DRAWS = 1000
BLOCK = 100
OVERALL = "overall"
ADDING = ("observed_expected", "calibration_intercept", "net_benefit")
"""Metrics that tell a sum over people, beside shares, means and losses."""


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is measured: the rows of `here` as a `case`, its metrics, and the margins.

    `events` says whether the outcome has events to count; `ranks_only` why nothing but the order of
    people is told (`RANKED`), "" where the response is a probability or a number. `hidden` says of
    parts, by name, why they are not shown: their people are not among `here`.
    """

    here: Setting
    case: Case
    metrics: Mapping[str, Metric]
    judging: Judging
    events: bool
    ranks_only: str = ""
    hidden: Mapping[str, str] = field(default_factory=dict)

    @property
    def parts(self) -> Mapping[str, Bool]:
        """Masks of rows: overall (who is shown), each level, unknown."""
        codes = self.here.unit_group[self.here.unit]
        parts = {OVERALL: np.ones(len(codes), dtype=bool)}
        parts |= {level: codes == g for g, level in enumerate(self.here.groups.levels)}
        unknown = (codes < 0).any() or UNKNOWN in self.hidden
        return parts | ({UNKNOWN: codes < 0} if unknown else {})

    @property
    def why(self) -> Text:
        """Why a part is hidden (r,), "" where it is shown; overall where every part is."""
        parts = self.parts
        own = [self.hidden.get(name, "") for name in parts]
        any_ = [name for name, mask in parts.items() if mask.any() and name != OVERALL]
        gone = bool(any_) and all(name in self.hidden for name in any_)
        return np.array([hidden_text() if gone else "", *own[1:]], dtype=np.str_)

    @property
    def decided(self) -> bool:
        """Whether the response of every row foretells an event as 0 or 1, and nothing between."""
        return self.events and self.case.event is None and decided(self.case.response)

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

    @property
    def coarse(self) -> bool:
        """Whether a part, or what a metric rests on in it, is hidden: numbers are told to steps."""
        return bool(self.measured.steps.any())

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


def shown(task: Task) -> Task:
    """The task without the people of hidden parts."""
    here, hidden = without_hidden(task.here)
    rows = np.flatnonzero(here.kept[task.here.kept])
    return replace(task, here=here, case=task.case.take(rows), hidden={**task.hidden, **hidden})


def measure(task: Task, rng: np.random.Generator) -> Found:
    """Values and bootstrap replicates of every metric in every part, and what may be shown.

    Overall, a metric is that of the parts in which it rests on enough people.
    """
    task = shown(task)
    parts, weight = task.parts, row_weights(task.here, draws=DRAWS, rng=rng)
    over, coarse = _overall(task, parts)
    most = errors_of_one(task.case, task.metrics, task.here.unit, parts)
    least, worth = _resting(task, parts, over)
    value, drawn = _values(task, parts, over, weight)
    n, events, part_reason = _counts(task, parts)
    reason = _reasons(task, (value, drawn), part_reason, least)
    kinds = np.array([rule.kind for rule in task.rules])
    ranks = np.array([rule.ranks for rule in task.rules])
    step = _steps(task, spreads(drawn), (least, coarse, most), kinds)
    shape, margin = Shape(kinds, worth * ranks), _margins(task, told_values(value, step))
    alpha = task.judging.alpha
    measured = Measured(value, drawn, reason, margin, worth, shape, alpha, step)
    return Found(task, measured, n, events, part_reason)


def pointwise(made: Measured) -> dict[str, Float]:
    """Pointwise limits: by the metric's kind, percentiles where it is free; as they are told."""
    hidden, z = made.reason != "", float(-ndtri(ALPHA / 2))
    low, high = limits(made.value, spreads(made.drawn), made.shape, z)
    rest = ~hidden & np.broadcast_to(made.shape.kinds == "free", hidden.shape)
    if rest.any():
        low[rest], high[rest] = percentile(made.drawn[:, rest], alpha=ALPHA)
    low, high = told_limits(low, high, made.steps)
    numbers = {"value": made.told, "low": low, "high": high}
    return {name: np.where(hidden, np.nan, number) for name, number in numbers.items()}


def _overall(task: Task, parts: Mapping[str, Bool]) -> tuple[Bool, Bool]:
    """Rows that each metric's overall is of (m, n), and whether some are not for being few (m,)."""
    unit, names = task.here.unit, [rule.on if task.events else "all" for rule in task.rules]
    over = np.ones((len(names), len(unit)), dtype=bool)
    coarse = np.full(len(names), task.here.rounded)
    for rows in list(parts.values())[1:]:
        found = resting(task.case.take(rows), unit[rows], np.ones(int(rows.sum())))
        few = np.array([0 < found[on][0] < least_shown() for on in names], dtype=bool)
        over[np.ix_(few, rows)] = False
        coarse |= few
    return over, coarse


def _values(
    task: Task, parts: Mapping[str, Bool], over: Bool, weight: Float
) -> tuple[Float, Float]:
    """Values (r, m) and bootstrap replicates (draws, r, m)."""
    out = np.full((len(weight), len(parts), len(task.metrics)), np.nan)
    metrics, order = list(task.metrics.values()), task.here.order
    for mask, r, at in _asked(parts, over):
        rows = order[mask[order]]  # no sum depends on the order of rows
        own = task.case.take(rows)
        for start in range(0, len(weight) if len(rows) else 0, BLOCK):
            w = weight[start : start + BLOCK, rows]
            for m in at:
                out[start : start + BLOCK, r, m] = metrics[m](own, w)
    return out[0], out[1:]


def _asked(parts: Mapping[str, Bool], over: Bool) -> Iterator[tuple[Bool, int, list[int]]]:
    """Rows, the part, and its metrics: overall once for all metrics that are of the same rows."""
    alike: dict[bytes, list[int]] = {}
    for m, rows in enumerate(over):
        alike.setdefault(rows.tobytes(), []).append(m)
    for at in alike.values():
        yield over[at[0]], 0, at
    for r, mask in enumerate(list(parts.values())[1:], start=1):
        yield mask, r, list(range(len(over)))


def _counts(task: Task, parts: Mapping[str, Bool]) -> tuple[Float, Float, Text]:
    """Units and events of each part as they may be shown, and why one is hidden."""
    unit, hit, why = task.here.unit, hits(task.case), task.why
    sizes = np.array([len(np.unique(unit[rows])) for rows in parts.values()])
    reason = np.where((sizes == 0) & (why == ""), "nobody", why)
    n = np.where(why == "", shown_counts(sizes.astype(float), rounded=task.here.rounded), np.nan)
    if not task.events:
        return n, np.full(len(sizes), np.nan), reason
    count = np.array([len(np.unique(unit[rows & hit])) for rows in parts.values()])
    few = _few(count) | _few(sizes - count)
    few[0] = False
    if few.any():  # events overall are those of the parts that show theirs
        count[0], sizes[0] = (side[1:][~few[1:]].sum() for side in (count, sizes))
        few[0] = _few(count)[0] or _few(sizes - count)[0]
    told = shown_counts(count.astype(float), rounded=task.here.rounded or bool(few.any()))
    return n, np.where(few | (why != ""), np.nan, told), reason


def _few(counts: Int) -> Bool:
    few: Bool = (counts > 0) & (counts < least_shown())
    return few


def _resting(task: Task, parts: Mapping[str, Bool], over: Bool) -> tuple[Int, Float]:
    """Units that each metric rests on, and how many equal ones they are worth, (r, m)."""
    shape = (len(parts), len(task.metrics))
    least, worth = np.zeros(shape, dtype=np.int64), np.zeros(shape)
    unit, rules = task.here.unit, task.rules
    weight = sampling(task.here)[unit]
    for rows, r, at in _asked(parts, over):
        found = resting(task.case.take(rows), unit[rows], weight[rows])
        for m in at:
            least[r, m], worth[r, m] = found[rules[m].on if task.events else "all"]
    return least, worth


def _steps(task: Task, spread: Float, asked: tuple[Int, Bool, Bool], kinds: Text) -> Float:
    """The step to which each metric is told in each part (r, m), 0 where as it is.

    A share of people is told as a rounded count of those it rests on is. What does not add up over
    parts cannot be solved for; told to a tenth of its step, it is no fraction that tells a count.
    Where one unit is `most` of an error no part is told finer than that unit's, as they add up.
    """
    least, coarse, most = asked
    share = (kinds == "share") & np.array([rule.ranks == 1 for rule in task.rules])
    own = share & np.array([rule.on not in ("all", "side") for rule in task.rules])
    people = np.array([len(np.unique(task.here.unit[rows])) for rows in task.parts.values()])
    n = np.where(own & task.events, least, people[:, None])
    spread = as_open(spread, np.broadcast_to(most, n.shape), n)
    adds = share | np.isin(kinds, ("mean", "loss")) | np.isin(list(task.metrics), ADDING)
    at = told_step(spread * np.where(adds, 1.0, 0.1), n, share=np.broadcast_to(share, n.shape))
    return np.where(coarse | most, at, 0.0)


def _reasons(task: Task, made: tuple[Float, Float], part_reason: Text, least: Int) -> Text:
    """Why a metric is not shown (r, m), "" if it is."""
    value, drawn = made
    reason = np.repeat(part_reason[:, None], value.shape[1], axis=1).astype(object)
    whole = resting(task.case, task.here.unit, sampling(task.here)[task.here.unit])
    for m, rule in enumerate(task.rules):
        on = rule.on if task.events else "all"
        few = (least[:, m] < least_shown()) & (reason[:, m] == "")
        reason[few, m] = reasons()[on]
        if few[0] and whole[on][0] >= least_shown():
            reason[0, m] = whole_reasons()[on]
    why = barred(task.metrics, task.case.response, task.ranks_only)
    reason = np.where(reason == "", why, reason)
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
