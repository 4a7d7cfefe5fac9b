"""Which cells stand in each stratum of a design, and which unit owns each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.cells import Design


@dataclass(frozen=True, slots=True, eq=False)
class Roster:
    """One stratum: `cells` (m,) rows of the cells in it, `units` (m,) who owns each, its weight.

    `sampling` (m,) is the sampling weight of each cell's unit, 1 where there is none.
    """

    cells: Int
    units: Int
    n_level: int
    n_reference: int
    weight: float
    sampling: Float


def rosters(plan: Design) -> list[Roster]:
    """The strata of a design that are left; their weights n_A n_B / (n_A + n_B) sum to 1."""
    cells: list[list[Int]] = [[] for _ in plan.weight]
    units: list[list[Int]] = [[] for _ in plan.weight]
    for block in plan.blocks:
        for j, s in enumerate(block.strata):
            cells[s].append(block.cells[:, j])
            units[s].append(block.units)
    share = plan.weight / plan.weight.sum()
    sampling = np.ones(len(plan.units)) if plan.sampling is None else plan.sampling
    out = []
    for s, weight in enumerate(share):
        here, own = np.concatenate(cells[s]), np.concatenate(units[s])
        counts = int(plan.n_level[s]), int(plan.n_reference[s])
        out.append(Roster(here, own, *counts, float(weight), sampling[own]))
    return out


def arm_means(values: Float, plan: Design, weights: Float) -> tuple[Float, Float]:
    """Means of level and reference with one standard mix of strata, each (draws, p).

    `values` (m, p) over cells; `weights` (2, draws, u) of each unit at the level and at the
    reference: 0/1 labels, or how often a bootstrap draw holds a unit. Both arms are averaged over
    strata with the weights n_A n_B / (n_A + n_B), so that another mix of sites is no difference,
    and units by their sampling weights where the design has some.
    """
    shape = (weights.shape[1], values.shape[1])
    out = [np.zeros(shape), np.zeros(shape)]
    for own in rosters(plan):
        rows = values[own.cells]
        for side in (0, 1):
            drawn = weights[side][:, own.units] * own.sampling
            total = np.maximum(drawn.sum(axis=1, keepdims=True), 1e-300)
            out[side] += own.weight * (drawn @ rows) / total
    return out[0], out[1]
