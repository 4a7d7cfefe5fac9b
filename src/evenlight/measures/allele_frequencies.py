"""Allele frequencies by group, as they may be shown, and variants by how common they are."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Groups
from evenlight.errors import EvenlightWarning, FeatureError, GroupError, InputError
from evenlight.measures.check import explained, place_of, shaped
from evenlight.measures.genotypes import check_two_copies, dosages, genotype_columns
from evenlight.measures.prepare import Setting, setting
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import shown_counts, told_step, told_values
from evenlight.stats.genetics import allele_counts

EDGES = (0.01, 0.05, 0.2)
"""Minor allele frequencies that part rare, low-frequency, common and very common variants."""

HALVED = "the frequencies of whoever has one, coded 1, would be halved"
"""What befalls the frequencies of males on X."""

FEW_COPIES = 5
"""Copies below which an edge can hardly be told among the people of the reference."""


@dataclass(frozen=True, slots=True, eq=False)
class AlleleFrequencies:
    """Frequency of the counted allele at p variants in k groups, each (k, p).

    `people` have a known genotype. Of a group with fewer than 11 of them, and of a variant that 1
    to 10 people of a group carry (or all but 1 to 10), frequency is missing with its `reason`: a
    frequency and a number of people tell who carries. Where anything is hidden (`rounded`), people
    are told to 5 and frequencies to the step that leaves as much open.
    """

    grouping: str
    levels: tuple[str, ...]
    variants: tuple[str, ...]
    rounded: bool
    people: Float
    frequency: Float
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.levels), len(self.variants))
        shaped(self, shape, "people", "frequency", "reason")
        explained(self, self.reason, "people", "frequency")

    @property
    def minor(self) -> Float:
        """Minor allele frequency (k, p), at most 0.5."""
        return np.minimum(self.frequency, 1 - self.frequency)

    def to_frame(self) -> pd.DataFrame:
        """One row a group and variant."""
        k, p = (a.ravel() for a in np.indices(self.frequency.shape))
        return pd.DataFrame(
            {
                "grouping": self.grouping,
                "level": [self.levels[i] for i in k],
                "variant": [self.variants[j] for j in p],
                "people": self.people.ravel(),
                "frequency": self.frequency.ravel(),
                "minor": self.minor.ravel(),
                "reason": self.reason.ravel(),
            }
        )

    def __repr__(self) -> str:
        hidden = int((self.reason != "").sum())
        return (
            f"AlleleFrequencies: {len(self.variants):,} variants by {self.grouping} "
            f"({', '.join(self.levels)}); {hidden:,} of {self.reason.size:,} not shown"
        )


def allele_frequencies(
    cohort: Cohort, *, by: str | Groups, columns: Sequence[str] | None = None
) -> AlleleFrequencies:
    """Frequencies of the counted allele in each group, over units with a known genotype.

    `columns` name the genotype columns (0, 1, 2 or NaN), by default all of x. Raises FeatureError
    for columns that are no genotypes and for sites on X, Y and MT of whose copies not everybody's
    count to two, GroupError where there are no two groups.
    """
    names = genotype_columns(cohort, columns)
    check_two_copies(cohort, names, what=HALVED, doubled=True)
    here = setting(cohort, by)
    people, alleles, carriers = _counts(here, dosages(here, names))
    few = people < least_shown()
    rare = (carriers > 0) & (carriers < least_shown())
    reason = np.full(people.shape, "", dtype=object)
    reason[rare] = f"suppressed (<{least_shown()} carriers)"
    reason[few] = hidden_text()
    rounded = here.rounded or bool((few | rare).any())
    known = np.maximum(people, 1.0)
    frequency = alleles / (2 * known)
    if rounded:
        step = told_step(np.sqrt(frequency * (1 - frequency) / known), known, share=True)
        frequency = np.clip(told_values(frequency, step), 0.0, 1.0)
    frequency[reason != ""] = np.nan
    shown = np.where(few, np.nan, shown_counts(people, rounded=rounded))
    return AlleleFrequencies(
        here.groups.name, here.groups.levels, names, rounded, shown, frequency,
        reason.astype(np.str_),
    )  # fmt: skip


def maf_strata(
    cohort: Cohort,
    *,
    by: str | Groups,
    reference: str | None = None,
    edges: Sequence[float] = EDGES,
    columns: Sequence[str] | None = None,
    rest: str = "other features",
) -> FeatureSets:
    """Variants by their minor allele frequency in one group, as sets of kind "MAF stratum".

    A partition of all features, for `attributions.by(sets)`, `rely`, `remove` and the like: below
    the first edge (those that do not vary there are among them), from each edge to before the next,
    and from the last; features that are no genotype `columns` are the set `rest`. `reference` is a
    level of `by`: the declared reference of the grouping, or else its largest level. What is rare
    in one group may be common in another: say which one is meant, and ask once with each.

    Raises InputError for edges that do not rise between 0 and 0.5, UnknownName for an unknown
    level, GroupError for one of fewer than 11 people, FeatureError for a variant with a genotype in
    fewer than 11 of its people. `EvenlightWarning` where the first edge is fewer than 5 copies
    among its people, so that strata are told by chance.
    """
    at = [float(e) for e in edges]
    if not at or sorted(set(at)) != at or not 0 < at[0] <= at[-1] < 0.5:
        raise InputError(f"edges are {tuple(edges)}; they rise, between 0 and 0.5")
    names = genotype_columns(cohort, columns)
    check_two_copies(cohort, names, what=HALVED, doubled=True)
    here = setting(cohort, by)
    level = _reference(here, reference)
    people, alleles, _ = (c[level] for c in _counts(here, dosages(here, names)))
    _enough(people, names, here.groups.levels[level], at[0])
    frequency = alleles / (2 * people)
    minor = np.minimum(frequency, 1 - frequency)
    stratum = np.searchsorted(np.array(at), minor + 1e-12, side="right")
    words = _words(at, here.groups.levels[level])
    lists = {
        word: [n for n, s in zip(names, stratum.tolist(), strict=True) if s == i]
        for i, word in enumerate(words)
    }
    kept = {word: own for word, own in lists.items() if own}
    return FeatureSets.from_lists(kept, cohort.features.names, kind="MAF stratum", rest=rest)


def _counts(here: Setting, values: Float) -> tuple[Float, Float, Float]:
    """People with a genotype, copies, and carriers of the rarer allele, each (k, p)."""
    k = len(here.groups.levels)
    own = np.where(here.unit_group < 0, -1, here.unit_group).astype(np.int64)
    found = allele_counts(values[own >= 0], own[own >= 0])
    people, alleles, hets = (np.zeros((k, values.shape[1])) for _ in range(3))
    present = np.arange(len(found.people))
    people[present], alleles[present], hets[present] = found.people, found.alleles, found.hets
    two = (alleles - hets) / 2
    none = people - two - hets
    return people, alleles, np.minimum(two, none) + hets


def _reference(here: Setting, asked: str | None) -> int:
    """The number of the reference level, which has 11 people or more."""
    levels = here.groups.levels
    name = asked or here.groups.reference or levels[int(here.sizes.argmax())]
    at = place_of(name, levels, f"level of {here.groups.name}")
    if here.sizes[at] < least_shown():
        raise GroupError(f"fewer than {least_shown()} people in {name}; choose another reference")
    return at


def _enough(people: Float, names: Sequence[str], level: str, edge: float) -> None:
    """Raise where variants have too few people, and warn where an edge is but a few copies."""
    few = people < least_shown()
    if few.any():
        raise FeatureError(
            f"{int(few.sum())} of {len(names)} variants have a genotype in fewer than "
            f"{least_shown()} people of {level}, first {names[int(few.argmax())]!r}; leave "
            "them out of columns="
        )
    copies = 2 * float(np.median(people)) * edge
    if copies < FEW_COPIES:
        warnings.warn(
            f"a frequency of {percent(edge, places=1)} is {copies:.1f} copies among the people of "
            f"{level}: who is on which side of it is chance; give a higher first edge",
            EvenlightWarning,
            stacklevel=3,
        )


def _words(edges: Sequence[float], level: str) -> list[str]:
    """The name of each stratum.

    >>> _words([0.01, 0.05], "EUR")
    ['MAF below 1 % in EUR', 'MAF 1 % to 5 % in EUR', 'MAF from 5 % in EUR']
    """
    told = [f"{100 * e:g} %" for e in edges]
    middle = [f"MAF {a} to {b} in {level}" for a, b in pairwise(told)]
    return [f"MAF below {told[0]} in {level}", *middle, f"MAF from {told[-1]} in {level}"]
