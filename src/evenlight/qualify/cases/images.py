"""Images with a planted artefact: sums over regions, given the outcome."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.features import FeatureSets
from evenlight.qualify.drawn import Asked, Drawn, cohort_of, people_of

SIDE = 24
GRID = 6
"""6 x 6 regions of 4 x 4 pixels."""
LESION = 14
ARTEFACT = 0
"""Region of the lesion and of the corner with the artefact."""


def artefact(rng: np.random.Generator) -> Drawn:
    """A corner mark in 70 % of group b's images and 10 % of a's, and a model that uses it.

    45 % of b and 20 % of a are ill, which shows as a lesion. Within the outcome the mark differs,
    the lesion and the background do not.
    """
    n, member = 400, np.arange(400) < 200
    ill = rng.uniform(size=n) < np.where(member, 0.45, 0.2)
    mark = rng.uniform(size=n) < np.where(member, 0.7, 0.1)
    x = 0.3 * rng.normal(size=(n, SIDE, SIDE))
    x[:, *_pixels(LESION)] += (ill * rng.uniform(0.6, 1.4, n))[:, None, None]
    x[:, *_pixels(ARTEFACT)] += 1.0 * mark[:, None, None]
    weights = 0.05 * rng.normal(size=(SIDE, SIDE))
    for region in (LESION, ARTEFACT):
        weights[_pixels(region)] = 0.2
    names = _names()
    people = people_of(member, ill=ill.astype(int))
    cohort = cohort_of(_sums(x), people, features=list(names), outcome="ill")
    made = _maps(x, weights, member, list(cohort.rows))
    planted = np.arange(GRID**2) == ARTEFACT
    unknown = np.where(planted, np.nan, 0.0)
    asked = Asked("difference given the outcome", planted, ~planted, unknown)
    return Drawn(made, cohort, (asked,))


def _maps(x: Float, weights: Float, member: np.ndarray, rows: list[str]) -> Attributions:
    """Attributions of a linear model of the pixels, summed over regions."""
    mean = (x[member].mean(axis=0) + x[~member].mean(axis=0)) / 2
    maps = (weights * (x - mean)).astype(np.float32)
    output = maps.reshape(len(x), -1).sum(axis=1, dtype=np.float64)
    where = np.kron(np.arange(GRID**2).reshape(GRID, GRID), np.ones((4, 4), dtype=int))
    pixels = [f"p{i}" for i in range(SIDE**2)]
    lists = {
        name: [pixels[i] for i in np.flatnonzero(where.ravel() == r)]
        for r, name in enumerate(_names())
    }
    sets = FeatureSets.from_lists(lists, tuple(pixels), kind="region")
    flat = maps.reshape(len(x), -1)
    made = Attributions.from_arrays(flat, rows=rows, features=pixels, output=output, base=0.0)
    return made.by(sets)


def _sums(x: Float) -> Float:
    means: Float = x.reshape(len(x), GRID, 4, GRID, 4).mean(axis=(2, 4)).reshape(len(x), -1)
    return means


def _names() -> tuple[str, ...]:
    return tuple(f"region {r}" for r in range(GRID**2))


def _pixels(region: int) -> tuple[slice, slice]:
    row, column = divmod(region, GRID)
    return slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4)
