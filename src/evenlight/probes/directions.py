"""An embedding expressed in named directions: turned, never stretched, and turned back exactly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import ModelError, UnknownName
from evenlight.stats.clusters import correlation_clusters
from evenlight.stats.effects import unit_means

Named = Literal["principal", "clusters", "dimensions"]
ALONE = 8
"""Principal directions that are sets of their own; those after them go in runs that double."""


@dataclass(frozen=True, slots=True, eq=False)
class Directions:
    """x = (e - mean) basis / scale for rows e (n, d) of the embedding, (n, r).

    `basis` (d, r) has orthonormal columns and `scale` is one number (the variance of a direction is
    then 1 on average), so angles stay as they are; `sets` hold each direction once. `notes` say
    what was left out.
    """

    names: tuple[str, ...]
    mean: Float
    basis: Float
    scale: float
    sets: FeatureSets
    notes: tuple[str, ...] = ()

    def to(self, e: Float) -> Float:
        """Rows (n, d) of the embedding in directions, (n, r)."""
        out: Float = (e - self.mean) @ self.basis / self.scale
        return out

    def back(self, x: Float) -> Float:
        """Rows (n, r) in directions as the embedding (n, d): the inverse of `to`."""
        out: Float = x @ self.basis.T * self.scale + self.mean
        return out


def directions_of(e: Float, cohort: Cohort, named: Named) -> Directions:
    """Directions of an embedding e (n, d) of the cohort's rows; the outcome plays no part.

    *principal*: those of largest variance, one after another (Pearson 1901); *clusters*: within
    each cluster of correlated dimensions, its principal directions; *dimensions*: as they are.
    What does not vary is left out and told. A direction points to the row farthest out on it.

    Raises UnknownName for other directions, ModelError where nothing varies.
    """
    if named not in get_args(Named):
        raise UnknownName(f"no directions {named!r}; known: {', '.join(get_args(Named))}")
    rows = e[cohort.order]
    mean = rows.mean(axis=0)
    varies = np.ptp(rows, axis=0) > 0
    if not varies.any():
        raise ModelError(f"all {len(varies)} dimensions of the embedding are constant: no rows are "
                         "told apart; look at what was embedded")  # fmt: skip
    label = _labels(rows, cohort, named, varies)
    blocks = [np.flatnonzero(label == c) for c in range(int(label.max()) + 1)]
    parts = [_axes(rows[:, own] - mean[own], turned=named != "dimensions") for own in blocks]
    basis = np.zeros((len(mean), sum(part.shape[1] for part in parts)))
    at = 0
    for own, part in zip(blocks, parts, strict=True):
        basis[own, at : at + part.shape[1]] = part
        at += part.shape[1]
    names, sets = _named(named, blocks, [part.shape[1] for part in parts])
    free = min(int(varies.sum()), len(rows) - 1)  # the same whatever directions are named
    scale = float(np.sqrt(((rows - mean) ** 2).sum() / (len(rows) * free)))
    return Directions(names, mean, basis, scale, sets, _notes(varies, basis.shape[1], len(e)))


def _labels(rows: Float, cohort: Cohort, named: Named, varies: Float) -> Int:
    """The block (d,) of each dimension, -1 for one that does not vary."""
    label = np.full(len(varies), -1, dtype=np.int64)
    own = np.flatnonzero(varies)
    if named == "principal":
        label[own] = 0
    elif named == "dimensions":
        label[own] = np.arange(len(own))
    else:
        units = cohort.units[cohort.order]
        means = unit_means(rows[:, own], units, np.arange(len(rows)))
        label[own] = correlation_clusters(means)
    return label


def _axes(centred: Float, *, turned: bool) -> Float:
    """Principal axes (d, r) of centred rows, each pointing to the row that lies farthest out."""
    if not turned or centred.shape[1] == 1:
        return np.eye(centred.shape[1])
    _, s, v = np.linalg.svd(centred, full_matrices=False)
    axes = v[s > s[0] * max(centred.shape) * np.finfo(np.float64).eps].T
    score = centred @ axes
    far = score[np.abs(score).argmax(axis=0), np.arange(axes.shape[1])]
    out: Float = axes * np.where(far < 0, -1.0, 1.0)
    return out


def _named(named: Named, blocks: list[Int], many: list[int]) -> tuple[tuple[str, ...], FeatureSets]:
    """Names of the directions (r,), and the sets that hold each of them once."""
    if named == "principal":
        names = tuple(f"PC {j + 1}" for j in range(many[0]))
        return names, FeatureSets.from_lists(_runs(names), names, kind="direction")
    if named == "dimensions":
        names = tuple(f"dimension {int(own[0]) + 1}" for own in blocks)
        return names, FeatureSets.from_lists({n: [n] for n in names}, names, kind="direction")
    sets = {}
    for c, (own, r) in enumerate(zip(blocks, many, strict=True)):
        first = f"dimension {int(own[0]) + 1}"
        single = [first] if r == 1 else [f"cluster {c + 1} PC {j + 1}" for j in range(r)]
        sets[f"cluster {c + 1}"] = single
    names = tuple(name for members in sets.values() for name in members)
    return names, FeatureSets.from_lists(sets, names, kind="cluster")


def _runs(names: tuple[str, ...]) -> dict[str, list[str]]:
    """The first directions alone, then runs that double in length."""
    sets = {name: [name] for name in names[:ALONE]}
    start, step = ALONE, ALONE
    while start < len(names):
        stop = min(start + step, len(names))
        told = names[start] if stop == start + 1 else f"PC {start + 1} to {stop}"
        sets[told] = list(names[start:stop])
        start, step = stop, 2 * step
    return sets


def _notes(varies: Float, kept: int, n: int) -> tuple[str, ...]:
    still, d = int((~np.asarray(varies, dtype=bool)).sum()), len(varies)
    notes = []
    if still:
        notes.append(f"{still} of {d} dimensions of the embedding are constant and left out.")
    if d - still >= n:
        notes.append(
            f"The embedding has {d - still} dimensions that vary and {n} rows, which span {kept} "
            "directions; only a penalty makes a head of so many unique."
        )
    elif kept < d - still:
        notes.append(
            f"{d - still} dimensions of the embedding are sums of one another: {kept} directions "
            "hold all that varies."
        )
    return tuple(notes)
