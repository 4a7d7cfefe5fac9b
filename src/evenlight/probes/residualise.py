"""Sets of features freed from what lies between groups, or along ancestry axes."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data import align
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.data.neutralised import Neutralised
from evenlight.errors import GroupError
from evenlight.probes.scene import Scene, in_order, references, scene, tabular
from evenlight.probes.swap import MANY, REFERENCES
from evenlight.stats.cells import joint


def residualise(
    model: object,
    cohort: Cohort,
    *,
    by: str | Groups,
    sets: FeatureSets,
    on: Axes | None = None,
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> Neutralised:
    """Each column of a set less its group's mean, plus the mean of all groups.

    Group means are taken within declared strata, and groups weigh alike in the mean of all. With
    `on` the linear dependence on these axes is taken off instead. The outcome is not held, as it
    is not known where a model is used: what the outcome explains of a group's mean goes as well, so
    that more of the gap may close than the set carries. What comes out need not be a value that
    anybody can have (genotypes of 0.3): the record's notes say where.

    Raises ModelError, FeatureError as `swap` does, GroupError for axes of other rows.
    """
    tabular(cohort, "residualise")
    here = scene(model, cohort, by=by, sets=sets, target=target)
    axes = None if on is None else _axes(on, cohort)
    after, part = np.full((2, len(here.sets), 1, cohort.n), np.nan)
    moved = here.given.group >= 0 if axes is None else np.ones(cohort.n, dtype=bool)
    rows = in_order(here, moved & (here.given.nuisance >= 0))
    hosts = _hosts(here, np.random.default_rng(rng))
    for i, columns in enumerate(here.columns):
        held = here.held(columns)
        values = _even(here, held) if axes is None else _off_axes(held, axes, cohort.order)
        after[i, 0, rows] = here.margin(rows, columns, values[rows])
        if axes is None:
            each = [here.margin(hosts[rows, k], columns, held[rows]) for k in range(REFERENCES)]
            part[i, 0, rows] = np.mean(each, axis=0)
    way = "less the mean of the group" if on is None else f"less its regression on {on.name}"
    return here.record(
        "residual", after, part=part, fitted=here.given.nuisance,
        how=(way,) * len(here.sets), notes=_notes(here, on),
    )  # fmt: skip


def _even(here: Scene, held: Float) -> Float:
    """Values (n, q) whose group means are all alike within each declared stratum."""
    group, out = here.given.group, held.copy()
    for rows in here.cells(here.given.nuisance):
        present = [g for g in np.unique(group[rows]) if g >= 0]
        means = [held[rows[group[rows] == g]].mean(axis=0) for g in present]
        for g, mean in zip(present, means, strict=True):
            out[rows[group[rows] == g]] += np.mean(means, axis=0) - mean
    return out


def _off_axes(held: Float, axes: Float, order: Int) -> Float:
    """Values (n, q) without their linear dependence on axes (n, a); means stay."""
    apart = axes - axes[order].mean(axis=0)
    slope = np.linalg.lstsq(apart[order], held[order] - held[order].mean(axis=0), rcond=None)[0]
    off: Float = held - apart @ slope
    return off


def _axes(on: Axes, cohort: Cohort) -> Float:
    """The axes in the cohort's order."""
    if on.rows is None and len(on.values) != cohort.n:
        raise GroupError(
            f"{on.name}: {len(on.values)} rows for a cohort of {cohort.n}; give rows= with the ids"
        )
    if on.rows is None:
        return on.values
    return on.values[align.match(on.rows, cohort.rows, what=on.name)]


def _hosts(here: Scene, rng: np.random.Generator) -> Int:
    """For each row (n, K) some people of its own group and stratum."""
    code = joint([here.given.group, here.given.nuisance])
    return references(here, code, REFERENCES, rng)[code]


def _notes(here: Scene, on: Axes | None) -> tuple[str, ...]:
    """Where values come out that nobody has, and what the interval does not hold."""
    coded = [
        name
        for name, columns in zip(here.sets, here.columns, strict=True)
        if any(len(np.unique(column)) <= MANY for column in here.held(columns).T)
    ]
    notes = []
    if coded:
        told = ", ".join(coded[:5]) + (", ..." if len(coded) > 5 else "")
        notes.append(
            f"{len(coded)} of {len(here.sets)} sets ({told}) hold columns of few values, such as "
            "genotypes; their residuals are values that nobody has, on which the model was never "
            "trained or tested."
        )
    if on is not None:
        notes.append(f"The regression on {on.name} is taken as known in the intervals.")
    return tuple(notes)
