"""What allele frequencies tell of variants whose alleles do not, and how far they are trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.errors import FeatureError
from evenlight.modalities.alleles import agrees
from evenlight.modalities.ploidy import Ploidy

SLACK = 0.001
MOST_COPIES = 2 + SLACK

MOST_WRONG = 0.005
"""Share of variants of known alleles that frequencies may tell wrongly before they tell nothing."""

MOST_CONTRADICTED = 0.5
"""Share of them that may have the other allele's frequency before the table is taken for wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What frequencies tell of q variants, (q,) masks.

    `same`: the counted allele is clearly the effect allele, `other`: the other one is. Of variants
    whose alleles are known, `right` have clearly their own frequency and `wrong` the other's.
    `above`: somebody holds more copies than people of that sex have.
    """

    same: Bool
    other: Bool
    right: Bool
    wrong: Bool
    above: Bool

    @property
    def clear(self) -> int:
        """Variants of known alleles of which a frequency tells clearly, right or wrong."""
        return int((self.right | self.wrong).sum())

    @property
    def trusted(self) -> bool:
        """Whether frequencies tell right what alleles tell as well."""
        return bool(self.wrong.sum() <= MOST_WRONG * self.clear)

    def why_not(self) -> str:
        """Why frequencies tell nothing, and what would."""
        if self.trusted:
            return "Give frequency of the effect allele (clear where it is well off one half)"
        return (
            f"Frequencies tell {int(self.wrong.sum())} of {self.clear} known alleles wrongly, so "
            "that they tell nothing here: give those of such people"
        )

    def among(self, mask: Bool) -> Told:
        """The same of more variants (r,), of which those of the mask are these."""
        made = [np.zeros(len(mask), dtype=bool) for _ in range(5)]
        for full, own in zip(
            made, (self.same, self.other, self.right, self.wrong, self.above), strict=True
        ):
            full[mask] = own
        return Told(*made)


def told_by(
    cohort: Cohort, at: Int, wanted: Float, ploidy: Ploidy, swap: Bool, known: Bool
) -> Told:
    """What `wanted` frequencies (q,) tell of columns `at`; those `known` are swapped as `swap`."""
    frequency, error, above = _frequencies(cohort, at, ploidy)
    same, other = agrees(frequency, error, wanted)
    return Told(
        same, other, right=known & np.where(swap, other, same),
        wrong=known & np.where(swap, same, other), above=above,
    )  # fmt: skip


def contradicted(told: Told, names: Sequence[str]) -> str:
    """How many known alleles have the frequency of the other one, "" for none.

    Raises FeatureError where most of them have it: then frequencies, or alleles, stand in the wrong
    column.
    """
    wrong, clear = int(told.wrong.sum()), told.clear
    if not wrong:
        return ""
    first = [str(names[j]) for j in np.flatnonzero(told.wrong)[:3]]
    text = (
        f"{wrong} of {clear} variants with a clear frequency have, after alignment, that of the "
        f"other allele, first {first}"
    )
    if wrong > MOST_CONTRADICTED * clear:
        raise FeatureError(
            f"{text}; is frequency that of the effect allele, and is each allele in its column? "
            "Leave the column frequency out if it is of other people"
        )
    return f"{text}; populations differ, or their alleles are wrong."


def _frequencies(cohort: Cohort, at: Int, ploidy: Ploidy) -> tuple[Float, Float, Bool]:
    """Frequency (q,) of the counted allele and its standard error, in one pass over the rows.

    Also whether somebody holds more than the copies of their sex. NaN where copies are not known.
    """
    copies, most = np.zeros(len(at)), np.zeros(len(at))
    above = np.zeros(len(at), dtype=bool)
    for part, x in reading.blocks(cohort.x):
        own = np.asarray(x[:, at], dtype=np.float64)
        known = np.isfinite(own)
        odd = known & ((own < 0) | (own > MOST_COPIES))
        if odd.any():
            name = cohort.features.names[int(at[int(odd.any(axis=0).argmax())])]
            raise FeatureError(f"column {name!r} holds values that are no copies (0 to 2)")
        copies += np.where(known, own, 0.0).sum(axis=0)
        each = ploidy.at(part)
        above |= (known & (own > each + SLACK)).any(axis=0)
        most += np.where(known, each, 0.0).sum(axis=0)
    p = np.divide(copies, most, out=np.full(len(at), np.nan), where=most > 0)
    spread = np.clip(p * (1 - p), 0.0, None)
    return p, np.sqrt(spread / np.where(most > 0, most, np.nan)), above
