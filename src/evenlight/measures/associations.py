"""The record of how far features and sets tell a group, or an axis."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.measures.check import explained, shaped, worded

KINDS = ("number", "states", "genotype", "mean of a set", "letters of a set")
"""What the values of a subject are."""


@dataclass(frozen=True, slots=True, eq=False)
class SetAssociation:
    """How far m sets tell the group of people who were not learned from, under g conditions.

    `value` (g, m), with limits and permutation `p`, is 2 AUC - 1 of a cross-fitted discriminant,
    mean over pairs of groups (`measure` "2 AUC - 1"), or its mean correlation with the axes
    ("correlation"); `q` is by Benjamini and Hochberg. `size` (m,) counts columns.
    """

    names: tuple[str, ...]
    kind: str
    measure: str
    draws: int
    size: Int
    value: Float
    low: Float
    high: Float
    p: Float
    q: Float
    reason: Text

    def __post_init__(self) -> None:
        g = len(self.value)
        shaped(self, (len(self.names),), "size")
        shaped(self, (g, len(self.names)), "value", "low", "high", "p", "q", "reason")
        explained(self, self.reason, "value", "low", "high", "p", "q")


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """How far genotypes differ between k groups.

    `fst` (s,) is Weir and Cockerham's theta of each site, `informativeness` (s,) Rosenberg's In in
    nats (0 to log k), `pooled` the theta over all sites, `pairs` (k, k) Hudson's FST over all
    sites. Bias-corrected FST lies below 0 for most sites without drift: shown as it is. `reason`
    (s,), `pooled_reason` and `pair_reason` (k, k) say why a number is missing.
    """

    sites: tuple[str, ...]
    levels: tuple[str, ...]
    fst: Float
    informativeness: Float
    reason: Text
    pooled: float
    pooled_reason: str
    pairs: Float
    pair_reason: Text

    def __post_init__(self) -> None:
        s, k = len(self.sites), len(self.levels)
        shaped(self, (s,), "fst", "informativeness", "reason")
        shaped(self, (k, k), "pairs", "pair_reason")
        explained(self, self.reason, "fst", "informativeness")
        explained(self, self.pair_reason, "pairs")


@dataclass(frozen=True, slots=True, eq=False)
class Association:
    """How far p subjects' own values tell a grouping, or axes, under g conditions (`given`).

    `share` (g, p) is the bias-corrected share of a subject's variance that lies between the groups
    (eps squared), or that the axes explain (adjusted R squared), within the strata of the
    condition; of states it is Goodman and Kruskal's tau, corrected. Without association it is below
    0 for two thirds of subjects between two groups, nearer to half between many: shown as it is.
    `p` (permutation within strata), `p_maxt` (step-down, over subjects) and `q` (Benjamini and
    Hochberg) test independence; p below 11 / `draws` is that of a fitted tail, and none is below
    1e-11: 1,000 draws tell no more. `information` (g, p) is I(x; g) / H(g) less its permutation
    mean, numbers in ten bins; NaN throughout for axes.
    `n`, `strata`, `bins` (of the outcome), `population` are (g,), and so is `dropped`, the strata
    that were left out because too few are there to compare. Where these leave too few people, the
    numbers are NaN and `reason` says so: nothing can be told. `kind` (p,) is among `KINDS`.
    `drift` stands where columns were declared to be genotypes, `sets` where sets were asked for.
    """

    grouping: str
    source: str
    levels: tuple[str, ...]
    measure: str
    subjects: tuple[str, ...]
    kind: Text
    given: tuple[str, ...]
    draws: int
    n: Int
    strata: Int
    dropped: Int
    bins: Int
    population: Text
    share: Float
    p: Float
    p_maxt: Float
    q: Float
    reason: Text
    information: Float
    information_reason: Text
    drift: Drift | None
    sets: SetAssociation | None

    def __post_init__(self) -> None:
        g, p = len(self.given), len(self.subjects)
        shaped(self, (g,), "n", "strata", "dropped", "bins", "population")
        shaped(self, (p,), "kind")
        shaped(self, (g, p), *NUMBERS, "information", "reason", "information_reason")
        worded(self, "kind", KINDS)
        explained(self, self.reason, *NUMBERS)
        explained(self, self.information_reason, "information")

    def __repr__(self) -> str:
        found = int((self.p_maxt[0] <= 0.05).sum())
        many = f" and {len(self.sets.names)} sets" if self.sets else ""
        return (
            f"Association with {self.grouping}: {found} of {len(self.subjects)} subjects{many} "
            "tell it beyond chance; see .to_frame()"
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a condition and subject."""
        g, p = (a.ravel() for a in np.indices(self.share.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "given": [self.given[i] for i in g],
            "subject": [self.subjects[i] for i in p],
            "kind": self.kind[p],
        }
        for name in (*NUMBERS, "information", "reason"):
            columns[name] = getattr(self, name).ravel()
        if self.drift is not None:
            place = {site: j for j, site in enumerate(self.drift.sites)}
            at = np.array([place.get(name, -1) for name in self.subjects])
            for name in ("fst", "informativeness"):
                columns[name] = np.append(getattr(self.drift, name), np.nan)[at][p]
        return pd.DataFrame(columns)

    def drift_frame(self) -> pd.DataFrame:
        """FST over all sites, one row a pair of groups; empty where no column is a genotype.

        The first row, of level "all", is Weir and Cockerham's theta over the groups, the others
        are Hudson's FST.
        """
        names = ("grouping", "level", "reference", "sites", "fst", "reason")
        found = self.drift
        if found is None:
            return pd.DataFrame(columns=names)
        rows: list[tuple[object, ...]] = [("all", "", found.pooled, found.pooled_reason)]
        for a, b in zip(*np.triu_indices(len(found.levels), 1), strict=True):
            pair = found.levels[a], found.levels[b]
            rows.append((*pair, found.pairs[a, b], str(found.pair_reason[a, b])))
        n = len(found.sites)
        return pd.DataFrame(
            [(self.grouping, level, other, n, *told) for level, other, *told in rows],
            columns=names,
        )

    def sets_frame(self) -> pd.DataFrame:
        """One row a condition and set; empty where no sets were asked for."""
        if self.sets is None:
            return pd.DataFrame(columns=["grouping", "given", "set"])
        g, m = (a.ravel() for a in np.indices(self.sets.value.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "given": [self.given[i] for i in g],
            "set": [self.sets.names[i] for i in m],
            "features": self.sets.size[m],
        }
        for name in ("value", "low", "high", "p", "q", "reason"):
            columns[name] = getattr(self.sets, name).ravel()
        return pd.DataFrame(columns)


NUMBERS = ("share", "p", "p_maxt", "q")
