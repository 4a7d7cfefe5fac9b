"""People of unknown group: how many, how unlike the others, and what they could overturn."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cards import told
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.groups import Groups
from evenlight.errors import AttributionError
from evenlight.measures.arms import arms_of
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.comparison import View
from evenlight.measures.family import Results, results
from evenlight.measures.hidden_people import at_shown, exact_sd, only_shown
from evenlight.measures.nuisance import blocked
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_effects import difference_steps, told_results
from evenlight.measures.unlike_rows import thinned
from evenlight.measures.words import VERDICTS
from evenlight.small_groups import least_shown
from evenlight.stats.bounds import worst_case
from evenlight.stats.disclosure import (
    shown_counts,
    suppressed_counts,
    told_limits,
    told_values,
)
from evenlight.stats.multiplicity import draws_for

KNOWN, UNKNOWN = "known", "unknown"
OUTPUT, OUTCOME = "(the output)", "(the outcome)"
TESTED = ("effect", "low", "high", "p", "p_maxt", "q")
BOUNDS = ("difference", "least", "most")

EVERYBODY = "everybody's label is known"
NOBODY = "no group with a label is large enough to be shown"


def few_unknown() -> str:
    """Why nothing is told of people of unknown group."""
    return f"fewer than {least_shown()} units in {UNKNOWN}; what so few could move is not told"


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """Labels of one grouping, and what people of unknown label could change.

    `known` and `unknown` units (NaN where suppressed, to 5 where a level is), and the `share`
    known (where one of the two is suppressed, the bound that 10 people would give).
    Unknown against known, each (m,): the output, the outcome where it is a number, attributions;
    effects in SD within both (of the output; the outcome in its own), as in `compare`.
    Bounds, each (c, p): the `difference` of units with known labels within strata, and the `least`
    and `most` that it could be wherever the unknown belong, in SD(f); `holds` (c, p) "yes" where
    all of these have one sign, else "no". Bounds know no sampling error. `population` says where
    not all rows enter the tests.
    """

    grouping: str
    known: float
    unknown: float
    share: float
    rounded: bool
    asked: tuple[str, ...]
    effect: Float
    low: Float
    high: Float
    p: Float
    p_maxt: Float
    q: Float
    verdict: Text
    reason: Text
    contrasts: tuple[tuple[str, str], ...]
    subjects: tuple[str, ...]
    difference: Float
    least: Float
    most: Float
    holds: Text
    why: Text
    count_reason: str
    population: str = ""

    def __post_init__(self) -> None:
        c, p, m = len(self.contrasts), len(self.subjects), len(self.asked)
        shaped(self, (m,), *TESTED, "verdict", "reason")
        shaped(self, (c, p), *BOUNDS, "holds", "why")
        worded(self, "verdict", VERDICTS)
        worded(self, "holds", ("", "yes", "no"))
        explained(self, self.reason, *TESTED)
        explained(self, self.why, *BOUNDS)

    def to_frame(self) -> pd.DataFrame:
        """One row for each thing compared between unknown and known."""
        columns: dict[str, object] = {"grouping": self.grouping, "subject": list(self.asked)}
        columns |= {name: getattr(self, name) for name in (*TESTED, "verdict", "reason")}
        return pd.DataFrame(columns)

    def bounds_frame(self) -> pd.DataFrame:
        """One row a contrast and subject: where the difference could lie."""
        c, p = self.difference.shape
        pair, subject = (a.ravel() for a in np.indices((c, p)))
        columns: dict[str, object] = {
            "grouping": self.grouping,
            "level": [self.contrasts[i][0] for i in pair],
            "reference": [self.contrasts[i][1] for i in pair],
            "subject": [self.subjects[j] for j in subject],
        }
        columns |= {name: getattr(self, name).ravel() for name in (*BOUNDS, "holds", "why")}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        told_of = int((self.verdict != "not_estimable").sum())
        differ = f"{int((self.verdict == 'different').sum())} of {told_of} differ from the known"
        facts = [f"{self.grouping} known for {percent(self.share)}"]
        facts.append(differ if told_of else "unknown and known cannot be compared")
        return told("Coverage", facts)


def label_coverage(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Coverage:
    """Coverage of the labels of `by`, unknown against known, and worst-case bounds.

    Nobody of a hidden level enters. Where fewer than 11 units are unknown there is neither a test
    nor a bound, with the reason: a bound would tell their values. Where unknown and known have
    unlike numbers of rows a unit, the tests take as many of each (`measures.unlike_rows`).

    Raises GroupError where fewer than two levels have people.
    """
    asked = asked_for(testing)
    made, _ = as_variables(attributions, cohort)
    whole = setting(cohort, by, kept=made.converged)
    here = only_shown(whole)
    made = at_shown(made, here)
    unit = exact_sd(here, made.total())
    if not unit > 0:
        raise AttributionError("the output does not vary within groups; nothing can be compared")
    counts = np.bincount((whole.unit_group < 0).astype(np.int64), minlength=2)
    few = few_unknown() if 0 < counts[1] < least_shown() else ""
    shown, why, rounded = suppressed_counts(counts, smallest=least_shown())
    rounded = rounded or whole.rounded  # those known less the shown levels are a hidden one
    shown = shown_counts(shown, rounded=rounded)
    names, found, rows_told = _apart(made, here, asked, few, np.random.default_rng(rng))
    phi = made.values.reshape(made.n, -1).astype(np.float64)[here.kept] / unit
    return Coverage(
        grouping=here.groups.name,
        known=float(shown[0]),
        unknown=float(shown[1]),
        share=_share(counts, rounded=rounded),
        rounded=rounded,
        asked=names,
        **{name: getattr(found, name)[0] for name in (*TESTED, "verdict", "reason")},
        contrasts=here.groups.contrasts(),
        subjects=made.features.names,
        **_bounds(here, phi, few),
        count_reason=" ".join(sorted(set(why[why != ""].tolist()))),
        population=rows_told,
    )


def _share(counts: Int, *, rounded: bool) -> float:
    """Share known; where a count is suppressed, the bound that 10 people would give."""
    total, hidden = float(counts.sum()), float(least_shown() - 1)
    if 0 < counts[1] <= hidden:
        return max(total - hidden, 0.0) / total
    if 0 < counts[0] <= hidden:
        return min(hidden, total) / total
    told = shown_counts(counts, rounded=rounded)
    return float(told[0] / told.sum())


def _apart(
    made: Attributions, here: Setting, asked: Testing, few: str, rng: np.random.Generator
) -> tuple[tuple[str, ...], Results, str]:
    """Unknown against known: output, outcome, attributions, as one family; which rows enter."""
    names, columns = [OUTPUT], [made.total()]
    if here.cohort.outcome_kind in ("binary", "continuous"):
        names.append(OUTCOME)
        columns.append(here.cohort.y)
    names += made.features.names
    wide = np.column_stack([*columns, made.values.reshape(made.n, -1).astype(np.float64)])
    few = few or ("" if (here.unit_group < 0).any() else EVERYBODY)
    few = few or ("" if (here.unit_group >= 0).any() else NOBODY)
    if few:
        return tuple(names), _nobody(len(names), few), ""
    codes = np.where(here.groups.codes < 0, 1, 0).astype(np.int64)
    labels = Groups(f"{here.groups.name} known", (KNOWN, UNKNOWN), codes, rows=here.cohort.rows)
    again = replace(here, groups=labels, unit_group=np.where(here.unit_group < 0, 1, 0))
    scale = _scales(wide[here.kept], again, len(columns))
    own, rows_told = thinned(again)
    filled = np.where(np.isnan(wide), np.nanmean(wide, axis=0), wide)[own.kept] / scale
    draws = asked.draws or draws_for(len(names), alpha=asked.alpha)
    arms = arms_of(own, "nothing", filled, draws=draws, rng=rng)
    view = View("signed", "nothing", made.scale, 1.0)
    found = results(arms, np.arange(len(names)), view, testing=asked)
    found = told_results(found, np.array([min(one.left) for one in arms]), here)
    return tuple(names), found, rows_told


def _scales(wide: Float, again: Setting, first: int) -> Float:
    """SD within both, of the output for it and its attributions, of the outcome for itself."""
    out = np.full(wide.shape[1], np.nan)
    for j in range(first):
        known = np.isfinite(wide[:, j])
        out[j] = float(np.std(wide[known, j])) if known.any() else 1.0
    out[0] = exact_sd(again, _whole(wide[:, 0], again))
    out[np.isnan(out)] = out[0]
    return np.where(out > 0, out, 1.0)


def _whole(kept: Float, again: Setting) -> Float:
    """Kept rows back among all rows, as `per_unit` takes them."""
    out = np.zeros(len(again.kept))
    out[again.kept] = kept
    return out


def _nobody(m: int, why: str) -> Results:
    none, reason = np.full((1, m), np.nan), np.full((1, m), why)
    empty = np.full((1, m), "", dtype="<U9")
    words = np.full((1, m), "not_estimable")
    numbers = dict.fromkeys(("effect", "low", "high", "se", "df", "p", "p_maxt", "q", "more"), none)
    return Results(**numbers, verdict=words, reason=reason, more_in=empty)


def _bounds(here: Setting, phi: Float, few: str) -> dict[str, np.ndarray]:
    """Differences of the known and their bounds, (c, p), strata weighted by the known."""
    pairs = here.groups.contrasts()
    p = phi.shape[1]
    out = {name: np.full((len(pairs), p), np.nan) for name in BOUNDS}
    why = np.full((len(pairs), p), few, dtype=object)
    group = np.where(here.unit_group < 0, len(here.groups.levels), here.unit_group)
    own = blocked(replace(here, unit_group=group), "nothing", phi)
    code = here.unit_group[own.unit]
    for c, pair in enumerate(() if few else pairs):
        a, b = (here.groups.levels.index(name) for name in pair)
        if min((code == a).sum(), (code == b).sum()) < least_shown():
            why[c] = f"fewer than {least_shown()} units in {pair[0]} or {pair[1]}"
            continue
        found = _bound(own.values, own.block, (code == a, code == b, code < 0), here)
        if found is None:
            why[c] = f"no stratum holds both {pair[0]} and {pair[1]}"
            continue
        for name, values in zip(BOUNDS, found, strict=True):
            out[name][c] = values
    held = np.where((out["least"] > 0) | (out["most"] < 0), "yes", "no")
    if here.rounded:
        step = difference_steps(
            own.values, np.where(code < len(here.groups.levels), code, -1), here
        )
        out["difference"] = told_values(out["difference"], step)
        out["least"], out["most"] = told_limits(out["least"], out["most"], step)
    return {**out, "holds": np.where(why == "", held, ""), "why": why.astype(np.str_)}


def _bound(
    values: Float, block: Int, at: tuple[Bool, ...], here: Setting
) -> tuple[Float, Float, Float] | None:
    """Difference, least and most over the strata that hold both."""
    elsewhere = len(here.groups.levels) > 2
    total, parts = 0.0, []
    for s in np.unique(block):
        a, b, unknown = (values[side & (block == s)] for side in at)
        if not (len(a) and len(b)):
            continue
        weight = len(a) * len(b) / (len(a) + len(b))
        total += weight
        low, high = worst_case(a, b, unknown, elsewhere=elsewhere)
        parts.append(weight * np.stack([a.mean(axis=0) - b.mean(axis=0), low, high]))
    if not parts:
        return None
    made = np.sum(parts, axis=0) / total
    return made[0], made[1], made[2]
