"""Polygenic scores: the variants of a scoring file, their alleles and their weights.

The format is that of the PGS Catalog (Lambert and others 2021, Nat Genet 53:420), version 1 and 2,
harmonised or not: lines of #key=value, then a table with tabs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.modalities.pgs_file import label, parsed
from evenlight.modalities.pgs_match import Ambiguous, coefficients, matched
from evenlight.modalities.pgs_sites import By

COLUMNS = (
    *("id", "chromosome", "position", "effect_allele", "other_allele", "weight", "frequency"),
)


@dataclass(frozen=True, slots=True, eq=False)
class PolygenicScore:
    """The sum over variants of a weight times the dosage of the effect allele.

    `variants` has one row a variant: id, chromosome, position, effect_allele, other_allele, weight
    and frequency of the effect allele where the file has them. `build` is that of the positions, ""
    where nobody said; `header` the lines of the file.

    A score is no model before its alleles are aligned to those of a cohort (`aligned`).

    >>> rows = [["rs1", "1", 100.0, "A", "G", 0.5, 0.3]]
    >>> PolygenicScore("made up", pd.DataFrame(rows, columns=[*COLUMNS]), "GRCh37")
    PolygenicScore made up: 1 variants, GRCh37
    """

    name: str
    variants: pd.DataFrame
    build: str = ""
    header: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        missing = [name for name in COLUMNS if name not in self.variants.columns]
        if missing or not len(self.variants):
            raise ModelError(
                f"{self.name}: {len(self.variants)} variants, and no column {missing}; wanted "
                f"{', '.join(COLUMNS)}"
            )
        bad = ~np.isfinite(self.variants["weight"].to_numpy(dtype=np.float64))
        if bad.any():
            raise ModelError(
                f"{self.name}: {int(bad.sum())} of {len(bad)} variants have no finite weight, first"
                f" {self.labels[int(bad.argmax())]}"
            )

    @property
    def labels(self) -> list[str]:
        """What each variant is called: its id, else its place and alleles."""
        return [label(row) for row in self.variants.to_dict("records")]

    def __len__(self) -> int:
        return len(self.variants)

    def __repr__(self) -> str:
        return f"PolygenicScore {self.name}: {len(self)} variants, {self.build or 'build unknown'}"

    def matched(
        self, cohort: Cohort, *, by: By = "auto", ambiguous: Ambiguous = "frequency"
    ) -> pd.DataFrame:
        """What becomes of each variant in a cohort: one row each.

        Columns: variant, feature ("" where there is none), match (same, swapped, other strand,
        swapped on the other strand, ambiguous, more than two alleles, other alleles, absent) and
        weight. Parameters and errors are those of `aligned`.
        """
        found = matched(self.variants, self.build, cohort, by=by, ambiguous=ambiguous)
        return found.table.assign(variant=self.labels)[["variant", "feature", "match", "weight"]]

    def aligned(
        self,
        cohort: Cohort,
        *,
        by: By = "auto",
        ambiguous: Ambiguous = "frequency",
        least: float = 0.75,
    ) -> CoefficientTable:
        """The score as a model of a cohort of genotypes: linear in the dosages of its features.

        A variant of which the cohort counts the other allele gets the opposite weight, and twice
        the weight in the intercept, since its dosage is 2 - x. Variants that the cohort lacks, or
        has with other alleles, are left out and told: the score is then another one. So are those
        to be turned at sites of more than two alleles, where 2 - x counts the third as well.

        Parameters
        ----------
        by
            "position" needs positions and one build on both sides, "id" an id on both; "auto" is
            the first of them that is there.
        ambiguous
            of variants whose alleles are complements (A/T, C/G): "frequency" compares the
            file's frequency of the effect allele with the cohort's, by the rule of `align_alleles`:
            where it tells more than 0.5 % of known alleles wrongly, it decides nothing. "drop" does
            so and leaves out what it does not tell; "forward" says that both sides name one strand,
            and looks at no frequency.
        least
            share of the sum of |weight| that must be matched.

        Raises
        ------
        ModelError
            below `least`; for ambiguous variants that nothing tells; for builds that differ; for a
            feature that two variants of the score name; for values that are no dosages.
        """
        found = matched(self.variants, self.build, cohort, by=by, ambiguous=ambiguous)
        return coefficients(self.name, found, self.labels, least=least, source=self._source())

    def _source(self) -> str:
        known = self.header or {}
        return known.get("citation", "") or known.get("pgs_id", "")


def read_pgs(path: str | Path, *, harmonised: bool = True) -> PolygenicScore:
    r"""A scoring file of the PGS Catalog, plain or gzipped.

    Columns: effect_allele and effect_weight (or OR or HR, whose logs are the weights); rsID or
    chr_name and chr_position; other_allele and allelefrequency_effect where there are any. The
    harmonised columns hm_rsID, hm_chr, hm_pos and their build HmPOS_build are taken where the file
    has them, unless `harmonised=False`.

    Raises ModelError, naming variants, for rows that are not additive (interactions, haplotypes,
    dominant or recessive ones, weights by dosage), odds ratios where weights should be,
    other numbers of rows than variants_number says, and columns that are missing.

    >>> import tempfile
    >>> made = Path(tempfile.mkdtemp()) / "score.txt"
    >>> _ = made.write_text("#pgs_id=PGS0\nrsID\teffect_allele\teffect_weight\nrs1\tA\t0.5\n")
    >>> read_pgs(made).variants["weight"].tolist()
    [0.5]
    """
    name, variants, build, header = parsed(Path(path), harmonised)
    return PolygenicScore(name, variants, build, header)
