"""Whether the output follows the group, through which subjects, and their support within groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.measures.convergence import unconverged_reasons
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.reliance import TOTALS, Reliance
from evenlight.measures.supported import Support, support_within
from evenlight.measures.telling import association
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.withhold import withheld_reliance
from evenlight.stats.cells import joint
from evenlight.stats.decomposition import (
    Layout,
    bias_order,
    bootstrap_shares,
    estimable_strata,
    layout,
    null_shares,
    shares,
)
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.equivalence import verdicts
from evenlight.stats.intervals import simultaneous
from evenlight.stats.multiplicity import benjamini_hochberg, step_down
from evenlight.stats.strata import outcome_bins, unit_categories, within_adjusted

DRAWS = 1000
MOST_BIAS = 0.02
"""Largest order of the bias before correction that is accepted; see `bias_order`."""

LITTLE = 0.1
"""A group below this share of the units is named beside a reliance that it hardly moves."""

BINS = (10, 5, 3)
"""Quantile bins of a continuous outcome, fewer as long as the bias would be too large."""


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


def rely(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Reliance:
    """How much of the output's variance lies between the groups of `by`, and through what.

    B_j is bias-corrected by permutation of the group within strata, with a re-centred simultaneous
    bootstrap interval over units; *given nothing*, *given the outcome*, and, where the cohort has
    strata, *given the outcome and strata*. The margin is a share of variance. Support asks if a
    subject's attribution predicts the outcome within groups (and strata); without a refitted twin
    nothing stronger than these words is said. *not_estimable* where more than 5 % of a group's rows
    did not converge, or more in one than in another. Raises GroupError where there is one group.
    """
    asked = asked_for(testing)
    made, kind = as_variables(attributions, cohort)
    here = setting(cohort, by, kept=made.converged)
    generator = np.random.default_rng(rng)
    phi = here.per_unit(made.values.reshape(made.n, -1).astype(np.float64))
    f = here.per_unit(made.total())
    support = support_within(here, phi, f, link=_link(made, cohort))
    given = _conditions(cohort)
    rows = [_row(here, phi, f, g, support, testing=asked, rng=generator) for g in given]
    told, told_kind = association(here, made, rng=generator)
    size = np.abs(phi[here.unit_group >= 0]).mean(axis=0)
    reliance = Reliance(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        target=made.target,
        subjects=made.features.names,
        subject_kind=kind,
        given=given,
        margin=asked.margin,
        alpha=np.array([asked.alpha_of("reliance", g) for g in given]),
        draws=DRAWS,
        **_stacked(rows, rounded=here.rounded),
        association=told,
        association_kind=told_kind,
        mass=size / max(size.sum(), 1e-300),
        slope=support.slope,
        slope_low=support.low,
        slope_high=support.high,
        slope_p=support.p,
        heterogeneity_p=support.heterogeneity_p,
        support=support.word,
        support_reason=support.reason,
    )
    lost = unconverged_reasons(made.converged, here.groups, cohort.units)
    return withheld_reliance(reliance, next(filter(None, lost), ""))


def unaskable(cohort: Cohort, *, by: str | Groups, given: str) -> str:
    """Why reliance cannot be asked of these people under a condition, "" if it can."""
    here = setting(cohort, by)
    nothing = np.zeros((len(here.unit_group), 1))
    plan, _, bias, _ = _plan(here, nothing, nothing[:, 0], given)
    return _unaskable(here, plan, bias)


def _link(made: Attributions, cohort: Cohort) -> str:
    """The link of the model; where nobody said, logit for a margin and a binary outcome."""
    natural = made.scale == "margin" and cohort.outcome_kind == "binary"
    return str(made.settings.get("link", "logit" if natural else "identity"))


def _conditions(cohort: Cohort) -> tuple[str, ...]:
    if cohort.outcome_kind not in ("binary", "categorical", "continuous"):
        return ("nothing",)
    return ("nothing", "outcome", *(("outcome and strata",) if cohort.strata else ()))


def _stacked(rows: list[Row], *, rounded: bool) -> dict[str, np.ndarray]:
    out = {
        name: np.array([getattr(row, name) for row in rows]) for name in Row.__dataclass_fields__
    }
    out["n"] = shown_counts(out["n"], rounded=rounded)
    out["raw_total"] = out["raw"].sum(axis=1)
    return out


def _row(
    here: Setting,
    phi: Float,
    f: Float,
    given: str,
    support: Support,
    *,
    testing: Testing,
    rng: np.random.Generator,
) -> Row:
    plan, bins, bias, told = _plan(here, phi, f, given)
    reason = _unaskable(here, plan, bias)
    margin, alpha = testing.margin, testing.alpha_of("reliance", given)
    if plan is None or reason:
        return _empty(phi.shape[1], reason, plan, bins)
    seen = shares(plan)
    null = null_shares(plan, draws=DRAWS, rng=rng)
    again = bootstrap_shares(plan, draws=DRAWS, rng=rng)
    share = seen - null.mean(axis=0)
    low, high = simultaneous(share, again, centre=again.mean(axis=0), alpha=alpha)
    spread = np.maximum(null.std(axis=0), 1e-12)
    apart = np.abs(null - null.mean(axis=0)) / spread
    family = step_down(share / spread, lambda index: apart[:, index].copy(), draws=DRAWS)
    n, counts = len(plan.group), np.bincount(plan.group)
    smallest = int(counts[counts > 0].min())
    total, total_low, total_high = _totals(share, again, support, alpha)
    return Row(
        n=n,
        strata=plan.s,
        bins=bins,
        population=told,
        raw=seen,
        share=share,
        low=low,
        high=high,
        p=family.p,
        p_maxt=family.p_maxt,
        q=benjamini_hochberg(family.p),
        verdict=verdicts(low, high, margin, np.full(len(share), smallest)),
        reason=np.full(len(share), ""),
        total=total,
        total_low=total_low,
        total_high=total_high,
        total_verdict=verdicts(total_low, total_high, margin, np.full(len(total), smallest)),
        total_reason="",
    )


def _plan(here: Setting, phi: Float, f: Float, given: str) -> tuple[Layout | None, int, float, str]:
    """The layout under a condition, its outcome bins, order of its bias, and who it speaks for."""
    group = np.where(_large(here)[here.unit_group], here.unit_group, -1)
    for count in BINS:
        stratum, bins = _strata(here, given, count)
        keep = estimable_strata(group, stratum)
        if not keep.any():
            return None, bins, 0.0, ""
        parts = np.column_stack([phi, f])[keep]
        if bins:
            y = here.per_unit(here.cohort.y)[keep]
            parts = within_adjusted(parts, y, stratum[keep], group[keep])
        plan = layout(parts[:, :-1], parts[:, -1], group[keep], stratum[keep])
        bias = bias_order(plan)
        if bias <= MOST_BIAS or bins == 0 or given == "nothing":
            break
    return plan, bins, bias, _speaks_for(here, plan)


def _large(here: Setting) -> Bool:
    """Whether each level has enough units, (k + 1,), the last for unknown."""
    return np.append(here.sizes >= SMALLEST_GROUP, False)


def _speaks_for(here: Setting, plan: Layout) -> str:
    """For whom the shares speak: loss of units, and groups that weigh little."""
    share = len(plan.group) / int((here.unit_group >= 0).sum())
    counts = np.bincount(plan.group, minlength=len(here.groups.levels))
    told = []
    if share < 0.8:
        told.append(
            f"Speaks for the {share:.0%} of units that are in a stratum with two groups or more."
        )
    for level, n in zip(here.groups.levels, counts, strict=True):
        if 0 < n < LITTLE * len(plan.group):
            told.append(
                f"Groups weigh by their size: {level} is {n / len(plan.group):.1%} of the units."
            )
    return " ".join(told)


def _strata(here: Setting, given: str, count: int) -> tuple[Int, int]:
    """The stratum of each unit (u,), -1 unknown, with at most `count` outcome bins."""
    if given == "nothing":
        return np.zeros(len(here.unit_group), dtype=np.int64), 0
    kind = here.cohort.outcome_kind or "continuous"
    y = here.per_unit(here.cohort.y)
    if kind in ("binary", "categorical"):
        y = unit_categories(here.cohort.y[here.kept], here.unit)
    _, most = outcome_bins(y, here.unit_group, kind=kind)
    bins, used = outcome_bins(y, here.unit_group, kind=kind, bins=min(count, most) or None)
    return (bins if given == "outcome" else joint([bins, here.unit_stratum])), used


def _unaskable(here: Setting, plan: Layout | None, bias: float) -> str:
    if plan is None:
        return "no stratum holds two or more units of two groups"
    counts = np.bincount(plan.group)
    if (counts >= SMALLEST_GROUP).sum() < 2:
        return f"fewer than two groups of {SMALLEST_GROUP} units with overlap"
    if bias > MOST_BIAS:
        return (
            f"{plan.s} strata for {len(plan.group)} units: the estimate would be mostly bias "
            f"(of the order {bias:.3f}, above {MOST_BIAS}); more people or fewer strata are needed"
        )
    return ""


def _empty(p: int, reason: str, plan: Layout | None, bins: int) -> Row:
    gone, total = np.full(p, np.nan), np.full(len(TOTALS), np.nan)
    word, words = np.full(p, "not_estimable"), np.full(len(TOTALS), "not_estimable")
    n, s = (len(plan.group), plan.s) if plan is not None else (0, 0)
    told = np.full(p, reason)
    return Row(
        n, s, bins, "", gone, gone, gone, gone, gone, gone, gone, word, told,
        total, total, total, words, reason,
    )  # fmt: skip


def _totals(
    share: Float, again: Float, support: Support, alpha: float
) -> tuple[Float, Float, Float]:
    """Eta squared, the part without demonstrated support, and the part that is only unresolved."""
    lacking = ~np.isin(support.word, ("supported_within_groups", "supported_unequally"))
    masks = (np.ones(len(share), dtype=bool), lacking, support.word == "unresolved")
    total = np.array([share[m].sum() for m in masks])
    drawn = np.column_stack([again[:, m].sum(axis=1) for m in masks])
    limits = [
        simultaneous(total[[i]], drawn[:, [i]], centre=drawn[:, [i]].mean(axis=0), alpha=alpha)
        for i in range(len(masks))
    ]
    low, high = (np.array([limit[side][0] for limit in limits]) for side in (0, 1))
    return total, low, high
