"""What follows from acting on the prediction: rates, decision curves, the worst group, gaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.measures.decisions import Decisions
from evenlight.measures.judging import Judging
from evenlight.measures.measuring import DRAWS, Task, measure
from evenlight.measures.perform import need_predictions, recorded, tasked
from evenlight.measures.prepare import ALPHA
from evenlight.measures.rests import few_calls, few_decided, few_events, hits, whole_reasons
from evenlight.measures.summaries import summaries, wanted
from evenlight.measures.weighing import row_weights
from evenlight.small_groups import least_shown
from evenlight.stats.decisions import DECISIONS, decision_curve, treat_all, utility
from evenlight.stats.disclosure import told_limits, told_step, told_values

THRESHOLDS = 40
FIRST, LAST = 0.01, 0.99
NO_ODDS = "no threshold in the plan, so a wrong call has no weight"


def decide(
    predictions: Predictions,
    cohort: Cohort,
    *,
    by: str | Groups,
    judging: Judging | None = None,
    rng: np.random.Generator | int = 0,
) -> Decisions:
    """Predictive values, missed events, call rate and net benefit by group; curves; worst group.

    With a threshold in `judging`: rates at it, and differences of them (not judged: the margins
    are those of sensitivity and specificity). For a probability of an event: decision curves
    (Vickers and Elkin 2006) with calling everybody beside them. For every outcome: the worst group,
    the largest gap; for events also the equalised-odds gap and the equity-scaled AUROC, each with
    limits that allow for choosing the worst, and its mean under shuffled groups, since a gap is
    above 0 even where there is none. Curves are told to steps where neighbouring thresholds would
    tell of 1 to 10 people of a group and outcome. Groups too small for a metric do not enter its
    summary. Raises CohortError as `perform` does.
    """
    need_predictions(predictions, cohort, scores=False)
    rules, made = judging or Judging(), predictions.at(cohort)
    random = np.random.default_rng(rng)
    task = tasked(made, cohort, by, rules)
    rates = None
    if task.case.threshold is not None:
        found = measure(replace(task, metrics=_at_threshold(task)), random)
        rates = recorded(found, target=made.target, unit=made.unit)
    groups = task.here.groups
    return Decisions(
        grouping=groups.name,
        source=groups.source,
        levels=groups.levels,
        parts=tuple(task.parts),
        target=made.target,
        threshold=task.case.threshold,
        alpha=ALPHA,
        draws=DRAWS,
        rates=rates,
        **_curves(task, random),
        **summaries(measure(replace(task, metrics=wanted(task)), random), random),
    )


def _at_threshold(task: Task) -> Mapping[str, Any]:
    """All rates, or those that need no odds where the response is no probability."""
    threshold = task.case.threshold
    odds = threshold is not None and 0 < threshold < 1 and _probable(task)
    return {name: m for name, m in DECISIONS.items() if odds or name != "net_benefit"}


def _probable(task: Task) -> bool:
    """Whether the outcome is an event and the response its probability."""
    case = task.case
    inside = bool(((case.response >= 0) & (case.response <= 1)).all())
    return task.events and case.event is None and inside and not task.ranks_only


def _curves(task: Task, rng: np.random.Generator) -> Mapping[str, Any]:
    """Net benefit of each part over thresholds, and of calling everybody."""
    names = ("net_benefit", "net_low", "net_high", "treat_all")
    thresholds = _thresholds(task) if _probable(task) else np.zeros(0)
    shape = (len(task.parts), len(thresholds))
    out = {name: np.full(shape, np.nan) for name in names}
    reason = np.full(shape, "", dtype="<U120")
    useful, unsaid = np.full(shape, np.nan), np.full(shape, "", dtype="<U120")
    weight = row_weights(task.here, draws=DRAWS, rng=rng)
    parts, coarse = _who(task)
    coarse = coarse or _few_between(task, parts, thresholds)
    for r, mask in enumerate(parts if len(thresholds) else ()):
        rows = task.here.order[mask[task.here.order]]
        reason[r] = _hidden(task, rows, thresholds)
        if r == 0 and _rarer(task, rows) < least_shown() <= _rarer(task, task.here.order):
            reason[r] = whole_reasons()["rarer"]
        shown = reason[r] == ""
        if shown.any():
            numbers = _curve(task, rows, thresholds[shown], weight)
            if coarse:
                numbers = _stepped(numbers, thresholds[shown], _units(task, rows))
            for name, number in zip(names, numbers, strict=True):
                out[name][r, shown] = number
        useful[r], unsaid[r] = _useful(task, rows, thresholds, reason[r], coarse=coarse)
    made = {"thresholds": thresholds, **out, "curve_reason": reason, "rounded": coarse}
    return made | {"utility": useful, "utility_reason": unsaid}


def _useful(
    task: Task, rows: Any, thresholds: Float, hidden: Text, *, coarse: bool
) -> tuple[Float, Text]:
    """Utility of a part at each threshold (t,) with the odds of the deployed one, and why not.

    With the net benefit it tells how many are called rightly and wrongly, so that each of the four
    cells must be empty or large enough to be shown.
    """
    case, unit = task.case.take(rows), task.here.unit[rows]
    why = hidden.copy()
    if case.threshold is None or not 0 < case.threshold < 1:
        why[why == ""] = NO_ODDS
        return np.full(len(why), np.nan), why
    if not (why == "").any():
        return np.full(len(why), np.nan), why
    hit, value = hits(case), utility(case, thresholds)
    for j in np.flatnonzero(why == ""):
        yes = case.response >= thresholds[j]
        cells = [yes & hit, yes & ~hit, ~yes & hit, ~yes & ~hit]
        if any(0 < len(np.unique(unit[cell])) < least_shown() for cell in cells):
            why[j] = few_decided()
    if coarse:
        value = told_values(value, _step(np.array([case.threshold]), _units(task, rows)))
    return np.where(why == "", value, np.nan), why


def _who(task: Task) -> tuple[list[Bool], bool]:
    """Rows of each part, overall those of parts with enough events; whether some have too few."""
    parts, hit = list(task.parts.values()), hits(task.case)
    few = np.zeros(len(hit), dtype=bool)
    for mask in parts[1:]:
        sides = [len(np.unique(task.here.unit[mask & side])) for side in (hit, ~hit)]
        few |= mask & any(0 < n < least_shown() for n in sides)
    return [parts[0] & ~few, *parts[1:]], task.here.rounded or bool(few.any())


def _few_between(task: Task, parts: list[Bool], thresholds: Float) -> bool:
    """Whether 1 to 10 units of a part, of one outcome, have a prediction between two thresholds.

    Exact numbers of two neighbours tell, by their difference, how many these are.
    """
    hit, unit = hits(task.case), task.here.unit
    band = np.searchsorted(thresholds, task.case.response, side="right")
    for mask in parts if len(thresholds) else ():
        cells = np.stack([band[mask], hit[mask], unit[mask]])
        many = np.unique(np.unique(cells, axis=1)[:2], axis=1, return_counts=True)[1]
        if (many < least_shown()).any():
            return True
    return False


def _units(task: Task, rows: Any) -> int:
    """How many units some rows have."""
    return len(np.unique(task.here.unit[rows]))


def _step(thresholds: Float, n: int) -> Float:
    """The step (t,) of a benefit of n people at thresholds: one wrong call costs its odds, or 1."""
    spread = 0.5 * np.maximum(1.0, thresholds / (1 - thresholds)) / np.sqrt(n)
    return told_step(spread, np.array(n))


def _stepped(numbers: tuple[Float, ...], thresholds: Float, n: int) -> tuple[Float, ...]:
    """Net benefits of n people to a step, limits outwards."""
    value, low, high, every = numbers
    step = _step(thresholds, n)
    return (told_values(value, step), *told_limits(low, high, step), told_values(every, step))


def _curve(task: Task, rows: Any, thresholds: Float, weight: Float) -> tuple[Float, ...]:
    case, w = task.case.take(rows), weight[:, rows]
    drawn = decision_curve(case, thresholds, w)
    low, high = np.nanquantile(drawn[1:], [ALPHA / 2, 1 - ALPHA / 2], axis=0)
    return drawn[0], low, high, treat_all(case, thresholds, w[:1])[0]


def _thresholds(task: Task) -> Float:
    """Up to forty thresholds, from 1 % to where one row in 100 is still called, at least 11."""
    score = np.sort(task.case.response)
    many = max(least_shown(), len(score) // 100)
    last = min(max(float(score[max(len(score) - many, 0)]), 2 * FIRST), LAST)
    return np.unique(np.linspace(FIRST, last, THRESHOLDS).round(4))


def _rarer(task: Task, rows: Any) -> int:
    """Units of some rows with the event, or without it where these are fewer."""
    hit, unit = hits(task.case)[rows], task.here.unit[rows]
    return min(len(np.unique(unit[hit])), len(np.unique(unit[~hit])))


def _hidden(task: Task, rows: Any, thresholds: Float) -> Text:
    """Why a point of a part's curve is not shown, (t,)."""
    case, unit = task.case.take(rows), task.here.unit[rows]
    out = np.full(len(thresholds), "", dtype="<U120")
    if _rarer(task, rows) < least_shown():
        out[:] = few_events()
        return out
    for j, threshold in enumerate(thresholds):
        yes = case.response >= threshold
        sides = (len(np.unique(unit[yes])), len(np.unique(unit[~yes])))
        if any(0 < n < least_shown() for n in sides):
            out[j] = few_calls()
    return out
