"""What an audit will be able to tell: from people and plan, before any attribution is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import hypot

import numpy as np

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.measures.arms import arms_of
from evenlight.measures.prepare import Setting, setting
from evenlight.measures.weighing import sampling, weighted
from evenlight.small_groups import least_shown
from evenlight.stats.parts import effective
from evenlight.stats.power import (
    absolute_error,
    auroc_error,
    confirmable,
    contrast_error,
    detectable,
    share_error,
)

AUROC, SHARE = 0.8, 0.8
"""AUROC, and sensitivity or specificity, that a forecast supposes in both groups."""

UNFORETOLD = ("its error depends on the predictions", "its error depends on who is followed")
"""Reasons of metrics that can be asked, whose error people and events alone do not tell."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one contrast can tell, with a power of 80 %, under the simultaneous interval.

    `detectable`: the smallest difference that the interval will leave out 0 for, in `unit`;
    `confirmable`: whether, or up to which spread, equality can be confirmed inside the margin, in
    words; `needed`: how many times as many people would settle it, 1 where it is settled. `reason`
    says why it cannot be foretold, or cannot be asked.
    """

    measure: str
    contrast: str
    detectable: float
    unit: str
    confirmable: str
    needed: float
    reason: str = ""

    def __str__(self) -> str:
        if self.reason:
            what = "foretold" if self.reason in UNFORETOLD else "asked here"
            return f"{self.contrast}: cannot be {what}, {self.reason}"
        more = f"; about {self.needed:.1f} times the people would be needed"
        return (
            f"{self.contrast}: tells a difference of {self.detectable:.2g}"
            f"{' ' + self.unit if self.unit else ''}; {self.confirmable}"
            f"{more if self.needed > 1 else ''}"
        )


def forecast_features(
    cohort: Cohort, grouping: str, *, given: str, margin: float, alpha: float, subjects: int
) -> Iterator[Forecast]:
    """Each contrast of attributions or of use, in SDs of a feature's own attribution or contrast.

    `margin` is in SD(f), so what can be confirmed depends on how much of the output a feature
    makes: equality can be confirmed up to a spread that is told in SD(f).
    """
    here = setting(cohort, grouping)
    made = arms_of(here, given, np.zeros((cohort.n, 1)), draws=0, rng=np.random.default_rng(0))
    tests = subjects * len(made)
    for arms in made:
        name = " against ".join(arms.names)
        if arms.reason:
            yield Forecast("features", name, np.nan, "", "", np.nan, arms.reason)
            continue
        worth = np.array(arms.counting) / np.array(arms.left)
        level, reference = arms.plan.n_level * worth[0], arms.plan.n_reference * worth[1]
        error = contrast_error(level, reference)
        most = confirmable(margin, error, tests=tests, alpha=alpha)
        words = f"equality for features that make up to {most:.2g} SD of the output"
        seen = detectable(error, tests=tests, alpha=alpha)
        yield Forecast("features", name, seen, "SD of the feature's own values", words, 1.0)


def forecast_metric(
    cohort: Cohort, grouping: str, metric: str, *, margin: float, alpha: float, metrics: int
) -> Iterator[Forecast]:
    """Each contrast of one metric, from the counts of people and events.

    AUROC by Hanley and McNeil (1982) at 0.8, shares at 0.8; the MAE as of normal errors, in parts
    of the MAE; people count as they weigh (Kish). Of survival only events are counted: how sure a
    concordance is depends on who is followed how long. `metrics` are judged together, in one family
    with all contrasts.
    """
    y = _outcome(cohort)
    here = setting(cohort, grouping, kept=np.isfinite(y) & weighted(cohort))
    pairs = here.groups.contrasts()
    for pair in pairs:
        name = " against ".join(pair)
        found = [_metric_error(here, level, metric, y) for level in pair]
        reason = next((f for f in found if isinstance(f, str)), "")
        if reason:
            yield Forecast(metric, name, np.nan, "", "", np.nan, reason)
            continue
        error = hypot(*(f for f in found if isinstance(f, float)))
        yield _told(metric, name, error, margin, tests=metrics * len(pairs), alpha=alpha)


def _told(
    metric: str, name: str, error: float, margin: float, *, tests: int, alpha: float
) -> Forecast:
    seen = detectable(error, tests=tests, alpha=alpha)
    enough = confirmable(margin, error, tests=tests, alpha=alpha)
    words = f"equality {'can' if enough >= 1 else 'cannot'} be confirmed inside {margin:g}"
    unit = "of the MAE" if metric == "mae" else ""
    return Forecast(metric, name, seen, unit, words, max(1.0, enough**-2))


def _outcome(cohort: Cohort) -> Float:
    """The outcome of rows (n,), of survival whether the event was seen; NaN where unknown."""
    if cohort.outcome_kind != "survival":
        return cohort.y
    time, event = followed(cohort)
    return np.where(np.isfinite(time), event, np.nan)


def _metric_error(here: Setting, level: str, metric: str, y: Float) -> float | str:
    """The standard error in one group, or why there is none."""
    at = here.unit_group == here.groups.levels.index(level)
    n = int(at.sum())
    if n < least_shown():
        return f"fewer than {least_shown()} units in {level}"
    weight = sampling(here)[at]
    if metric == "mae":
        return absolute_error(effective(weight))
    share = here.per_unit(y)[at]
    if metric == "concordance_uno":
        few = f"fewer than {least_shown()} events in {level}"
        return few if share.sum() < least_shown() else UNFORETOLD[1]
    if min(share.sum(), n - share.sum()) < least_shown():
        return f"fewer than {least_shown()} events or non-events in {level}"
    events, others = effective(weight * share), effective(weight * (1 - share))
    if metric == "auroc":
        return auroc_error(AUROC, events, others)
    if metric in ("sensitivity", "specificity"):
        return share_error(SHARE, events if metric == "sensitivity" else others)
    return UNFORETOLD[0]
