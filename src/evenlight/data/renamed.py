"""Features under other names, through a table that the user hands over.

Ids to symbols, previous symbols to present ones, aliases. Nothing is looked up anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from evenlight.data import gene_names
from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.features import Features
from evenlight.data.ordered import columns_of
from evenlight.data.picked import add_up, pick
from evenlight.data.unique_names import unique
from evenlight.errors import FeatureError

NameTable = Mapping[str, str | Iterable[str]] | pd.DataFrame | pd.Series
"""Old names to new ones: a mapping, a Series by old name, or the first two columns of a table."""

Unmapped = Literal["error", "keep", "drop"]


@dataclass(frozen=True, slots=True)
class Renaming:
    """The new name of each of p features: `old` (p,), `new` (p,), "" where a feature is left out.

    `ambiguous` features had several new names, of which the first was taken; `unmapped` had none.
    """

    old: tuple[str, ...]
    new: tuple[str, ...]
    ambiguous: int = 0
    unmapped: int = 0

    def __post_init__(self) -> None:
        unique(self.old, "feature")
        if len(self.new) != len(self.old):
            raise FeatureError(f"{len(self.new)} new names for {len(self.old)} features")
        if not any(self.new):
            raise FeatureError("no feature has a new name; is the table one of these names?")

    @property
    def shared(self) -> tuple[str, ...]:
        """New names that several features got."""
        seen: dict[str, int] = {}
        for name in self.new:
            seen[name] = seen.get(name, 0) + 1
        return tuple(name for name, count in seen.items() if name and count > 1)

    def __repr__(self) -> str:
        return f"Renaming: {self.sentence()}"

    def sentence(self) -> str:
        """Who got which kind of name, in counts."""
        told = sum(map(bool, self.new))
        return (
            f"{told:,} of {len(self.old):,} features have a new name; {self.unmapped:,} were not "
            f"in the table, {self.ambiguous:,} had several names, of which the first was taken; "
            f"{len(self.shared):,} new names stand for several features."
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a feature."""
        return pd.DataFrame({"old": self.old, "new": self.new})

    def sets(self) -> FeatureSets:
        """Each new name as a set of the old features, for attributions: `attributions.by(sets)`.

        Attributions of several ids add up to that of their gene exactly, whatever their values
        mean; raises FeatureError where a feature is left out, since its share would be lost.
        """
        if not all(self.new):
            raise FeatureError(
                f'{self.new.count("")} features have no new name; say unmapped="keep"'
            )
        made: dict[str, list[str]] = {}
        for old, name in zip(self.old, self.new, strict=True):
            made.setdefault(name, []).append(old)
        return FeatureSets.from_lists(made, self.old, kind="gene")


def renaming(
    names: Sequence[str],
    table: NameTable,
    *,
    strip_versions: bool = False,
    ambiguous: Literal["error", "first"] = "error",
    unmapped: Unmapped = "error",
) -> Renaming:
    """The new name of each of `names` (p,) by a table of old and new names.

    Parameters
    ----------
    strip_versions
        versions of Ensembl ids are left out on both sides.
    ambiguous
        an old name with several new ones: an error, or the "first" in the order of the table.
    unmapped
        a feature that the table does not have: an error, "keep" its old name, or "drop" it.

    Raises
    ------
    FeatureError
        with the count and the first names, where a rule is wanted and none was named.

    >>> renaming(["ENSG1", "ENSG2"], {"ENSG1": "TP53", "ENSG2": "MYC"}).new
    ('TP53', 'MYC')
    """
    known = _table(table, strip=strip_versions)
    asked = gene_names.strip_versions(names) if strip_versions else tuple(names)
    lost = [name for name in asked if name not in known]
    if lost and unmapped == "error":
        raise FeatureError(
            f"{len(lost)} of {len(asked)} features are not in the table, first {lost[:3]}; add "
            'them, or say unmapped="keep" (their old names) or "drop"'
        )
    several = [name for name in asked if len(known.get(name, ())) > 1]
    if several and ambiguous == "error":
        raise FeatureError(
            f"{len(several)} features have several new names, first {several[0]!r} "
            f"{list(known[several[0]][:3])}; choose one of each in the table, or say "
            'ambiguous="first"'
        )
    stay = set(asked) if unmapped == "keep" else set()
    new = tuple(known[name][0] if name in known else name * (name in stay) for name in asked)
    return Renaming(tuple(names), new, len(several), len(lost))


