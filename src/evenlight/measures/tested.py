"""The views of a comparison tested, each a family of its own: by strata, or beside covariates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Float
from evenlight.measures.adjusted import adjusted_arms
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.between import effects_of, shared_by_all
from evenlight.measures.comparison import View
from evenlight.measures.conditional import Counts
from evenlight.measures.family import Results, Shared, results
from evenlight.measures.prepare import Setting
from evenlight.measures.sloped import Sloped, effects, judged
from evenlight.measures.testing import Testing


@dataclass(frozen=True, slots=True)
class Asked:
    """Who enters one contrast: units `total` and `left` of level and reference, and why not."""

    names: tuple[str, str]
    total: tuple[int, int]
    left: tuple[int, int]
    strata: int
    reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Tested:
    """One view with its results, and who entered each contrast, (c,)."""

    view: View
    results: Results
    asked: tuple[Asked, ...]


@dataclass(frozen=True, slots=True, eq=False)
class How:
    """What all views share: how they are tested, with how many draws, beside which repeats.

    `repeats` are rows (n kept, p) of attributions made on other draws of the background.
    """

    testing: Testing
    draws: int
    repeats: Sequence[Float]


def tested(
    here: Setting,
    viewed: Mapping[str, Sequence[tuple[View, Float]]],
    how: How,
    *,
    rng: np.random.Generator,
) -> tuple[list[Tested], Shared | None]:
    """Every view (its rows (n kept, p)) under each condition, and what a draw adds given nothing.

    Where the cohort declares covariates the contrasts are slopes beside them (Freedman and Lane),
    else stratified differences.
    """
    out: list[Tested] = []
    first: Shared | None = None
    for given, views in viewed.items():
        stacked = np.hstack([values for _, values in views])
        arms = _arms(here, given, stacked, how.draws, rng)
        shared = _shared(here, given, arms, how.repeats, views[0][0].unit)
        first = first or shared
        for i, (view, values) in enumerate(views):
            columns = i * values.shape[1] + np.arange(values.shape[1])
            own = shared and Shared(shared.variance[:, columns], shared.draws)
            asked = replace(how.testing, alpha=view.alpha)
            found = (
                judged(arms[1], columns, view, testing=asked, shared=own)
                if arms[1]
                else results(arms[0], columns, view, testing=asked, shared=own)
            )
            out.append(Tested(view, found, tuple(_asked(a) for a in arms[1] or arms[0])))
    return out, first


def counted(view: View, found: Results, counts: Sequence[Counts]) -> Tested:
    """A view given the own value, whose units are counted subject by subject."""
    told = tuple(Asked(c.names, c.total, c.left, c.strata, c.reason) for c in counts)
    return Tested(view, found, told)


def differences(here: Setting, given: str, values: Float) -> tuple[Float, tuple[str, ...]]:
    """The difference of rows (n kept, k) in each contrast (c, k), and why one cannot be asked."""
    arms = _arms(here, given, values, 0, np.random.default_rng(0))
    return _effects(arms), tuple(a.reason for a in arms[1] or arms[0])


Both = tuple[list[Arms], list[Sloped]]
"""The contrasts by strata, or, the first empty, beside covariates."""


def _arms(here: Setting, given: str, values: Float, draws: int, rng: np.random.Generator) -> Both:
    if here.cohort.covariates:
        return [], adjusted_arms(here, given, values, draws=draws, rng=rng)
    return arms_of(here, given, values, draws=draws, rng=rng), []


def _effects(arms: Both) -> Float:
    return effects(arms[1]) if arms[1] else effects_of(arms[0])


def _shared(
    here: Setting, given: str, arms: Both, repeats: Sequence[Float], unit: float
) -> Shared | None:
    """What another draw of the background adds to the variance of each signed and sized column."""
    if not repeats:
        return None
    again = [differences(here, given, np.hstack([r, np.abs(r)]))[0] for r in repeats]
    return shared_by_all(_effects(arms), again, unit)


def _asked(one: Arms | Sloped) -> Asked:
    held = one.plan.weight if isinstance(one, Arms) else np.unique(one.drawn.block)
    return Asked(one.names, one.total, one.left, len(held), one.reason)
