"""Whether any of k groups differs at all: one test over all groups, before any pair is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cards import told
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import AttributionError
from evenlight.measures.arms import outcome_adjusted, stratum_given
from evenlight.measures.axes_omnibus import largest
from evenlight.measures.check import explained, shaped
from evenlight.measures.comparison import View
from evenlight.measures.hidden_people import at_shown, exact_sd, only_shown, spread_of_many
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_effects import told_views
from evenlight.measures.unlike_rows import thinned
from evenlight.measures.views import attributed
from evenlight.small_groups import least_shown
from evenlight.stats.cells import cells
from evenlight.stats.disclosure import shown_counts, told_df, told_digit, told_p
from evenlight.stats.f_scale import at_least_normal, one_sided
from evenlight.stats.multiplicity import benjamini_hochberg, draws_for
from evenlight.stats.omnibus import (
    Plan,
    midranks,
    null_welch,
    plan_of,
    welch,
)
from evenlight.stats.shuffles import shuffles

MOST_LEVELS = 50
"""The largest levels that enter one test; the others are counted, and left out."""

COLUMNS = 128
"""Subjects tested at a time."""


NUMBERS = ("statistic", "df", "p", "p_maxt", "q", "rank_p")


@dataclass(frozen=True, slots=True, eq=False)
class Omnibus:
    """One test over all levels, v views and p subjects; every array is (v, p).

    `statistic` is Welch's F on `levels` - 1 and `df` degrees of freedom, of means within strata
    that hold every level; `p`, `p_maxt` (over the subjects of a view), `q` by permutation of whole
    units; `rank_p` the same of midranks, a sensitivity analysis. `units` (v,) that enter;
    `note` says which levels and strata do not.
    """

    grouping: str
    levels: tuple[str, ...]
    views: tuple[View, ...]
    subjects: tuple[str, ...]
    subject_kind: str
    draws: int
    units: Int
    note: str
    statistic: Float
    df: Float
    p: Float
    p_maxt: Float
    q: Float
    rank_p: Float
    reason: Text

    def __post_init__(self) -> None:
        shape = (len(self.views), len(self.subjects))
        shaped(self, shape, *NUMBERS, "reason")
        shaped(self, shape[:1], "units")
        explained(self, self.reason, *NUMBERS)

    def to_frame(self) -> pd.DataFrame:
        """One row a view and subject."""
        v, p = self.statistic.shape
        view, subject = (a.ravel() for a in np.indices((v, p)))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "levels": len(self.levels),
            "view": [self.views[i].name for i in view],
            "given": [self.views[i].given for i in view],
            "subject": [self.subjects[i] for i in subject],
            "units": self.units[view],
        }
        for name in (*NUMBERS, "reason"):
            columns[name] = getattr(self, name).ravel()
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        flagged = int((self.p_maxt[0] <= 0.05).sum())
        facts = [f"by {self.grouping}", f"{len(self.levels)} levels"]
        return told("Omnibus", [*facts, f"{flagged} of {len(self.subjects)} subjects differ"])


def omnibus(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Omnibus:
    """Test attributions (n, p) for any difference between the levels of `by`, within strata.

    Levels below 11 units, and all but the 50 largest, are left out and counted. Only strata that
    hold every level that is left enter; where there is none, nothing is tested, and `compare` in
    pairs remains. Of more than 500 subjects those with the largest mean |attribution| are asked.
    Where levels have unlike numbers of rows a unit, as many of each enter (`measures.unlike_rows`).
    Covariates are not adjusted for. Raises GroupError where fewer than two levels have people.
    """
    asked = asked_for(testing)
    made, kind = as_variables(attributions, cohort)
    whole = setting(cohort, by, kept=made.converged)
    here = only_shown(whole)
    made = at_shown(made, here)
    here, rows_told = thinned(here)
    unit = exact_sd(here, made.total())
    if not unit > 0:
        raise AttributionError("the output does not vary within groups; nothing can be compared")
    chosen, subjects = _chosen(here), largest(made.values.reshape(made.n, -1).astype(np.float64))
    draws = asked.draws or draws_for(len(subjects), alpha=asked.alpha)
    generator = np.random.default_rng(rng)
    found = [
        (
            view,
            _tested(
                here, view, np.asarray(values)[:, subjects], chosen, draws=draws, rng=generator
            ),
        )
        for views in attributed(made, here, unit, asked).values()
        for view, values in views
    ]
    p = len(subjects)
    reason = [part["reason"] for _, part in found]
    return Omnibus(
        grouping=here.groups.name,
        levels=tuple(here.groups.levels[g] for g in chosen),
        views=told_views([view for view, _ in found], spread_of_many(here, made.total())),
        subjects=tuple(made.features.names[j] for j in subjects),
        subject_kind=kind,
        draws=draws,
        units=shown_counts(np.array([part["units"] for _, part in found]), rounded=here.rounded),
        note=_note(whole, chosen, (found[0][1]["dropped"], len(made.features) - p), rows_told),
        **_shown([part for _, part in found], p, here),
        reason=np.array([[why] * p for why in reason], dtype=np.str_),
    )


def _shown(found: Sequence[Mapping[str, Any]], p: int, here: Setting) -> dict[str, Float]:
    """Numbers of views (v, p); beside a hidden part F and p to 1, 2 or 5, since F is an effect."""
    out = {n: np.stack([np.broadcast_to(part[n], p) for part in found]) for n in NUMBERS}
    if not here.rounded:
        return out
    units = np.array([[part["units"]] for part in found])
    shown = {"statistic": told_digit(out["statistic"]), "df": told_df(out["df"], units)}
    return shown | {name: told_p(out[name]) for name in NUMBERS[2:]}


def _chosen(here: Setting) -> list[int]:
    """The levels that enter, in their order."""
    sizes = here.sizes
    large = np.flatnonzero(sizes >= least_shown())
    first = large[np.argsort(-sizes[large], kind="stable")][:MOST_LEVELS]
    return sorted(first.tolist())


def _tested(
    here: Setting,
    view: View,
    values: Float,
    chosen: list[int],
    *,
    draws: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """The numbers of one view, or NaN and a reason."""
    made, plan = _designed(here, view, values, chosen)
    reason = _why_not(plan, chosen)
    nothing = dict.fromkeys(NUMBERS, np.nan)
    out: dict[str, Any] = {"reason": reason, "units": 0, "dropped": plan.dropped, **nothing}
    if reason:
        return out
    drawn = shuffles(plan.signature, draws=draws, rng=rng)
    statistic, df, z = welch(made, plan)
    ranks = midranks(made, plan)
    null, again = np.empty((draws, made.shape[1])), np.empty((draws, made.shape[1]))
    for start in range(0, made.shape[1], COLUMNS):
        part = slice(start, start + COLUMNS)
        null[:, part] = null_welch(made[:, part], plan, drawn)
        again[:, part] = null_welch(ranks[:, part], plan, drawn)
    p, p_maxt = one_sided(z, at_least_normal(null))
    rank_p, _ = one_sided(welch(ranks, plan)[2], at_least_normal(again))
    still = statistic == 0
    p, p_maxt, rank_p = (np.where(still, 1.0, x) for x in (p, p_maxt, rank_p))
    numbers = {"statistic": statistic, "df": df, "p": p, "p_maxt": p_maxt, "rank_p": rank_p}
    return {**out, **numbers, "q": benjamini_hochberg(p), "units": len(plan.units)}


def _designed(here: Setting, view: View, values: Float, chosen: list[int]) -> tuple[Float, Plan]:
    """Cells of the chosen levels (m, p) and their design."""
    stratum = stratum_given(here, view.given)
    if view.given == "outcome" and here.cohort.outcome_kind == "continuous":
        values = outcome_adjusted(here, values, stratum)
    code = np.full(len(here.groups.levels) + 1, -1, dtype=np.int64)
    code[chosen] = np.arange(len(chosen))
    unit_code = code[here.unit_group]
    among = (unit_code[here.unit] >= 0) & (stratum >= 0)
    rows = here.order[among[here.order]]
    made = cells(values[rows], here.unit[rows], stratum[rows])
    return made.values, plan_of(made, unit_code)


def _why_not(plan: Plan, chosen: list[int]) -> str:
    if len(chosen) < 2:
        return f"fewer than two levels have {least_shown()} units; more people are needed"
    if not len(plan.units):
        return (
            f"no stratum holds two or more units of all {len(chosen)} levels; "
            "they can be compared in pairs only"
        )
    least = int(np.bincount(plan.group, minlength=plan.k).min())
    if least < least_shown():
        return (
            f"in strata that hold all {len(chosen)} levels one has fewer than {least_shown()} "
            "units; they can be compared in pairs only"
        )
    return ""


def _note(here: Setting, chosen: list[int], lost: tuple[int, int], rows: str) -> str:
    """Which levels, strata and subjects (`lost` of both) and which `rows` do not enter."""
    dropped, left = lost
    sizes = here.sizes
    small = int(((sizes > 0) & (sizes < least_shown())).sum())
    beyond = int((sizes >= least_shown()).sum()) - len(chosen)
    told = []
    if small:
        told.append(f"{small} levels with fewer than {least_shown()} units are left out.")
    if beyond:
        told.append(
            f"{beyond} levels beyond the {MOST_LEVELS} largest are left out; join levels (merge=) "
            "to have all of them in one test."
        )
    if dropped:
        told.append(f"{dropped} strata do not hold two or more units of every level.")
    if left:
        told.append(f"{left} subjects of smaller attributions are not asked.")
    if rows:
        told.append(rows)
    if here.cohort.weights is not None:
        told.append("Sampling weights are not used.")
    if here.cohort.covariates:
        told.append("Covariates are not adjusted for.")
    return " ".join(told)