def renamed(
    cohort: Cohort,
    table: NameTable,
    *,
    strip_versions: bool = False,
    ambiguous: Literal["error", "first"] = "error",
    shared: Literal["error", "first", "sum"] = "error",
    unmapped: Unmapped = "error",
) -> Cohort:
    """The cohort with its features under the names of a table, with a note of what was done.

    `strip_versions`, `ambiguous` and `unmapped` as in `renaming`. Where several features get one
    name, `shared` is an error, keeps the "first" of them in the cohort's order, or takes their
    "sum": of counts (whole numbers from 0 on) only, since logarithms and ratios do not add up.
    A model wants the names that it was trained on: rename its cohort, or sum its attributions with
    `renaming(...).sets()`.

    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(np.array([[1.0, 2.0], [3.0, 4.0]]), people, ["id1", "id2"])
    >>> made = renamed(cohort, {"id1": "TP53", "id2": "TP53"}, shared="sum")
    >>> made.features.names, made.x.tolist()
    (('TP53',), [[3.0], [7.0]])
    """
    if cohort.x.ndim != 2:
        raise FeatureError(f"rows of x have shape {cohort.x.shape[1:]}; only columns have names")
    made = renaming(
        cohort.features.names, table,
        strip_versions=strip_versions, ambiguous=ambiguous, unmapped=unmapped,
    )  # fmt: skip
    if made.shared and shared == "error":
        raise FeatureError(_shared(made))
    first = {name: j for j, name in reversed(list(enumerate(made.new))) if name}
    at = np.array(sorted(first.values()), dtype=np.int64)
    names = [made.new[j] for j in at]
    notes = (*cohort.notes, f"Features were renamed: {made.sentence()}")
    features: Features = columns_of(cohort.features, at, names)
    if shared != "sum" or not made.shared:
        return cohort.altered(x=pick(cohort.x, at), features=features, notes=notes)
    _countable(cohort)
    return cohort.altered(x=add_up(cohort.x, _sums(made, names)), features=features, notes=notes)


def _table(table: NameTable, *, strip: bool) -> dict[str, tuple[str, ...]]:
    """Old name to its different new names, in the table's order; empty cells are no names."""
    if isinstance(table, pd.DataFrame):
        if table.shape[1] < 2:
            raise FeatureError(
                f"the table has the columns {list(table.columns)}; wanted two, old and new name"
            )
        table = pd.Series(table.iloc[:, 1].to_numpy(), index=table.iloc[:, 0])
    pairs = table.items()
    found: dict[str, dict[str, None]] = {}
    for old, new in pairs:
        names = [new] if isinstance(new, str) or not isinstance(new, Iterable) else list(new)
        key = gene_names.bare_id(str(old)) if strip else str(old)
        own = [str(name).strip() for name in names if isinstance(name, str) and name.strip()]
        found.setdefault(key, {}).update(dict.fromkeys(own))
    return {old: tuple(new) for old, new in found.items() if new}


def _shared(made: Renaming) -> str:
    """Which features would get one name."""
    same = [old for old, new in zip(made.old, made.new, strict=True) if new == made.shared[0]]
    return (
        f"{len(made.shared)} new names are those of several features, first {made.shared[0]!r} of "
        f'{same[:3]}; say shared="first", or "sum" for counts'
    )


def _countable(cohort: Cohort) -> None:
    """Raise FeatureError unless all values are whole numbers from 0 on."""
    for _, x in cohort.blocks():
        if (x < 0).any() or not np.array_equal(x, np.floor(x)):
            raise FeatureError(
                'shared="sum" adds values that are no counts (whole numbers from 0 on); '
                'logarithms and ratios do not add up: say shared="first", or explain the old '
                "features and add their attributions, attributions.by(renaming(...).sets())"
            )


def _sums(made: Renaming, names: Sequence[str]) -> csr_array:
    """Membership (p, q) of the old features in the new ones."""
    place = {name: j for j, name in enumerate(names)}
    rows = [i for i, name in enumerate(made.new) if name]
    cols = [place[made.new[i]] for i in rows]
    return csr_array((np.ones(len(rows)), (rows, cols)), shape=(len(made.old), len(names)))
