"""How many alleles a site has: where more than two, copies of one do not tell the others'.

Variants of one place are compared by what they change: letters that both alleles begin or end with
are none of it. So A>G and AT>A stand side by side, since the deletion has the A before it still,
and 2 less the copies of G are those of A; A>G and A>T, or AT>A and ATT>A, are alleles of one site.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, takewhile
from sys import maxsize
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Int
from evenlight.data.chromosomes import chromosomes
from evenlight.errors import FeatureError
from evenlight.modalities.alleles import complement

GENOME_BLOCKS = ("<NON_REF>", "<*>")
"""Place holders of a genomic VCF: alleles that nobody has."""

Written = tuple[str, str]
"""The other allele and the counted one of a variant, as a file writes them."""


def alleles_at(table: pd.DataFrame) -> Int:
    """Alleles (p,) at the site of each variant of a feature table; 2 where nothing else is known.

    A column `alleles` of the table, which a reader gives, is believed where it says more.

    >>> table = pd.DataFrame({"chromosome": "1", "position": [7, 7, 8, 8],
    ...                       "other_allele": ["A", "A", "A", "AT"],
    ...                       "counted_allele": ["G", "T", "G", "A"]})
    >>> alleles_at(table).tolist()
    [3, 3, 2, 2]
    """
    out = np.full(len(table), 2, dtype=np.int64)
    if "alleles" in table:
        out = np.maximum(out, table["alleles"].fillna(2).to_numpy(dtype=np.int64))
    if not {"chromosome", "position", "counted_allele", "other_allele"} <= set(table.columns):
        return out
    for at in _shared(table):
        words = table[["other_allele", "counted_allele"]].iloc[at].to_numpy(dtype=object)
        known = np.array([all(isinstance(a, str) for a in pair) for pair in words])
        pairs = [(first.upper(), second.upper()) for first, second in words[known]]
        out[at[known]] = np.maximum(out[at[known]], together(pairs))
    return out


def _shared(table: pd.DataFrame) -> Iterator[Int]:
    """The positions of the variants of each place that several have; 0 is no place."""
    position = pd.to_numeric(table["position"], errors="coerce").to_numpy(dtype=np.float64)
    place = pd.DataFrame({"chromosome": chromosomes(table["chromosome"]), "position": position})
    some = place[place["chromosome"].notna() & (place["position"] > 0)]
    some = some[some.duplicated(keep=False)]
    for own in some.groupby([*place.columns], sort=False).indices.values():
        yield some.index.to_numpy(dtype=np.int64)[own]


def together(pairs: Sequence[Written]) -> list[int]:
    """Alleles at the site of each of several variants of one place: its two, and other ones'.

    >>> together([("A", "G"), ("A", "T"), ("AT", "A"), ("ATT", "A"), ("A", "<DEL>")])
    [3, 3, 4, 4, 4]
    """
    if len(pairs) < 2:
        return [2] * len(pairs)
    found = []
    for own in pairs:
        thirds: list[Written] = []
        for other in pairs:
            new = not any(_same(one, other) for one in (own, *thirds))
            thirds += [other] if new and _third(own, other) else []
        found.append(2 + len(thirds))
    return found


def _same(first: Written, second: Written) -> bool:
    """Whether two variants are one that is written twice, on either strand, in either order.

    That is of alleles of one length. A to AT and AT to A are two, an insertion and a deletion, as a
    file has them side by side where a base is repeated.
    """
    turned = complement(first[0]), complement(first[1])
    if len(first[0]) != len(first[1]):
        return first == second
    return second in (first, first[::-1], turned, turned[::-1])


def _third(first: Written, second: Written) -> bool:
    """Whether another variant of the place changes some of the same, of one reference."""
    if any(allele in GENOME_BLOCKS for allele in second):
        return False
    fits = any(a.startswith(b) or b.startswith(a) for a in first for b in second)
    (start, end), (begin, stop) = _changed(first), _changed(second)
    return fits and start < stop and begin < end


def _changed(pair: Written) -> tuple[int, int]:
    """What a variant changes, from the first letter to behind the last, at the longer allele.

    A change that is named and not spelt (<DEL>) begins behind the first letter, as in a VCF; what a
    deletion that began before has taken (*) begins with it. Both may reach as far as any other.

    >>> _changed(("A", "G")), _changed(("AT", "A")), _changed(("CAT", "CGT"))
    ((0, 1), (1, 2), (1, 2))
    """
    if "*" in pair:
        return 0, maxsize
    if any(allele.startswith("<") for allele in pair):
        return 1, maxsize
    first, second = pair
    end = _alike(first[::-1], second[::-1])
    first, second = first[: len(first) - end], second[: len(second) - end]
    start = _alike(first, second)
    return start, max(len(first), len(second), start + 1)


def _alike(first: str, second: str) -> int:
    """With how many of the same letters two words begin."""
    return len([*takewhile(lambda two: two[0] == two[1], zip(first, second, strict=False))])


def by_place(records: Iterable[Any]) -> Iterator[tuple[Any, list[int]]]:
    """Each record of a VCF, and how many alleles the site of each of its alternate ones has."""
    for _, group in groupby(records, key=lambda record: (record.CHROM, record.POS)):
        here = list(group)
        found = iter(together([(r.REF.upper(), a.upper()) for r in here for a in r.ALT]))
        for record in here:
            yield record, [next(found) for _ in record.ALT]


def check_two(swapped: Bool, alleles: Int, names: pd.Index) -> None:
    """Raise FeatureError where a variant is to be swapped whose site has more than two alleles."""
    wrong = swapped & (alleles > 2)
    if wrong.any():
        raise FeatureError(
            f"{int(wrong.sum())} variants are to be swapped at sites of more than two alleles, "
            f"first {names[wrong][:3].tolist()}: 2 less the dosage counts the third allele as the "
            "effect allele; drop their rows from wanted, or count that allele in a file of its own"
        )
