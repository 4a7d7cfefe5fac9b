"""Where one person is most of a group: what is told of the group would be told of that person.

In statistical disclosure control a cell is sensitive where its largest contributor has more than
half of it (Hundepool et al. 2012, Statistical Disclosure Control, section 4.2). Here the cell is a
level's sum of |attribution| of one subject, such as that of a variant with one carrier. Its mean
and every difference that it enters are then told to steps (`stats.disclosure.told_step`): the share
of the one is not known to within 10 / sqrt(n) of itself. So are shares of a variance and of all
importance, of which another one is then coarse too, since they add up to what is told; means of
errors and scores, in every part; cells of crossed groupings; and how far a value tells the group,
by its distance to the median.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.measures.comparison import Comparison
from evenlight.measures.hidden_people import one_far_from_all
from evenlight.measures.prepare import Setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.told_effects import P, told_numbers
from evenlight.measures.told_reliance import told_cuts, told_partial, told_rows, told_support
from evenlight.stats.disclosure import (
    as_open,
    dominated,
    never_alone,
    told_limits,
    told_step,
    told_values,
)
from evenlight.stats.metrics import LOSSES, Case

ENDS = ("importance", "importance_low", "importance_high")
SUBJECTS = ("raw", "share", "low", "high", *P)
TOTALS = ("raw_total", "total", "total_low", "total_high")
SUPPORT = ("slope", "slope_low", "slope_high", "slope_p", "heterogeneity_p")
EFFECTS = ("effect", "low", "high", "se", "df", "p", "p_maxt", "q")


def one_is_most(size: Float, group: Int) -> Bool:
    """Columns (p,) of sizes (u, p) of which one unit has more than half, in a level or in all."""
    found = dominated(size[group >= 0])
    for g in np.unique(group[group >= 0]):
        found |= dominated(size[group == g])
    return found


def one_is_most_of_bin(value: Float, phi: Float) -> Bool:
    """Whether one unit (u,) is most of a bin: of distances to its median value, and of |phi|.

    >>> one_is_most_of_bin(np.array([1.0, 1.1, 9.0]), np.array([0.2, 0.3, 0.2]))
    array([ True, False])
    """
    far = np.abs(value - np.median(value))
    return dominated(np.column_stack([far, np.abs(phi)]))


def rare_values(values: Float) -> Bool:
    """Columns (c,) of values (u, c), NaN missing, in which one unit is most of what is uncommon.

    >>> rare_values(np.eye(30)[:, :1]), rare_values(np.eye(30)[:, [0, 0]] + np.eye(30)[:, [1, 0]])
    (array([ True]), array([False,  True]))
    """
    known = np.isfinite(values)
    middle = [
        np.median(v[own]) if own.any() else 0.0 for v, own in zip(values.T, known.T, strict=True)
    ]
    return dominated(np.where(known, np.abs(np.nan_to_num(values) - middle), 0.0))


def errors_of_one(case: Case, names: Iterable[str], unit: Int, parts: Mapping[str, Bool]) -> Bool:
    """Metrics (m,) that are means in which one unit has more than half, in some part of the rows.

    `unit` (n,) of rows that `parts` are masks of.
    """
    found = []
    for j, name in enumerate(names):
        size = LOSSES["brier" if name == "r2" else name](case) if name in (*LOSSES, "r2") else None
        if case.scores is not None:
            size = case.scores[:, j]
        most = False
        for rows in parts.values() if size is not None else ():
            each = np.bincount(unit[rows], np.abs(size[rows]), minlength=1)  # type: ignore[index]
            most |= bool(dominated(each[:, None].astype(np.float64))[0])
        found.append(most)
    return np.array(found, dtype=bool)


def shares_without_dominated(found: Reliance, phi: Float, here: Setting) -> Reliance:
    """The same reliance, coarse where one unit has more than half of a level's |attribution|.

    `phi` (u, p) of units; verdicts are of the numbers before.
    """
    mask = one_is_most(np.abs(phi), here.unit_group)
    if here.rounded or not mask.any():
        return found
    mask, blunt = never_alone(mask, found.mass), replace(here, coarse=True)
    rows = told_rows({name: getattr(found, name) for name in (*SUBJECTS, *TOTALS)}, blunt)
    told = told_support({name: getattr(found, name) for name in SUPPORT}, blunt)
    each = {name: rows[name] for name in SUBJECTS} | {name: told[name] for name in SUPPORT}
    kept: dict[str, Any] = {n: np.where(mask, new, getattr(found, n)) for n, new in each.items()}
    kept |= {name: rows[name] for name in TOTALS}
    return replace(
        found,
        **kept,
        cuts=told_cuts(found.cuts, blunt),
        partial=told_partial(found.partial, blunt) if found.partial is not None else None,
    )


def without_dominated(
    found: Comparison, parts: Iterable[tuple[slice, Float, Float]], here: Setting
) -> Comparison:
    """The same comparison, coarse where one unit has more than half of a level's |attribution|.

    Of such a subject all levels are, as another grouping may tell the sum over everybody; and it is
    never one subject alone, as subjects add up to the output. `parts` are columns, and means and
    sizes of units there (u, q). Verdicts stay: they are of the numbers before.
    """
    mask = np.zeros(found.mean.shape, dtype=bool)
    levels = {name: getattr(found, name).copy() for name in ("mean", *ENDS)}
    for some, mean, size in parts:
        own = [here.unit_group == g for g in range(len(mask))]
        few = np.array([_rests_on_one(mean[at], size[at]) for at in own])
        _coarse(levels, some, [(mean[at], size[at]) for at in own], few)
        mask[:, some] = few.any(axis=0)
    if not mask.any():
        return found
    mask[:] = never_alone(mask[0], np.nan_to_num(found.importance).max(axis=0))
    kept: dict[str, Any] = {
        name: np.where(mask, levels[name], getattr(found, name)) for name in levels
    }
    return replace(found, **kept | _effects(found, mask, here), rounded=True)


def _rests_on_one(mean: Float, size: Float) -> Bool:
    """Subjects (q,) of a level's units (m, q) of which one has most of the size, or the spread."""
    return dominated(size) | one_far_from_all(mean, np.zeros(len(mean), dtype=np.int64))


