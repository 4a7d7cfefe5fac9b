"""The outcome of each unit as one number, and what the model expects of it on that scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from evenlight.arrays import Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.followed import followed
from evenlight.measures.prepare import Setting
from evenlight.stats.strata import unit_categories
from evenlight.stats.survival import martingale


@dataclass(frozen=True, slots=True, eq=False)
class Observed:
    """Outcome `y` (u,) and the model's own expectation of it (u,), or why there are none.

    `chance` says that y is an event with that expectation; `timed` that it is a martingale
    residual.
    """

    y: Float
    expected: Float
    chance: bool = False
    timed: bool = False
    reason: str = ""


RESPONSE: dict[str, Callable[[Float], Float]] = {
    "logit": expit,
    "softmax": expit,
    "square": np.square,
    "log": np.exp,
}
"""From the margin to the expectation of a 0/1 outcome, by link."""

INVERSE: dict[str, Callable[[Float], Float]] = {
    "identity": lambda y: y,
    "square": lambda y: np.sqrt(np.maximum(y, 0.0)),
    "log": lambda y: np.log(np.maximum(y, 1e-300)),
}
"""From a continuous outcome to the margin, by link."""


UNBOUNDED = ("square", "log")
"""Links whose response may be no probability, as that of a Cox model, a ratio of hazards."""


def unit_outcome(here: Setting) -> Float:
    """The outcome of units (u,), NaN unknown: what strata of the outcome are made of.

    A category as its code; of several that differ, one code more. A survival time as the martingale
    residual of the Nelson-Aalen estimate over everyone: events seen less events expected.
    """
    cohort = here.cohort
    if cohort.outcome_kind in ("binary", "categorical"):
        return unit_categories(cohort.y[here.kept], here.unit)
    if cohort.outcome_kind == "survival":
        return _residual(here, np.zeros(len(here.unit_group), dtype=np.int64), None)
    return here.per_unit(cohort.y)


def unit_event(here: Setting) -> Float | None:
    """Whether the event of a survival outcome was seen (u,), None for any other outcome."""
    if here.cohort.outcome_kind != "survival":
        return None
    return here.per_unit(followed(here.cohort)[1])


def observed(here: Setting, f: Float, cell: Int, *, link: str, target: str) -> Observed:
    """What support of the output f (u,) is judged by, within cells (u,) of units.

    Binary: the event and the model's chance of it. Categorical: the class of `target` against the
    rest. Continuous: the outcome on the margin. Survival: events less those expected in the cell
    by Nelson-Aalen; the model, whose margin is a log hazard, expects those of Breslow's estimate
    under it less the same, so that U is the stratified log-rank score.
    """
    kind, cohort = here.cohort.outcome_kind, here.cohort
    if kind is None:
        return _none(f, "support needs an outcome, this cohort has none")
    if kind == "survival":
        null, own = _residual(here, cell, None), _residual(here, cell, f)
        return Observed(null, null - own, timed=True)
    if kind == "continuous":
        if link not in INVERSE:
            told = "support by a continuous outcome needs a model of it"
            return _none(f, f"{told}, not one under the link {link}")
        return Observed(here.per_unit(INVERSE[link](cohort.y)), f)
    chance = RESPONSE.get(link, INVERSE["identity"])(f)
    if link in UNBOUNDED and (chance > 1).any():
        told = "support by an event needs a model of its probability"
        return _none(f, f"{told}, and under the link {link} the response exceeds 1")
    if kind == "binary":
        return Observed(here.per_unit(cohort.y), chance, chance=True)
    levels = _classes(cohort)
    if target not in levels:
        return _none(f, f"support needs one class of the outcome, not {target!r}; it has {levels}")
    own = np.where(np.isnan(cohort.y), np.nan, cohort.y == levels.index(target))
    return Observed(here.per_unit(own), chance, chance=True)


def _residual(here: Setting, cell: Int, margin: Float | None) -> Float:
    """Means over rows of martingale residuals (u,) within cells of units; -1 is no cell.

    Rows of a unit weigh one together.
    """
    rows, (time, event) = np.flatnonzero(here.kept), followed(here.cohort)
    weight = 1 / np.bincount(here.unit)[here.unit]
    out = np.full(here.cohort.n, np.nan)
    for code in np.unique(cell[cell >= 0]):
        own = here.order[cell[here.unit[here.order]] == code]
        at = rows[own]
        risk = None if margin is None else margin[here.unit[own]]
        out[at] = martingale(time[at], event[at], weight[own], margin=risk)
    return here.per_unit(out)


def _classes(cohort: Cohort) -> list[str]:
    column = cohort.people[str(cohort.outcome)]
    return sorted({str(v) for v in column[column.notna()]})


def _none(f: Float, reason: str) -> Observed:
    gone = np.full(len(f), np.nan)
    return Observed(gone, gone, reason=reason)
