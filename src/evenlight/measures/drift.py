"""How far genotypes differ between the groups of a cohort."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.measures.associations import Drift
from evenlight.measures.genotypes import dosages
from evenlight.measures.prepare import Setting
from evenlight.measures.told_reliance import told_association
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.genetics import (
    allele_counts,
    informativeness,
    pairwise_hudson,
    weir_cockerham,
)

STILL = "does not vary, or is missing in a whole group"


def drift(here: Setting, names: Sequence[str]) -> Drift:
    """FST and informativeness of genotype columns over the groups of 11 people or more."""
    small, k = here.sizes < least_shown(), len(here.groups.levels)
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
        fst=told_association(fst, here),
        informativeness=told_association(told, here),
        reason=np.where(gone, STILL, ""),
        pooled=float(told_association(np.array(theta.pooled), here)),
        pooled_reason=STILL if np.isnan(theta.pooled) else "",
        pairs=told_association(pairs, here),
        pair_reason=np.where(hidden, hidden_text(), np.where(np.isnan(pairs), STILL, "")),
    )
