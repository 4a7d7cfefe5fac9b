"""A cohort's genotypes brought to the alleles that a model counts."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.rows import Held, Rows, dense
from evenlight.errors import EvenlightWarning, FeatureError
from evenlight.modalities.alleles import Ways, complement, ways_of
from evenlight.modalities.frequencies import Told, contradicted, told_by
from evenlight.modalities.genotype_rows import GenotypeRows
from evenlight.modalities.ploidy import Ploidy, ploidy_of
from evenlight.modalities.split_sites import alleles_at, check_two
from evenlight.modalities.strands import Decided, as_written, decided
from evenlight.modalities.wanted import (
    alleles_of,
    no_strangers,
    pairs,
    places,
    same_genome,
    wanted_frequency,
    wanted_table,
)

Choice = Literal["error", "drop", "forward"]


def align_alleles(
    cohort: Cohort,
    wanted: pd.DataFrame,
    *,
    ambiguous: Choice = "error",
    build: str | None = None,
) -> Cohort:
    """The same people with the variants of `wanted`, in its order, counted by its effect alleles.

    Parameters
    ----------
    cohort
        whose feature table has counted_allele and other_allele, as `read_plink` and `read_vcf`
        make it.
    wanted
        one row a variant: variant or id (a feature's name), effect_allele, other_allele (may be
        missing), and, where known, frequency (of the effect allele), chromosome, position, build.
    ambiguous
        variants that alleles do not tell, A/T and C/G: "error" unless frequencies tell clearly;
        "drop" leaves those out that they do not tell; "forward" takes both files as written on
        the forward strand.
    build
        of `wanted`, where it has no such column.

    Returns
    -------
    Cohort
        Dosages are x, or 2 - x where alleles are swapped (1 - x of males who are coded 0/1 on X,
        and so on Y and MT); strands are flipped where alleles tell it. The feature table says which
        in `alignment`, and a note counts them.

    Raises
    ------
    FeatureError
        naming variants that are absent, have other alleles, or are not told by their alleles;
        variants without alleles whose frequency contradicts; another build or position; and swaps
        at sites of three alleles or of unknown copies, where 2 - x would count something else.

    Wanted frequencies of variants whose alleles are told are looked at as well, to see whether they
    are of such people: where more than 0.5 % of them are clearly the other allele's, frequencies
    decide nothing. Those are named in a warning, and are an error where they are most.
    """
    if ambiguous not in ("error", "drop", "forward"):
        raise FeatureError(f'ambiguous={ambiguous!r}; wanted "error", "drop" or "forward"')
    table = wanted_table(wanted)
    at = places(cohort, table)
    own = alleles_of(cohort, at)
    same_genome(own, table, build)
    ways = ways_of(pairs(own, "counted_allele"), pairs(table, "effect_allele"))
    no_strangers(ways, table, own)
    forward = ambiguous == "forward"
    ploidy = ploidy_of(cohort, own)
    sure = ~ways.undecided | (ways.known & forward)
    told = told_by(cohort, at, wanted_frequency(table), ploidy, as_written(ways), sure)
    _nameless(ways, told, table)
    plan = decided(ways, told, forward=forward)
    if plan.left.any() and ambiguous != "drop":
        raise FeatureError(_not_told(plan.left, ways.known, told, table))
    if plan.left.all():
        raise FeatureError("no wanted variant is left; alleles and frequencies tell none")
    _possible(plan.swap & ~plan.left, (ploidy, told.above, _alleles_at(cohort, at)), table)
    if text := contradicted(told, table.index.tolist()):
        warnings.warn(text, EvenlightWarning, 2)
    return _aligned(cohort, table, own, (at, plan), ploidy)


def _nameless(ways: Ways, told: Told, table: pd.DataFrame) -> None:
    """Raise FeatureError where a variant without alleles has the other one's frequency."""
    wrong = ways.undecided & ~ways.known & told.other
    if wrong.any():
        raise FeatureError(
            f"{int(wrong.sum())} variants have no alleles in the cohort and the frequency of the "
            f"other allele, first {table.index[wrong][:3].tolist()}; give counted_allele and "
            "other_allele in the feature table"
        )


