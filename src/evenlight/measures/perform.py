"""Does the model do equally well for everyone? Metrics by group, and their differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.curves import curves
from evenlight.measures.performance import Performance
from evenlight.measures.prepare import Setting, setting
from evenlight.stats.disclosure import suppressed_counts
from evenlight.stats.equivalence import more_units, verdicts
from evenlight.stats.intervals import critical, percentile, recovered, unit_weights
from evenlight.stats.metrics import AT_THRESHOLD, BINARY, REGRESSION, Case, Metric

ALPHA = 0.05
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
"""Metrics between 0 and 1 whose limits are found on the logit scale."""

FEW = f"fewer than {SMALLEST_GROUP} events or non-events"


@dataclass(frozen=True, slots=True)
class Judging:
    """How performance is judged: the deployed threshold on the response, and margins by metric."""

    threshold: float | None = None
    margins: Mapping[str, float] = field(default_factory=lambda: dict(MARGINS))
    mae_share: float = MAE_SHARE


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
        **_limits(value, drawn, reason),
        reason=reason,
        margin=margin,
        **_differences(
            here,
            parts,
            value,
            drawn,
            reason=reason,
            margin=margin,
            classes=classes,
            bounded=np.isin(list(metrics), BOUNDED),
        ),
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


def _limits(value: Float, drawn: Float, reason: Text) -> Mapping[str, Any]:
    hidden = reason != ""
    low, high = np.full(value.shape, np.nan), np.full(value.shape, np.nan)
    if (~hidden).any():
        low[~hidden], high[~hidden] = percentile(drawn[:, ~hidden], alpha=ALPHA)
    return {"value": np.where(hidden, np.nan, value), "low": low, "high": high}


def _margins(metrics: Mapping[str, Metric], rules: Judging, value: Float) -> Float:
    out = np.array([rules.margins.get(name, np.nan) for name in metrics])
    for m, name in enumerate(metrics):
        if name == "mae":
            out[m] = rules.mae_share * value[0, m]
    return out


def _differences(
    here: Setting,
    parts: Mapping[str, Bool],
    value: Float,
    drawn: Float,
    *,
    reason: Text,
    margin: Float,
    classes: Float,
    bounded: Bool,
) -> Mapping[str, Any]:
    place = {name: r for r, name in enumerate(parts)}
    pairs = [(place[a], place[b]) for a, b in here.groups.contrasts()]
    first, second = (np.array([pair[side] for pair in pairs]) for side in (0, 1))
    why = np.where(reason[first] != "", reason[first], reason[second])
    shape = why.shape
    out = {
        name: np.full(shape, np.nan)
        for name in ("difference", "difference_low", "difference_high", "p", "more")
    }
    apart, again = value[first] - value[second], drawn[:, first] - drawn[:, second]
    judged = np.broadcast_to(~np.isnan(margin), shape)
    for family in (judged & (why == ""), ~judged & (why == "")):
        if family.any():
            d, star = apart[family], again[:, family]
            out["difference"][family] = d
            z = critical(star, centre=np.nanmean(star, axis=0), alpha=ALPHA)
            low, high = recovered(value, drawn, (first, second), bounded, z)
            out["difference_low"][family], out["difference_high"][family] = (
                low[family],
                high[family],
            )
            far = np.abs(star - np.nanmean(star, axis=0)) >= np.abs(d) * (1 - 1e-9)
            out["p"][family] = (1 + far.sum(axis=0)) / (1 + np.isfinite(star).sum(axis=0))
    n = np.stack([classes[first], classes[second]], axis=-1)
    verdict = _verdicts(out, margin, n.min(axis=-1))
    out["more"], more_in = _needed(out, drawn, first, second, margin, n, verdict)
    return out | {"verdict": verdict, "difference_reason": why, "more_in": more_in}


def _verdicts(out: Mapping[str, Float], margin: Float, smallest: Float) -> Text:
    bars = np.where(np.isnan(margin), 0.0, margin)
    verdict = verdicts(out["difference_low"], out["difference_high"], bars, smallest)
    verdict[np.broadcast_to(np.isnan(margin), verdict.shape) & (verdict != "not_estimable")] = ""
    return verdict


def _needed(
    out: Mapping[str, Float],
    drawn: Float,
    first: Int,
    second: Int,
    margin: Float,
    n: Float,
    verdict: Text,
) -> tuple[Float, Text]:
    half = (out["difference_high"] - out["difference_low"]) / 2
    bars = np.broadcast_to(np.where(np.isnan(margin), 0.0, margin), half.shape)
    open_ = verdict == "cannot_tell"
    more, where = np.full(half.shape, np.nan), np.full(half.shape, "", dtype="<U9")
    if open_.any():
        var = tuple(np.nanvar(drawn[:, side][:, open_], axis=0) for side in (first, second))
        sizes = (n[..., 0][open_], n[..., 1][open_])
        effect = out["difference"][open_]
        more[open_], where[open_] = more_units(
            effect, half[open_], bars[open_], (var[0], var[1]), sizes
        )
    return more, where
