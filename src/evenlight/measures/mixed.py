"""The mixed model beside the test of unit means, where units have several rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cards import told
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import AttributionError, GroupError
from evenlight.measures.check import explained, shaped
from evenlight.measures.comparison import Comparison
from evenlight.measures.hidden_people import at_shown, exact_sd, shown_people
from evenlight.measures.nuisance import nuisance
from evenlight.measures.prepare import Setting, as_variables
from evenlight.measures.told_effects import told_numbers
from evenlight.small_groups import least_shown
from evenlight.stats.freedman_lane import centred, orthonormal
from evenlight.stats.mixed import mixed_model
from evenlight.stats.multiplicity import benjamini_hochberg

NUMBERS = ("effect", "se", "p", "q", "icc")

MOST = 200
"""Subjects that are fitted: the largest by mean |attribution|."""


@dataclass(frozen=True, slots=True, eq=False)
class Mixed:
    """Signed differences by a mixed model, each (c, p): effects in SD(f), p by Wald's z.

    `icc` is the likeness of rows of one unit beyond group, strata and covariates; `reason` says
    where no model was fitted, or none converged. A sensitivity analysis: it decides nothing.
    """

    grouping: str
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    unit: str
    effect: Float
    se: Float
    p: Float
    q: Float
    icc: Float
    reason: Text

    def __post_init__(self) -> None:
        shaped(self, (len(self.contrasts), len(self.subjects)), *NUMBERS, "reason")
        explained(self, self.reason, *NUMBERS)

    def to_frame(self) -> pd.DataFrame:
        """One row a contrast and subject."""
        pair, subject = (a.ravel() for a in np.indices(self.effect.shape))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "level": [self.contrasts[i][0] for i in pair],
            "reference": [self.contrasts[i][1] for i in pair],
            "subject": [self.subjects[j] for j in subject],
        }
        columns |= {name: getattr(self, name).ravel() for name in (*NUMBERS, "reason")}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        failed = int((self.reason != "").sum())
        facts = [f"by {self.grouping}", f"{self.unit} at random"]
        return told("Mixed", [*facts, f"{failed} of {self.reason.size} not fitted"])

    def beside(self, comparison: Comparison, *, alpha: float = 0.05) -> str:
        """How far the mixed model agrees with the signed view of a comparison, in a sentence."""
        v = comparison.view("signed")
        place = {s: j for j, s in enumerate(comparison.subjects)}
        own = [place[s] for s in self.subjects]
        both = (self.reason == "") & (comparison.reason[v][:, own] == "")
        ours, theirs = comparison.q[v][:, own] <= alpha, self.q <= alpha
        alike = int((both & (ours == theirs)).sum())
        failed = int((self.reason != "").sum())
        rest = f"; {failed} models were not fitted or did not converge" if failed else ""
        return (
            f"A mixed model with {self.unit} at random agrees on which of {int(both.sum())} "
            f"differences have q of at most {alpha} in {alike}{rest}."
        )


def mixed(attributions: Attributions, cohort: Cohort, *, by: str | Groups) -> Mixed:
    """Fit signed attributions (n, p) of rows on the group, with strata, covariates and the unit.

    Raises GroupError where no unit has two rows: a mixed model then has nothing to add.
    """
    made, _ = as_variables(attributions, cohort)
    here = shown_people(cohort, by, kept=made.converged)
    made = at_shown(made, here)
    if len(here.unit) == len(here.unit_group):
        raise GroupError("each unit has one row; a mixed model has nothing to add to the means")
    scale = exact_sd(here, made.total())
    if not scale > 0:
        raise AttributionError("the output does not vary within groups; nothing can be compared")
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    chosen = np.sort(np.argsort(-np.abs(phi).mean(axis=0), kind="stable")[:MOST])
    values = phi[here.kept][:, chosen] / scale
    pairs = here.groups.contrasts()
    out = {name: np.full((len(pairs), len(chosen)), np.nan) for name in NUMBERS}
    reason = np.full((len(pairs), len(chosen)), "", dtype=object)
    for c, pair in enumerate(pairs):
        rows, design, why = _design(here, pair)
        if why:
            reason[c] = why
            continue
        for j in range(len(chosen)):
            found = mixed_model(values[rows, j], design, here.unit[rows])
            reason[c, j] = found.reason
            for name in ("effect", "se", "p", "icc"):
                out[name][c, j] = getattr(found, name)
    out["q"] = benjamini_hochberg(out["p"])
    subjects = tuple(made.features.names[j] for j in chosen)
    unit = cohort.unit or "unit"
    told = _told(out, here)
    return Mixed(here.groups.name, pairs, subjects, unit, **told, reason=reason.astype(np.str_))


def _told(out: dict[str, Float], here: Setting) -> dict[str, Float]:
    """Numbers (c, p) as they may be told beside a hidden part."""
    if not here.rounded:
        return out
    place = here.groups.levels.index
    fewest = [min(here.sizes[place(a)], here.sizes[place(b)]) for a, b in here.groups.contrasts()]
    n = np.array(fewest)[:, None]
    return {**out, **told_numbers(out, n), "icc": np.round(out["icc"], 1)}


def _design(here: Setting, pair: tuple[str, str]) -> tuple[Int, Float, str]:
    """Rows of a contrast in the order of ids, group first among the columns; or why not."""
    a, b = (here.groups.levels.index(name) for name in pair)
    wide, known = nuisance(here, "nothing")
    stratum = here.cohort.stratum[here.kept]
    group = here.unit_group[here.unit]
    use = np.isin(group, (a, b)) & known[here.unit] & (stratum >= 0)
    rows = here.order[use[here.order]]
    units = [len(np.unique(here.unit[rows][group[rows] == g])) for g in (a, b)]
    none = np.zeros((0, 0))
    if min(units) < least_shown():
        return rows, none, f"fewer than {least_shown()} units in {pair[int(np.argmin(units))]}"
    strata = np.eye(int(stratum.max()) + 1)[stratum[rows]]
    zeros = np.zeros(len(rows), dtype=np.int64)
    around = orthonormal(centred(np.hstack([wide[here.unit[rows]], strata]), zeros))
    side = (group[rows] == a).astype(np.float64)[:, None]
    design = np.hstack([side, np.ones((len(rows), 1)), around * np.sqrt(len(rows))])
    if np.linalg.matrix_rank(design) < design.shape[1]:
        return rows, none, f"{pair[0]} and {pair[1]} cannot be told apart from strata or covariates"
    return rows, design, ""
