"""What allele frequencies tell of variants whose alleles do not, and how far they are trusted."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int
from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightWarning, FeatureError
from evenlight.modalities.alleles import agrees
from evenlight.modalities.ploidy import Ploidy

MOST_COPIES = 2.001

MOST_WRONG = 0.005
"""Share of variants of known alleles that frequencies may tell wrongly before they tell nothing."""

MOST_CONTRADICTED = 0.5
"""Share of them that may have the other allele's frequency before the table is taken for wrong."""


@dataclass(frozen=True, slots=True, eq=False)
class Told:
    """What frequencies tell of q variants, (q,) masks.

    `same`: the counted allele is clearly the effect allele, `other`: the other one is. Of variants
    whose alleles are known, `right` have clearly their own frequency and `wrong` the other's.
    """

    same: Bool
    other: Bool
    right: Bool
    wrong: Bool

    @property
    def trusted(self) -> bool:
        """Whether frequencies tell right what alleles tell as well."""
        clear = self.right | self.wrong
        return bool(self.wrong.sum() <= MOST_WRONG * clear.sum())


def told_by(
    cohort: Cohort, at: Int, wanted: Float, ploidy: Ploidy, swap: Bool, known: Bool
) -> Told:
    """What `wanted` frequencies (q,) tell of columns `at`; those `known` are swapped as `swap`."""
    same, other = agrees(*_frequencies(cohort, at, ploidy), wanted)
    return Told(
        same, other,
        right=known & np.where(swap, other, same), wrong=known & np.where(swap, same, other),
    )  # fmt: skip


def check_known(told: Told, table: pd.DataFrame) -> None:
    """Warn of known alleles with the frequency of the other one; FeatureError if most have it."""
    wrong, clear = int(told.wrong.sum()), int((told.wrong | told.right).sum())
    if not wrong:
        return
    text = (
        f"{wrong} of {clear} variants with a clear frequency have, after alignment, that of the "
        f"other allele, first {table.index[told.wrong][:3].tolist()}"
    )
    if wrong > MOST_CONTRADICTED * clear:
        raise FeatureError(
            f"{text}; is frequency that of the effect allele, and are the alleles of wanted in "
            "their columns? Leave the column frequency out if it is of other people"
        )
    warnings.warn(f"{text}; populations differ, or their alleles are wrong.", EvenlightWarning, 3)


def _frequencies(cohort: Cohort, at: Int, ploidy: Ploidy) -> tuple[Float, Float]:
    """Frequency (q,) of the counted allele and its standard error, in one pass over the rows."""
    copies, most = np.zeros(len(at)), np.zeros(len(at))
    for part, x in reading.blocks(cohort.x):
        own = np.asarray(x[:, at], dtype=np.float64)
        known = np.isfinite(own)
        odd = known & ((own < 0) | (own > MOST_COPIES))
        if odd.any():
            name = cohort.features.names[int(at[int(odd.any(axis=0).argmax())])]
            raise FeatureError(f"column {name!r} holds values that are no copies (0 to 2)")
        copies += np.where(known, own, 0.0).sum(axis=0)
        most += np.where(known, ploidy.at(part), 0.0).sum(axis=0)
    frequency = np.divide(copies, most, out=np.full(len(at), np.nan), where=most > 0)
    return frequency, np.sqrt(frequency * (1 - frequency) / np.where(most > 0, most, np.nan))
