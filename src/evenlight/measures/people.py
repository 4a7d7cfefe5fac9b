"""Who was studied, how values and use are spread, and what a recorded attribute does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import stats

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Contrasts, Intervention
from evenlight.data.units import unit_codes
from evenlight.measures.composition import UNKNOWN, Composition
from evenlight.measures.dependence import Dependence
from evenlight.measures.dominance import one_is_most, one_is_most_of_bin
from evenlight.measures.hidden_people import at_shown, coarse_mean, shown_people
from evenlight.measures.prepare import Setting, own_states, own_values, setting
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.measures.told_effects import coarse_ends
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.disclosure import (
    as_open,
    shown_counts,
    suppressed_counts,
    told_limits,
    told_sd,
    told_step,
    told_values,
)
from evenlight.stats.effects import unit_means

BINS = 8


def compose(cohort: Cohort, *, by: str | Groups) -> Composition:
    """Units, share and outcome by level of `by` and for unknown; units by stratum and level."""
    groups = cohort.grouping(by)
    first = cohort.order[np.unique(cohort.units[cohort.order], return_index=True)[1]]
    codes = unit_codes(groups.codes, cohort.units)
    codes = np.where(codes < 0, len(groups.levels), codes)
    parts = (*groups.levels, UNKNOWN)
    counts = np.bincount(codes, minlength=len(parts))
    count, reason, rounded = suppressed_counts(counts, smallest=least_shown())
    outcome, outcome_reason = _outcome(cohort, codes, reason)
    strata, cells, cells_reason = _cells(cohort, codes, first, len(parts))
    return Composition(
        grouping=groups.name,
        source=groups.source,
        parts=parts,
        outcome_name=str(cohort.outcome) if isinstance(cohort.outcome, str) else "",
        strata_name=" x ".join(cohort.strata),
        strata=strata,
        rounded=rounded,
        count=count,
        share=count / len(first),
        outcome=outcome,
        reason=reason,
        outcome_reason=outcome_reason,
        cells=cells,
        cells_reason=cells_reason,
    )


def _outcome(cohort: Cohort, codes: Int, reason: Text) -> tuple[Float, Text]:
    """Mean outcome of each part (events as a share), hidden with its count.

    Told to a step where one is hidden: shares by another grouping do not solve for it then.
    """
    k = len(reason)
    spread, size = np.zeros(k), np.ones(k)
    out, why = np.full(k, np.nan), reason.astype(object)
    if cohort.outcome_kind not in ("binary", "continuous"):
        why[why == ""] = "no mean for this kind of outcome"
        return out, why.astype(np.str_)
    y = unit_means(cohort.y, cohort.units, cohort.order)
    for g in range(k):
        own = y[(codes == g) & np.isfinite(y)]
        few = len(own) < least_shown()
        if cohort.outcome_kind == "binary" and not few:
            few = min(own.sum(), len(own) - own.sum()) < least_shown()
        if few and not why[g]:
            why[g] = hidden_text() if len(own) else "nobody with a known outcome"
        elif not few:
            out[g], size[g] = own.mean(), len(own)
            spread[g] = own.std() / np.sqrt(len(own))
    if (why == hidden_text()).any():
        share = np.full(k, cohort.outcome_kind == "binary")
        out = told_values(out, told_step(spread, size, share=share))
    return out, why.astype(np.str_)


def _cells(cohort: Cohort, codes: Int, first: Int, k: int) -> tuple[tuple[str, ...], Float, Text]:
    """Units by stratum (of each unit's first row) and part."""
    if not cohort.strata:
        return (), np.zeros((0, k)), np.zeros((0, k), dtype=np.str_)
    columns = [cohort.people[s].iloc[first] for s in cohort.strata]
    labels = [c.astype("object").where(c.notna(), "missing").astype(str) for c in columns]
    joint = np.array([" / ".join(cells) for cells in zip(*labels, strict=True)])
    names, at = np.unique(joint, return_inverse=True)
    table = np.zeros((len(names), k), dtype=np.int64)
    np.add.at(table, (at, codes), 1)
    shown, reason, _ = suppressed_counts(table, smallest=least_shown())
    return tuple(names.tolist()), shown, reason


def depend(
    attributions: Attributions, cohort: Cohort, *, by: str | Groups, subject: str
) -> Dependence:
    """Binned means of a subject's attribution over its value, by level; bins of 11 units or more.

    A number is cut at pooled quantiles into up to eight bins; a one-hot variable keeps its states.
    Rows in which the number is missing (NaN) belong to no bin. Nobody of a level of 1 to 10 units
    enters. Beside a hidden bin numbers are told to a step; where one unit has more than half of a
    bin's |attribution|, or of how far its values lie from their median, means are, in every bin:
    they add up to what other tables tell.
    """
    here = shown_people(cohort, by)
    made, cohort = at_shown(attributions.at(cohort), here), here.cohort
    place = made.features.place[subject]
    phi = made.values.reshape(made.n, -1)[:, place].astype(np.float64)
    states = own_states(cohort, subject)
    if states is not None:
        bins, labels, x = states[0], states[1], states[0].astype(float)
    else:
        found = own_values(cohort, subject)
        x = phi if found is None else found
        known = np.isfinite(x)
        cuts = np.quantile(x[known], np.linspace(0, 1, BINS + 1)[1:-1]) if known.any() else x[:0]
        bins, labels = np.where(known, np.searchsorted(np.unique(cuts), x, side="right"), -1), ()
    return _dependence(here, subject, labels, bins.astype(np.int64), x, phi)


def _dependence(
    here: Setting, subject: str, labels: tuple[str, ...], bins: Int, x: Float, phi: Float
) -> Dependence:
    k, b = len(here.groups.levels), len(labels) or max(int(bins.max()) + 1, 1)
    out = {n: np.full((k, b), np.nan) for n in ("value", "mean", "low", "high", "n")}
    reason, spread = np.full((k, b), hidden_text(), dtype=object), np.zeros((2, k, b))
    most, codes = np.zeros((2, k, b), dtype=bool), here.unit_group[here.unit]
    for g in range(k):
        for j in range(b):
            rows = (codes == g) & (bins == j)
            unit, at = np.unique(here.unit[rows], return_inverse=True)
            if len(unit) < least_shown():
                shown = here.sizes[g] >= least_shown() and not len(unit)
                reason[g, j] = "nobody" if shown else hidden_text()
                continue
            own = np.bincount(at, weights=phi[rows]) / np.bincount(at)
            se = own.std(ddof=1) / np.sqrt(len(own))
            half = stats.t.ppf(0.975, len(own) - 1) * se
            spread[:, g, j] = x[rows].std() / np.sqrt(len(own)), se
            each = np.bincount(at, weights=x[rows]) / np.bincount(at)
            most[:, g, j] = one_is_most_of_bin(each, own)
            out["value"][g, j], out["mean"][g, j] = x[rows].mean(), own.mean()
            out["low"][g, j], out["high"][g, j] = own.mean() - half, own.mean() + half
            out["n"][g, j], reason[g, j] = len(unit), ""
    hidden = here.rounded or bool((reason == hidden_text()).any())
    return Dependence(
        here.groups.name, subject, here.groups.levels, labels,
        **_coarse(out, spread, most, hidden=hidden), reason=reason.astype(np.str_),
        rounded=hidden or bool(most.any()),
    )  # fmt: skip


def _coarse(out: dict[str, Float], spread: Float, most: Bool, *, hidden: bool) -> dict[str, Float]:
    """Means of values and attributions to the steps of `spread` (2, k, b), as `most` asks of each.

    A mean over all of a group, as `compare` tells it, else leaves the bin that is hidden, or of
    which one is most. Where one is hidden both are told so, and counts to 5.
    """
    n = np.nan_to_num(out["n"])
    flat = (as_open(a.ravel(), b.ravel(), n.ravel()) for a, b in zip(spread, most, strict=True))
    wide = np.stack([each.reshape(n.shape) for each in flat])
    asked = np.array([[[hidden or bool(each.any())]] for each in most])
    steps = np.where(asked, told_step(wide, n), 0.0)
    low, high = told_limits(out["low"], out["high"], steps[1])
    value, mean = told_values(out["value"], steps[0]), told_values(out["mean"], steps[1])
    told = shown_counts(out["n"], rounded=hidden)
    return {"value": value, "mean": mean, "low": low, "high": high, "n": told}


def sensitivities(
    contrasts: Contrasts, cohort: Cohort, *, by: str | Groups, unit: str = ""
) -> Sensitivity:
    """Mean change of output under the common contrasts, by level, over all its units.

    Of a subject of which one unit is most in a level, means of all levels are told to steps.
    """
    here, made = setting(cohort, by), contrasts.at(cohort)
    margin, response = here.per_unit(made.margin), here.per_unit(made.response)
    k, q = len(here.groups.levels), len(made.subjects)
    means = {name: np.full((k, q), np.nan) for name in ("margin", "response")}
    reason = np.full((k, q), "", dtype=object)
    few = [one_is_most(np.abs(values), here.unit_group) for values in (margin, response)]
    for g in range(k):
        at = here.unit_group == g
        if at.sum() < least_shown():
            reason[g] = hidden_text()
            continue
        for out, values, most in zip(means.values(), (margin, response), few, strict=True):
            told = coarse_mean(replace(here, coarse=True), values[at])
            out[g] = np.where(most, told, coarse_mean(here, values[at]))
    counts = np.where(here.sizes < least_shown(), 0, here.sizes)
    return Sensitivity(
        grouping=here.groups.name,
        levels=here.groups.levels,
        subjects=made.subjects,
        low_state=made.low,
        high_state=made.high,
        unit=unit,
        n=shown_counts(counts, rounded=here.rounded),
        **means,
        reason=reason.astype(np.str_),
    )


def flips(
    made: Intervention, cohort: Cohort, *, unit: str = "", threshold: float | None = None
) -> Flip:
    """What setting a recorded attribute to another state does to the response, by state pair."""
    own = made.at(cohort)
    here = own.states
    pairs = tuple((a, b) for a in here for b in here if a != b)
    names = ("n", "mean", "low", "high", "spread", "p05", "p95", "changed")
    out = {name: np.full(len(pairs), np.nan) for name in names}
    reason = np.full(len(pairs), "", dtype=object)
    for i, (old, new) in enumerate(pairs):
        rows = own.recorded == here.index(old)
        people = len(np.unique(cohort.units[rows]))
        if people < least_shown():
            reason[i] = hidden_text() if people else "nobody"
            continue
        numbers = _flip(own, cohort, old, new, rows, threshold)
        for name, number in zip(names, numbers, strict=True):
            out[name][i] = number
    out["n"] = shown_counts(out["n"], rounded=bool((reason == hidden_text()).any()))
    return Flip(own.attribute, pairs, unit, **out, reason=reason.astype(np.str_))


def _flip(
    own: Intervention, cohort: Cohort, old: str, new: str, rows: Bool, threshold: float | None
) -> tuple[float, ...]:
    change = own.change(old, new)
    _, at = np.unique(cohort.units[rows], return_inverse=True)
    change = np.bincount(at, weights=change) / np.bincount(at)
    n = len(change)
    half = stats.t.ppf(0.975, n - 1) * change.std(ddof=1) / np.sqrt(n)
    one = bool(one_is_most_of_bin(change, change).any())
    enough = 0.05 * n >= least_shown()
    p05, p95 = np.quantile(change, [0.05, 0.95]) if enough else (np.nan, np.nan)
    changed = np.nan
    if threshold is not None:
        a, b = own.states.index(old), own.states.index(new)
        called = own.response[rows] >= threshold
        moved = called[:, a] != called[:, b]
        changed = _told_share(moved, cohort.units[rows])
    spread, mean = change.std(ddof=1), change.mean()
    ends = np.array([mean]), np.array([mean - half]), np.array([mean + half])
    if one:  # one person is most of what changes
        ends, spread = coarse_ends((ends[0], ends[1], ends[2]), np.array(n)), told_sd(spread, n)
    return (n, *(float(end[0]) for end in ends), spread, p05, p95, changed)


def _told_share(moved: Bool, units: Int) -> float:
    """The share of rows whose decision changes, to a step where these are 1 to 10 units."""
    n, share = len(np.unique(units)), float(moved.mean())
    many = [len(np.unique(units[own])) for own in (moved, ~moved)]
    if not any(0 < few < least_shown() for few in many):
        return share
    step = told_step(np.zeros(1), np.array([n]), share=True)
    return float(np.clip(told_values(np.array([share]), step), 0.0, 1.0)[0])
