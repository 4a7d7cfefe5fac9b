"""The rule of shap's `plots.group_difference`: outside the band of random relabellings."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.qualify.told import Told

RELABELLINGS = 200


def group_difference(phi: Float, member: Bool, rng: np.random.Generator) -> Told:
    """A column of phi (n, p) is flagged where its difference of means leaves the band.

    The band is that of the difference under random relabelling of rows: no studentisation, no
    strata, no correction for many features. Written from its description; p is two-sided by rank.
    """
    labels = np.stack([rng.permutation(member) for _ in range(RELABELLINGS)])
    null, seen = _gap(labels, phi), _gap(member[None], phi)[0]
    low, high = np.percentile(null, [5, 95], axis=0)
    flag = (seen < low) | (seen > high)
    p = (1 + (np.abs(null) >= np.abs(seen)).sum(axis=0)) / (1 + RELABELLINGS)
    return Told(p[None], flag, flag)


def _gap(labels: Bool, phi: Float) -> Float:
    """Differences of means (r, p) under each labelling (r, n)."""
    inside = labels / labels.sum(axis=1, keepdims=True)
    outside = ~labels / (~labels).sum(axis=1, keepdims=True)
    gap: Float = (inside - outside) @ phi
    return gap
