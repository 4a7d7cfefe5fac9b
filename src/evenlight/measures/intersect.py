"""Intersections, as ancestry x sex: cells beside the sum of their groupings.

    value = mu + alpha + beta + ... + gamma + strata + covariates

gamma, all deviations of cells from the sum of main effects, is tested by the joint statistic of
Freedman and Lane; cells are pooled towards that sum by empirical Bayes, so that a small cell is
neither hidden in the large ones nor shown with all its noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import stats

from evenlight.arrays import Float, Int
from evenlight.data import align
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.errors import AttributionError, GroupError
from evenlight.measures.axes import entering
from evenlight.measures.axes_omnibus import largest
from evenlight.measures.intersection import CELL, TEST, Intersection
from evenlight.measures.nuisance import Blocked
from evenlight.measures.prepare import Setting, as_variables, setting, several, told_by_margins
from evenlight.measures.testing import Testing, asked_for
from evenlight.stats.cell_means import adjusted_means, basis
from evenlight.stats.cells import joint
from evenlight.stats.disclosure import shown_counts, suppressed_counts
from evenlight.stats.effects import within_sd
from evenlight.stats.f_scale import at_least_normal, one_sided
from evenlight.stats.freedman_lane import (
    centred,
    joint_score,
    null_wald,
    orthonormal,
    regression,
    wald,
)
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.shrinkage import shrink
from evenlight.stats.shuffles import Shuffles, shuffles

MOST_CELLS = 60
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
    are named, not shown, and do not enter. Raises GroupError for fewer than
    two groupings, and for more than 60 cells.
    """
    made, _ = as_variables(attributions, cohort)
    here = crossed(cohort, by)
    unit = within_sd(here.per_unit(made.total()), here.unit_group)
    if not unit > 0:
        raise AttributionError("the output does not vary within cells; nothing can be compared")
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    usable = replace_unconverged(here, made)
    chosen = largest(phi)
    values = phi[usable.kept][:, chosen] / unit
    names = tuple(made.features.names[j] for j in chosen)
    cross = _Cross(usable, _groupings(cohort, by), names, "attribution", "SD(f)")
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
    cross = _Cross(crossed(cohort, by), _groupings(cohort, by), names, quantity, "its own unit")
    return _intersect(cross, wide, asked_for(testing), rng)


@dataclass(frozen=True, slots=True, eq=False)
class _Cross:
    """What is asked of which cells."""

    here: Setting
    groupings: tuple[Groups, ...]
    subjects: tuple[str, ...]
    quantity: str
    unit: str

    @property
    def cells(self) -> tuple[tuple[str, ...], ...]:
        return tuple(product(*(g.levels for g in self.groupings)))


def _groupings(cohort: Cohort, by: Sequence[str | Groups]) -> tuple[Groups, ...]:
    if isinstance(by, str | Groups) or len(by) < 2:
        raise GroupError("an intersection needs two groupings or more, as by=['ancestry', 'sex']")
    made = tuple(cohort.grouping(one) for one in by)
    for groups in made:
        several(groups)
    return made


def crossed(cohort: Cohort, by: Sequence[str | Groups]) -> Setting:
    """The setting whose groups are all cells of the groupings; unknown in one is unknown."""
    made = _groupings(cohort, by)
    cells = list(product(*(range(len(g.levels)) for g in made)))
    if len(cells) > MOST_CELLS:
        raise GroupError(
            f"{' x '.join(g.name for g in made)} has {len(cells)} cells; at most {MOST_CELLS} are "
            "crossed: join levels with merge="
        )
    sizes = [len(g.levels) for g in made]
    known = joint([g.codes for g in made]) >= 0
    codes = np.full(cohort.n, -1, dtype=np.int64)
    codes[known] = np.ravel_multi_index(tuple(g.codes[known] for g in made), sizes)
    names = tuple(" x ".join(p) for p in product(*(g.levels for g in made)))
    both = Groups(" x ".join(g.name for g in made), names, codes, rows=cohort.rows)
    return setting(cohort, both)


