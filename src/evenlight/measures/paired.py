"""Partners from a table of interactions: the difference of use split over pairs, exactly.

Location and slope given the own value (`stats.conditional`) are linear in the attribution, and
phi_j = sum_k phi_jk, so each splits over k without remainder.
"""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.interactions import Interactions
from evenlight.errors import AttributionError
from evenlight.measures.own_values import Own, jobs, own
from evenlight.measures.partners import Partner
from evenlight.measures.prepare import Setting
from evenlight.stats.multiplicity import holm
from evenlight.stats.partners import LEAST_SHARE

CHANCE = 0.05


def partners_from(
    interactions: Interactions,
    made: Attributions,
    here: Setting,
    verdict: Text,
    *,
    most: int = 3,
) -> tuple[Partner, ...]:
    """The partners of every subject (c, p) marked *different*, from interactions (n, p, p).

    Of location and slopes the one that differs most (in its own standard errors) is split. Named
    are parts of at least a tenth that differ from 0 themselves (normal limits, Holm over k, 5 %).
    Raises AttributionError where the interactions are of other rows or features.
    """
    _fits(interactions, made, here)
    names, out = made.features.names, []
    for i, j in np.argwhere(verdict == "different").tolist():
        it = own(here, names[j])
        if it is None:
            continue
        share = parts(interactions.values[here.kept, j].astype(np.float64), it, here, i)
        share[j] = 0.0
        order = np.argsort(-share, kind="stable")
        found = order[share[order] >= LEAST_SHARE][:most]
        told = tuple(names[k] for k in found)
        pair = here.groups.contrasts()[i]
        out.append(Partner(*pair, names[j], told, tuple(float(share[k]) for k in found)))
    return tuple(out)


def _fits(interactions: Interactions, made: Attributions, here: Setting) -> None:
    cohort = here.cohort
    if interactions.cohort_digest not in ("", cohort.digest):
        raise AttributionError("these interactions were made on another cohort; make them of it")
    if interactions.rows.tolist() != cohort.rows.tolist():
        raise AttributionError("the interactions have other rows than the cohort; make them of it")
    if interactions.features.names != made.features.names:
        raise AttributionError(
            "the interactions have other subjects than the attributions; make them of variables"
        )


def parts(table: Float, it: Own, here: Setting, pair: int) -> Float:
    """The share of each k (p,) in the difference of use of phi_j = sum_k phi_jk (n kept, p).

    0 where a part is not told from chance, and everywhere where nothing differs.
    """
    whole = np.column_stack([table.sum(axis=1), table])
    made = [job.seen() for job in jobs(here, whole, [it] * whole.shape[1], pair, floor=0.0)]
    effect = np.column_stack([[d.effect for d in seen] for seen in made])
    z = np.column_stack([[d.statistic for d in seen] for seen in made])
    test = int(np.abs(z[:, 0]).argmax())
    out = np.zeros(table.shape[1])
    if effect[test, 0] != 0:
        sure = holm(2 * _upper(z[test, 1:])) < CHANCE
        out[sure] = effect[test, 1:][sure] / effect[test, 0]
    return out


def _upper(z: Float) -> Float:
    return np.asarray(ndtr(-np.abs(z)))
