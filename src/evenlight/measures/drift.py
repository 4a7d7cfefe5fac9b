"""How far genotypes differ between the groups of a cohort."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from evenlight.arrays import Bool, Float
from evenlight.measures.associations import Drift
from evenlight.measures.dominance import rare_values
from evenlight.measures.genotypes import dosages
from evenlight.measures.prepare import Setting
from evenlight.measures.told_reliance import told_association
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import never_alone
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
    carried = dosages(here, names)
    counts, rare = allele_counts(carried, codes), rare_values(carried)
    pairs, top = np.full((k, k), np.nan), len(counts.people)
    pairs[:top, :top] = pairwise_hudson(counts)
    pairs[small], pairs[:, small] = np.nan, np.nan
    theta, told = weir_cockerham(counts), informativeness(counts)
    fst = theta.sites
    gone = np.isnan(fst) | np.isnan(told)
    fst[gone], told[gone] = np.nan, np.nan
    hidden, rare = small[:, None] | small, never_alone(rare, fst)
    return Drift(
        sites=tuple(names),
        levels=here.groups.levels,
        fst=_coarse(fst, rare, here),
        informativeness=_coarse(told, rare, here),
        reason=np.where(gone, STILL, ""),
        pooled=float(told_association(np.array(theta.pooled), here)),
        pooled_reason=STILL if np.isnan(theta.pooled) else "",
        pairs=told_association(pairs, here),
        pair_reason=np.where(hidden, hidden_text(), np.where(np.isnan(pairs), STILL, "")),
    )


def _coarse(values: Float, rare: Bool, here: Setting) -> Float:
    """Numbers of sites (s,) to steps where somebody is hidden, or has most of a `rare` allele."""
    told = told_association(values, replace(here, coarse=True))
    return told if here.rounded else np.where(rare, told, values)
