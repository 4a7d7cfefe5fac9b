"""Sets from the data themselves: features whose attributions, or values, go together."""

from __future__ import annotations

from typing import Literal

import numpy as np

from evenlight.arrays import Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import AttributionError, InputError
from evenlight.stats.clusters import correlation_clusters
from evenlight.stats.effects import unit_means

Of = Literal["attributions", "values"]


def clusters(
    attributions: Attributions, cohort: Cohort, *, of: Of = "values", cut: float = 0.5
) -> FeatureSets:
    """Cluster the features (p,) by the correlation of their values, or of their attributions.

    Over means of units; every feature is in one cluster, so `attributions.by(...)` takes them.
    Credit is split arbitrarily among features that carry one another's information, whichever the
    model uses: cluster values to ask about such a group as a whole. Groups of people play no part.
    One-hot columns of a variable stand together from the start, as their variable does.

    Raises AttributionError for maps, InputError for more than 10,000 features.
    """
    made = attributions.at(cohort)
    if made.values.ndim != 2:
        raise AttributionError(
            f"attributions are maps of shape {made.values.shape[1:]}; regions are sets already"
        )
    if of not in ("attributions", "values"):
        raise InputError(f"of is {of!r}; wanted attributions or values")
    if of == "values" and cohort.features.names != made.features.names:
        raise InputError("values are of the cohort's features, these attributions of others")
    kept = made.converged
    rows = cohort.dense() if of == "values" else made.values.astype(np.float64)
    unit = np.unique(cohort.units[kept], return_inverse=True)[1].astype(np.int64)
    order = (np.cumsum(kept) - 1)[cohort.order[kept[cohort.order]]]
    means = unit_means(rows[kept], unit, order)
    if not np.isfinite(means).all():
        raise InputError('values are missing; impute them, or say of="attributions"')
    labels = correlation_clusters(means, cut=cut)
    if cohort.features.indicators and cohort.features.names == made.features.names:
        labels = joined(labels, cohort.features.variables().owners())
    return FeatureSets.from_clusters(labels, made.features.names)


def joined(labels: Int, owner: Int) -> Int:
    """Clusters (p,) merged where two of them hold columns of one `owner` (p,).

    >>> joined(np.array([0, 1, 1, 2]), np.array([0, 0, 1, 2])).tolist()
    [0, 0, 0, 2]
    """
    out = labels.copy()
    while True:
        before = out.copy()
        for key in (owner, labels):
            least = np.full(int(key.max()) + 1, out.max() + 1)
            np.minimum.at(least, key, out)
            out = least[key]
        if (out == before).all():
            return out
