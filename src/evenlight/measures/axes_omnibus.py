"""Whether attributions follow ancestry in any direction: all axes at once, straight or curved."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cards import told
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes
from evenlight.measures.axes import axis_reason, coordinates, entering, everyone
from evenlight.measures.check import explained, shaped
from evenlight.measures.prepare import as_variables
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.unlike_rows import thinned_along
from evenlight.stats.dependence import distance_correlation, null_distances
from evenlight.stats.f_scale import at_least_normal, one_sided
from evenlight.stats.freedman_lane import (
    Regression,
    centred,
    joint_score,
    null_wald,
    orthonormal,
    regression,
    residuals,
    wald,
)
from evenlight.stats.multiplicity import benjamini_hochberg
from evenlight.stats.shuffles import Shuffles, shuffles

DRAWS = 1_999

MOST_SUBJECTS = 500
"""Joint statistics are made draw by draw; of more subjects the largest are asked."""

MOST_UNITS = 1_000
"""Distances are taken between this many units; of more, a random part is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class AxesOmnibus:
    """Two tests over all axes at once, each array (p,).

    `wald` is the joint statistic b' C^-1 b of the slopes, with HC3 covariance, on as many degrees
    of freedom as there are axes; `dependence` the bias-corrected squared distance correlation of
    what covariates and strata leave of attributions and axes: 0 under independence, and it sees
    curves as well. p, max-T p over subjects, and q of each, by permutation within strata.
    """

    axes: str
    components: tuple[str, ...]
    given: str
    subjects: tuple[str, ...]
    units: int
    draws: int
    note: str
    wald: Float
    wald_p: Float
    wald_p_maxt: Float
    wald_q: Float
    dependence: Float
    dependence_p: Float
    dependence_p_maxt: Float
    dependence_q: Float
    reason: Text

    def __post_init__(self) -> None:
        shaped(self, (len(self.subjects),), *NUMBERS, "reason")
        explained(self, self.reason, *NUMBERS)

    def to_frame(self) -> pd.DataFrame:
        """One row a subject."""
        columns: dict[str, object] = {"axes": self.axes, "given": self.given}
        columns |= {"subject": list(self.subjects), "units": self.units}
        columns |= {name: getattr(self, name) for name in (*NUMBERS, "reason")}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        flagged = int((self.wald_p_maxt < 0.05).sum())
        curved = int((self.dependence_p_maxt < 0.05).sum())
        facts = [f"along {', '.join(self.components)}", f"{flagged} subjects by slopes"]
        return told("AxesOmnibus", [*facts, f"{curved} by distances"])


def largest(phi: Float) -> Int:
    """The 500 columns of rows (n, p) with the largest mean size, in their order."""
    order = np.argsort(-np.abs(phi).mean(axis=0), kind="stable")[:MOST_SUBJECTS]
    return np.sort(order).astype(np.int64)


NUMBERS = (
    *("wald", "wald_p", "wald_p_maxt", "wald_q"),
    *("dependence", "dependence_p", "dependence_p_maxt", "dependence_q"),
)


def axes_omnibus(
    attributions: Attributions,
    cohort: Cohort,
    axes: Axes,
    *,
    given: str = "nothing",
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> AxesOmnibus:
    """Test attributions (n, p) for any dependence on `axes`, beside covariates and within strata.

    `given` is "nothing" or "outcome". Of more than 500 subjects those with the largest mean
    |attribution| are asked. Cost: distances between at most 1,000 units, n^2 p a draw.
    """
    asked = asked_for(testing)
    made, _ = as_variables(attributions, cohort)
    here = everyone(cohort, made.converged, axes.name)
    names, at = coordinates(axes, cohort, here)
    here, note = thinned_along(here, at)
    names, at = coordinates(axes, cohort, here)
    phi = made.values.reshape(made.n, -1).astype(np.float64)[here.kept]
    chosen = largest(phi)
    own, beside = entering(here, given, phi[:, chosen])
    x, p = at[own.unit], len(chosen)
    generator = np.random.default_rng(rng)
    draws = asked.draws or DRAWS
    reasons = (axis_reason(n, x[:, [k]], beside, own.block) for k, n in enumerate(names))
    reason = next((why for why in reasons if why), "")
    numbers: dict[str, Float] = {name: np.full(p, np.nan) for name in NUMBERS}
    if own.weights is not None:
        note += " Sampling weights are not used."
    if not reason:
        drawn = shuffles(own.block, draws=draws, rng=generator)
        numbers = _joint(own.values, x, beside, drawn)
        part = _part(own.block, generator)
        numbers |= _curved(
            own.values[part], x[part], beside[part], own.block[part], draws, generator
        )
        if len(part) < len(x):
            note += (
                f" Distances are taken between {len(part):,} of {len(x):,} units, drawn at random."
            )
    return AxesOmnibus(
        axes=axes.name,
        components=names,
        given=given,
        subjects=tuple(made.features.names[j] for j in chosen),
        units=len(own.unit),
        draws=draws,
        note=note.strip(),
        **numbers,
        reason=np.array([reason] * p, dtype=np.str_),
    )


def _joint(values: Float, x: Float, beside: Float, drawn: Shuffles) -> dict[str, Float]:
    made = regression(x, beside, drawn.block)
    seen = wald(values, made)
    p, most = one_sided(*_scores(seen, values, made, drawn))
    still = seen == 0
    p, most = np.where(still, 1.0, p), np.where(still, 1.0, most)
    return {"wald": seen, "wald_p": p, "wald_p_maxt": most, "wald_q": benjamini_hochberg(p)}


def _scores(seen: Float, values: Float, made: Regression, drawn: Shuffles) -> tuple[Float, Float]:
    null = joint_score(null_wald(values, made, drawn), made)
    return joint_score(seen, made), at_least_normal(null)


def _part(block: Int, rng: np.random.Generator) -> Int:
    """At most 1,000 units in their order; of a block at least two, or none."""
    if len(block) <= MOST_UNITS:
        return np.arange(len(block))
    chosen = np.sort(rng.choice(len(block), MOST_UNITS, replace=False))
    return chosen[np.bincount(block[chosen])[block[chosen]] > 1]


def _curved(
    values: Float, x: Float, beside: Float, block: Int, draws: int, rng: np.random.Generator
) -> dict[str, Float]:
    """Distance covariance of residuals, each scaled to SD 1 so that max-T weighs them alike."""
    basis = orthonormal(centred(beside, block))
    axes = centred(x, block)
    axes = axes - basis @ (basis.T @ axes)
    left = residuals(values, regression(x, beside, block))
    sd = left.std(axis=0)
    left = left / np.where(sd > 0, sd, 1.0)
    drawn = shuffles(block, draws=draws, rng=rng)
    scaled = axes / axes.std(axis=0)
    seen, null = null_distances(left, scaled, drawn)
    p, most = one_sided(seen, null)
    p, most = np.where(sd > 0, p, 1.0), np.where(sd > 0, most, 1.0)
    return {
        "dependence": distance_correlation(left, scaled),
        "dependence_p": p,
        "dependence_p_maxt": most,
        "dependence_q": benjamini_hochberg(p),
    }
