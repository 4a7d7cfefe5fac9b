"""Where variants lie and what their alleles are, read from the features' table or their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Int, Text
from evenlight.data.copies import two_copies
from evenlight.data.features import Features
from evenlight.errors import FeatureError

COLUMNS = {
    "chromosome": ("chromosome", "chrom", "chr"),
    "position": ("position", "pos", "bp"),
    "ref": ("ref", "reference", "other_allele", "a1", "allele1"),
    "alt": ("alt", "alternate", "counted_allele", "a2", "allele2"),
}
"""Names that columns of a features' table go by."""

AMBIGUOUS = ({"A", "T"}, {"C", "G"})
"""Alleles that read the same from the other strand."""


@dataclass(frozen=True, slots=True, eq=False)
class Loci:
    """What is known of p variants.

    `neighbour` (p,) is the column of the next one on the chromosome: of the one before for the
    last, and its own for a variant that is alone there. `ref` and `alt` (p,) are alleles, None
    where they are not known; `told` says what a neighbour is. `double` (q,) are the columns in
    which 2 less the dosage counts the other allele in everyone.
    """

    neighbour: Int
    ref: Text | None
    alt: Text | None
    told: str
    double: Int

    @property
    def ambiguous(self) -> Int:
        """Columns of variants with alleles A/T or C/G among the `double` ones, (q,)."""
        if self.ref is None or self.alt is None:
            return np.zeros(0, dtype=np.int64)
        pairs = zip(self.ref.tolist(), self.alt.tolist(), strict=True)
        same = np.flatnonzero([{a.upper(), b.upper()} in AMBIGUOUS for a, b in pairs])
        return np.intersect1d(same, self.double)


def loci(features: Features, columns: Sequence[int]) -> Loci:
    """The loci of some columns, from the table (chrom, pos, ref, alt) or names chrom:pos:ref:alt.

    Where places are not known, the neighbour of a variant is the next column. Raises FeatureError
    for positions of the table that are no numbers.

    >>> made = loci(Features(("1:900:A:T", "2:5:A:C", "1:70:C:G")), range(3))
    >>> made.neighbour.tolist(), made.ambiguous.tolist()
    ([2, 1, 0], [0, 2])
    """
    known = _table(features, columns) or _names(features, columns)
    count = len(columns)
    if known is None:
        near = _neighbours(np.zeros(count, dtype=np.str_), np.arange(count))
        return Loci(near, None, None, "the next column: places are not known", np.arange(count))
    chromosome, position, ref, alt = known
    told = "the next variant of the chromosome"
    double = np.flatnonzero(_double(features, columns, chromosome))
    return Loci(_neighbours(chromosome, position), ref, alt, told, double)


def _double(features: Features, columns: Sequence[int], chromosome: Text) -> Bool:
    """Whether everybody's copies of a variant (p,) and of its other allele add up to two.

    Not on X, Y and MT (`two_copies`), nor at sites that have more than two `alleles`.
    """
    names = tuple(features.names[j] for j in columns)
    out = two_copies(features, names, chromosome, doubled=True)
    if features.table is not None and "alleles" in features.table:
        out &= ~(features.table["alleles"].iloc[np.array(columns)] > 2).to_numpy(dtype=bool)
    return out


Known = tuple[Text, Int, Text | None, Text | None]


def _table(features: Features, columns: Sequence[int]) -> Known | None:
    table = features.table
    if table is None:
        return None
    have = {str(name).casefold(): name for name in table.columns}
    found = {
        what: next((have[n] for n in names if n in have), None) for what, names in COLUMNS.items()
    }
    if found["chromosome"] is None or found["position"] is None:
        return None
    rows = table.iloc[list(columns)]
    try:
        position = rows[found["position"]].to_numpy(dtype=np.int64)
    except (TypeError, ValueError):
        raise FeatureError(
            f"column {found['position']!r} of the features' table holds positions that are no "
            "whole numbers; repair them, or leave the column out"
        ) from None
    words = {
        what: None if name is None else rows[name].astype(str).to_numpy(dtype=np.str_)
        for what, name in found.items()
    }
    chromosome = words["chromosome"]
    assert chromosome is not None
    return chromosome, position, words["ref"], words["alt"]


def _names(features: Features, columns: Sequence[int]) -> Known | None:
    parts = [features.names[j].split("|")[-1].split(":") for j in columns]
    if not all(len(p) == 4 and p[1].isdigit() for p in parts):
        return None
    chromosome, position, ref, alt = (list(p) for p in zip(*parts, strict=True))
    where = np.array([int(p) for p in position], dtype=np.int64)
    return np.array(chromosome), where, np.array(ref), np.array(alt)


def _neighbours(chromosome: Text, position: Int) -> Int:
    """The next column on each chromosome, the one before for the last, itself for a lone one."""
    order = np.lexsort((position, chromosome))
    out = np.arange(len(order))
    same = chromosome[order][1:] == chromosome[order][:-1]
    out[order[1:][same]] = order[:-1][same]
    out[order[:-1][same]] = order[1:][same]
    return out.astype(np.int64)
