"""Refits of a model, and of its twin for which ancestry was accounted for, explained alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evenlight.arrays import Float
from evenlight.data import align
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import AttributionError

How = Literal["columns", "covariate", "offset", "given"]

FEWEST = 5
"""Pairs of refits without which the spread of training is not known."""


@dataclass(frozen=True, slots=True, eq=False)
class Twin:
    """K refits of the audited model's class (`models`), and K of its twin (`twins`), in pairs.

    A pair was trained on the same resample of people; the twin had the group as a covariate
    without penalty, which was then dropped. All 2 K are attributions of one target of one cohort.

    `how` tells how the group was accounted for: *columns* (one-hot columns scaled out of reach of
    the penalty), *covariate* (group columns beside the others, averaged over the groups), *offset*
    (estimated jointly, and taken out of the outcome) or *given* (the models were handed over).
    `offsets` (K, k) is the effect of each of `levels` that was taken out, on the margin, centred
    over the training people; NaN where the models were given.
    `audited` (n,) is the output of the model that was refitted, on the same rows and scale, None
    where it is not known: by it a twin of another model is refused. Whether the refits resemble it,
    or whether that cannot be told, as of noise, of constants, or of one model K times, is asked
    where they are compared (`stats.resemblance`).
    """

    models: tuple[Attributions, ...]
    twins: tuple[Attributions, ...]
    grouping: str
    levels: tuple[str, ...]
    how: How
    offsets: Float
    settings: Mapping[str, object] = field(default_factory=dict)
    audited: Float | None = None

    def __post_init__(self) -> None:
        k = len(self.models)
        if k < 2 or len(self.twins) != k:
            raise AttributionError(
                f"{k} refits of the model and {len(self.twins)} of its twin; wanted the same "
                "number, 2 or more, in pairs"
            )
        if self.how not in get_args(How):
            raise AttributionError(f"how is {self.how!r}; wanted one of {list(get_args(How))}")
        if self.offsets.shape != (k, len(self.levels)):
            raise AttributionError(
                f"offsets have shape {self.offsets.shape}, wanted {(k, len(self.levels))}"
            )
        rows = (len(self.models[0].rows),)
        if self.audited is not None and self.audited.shape != rows:
            raise AttributionError(f"audited has shape {self.audited.shape}, wanted {rows}")
        for i, one in enumerate((*self.models, *self.twins)):
            _like(self.models[0], one, f"{'model' if i < k else 'twin'} {i % k + 1}")

    @property
    def refits(self) -> int:
        """The number of pairs."""
        return len(self.models)

    def at(self, cohort: Cohort) -> Twin:
        """The same rows in the cohort's order, matched by id."""
        made = self._each(lambda one: one.at(cohort))
        if self.audited is None:
            return made
        index = align.match(self.models[0].rows, cohort.rows, what="twin")
        return replace(made, audited=self.audited[index])

    def by(self, sets: FeatureSets) -> Twin:
        """The same with sets as features; every feature belongs to one set."""
        return self._each(lambda one: one.by(sets))

    def _each(self, change: object) -> Twin:
        assert callable(change)
        models, twins = (tuple(map(change, part)) for part in (self.models, self.twins))
        return replace(self, models=models, twins=twins)

    def to_frame(self) -> pd.DataFrame:
        """One row a refit and level: the effect of the group that was taken out, on the margin."""
        k, levels = self.offsets.shape
        return pd.DataFrame(
            {
                "refit": np.repeat(np.arange(1, k + 1), levels),
                "level": np.tile(np.array(self.levels, dtype=object), k),
                "offset": self.offsets.ravel(),
            }
        )

    def __repr__(self) -> str:
        n, p = self.models[0].values.shape[0], len(self.models[0].features)
        return (
            f"Twin by {self.grouping} ({self.how}): {self.refits} pairs of refits of "
            f"{self.models[0].target}, {n} rows, {p} features"
        )


def _like(first: Attributions, one: Attributions, what: str) -> None:
    """Raise AttributionError unless both tell the same target of the same rows and features."""
    for name, mine, theirs in (
        ("target", first.target, one.target),
        ("scale", first.scale, one.scale),
        ("features", first.features.names, one.features.names),
        ("cohort", first.cohort_digest, one.cohort_digest),
        ("rows", tuple(first.rows.tolist()), tuple(one.rows.tolist())),
    ):
        if mine != theirs:
            raise AttributionError(
                f"{what} has another {name} than model 1; explain every refit on the audited "
                "cohort, with the same background and options"
            )
