"""How far genotypes differ between the groups of a cohort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.data.groups import SMALLEST_GROUP
from evenlight.measures.associations import Drift
from evenlight.measures.genotypes import dosages
from evenlight.measures.prepare import Setting
from evenlight.stats.genetics import (
    allele_counts,
    informativeness,
    pairwise_hudson,
    weir_cockerham,
)

STILL = "does not vary, or is missing in a whole group"
SUPPRESSED = f"suppressed (<{SMALLEST_GROUP})"


def drift(here: Setting, names: Sequence[str]) -> Drift:
    """FST and informativeness of genotype columns over the groups of 11 people or more."""
    small, k = here.sizes < SMALLEST_GROUP, len(here.groups.levels)
    codes = np.where(np.append(~small, False)[here.unit_group], here.unit_group, -1)
    counts = allele_counts(dosages(here, names), codes)
    pairs, top = np.full((k, k), np.nan), len(counts.people)
    pairs[:top, :top] = pairwise_hudson(counts)
    pairs[small], pairs[:, small] = np.nan, np.nan
    theta, told = weir_cockerham(counts), informativeness(counts)
    fst = theta.sites
    gone = np.isnan(fst) | np.isnan(told)
    fst[gone], told[gone] = np.nan, np.nan
    hidden = small[:, None] | small
    return Drift(
        sites=tuple(names),
        levels=here.groups.levels,
        fst=fst,
        informativeness=told,
        reason=np.where(gone, STILL, ""),
        pooled=theta.pooled,
        pooled_reason=STILL if np.isnan(theta.pooled) else "",
        pairs=pairs,
        pair_reason=np.where(hidden, SUPPRESSED, np.where(np.isnan(pairs), STILL, "")),
    )
