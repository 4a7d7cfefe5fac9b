"""The two arms of a contrast under a condition: cells, design, permuted labels, or why not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.errors import CohortError
from evenlight.measures.prepare import Setting, overlap_reason
from evenlight.measures.streamed import Streamed
from evenlight.measures.weighing import sampling_weights
from evenlight.stats.cells import Cells, Design, cells, design, joint
from evenlight.stats.columns import Columns
from evenlight.stats.enumeration import all_labels
from evenlight.stats.held import held_outcome
from evenlight.stats.parts import effective
from evenlight.stats.permutation import Labels, permuted_labels
from evenlight.stats.strata import within_adjusted


@dataclass(frozen=True, slots=True, eq=False)
class Arms:
    """One contrast `names` (level, reference) under one condition.

    `cells` hold every subject of every view given that condition; `total` and `left` are units of
    each arm before and after strata without both were dropped; `reason` says why it cannot be
    asked. `effective` are the units of each arm that count under sampling weights (Kish), None
    without. `every` holds all arrangements of the labels where they are fewer than 20,000.
    """

    names: tuple[str, str]
    cells: Cells
    plan: Design
    labels: Labels
    total: tuple[int, int]
    left: tuple[int, int]
    reason: str
    effective: tuple[float, float] | None = None
    every: Labels | None = None

    @property
    def counting(self) -> tuple[float, float]:
        """Units of each arm, or the effective number where sampling weights make it smaller."""
        a, b = self.effective or self.left
        return min(float(self.left[0]), a), min(float(self.left[1]), b)


def stratum_given(here: Setting, given: str) -> Int:
    """The stratum of each kept row under a condition, -1 where the outcome is unknown."""
    stratum = here.cohort.stratum[here.kept]
    if given == "nothing":
        return stratum
    kind = here.cohort.outcome_kind
    if kind is None or kind == "survival":
        raise CohortError("a view given the outcome needs a binary, categorical or continuous one")
    return joint([stratum, _bins(here, kind)])


def _bins(here: Setting, kind: str) -> Int:
    """The outcome of each kept row as it is held: its class, or its bin."""
    codes = here.groups.codes[here.kept]
    return held_outcome(here.cohort.y[here.kept], codes, kind=kind).piece


def arms_of(
    here: Setting, given: str, values: Float | Streamed, *, draws: int, rng: np.random.Generator
) -> list[Arms]:
    """The arms of every contrast; `values` (n kept, ...) of all views that share the condition."""
    stratum = stratum_given(here, given)
    held: Float | Cells
    if given == "outcome" and here.cohort.outcome_kind == "continuous":
        held = outcome_adjusted(here, np.asarray(values), stratum)
    else:
        held = values.cells(here.unit, stratum) if isinstance(values, Streamed) else values
    return [
        arm(here, pair, stratum, held, draws=draws, rng=rng) for pair in here.groups.contrasts()
    ]


def outcome_adjusted(here: Setting, values: Float, stratum: Int) -> Float:
    """Values (n kept, ...) without their dependence on a continuous outcome inside its bins."""
    y, piece = here.cohort.y[here.kept], _bins(here, "continuous")
    at = here.order[stratum[here.order] >= 0]  # no last digit is of the rows' order
    group = here.unit_group[here.unit[at]]
    out = values.copy()
    out[at] = within_adjusted(values[at], y[at], stratum[at], group, piece=piece[at])
    return out


def arm(
    here: Setting,
    pair: tuple[str, str],
    stratum: Int,
    values: Float | Cells,
    *,
    draws: int,
    rng: np.random.Generator,
) -> Arms:
    """The arms of one contrast within given strata (n kept,) of `values` (n kept, p).

    Or of these added up to the cells of every unit already.
    """
    a, b = (here.groups.levels.index(name) for name in pair)
    among = np.isin(here.unit_group[here.unit], (a, b)) & (stratum >= 0)
    sampling = sampling_weights(here)
    if sampling is not None:
        among &= sampling[here.unit] > 0
    rows = here.order[among[here.order]]
    if isinstance(values, Cells):
        made = _of(values, here.unit[rows])
    else:
        made = cells(values[rows], here.unit[rows], stratum[rows])
    plan = design(made, here.unit_group == a, sampling)
    present = here.unit_group[np.unique(here.unit[rows])]
    total = (int((present == a).sum()), int((present == b).sum()))
    left = (int(plan.member.sum()), int((~plan.member).sum()))
    lost = plan.dropped + plan.torn
    reason = overlap_reason(total, left, pair, dropped=lost, rounded=here.rounded)
    labels = permuted_labels(plan, draws=0 if reason else draws, rng=rng)
    every = all_labels(plan) if len(labels) else None
    return Arms(pair, made, plan, labels, total, left, reason, effective_units(plan), every)


def _of(whole: Cells, unit: Int) -> Cells:
    """The cells of some units; every cell of a unit enters, or none."""
    stay = np.isin(whole.unit, unit)
    if stay.all():
        return whole
    held = cast(Columns | Float, whole.values)
    values = cast(Float, held.at(stay)) if isinstance(held, Columns) else held[stay]
    return Cells(whole.unit[stay], whole.stratum[stay], values)


def effective_units(plan: Design) -> tuple[float, float] | None:
    """Kish's effective units of the level and the reference, None without sampling weights."""
    if plan.sampling is None:
        return None
    return effective(plan.sampling[plan.member]), effective(plan.sampling[~plan.member])
