"""Maps of differences as they may be told beside a hidden part: to steps.

Another grouping may tell the mean map of everybody (`measures.told_effects`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.measures.mapped import MapCluster
from evenlight.stats.disclosure import told_digit, told_p, told_step, told_values

HALF = 0.5
"""Z is told to halves, as p to 1, 2 or 5 is."""


def told_map(effect: Float, z: Float, n: Float | Int) -> dict[str, Float]:
    """Differences and Z (v, c, p) of n units of the smaller group; their ratio is the error."""
    return {"effect": _effect(effect, z, n), "z": told_values(z, np.full(z.shape, HALF))}


def told_cluster(one: MapCluster, n: int) -> MapCluster:
    """The numbers of one cluster; where it lies is as it is."""
    effect, peak, z = (np.array([v]) for v in (one.effect, one.peak_effect, one.peak_z))
    step = _steps(peak, z, np.array(n))
    return replace(
        one,
        mass=float(told_digit(np.array(one.mass))),
        p=float(told_p(np.array(one.p))),
        peak_p=float(told_p(np.array(one.peak_p))),
        peak_z=float(told_values(z, np.array([HALF]))[0]),
        peak_effect=float(told_values(peak, step)[0]),
        effect=float(told_values(effect, step)[0]),
        share=round(one.share, 1) if np.isfinite(one.share) else one.share,
    )


def _effect(effect: Float, z: Float, n: Float | Int) -> Float:
    return told_values(effect, _steps(effect, z, n))


def _steps(effect: Float, z: Float, n: Float | Int) -> Float:
    """The step of differences whose errors are about effect / z."""
    error = np.abs(np.divide(effect, z, out=np.zeros(effect.shape), where=z != 0))
    return told_step(error, np.maximum(n, 1))
