"""The same content of a region put into everyone's image, from people whom it says least and most.

    s_ir = mean over donors h of f(x_i, r as in h) - mean over donors l of f(x_i, r as in l)

Donors are the people at fixed ranks of what the model makes of region r, over everybody, whatever
their group: those whom it adds least to, and those whom it adds most to. They are the same for all,
so that nobody's own value of the region enters: what the 10th and 90th percentile are to a column.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.misfit import misfit
from evenlight.data.probed import Contrasts
from evenlight.errors import AttributionError, FeatureError
from evenlight.models.headed import own_head
from evenlight.models.probe import prepare
from evenlight.probes.common_patch import checked, contrasted, margin_with

RANKS = (0.02, 0.05, 0.1)
"""Donors of the low end, as shares of all people; those of the high end are at 1 less these."""

EVALUATIONS = 100
"""Images a person is evaluated as, at most, before one donor an end must do."""


@own_head
def common_regions(
    model: object,
    cohort: Cohort,
    sets: FeatureSets,
    attributions: Attributions,
    *,
    subjects: tuple[str, ...] | None = None,
    target: int | str | None = None,
) -> Contrasts:
    """How far the same two contents of each region move everyone's output apart, on both scales.

    Parameters
    ----------
    cohort
        images or other rows of positions (n, *s), without missing values.
    sets
        regions of these rows; `subjects` of them are asked, by default all.
    attributions
        of the same rows, summed over the regions, by which donors are chosen: one row of each
        person, three donors an end (the middle one alone beyond 16 regions).

    Returns
    -------
    Contrasts
        margin and response (n, q), of kind *common*; a region that is alike in all of its donors is
        left out.

    Raises ModelError for a table, FeatureError for sets of other rows and where every region is
    alike in all donors, AttributionError for attributions of other subjects.
    """
    checked(cohort, what="common_regions")
    shape = tuple(int(s) for s in cohort.x.shape[1:])
    if not sets.fits(cohort.features.names, shape):
        raise FeatureError(misfit(sets, cohort.features.names, shape))
    names = sets.names if subjects is None else subjects
    prepared, made = prepare(model, cohort, target=target), attributions.at(cohort)
    ranks = RANKS if len(names) * 2 * len(RANKS) <= EVALUATIONS else RANKS[1:2]
    ends = {name: _ends(name, sets, made, cohort, ranks) for name in names}
    ends = {name: end for name, end in ends.items() if np.ptp(end.contents, axis=(0, 1)).any()}
    if not ends:
        raise FeatureError("no region varies between people, so there is nothing to contrast")
    moved = np.empty((2, cohort.n, len(ends)))
    for part, x in cohort.blocks():
        for q, end in enumerate(ends.values()):
            for out, donors in zip(moved, end.contents, strict=True):
                each = [margin_with(prepared, x, end.columns, one) for one in donors]
                out[part, q] = np.mean(each, axis=0)
    words = [(f"as where it adds {word}",) * len(ends) for word in ("least", "most")]
    return contrasted(
        prepared, cohort, tuple(ends), moved[0], moved[1], kind="common", words=(words[0], words[1])
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Ends:
    """The columns (r,) of a region, and what stands there in d donors of either end, (2, d, r)."""

    columns: Int
    contents: Float


def _ends(
    name: str, sets: FeatureSets, made: Attributions, cohort: Cohort, ranks: Sequence[float]
) -> _Ends:
    """Where a region lies, and what it holds in its donors."""
    if name not in made.features.place:
        raise AttributionError(
            f"the attributions have no region {name!r}; hand over attributions.by(sets)"
        )
    rows = cohort.order[made.converged[cohort.order]]
    first = rows[np.sort(np.unique(cohort.units[rows], return_index=True)[1])]
    ranked = first[np.argsort(made.values[first, made.features.place[name]], kind="stable")]
    at = np.round(np.array(ranks) * (len(ranked) - 1)).astype(np.int64)
    columns = np.array(sets.columns(name), dtype=np.int64)
    ends = (ranked[at], ranked[::-1][at])
    held = [cohort.dense(rows).reshape(len(rows), -1)[:, columns] for rows in ends]
    return _Ends(columns, np.stack(held).astype(np.float64))
