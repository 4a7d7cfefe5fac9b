"""The players of a Shapley game: single features, variables, or any sets that move as one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.errors import FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class Players:
    """P players over the p numbers of a row.

    `owner` (p,) is the player of each number, None where each number is its own player. `shape` is
    that of one row of the attributions, whose features are `features` (None: the cohort's own).
    """

    count: int
    owner: Int | None
    shape: tuple[int, ...]
    features: Features | None = None

    def columns(self, player: int) -> Int:
        """The positions of one player's numbers in a flat row."""
        if self.owner is None:
            return np.array([player], dtype=np.int64)
        return np.flatnonzero(self.owner == player).astype(np.int64)


def players_of(cohort: Cohort, wanted: FeatureSets | str) -> Players:
    """The players of a cohort's rows.

    Parameters
    ----------
    wanted
        "variables": the columns of a one-hot variable move as one, every other number of x on its
        own; "columns": every number of x on its own; or sets that hold each feature exactly once,
        the quotient game of Owen (1977): a set joins a coalition whole.

    Raises
    ------
    FeatureError
        for sets of other features, or that share or leave out a feature.
    """
    shape = cohort.x.shape[1:]
    if isinstance(wanted, str):
        if wanted not in ("variables", "columns"):
            raise FeatureError(f'players={wanted!r}; wanted "variables", "columns" or FeatureSets')
        if wanted == "columns" or not cohort.features.indicators:
            return Players(int(np.prod(shape)), None, shape)
        wanted = cohort.features.variables()
    if not isinstance(wanted, FeatureSets):
        raise FeatureError(
            f'players is a {type(wanted).__name__}; wanted "variables", "columns" or FeatureSets, '
            "such as FeatureSets.from_lists(sets, cohort.features.names, rest='other')"
        )
    if not wanted.fits(cohort.features.names, shape):
        raise FeatureError(
            f"the sets speak of {len(wanted.features)} features, the first named "
            f"{wanted.features[0]!r}; wanted those of the cohort ({len(cohort.features)}, first "
            f"{cohort.features.names[0]!r}), or the positions of rows of shape {shape} as "
            "FeatureSets.from_label_map gives them"
        )
    owner = wanted.owners()
    empty = np.flatnonzero(np.bincount(owner, minlength=len(wanted.names)) == 0)
    if len(empty):
        raise FeatureError(f"set {wanted.names[empty[0]]!r} is empty; leave it out")
    return Players(len(wanted.names), owner, (len(wanted.names),), Features(wanted.names))
