"""The views of a comparison tested, each a family of its own: by strata, or beside covariates."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from evenlight.arrays import Float
from evenlight.measures.adjusted import adjusted_arms
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.between import effects_of, shared_by_all, shared_by_mean
from evenlight.measures.comparison import View
from evenlight.measures.conditional import Counts
from evenlight.measures.counted import told_left
from evenlight.measures.family import Results, Shared, results
from evenlight.measures.prepare import Setting, population
from evenlight.measures.sloped import Sloped, effects, judged
from evenlight.measures.streamed import Streamed, beside
from evenlight.measures.testing import Testing
from evenlight.measures.told_effects import told_numbers
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import left_counts, shown_counts
from evenlight.stats.equivalence import extents


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


def silent(tests: int) -> None:
    """Tell nobody how many tests were made."""


@dataclass(frozen=True, slots=True, eq=False)
class How:
    """What all views share: how they are tested, with how many draws, beside which repeats.

    `repeats` are rows (n kept, p) of attributions made on other draws of the background. Where what
    is tested is `averaged` over draws, they hold each draw's own columns of all views. `done` is
    told how many tests were just made.
    """

    testing: Testing
    draws: int
    repeats: Sequence[Float]
    averaged: bool = False
    done: Callable[[int], object] = silent


def tested(
    here: Setting,
    viewed: Mapping[str, Sequence[tuple[View, Float | Streamed]]],
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
        found, shared = _tested(here, given, views, how, rng)
        out, first = out + found, first or shared
    return out, first


def _tested(
    here: Setting,
    given: str,
    views: Sequence[tuple[View, Float | Streamed]],
    how: How,
    rng: np.random.Generator,
) -> tuple[list[Tested], Shared | None]:
    """The views under one condition, whose cells are given back before those of the next."""
    out: list[Tested] = []
    wide = beside([values for _, values in views])
    arms = _arms(here, given, wide, how.draws, rng)
    shared = _shared(here, given, arms, how, views[0][0].unit)
    for i, (view, values) in enumerate(views):
        columns = i * values.shape[1] + np.arange(values.shape[1])
        own = shared and Shared(shared.variance[:, columns], shared.draws)
        asked = replace(how.testing, alpha=view.alpha)
        found = (
            judged(arms[1], columns, view, testing=asked, shared=own)
            if arms[1]
            else results(arms[0], columns, view, testing=asked, shared=own)
        )
        how.done(found.effect.size)
        out.append(Tested(view, found, tuple(_asked(a) for a in arms[1] or arms[0])))
    return out, shared


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


def _arms(
    here: Setting, given: str, values: Float | Streamed, draws: int, rng: np.random.Generator
) -> Both:
    if here.cohort.covariates:
        return [], adjusted_arms(here, given, values, draws=draws, rng=rng)
    return arms_of(here, given, values, draws=draws, rng=rng), []


def _effects(arms: Both) -> Float:
    return effects(arms[1]) if arms[1] else effects_of(arms[0])


def _shared(here: Setting, given: str, arms: Both, how: How, unit: float) -> Shared | None:
    """What draws add to the variance of each signed and sized column, or of the mean of each."""
    if not how.repeats:
        return None
    if how.averaged:
        return shared_by_mean([differences(here, given, r)[0] for r in how.repeats], unit)
    again = [differences(here, given, np.hstack([r, np.abs(r)]))[0] for r in how.repeats]
    return shared_by_all(_effects(arms), again, unit)


def _asked(one: Arms | Sloped) -> Asked:
    held = one.plan.weight if isinstance(one, Arms) else np.unique(one.drawn.block)
    return Asked(one.names, one.total, one.left, len(held), one.reason)


def overlap(one: Asked, left: tuple[int, int]) -> str:
    """For whom a contrast speaks where strata were dropped; `left` are units as they are told."""
    said = population(one.total, one.left, one.strata, one.names)
    return said and population(one.total, left, one.strata, one.names)


def stacked(
    found: Sequence[Tested],
    margin: float | Float,
    *,
    here: Setting | None = None,
    speaks: Callable[[Asked, tuple[int, int]], str] = overlap,
) -> dict[str, Any]:
    """The numbers of every view, stacked (v, c, ...), with `extent`, `n`, `kept`, `population`.

    `margin` is one for all or (v,). No loss of 1 to 10 units follows from `n`, `kept` or
    `population`; where the grouping of `here` hides a count, others are told to 5, and numbers to
    a step (`told_effects`): verdict and extent are of these before. Without `here` the contrasts
    are of no levels, and units are known by their total alone.
    """
    out: dict[str, Any] = {
        f.name: np.stack([getattr(one.results, f.name) for one in found]) for f in fields(Results)
    }
    each = np.broadcast_to(np.asarray(margin, dtype=np.float64), len(found))[:, None, None]
    rounded = here is not None and here.rounded
    told = _all_told(found, here)
    asked = [
        [(a, n) for a, n in zip(o.asked, t, strict=True)] for o, t in zip(found, told, strict=True)
    ]
    kept = np.array([[_kept(a, n) for a, n in row] for row in asked])
    left = np.array([[n if not a.reason else (0, 0) for a, n in row] for row in asked])
    words = [["" if a.reason else speaks(a, n) for a, n in row] for row in asked]
    extent = extents(out["low"], out["high"], each, out["verdict"])
    if rounded:
        share = np.array([one.view.name == "flips" for one in found])[:, None, None]
        out |= told_numbers(out, left.min(axis=-1)[..., None], share=share)
    return out | {
        "extent": extent,
        "n": shown_counts(left, rounded=rounded),
        "kept": np.round(kept, 2) if rounded else kept,
        "population": np.array(words, dtype=np.str_),
    }


def _all_told(found: Sequence[Tested], here: Setting | None) -> list[list[tuple[int, int]]]:
    """Units left of level and reference in each view and contrast, a loss of 1 to 10 told as ten.

    Nor are two counts of a level, under other conditions or against other levels, 1 to 10 apart.
    """
    had: dict[str, set[int]] = {}
    out: list[list[tuple[int, int]]] = []
    for one in found:
        out.append([])
        for a in one.asked:
            sides = (0, 0) if a.reason else (_told(a, 0, here, had), _told(a, 1, here, had))
            out[-1].append(sides)
    return out


def _told(one: Asked, side: int, here: Setting | None, had: dict[str, set[int]]) -> int:
    """Units left of one level; `had` are those told of it before, to which this one is added."""
    name, left, total = one.names[side], one.left[side], one.total[side]
    before = had.setdefault(name, set())
    near = [n for n in before if 0 < left - n < least_shown()]  # told as these, who are fewer
    many, others = min([left, *near]), sorted({*before, total})
    if here is not None:
        told = told_left(here, [name], [many], *([n] for n in others))
    else:
        totals = (np.array([n]) for n in others)
        told = left_counts(np.array([many]), *totals, smallest=least_shown())
    before.add(int(told[0]))
    return int(told[0])


def _kept(one: Asked, left: tuple[int, int]) -> list[float]:
    """The shares of units left; 1 to 10 count as 10, so that no share gives them away."""
    least = [least_shown() - 1 if 0 < m < least_shown() else m for m in left]
    return [min(m / max(n, 1), 1.0) for m, n in zip(least, one.total, strict=True)]
