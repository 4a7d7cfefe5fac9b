"""What the columns of x are: names, one-hot variables, and sets of features."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from evenlight.arrays import Float
from evenlight.errors import FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class Indicators:
    """One categorical variable coded as 0/1 columns.

    `columns` maps a column name to the state it indicates; `reference` is the state of a row in
    which every column is 0, and None where exactly one column is always 1.
    """

    variable: str
    columns: Mapping[str, str]
    reference: str | None = None

    @property
    def states(self) -> tuple[str, ...]:
        """All states, the reference first."""
        first = () if self.reference is None else (self.reference,)
        return first + tuple(self.columns.values())


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSets:
    """Named sets of features. `membership` is sparse (sets, p), 1 where a feature belongs.

    `kind` says what a set is: variable, pathway, LD block, region or cluster.

    >>> sets = FeatureSets.from_lists({"a": ["g1", "g2"]}, ["g1", "g2", "g3"], kind="pathway")
    >>> sets.members("a")
    ('g1', 'g2')
    """

    names: tuple[str, ...]
    features: tuple[str, ...]
    membership: csr_array
    kind: str = "set"

    def __post_init__(self) -> None:
        _unique(self.names, "set")
        if self.membership.shape != (len(self.names), len(self.features)):
            raise FeatureError(
                f"membership has shape {self.membership.shape}, "
                f"wanted {(len(self.names), len(self.features))} (sets, features)"
            )

    @classmethod
    def from_lists(
        cls, sets: Mapping[str, Iterable[str]], features: Sequence[str], *, kind: str = "set"
    ) -> FeatureSets:
        """Sets given as lists of feature names; a name that is not a feature is an error."""
        place = {name: j for j, name in enumerate(features)}
        pairs: list[tuple[int, int]] = []
        for i, (name, members) in enumerate(sets.items()):
            members = list(members)
            strange = [m for m in members if m not in place]
            if strange:
                raise FeatureError(
                    f"set {name!r} names {len(strange)} unknown features, first {strange[:3]}; "
                    "take them out or rename them to the cohort's feature names"
                )
            if not members:
                raise FeatureError(f"set {name!r} is empty; leave it out")
            pairs += [(i, place[m]) for m in dict.fromkeys(members)]
        rows, cols = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
        shape = (len(sets), len(features))
        membership = csr_array((np.ones(len(pairs)), (rows, cols)), shape=shape)
        return cls(tuple(sets), tuple(features), membership, kind)

    def members(self, name: str) -> tuple[str, ...]:
        """The features of one set."""
        return tuple(self.features[j] for j in self.columns(name))

    def columns(self, name: str) -> list[int]:
        """The column numbers of one set."""
        if name not in self.names:
            raise FeatureError(f"no set {name!r}; known: {', '.join(self.names[:8])}")
        i = self.names.index(name)
        start, stop = self.membership.indptr[i], self.membership.indptr[i + 1]
        return sorted(int(j) for j in self.membership.indices[start:stop])


@dataclass(frozen=True, slots=True, eq=False)
class Features:
    """The p columns of x: `names` (p,), kept exactly, unique.

    `table` is optional and indexed by name (gene, chromosome, position, alleles, region);
    `indicators` lists the variables that are coded as 0/1 columns.
    """

    names: tuple[str, ...]
    table: pd.DataFrame | None = None
    indicators: tuple[Indicators, ...] = ()
    place: Mapping[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not self.names:
            raise FeatureError("there are no features; x needs at least one column")
        _unique(self.names, "feature")
        object.__setattr__(self, "place", {name: j for j, name in enumerate(self.names)})
        if self.table is not None and tuple(map(str, self.table.index)) != self.names:
            raise FeatureError("the feature table's index differs from the feature names")
        _check_indicators(self)

    def __len__(self) -> int:
        return len(self.names)

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


def states_of(coded: Indicators, x: Float, names: Sequence[str]) -> list[str]:
    """The state of each row, (n,), read from its 0/1 columns; x is (n, p)."""
    columns = np.column_stack([x[:, names.index(c)] for c in coded.columns])
    at = columns.argmax(axis=1)
    labels = list(coded.columns.values())
    rest = coded.reference if coded.reference is not None else ""
    return [labels[a] if row.any() else rest for a, row in zip(at, columns, strict=True)]


def check_states(coded: Indicators, x: Float, names: Sequence[str]) -> None:
    """Raise FeatureError unless the 0/1 columns of a variable name one state in each row."""
    columns = np.column_stack([x[:, names.index(c)] for c in coded.columns])
    if not np.isin(columns, (0.0, 1.0)).all():
        raise FeatureError(f"{coded.variable!r}: indicator columns must hold 0 and 1 only")
    total = columns.sum(axis=1)
    wrong = int((total > 1).sum() if coded.reference is not None else (total != 1).sum())
    if wrong:
        raise FeatureError(
            f"{coded.variable!r}: {wrong} rows do not name exactly one state; "
            "each row has one indicator at 1"
            + (" or, for the reference, none" if coded.reference is not None else "")
        )


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


def _unique(names: Sequence[str], what: str) -> None:
    seen: set[str] = set()
    for name in names:
        if not isinstance(name, str) or not name:
            raise FeatureError(f"a {what} name must be a non-empty string, found {name!r}")
        if name in seen:
            raise FeatureError(f"the {what} name {name!r} occurs twice; names must be unique")
        seen.add(name)
