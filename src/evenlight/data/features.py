"""What the columns of x are: names, one-hot variables, and sets of features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from evenlight.data.feature_sets import FeatureSets
from evenlight.data.indicators import Indicators, check_states, states_of
from evenlight.data.shown import first
from evenlight.data.space import Space
from evenlight.data.unique_names import unique
from evenlight.errors import FeatureError

__all__ = ["FeatureSets", "Features", "Indicators", "check_states", "states_of"]


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The p columns of x: `names` (p,), kept exactly, unique.

    `table` is optional and indexed by name (gene, chromosome, position, alleles, region);
    `indicators` lists the variables that are coded as 0/1 columns; `space` says where the positions
    of images lie, whose names are then those of the channels.
    """

    names: tuple[str, ...]
    table: pd.DataFrame | None = None
    indicators: tuple[Indicators, ...] = ()
    space: Space | None = None
    place: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.names:
            raise FeatureError("there are no features; x needs at least one column")
        unique(self.names, "feature")
        object.__setattr__(self, "place", {name: j for j, name in enumerate(self.names)})
        if self.table is not None and tuple(map(str, self.table.index)) != self.names:
            raise FeatureError("the feature table's index differs from the feature names")
        _check_indicators(self)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Features: {len(self.names):,} ({first(self.names)})"

    def variables(self) -> FeatureSets:
        """Each variable as a set: its indicator columns, or the one column that it is.

        >>> coded = Indicators("race", {"race Asian": "Asian", "race Black": "Black"}, "White")
        >>> Features(("age", "race Asian", "race Black"), None, (coded,)).variables().names
        ('age', 'race')
        """
        owner = {c: i.variable for i in self.indicators for c in i.columns}
        sets: dict[str, list[str]] = {}
        for name in self.names:
            sets.setdefault(owner.get(name, name), []).append(name)
        return FeatureSets.from_lists(sets, self.names, kind="variable")

    def indicator(self, variable: str) -> Indicators | None:
        """How `variable` is coded, None if it is a plain column."""
        return next((i for i in self.indicators if i.variable == variable), None)


def _check_indicators(features: Features) -> None:
    seen: dict[str, str] = {}
    for coded in features.indicators:
        missing = [c for c in coded.columns if c not in features.place]
        if missing:
            raise FeatureError(f"{coded.variable!r}: no column {missing[0]!r} among the features")
        if coded.variable in features.place and coded.variable not in coded.columns:
            raise FeatureError(f"{coded.variable!r} is both a variable and another column's name")
        for column in coded.columns:
            if column in seen:
                raise FeatureError(
                    f"column {column!r} belongs to {seen[column]!r} and {coded.variable!r}"
                )
            seen[column] = coded.variable
