"""How wrong the recorded outcome would have to be, in one group, to overturn a verdict."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.measures.differences import contrasted, family_z
from evenlight.measures.judging import Judging
from evenlight.measures.measuring import DRAWS, Found, Task, measure
from evenlight.measures.perform import tasked
from evenlight.measures.tipped import ERRORS, Tipping, binary_label
from evenlight.measures.weighing import row_weights
from evenlight.stats.disclosure import told_limits
from evenlight.stats.equivalence import verdicts
from evenlight.stats.intervals import recovered, spreads
from evenlight.stats.parts import Shape, limits
from evenlight.stats.tipping import LINEAR, furthest, restored, tipping

DRAWN = 60
"""Bootstrap draws by which the standard error is carried to other labels, the same for all."""

MOST = 0.95
"""The largest error rate that is looked at: a label of none tells nothing."""

NOT_ASKED = "only a verdict of similar or different can be overturned"
HELD = "no difference up to {most:.2f} overturns it"


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """What was found with labels as recorded, weights (1 + draws, rows), and the family's z."""

    found: Found
    weight: Float
    z: float

    def rows(self, part: int) -> Int:
        """The rows of a part in the order of the cohort's ids: no sum depends on theirs."""
        order = self.found.task.here.order
        at: Int = order[list(self.found.task.parts.values())[part][order]]
        return at

    def events(self, part: int) -> float:
        """The share of recorded events in a part, NaN where nobody of it is shown."""
        rows = self.rows(part)
        weight = self.weight[0, rows]
        if not len(rows):
            return float("nan")
        return float(weight @ self.found.task.case.y[rows] / weight.sum())

    def moved(self, part: int, metric: str, error: tuple[float, float]) -> tuple[float, float]:
        """Value and standard error of a part's metric with labels of this (se, sp).

        NaN where the corrected value is none that a metric can have.
        """
        task, m = self.found.task, list(self.found.task.metrics).index(metric)
        rows = self.rows(part)
        case, weight = task.case.take(rows), self.weight[:, rows]
        y = restored(case.y, sensitivity=error[0], specificity=error[1])
        made = LINEAR[metric](replace(case, y=y), weight)
        plain = spreads(self.found.measured.drawn[:DRAWN, part])[m]
        ratio = spreads(made[1:, None])[0] / max(plain, 1e-12)
        value = float(made[0])
        if self.found.measured.shape.kinds[m] == "share" and not 0 <= value <= 1:
            return float("nan"), float("nan")
        return value, float(ratio * spreads(self.found.measured.drawn)[part, m])


def tip(
    predictions: Predictions,
    cohort: Cohort,
    *,
    by: str | Groups,
    judging: Judging | None = None,
    rng: np.random.Generator | int = 0,
) -> Tipping:
    """The tipping points of the differences that `perform` judges, with the same rng its verdicts.

    For each contrast and judged metric: the label of one of the two groups gets ever lower
    sensitivity (events that were not recorded) or specificity (events recorded that were none),
    that of the other is taken as right; rates are corrected by the algebra of misclassification,
    with their standard errors, until the verdict is another. It is assumed that inside a group
    label error does not follow the prediction. Raises CohortError where the outcome is not binary.
    """
    binary_label(cohort)
    made = predictions.at(cohort)
    task = tasked(made, cohort, by, judging or Judging())
    asked = {name: metric for name, metric in task.metrics.items() if name in LINEAR}
    task = replace(task, metrics=asked)  # the judged ones; the others have no verdict
    trial, usable = _trial(task, np.random.default_rng(rng))
    first, second = contrasted(task.here, tuple(task.parts))
    metrics = tuple(task.metrics)
    contrasts = task.here.groups.contrasts()
    out = blank((len(contrasts), len(metrics)))
    seen = np.full((len(contrasts), len(metrics)), "not_estimable", dtype="<U13")
    for c, m in np.ndindex(*seen.shape):
        pair = (int(first[c]), int(second[c]))
        if usable[c, m]:
            seen[c, m] = _verdict(trial, pair, metrics[m], {})
        look = partial(_worse, trial, pair, metrics[m])
        fill(out, (c, m), str(seen[c, m]), look, [trial.events(part) for part in pair])
    return Tipping(
        grouping=task.here.groups.name,
        measure="performance",
        target=made.target,
        threshold=task.case.threshold,
        contrasts=contrasts,
        metrics=metrics,
        verdict=seen,
        **out,
    )


