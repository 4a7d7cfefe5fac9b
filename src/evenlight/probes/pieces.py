"""What is taken away and put in as one: the variables of a table, the patches of an image."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.data.sources import lazy

PATCHES = 64
"""Patches of an image or a sequence, about."""

CHANNELS = 4
"""A first axis of at most this many is taken for channels, which belong to every patch."""


@dataclass(frozen=True, slots=True, eq=False)
class Pieces:
    """The piece (P,) of each of the P numbers of a row; `count` pieces, and what they are."""

    label: Int
    count: int
    words: str

    def of(self, made: Attributions, place: Int) -> Float:
        """Attributions (m, count) of the pieces, for the rows at `place` (m,)."""
        held = made.values
        values = np.asarray(Rows(held)[place] if lazy(held) else held[place], dtype=np.float64)
        flat = values.reshape(len(values), -1)
        return flat if flat.shape[1] == self.count else self.summed(flat)

    def summed(self, values: Float) -> Float:
        """Attributions (m, P) summed over pieces, (m, count)."""
        rows = np.arange(len(values))[:, None] * self.count
        flat = (rows + self.label).ravel()
        sums = np.bincount(flat, weights=values.ravel(), minlength=len(values) * self.count)
        summed: Float = sums.astype(np.float64).reshape(len(values), self.count)
        return summed


def pieces_of(cohort: Cohort) -> Pieces:
    """Variables of a table (one-hot columns as one), else blocks of neighbouring positions."""
    shape = cohort.x.shape[1:]
    if len(shape) == 1:
        return _variables(cohort)
    space = shape[1:] if len(shape) > 1 and shape[0] <= CHANNELS else shape
    label, count = _patches(space)
    whole = np.broadcast_to(label, shape).ravel()
    size = " x ".join(str(s) for s in space)
    return Pieces(whole.astype(np.int64), count, f"{count} patches of {size} positions")


def _variables(cohort: Cohort) -> Pieces:
    names = cohort.features.names
    owner = {c: i.variable for i in cohort.features.indicators for c in i.columns}
    place: dict[str, int] = {}
    label = [place.setdefault(owner.get(name, name), len(place)) for name in names]
    return Pieces(np.array(label, dtype=np.int64), len(place), f"{len(place)} variables")


def _patches(space: tuple[int, ...]) -> tuple[Int, int]:
    """Labels (*space) of about 64 equal blocks, and how many there are."""
    side = max(2, round(PATCHES ** (1 / len(space))))
    label, count = np.zeros(space, dtype=np.int64), 1
    for axis, length in enumerate(space):
        own = np.arange(length) * min(side, length) // length
        turned = own.reshape([-1 if a == axis else 1 for a in range(len(space))])
        label, count = label * (int(own[-1]) + 1) + turned, count * (int(own[-1]) + 1)
    return label, count
