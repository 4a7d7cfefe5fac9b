"""How wrong the recorded outcome would have to be to overturn a verdict given the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.measures.comparison import Comparison
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.tip import blank, fill
from evenlight.measures.tipped import Tipping, binary_label
from evenlight.stats.cells import joint
from evenlight.stats.equivalence import verdicts
from evenlight.stats.strata import held_inside
from evenlight.stats.tipping import given_label, restored

SUBJECTS = 20
"""Subjects looked at: those that differ most."""


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """One subject of a contrast: `values`, labels `y` and groups of units (u,), what was found.

    `effect`, `low`, `high` as recorded, in units of the view; `sides` are level and reference.
    """

    values: Float
    y: Float
    group: Int
    stratum: Int
    sides: tuple[int, int]
    effect: float
    low: float
    high: float
    margin: float
    smallest: int

    def events(self, side: int) -> float:
        """The share of recorded events in level or reference."""
        return float(self.y[self.group == self.sides[side]].mean())

    def verdict(self, e: int, s: int, by: float) -> str:
        """The verdict where the label of one side is worse `by` so much in one of `ERRORS`."""
        use = np.isin(self.group, self.sides) & (self.stratum >= 0)
        worse = self.group == self.sides[s]
        errors = {"sensitivity": 1 - by, "specificity": 1.0}
        if e == 1:
            errors = {"sensitivity": 1.0, "specificity": 1 - by}
        y = np.where(worse, restored(self.y, **errors), self.y)[use]
        data = (self.values[use], self.group[use] == self.sides[0], self.stratum[use])
        before, wide = given_label(data[0], self.y[use], *data[1:])
        after, wider = given_label(data[0], y, *data[1:])
        if np.isnan(after) or wide <= 0:
            return ""
        effect, ratio = self.effect + after - before, np.sqrt(wider / wide)
        ends = (effect + ratio * (end - self.effect) for end in (self.low, self.high))
        low, high = (np.array([end]) for end in ends)
        return str(verdicts(low, high, self.margin, np.array([self.smallest]))[0])


def tip_views(
    comparison: Comparison,
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
) -> Tipping:
    """The tipping points of the signed differences that `compare` found given the outcome.

    As `tip`: the label of one group gets ever worse, strata of the outcome are restored by the
    algebra of misclassification, the difference and its standard error follow. Up to twenty
    subjects, those that differ most. Raises CohortError where the outcome is not binary, and
    LookupError where the comparison has no such view.
    """
    binary_label(cohort)
    made, _ = as_variables(attributions, cohort)
    here = setting(cohort, by, kept=made.converged & np.isfinite(cohort.y))
    v = comparison.view("signed", "outcome", made.scale)
    subjects = _subjects(comparison, v)
    values = here.per_unit(made.values.reshape(made.n, -1)[:, subjects].astype(np.float64))
    seen = comparison.verdict[v][:, subjects]
    out = blank((len(comparison.contrasts), len(subjects)))
    for c, j in np.ndindex(*seen.shape):
        trial = _trial(comparison, here, (v, c, int(subjects[j])), values[:, j])
        fill(out, (c, j), str(seen[c, j]), trial.verdict, [trial.events(s) for s in (0, 1)])
    return Tipping(
        grouping=comparison.grouping,
        measure="signed attribution given the outcome",
        target=comparison.target,
        threshold=None,
        contrasts=comparison.contrasts,
        metrics=tuple(comparison.subjects[j] for j in subjects),
        verdict=seen,
        **out,
    )


def _subjects(comparison: Comparison, v: int) -> Int:
    """Those that differ, then the others, the largest effect first."""
    size = np.nan_to_num(np.abs(comparison.effect[v]).max(axis=0))
    differs = (comparison.verdict[v] == "different").any(axis=0)
    order: Int = np.lexsort((-size, ~differs))[:SUBJECTS]
    return order


def _trial(comparison: Comparison, here: Setting, at: tuple[int, int, int], values: Float) -> Trial:
    v, c, _ = at
    levels = here.groups.levels
    a, b = (levels.index(name) for name in comparison.contrasts[c])
    effect, low, high = (float(getattr(comparison, name)[at]) for name in ("effect", "low", "high"))
    y, strata = here.per_unit(here.cohort.y), here.unit_strata
    apart = joint([np.where(np.isin(y, (0.0, 1.0)), y, -1).astype(np.int64), strata.code])
    own = held_inside(values[:, None], (None, strata.share), apart, here.unit_group)[:, 0]
    smallest = int(comparison.n[v, c].min())
    unit = comparison.views[v].unit
    return Trial(
        own / unit, y, here.unit_group, strata.code, (a, b),
        effect, low, high, comparison.margin, smallest,
    )  # fmt: skip