def _coarse(
    levels: dict[str, Float], some: slice, units: Sequence[tuple[Float, Float]], few: Bool
) -> None:
    """Means of each level's units (m, q), in some columns, to the steps of their spread."""
    n = np.array([[max(len(mean), 1)] for mean, _ in units])
    step, wide = (_level_steps([own[i] for own in units], few, n) for i in (0, 1))
    low, high = told_limits(levels[ENDS[1]][:, some], levels[ENDS[2]][:, some], wide)
    levels["mean"][:, some] = told_values(levels["mean"][:, some], step)
    levels[ENDS[0]][:, some] = told_values(levels[ENDS[0]][:, some], wide)
    levels[ENDS[1]][:, some], levels[ENDS[2]][:, some] = low, high


def _level_steps(values: Sequence[Float], few: Bool, n: Int) -> Float:
    """The steps (k, q) of means of each level's units (m, q)."""
    sd = [own.std(axis=0) if len(own) else np.zeros(own.shape[1]) for own in values]
    return told_step(as_open(np.array(sd) / np.sqrt(n), few, n), n)


def _effects(found: Comparison, mask: Bool, here: Setting) -> dict[str, Float]:
    """The numbers of every view (v, c, p) where either level of a contrast is dominated."""
    place = [[here.groups.levels.index(name) for name in pair] for pair in found.contrasts]
    either = mask[np.array(place)].any(axis=1)
    exact = {name: getattr(found, name) for name in EFFECTS}
    told = told_numbers(exact, np.maximum(found.n.min(axis=-1), 1)[..., None])
    return {name: np.where(either, told[name], exact[name]) for name in EFFECTS if name in told}
