"""One model against the next on the same people: fp32 and quantised, before and after tuning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.errors import AttributionError, InputError, ModelError
from evenlight.measures.arms import arms_of
from evenlight.measures.changes import Change, Versions
from evenlight.measures.comparison import View
from evenlight.measures.family import results
from evenlight.measures.hidden_people import (
    at_shown,
    coarse_means,
    exact_sd,
    only_shown,
    told_unit,
)
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.same import same_explanation
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_effects import told_results
from evenlight.measures.unlike_rows import thinned
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import shown_counts, suppressed_counts
from evenlight.stats.equivalence import verdicts
from evenlight.stats.losses import KINDS, row_loss
from evenlight.stats.multiplicity import draws_for
from evenlight.stats.paired import mean_change

Rows = list[tuple[str, tuple[str, ...], Float, float]]
"""What may change: name, subjects, after minus before by kept row, and its unit."""


def versions(
    explanations: tuple[Attributions, Attributions],
    cohort: Cohort,
    *,
    by: str | Groups,
    predictions: tuple[Predictions, Predictions] | None = None,
    testing: Testing | None = None,
    other_background: bool = False,
    rng: np.random.Generator | int = 0,
) -> Versions:
    """What changed from the first version to the second, in each group, paired by unit.

    Attributions: signed, their size, and how far they moved; the output; and, with `predictions`
    of both and a binary or continuous outcome, the loss. Everything is in SD(f) of the first
    version (the loss in its own SD), within groups. Whether one group is hit harder than another
    is tested by permutation of units within strata, as in `compare`. A change that is the same in
    all groups is no difference between them, and a mean change of 0 may hide that all moved: so
    three views of it. Means of a group count each unit once, whatever its sampling weight; tests
    between groups weight, and take as many rows of each unit where groups have unlike numbers of
    them (`measures.unlike_rows`). Rows that did not converge in either version are left out.

    Raises AttributionError where the two are not of one target, scale, features and background
    (`other_background=True` declares that another one is meant), GroupError as `compare` does.
    """
    asked = asked_for(testing)
    if not isinstance(explanations, tuple | list) or len(explanations) != 2:
        raise InputError("explanations are two: (of the first version, of the second)")
    first, second = (as_variables(made, cohort)[0] for made in explanations)
    same_explanation(first, second, other_background=other_background)
    whole = setting(cohort, by, kept=first.converged & second.converged)
    here = only_shown(whole)
    first, second = at_shown(first, here), at_shown(second, here)
    unit = exact_sd(here, first.total())
    if not unit > 0:
        raise AttributionError("the output does not vary within groups; there is no unit of change")
    rows = _attributed(first, second, here, unit) + _lost(predictions, first, here)
    own, rows_told = thinned(here)
    generator = np.random.default_rng(rng)
    count, reason, _ = suppressed_counts(whole.sizes, smallest=least_shown())
    return Versions(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        contrasts=here.groups.contrasts(),
        target=first.target,
        scale=first.scale,
        margin=asked.margin,
        alpha=asked.alpha,
        background="declared to differ" if other_background else "the same",
        n=shown_counts(count, rounded=here.rounded),
        n_reason=reason,
        changes=tuple(_change((here, own), part, first.scale, asked, generator) for part in rows),
        population=rows_told,
    )


def _attributed(first: Attributions, second: Attributions, here: Setting, unit: float) -> Rows:
    a, b = (
        made.values.reshape(made.n, -1).astype(np.float64)[here.kept] for made in (first, second)
    )
    names = first.features.names
    output = (second.output - first.output)[here.kept, None]
    return [
        ("signed", names, b - a, unit),
        ("magnitude", names, np.abs(b) - np.abs(a), unit),
        ("moved", names, np.abs(b - a), unit),
        ("output", ("output",), output, unit),
    ]


def _lost(
    predictions: tuple[Predictions, Predictions] | None, made: Attributions, here: Setting
) -> Rows:
    """The change of each row's loss; nothing without predictions or an outcome that has a loss."""
    kind = here.cohort.outcome_kind
    if predictions is None:
        return []
    if kind not in KINDS:
        raise ModelError(f"a change of loss needs an outcome that is {' or '.join(KINDS)}")
    for one in predictions:
        if one.target != made.target:
            raise ModelError(f"predictions of {one.target!r}, attributions of {made.target!r}")
        if kind == "binary":
            one.need_probability("loss")
    y = here.cohort.y
    a, b = (row_loss(y, one.at(here.cohort).response, kind=kind) for one in predictions)
    if np.isnan(y[here.kept]).any():
        raise ModelError(
            f"the outcome is missing in {int(np.isnan(y[here.kept]).sum())} rows, whose loss is "
            "unknown; take the rows with a known outcome: cohort.take(np.isfinite(cohort.y))"
        )
    unit = exact_sd(here, a)
    return [("loss", ("loss",), (b - a)[here.kept, None], unit if unit > 0 else 1.0)]


