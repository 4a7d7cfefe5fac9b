"""Sums over sets that may overlap, or leave features out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.data.attributions import Attributions
from evenlight.data.features import Features, FeatureSets
from evenlight.data.misfit import misfit
from evenlight.data.rows import blocks
from evenlight.errors import AttributionError


def summed(attributions: Attributions, sets: FeatureSets) -> Attributions:
    """Attributions with sets as features, whether or not each feature belongs to exactly one.

    Sums over sets that are a partition add up to the output, and this is `attributions.by(sets)`.
    Sums that overlap (pathways) or leave features out do not: each sum is exact, but a feature
    counts in every set that holds it. `base` then takes what the sums do not tell, so that the
    total stays that of the output, effects stay in its SD, and `settings["sums"]` says "overlap".
    Such sums are for testing each set; they are no shares of anything.

    Raises AttributionError where the sets are of other features.

    >>> made = Attributions.from_arrays(
    ...     [[1.0, 2.0]], rows=["a"], features=["g1", "g2"], output=[3.5], base=0.5
    ... )
    >>> both = FeatureSets.from_lists({"p": ["g1", "g2"], "q": ["g2"]}, ["g1", "g2"])
    >>> out = summed(made, both)
    >>> out.values.tolist(), out.base.tolist(), out.total().tolist()
    ([[3.0, 2.0]], [-1.5], [3.5])
    """
    if (np.diff(sets.membership.tocsc().indptr) == 1).all():
        return attributions.by(sets)
    shape = tuple(attributions.values.shape[1:])
    if not sets.fits(attributions.features.names, shape):
        raise AttributionError(misfit(sets, attributions.features.names, shape))
    out = np.empty((attributions.n, len(sets.names)), dtype=np.float32)
    for part, values in blocks(attributions.values):
        flat = values.reshape(len(values), -1).astype(np.float64)
        out[part] = (sets.membership @ flat.T).T
    return replace(
        attributions,
        features=Features(sets.names),
        values=out,
        base=attributions.total() - out.sum(axis=1, dtype=np.float64),
        spread=None,
        sensitivity=None,
        settings={**attributions.settings, "sums": "overlap"},
    )
