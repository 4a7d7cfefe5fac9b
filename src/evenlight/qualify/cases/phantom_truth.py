"""What is true of regions of generated images: the same people with a planted difference or not.

Generated people hang on the generator alone, whatever is planted, so that a pair of cohorts is the
same people with everyone as group a and with everyone as group b. What a region's attribution is
more in the one is the difference that a comparison given the outcome has to find, no matter what
the network learned, how far it sees, or how regions lie beside each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.cohorts.phantom import GROUP, Phantom, Planted, phantom
from evenlight.data.cohort import Cohort

PAIRED, ILL = 300, 0.5
"""People who are drawn with and without, and how many of them are ill."""

HARDLY, PLAINLY = 0.02, 0.5
"""In SD of a region within group and outcome: no difference, and one that must be found.

With 200 people a group the first moves a test by a fifth of its error, the second by five errors.
"""

Explained = Callable[[Phantom], Float]
"""Attributions of the regions (n, p) of generated people."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """Of p regions the true difference b - a within the outcome, in the output's units.

    `error` (p,) is the standard error of `effect`, of the people who were drawn. `null` are those
    that the planted difference moves hardly, `plain` those it moves plainly, beyond two errors.
    """

    effect: Float
    error: Float
    null: Bool
    plain: Bool


def truth(explained: Explained, held: Phantom, maps: Float, *, dims: int, seed: int) -> Truth:
    """The truth of regions, for the audited people `held` with attributions `maps` (n, p)."""
    effect, error = _effect(explained, held, maps.shape[1], dims=dims, seed=seed)
    spread, far = _spread(maps, held.cohort), np.abs(effect)
    null, plain = far + 2 * error <= HARDLY * spread, far - 2 * error > PLAINLY * spread
    return Truth(effect, error, null, plain)


def worlds(planted: Planted) -> dict[Planted, float]:
    """Worlds in which both groups are alike, weighed: the mean of group b less that of group a.

    Of a mark that some have, those with it and those without are two worlds.

    >>> {w.mark: round(weight, 2) for w, weight in worlds(Planted(mark=(0.1, 0.8))).items()}
    {(0.0, 0.0): -0.7, (1.0, 1.0): 0.7}
    """
    out: dict[Planted, float] = {}
    for group, sign in ((1, 1.0), (0, -1.0)):
        share = planted.mark[group]
        for mark, weight in ((0.0, 1 - share), (1.0, share)):
            world = _alike(planted, group, mark)
            out[world] = out.get(world, 0.0) + sign * weight
    return {world: weight for world, weight in out.items() if abs(weight) > 1e-12}


def _alike(planted: Planted, group: int, mark: float) -> Planted:
    """Everyone as in one group, with a prevalence of its own: outcomes are held apart."""
    own = {name: getattr(planted, name)[group] for name in ("severity", "intensity", "size")}
    return Planted(
        prevalence=(ILL, ILL), mark=(mark, mark), **{name: (v, v) for name, v in own.items()}
    )


def _effect(
    explained: Explained, held: Phantom, p: int, *, dims: int, seed: int
) -> tuple[Float, Float]:
    """The difference (p,) with the weights of outcomes that `held` gives them, and its error."""
    ill, more = np.arange(PAIRED) % 2, np.zeros((PAIRED, p))
    for world, weight in worlds(held.planted).items():
        made = phantom(PAIRED, dims=dims, planted=world, rng=seed)
        ill, more = (made.cohort.y == 1).astype(np.int64), more + weight * explained(made)
    effect, square = np.zeros(p), np.zeros(p)
    for y, share in _weights(held.cohort).items():
        own = more[ill == y]
        effect += share * own.mean(axis=0)
        square += share**2 * own.var(axis=0, ddof=1) / len(own)
    return effect, np.sqrt(square)


def _weights(cohort: Cohort) -> dict[int, float]:
    """The weight n_a n_b / (n_a + n_b) of each outcome, of 1 in all."""
    b = cohort.grouping(GROUP).codes == 1
    own = {y: _overlap((cohort.y == y) & b, (cohort.y == y) & ~b) for y in (0, 1)}
    return {y: weight / sum(own.values()) for y, weight in own.items()}


def _overlap(one: Bool, other: Bool) -> float:
    return float(one.sum() * other.sum() / max(int(one.sum() + other.sum()), 1))


def _spread(maps: Float, cohort: Cohort) -> Float:
    """SD (p,) of attributions (n, p) within group and outcome."""
    cell = np.unique(
        np.column_stack([cohort.grouping(GROUP).codes, cohort.y]), axis=0, return_inverse=True
    )[1].ravel()
    rest = maps.astype(np.float64)
    for one in np.unique(cell):
        rest[cell == one] -= rest[cell == one].mean(axis=0)
    out: Float = np.sqrt((rest**2).sum(axis=0) / (len(rest) - len(np.unique(cell))))
    return out
