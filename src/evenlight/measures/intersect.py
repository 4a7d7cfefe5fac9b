"""Intersections, as ancestry x sex: cells beside the sum of their groupings.

    value = mu + alpha + beta + ... + gamma + strata + covariates

gamma, all deviations of cells from the sum of main effects, is tested by the joint statistic of
Freedman and Lane; cells are pooled towards that sum by empirical Bayes, so that a small cell is
neither hidden in the large ones nor shown with all its noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from evenlight.arrays import Float, Int
from evenlight.data import align
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import AttributionError, GroupError
from evenlight.measures.axes import entering
from evenlight.measures.axes_omnibus import largest
from evenlight.measures.crossing import Cross, crossed, groupings_of
from evenlight.measures.dominance import one_is_most
from evenlight.measures.hidden_people import (
    exact_sd,
    one_far_from_all,
    only_shown,
    without_hidden,
)
from evenlight.measures.intersect_parts import cannot, numbers, tests
from evenlight.measures.intersection import CELL, TEST, Intersection
from evenlight.measures.nuisance import Blocked
from evenlight.measures.prepare import Setting, as_variables, setting, told_by_margins
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.unlike_rows import thinned
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import (
    shown_counts,
    suppressed_counts,
    told_digit,
    told_limits,
    told_p,
    told_step,
    told_values,
)
from evenlight.stats.shuffles import shuffles

DRAWS = 1_999


def intersect(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: Sequence[str | Groups],
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Intersection:
    """Cells of the groupings `by` (two or more) of attributions (n, p), in SD(f) within cells.

    Of more than 500 subjects those with the largest mean |attribution| enter. Cells below 11 units
    are named, not shown, and do not enter, SD(f) among it; beside one, numbers of the others are
    told to a step. Where cells have unlike numbers of rows a unit, as many of each enter, and
    `note` says so (`measures.unlike_rows`). Raises GroupError for fewer than two groupings, and for
    more than 60 cells.
    """
    made, _ = as_variables(attributions, cohort)
    usable = replace_unconverged(crossed(cohort, by), made)
    used, _ = thinned(without_hidden(usable)[0])
    unit = exact_sd(used, made.total())
    if not unit > 0:
        raise AttributionError("the output does not vary within cells; nothing can be compared")
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    chosen = largest(phi[used.kept])
    values = phi[usable.kept][:, chosen] / unit
    names = tuple(made.features.names[j] for j in chosen)
    cross = Cross(usable, groupings_of(cohort, by), names, "attribution", "SD(f)")
    return _intersect(cross, values, asked_for(testing), rng)


def intersect_values(
    values: pd.DataFrame,
    cohort: Cohort,
    *,
    by: Sequence[str | Groups],
    quantity: str = "error",
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Intersection:
    """The same of any numbers of rows, as losses: a DataFrame indexed by row id, column = subject.

    In their own unit. Raises CohortError where ids do not match, GroupError as `intersect`.
    """
    at = align.match(align.ids(values.index), cohort.rows, what="values")
    wide = values.to_numpy(dtype=np.float64)[at]
    if not np.isfinite(wide).all():
        bad = int((~np.isfinite(wide)).any(axis=1).sum())
        raise GroupError(f"{bad} of {len(wide)} rows have no finite {quantity}; leave them out")
    names = tuple(map(str, values.columns))
    cross = Cross(crossed(cohort, by), groupings_of(cohort, by), names, quantity, "its own unit")
    return _intersect(cross, wide, asked_for(testing), rng)


def replace_unconverged(here: Setting, made: Attributions) -> Setting:
    """The setting without rows that did not converge."""
    if made.converged.all():
        return here
    return setting(here.cohort, here.groups, kept=made.converged)


def _intersect(
    cross: Cross, values: Float, testing: Testing, rng: np.random.Generator | int
) -> Intersection:
    """Values (n kept, m) by cell: numbers where at least 11 units are, then the tests."""
    counts = cross.here.sizes
    shown, reason = _shown(cross)
    coarse = told_by_margins(cross.here, cross.groupings)
    used, note = thinned(without_hidden(cross.here)[0])
    values = values[used.kept[cross.here.kept]]
    cross = replace(cross, here=thinned(only_shown(cross.here))[0])
    out = _empty(len(counts), len(cross.groupings), values.shape[1])
    own, beside, large = _large(cross.here, values)
    reason[np.setdiff1d(np.flatnonzero(reason == ""), large)] = "too few with known covariates"
    draws = testing.draws or DRAWS
    why = cannot(cross, own, beside, large)
    if not why:
        drawn = shuffles(own.block, draws=draws, rng=np.random.default_rng(rng))
        out |= tests(cross, own, beside, drawn)
        made = numbers(cross, own, beside, large, testing.alpha)
        level = cross.here.unit_group[own.unit]
        blunt = (
            coarse | one_is_most(np.abs(own.values), level) | one_far_from_all(own.values, level)
        )
        told = _coarse(made, counts[large], testing.alpha) if blunt.any() else made
        made |= {name: np.where(blunt, told[name], made[name]) for name in told}
        for name in ("p", "p_maxt", "q", "main_p"):
            out[name] = np.where(blunt, told_p(out[name]), out[name])
        for name in CELL:
            out[name][large] = made[name]
        out["tau"] = made["tau"]
    elif large.size:
        reason[large] = np.where(reason[large] == "", why, reason[large])
    return Intersection(
        groupings=tuple(g.name for g in cross.groupings), cells=cross.cells,
        subjects=cross.subjects, quantity=cross.quantity, unit=cross.unit, alpha=testing.alpha,
        draws=draws, note=note, count=np.where(counts == 0, np.nan, shown), **out,
        reason=reason.astype(np.str_),
        why=np.array([why] * values.shape[1], dtype=np.str_),
    )  # fmt: skip


def _shown(cross: Cross) -> tuple[Float, NDArray[np.object_]]:
    """Units of each cell as they may be shown, and why one has no numbers: text of any length."""
    counts = cross.here.sizes
    shown, reason, _ = suppressed_counts(counts, smallest=least_shown())
    shown = shown_counts(shown, rounded=told_by_margins(cross.here, cross.groupings))
    return shown, np.where(counts == 0, "nobody", reason.astype(object))


def _coarse(made: dict[str, Float], n: Int, alpha: float) -> dict[str, Float]:
    """Numbers of cells (c, m) no finer than counts to 5: a grouping may tell the sum of its cells.

    Limits are told outwards; what is pooled has the step of the cell.
    """
    n = np.maximum(n, 2)[:, None]
    t = stats.t.ppf(1 - alpha / 2, n - 1)
    step = told_step((made["high"] - made["low"]) / (2 * t), n)
    out = {name: told_values(made[name], step) for name in ("mean", "pooled", "gamma")}
    for low, high in (("low", "high"), ("pooled_low", "pooled_high")):
        out[low], out[high] = told_limits(made[low], made[high], step)
    return {**out, "weight": np.round(made["weight"], 1), "tau": told_digit(made["tau"])}


def _large(here: Setting, values: Float) -> tuple[Blocked, Float, Int]:
    """The units of cells with 11 or more of them, what is held beside them, and these cells."""
    own, beside = entering(here, "nothing", values)
    code = here.unit_group[own.unit]
    large = np.flatnonzero(np.bincount(code, minlength=len(here.sizes)) >= least_shown())
    left = own.only(np.isin(code, large))
    return left, beside[np.isin(own.unit, left.unit)], large


def _empty(c: int, g: int, m: int) -> dict[str, Float]:
    made: dict[str, Float] = {name: np.full((c, m), np.nan) for name in CELL}
    made |= {name: np.full((m,), np.nan) for name in TEST}
    return made | {"main_p": np.full((g, m), np.nan)}