def replace_unconverged(here: Setting, made: Attributions) -> Setting:
    """The setting without rows that did not converge."""
    if made.converged.all():
        return here
    return setting(here.cohort, here.groups, kept=made.converged)


def _intersect(
    cross: _Cross, values: Float, testing: Testing, rng: np.random.Generator | int
) -> Intersection:
    """Values (n kept, m) by cell: numbers where at least 11 units are, then the tests."""
    here = cross.here
    counts = here.sizes
    shown, reason, _ = suppressed_counts(counts, smallest=SMALLEST_GROUP)
    shown = shown_counts(shown, rounded=told_by_margins(here, cross.groupings))
    reason = np.where(counts == 0, "nobody", reason).astype(np.str_)
    out = _empty(len(counts), len(cross.groupings), values.shape[1])
    own, beside = entering(here, "nothing", values)
    code = here.unit_group[own.unit]
    large = np.flatnonzero(np.bincount(code, minlength=len(counts)) >= SMALLEST_GROUP)
    reason[np.setdiff1d(np.flatnonzero(reason == ""), large)] = "too few with known covariates"
    draws = testing.draws or DRAWS
    generator = np.random.default_rng(rng)
    stay = np.isin(code, large)
    left = own.only(stay)
    own, beside = left, beside[np.isin(own.unit, left.unit)]
    why = _cannot(cross, own, beside, large)
    if not why:
        drawn = shuffles(own.block, draws=draws, rng=generator)
        out |= _tests(cross, own, beside, drawn)
        numbers = _cells(cross, own, beside, large, testing.alpha)
        for name in CELL:
            out[name][large] = numbers[name]
        out["tau"] = numbers["tau"]
    elif large.size:
        reason[large] = np.where(reason[large] == "", why, reason[large].astype(object))
    return Intersection(
        groupings=tuple(g.name for g in cross.groupings),
        cells=cross.cells,
        subjects=cross.subjects,
        quantity=cross.quantity,
        unit=cross.unit,
        alpha=testing.alpha,
        draws=draws,
        count=np.where(counts == 0, np.nan, shown),
        **out,
        reason=reason.astype(np.str_),
        why=np.full(values.shape[1], why, dtype=np.str_ if why else "<U1"),
    )


def _empty(c: int, g: int, m: int) -> dict[str, Float]:
    made: dict[str, Float] = {name: np.full((c, m), np.nan) for name in CELL}
    made |= {name: np.full((m,), np.nan) for name in TEST}
    return made | {"main_p": np.full((g, m), np.nan)}


def _strata(block: Int) -> Float:
    return np.eye(int(block.max(initial=0)) + 1)[block]


def _levels(cross: _Cross, own: Blocked) -> list[Float]:
    """Indicators of each grouping's levels (u, levels - 1) for units that enter."""
    sizes = [len(g.levels) for g in cross.groupings]
    parts = np.unravel_index(cross.here.unit_group[own.unit], sizes)
    return [np.eye(k)[part][:, 1:] for part, k in zip(parts, sizes, strict=True)]


def _deviations(cross: _Cross, own: Blocked, main: Float) -> Float:
    """Columns (u, r) that span all differences of cells beyond the main effects."""
    cell = np.unique(cross.here.unit_group[own.unit], return_inverse=True)[1]
    block = np.zeros(len(cell), dtype=np.int64)
    spanned = orthonormal(centred(main, block))
    each = centred(np.eye(int(cell.max(initial=0)) + 1)[cell], block)
    left = each - spanned @ (spanned.T @ each)
    return basis(np.where(np.abs(left) > 1e-9, left, 0.0))


