"""How many alleles a site has: where more than two, copies of one do not tell the others'."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int
from evenlight.errors import FeatureError
from evenlight.modalities.alleles import complement

PLACE = ["chromosome", "position"]


def alleles_at(table: pd.DataFrame) -> Int:
    """Alleles (p,) at the site of each variant of a feature table; 2 where nothing else is known.

    Variants of one place that share an allele are one site that was split, by alternate allele;
    those of the same two alleles, on either strand, are one variant twice. A column `alleles` of
    the table, which a reader gives, is believed where it says more.

    >>> table = pd.DataFrame({"chromosome": "1", "position": [7, 7, 8], "other_allele": "A",
    ...                       "counted_allele": ["G", "T", "G"]})
    >>> alleles_at(table).tolist()
    [3, 3, 2]
    """
    out = np.full(len(table), 2, dtype=np.int64)
    if "alleles" in table:
        out = np.maximum(out, table["alleles"].fillna(2).to_numpy(dtype=np.int64))
    if not {*PLACE, "counted_allele", "other_allele"} <= set(table.columns):
        return out
    known = table[PLACE].notna().all(axis=1).to_numpy(dtype=bool)
    shared = np.flatnonzero(known & table[PLACE].duplicated(keep=False).to_numpy(dtype=bool))
    some = table.iloc[shared]
    pairs = [*zip(some["counted_allele"], some["other_allele"], strict=True)]
    for here in some.groupby(PLACE, sort=False, observed=True).indices.values():
        own = [frozenset(pairs[k]) for k in here]
        together = [one.union(*(two for two in own if _third(one, two))) for one in own]
        out[shared[here]] = np.maximum(out[shared[here]], [len(alleles) for alleles in together])
    return out


def _third(first: frozenset[Any], second: frozenset[Any]) -> bool:
    """Whether two variants of one place share an allele, and are not the same two on a strand."""
    known = all(isinstance(allele, str) for allele in first | second)
    turned = frozenset(complement(allele) for allele in second) if known else second
    return known and bool(first & second) and first not in (second, turned)


def by_place(records: Iterable[Any]) -> Iterator[tuple[Any, int]]:
    """Each record of a VCF, and the alleles of it and of the next ones at its place together.

    A place holder of a genomic VCF, such as <NON_REF>, is no allele that anybody has.
    """
    for _, group in groupby(records, key=lambda record: (record.CHROM, record.POS)):
        here = list(group)
        alleles = {a for record in here for a in (record.REF, *record.ALT) if a[:1] != "<"}
        for record in here:
            yield record, len(alleles)


def check_two(swapped: Bool, alleles: Int, names: pd.Index) -> None:
    """Raise FeatureError where a variant is to be swapped whose site has more than two alleles."""
    wrong = swapped & (alleles > 2)
    if wrong.any():
        raise FeatureError(
            f"{int(wrong.sum())} variants are to be swapped at sites of more than two alleles, "
            f"first {names[wrong][:3].tolist()}: 2 less the dosage counts the third allele as the "
            "effect allele; drop their rows from wanted, or count that allele in a file of its own"
        )
