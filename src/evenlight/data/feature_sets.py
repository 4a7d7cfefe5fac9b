"""Sets of features: pathways, regions, motifs, clusters, and one-hot variables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike

import numpy as np
import pandas as pd
from scipy.sparse import csr_array

from evenlight.arrays import Int, Values
from evenlight.data.found_sets import found_sets, kept_sets
from evenlight.data.gmt import read_gmt
from evenlight.data.grids import from_grid
from evenlight.data.positions import Positions, interval_labels, label_names, spread_labels
from evenlight.data.set_tables import read_set_table
from evenlight.data.shown import first
from evenlight.data.unique_names import unique
from evenlight.errors import FeatureError


@dataclass(frozen=True, slots=True, eq=False)
class FeatureSets:
    """Named sets of features. `membership` is sparse (sets, p), 1 where a feature belongs.

    `kind` says what a set is: variable, pathway, LD block, region, motif or cluster. `features`
    are names of columns, or `Positions` of a map (an image, a sequence), whose p is their number.
    `given` counts (sets,) the features of each set where it was written, those that the data lack
    included; () where nothing was left out.

    >>> sets = FeatureSets.from_lists({"a": ["g1", "g2"]}, ["g1", "g2", "g3"], kind="pathway")
    >>> sets.members("a")
    ('g1', 'g2')
    """

    names: tuple[str, ...]
    features: tuple[str, ...] | Positions
    membership: csr_array
    kind: str = "set"
    given: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        unique(self.names, "set")
        if self.given and len(self.given) != len(self.names):
            raise FeatureError(f"{len(self.given)} counts for {len(self.names)} sets")
        if self.membership.shape != (len(self.names), len(self.features)):
            raise FeatureError(
                f"membership has shape {self.membership.shape}, "
                f"wanted {(len(self.names), len(self.features))} (sets, features)"
            )

    def __repr__(self) -> str:
        many = f"{len(self.names)} sets ({self.kind}) of {len(self.features)} features"
        return f"FeatureSets: {many}: {first(self.names)}"

    @classmethod
    def from_lists(
        cls,
        sets: Mapping[str, Iterable[str]],
        features: Sequence[str],
        *,
        kind: str = "set",
        rest: str | None = None,
    ) -> FeatureSets:
        """Sets given as lists of feature names; a name that is not a feature is an error.

        `rest` names one more set, for the features that belong to none.
        """
        place = {name: j for j, name in enumerate(features)}
        if rest is not None:
            sets = _with_rest(sets, features, rest)
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

    @classmethod
    def from_label_map(
        cls,
        labels: Values,
        names: Mapping[int, str] | None = None,
        *,
        shape: tuple[int, ...] | None = None,
        kind: str = "region",
    ) -> FeatureSets:
        """Sets of positions of a map: all positions with one label are one set, 0 included.

        Parameters
        ----------
        labels
            whole numbers (*s): an atlas or the segments of an image; the same for every row.
        names
            the name of each label, by default "region 0", "region 1", ...; one that does not
            occur is left out, one that is missing is a FeatureError.
        shape
            of one row of x where it has more axes, to which the labels are broadcast: a map
            (h, w) serves all channels of (c, h, w).

        >>> sets = FeatureSets.from_label_map(np.array([[0, 0], [7, 7]]), {0: "rest", 7: "lesion"})
        >>> sets.names, sets.members("lesion")
        (('rest', 'lesion'), ('1,0', '1,1'))
        """
        array = spread_labels(labels, shape)
        found, owner = np.unique(array, return_inverse=True)
        places = (owner.reshape(-1), np.arange(array.size))
        membership = csr_array((np.ones(array.size), places), shape=(len(found), array.size))
        return cls(label_names(found, names), Positions(array.shape), membership, kind)

    @classmethod
    def from_intervals(
        cls,
        intervals: Mapping[str, tuple[int, int]],
        shape: tuple[int, ...],
        *,
        axis: int = -1,
        rest: str = "rest",
        kind: str = "motif",
    ) -> FeatureSets:
        """Sets of positions from start to before stop along one axis of rows of `shape` (*s).

        Motifs of a sequence (4, length), windows of a signal. All other positions are the set
        `rest`. Raises FeatureError for an interval outside of the axis, an empty or a shared one.

        >>> sets = FeatureSets.from_intervals({"TATA": (1, 3)}, (2, 4))
        >>> sets.names, sets.members("TATA")
        (('rest', 'TATA'), ('0,1', '0,2', '1,1', '1,2'))
        """
        along = [1] * len(shape)
        along[axis] = shape[axis]
        labels = interval_labels(intervals, shape[axis]).reshape(along)
        named = dict(enumerate((rest, *intervals)))
        return cls.from_label_map(labels, named, shape=shape, kind=kind)

    from_grid = classmethod(from_grid)

    @classmethod
    def from_clusters(
        cls, labels: Int, features: Sequence[str], *, kind: str = "cluster"
    ) -> FeatureSets:
        """Sets from the cluster of each feature (p,), named by their first member.

        `evenlight.measures.clusters` makes such labels from data, blind to the groups.

        >>> made = FeatureSets.from_clusters(np.array([4, 7, 4]), ["g1", "g2", "g3"])
        >>> made.names, made.members("g1 and 1 more")
        (('g1 and 1 more', 'g2'), ('g1', 'g3'))
        """
        if len(labels) != len(features):
            raise FeatureError(f"{len(labels)} cluster labels for {len(features)} features")
        by: dict[int, list[str]] = {}
        for label, name in zip(labels.tolist(), features, strict=True):
            by.setdefault(label, []).append(name)
        sets = {_cluster_name(members): members for members in by.values()}
        return cls.from_lists(sets, features, kind=kind)

    @classmethod
    def from_gmt(
        cls,
        path: str | PathLike[str],
        features: Sequence[str],
        *,
        least: float = 2,
        rest: str | None = None,
        kind: str = "pathway",
        strip_versions: bool = False,
    ) -> FeatureSets:
        """Gene sets of a GMT file (name, description, genes; tab-separated), which may overlap.

        Genes that are no feature are left out and counted (`coverage`); so is a set with fewer than
        `least` genes left (below 1: that share of its genes), with a warning that counts them.
        `rest` names one more set, for all other features. With `strip_versions`, Ensembl ids are
        matched without their versions on both sides.

        Raises FeatureError for a line that is no set, a name that occurs twice, and where no set is
        left or the data have less than 5 % of all genes that are named.
        """
        found = found_sets(read_gmt(path), features, strip=strip_versions)
        kept, given = kept_sets(found, features, least=least, source=str(path))
        return cls._given(cls.from_lists(kept, features, kind=kind, rest=rest), given)

    @classmethod
    def from_table(
        cls,
        table: str | PathLike[str] | pd.DataFrame,
        features: Sequence[str],
        *,
        least: float = 2,
        rest: str | None = None,
        kind: str = "pathway",
        strip_versions: bool = False,
    ) -> FeatureSets:
        """Sets of a table (a DataFrame, .csv or .tsv): two columns, or a matrix of 0 and 1.

        All else as in `from_gmt`; `evenlight.data.set_tables` tells what a table may look like.

        >>> table = pd.DataFrame({"set": ["a", "a", "a"], "gene": ["g1", "g2", "g9"]})
        >>> made = FeatureSets.from_table(table, ["g1", "g2", "g3"])
        >>> made.members("a"), made.coverage()["lacking"].tolist()
        (('g1', 'g2'), [1])
        """
        where = "the table" if isinstance(table, pd.DataFrame) else str(table)
        found = found_sets(read_set_table(table), features, strip=strip_versions)
        kept, given = kept_sets(found, features, least=least, source=where)
        return cls._given(cls.from_lists(kept, features, kind=kind, rest=rest), given)

    @classmethod
    def _given(cls, made: FeatureSets, given: tuple[int, ...]) -> FeatureSets:
        """The same sets with how many features each had; a set of the rest has what it holds."""
        held = np.diff(made.membership.indptr).tolist()[len(given) :]
        return cls(made.names, made.features, made.membership, made.kind, (*given, *held))

    def coverage(self) -> pd.DataFrame:
        """One row a set: its features where it was written, found in the data, lacking, share."""
        found = np.diff(self.membership.indptr)
        given = np.array(self.given, dtype=np.int64) if self.given else found
        columns = {"set": list(self.names), "given": given, "found": found}
        return pd.DataFrame(
            {**columns, "lacking": given - found, "share": found / np.maximum(given, 1)}
        )

    def fits(self, names: tuple[str, ...], shape: tuple[int, ...]) -> bool:
        """Whether the sets speak of rows of `shape` (*s) with features of these names.

        Columns go by name; positions of a map by its shape, or by their names there ("row,column").
        """
        if isinstance(self.features, Positions):
            return self.features.shape == tuple(shape)
        own = tuple(Positions(tuple(shape))) if len(shape) > 1 else names
        return len(self.features) == int(np.prod(shape)) and self.features in (names, own)

    def owners(self) -> Int:
        """The set of each feature, (p,).

        Raises FeatureError where a feature belongs to none or to several.
        """
        count = np.diff(self.membership.tocsc().indptr)
        if (count != 1).any():
            j = int((count != 1).argmax())
            raise FeatureError(
                f"feature {self.features[j]!r} belongs to {int(count[j])} sets; each must belong "
                "to exactly one (from_lists(..., rest='other') takes in those that have none)"
            )
        return self.membership.tocsc().indices.astype(np.int64)

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


def _with_rest(
    sets: Mapping[str, Iterable[str]], features: Sequence[str], rest: str
) -> dict[str, list[str]]:
    """The sets, and one more of all features that belong to none, if there are any."""
    if rest in sets:
        raise FeatureError(f"rest={rest!r} is the name of a set already; choose another")
    known = {name: list(members) for name, members in sets.items()}
    taken = {member for members in known.values() for member in members}
    left = [name for name in features if name not in taken]
    return {**known, rest: left} if left else known


def _cluster_name(members: Sequence[str]) -> str:
    """The first member, and how many more there are."""
    return members[0] if len(members) == 1 else f"{members[0]} and {len(members) - 1} more"