def _cannot(cross: _Cross, own: Blocked, beside: Float, large: Int) -> str:
    """Why the interaction cannot be tested, "" if it can."""
    if len(large) < 2:
        return f"fewer than two cells have {SMALLEST_GROUP} units; more people are needed"
    main = np.hstack(_levels(cross, own))
    cells = _deviations(cross, own, main)
    if not cells.shape[1]:
        return "the cells with enough units leave no interaction to estimate"
    try:
        regression(cells, np.hstack([main, beside]), own.block, own.weights)
    except ValueError:
        return (
            "the interaction cannot be told apart from strata and covariates; people of these "
            "cells from the same strata are needed"
        )
    return ""


def _tests(cross: _Cross, own: Blocked, beside: Float, drawn: Shuffles) -> dict[str, Float]:
    """The interaction beside all main effects, and each main effect beside the others."""
    parts = _levels(cross, own)
    main = np.hstack(parts)
    p, most = _joint(own, _deviations(cross, own, main), np.hstack([main, beside]), drawn)
    alone = np.full((len(parts), own.values.shape[1]), np.nan)
    for g, part in enumerate(parts):
        others = np.hstack([np.zeros((len(part), 0)), *parts[:g], *parts[g + 1 :], beside])
        columns = basis(centred(part, np.zeros(len(part), dtype=np.int64)))
        alone[g] = _joint(own, columns, others, drawn)[0]
    return {"p": p, "p_maxt": most, "q": benjamini_hochberg(p), "main_p": alone}


def _joint(own: Blocked, columns: Float, beside: Float, drawn: Shuffles) -> tuple[Float, Float]:
    """P and max-T p (m,) of all columns at once; 1 where they cannot be told apart or vary not."""
    one = np.ones(own.values.shape[1])
    try:
        made = regression(columns, beside, own.block, own.weights)
    except ValueError:
        return one, one
    seen = wald(own.values, made)
    null = joint_score(null_wald(own.values, made, drawn), made)
    p, most = one_sided(joint_score(seen, made), at_least_normal(null))
    return np.where(seen == 0, one, p), np.where(seen == 0, one, most)


def _cells(
    cross: _Cross, own: Blocked, beside: Float, large: Int, alpha: float
) -> dict[str, Float]:
    """Numbers of the large cells (C', m)."""
    code = cross.here.unit_group[own.unit]
    mean, variance = adjusted_means(
        own.values,
        np.searchsorted(large, code),
        np.hstack([beside, _strata(own.block)]),
        own.weights,
    )
    sizes = [len(g.levels) for g in cross.groupings]
    parts = np.unravel_index(large, sizes)
    design = [np.ones((len(large), 1))]
    design += [np.eye(k)[part][:, 1:] for part, k in zip(parts, sizes, strict=True)]
    x = np.hstack(design)
    out = {name: np.zeros_like(mean) for name in CELL}
    tau = np.zeros(mean.shape[1])
    n = np.bincount(np.searchsorted(large, code), minlength=len(large))
    t = np.asarray(stats.t.ppf(1 - alpha / 2, n - 1))[:, None]
    half = t * np.sqrt(variance)
    out |= {"mean": mean, "low": mean - half, "high": mean + half}
    for j in range(mean.shape[1]):
        least = max(float(np.ptp(mean[:, j])) ** 2, float(variance[:, j].max()))
        if least < 1e-200:  # the subject does not vary: there is nothing to pool
            out["pooled"][:, j] = out["pooled_low"][:, j] = out["pooled_high"][:, j] = mean[:, j]
            continue
        made = shrink(mean[:, j], np.maximum(variance[:, j], 1e-9 * least), x)
        tau[j] = np.sqrt(made.tau2)
        out["pooled"][:, j], out["gamma"][:, j] = made.pooled, made.gamma
        out["weight"][:, j] = made.weight
        wide = t[:, 0] * made.se
        out["pooled_low"][:, j], out["pooled_high"][:, j] = made.pooled - wide, made.pooled + wide
    return out | {"tau": tau}
