"""Whether the output follows the group, through which subjects, and their support within groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.measures.convergence import unconverged_reasons
from evenlight.measures.counted import everybody
from evenlight.measures.decided import unjudged
from evenlight.measures.dominance import shares_without_dominated
from evenlight.measures.hidden_people import at_shown, mass_of, shown_people
from evenlight.measures.lopsided_output import of_few
from evenlight.measures.prepare import Setting
from evenlight.measures.reliance import TOTALS, Partial, Reliance
from evenlight.measures.stratified import (
    Strata,
    conditions,
    speaks_for,
    strata_given,
    unaskable,
)
from evenlight.measures.streamed import per_unit, rows_of, subjects
from evenlight.measures.structure import Structure, unit_families, with_ids
from evenlight.measures.supported import Support, link_of, partial_support, support_within
from evenlight.measures.telling import association
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_reliance import (
    told_association,
    told_cuts,
    told_partial,
    told_rows,
    told_support,
)
from evenlight.measures.totals import cuts, limits, masks
from evenlight.measures.withhold import withheld_reliance
from evenlight.small_groups import least_shown
from evenlight.stats.decomposition import (
    Layout,
    bootstrap_shares,
    fewest,
    null_shares,
    shares,
)
from evenlight.stats.disclosure import left_counts, told_counts
from evenlight.stats.equivalence import verdicts
from evenlight.stats.excess import expected_shares
from evenlight.stats.following import follows
from evenlight.stats.intervals import simultaneous
from evenlight.stats.multiplicity import benjamini_hochberg

__all__ = ["rely", "unaskable"]

DRAWS = 1000
UNSUPPORTED_SHARE = TOTALS.index("unsupported_share")

UNWEIGHED = "Every unit counts once: sampling weights ({weights}) do not enter."


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """The results under one condition: (p,) per subject, totals in the order of `TOTALS`."""

    n: int
    strata: int
    bins: int
    population: str
    raw: Float
    share: Float
    low: Float
    high: Float
    p: Float
    p_maxt: Float
    q: Float
    verdict: Text
    reason: Text
    total: Float
    total_low: Float
    total_high: Float
    total_verdict: Text
    total_reason: str


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What a condition is judged by: `alpha`, the margin, and which subjects are in each total."""

    margin: float
    alpha: float
    masks: Bool


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """Attributions `phi` (u, p) and output `f` (u,) of units; `family` (u,), None without."""

    phi: Float
    f: Float
    family: Int | None


def rely(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    testing: Testing | None = None,
    adjust: Structure | None = None,
    rng: np.random.Generator | int = 0,
) -> Reliance:
    """How much of the output's variance lies between the groups of `by`, and through what.

    B_j is bias-corrected by permutation of the group within strata, with a re-centred simultaneous
    bootstrap interval over units, and p of *no share through this subject*, whatever the others do
    (`stats.following`); *given nothing*, *given the outcome*, and, where the cohort has
    strata, *given the outcome and strata*. A continuous outcome, or the martingale residual of a
    survival time, is cut into bins; totals at other numbers of bins stand beside. The margin is a
    share of variance. Support asks if a subject's attribution predicts the outcome within groups
    (and strata), adjusted for `adjust`, structure inside groups; where that names families, these
    are what is resampled throughout. Without a refitted twin nothing stronger than these words is
    said. *not_estimable* where more than 5 % of a group's rows did not converge, or more in one
    than in another. The unsupported share is *cannot_tell* where support is decided for less than
    half of the reliance (`Reliance.undecided`): single features are rarely decided, so judge sums
    over sets, `rely(made.by(sets), ...)`. Sampling weights do not enter, which `population` says.
    Raises GroupError where there is one group.
    """
    asked = asked_for(testing)
    made, kind = subjects(attributions, cohort)
    here, generator = shown_people(cohort, by, kept=made.converged), np.random.default_rng(rng)
    made, adjust = at_shown(made, here), with_ids(adjust, cohort)
    phi = per_unit(rows_of(made, here), here)
    case = Case(phi, here.per_unit(made.total()), unit_families(here, adjust))
    claim = {"link": link_of(made, cohort), "target": made.target}
    support = support_within(here, phi, case.f, **claim, adjust=adjust)
    given = conditions(cohort)
    rows = _rows(here, case, support, testing=asked, rng=generator)
    told, told_kind = association(here, made, rng=generator)
    sums, alphas = phi @ masks(support).T.astype(np.float64), _alphas(given, asked)
    parts = (sums, case.f, case.family)
    reliance = Reliance(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        target=made.target,
        subjects=made.features.names,
        subject_kind=kind,
        given=given,
        margin=asked.margin,
        alpha=alphas,
        draws=DRAWS,
        **_stacked(rows, here, support.word, asked.margin),
        association=told_association(told, here),
        association_kind=told_kind,
        mass=mass_of(phi, here),
        **told_support(_supported(support), here),
        adjusted="" if adjust is None else adjust.told,
        cuts=told_cuts(cuts(here, parts, given, alphas=alphas, draws=DRAWS, rng=generator), here),
        partial=told_partial(
            _partial(support, partial_support(here, sums[:, [1]], case.f, **claim, adjust=adjust)),
            here,
        ),
    )
    lost = unconverged_reasons(made.converged, here.groups, here.cohort.units)
    reliance = shares_without_dominated(reliance, phi, here)
    return withheld_reliance(reliance, next(filter(None, (*lost, of_few(here, made))), ""))


