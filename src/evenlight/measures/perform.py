"""Does the model do equally well for everyone? Metrics by group, and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
from scipy.special import ndtri

from evenlight.arrays import Bool, Float, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError, InputError
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.curves import curves
from evenlight.measures.differences import Measured, differences
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import ALPHA, Setting, setting
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.intervals import (
    part_limits,
    percentile,
    spreads,
    unit_weights,
)
from evenlight.stats.metrics import AT_THRESHOLD, BINARY, REGRESSION, Case, Metric

DRAWS = 1000
BLOCK = 100
OVERALL = "overall"

MARGINS: Mapping[str, float] = {
    "auroc": 0.05,
    "brier": 0.02,
    "calibration_slope": 0.2,
    "sensitivity": 0.05,
    "specificity": 0.05,
}
"""Margins of difference by metric; MAE's is `MAE_SHARE` of the overall MAE. No other is judged."""

MAE_SHARE = 0.10

BOUNDED = ("within_20", "auroc", "auprc", "sensitivity", "specificity")
"""Metrics between 0 and 1, whose limits do not collapse at 0 and 1."""

RANKED, RANKS = ("auroc", "auprc"), 3.0
"""A rank statistic is worth at most this many observations for each unit of the rarer class: the
variance of AUROC by Hanley and McNeil (1982) is that of 2 to 3 where the other class is common."""

FEW = f"fewer than {SMALLEST_GROUP} events or non-events"


@dataclass(frozen=True, slots=True)
class Judging:
    """How performance is judged: the deployed threshold on the response, and margins by metric."""

    threshold: float | None = None
    margins: Mapping[str, float] = field(default_factory=lambda: dict(MARGINS))
    mae_share: float = MAE_SHARE

    def __post_init__(self) -> None:
        for name in self.margins:
            if name not in MARGINS:
                near = get_close_matches(name, MARGINS, n=1, cutoff=0.0)[0]
                raise InputError(
                    f"no margin is set for {name!r}; did you mean {near!r}? Judged: {list(MARGINS)}"
                )
        object.__setattr__(self, "margins", {**MARGINS, **self.margins})


def perform(
    predictions: Predictions,
    cohort: Cohort,
    *,
    by: str | Groups,
    judging: Judging | None = None,
    rng: np.random.Generator | int = 0,
) -> Performance:
    """Metrics overall, in each group of `by` and where the group is unknown, and their differences.

    Continuous outcomes: MAE, bias, share within 20 %, R2. Binary: AUROC, average precision, Brier
    score, calibration slope and intercept, and at the plan's threshold sensitivity and specificity.
    Each unit counts once; intervals resample units within groups (1,000 draws): percentile for a
    metric, simultaneous over contrasts and judged metrics for differences. Strata are not held:
    this is what people of each group meet. Raises CohortError where there is no outcome to compare
    with.
    """
    rules = judging or Judging()
    if cohort.outcome_kind not in ("binary", "continuous"):
        raise CohortError(
            f"performance needs a binary or continuous outcome, this one is {cohort.outcome_kind}"
        )
    made = predictions.at(cohort)
    here = setting(cohort, by, kept=np.isfinite(cohort.y))
    metrics = _metrics(cohort.outcome_kind, rules)
    case = Case(
        cohort.y[here.kept], made.response[here.kept], made.margin[here.kept], rules.threshold
    )
    parts = _parts(here)
    weight = _row_weights(here, np.random.default_rng(rng))
    value, drawn = _values(case, metrics, parts, weight)
    n, events, part_reason = _counts(here, case, parts, binary=cohort.outcome_kind == "binary")
    classes = _classes(here, case, parts, metrics, binary=cohort.outcome_kind == "binary")
    reason = _reasons(value, drawn, part_reason, classes)
    margin = _margins(metrics, rules, value)
    bounded = np.isin(list(metrics), BOUNDED)
    most = classes * np.where(np.isin(list(metrics), RANKED), RANKS, 1.0)
    measured = Measured(value, drawn, reason, margin, classes, bounded, most)
    return Performance(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        parts=tuple(parts),
        metrics=tuple(metrics),
        units=tuple(made.unit if name in ("mae", "bias") else "" for name in metrics),
        contrasts=here.groups.contrasts(),
        target=made.target,
        threshold=rules.threshold,
        alpha=ALPHA,
        draws=DRAWS,
        n=n,
        events=events,
        part_reason=part_reason,
        **_limits(measured),
        reason=reason,
        margin=margin,
        **differences(here, tuple(parts), measured),
        **curves(here, case),
    )


def _metrics(kind: str, rules: Judging) -> dict[str, Metric]:
    if kind == "continuous":
        return dict(REGRESSION)
    return dict(BINARY) | (dict(AT_THRESHOLD) if rules.threshold is not None else {})


