"""Slopes of many columns, each on a column of its own, as one family under one set of draws.

Column j of values is regressed on its own tested column x_j beside its own nuisance Z_j, with HC3
variances, and tested by permuting what the reduced model leaves (Freedman and Lane 1983, see
`stats.freedman_lane`). The same orders of units serve all regressions, so that the maximum over
them is a draw of the family's null (Westfall and Young 1993).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.stats.freedman_lane import Regression, null_slopes, slopes
from evenlight.stats.multiplicity import Family
from evenlight.stats.permutation import normalised, studentise
from evenlight.stats.sequential import balanced_step_down
from evenlight.stats.shuffles import Shuffles


@dataclass(frozen=True, slots=True, eq=False)
class LocalSlopes:
    """Slopes (m,) of columns on their own tested column, HC3 variance, df, Z, and the family."""

    effect: Float
    variance: Float
    df: Float
    z: Float
    family: Family

    @property
    def se(self) -> Float:
        """Standard errors (m,)."""
        se: Float = np.sqrt(self.variance)
        return se


def local_slopes(
    values: Float, made: Callable[[int], Regression], own: Int, drawn: Shuffles, *, alpha: float
) -> LocalSlopes:
    """Slopes of values (u, m), column j by the regression `made(own[j])`, tested together.

    `made` is asked for one at a time, twice each, so that none but one is held.
    """
    effect, variance, floor, df = np.empty((4, values.shape[1]))
    for r in np.unique(own):
        at = np.flatnonzero(own == r)
        found = slopes(values[:, at], made(int(r)))
        effect[at], variance[at] = found.effect[0], found.variance[0]
        floor[at], df[at] = found.s0[0], found.df[0]
    z = normalised(studentise(effect, variance, floor), df)

    def null(index: Int) -> Float:
        out = np.empty((drawn.draws, len(index)))
        for r in np.unique(own[index]):
            at = own[index] == r
            out[:, at] = null_slopes(values[:, index[at]], made(int(r)), drawn)
        return out

    family = balanced_step_down(z, null, draws=drawn.draws, alpha=alpha)
    return LocalSlopes(effect, variance, df, z, family)