def _rows(
    here: Setting, case: Case, support: Support, *, testing: Testing, rng: np.random.Generator
) -> list[Row]:
    """One row of results a condition."""
    given, chosen, out = conditions(here.cohort), masks(support), []
    for g, alpha in zip(given, _alphas(given, testing).tolist(), strict=True):
        strata, judged = strata_given(here, g), Judged(testing.margin, alpha, chosen)
        plan = None if strata.reason else strata.laid(case.phi, case.f, case.family)
        out.append(_row(here, strata, plan, judged, rng))
    return out


def _alphas(given: tuple[str, ...], testing: Testing) -> Float:
    return np.array([testing.alpha_of("reliance", g) for g in given])


def _supported(support: Support) -> dict[str, np.ndarray]:
    return {
        "slope": support.slope,
        "slope_low": support.low,
        "slope_high": support.high,
        "slope_p": support.p,
        "heterogeneity_p": support.heterogeneity_p,
        "support": support.word,
        "support_reason": support.reason,
    }


def _partial(support: Support, found: Support) -> Partial:
    count = int(support.lacking.sum())
    reason = found.reason if count else np.array(["every subject has demonstrated support"])
    return Partial(count, found.slope, found.low, found.high, reason)


def _stacked(rows: list[Row], here: Setting, support: Text, margin: float) -> dict[str, np.ndarray]:
    """Rows as columns; too little decided support is no verdict on the unsupported share."""
    out = {
        name: np.array([getattr(row, name) for row in rows]) for name in Row.__dataclass_fields__
    }
    out["n"] = _told(out["n"], here)
    out["raw_total"] = out["raw"].sum(axis=1)
    out = told_rows(out, here)
    own = out["total_verdict"][:, UNSUPPORTED_SHARE]
    own[unjudged(own, out["share"], support, margin=margin)] = "cannot_tell"
    return out


def _told(n: Int, here: Setting) -> Int:
    """Units under each condition (g,), none of which tells a loss of 1 to 10 beside another.

    Those are the conditions before it, and all people of the groups that enter; rounding hides the
    groups that are too small.
    """
    large = here.sizes >= least_shown()
    before = [int(here.sizes[large].sum()), int(everybody(here)[large].sum())]
    for some in n.tolist():
        totals = [np.array(total) for total in before]
        before.insert(0, int(left_counts(np.array(some), *totals, smallest=least_shown())))
    told: Int = np.array(before[: len(n)][::-1], dtype=np.int64)
    return told_counts(told, rounded=here.rounded, smallest=least_shown())


def _row(
    here: Setting, strata: Strata, plan: Layout | None, judged: Judged, rng: np.random.Generator
) -> Row:
    if plan is None:
        return _empty(judged.masks.shape[1], strata)
    seen = shares(plan)
    share = seen - _by_chance(plan, rng)
    total = judged.masks @ share
    (low, high), (total_low, total_high) = _limits(plan, share, total, judged, rng)
    tested = follows(plan, draws=DRAWS, rng=rng)
    n, smallest = len(plan.group), fewest(plan)
    return Row(
        n=n,
        strata=plan.s,
        bins=strata.bins,
        population=_speaks_for(here, strata),
        raw=seen,
        share=share,
        low=low,
        high=high,
        p=tested.p,
        p_maxt=tested.p_maxt,
        q=benjamini_hochberg(tested.p),
        verdict=verdicts(low, high, judged.margin, np.full(len(share), smallest)),
        reason=np.full(len(share), ""),
        total=total,
        total_low=total_low,
        total_high=total_high,
        total_verdict=verdicts(total_low, total_high, judged.margin, np.full(len(total), smallest)),
        total_reason="",
    )


def _limits(
    plan: Layout, share: Float, total: Float, judged: Judged, rng: np.random.Generator
) -> tuple[tuple[Float, Float], tuple[Float, Float]]:
    """Limits of shares (p,) and of totals, from one bootstrap that is held no longer than that."""
    again = bootstrap_shares(plan, draws=DRAWS, rng=rng)
    own = simultaneous(share, again, centre=again.mean(axis=0), alpha=judged.alpha)
    return own, limits(total, again @ judged.masks.T, plan, judged.alpha)


def _by_chance(plan: Layout, rng: np.random.Generator) -> Float:
    """The mean of the shares (p,) where no group differs; of families it is drawn."""
    if plan.family is None:
        return expected_shares(plan)
    mean: Float = null_shares(plan, draws=DRAWS, rng=rng).mean(axis=0)
    return mean


def _speaks_for(here: Setting, strata: Strata) -> str:
    """For whom the shares speak; weights are declared for another population, and do not enter."""
    told = speaks_for(here, strata)
    if here.cohort.weights is None:
        return told
    return f"{told} {UNWEIGHED.format(weights=here.cohort.weights)}".lstrip()


def _empty(p: int, strata: Strata) -> Row:
    gone, total = np.full(p, np.nan), np.full(len(TOTALS), np.nan)
    word, words = np.full(p, "not_estimable"), np.full(len(TOTALS), "not_estimable")
    told = np.full(p, strata.reason)
    return Row(
        len(strata.group), strata.s, strata.bins, "", gone, gone, gone, gone, gone, gone, gone,
        word, told, total, total, total, words, strata.reason,
    )  # fmt: skip