def _parts(here: Setting) -> dict[str, Bool]:
    """Masks of rows: overall, each level, unknown."""
    codes = here.unit_group[here.unit]
    parts = {OVERALL: np.ones(len(codes), dtype=bool)}
    parts |= {level: codes == g for g, level in enumerate(here.groups.levels)}
    return parts | ({UNKNOWN: codes < 0} if (codes < 0).any() else {})


def _row_weights(here: Setting, rng: np.random.Generator) -> Float:
    """First row: each unit once; then bootstrap weights, (1 + draws, rows)."""
    rows = np.bincount(here.unit)[here.unit].astype(float)
    again = unit_weights(here.unit_group, draws=DRAWS, rng=rng)
    weight: Float = np.vstack([np.ones(len(here.unit_group)), again])[:, here.unit] / rows
    return weight


def _values(
    case: Case, metrics: Mapping[str, Metric], parts: Mapping[str, Bool], weight: Float
) -> tuple[Float, Float]:
    """Values (r, m) and bootstrap replicates (draws, r, m)."""
    out = np.full((len(weight), len(parts), len(metrics)), np.nan)
    for r, rows in enumerate(parts.values()):
        own = Case(case.y[rows], case.response[rows], case.margin[rows], case.threshold)
        if not len(own.y):
            continue
        for start in range(0, len(weight), BLOCK):
            w = weight[start : start + BLOCK, rows]
            for m, metric in enumerate(metrics.values()):
                out[start : start + BLOCK, r, m] = metric(own, w)
    return out[0], out[1:]


def _counts(
    here: Setting, case: Case, parts: Mapping[str, Bool], *, binary: bool
) -> tuple[Float, Float, Text]:
    """Units and events of each part as they may be shown, and why one is hidden."""
    sizes = np.array([len(np.unique(here.unit[rows])) for rows in parts.values()])
    shown, reason, _ = suppressed_counts(sizes[1:], smallest=SMALLEST_GROUP)
    n = np.concatenate([sizes[:1].astype(float), shown])
    reason = np.concatenate([[""], reason])
    events = np.full(len(sizes), np.nan)
    if binary:
        count = np.array(
            [len(np.unique(here.unit[rows & (case.y > 0)])) for rows in parts.values()]
        )
        events = suppressed_counts(count, smallest=SMALLEST_GROUP)[0]
        rest = sizes - count
        few = (rest > 0) & (rest < SMALLEST_GROUP)
        events[few | (reason != "")] = np.nan
    empty = (sizes == 0) & (reason == "")
    return n, events, np.where(empty, "nobody", reason)


def _classes(
    here: Setting,
    case: Case,
    parts: Mapping[str, Bool],
    metrics: Mapping[str, Metric],
    *,
    binary: bool,
) -> Float:
    """How many units a metric rests on (r, m): those of the rarer class, for sensitivity events."""
    out = np.zeros((len(parts), len(metrics)))
    for r, rows in enumerate(parts.values()):
        whole = len(np.unique(here.unit[rows]))
        hit = len(np.unique(here.unit[rows & (case.y > 0)])) if binary else whole
        miss = len(np.unique(here.unit[rows & (case.y <= 0)])) if binary else whole
        own = {"brier": whole, "sensitivity": hit, "specificity": miss}
        out[r] = [own.get(name, min(hit, miss)) for name in metrics]
    return out


def _reasons(value: Float, drawn: Float, part_reason: Text, classes: Float) -> Text:
    """Why a metric is not shown (r, m), "" if it is."""
    reason = np.repeat(part_reason[:, None], value.shape[1], axis=1).astype(object)
    lost = np.isnan(drawn).mean(axis=0)
    reason[(classes < SMALLEST_GROUP) & (reason == "")] = FEW
    unstable = (np.isnan(value) | (lost > 0.01)) & (reason == "")
    reason[unstable] = "it cannot be computed in too many resamples"
    return reason.astype(np.str_)


def _limits(made: Measured) -> Mapping[str, Any]:
    """Pointwise limits: Wilson's for shares, percentiles for the others."""
    hidden, z = made.reason != "", float(-ndtri(ALPHA / 2))
    low, high = part_limits(made.value, spreads(made.drawn), made.bounded, made.most, z)
    rest = ~hidden & ~made.bounded
    if rest.any():
        low[rest], high[rest] = percentile(made.drawn[:, rest], alpha=ALPHA)
    numbers = {"value": made.value, "low": low, "high": high}
    return {name: np.where(hidden, np.nan, number) for name, number in numbers.items()}


def _margins(metrics: Mapping[str, Metric], rules: Judging, value: Float) -> Float:
    out = np.array([rules.margins.get(name, np.nan) for name in metrics])
    for m, name in enumerate(metrics):
        if name == "mae":
            out[m] = rules.mae_share * value[0, m]
    return out
