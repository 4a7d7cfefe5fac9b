"""The strata in which the groups of a reliance are compared, and why there may be none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.measures.counted import told_left
from evenlight.measures.hidden_people import shown_people
from evenlight.measures.observed import unit_event, unit_outcome
from evenlight.measures.prepare import Setting
from evenlight.stats.cells import joint
from evenlight.stats.decomposition import Layout, bias_order, estimable_strata, layout
from evenlight.stats.disclosure import left_counts
from evenlight.stats.held import held_outcome
from evenlight.stats.strata import within_adjusted

MOST_BIAS = 0.02
"""Largest order of the bias before correction that is accepted; see `bias_order`."""

LITTLE = 0.1
"""A group below this share of the units is named beside a reliance that it hardly moves."""

BINS = (10, 5, 3)
"""Quantile bins of a continuous outcome, fewer as long as the bias would be too large."""

BINNED = ("continuous", "survival")
"""Outcomes that are cut into bins."""


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """The m of u units that enter, `keep` (u,), their `group`, `stratum` and outcome `y`, (m,).

    `piece` (m,) is the bin of the outcome, which strata may cut further; `bins` of the outcome (0:
    it is not binned), the order of the bias, and why it cannot be asked. `whole` (u,) holds the
    strata of all units of groups of 11 or more, -1 unknown.
    """

    given: str
    keep: Bool
    group: Int
    stratum: Int
    piece: Int
    y: Float
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

        Without their dependence on an outcome inside its bins.
        """
        phi, f = phi[self.keep], f[self.keep]
        if self.bins:
            own = (self.y, self.stratum, self.group)
            phi = within_adjusted(phi, *own, piece=self.piece)
            f = within_adjusted(f[:, None], *own, piece=self.piece)[:, 0]
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
    for count in BINS if bins is None else (bins,):
        stratum, piece, used = _stratum(here, given, y, count, fixed=bins is not None)
        keep = estimable_strata(group, stratum)
        bias = bias_order(group[keep], stratum[keep])
        if bias <= MOST_BIAS or used == 0:
            break
    kind = "bins" if used else "classes"
    reason = _small(here) or _reason(group[keep], stratum[keep], bias, given=given, kind=kind)
    return Strata(
        given, keep, group[keep], stratum[keep], piece[keep], y[keep], used, bias, reason,
        np.where(group >= 0, stratum, -1),
    )  # fmt: skip


def unaskable(cohort: Cohort, *, by: str | Groups, given: str) -> str:
    """Why reliance cannot be asked of these people under a condition, "" if it can."""
    return strata_given(shown_people(cohort, by), given).reason


def speaks_for(here: Setting, strata: Strata) -> str:
    """For whom the shares speak: loss of units, and groups that weigh little."""
    total = np.array((here.unit_group >= 0).sum())
    left = left_counts(np.array(len(strata.group)), total, smallest=SMALLEST_GROUP)
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
    return np.append(here.sizes >= SMALLEST_GROUP, False)


def _stratum(
    here: Setting, given: str, y: Float, count: int, *, fixed: bool
) -> tuple[Int, Int, int]:
    """The stratum and the outcome's bin of each unit (u,), -1 unknown, and at most `count` bins."""
    if given == "nothing":
        none = np.zeros(len(y), dtype=np.int64)
        return none, none, 0
    kind, event = str(here.cohort.outcome_kind), unit_event(here)
    if not fixed:
        count = min(count, held_outcome(y, here.unit_group, kind=kind, event=event).bins or count)
    own = held_outcome(y, here.unit_group, kind=kind, event=event, bins=count)
    whole = given == "outcome"
    return own.piece if whole else joint([own.piece, here.unit_stratum]), own.piece, own.bins


def _small(here: Setting) -> str:
    """Which groups are below the smallest that may be asked, where fewer than two are above."""
    large = _large(here)[:-1]
    if large.sum() >= 2:
        return ""
    few = [name for name, own in zip(here.groups.levels, large, strict=True) if not own]
    return (
        f"fewer than {SMALLEST_GROUP} units in {', '.join(few)}; two groups of {SMALLEST_GROUP} or "
        "more are needed"
    )


def _reason(group: Int, stratum: Int, bias: float, *, given: str, kind: str) -> str:
    if not len(group):
        return "no stratum holds two or more units of two groups"
    if (np.bincount(group) >= SMALLEST_GROUP).sum() < 2:
        return f"fewer than two groups of {SMALLEST_GROUP} units with overlap"
    if bias > MOST_BIAS:
        many, need = _many(len(np.unique(stratum)), given, kind)
        return (
            f"{many} for these people: the estimate would be mostly bias (of the order "
            f"{bias:.2f}, above {MOST_BIAS}); {need} needed"
        )
    return ""


def _many(cells: int, given: str, kind: str) -> tuple[str, str]:
    """What is too many under a condition, and what is needed: fewer strata, where there are any.

    >>> _many(2, "outcome", "classes")
    ('2 outcome classes are too many', 'more people are')
    """
    if given == "nothing":
        return "the groups are too many", "more people are"
    if given == "outcome":
        return f"{cells} outcome {kind} are too many", "more people are"
    cut = f"{cells} cells of outcome {kind} and strata are too many"
    return cut, "more people or fewer strata are"
