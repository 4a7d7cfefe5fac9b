"""What becomes of the variants of a polygenic score in a cohort, allele by allele."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd

from evenlight.arrays import Int
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.digits import count, percent
from evenlight.errors import FeatureError, ModelError
from evenlight.modalities.alleles import Ways
from evenlight.modalities.frequencies import Told, contradicted, told_by
from evenlight.modalities.pgs_sites import By, Pairs, paired
from evenlight.modalities.ploidy import ploidy_of
from evenlight.modalities.split_sites import alleles_at
from evenlight.modalities.strands import Decided, as_written, decided

Ambiguous = Literal["frequency", "drop", "forward"]

ABSENT, OTHER, UNTOLD, SPLIT = "absent", "other alleles", "ambiguous", "more than two alleles"
SAME, SWAPPED = "same", "swapped"
FLIPPED, BOTH = "other strand", "swapped on the other strand"
USED = (SAME, SWAPPED, FLIPPED, BOTH)

NOTHING = Told(*(np.zeros(0, dtype=bool) for _ in range(5)))
"""What frequencies tell where nobody looked at any."""


@dataclass(frozen=True, slots=True, eq=False)
class Matched:
    """What became of v variants: `table` (v rows) with feature, match, weight and copies.

    `by` says how, `build` of which positions; copies is how many of a variant everybody has.
    `notes` are sentences on strands that frequencies told, and on the sex chromosomes.
    """

    table: pd.DataFrame
    by: str
    build: str
    notes: tuple[str, ...]

    def __post_init__(self) -> None:
        known = {ABSENT, OTHER, UNTOLD, SPLIT, *USED}
        if not set(self.table["match"]) <= known:
            raise ModelError(f"matches {set(self.table['match']) - known}; wanted one of {known}")


def matched(
    variants: pd.DataFrame, build: str, cohort: Cohort, *, by: By, ambiguous: Ambiguous
) -> Matched:
    """Each variant's feature, and whether the cohort counts its effect allele or the other one.

    Raises ModelError as `PolygenicScore.aligned` says.
    """
    if by not in get_args(By) or ambiguous not in get_args(Ambiguous):
        raise ModelError(
            f"by={by!r}, ambiguous={ambiguous!r}; wanted one of {get_args(By)} and of "
            f"{get_args(Ambiguous)}"
        )
    pairs, ways = paired(variants, build, cohort, by)
    forward = ambiguous == "forward"
    told = NOTHING.among(np.zeros(len(pairs.site), dtype=bool))
    if not forward:
        told = _by_frequency(variants, cohort, pairs, ways)
    plan = decided(ways, told, forward=forward)
    if ambiguous == "frequency":
        _untold(variants, pairs.variant[pairs.fits & plan.left], told)
    table = _table(variants, cohort, pairs, plan)
    notes = tuple(_notes(variants, pairs, (plan, told), table))
    return Matched(table, pairs.by, pairs.build, notes)


def _table(variants: pd.DataFrame, cohort: Cohort, pairs: Pairs, plan: Decided) -> pd.DataFrame:
    """Feature, match, weight and copies of each variant (v rows).

    Raises ModelError where copies of the other allele are not two less the dosage in everybody.
    """
    i, j, fits = pairs.variant, pairs.site, pairs.fits
    words = np.where(
        plan.flip, np.where(plan.swap, BOTH, FLIPPED), np.where(plan.swap, SWAPPED, SAME)
    ).astype(object)
    words[plan.left] = UNTOLD
    words[plan.swap & ~plan.left & (alleles_at(pairs.sites)[j] > 2)] = SPLIT
    used = fits & np.isin(words, USED)
    copies = ploidy_of(cohort, pairs.sites.iloc[j]).common()
    turned = used & plan.swap & np.isnan(copies)
    if turned.any():
        raise ModelError(
            f"of {turned.sum()} variants on X, Y or MT the other allele is counted, first "
            f"{[_place(variants.iloc[v]) for v in i[turned][:5]]}: people there have one copy or "
            "two (or it is not known), so no weight turns for everyone alike; bring the cohort to "
            "the score's alleles first, with evenlight.align_alleles(cohort, wanted)"
        )
    columns = {"feature": "", "match": ABSENT, "weight": variants["weight"], "copies": np.nan}
    table = pd.DataFrame(columns)
    table.loc[i[~fits & ~np.isin(i, i[fits])], "match"] = OTHER
    table.loc[i[fits], "match"] = words[fits]
    table.loc[i[used], "feature"] = np.asarray(pairs.sites.index, dtype=object)[j[used]]
    table.loc[i[used], "copies"] = copies[used]
    return table


def coefficients(
    name: str, found: Matched, labels: list[str], *, least: float, source: str
) -> CoefficientTable:
    """The matched part of a score as a table of coefficients; ModelError below `least`."""
    table = found.table.assign(variant=labels)
    used = table["match"].isin(USED)
    size = table["weight"].abs()
    share = float(size[used].sum() / size.sum()) if size.sum() else float(used.mean())
    told = (
        f"{count(int(used.sum()))} of {count(len(table))} variants, with {percent(share)} of the "
        "sum of |weight|"
    )
    if share < least - 1e-9 or not used.any():
        raise ModelError(
            f"{name}: {told}, are matched by {found.by}; at least {percent(least)} is wanted"
            f"{_left(table)}; look at build, ids and alleles of both, or lower least="
        )
    turned = table["match"].isin((SWAPPED, BOTH))[used].to_numpy()
    weight = table["weight"][used].to_numpy(dtype=np.float64)
    signed = np.where(turned, -weight, weight)
    build = f" ({found.build})" if found.by == "position" else ""
    notes = [f"{name}: {told}, are matched by {found.by}{build}{_left(table)}."]
    return CoefficientTable(
        name,
        float((table["copies"][used].to_numpy()[turned] * weight[turned]).sum()),
        dict(zip(table["feature"][used], signed.tolist(), strict=True)),
        target="score",
        source=source,
        notes=(*notes, *(f"{name}: {note}" for note in found.notes)),
    )


def _notes(
    variants: pd.DataFrame, pairs: Pairs, read: tuple[Decided, Told], table: pd.DataFrame
) -> list[str]:
    """What was turned, what frequencies told, and who carries one copy."""
    plan, told = read
    said, match = [], table["match"]
    swapped, flipped = (int(match.isin(word).sum()) for word in ((SWAPPED, BOTH), (FLIPPED, BOTH)))
    if swapped or flipped:
        said.append(
            f"of {count(swapped)} variants the other allele is counted (the dosage is 2 less it), "
            f"{count(flipped)} are named on the other strand."
        )
    if by := int((plan.told & pairs.fits).sum()):
        said.append(
            f"the strand of {count(by)} variants with complementary alleles is told by their "
            "frequency, which a difference between populations can deceive; of variants of known "
            f"alleles with a clear frequency it tells {int(told.wrong.sum())} of {told.clear} "
            "wrongly."
        )
    said += _contradicted(variants, pairs, told)
    at = pairs.sites.loc[table["feature"][match.isin(USED)], "chromosome"]
    if on_sex := int(at.isin(["X", "Y"]).sum()):
        said.append(
            f"{on_sex} variants are on the sex chromosomes, of which males carry one copy: how they"
            " are coded shifts the score by sex."
        )
    return said


def _contradicted(variants: pd.DataFrame, pairs: Pairs, told: Told) -> list[str]:
    """Known alleles with the frequency of the other one; ModelError where most have it."""
    names = [_place(variants.iloc[v]) for v in pairs.variant] if told.wrong.any() else []
    try:
        text = contradicted(told, names)
    except FeatureError as error:
        raise ModelError(f'{error}; or say ambiguous="forward"') from None
    return [text] if text else []


def _left(table: pd.DataFrame) -> str:
    """Counts and first names of what is not used."""
    said = []
    for word in (ABSENT, OTHER, UNTOLD, SPLIT):
        own = table["variant"][table["match"] == word].tolist()
        if own:
            said.append(f"{count(len(own))} {word} {own[:3]}")
    return f"; not used: {', '.join(said)}" if said else ""


def _by_frequency(variants: pd.DataFrame, cohort: Cohort, pairs: Pairs, ways: Ways) -> Told:
    """What the file's frequencies tell of the pairs that fit: the rule is `align_alleles`'s."""
    wanted = variants["frequency"].to_numpy(dtype=np.float64)[pairs.variant]
    look = pairs.fits & np.isfinite(wanted)
    if not look.any():
        return NOTHING.among(look)
    at = pairs.site[look]
    ploidy = ploidy_of(cohort, pairs.sites.iloc[at])
    written, sure = as_written(ways)[look], ~ways.undecided[look]
    return told_by(cohort, at, wanted[look], ploidy, written, sure).among(look)


def _untold(variants: pd.DataFrame, at: Int, told: Told) -> None:
    """Raise ModelError where ambiguous variants are left."""
    if len(at):
        raise ModelError(
            f"the strand of {len(at)} variants with complementary alleles (A/T, C/G) is not told "
            f"by their frequency, first {[_place(variants.iloc[v]) for v in at[:5]]}. "
            f'{told.why_not()}, say ambiguous="drop" to leave them out, or ambiguous="forward" if '
            "both sides name the forward strand"
        )


def _place(variant: pd.Series) -> str:
    own = variant["id"]
    return f"{variant['chromosome']}:{variant['position']:.0f}" if pd.isna(own) else str(own)
