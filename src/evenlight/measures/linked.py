"""What should be said of blocks of linked sites: populations make blocks without any linkage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.shown import short
from evenlight.data.units import unit_codes
from evenlight.measures.genotypes import PLACE, place_columns
from evenlight.small_groups import least_shown
from evenlight.stats.linkage import (
    COLUMNS,
    Places,
    apart_from_groups,
    far_linked,
    linked_blocks,
)

MORE_BLOCKS = 1.05
"""Blocks within a declared grouping over those without: beyond this, populations made some."""

FAR = 0.01
"""Share of far pairs of sites above the cut that linkage cannot have made."""

_NAMED = re.compile(r"^(?:chr)?(\d{1,2}|x|y|mt?)[:_-]\d+", re.IGNORECASE)

Made = tuple[Float, Places, Int]


def doubtful_blocks(
    cohort: Cohort, names: Sequence[str], made: Made, *, within: str | Groups | None, cut: float
) -> Iterator[str]:
    """Sentences on blocks that are no linkage, or are too large to say anything.

    `made` are the dosages (u, s) of people, less group means where `within` is given, with places
    and blocks (s,). A declared grouping is asked for what the blocks are within it; far sites, on
    other chromosomes or out of reach, are no partners in linkage, so those that correlate tell of
    populations (Price et al. 2006, Nat Genet 38:904).
    """
    values, places, block = made
    if place_columns(cohort) is None and within is None:
        wanted = " and ".join(f"{name} (or {', '.join(o[1:3])})" for name, o in PLACE.items())
        yield (
            "LD blocks were made by the order of columns, as if on one chromosome and linked over "
            f"{COLUMNS} of them, and without within=: the feature table has no {wanted}; give "
            "features=Features(names, table=a frame indexed by name with these columns)"
        )
    if within is None:
        yield from _populations(cohort, made, cut)
    elif (share := far_linked(values, places, cut=cut)) > FAR:
        yield _far(share, "other populations inside these groups; use finer groups in within=")
    yield from _large(names, block)


def _populations(cohort: Cohort, made: Made, cut: float) -> Iterator[str]:
    """The declared grouping within which there are most blocks more; else what far sites say."""
    values, places, block = made
    found: list[tuple[int, str]] = []
    for groups in cohort.groups:
        codes = unit_codes(groups.codes, cohort.units)
        if (np.bincount(codes[codes >= 0], minlength=2) >= least_shown()).sum() >= 2:
            own = linked_blocks(apart_from_groups(values, codes), places, cut=cut)
            found.append((int(own[-1]) + 1, groups.name))
    had = int(block[-1]) + 1
    most, name = max(found, default=(0, ""))
    if most > max(MORE_BLOCKS * had, had + 1):
        yield (
            f"Populations make LD blocks here: {had:,} blocks are {most:,} once correlations are "
            f"taken within {name}, since groups with other allele frequencies correlate without "
            f"linkage; pass within={name!r}"
        )
    elif (share := far_linked(values, places, cut=cut)) > FAR:
        yield _far(share, "populations; pass within= a grouping by ancestry")


def _far(share: float, whose: str) -> str:
    return (
        f"{100 * share:.2g} % of pairs of sites too far apart for linkage are correlated: LD "
        f"blocks are partly made by {whose}"
    )


def _large(names: Sequence[str], block: Int) -> Iterator[str]:
    """Blocks over several chromosomes, as far as names tell, or of more than half of the sites."""
    sizes = np.bincount(block)
    j = int(sizes.argmax())
    if len(names) > 2 and sizes[j] > len(names) / 2:
        yield (
            f"One LD block holds {int(sizes[j]):,} of {len(names):,} sites, first "
            f"{short(names[int((block == j).argmax())])}: what is said of it is said of most of "
            "them at once; raise cut=, or see the warnings beside"
        )
    spans: dict[int, set[str]] = {}
    for name, own in zip(names, block.tolist(), strict=True):
        if found := _NAMED.match(name):
            spans.setdefault(own, set()).add(found.group(1).casefold())
    wide = [len(chromosomes) for chromosomes in spans.values() if len(chromosomes) > 1]
    if wide:
        yield (
            f"{len(wide)} of {len(sizes):,} LD blocks span up to {max(wide)} chromosomes by the "
            "names of their sites, which no linkage does: give chromosome and position in the "
            "feature table"
        )
