"""The strata in which the groups of a reliance are compared, and why there may be none."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.digits import count, percent
from evenlight.data.groups import Groups
from evenlight.data.units import UnitStrata
from evenlight.measures.counted import told_left
from evenlight.measures.hidden_people import shown_people
from evenlight.measures.observed import unit_event, unit_outcome
from evenlight.measures.prepare import Setting
from evenlight.small_groups import least_shown
from evenlight.stats.cells import joint
from evenlight.stats.decomposition import Layout, bias_order, estimable_strata, layout
from evenlight.stats.disclosure import left_counts
from evenlight.stats.held import held_outcome
from evenlight.stats.strata import held_inside

LITTLE_BIAS, MOST_BIAS = 0.02, 0.05
"""Orders of the bias before correction (`bias_order`): above the first an outcome is cut into fewer
bins, above the second nothing is asked. The bias is taken off exactly: of two groups of 20 the
estimate is 0.001 (Monte Carlo error 0.002) off where no group differs, about a twentieth too small
otherwise, and its limits cover as often as those of two groups of 60."""

LITTLE = 0.1
"""A group below this share of the units is named beside a reliance that it hardly moves."""

ROOM = 20
"""Units for each slope on a share of rows by stratum."""

BINS = (10, 5, 3)
"""Quantile bins of a continuous outcome, fewer as long as the bias would be too large."""

BINNED = ("continuous", "survival")
"""Outcomes that are cut into bins."""


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """The m of u units that enter, `keep` (u,), their `group`, `stratum` and outcome `y`, (m,).

    `piece` (m,) is the bin of the outcome, which strata may cut further; `share` (m, q) what of the
    mix of strata of each unit differs inside them (`data.units.unit_strata`); `bins` of the outcome
    (0: it is not binned), the order of the bias, and why it cannot be asked. `whole` (u,) holds the
    strata of all units of groups of 11 or more, -1 unknown.
    """

    given: str
    keep: Bool
    group: Int
    stratum: Int
    piece: Int
    y: Float
    share: Float
    bins: int
    bias: float
    reason: str
    whole: Int

    @property
    def s(self) -> int:
        """Number of strata."""
        return len(np.unique(self.stratum))

    def laid(self, phi: Float, f: Float, family: Int | None = None) -> Layout:
        """The layout of attributions (u, p) and output (u,).

        Without their dependence on an outcome inside its bins, and on shares inside strata.
        """
        phi, f = phi[self.keep], f[self.keep]
        if self.bins or self.share.shape[1]:
            held = (self.y if self.bins else None, self.share)
            phi = held_inside(phi, held, self.stratum, self.group, piece=self.piece)
            f = held_inside(f[:, None], held, self.stratum, self.group, piece=self.piece)[:, 0]
        kin = None if family is None else family[self.keep]
        return layout(phi, f, self.group, self.stratum, family=kin)


def conditions(cohort: Cohort) -> tuple[str, ...]:
    """Under what a reliance is asked: nothing, the outcome, and the outcome and strata."""
    if cohort.outcome_kind is None:
        return ("nothing",)
    return ("nothing", "outcome", *(("outcome and strata",) if cohort.strata else ()))


def strata_given(here: Setting, given: str, *, bins: int | None = None) -> Strata:
    """The strata of units under a condition, with as many bins as can be, or exactly `bins`."""
    group = np.where(_large(here)[here.unit_group], here.unit_group, -1)
    y = np.zeros(len(group)) if given == "nothing" else unit_outcome(here)
    own = strata_held(here, given)
    for wanted in BINS if bins is None else (bins,):
        piece, used = _pieces(here, given, y, wanted, fixed=bins is not None)
        stratum = joint([piece, own.code])
        keep = estimable_strata(group, stratum)
        bias = bias_order(group[keep], stratum[keep])
        if bias <= LITTLE_BIAS or used == 0:
            break
    kind = "bins" if used else "classes"
    reason = _small(here) or _reason(group[keep], stratum[keep], bias, given=given, kind=kind)
    return Strata(
        given, keep, group[keep], stratum[keep], piece[keep], y[keep], own.share[keep], used, bias,
        reason or too_mixed(own.share[keep]), np.where(group >= 0, stratum, -1),
    )  # fmt: skip


def strata_held(here: Setting, given: str) -> UnitStrata:
    """The declared strata of units where a condition holds them, else one stratum for everybody."""
    if "strata" in given:
        return here.unit_strata
    u = len(here.unit_group)
    return UnitStrata(np.zeros(u, dtype=np.int64), np.zeros((u, 0)))


def unaskable(cohort: Cohort, *, by: str | Groups, given: str) -> str:
    """Why reliance cannot be asked of these people under a condition, "" if it can."""
    return strata_given(shown_people(cohort, by), given).reason


def speaks_for(here: Setting, strata: Strata) -> str:
    """For whom the shares speak: loss of units, and groups that weigh little."""
    total = np.array((here.unit_group >= 0).sum())
    if not total:
        return ""
    left = left_counts(np.array(len(strata.group)), total, smallest=least_shown())
    share = float(left / total)
    exact = np.bincount(strata.group, minlength=len(here.groups.levels))
    counts = told_left(here, here.groups.levels, exact.tolist())
    told = []
    if share < 0.8:
        told.append(
            f"Speaks for the {percent(share)} of units that are in a stratum with two groups or "
            "more."
        )
    for level, n, few in zip(here.groups.levels, exact, counts, strict=True):
        if 0 < n < LITTLE * len(strata.group):
            own = percent(few / counts[exact > 0].sum(), places=1)
            told.append(f"Groups weigh by their size: {level} is {own} of the units.")
    return " ".join(told)


def _large(here: Setting) -> Bool:
    """Whether each level has enough units, (k + 1,), the last for unknown."""
    return np.append(here.sizes >= least_shown(), False)


def _pieces(here: Setting, given: str, y: Float, count: int, *, fixed: bool) -> tuple[Int, int]:
    """The class or bin of the outcome of each unit (u,), -1 unknown, and at most `count` bins."""
    if given == "nothing":
        return np.zeros(len(y), dtype=np.int64), 0
    kind, event = str(here.cohort.outcome_kind), unit_event(here)
    if not fixed:
        count = min(count, held_outcome(y, here.unit_group, kind=kind, event=event).bins or count)
    own = held_outcome(y, here.unit_group, kind=kind, event=event, bins=count)
    return own.piece, own.bins


def _small(here: Setting) -> str:
    """Which groups are below the smallest that may be asked, where fewer than two are above."""
    large = _large(here)[:-1]
    if large.sum() >= 2:
        return ""
    few = [name for name, own in zip(here.groups.levels, large, strict=True) if not own]
    more = f" and {len(few) - 5} more" if len(few) > 6 else ""
    named = ", ".join(few[: 5 if more else 6]) + more
    return (
        f"fewer than {least_shown()} units in {named}; two groups of {least_shown()} or "
        "more are needed"
    )


def _reason(group: Int, stratum: Int, bias: float, *, given: str, kind: str) -> str:
    if not len(group):
        return "no stratum holds two or more units of two groups"
    if (np.bincount(group) >= least_shown()).sum() < 2:
        return f"fewer than two groups of {least_shown()} units with overlap"
    if bias > MOST_BIAS:
        many, fewer = _many(len(np.unique(stratum)), given, kind)
        enough = ceil(round(bias * len(group) / MOST_BIAS, 6))
        return (
            f"{many} for these people: chance alone makes a share of the order {bias:.2f}, above "
            f"{MOST_BIAS}; about {count(enough)} people in these groups are needed{fewer}"
        )
    return ""


def too_mixed(share: Float) -> str:
    """Why units of several strata cannot be asked, "" if they can: each share is a slope more."""
    m, q = share.shape
    if m >= ROOM * q:
        return ""
    return (
        f"{q + 1} strata are mixed inside units, and each of them but one needs {ROOM} units; more "
        "people or fewer strata are needed"
    )


def _many(cells: int, given: str, kind: str) -> tuple[str, str]:
    """What is too many under a condition, and what helps beside people: fewer strata, if any.

    >>> _many(2, "outcome", "classes")
    ('2 outcome classes are too many', '')
    """
    if given == "nothing":
        return "the groups are too many", ""
    if given == "outcome":
        return f"{cells} outcome {kind} are too many", ""
    return f"{cells} cells of outcome {kind} and strata are too many", ", or fewer strata"
