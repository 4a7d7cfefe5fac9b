"""As many rows of each unit, where groups have unlike numbers of them.

Attributions of one row are skewed, as those of a ReLU network or their sizes are; the mean over
eight rows hardly is. A permutation mixes both, so a small group of single images beside means of
several passed the 5 % point of the largest cluster in 20 to 86 % of null runs, and that of the
largest feature in 9 to 33 %. So every unit keeps as many rows as units of the group with the
fewest have: the same share of units one, two, and so on. Means of all units are then alike in
shape, and a permutation is exact again, whatever that is.

Along an axis numbers of rows may follow the place on it. Units are then taken in parts of like
place, and every part keeps as many rows a unit as that with the fewest.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.measures.prepare import Setting, narrowed

UNLIKE = 1.2
"""How many times as many rows a unit one group has as another, where numbers are made alike."""

SKEWED = 0.08
"""The skewness of a mean of m rows is that of a row over sqrt(m). By so much of a row's skewness
means of two groups differ where rows of features are made alike: 1 row a unit against 1.2, or 60
against 400, but neither 10 against 13 nor 100 against 1,000."""

IN_A_PART, MOST_PARTS = 20, 10
"""Units in a part of an axis, at least, and parts: how many rows a unit has is compared by part."""

TOLD = "Of each unit as many rows enter as units of the group with the fewest have ({rows:.2g})."

TOLD_ALONG = "Of each unit as many rows enter as where on the axes they are fewest ({rows:.2g})."


def thinned(here: Setting) -> tuple[Setting, str]:
    """`alike` where means of units are unlike in skewness; and a sentence that says so, or "".

    Units whose rows lie in several strata stay whole: which strata those are is held fixed.
    """
    rows = _rows_a_unit(here)
    unlike = len(rows) > 1 and np.ptp(np.array(list(rows.values())) ** -0.5) >= SKEWED
    if not unlike or _torn(here):
        return here, ""
    own, chosen = alike(here)
    return own, "" if chosen.all() else TOLD.format(rows=min(rows.values()))


def alike(here: Setting) -> tuple[Setting, Bool]:
    """The setting with as many rows of each unit, and which kept rows (n kept,) these are.

    Rows of a unit are chosen by their ids, once and for all.
    """
    every = np.ones(len(here.unit), dtype=bool)
    images, mean = np.bincount(here.unit), _rows_a_unit(here)
    if len(mean) < 2 or max(mean.values()) < UNLIKE * min(mean.values()):
        return here, every
    fewest = np.sort(images[here.unit_group == min(mean, key=lambda g: float(mean[g]))])
    drawn = _drawn(here, len(images), 1)
    chosen = _first(here, _as_in(fewest, (images, here.unit_group), drawn))
    return _keeping(here, chosen), chosen


def thinned_along(here: Setting, at: Float) -> tuple[Setting, str]:
    """`thinned` along axes (u, q), here of everybody: parts of like place take that of groups.

    Parts are of 20 units or more, ten at most, axis by axis and once again, since rows that one
    axis takes are missing on another. The units are the same, in the same order.
    """
    images = np.bincount(here.unit)
    if images.max(initial=1) == 1 or _torn(here):
        return here, ""
    left, drawn = images, _drawn(here, len(images), 1)
    for axis in np.tile(at.T, (2, 1)):
        left = _even(left, _parts(axis, drawn), drawn)
    if (left == images).all():
        return here, ""
    own = _keeping(here, _first(here, left))
    return own, TOLD_ALONG.format(rows=float(left.mean()))


def _parts(axis: Float, drawn: Float) -> Int:
    """Parts of like place (u,), of as many units each; `drawn` parts those at one place."""
    count = int(np.clip(len(axis) // IN_A_PART, 1, MOST_PARTS))
    rank = np.empty(len(axis), dtype=np.int64)
    rank[np.lexsort((drawn, axis))] = np.arange(len(axis))
    return rank * count // len(axis)


def _even(left: Int, part: Int, drawn: Float) -> Int:
    """Rows of each unit (u,), those of every part as in the part with the fewest, if unlike."""
    mean = np.bincount(part, weights=left) / np.bincount(part)
    if np.ptp(mean**-0.5) < SKEWED:
        return left
    fewest = np.sort(left[part == mean.argmin()])
    return np.minimum(left, _as_in(fewest, (left, part), drawn))


def _first(here: Setting, left: Int) -> Bool:
    """Which kept rows (n kept,) are among the first `left` (u,) of their unit, as drawn."""
    rank = _drawn(here, len(here.unit), 0)
    order = np.lexsort((rank, here.unit))
    images = np.bincount(here.unit)
    start = np.cumsum(images) - images
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) - start[here.unit[order]]
    chosen: Bool = place < left[here.unit]
    return chosen


def _keeping(here: Setting, chosen: Bool) -> Setting:
    """The setting of the chosen ones of its kept rows (n kept,)."""
    kept = here.kept.copy()
    kept[np.flatnonzero(here.kept)[~chosen]] = False
    return narrowed(here, kept)


def _torn(here: Setting) -> bool:
    """Whether a unit has rows in several strata."""
    pairs = np.unique(np.column_stack([here.unit, here.cohort.stratum[here.kept]]), axis=0)
    return len(pairs) > len(np.unique(here.unit))


def _rows_a_unit(here: Setting) -> dict[int, float]:
    """Rows a unit, in the mean of each level by its code."""
    rows, known = np.bincount(here.unit), here.unit_group >= 0
    codes = np.unique(here.unit_group[known]).tolist()
    return {g: float(rows[here.unit_group == g].mean()) for g in codes}


def _as_in(fewest: Int, of: tuple[Int, Int], drawn: Float) -> Int:
    """How many rows each unit (u,) keeps, so that every group has them as `fewest` (f,) has.

    `of` are the rows of each unit and its group. Within a group those with more keep more; `drawn`
    orders those with as many.
    """
    (images, group), out = of, of[0].copy()
    for g in np.unique(group):
        at = np.flatnonzero(group == g)
        order = at[np.lexsort((drawn[at], images[at]))]
        rank = (np.arange(len(at)) + 0.5) / len(at) * len(fewest)
        out[order] = fewest[rank.astype(np.int64)]
    return out


def _drawn(here: Setting, many: int, seed: int) -> Float:
    """Numbers (many,) of kept rows, or of units by their first row, in the order of ids."""
    first = here.order if many == len(here.unit) else _units_in_order(here)
    out = np.empty(many)
    out[first] = np.random.default_rng(seed).random(many)
    return out


def _units_in_order(here: Setting) -> Int:
    unit = here.unit[here.order]
    first = np.unique(unit, return_index=True)[1]
    return np.argsort(first)
