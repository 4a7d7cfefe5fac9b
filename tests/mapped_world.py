"""Generated chests with the maps of a linear model, whose attributions are known exactly."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.arrays import Float
from evenlight.cohorts.phantom import NOTHING, SHORTCUT, Phantom, Planted, phantom
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.map_testing import MapTesting

QUICK = MapTesting(draws=200, forming=0.005)

__all__ = ["NOTHING", "QUICK", "SHORTCUT", "Planted", "chests", "linear", "looking"]


def chests(people: int = 120, *, planted: Planted = SHORTCUT, images: int = 1) -> Phantom:
    """People with chests of 24 x 24 positions."""
    return phantom(people, side=24, images=images, planted=planted, rng=3)


def looking(made: Phantom, *, lesion: float = 1.0, mark: float = 0.05) -> Float:
    """Weights (*s) of a model that looks at the usual lesion, and at the mark."""
    weights: Float = lesion * made.lesion / made.lesion.sum() + mark * made.mark
    return weights


def linear(cohort: Cohort, weights: Float, *, sensitivity: bool = False) -> Attributions:
    """Attributions of the sum of weights (*s) times positions, from the mean image on."""
    x = cohort.dense()
    start = x[cohort.order].mean(axis=0)
    phi = (x - start) * weights
    made = Attributions.from_arrays(
        phi, rows=list(cohort.rows), features=cohort.features, base=0.0,
        output=phi.reshape(len(phi), -1).sum(axis=1),
    )  # fmt: skip
    slopes = np.broadcast_to(weights, phi.shape).astype(np.float32).copy()
    return replace(made, sensitivity=slopes if sensitivity else None)
