"""Location and slope by the analyst's regression, in the form of the permutation tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.measures.own_values import ROUNDING, Own
from evenlight.measures.prepare import Setting
from evenlight.measures.value_tests import ValueTests
from evenlight.stats.multiplicity import benjamini_hochberg, holm
from evenlight.stats.regression import Fit, adjustment, robust
from evenlight.stats.value_strata import scores


def regressed(here: Setting, phi: Float, owns: Sequence[Own | None], live: Bool) -> ValueTests:
    """The tests of the subjects (c, p) marked `live`: phi (n kept, p), robust by unit.

    One coefficient for the group at the mean own value, one for group x value; of a nominal subject
    one for each state but the first (group x state). Holm for the adjusted p, Bonferroni limits.
    """
    where: list[tuple[int, int, int]] = []
    found: list[tuple[float, ...]] = []
    for i, j in np.argwhere(live).tolist():
        it = owns[j]
        assert it is not None
        fit, share = _fit(here, i, phi[:, j], it)
        if not np.isfinite(fit.coefficient).all():
            continue
        for t, value in enumerate(fit.coefficient.tolist()):
            variance = float(fit.covariance[t, t])
            where.append((i, j, t))
            found.append((value, share * variance, (1 - share) * variance, fit.df, fit.p[t]))
    effect, level, reference, df, p = np.array(found).reshape(-1, 5).T
    names = np.array(where, dtype=np.int64).reshape(-1, 3)
    slack, q = np.zeros(len(p)), benjamini_hochberg(p)
    return ValueTests(names, effect, level, reference, df, slack, p, holm(p), q, np.empty(0))


def _fit(here: Setting, pair: int, phi: Float, own: Own) -> tuple[Fit, float]:
    """The regression of one contrast and subject, and the level's rough part of its variance."""
    a, b = (here.groups.levels.index(name) for name in here.groups.contrasts()[pair])
    group = here.unit_group[here.unit]
    stratum = here.cohort.stratum[here.kept]
    among = np.isin(group, (a, b)) & (stratum >= 0) & np.isfinite(own.x)
    rows = here.order[among[here.order]]
    x, g = own.x[rows], (group[rows] == a).astype(np.float64)[:, None]
    score = scores(x, nominal=own.nominal)
    if own.nominal and score.shape[1] > 1:
        score = score[:, 1:]
    adjusted = adjustment(x, stratum[rows], nominal=own.nominal)
    size = float(np.abs(phi[rows]).max(initial=0.0))
    asked = np.hstack([g, g * score])
    fit = robust(phi[rows], asked, adjusted, here.unit[rows], floor=ROUNDING * size)
    return fit, 1.0 - float(g.mean())