def _change(
    settings: tuple[Setting, Setting],
    part: tuple[str, tuple[str, ...], Float, float],
    scale: str,
    testing: Testing,
    rng: np.random.Generator,
) -> Change:
    """One change: of levels over all rows, between groups over those of the second setting."""
    (here, own), (name, subjects, rows, unit) = settings, part
    draws = testing.draws or draws_for(
        len(subjects) * len(here.groups.contrasts()), alpha=testing.alpha
    )
    arms = arms_of(own, "nothing", rows[own.kept[here.kept]], draws=draws, rng=rng)
    view = View(name, "nothing", scale, unit)
    apart = results(arms, np.arange(len(subjects)), view, testing=testing)
    apart = told_results(apart, np.array([min(one.left) for one in arms]), here)
    return Change(
        name=name,
        subjects=subjects,
        unit=told_unit(here, unit),
        **_levels(here, rows / unit, testing, draws, rng),
        apart=apart.effect,
        apart_low=apart.low,
        apart_high=apart.high,
        apart_p=apart.p,
        apart_q=apart.q,
        apart_verdict=apart.verdict,
        apart_reason=apart.reason,
    )


def _levels(
    here: Setting, rows: Float, testing: Testing, draws: int, rng: np.random.Generator
) -> Mapping[str, Any]:
    """Mean changes of each level (k, p) with simultaneous limits; few units have none."""
    full = np.zeros((here.cohort.n, rows.shape[1]))
    full[here.kept] = rows
    means = here.per_unit(full)
    sizes = here.sizes
    few = sizes < least_shown()
    codes = np.where((here.unit_group >= 0) & ~few[here.unit_group], here.unit_group, -1)
    shape = (len(sizes), rows.shape[1])
    out = [np.full(shape, np.nan) for _ in range(3)]
    found = mean_change(means, codes, draws=draws, rng=rng, alpha=testing.alpha)
    for place, values in zip(out, found, strict=True):
        place[: len(values)] = values
        place[few] = np.nan
    verdict = verdicts(out[1], out[2], testing.margin, sizes[:, None])
    out = _coarse(here, (out[0], out[1], out[2]), means)
    told = np.where(few, hidden_text(), "")
    return {
        "change": out[0],
        "low": out[1],
        "high": out[2],
        "verdict": verdict,
        "reason": np.repeat(told[:, None], rows.shape[1], axis=1),
    }


def _coarse(here: Setting, ends: tuple[Float, Float, Float], means: Float) -> list[Float]:
    """Means of each level (k, p) and their limits, as coarse as the counts beside them."""
    n = np.maximum(here.sizes, 1)[:, None]
    spread = np.zeros(ends[0].shape)
    for g in np.flatnonzero(here.sizes >= least_shown()):
        spread[g] = means[here.unit_group == g].std(axis=0)
    return list(coarse_means(here, ends, spread / np.sqrt(n), n))
