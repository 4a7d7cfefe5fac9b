"""The numbers of one family of simultaneous limits, combined over sites."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Float
from evenlight.differing.changes import told
from evenlight.measures.words import Verdict
from evenlight.pooling.record import Item
from evenlight.result import Result
from evenlight.small_groups import least_shown
from evenlight.stats.combined import LEAST_SE, Combined, combine, standard_errors
from evenlight.stats.disclosure import ROUND_TO
from evenlight.stats.equivalence import verdicts

UNLIKE = 0.05
"""p of Cochran's Q below which sites are not alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Family:
    """Results by id and site, the sites in order, and how many numbers each site has of the kind.

    The limits of a site hold for all of its numbers together.
    """

    members: Mapping[str, Mapping[str, Result]]
    sites: tuple[str, ...]
    sizes: Mapping[str, int]


def items(families: Iterator[Family], primary: frozenset[str]) -> Iterator[Item]:
    """Every number that two or more sites tell."""
    for family in families:
        yield from _family(family, primary)


def _family(family: Family, primary: frozenset[str]) -> Iterator[Item]:
    ids = list(family.members)
    effect, half, alpha, n = _arrays(family, ids)
    many = np.array([[max(family.sizes.get(site, 1), 1)] for site in family.sites], dtype=float)
    se, least = standard_errors(half, alpha, n - 1, np.broadcast_to(many, half.shape))
    made = combine(effect, se, least)
    rate = np.nanmin(alpha, axis=0)
    known = np.isfinite(effect)
    df = np.maximum(np.where(known, np.nan_to_num(n, nan=2.0) - 1, 0.0).sum(axis=0), 1.0)
    wide = np.where(made.se > LEAST_SE, stats.t.isf(rate / (2 * len(ids)), df) * made.se, 0.0)
    total = np.where(known, np.nan_to_num(n), 0.0).sum(axis=0)
    for j, i in enumerate(ids):
        ends = (float(made.effect[j]), float(wide[j]), float(rate[j]), float(total[j]))
        yield _item((i, i in primary), family.members[i], made, j, ends)


def _arrays(family: Family, ids: list[str]) -> tuple[Float, Float, Float, Float]:
    """Effect, half-width, alpha and units (k, m); NaN where a site tells none."""
    out = np.full((4, len(family.sites), len(ids)), np.nan)
    for j, i in enumerate(ids):
        for k, site in enumerate(family.sites):
            own = family.members[i].get(site)
            if own is not None and np.isfinite([own.effect, own.low, own.high]).all():
                half = max(own.effect - own.low, own.high - own.effect)
                out[:, k, j] = own.effect, half, own.alpha, own.n
    return out[0], out[1], out[2], out[3]


def _item(
    named: tuple[str, bool],
    own: Mapping[str, Result],
    made: Combined,
    j: int,
    ends: tuple[float, float, float, float],
) -> Item:
    effect, wide, rate, n = ends
    first = next(iter(own.values()))
    margin = min(r.margin for r in own.values())
    p = float(made.p[j])
    word, reason = _verdict(own, (effect - wide, effect + wide), margin, n, p)
    elsewhere = [_known(float(a[j])) for a in (made.elsewhere_low, made.elsewhere_high)]
    return Item(
        id=named[0], kind=first.kind, grouping=first.grouping, contrast=first.contrast,
        subject=first.subject, view=first.view, primary=named[1], verdict=word, effect=effect,
        low=effect - wide, high=effect + wide, alpha=rate, margin=margin, unit=first.unit,
        n=int(ROUND_TO * round(n / ROUND_TO)) if n >= least_shown() else None,
        at=tuple(own), each=tuple(told(r) for r in own.values()), q=float(made.q[j]), q_p=p,
        i_squared=float(made.i_squared[j]), tau=float(made.tau[j]), elsewhere_low=elsewhere[0],
        elsewhere_high=elsewhere[1], reason=reason,
    )  # fmt: skip


def _verdict(
    own: Mapping[str, Result], limits: tuple[float, float], margin: float, n: float, p: float
) -> tuple[Verdict, str]:
    """The verdict of the mean over sites; never *similar* where a site differs, or sites do."""
    low, high = (np.array([end]) for end in limits)
    word: Verdict = verdicts(low, high, margin, np.array([n]))[0].item()
    loud = [site for site, r in own.items() if r.verdict == "different"]
    sides = {np.sign(own[site].effect) for site in loud}
    if word == "different":
        unlike = "Sites differ in its direction." if len(sides) > 1 else ""
        return word, unlike or ("Sites differ in its size." if p < UNLIKE else "")
    if word == "similar" and loud:
        return "cannot_tell", f"Similar in the mean, yet different at {', '.join(loud)}."
    if word == "similar" and p < UNLIKE:
        return "cannot_tell", "Similar in the mean, yet sites differ from each other."
    return word, "Sites differ from each other." if p < UNLIKE else ""


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
