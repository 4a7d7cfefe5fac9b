"""Whether two groups have the same joint distribution: the energy statistic within strata.

    E_s = 2 E|x_A - x_B| - E|x_A - x_A'| - E|x_B - x_B'|    in each stratum s, Euclidean distances
    E = sum_s w_s E_s / sum_s w_s,   w_s = n_As n_Bs / (n_As + n_Bs)

E_s is 0 for equal distributions only (Szekely and Rizzo 2013, J Stat Plan Inference 143:1249). Each
mean is over all pairs of cells, a cell with itself included, so E >= 0 and its mean under no
difference is above 0: the mean over permutations tells how far. Means are weighted where units
have sampling weights. Distances cost O(m^2 p) once and a
permutation O(m^2), by matrix products of 0/1 labels.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.distance import cdist

from evenlight.arrays import Float
from evenlight.stats.cells import Design
from evenlight.stats.permutation import Labels
from evenlight.stats.rosters import rosters

STEP = 2**21
"""Labels that are multiplied at once."""


def energy(values: Float, plan: Design, labels: Labels) -> Float:
    """E (draws,) of cells (m, q) under labels (draws, u), 1 at the level.

    >>> from evenlight.stats.cells import cells, design
    >>> made = cells(np.array([[0.0], [1.0], [2.0], [3.0]]), np.arange(4), np.zeros(4, int))
    >>> plan = design(made, np.array([True, True, False, False]))
    >>> energy(made.values, plan, plan.member[None].astype(np.int8)).tolist()
    [3.0]
    """
    out = np.zeros(len(labels))
    for own in rosters(plan):
        apart = cdist(values[own.cells], values[own.cells])
        row = apart @ own.sampling
        total, people = float(own.sampling @ row), float(own.sampling.sum())
        step = max(1, STEP // len(own.cells))
        for start in range(0, len(labels), step):
            drawn = labels[start : start + step, own.units] * own.sampling
            a = drawn.sum(axis=1)
            b = people - a
            inside = np.einsum("bm,bm->b", drawn @ apart, drawn)
            across = drawn @ row - inside
            other = total - inside - 2 * across
            e = 2 * across / (a * b) - inside / a**2 - other / b**2
            out[start : start + step] += own.weight * np.maximum(e, 0.0)
    return out


def spread_between(values: Float, plan: Design) -> float:
    """2 E|x_A - x_B| averaged over strata with the same weights: the largest E can be."""
    out = 0.0
    for own in rosters(plan):
        at = plan.member[own.units]
        across = cdist(values[own.cells[at]], values[own.cells[~at]])
        a, b = own.sampling[at], own.sampling[~at]
        out += own.weight * 2 * float(a @ across @ b) / float(a.sum() * b.sum())
    return out