def _not_told(left: Bool, known: Bool, told: Told, table: pd.DataFrame) -> str:
    """Which variants are told neither by alleles nor by frequencies, and what to do."""
    parts = [
        f"{int(mask.sum())} {what}, first {table.index[mask][:3].tolist()}"
        for mask, what in (
            (left & known, "are A/T or C/G"),
            (left & ~known, "have no alleles in the cohort"),
        )
        if mask.any()
    ]
    return (
        f"{int(left.sum())} of {len(table)} variants are not told by their alleles: "
        f'{"; ".join(parts)}. {told.why_not()}, say ambiguous="drop" to leave them out, or, where '
        'both files are of the forward strand, ambiguous="forward"'
    )


def _alleles_at(cohort: Cohort, at: Int) -> Int:
    """Alleles at the sites of some columns (q,)."""
    table = cohort.features.table
    return np.full(len(at), 2) if table is None else alleles_at(table)[at]


def _possible(swap: Bool, facts: tuple[Ploidy, Bool, Int], table: pd.DataFrame) -> None:
    """Raise FeatureError where a swap would not count copies of the other allele."""
    ploidy, above, alleles = facts
    check_two(swap, alleles, table.index)
    lost, over = ploidy.lost() & swap, above & swap
    if lost.any():
        raise FeatureError(
            f"{int(lost.sum())} variants on X, Y or MT are to be swapped, first "
            f"{table.index[lost][:3].tolist()}, and it is not known how many copies each person "
            'has: give column sex of people, and column males of the feature table ("0/2" or '
            '"0/1": how males are coded on X and Y, everybody on MT)'
        )
    if over.any():
        raise FeatureError(
            f"{int(over.sum())} variants on X, Y or MT are to be swapped, first "
            f"{table.index[over][:3].tolist()}, and somebody holds more copies there than people "
            "of that sex have; set such values to missing, or correct sex or column males"
        )


def _aligned(
    cohort: Cohort, table: pd.DataFrame, own: pd.DataFrame, planned: tuple[Int, Decided],
    ploidy: Ploidy,
) -> Cohort:  # fmt: skip
    """The cohort with what is kept of the plan for its columns."""
    at, plan = planned
    keep = np.flatnonzero(~plan.left)
    swap = plan.swap[keep]
    x = _swapped(cohort.x, at[keep], swap, lambda rows: ploidy.at(rows, keep[swap]))
    beside = own.iloc[keep].copy()
    other = [
        wanted or _turned(pair[0] if swaps else pair[1], flips)
        for wanted, pair, swaps, flips in zip(
            table["other_allele"], pairs(own, "counted_allele"), plan.swap, plan.flip, strict=True
        )
    ]
    beside["counted_allele"] = table["effect_allele"].to_numpy()[keep]
    beside["other_allele"] = np.array(other, dtype=object)[keep]
    words = np.array(_words(plan), dtype=object)[keep]
    beside["alignment"] = words
    features = Features(tuple(map(str, beside.index)), beside)
    counts = ", ".join(f"{n} {w}" for w, n in pd.Series(words).value_counts().sort_index().items())
    note = f"Alleles: {len(keep)} variants aligned to those wanted ({counts})"
    dropped, rest = int(plan.left.sum()), len(cohort.features) - len(plan.left)
    note += f"; {dropped} that were not told were dropped" if dropped else ""
    note += f"; {rest} that were not wanted were left out" if rest else ""
    return cohort.altered(x=x, features=features, notes=(*cohort.notes, note + "."))


def _swapped(x: Held, at: Int, swap: Bool, most: Callable[[Int | slice], Float]) -> Held:
    """Columns `at` of x (n, q), those of the mask as `most` of their rows (m, swapped) minus x."""

    def turned(values: Values, rows: Int | slice) -> Values:
        out = np.array(values[:, at])
        out[:, swap] = most(rows) - out[:, swap]
        return out

    if isinstance(x, np.ndarray):
        return turned(x, slice(None))
    held = GenotypeRows(
        (int(x.shape[0]), len(at)), lambda rows: turned(dense(x, rows), rows), np.dtype(np.float64)
    )
    return Rows(held)


def _turned(allele: str | None, flips: bool) -> str | None:
    return complement(allele) if flips else allele


def _words(plan: Decided) -> list[str]:
    """How each variant was aligned (q,)."""
    words = {(False, False): "same", (True, False): "swapped", (False, True): "strand flipped"}
    told = zip(plan.swap.tolist(), plan.flip.tolist(), plan.told.tolist(), strict=True)
    return [
        words.get((swap, flip), "strand flipped and swapped") + (" by frequency" if by else "")
        for swap, flip, by in told
    ]