def _trial(task: Task, random: np.random.Generator) -> tuple[Trial, Bool]:
    """What is found with labels as recorded, and which contrasts and metrics are judged (c, m)."""
    again = deepcopy(random)  # the very draws that `measure` makes
    made = measure(task, random)
    weight = row_weights(task.here, draws=DRAWS, rng=again)[: DRAWN + 1]
    first, second = contrasted(task.here, tuple(task.parts))
    hidden = made.measured.reason != ""
    usable = ~(hidden[first] | hidden[second]) & ~np.isnan(made.measured.margin)
    z = family_z(made.measured, (first, second), usable) if usable.any() else 0.0
    return Trial(made, weight, z), usable


def blank(shape: tuple[int, int]) -> dict[str, Any]:
    """Empty fields of a `Tipping` of this shape."""
    four = (*shape, 2, 2)
    text = {"becomes": np.full(four, "", dtype="<U13"), "reason": np.full(four, "", "<U80")}
    return {"tip": np.full(four, np.nan), "most": np.full(four, np.nan), **text}


def fill(
    out: dict[str, Any],
    at: tuple[int, int],
    seen: str,
    look: Callable[[int, int, float], str],
    events: Sequence[float],
) -> None:
    """The four tipping points of one contrast and metric, or why there is none.

    `look` gives the verdict for (kind of error, side, difference); `events` the share of recorded
    events of level and reference.
    """
    if seen not in ("similar", "different"):
        out["reason"][at] = NOT_ASKED
        return
    for e, s in np.ndindex(2, 2):
        most = min(furthest(events[s], ERRORS[e]), MOST)
        found, becomes, reached = tipping(partial(look, e, s), most=most)
        most = reached if np.isnan(found) else most
        out["tip"][at][e, s], out["becomes"][at][e, s] = found, becomes
        out["most"][at][e, s] = most
        if np.isnan(found):
            out["reason"][at][e, s] = HELD.format(most=most)


def _worse(trial: Trial, pair: tuple[int, int], metric: str, e: int, s: int, by: float) -> str:
    """The verdict where the label of one side is worse `by` so much in one of `ERRORS`."""
    errors = {pair[s]: (1 - by, 1.0) if e == 0 else (1.0, 1 - by)}
    return _verdict(trial, pair, metric, errors)


def _verdict(
    trial: Trial,
    pair: tuple[int, int],
    metric: str,
    errors: Mapping[int, tuple[float, float]],
) -> str:
    """The verdict of a contrast where the labels of some parts have this (se, sp); "" if none."""
    made, m = trial.found.measured, list(trial.found.task.metrics).index(metric)
    value, spread = made.value[:, m].copy(), spreads(made.drawn)[:, m]
    for part, error in errors.items():
        value[part], spread[part] = trial.moved(part, metric, error)
    if np.isnan(value[list(pair)]).any():
        return ""
    shape = Shape(made.shape.kinds[m : m + 1], made.shape.worth[:, m : m + 1])
    low, high = limits(value[:, None], spread[:, None], shape, trial.z)
    ends = recovered(value[:, None], low, high, (np.array([pair[0]]), np.array([pair[1]])))
    ends = told_limits(*ends, made.steps[list(pair), m].max(keepdims=True)[None])
    smallest = made.classes[list(pair), m].min()
    return str(verdicts(ends[0], ends[1], made.margin[m], np.array([[smallest]]))[0, 0])
