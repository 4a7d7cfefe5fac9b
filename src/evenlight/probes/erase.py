"""The output where a layer's means no longer differ between groups of one outcome and stratum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.data.groups import Groups
from evenlight.data.handed import need_cohort
from evenlight.data.representation import Erased
from evenlight.data.strata import held_beside, strata_without
from evenlight.data.units import unit_codes, unit_strata
from evenlight.errors import GroupError
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.layers import Layer
from evenlight.probes.opened import opened
from evenlight.probes.outcomes import unit_outcomes
from evenlight.probes.shown_groups import shown_rows
from evenlight.stats.cells import joint
from evenlight.stats.held import CLASSES, held_outcome
from evenlight.stats.leakage import group_shift
from evenlight.stats.strata import within_adjusted

BLOCKS = 20
"""Most blocks of units that are left out in turn, for a delete-a-group jackknife."""


def erase(
    model: object,
    cohort: Cohort,
    *,
    by: str | Groups,
    against: str | Groups | None = None,
    layers: Sequence[str] | None = None,
    target: int | str | None = None,
    rng: np.random.Generator | int = 0,
) -> tuple[Erased, ...]:
    """Erase from each layer what its means tell of the groups of `by`, and run the rest (n rows).

    In each stratum of the cohort and of its outcome a row's values are moved by the difference
    between the middle of the groups' means and the mean of its own group, of a map at every place
    apart. With `against` (a site, a scanner), also within its levels, and its own differences
    within the groups of `by`: which of the two a layer holds; one that varies between the rows of a
    unit, as the view of an image, is held only. A layer that holds a group and a model that does
    not use it leave the output where it is. The rest of the model is run 21 times for each layer
    and question. People of a level of 1 to 10 units are in no mean, and nothing is moved for them.

    Raises ModelError as `embed` does and for a layer too large to be held as a whole, GroupError
    where `against` is the grouping itself.
    """
    need_cohort(cohort, "erase(model, cohort, by=...)")
    groups = cohort.grouping(by)
    other, constant = (None, False) if against is None else held_beside(cohort, against)
    if other is not None and other.name == groups.name:
        raise GroupError(f"{groups.name} stands against itself; name another column, as a site")
    prepared = prepare(model, cohort, target=target)
    found = opened(prepared, cohort, layers=layers, whole=True)
    block = _blocks(groups, cohort, np.random.default_rng(rng))
    asked: list[tuple[Groups, Groups | None]] = [(groups, None)]
    asked += [] if other is None else [(groups, other)]
    asked += [(other, groups)] if other is not None and constant else []
    return tuple(_erased(layer, prepared, cohort, pair, block) for pair in asked for layer in found)


def _erased(
    layer: Layer,
    prepared: Prepared,
    cohort: Cohort,
    pair: tuple[Groups, Groups | None],
    block: Int,
) -> Erased:
    groups, beside = pair
    shown = shown_rows(cohort, (groups,) if beside is None else (groups, beside))
    held, codes = _held_of(cohort, pair, shown), np.where(shown, groups.codes, -1)
    values = _adjusted(layer.values.astype(np.float64), held, codes)
    runs = 2 + int(block.max())
    after = np.empty((runs, cohort.n))
    for k in range(runs):
        entering: Bool = block != k - 1
        shift = group_shift(
            values, codes, held.stratum, weight=_row_weights(cohort, held.stratum, entering)
        )
        after[k] = layer.run(shift)[:, prepared.column]
    return Erased(
        layer.name, groups.name, "" if beside is None else beside.name, held.given, cohort.rows,
        prepared.output, after, block, prepared.target, cohort.digest,
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """What is held of each row (n,): its stratum, -1 unknown, and an outcome cut into pieces."""

    stratum: Int
    piece: Int
    y: Float | None
    given: str


def held_rows(cohort: Cohort, groups: Groups, beside: Groups | None) -> Rows:
    """Hold the strata, the outcome where there is one, and the levels of `beside`."""
    parts = [strata_without(cohort, groups.name)]
    if beside is not None:
        parts.append(beside.codes)
    kind = cohort.outcome_kind
    if kind is None:
        return Rows(joint(parts), np.zeros(cohort.n, dtype=np.int64), None, "nothing")
    y = cohort.y if kind in CLASSES else unit_outcomes(cohort)[0][cohort.units]
    event = followed(cohort)[1] if kind == "survival" else None
    own = held_outcome(y, groups.codes, kind=kind, event=event)
    return Rows(joint([*parts, own.piece]), own.piece, own.y, "outcome")


def _held_of(cohort: Cohort, pair: tuple[Groups, Groups | None], shown: Bool) -> Rows:
    """What is held of the rows that are `shown` (n,), as they alone have it; -1 of all others."""
    groups, beside = pair
    if shown.all():
        return held_rows(cohort, groups, beside)
    at = np.flatnonzero(shown)
    own = held_rows(cohort.take(at), groups.take(at), None if beside is None else beside.take(at))
    stratum, piece = np.full((2, cohort.n), -1, dtype=np.int64)
    stratum[at], piece[at] = own.stratum, own.piece
    y = None if own.y is None else np.full(cohort.n, np.nan)
    if y is not None:
        y[at] = own.y
    return replace(own, stratum=stratum, piece=piece, y=y)


def _adjusted(values: Float, rows: Rows, group: Int) -> Float:
    """Values without their dependence on a continuous outcome inside each bin."""
    if rows.y is None:
        return values
    known = (rows.stratum >= 0) & (group >= 0)
    values[known] = within_adjusted(
        values[known], rows.y[known], rows.stratum[known], group[known], piece=rows.piece[known]
    )
    return values


def _row_weights(cohort: Cohort, stratum: Int, entering: Bool) -> Float:
    """The weight of each row (n,): the rows of a unit in one stratum count as one; 0 left out."""
    pair = np.unique(np.column_stack([cohort.units, stratum]), axis=0, return_inverse=True)[1]
    share = 1.0 / np.bincount(pair.ravel())[pair.ravel()]
    return np.where(entering, share, 0.0)


def _blocks(groups: Groups, cohort: Cohort, rng: np.random.Generator) -> Int:
    """The block of each row (n,), by whole units, balanced within groups and strata."""
    shown = shown_rows(cohort, (groups,))
    unit_group = unit_codes(np.where(shown, groups.codes, -1), cohort.units)
    held = unit_strata(_held_of(cohort, (groups, None), shown).stratum, cohort.units)
    order = np.lexsort((rng.random(cohort.u), *held.share.T, held.code, unit_group))
    out = np.empty(cohort.u, dtype=np.int64)
    out[order] = np.arange(cohort.u) % BLOCKS
    return out[cohort.units]
