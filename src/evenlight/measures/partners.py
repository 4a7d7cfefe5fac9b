"""Partners: which features make the same change of a subject move the output differently.

Named where the use of a subject differs between two groups, from the common contrasts; for tables
of interactions see `paired`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.probed import Contrasts
from evenlight.errors import InputError
from evenlight.measures.own_values import Own, own
from evenlight.measures.prepare import Setting, is_direct
from evenlight.stats.partners import Explained, People, expanded, explained

MOST_FEATURES = 2_000
"""Features that are asked, those of most attribution first."""


LEAST_LEFT = 1 / 3
"""The part of a difference that others must leave before the group itself is named."""


@dataclass(frozen=True, slots=True)
class Partner:
    """Whose values explain a difference of use between `level` and `reference`.

    `names` and their `shares` of the difference, the largest first; shares need not add up to 1:
    several features may pull in opposite directions. Without names nobody was found.
    """

    level: str
    reference: str
    subject: str
    names: tuple[str, ...]
    shares: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.names) != len(self.shares):
            raise InputError(f"{len(self.names)} partners have {len(self.shares)} shares")


def partners(
    contrasts: Contrasts,
    made: Attributions,
    here: Setting,
    verdict: Text,
    *,
    most: int = 3,
    rng: np.random.Generator | int = 0,
) -> tuple[Partner, ...]:
    """The partners of every subject (c, p) whose use is *different*, from common contrasts.

    Where the group is an input (a feature that is a function of it) it is named with what the
    others leave to explain, if that is a third of the difference or more.
    """
    told, names = contrasts.at(here.cohort), made.features.names
    known = np.isin(np.array(names), told.subjects)
    flagged = (verdict == "different") & known
    if not flagged.any() or here.cohort.x.ndim != 2 or len(names) < 2:
        return ()
    direct = np.array([is_direct(here.cohort, name, here.groups) for name in names])
    asked, owns = _asked(made, here, direct)
    basis, groups = _basis(owns, int(here.kept.sum())), np.flatnonzero(_used(made) & direct)
    generator, out = np.random.default_rng(rng), []
    for i, pair in enumerate(here.groups.contrasts()):
        subjects = np.flatnonzero(flagged[i])
        if not len(subjects):
            continue
        s = told.margin[here.kept][:, [told.subjects.index(names[j]) for j in subjects]]
        own_place = np.where(np.isin(subjects, asked), np.searchsorted(asked, subjects), -1)
        found = _explained(s, basis, own_place, here, i, generator)
        for row, j in enumerate(subjects.tolist()):
            picked = found.named(row, most)
            shares = found.share[row, picked]
            out.append(_partner(pair, names, j, asked[picked], shares, groups))
    return tuple(out)


def _asked(made: Attributions, here: Setting, direct: Bool) -> tuple[Int, list[Own]]:
    """Subjects whose values may explain, (q,), and these values; none that tells the group."""
    mass = np.abs(made.values.reshape(made.n, -1)).mean(axis=0, dtype=np.float64)
    order = np.argsort(-mass, kind="stable")
    picked = np.sort(order[~direct[order]][:MOST_FEATURES])
    found = [(j, own(here, made.features.names[j])) for j in picked.tolist()]
    kept = [(j, it) for j, it in found if it is not None]
    return np.array([j for j, _ in kept], dtype=np.int64), [it for _, it in kept]


def _basis(owns: list[Own], n: int) -> Float:
    if not owns:
        return np.zeros((n, 0, 4))
    x = np.column_stack([it.x for it in owns])
    middle = np.nanmedian(x, axis=0)
    return expanded(np.where(np.isfinite(x), x, middle), np.array([it.nominal for it in owns]))


def _used(made: Attributions) -> Bool:
    """Which subjects the model uses, (p,)."""
    used: Bool = np.abs(made.values.reshape(made.n, -1)).max(axis=0) > 0
    return used


def _explained(
    s: Float, basis: Float, own_place: Int, here: Setting, pair: int, rng: np.random.Generator
) -> Explained:
    """The differences of one contrast in s (n kept, m), split over features."""
    a, b = (here.groups.levels.index(name) for name in here.groups.contrasts()[pair])
    group, stratum = here.unit_group[here.unit], here.cohort.stratum[here.kept]
    among = np.isin(group, (a, b)) & (stratum >= 0)
    rows = here.order[among[here.order]]
    unit = np.unique(here.unit[rows], return_inverse=True)[1]
    people = People(group[rows] == a, stratum[rows], unit)
    return explained(s[rows], basis[rows], own_place, people=people, rng=rng)


def _partner(
    pair: tuple[str, str],
    names: tuple[str, ...],
    j: int,
    picked: Int,
    shares: Float,
    groups: Int,
) -> Partner:
    """The record, with the group as a partner where it is an input and enough is left."""
    found = list(zip(picked.tolist(), shares.tolist(), strict=True))
    left = 1.0 - float(shares.sum())
    if len(groups) and left >= LEAST_LEFT and j not in groups:
        found = sorted([*found, (int(groups[0]), left)], key=lambda it: -it[1])
    told = tuple(names[k] for k, _ in found)
    return Partner(*pair, names[j], told, tuple(share for _, share in found))
