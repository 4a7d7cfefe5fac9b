"""What each letter would contribute at each position of a sequence."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Single
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError
from evenlight.modalities.letters import letters_of
from evenlight.modalities.positions import over_letters


def hypothetical(attributions: Attributions, cohort: Cohort) -> Single:
    """The contribution that each letter would have at each position, (n, A, L).

    With multipliers m of the differences from a reference r (Shrikumar, Greenside and Kundaje
    2017: attribution = m x (x - r); of integrated gradients m is the path-averaged gradient), a
    letter e in place of the one that is there has the hypothetical contribution

        sum over columns c of m_c (e_c - r_c)

    averaged over references (Shrikumar et al. 2018, TF-MoDISco). The multipliers are those of the
    row as it is. At the letter that is there this is the position's contribution itself, so that
    the sum over the letters of a row is output - base. With mean multipliers M and the position's
    contribution phi it is M_e - sum over c of M_c x_c + phi, for any number of references.

    Raises AttributionError for attributions that were made without `sensitivity=True`, and of
    others than one-hot rows.
    """
    letters_of(cohort)
    made = attributions.at(cohort)
    if made.sensitivity is None:
        raise AttributionError(
            "hypothetical contributions need the multipliers; explain with sensitivity=True "
            '(method="ig" of a network)'
        )
    there = over_letters(made, cohort)
    out = np.empty(made.values.shape, dtype=np.float32)
    for part, x in cohort.blocks():
        slope = made.sensitivity[part].astype(np.float64)
        out[part] = slope + (there[part] - (slope * x).sum(axis=1))[:, None]
    return out
