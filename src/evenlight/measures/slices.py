"""The slices of people in which a model does worst: found on one half, confirmed on the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import pandas as pd
from scipy import stats

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError, InputError
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.groupings_beside import sums_apart
from evenlight.measures.prepare import ALPHA
from evenlight.measures.sliced import shown_levels
from evenlight.measures.weighing import unit_sampling, weighted
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import (
    dominated,
    told_counts,
    told_limits,
    told_p,
    told_step,
    told_values,
)
from evenlight.stats.losses import KINDS, row_loss
from evenlight.stats.multiplicity import holm
from evenlight.stats.slices import Contrast, contrast, member_of, parts_of, worst

Of = Literal["loss", "above", "below"]
CONFIRMED = ("confirmed", "not_confirmed", "not_estimable")
SEARCHED_FROM = 20
"""Fewest units in a slice, and outside it, of the half that is searched."""

MOST = 10_000
"""Most slices that are searched."""


@dataclass(frozen=True, slots=True, eq=False)
class Slices:
    """The s worst slices by `of` (loss, outcome above or below the prediction); arrays are (s,).

    `found` is how much worse than everybody else the slice looked in the half that was searched,
    `effect` in the other half, with simultaneous 95 % limits and `holm`, one-sided p adjusted over
    the slices that were chosen; `searched` slices were looked at. Read `effect`: what a search
    finds looks worse than it is. `n` (s, 2) are units of the slice in each half. `verdict`:
    *confirmed* where `holm` is below 0.05 and the limits leave out 0. `rounded` says that numbers
    are told to steps: somebody is hidden, slices would tell of few people, or one is most of one.
    """

    names: tuple[str, ...]
    of: str
    over: tuple[str, ...]
    target: str
    searched: int
    alpha: float
    n: Int
    found: Float
    effect: Float
    low: Float
    high: Float
    holm: Float
    verdict: Text
    reason: Text
    rounded: bool = False

    def __post_init__(self) -> None:
        s = (len(self.names),)
        shaped(self, (*s, 2), "n")
        shaped(self, s, "found", "effect", "low", "high", "holm", "verdict", "reason")
        worded(self, "verdict", CONFIRMED)
        explained(self, self.reason, "found", "effect", "low", "high", "holm")

    def to_frame(self) -> pd.DataFrame:
        """One row a slice, the worst found first."""
        columns: dict[str, object] = {
            "slice": list(self.names),
            "n_searched": self.n[:, 0],
            "n_confirming": self.n[:, 1],
        }
        names = ("found", "effect", "low", "high", "holm", "verdict", "reason")
        columns |= {name: getattr(self, name) for name in names}
        return pd.DataFrame(columns | {"rounded": self.rounded})

    def __repr__(self) -> str:
        held = [n for n, v in zip(self.names, self.verdict, strict=True) if v == "confirmed"]
        told = f", first {held[0]}" if held else ""
        return (
            f"Slices: {len(held)} of the {len(self.names)} worst of {self.searched} confirmed on "
            f"held-out units{told}"
        )


def slices(
    predictions: Predictions,
    cohort: Cohort,
    *,
    over: Sequence[str | Groups],
    of: Of = "loss",
    depth: int = 2,
    most: int = 5,
    rng: np.random.Generator | int = 0,
) -> Slices:
    """Search levels of `over`, and crosses of up to `depth` of them, for the worst slices.

    `over` names columns of people or of x, or holds `Groups`, as the proxies of `ev.proxies`;
    numbers are cut into thirds. `of` is the loss (log loss, or squared error), or how far the
    outcome lies above (the model says too little) or below the prediction. Half of the units, drawn
    at random, is searched; the `most` worst slices that are not nearly one another are tested on
    the other half. Units count by their sampling weight where the cohort declares weights, and
    those of weight 0 do not enter. The loss of a well calibrated model is larger where outcomes are
    uncertain: "above" and "below" are 0 there.

    People of levels that are too small to be told of enter neither a slice nor the rest beside it
    (`measures.sliced.shown_levels`). Where there are any, where sums over the slices would tell of
    1 to 10 people, or where one is more than half of one, numbers are told to steps
    (`stats.disclosure`); verdicts are of those before.

    Raises CohortError without a binary or continuous outcome, InputError for no column, a depth
    outside 1 to 3, or more than 10,000 slices.
    """
    _checked(cohort, over, of, depth, most)
    value = _badness(predictions.at(cohort), cohort, of)
    known = np.isfinite(value) & weighted(cohort)
    among, levels, names = shown_levels(cohort, over, known)
    rows = cohort.order[among[cohort.order]]
    if len(np.unique(cohort.units[rows])) < 4 * least_shown():
        raise CohortError(
            f"fewer than {4 * least_shown()} units have a known outcome, a weight above 0, and "
            "levels that may be told of; halves of more people are needed for a search and a test"
        )
    first = _half(cohort.units[rows], np.random.default_rng(rng))
    parts = parts_of(levels[rows], depth=depth)
    if len(parts) > MOST:
        raise InputError(f"{len(parts)} slices; name fewer columns, or say depth={depth - 1}")
    inside = np.stack([member_of(levels[rows], part) for part in parts], axis=1)
    unit = np.unique(cohort.units[rows], return_inverse=True)[1].astype(np.int64)
    weight = unit_sampling(cohort, rows, unit)[unit]
    searched = _contrast(first, value[rows], inside, unit, weight)
    able = searched.units.min(axis=1) >= SEARCHED_FROM
    score = np.where(
        able & (searched.se > 0), searched.effect / np.maximum(searched.se, 1e-300), np.nan
    )
    chosen = worst(np.where(np.isnan(score), -np.inf, score), inside[first], most=most)
    other = _contrast(~first, value[rows], inside[:, chosen], unit, weight)
    titles = [" and ".join(names[c][level] for c, level in parts[j]) for j in chosen]
    opposite = worst(np.where(np.isnan(score), -np.inf, -score), inside[first], most=most)
    seen = inside[:, np.union1d(chosen, opposite)] if of != "loss" else inside[:, chosen]
    coarse = bool((known & ~among).any()) or _telling(cohort, rows, first, seen)
    coarse |= _one_is_most(value[rows], inside[:, chosen], unit, first)
    return _judged(
        titles, searched, chosen, other, (of, over, predictions.target, int(able.sum())),
        coarse=coarse,
    )  # fmt: skip


def _telling(cohort: Cohort, rows: Int, first: Bool, inside: Bool) -> bool:
    """Whether sums over slices (m, s), in a half or in both, tell of 1 to 10 people.

    "above" and "below" are searched on one half: `inside` are the slices of both.
    """
    halves = (np.ones(len(rows), dtype=bool), first, ~first)
    return inside.shape[1] > 0 and any(
        sums_apart(cohort, rows[half], inside[half].astype(np.int64)) for half in halves
    )


def _one_is_most(value: Float, inside: Bool, unit: Int, first: Bool) -> bool:
    """Whether one unit is more than half of what the rows of a slice add up to, in either half."""
    for half in (first, ~first):
        size = np.zeros((int(unit.max()) + 1, inside.shape[1]))
        np.add.at(size, unit[half], np.abs(value[half])[:, None] * inside[half])
        if dominated(size).any():
            return True
    return False


def _checked(cohort: Cohort, over: Sequence[str | Groups], of: str, depth: int, most: int) -> None:
    if cohort.outcome_kind not in KINDS:
        raise CohortError(f"slices need a {' or '.join(KINDS)} outcome; name one with outcome=")
    if isinstance(over, str) or not len(over):
        raise InputError(f'over is {over!r}; list columns, as over=["site", "age"]')
    if of not in get_args(Of):
        raise InputError(f"of is {of!r}; known: {', '.join(get_args(Of))}")
    if depth not in (1, 2, 3) or most < 1:
        raise InputError(f"depth is {depth} and most {most}; depth is 1 to 3, most at least 1")


def _badness(said: Predictions, cohort: Cohort, of: str) -> Float:
    """What is bad about each row (n,), NaN where its outcome is unknown."""
    if cohort.outcome_kind == "binary":
        said.need_probability("loss")
    if of == "loss":
        return row_loss(cohort.y, said.response, kind=str(cohort.outcome_kind))
    apart: Float = cohort.y - said.response
    return apart if of == "above" else -apart


def _half(units: Int, rng: np.random.Generator) -> Bool:
    """Which rows (n,) belong to the half of the units that is searched."""
    known = np.unique(units)
    drawn = rng.permutation(len(known)) < (len(known) + 1) // 2
    return np.asarray(drawn[np.searchsorted(known, units)])


def _contrast(half: Bool, value: Float, inside: Bool, unit: Int, weight: Float) -> Contrast:
    """The slices of some rows against the others of the same half."""
    own = np.unique(unit[half], return_inverse=True)[1].astype(np.int64)
    return contrast(value[half], inside[half], own, weight[half])


def _judged(
    titles: Sequence[str],
    searched: Contrast,
    chosen: Int,
    other: Contrast,
    about: tuple[str, Sequence[str | Groups], str, int],
    *,
    coarse: bool,
) -> Slices:
    """The record, from the half that was searched and the other; to steps where it is `coarse`."""
    m = max(len(chosen), 1)
    few = (other.units.min(axis=1) < least_shown()) | (other.se <= 0)
    df = np.maximum(other.effective.min(axis=1) - 1, 1)
    t = np.divide(other.effect, other.se, out=np.zeros(len(chosen)), where=~few)
    half = stats.t.ppf(1 - ALPHA / (2 * m), df) * other.se
    p = holm(np.where(few, np.nan, stats.t.sf(t, df)))
    sure = (p < ALPHA) & (other.effect > half)
    n = np.stack([searched.units[chosen, 0], other.units[:, 0]], axis=1)
    text = np.where(
        other.units.min(axis=1) < least_shown(),
        f"fewer than {least_shown()} units of the slice, or outside it, in the half that confirms",
        "what is measured does not vary in the half that confirms",
    )
    found = searched.effect[chosen]
    limits = {"effect": other.effect, "low": other.effect - half, "high": other.effect + half}
    if coarse:
        found = told_values(found, _step(searched, chosen))
        limits, p = _to_steps(limits, _step(other, np.arange(len(chosen)))), told_p(p)
    blank = {name: np.where(few, np.nan, value) for name, value in limits.items()}
    return Slices(
        names=tuple(titles),
        of=about[0],
        over=tuple(item if isinstance(item, str) else item.name for item in about[1]),
        target=about[2],
        searched=about[3],
        alpha=ALPHA,
        n=told_counts(n, rounded=coarse or bool((n < least_shown()).any()), smallest=least_shown()),
        found=found,
        holm=p,
        verdict=np.where(few, "not_estimable", np.where(sure, "confirmed", "not_confirmed")),
        reason=np.where(few, text, ""),
        rounded=coarse,
        **blank,
    )


def _step(made: Contrast, at: Int) -> Float:
    """The step (k,) to which differences of slices are told; the smaller side counts."""
    return told_step(made.se[at], made.units[at].min(axis=1))


def _to_steps(limits: dict[str, Float], step: Float) -> dict[str, Float]:
    """Differences to steps, their limits outwards."""
    low, high = told_limits(limits["low"], limits["high"], step)
    return {"effect": told_values(limits["effect"], step), "low": low, "high": high}
