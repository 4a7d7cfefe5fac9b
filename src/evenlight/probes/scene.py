"""What every intervention needs: the sets as columns, the strata, and the model on changed rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.given_sets import sets_of
from evenlight.data.groups import Groups
from evenlight.data.handed import need_cohort
from evenlight.data.neutralised import Kind, Neutralised
from evenlight.data.units import unit_codes
from evenlight.errors import FeatureError, GroupError, ModelError
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.outcomes import Given, given_outcome
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import shown_units

BUDGET = 2**23
"""Most numbers of x that are made for one call of the model."""

LEAST = 2
"""Rows of each group that a stratum must hold for a change between groups."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A model and its cohort, the grouping, what is held, and the columns of each set.

    Columns count the numbers of one row of x laid flat; every kind of change starts from here.
    """

    prepared: Prepared
    cohort: Cohort
    groups: Groups
    given: Given
    sets: tuple[str, ...]
    columns: tuple[Int, ...]

    def held(self, columns: Int) -> Float:
        """The values of some columns in all rows, (n, q)."""
        return self.cohort.columns(columns.tolist())

    def margin(self, rows: Int, columns: Int, values: Float) -> Float:
        """Margins (r,) of the rows at positions `rows` (r,) with `values` (r, q) in the columns."""
        out = np.empty(len(rows))
        shape = self.cohort.x.shape[1:]
        size = max(1, BUDGET // max(prod(shape), 1))
        for start in range(0, len(rows), size):
            part = slice(start, start + size)
            x = np.array(self.cohort.dense(rows[part]), dtype=np.float64)
            flat = x.reshape(len(x), -1)
            flat[:, columns] = values[part]
            out[part] = self.prepared.margin(flat.reshape(-1, *shape))
        return out

    def cells(self, code: Int) -> Iterator[Int]:
        """Positions of the rows of each code (n,) but -1, in the sorted order of row ids."""
        order = self.cohort.order
        order = order[code[order] >= 0]
        order = order[np.argsort(code[order], kind="stable")]
        edges = np.flatnonzero(np.diff(code[order], prepend=-2, append=-2))
        for start, stop in pairwise(edges.tolist()):
            yield order[start:stop]

    def record(self, kind: Kind, after: Float, **told: Any) -> Neutralised:
        """The record of margins `after` (m, d, n)."""
        adapted, given = self.prepared.adapted, self.given
        told.setdefault("pairs", ())
        told.setdefault("part", np.full(after.shape, np.nan))
        told.setdefault("fitted", given.stratum)
        return Neutralised(
            kind=kind, grouping=self.groups.name, rows=self.cohort.rows, sets=self.sets,
            before=self.prepared.output, response_before=adapted.respond(self.prepared.output),
            after=after, response=adapted.respond(after), stratum=given.stratum,
            piece=given.piece, y=given.y,
            given=given.words, target=self.prepared.target, link=str(adapted.link),
            scale=adapted.scale, unit=adapted.unit, cohort_digest=self.cohort.digest,
            score_only=adapted.score_only, **told,
        )  # fmt: skip


def scene(
    model: object, cohort: Cohort, *, by: str | Groups, sets: FeatureSets, target: int | str | None
) -> Scene:
    """Line up; raises before the model is called.

    Raises FeatureError for sets of other features, or that tear a one-hot variable apart, and
    GroupError where fewer than two groups have people.
    """
    need_cohort(cohort, "it with (model, cohort, by=...)")
    groups = cohort.grouping(by)
    if len(np.unique(groups.codes[groups.codes >= 0])) < 2:
        raise GroupError(
            f"{groups.name}: fewer than two groups have people, so nothing lies between groups; "
            "an intervention is judged by what lies between them"
        )
    own = sets_of(sets, cohort)
    columns = tuple(_columns(own, name, cohort) for name in own.names)
    given = _of_shown(given_outcome(cohort, groups), cohort, groups)
    prepared = prepare(model, cohort, target=target)
    return Scene(prepared, cohort, groups, given, sets.names, columns)


def _of_shown(given: Given, cohort: Cohort, groups: Groups) -> Given:
    """Nobody of a hidden part is moved, nor has values that others get."""
    shown = shown_units(unit_codes(groups.codes, cohort.units), smallest=least_shown())
    if shown.all():
        return given
    own = shown[cohort.units]
    return replace(
        given, group=np.where(own, given.group, -1), stratum=np.where(own, given.stratum, -1)
    )


def tabular(cohort: Cohort, what: str) -> None:
    """Raise ModelError for images, and where numbers are missing."""
    need_cohort(cohort, f"{what}(model, cohort, by=...)")
    if cohort.x.ndim != 2:
        raise ModelError(f"{what} changes columns of a table; regions of images go to patches")
    if cohort.gaps:
        raise ModelError(
            f"x holds missing values (NaN), and {what} cannot place one among numbers; build the "
            'cohort with missing="median" or missing="drop"'
        )


def references(scene: Scene, code: Int, count: int, rng: np.random.Generator) -> Int:
    """`count` rows drawn from each code (n,) but -1, (codes, count); again from the first if few.

    A code that nobody has holds position 0.
    """
    out = np.zeros((int(code.max(initial=-1)) + 1, count), dtype=np.int64)
    for rows in scene.cells(code):
        out[code[rows[0]]] = np.resize(rng.permutation(rows), count)
    return out


def in_order(scene: Scene, mask: Bool) -> Int:
    """The positions of a mask (n,) in the sorted order of row ids."""
    order = scene.cohort.order
    return order[mask[order]]


def _columns(sets: FeatureSets, name: str, cohort: Cohort) -> Int:
    """The columns of one set; sets of variables stand for all columns of each."""
    features, shape = cohort.features, tuple(cohort.x.shape[1:])
    if sets.fits(features.names, shape):
        columns = np.array(sets.columns(name), dtype=np.int64)
        _whole(name, columns, cohort)
        return columns
    variables = features.variables()
    found = [j for member in sets.members(name) for j in variables.columns(member)]
    return np.array(sorted(found), dtype=np.int64)


def _whole(name: str, columns: Int, cohort: Cohort) -> None:
    """Raise FeatureError where a set holds some columns of a one-hot variable and not others."""
    held = set(columns.tolist())
    for coded in cohort.features.indicators:
        own = {cohort.features.place[c] for c in coded.columns}
        if own & held and not own <= held:
            raise FeatureError(
                f"set {name!r} holds {len(own & held)} of the {len(own)} columns of "
                f"{coded.variable!r}; a one-hot variable is moved as a whole: name all or none"
            )
