"""Whether the attribution of a feature differs between groups: by how much, how surely, why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import SMALLEST_GROUP, Groups
from evenlight.data.probed import Contrasts
from evenlight.errors import AttributionError
from evenlight.measures.arms import Arms, arms_of
from evenlight.measures.between import background_share, noise_share, redrawn, shared_by_all
from evenlight.measures.comparison import Comparison, View
from evenlight.measures.convergence import unconverged_reasons
from evenlight.measures.family import Results, Shared, results
from evenlight.measures.mechanism import mechanisms
from evenlight.measures.prepare import (
    Setting,
    as_variables,
    is_direct,
    population,
    setting,
)
from evenlight.measures.testing import Testing
from evenlight.measures.withhold import withheld
from evenlight.stats.disclosure import shown_counts
from evenlight.stats.effects import mean_interval, within_sd
from evenlight.stats.equivalence import extents
from evenlight.stats.multiplicity import draws_for
from evenlight.stats.permutation import difference

Computed = list[tuple[View, Results, list[Arms]]]


def compare(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups,
    contrasts: Contrasts | None = None,
    repeats: Sequence[Attributions] = (),
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
) -> Comparison:
    """Compare attributions (n, p) between the groups of `by`, within the cohort's strata.

    Views: *signed* and *magnitude* (|attribution|), each given nothing and given the outcome; and,
    with `contrasts`, *use*: whether the same change moves the output equally far, on the margin and
    on the response. Effects and the margin of `testing` are in SD(f), the pooled within-group SD of
    the output.
    One-hot columns are summed to their variable. Rows that did not converge are left out and
    counted; more than 5 % of them in a group, or more in one group than in another, and what rests
    on attributions is *not_estimable*. Strata without both groups are dropped and the loss is said;
    a contrast without enough overlap, or with fewer than 11 units in an arm, is *not_estimable*.

    `repeats` are attributions of the same rows made on other draws of the background (four or more
    are recommended): what a draw adds to the variance of a difference then enters its interval and
    p, since all rows share it (see `evenlight.measures.between`). Without any, nothing changes.

    Raises GroupError where there is nothing to compare, and AttributionError where contrasts are
    given for attributions that are not on the margin, or repeats are no repeats.
    """
    asked = testing or Testing()
    made, kind = as_variables(attributions, cohort)
    others = redrawn(made, repeats, cohort)
    here = setting(cohort, by, kept=made.converged)
    pairs = here.groups.contrasts()
    draws = asked.draws or draws_for(len(made.features) * len(pairs), alpha=asked.alpha)
    generator = np.random.default_rng(rng)
    found: Computed = []
    drawn: list[Shared | None] = []
    for given, views in _views(made, contrasts, here).items():
        stacked = np.hstack([values for _, values in views])
        arms = arms_of(here, given, stacked, draws=draws, rng=generator)
        shared = _shared(here, given, others, arms, views[0][0].unit)
        drawn.append(shared)
        for i, (view, values) in enumerate(views):
            columns = i * values.shape[1] + np.arange(values.shape[1])
            own = shared and Shared(shared.variance[:, columns], shared.draws)
            judged = results(arms, columns, view, testing=asked, shared=own)
            found.append((view, judged, arms))
    comparison = Comparison(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        contrasts=pairs,
        subjects=made.features.names,
        subject_kind=kind,
        views=tuple(view for view, _, _ in found),
        target=made.target,
        margin=asked.margin,
        alpha=asked.alpha,
        draws=draws,
        **_arrays(found, asked.margin, rounded=here.rounded),
        mechanism=_mechanisms(found, made, here),
        **_gap(made, here, found[0][2]),
        **_levels(made, here),
        repeats=len(others),
        noise_share=noise_share(attributions, here, found[0][2]),
        background_share=background_share(found[0][2], drawn[0], len(made.features)),
    )
    lost = unconverged_reasons(made.converged, here.groups, cohort.units)
    return withheld(comparison, lost)


def _shared(
    here: Setting, given: str, others: Sequence[Attributions], arms: list[Arms], unit: float
) -> Shared | None:
    """What another draw of the background adds to the variance of each signed and sized column."""
    if not others:
        return None
    rows = [_rows(again, here) for again in others]
    return shared_by_all(here, given, [np.hstack([r, np.abs(r)]) for r in rows], arms, unit)


def _rows(made: Attributions, here: Setting) -> Float:
    """Attributions (n kept, p) in float64."""
    return made.values.reshape(made.n, -1).astype(np.float64)[here.kept]


def _views(
    made: Attributions, contrasts: Contrasts | None, here: Setting
) -> Mapping[str, list[tuple[View, Float]]]:
    """Rows (n kept, p) of each view, by the condition that it is given."""
    phi = _rows(made, here)
    sd = within_sd(here.per_unit(made.total()), here.unit_group)
    if sd <= 0:
        raise AttributionError(
            "the output does not vary within groups; there is nothing to compare"
        )
    given = ["nothing"]
    if here.cohort.outcome_kind in ("binary", "categorical", "continuous"):
        given.append("outcome")
    out = {
        g: [
            (View("signed", g, made.scale, sd), phi),
            (View("magnitude", g, made.scale, sd), np.abs(phi)),
        ]
        for g in given
    }
    if contrasts is not None:
        out["nothing"] += _use_views(made, contrasts.at(here.cohort), here, sd)
    return out


def _use_views(
    made: Attributions, contrasts: Contrasts, here: Setting, sd: float
) -> list[tuple[View, Float]]:
    if made.scale != "margin":
        raise AttributionError("contrasts are on the margin, but these attributions are not")
    out = [(View("use", "nothing", "margin", sd), _placed(contrasts, contrasts.margin, made, here))]
    if contrasts.link != "identity" and contrasts.output is not None:
        unit = within_sd(here.per_unit(contrasts.output), here.unit_group)
        view = View("use", "nothing", "response", unit)
        out.append((view, _placed(contrasts, contrasts.response, made, here)))
    return [(view, _settled(values, view.unit)) for view, values in out]


def _placed(contrasts: Contrasts, rows: Float, made: Attributions, here: Setting) -> Float:
    """Contrast rows (n kept, p) in the order of the subjects, NaN where one has no contrast."""
    place = {name: j for j, name in enumerate(contrasts.subjects)}
    wide = np.full((int(here.kept.sum()), len(made.features)), np.nan)
    for j, name in enumerate(made.features.names):
        if name in place:
            wide[:, j] = rows[here.kept, place[name]]
    return wide


def _settled(values: Float, unit: float) -> Float:
    """Values whose range is rounding (below 1e-9 of the unit) are set to their mean."""
    still = np.ptp(values, axis=0) <= 1e-9 * unit
    return np.where(still, values.mean(axis=0), values)


def _arrays(found: Computed, margin: float, *, rounded: bool) -> dict[str, np.ndarray]:
    """The arrays of every view, stacked (v, c, ...); counts to 5 where the grouping hides one."""
    arms = [own for _, _, own in found]
    out = {
        f.name: np.stack([getattr(part, f.name) for _, part, _ in found]) for f in fields(Results)
    }
    out["extent"] = extents(out["low"], out["high"], margin, out["verdict"])
    left = np.array([[a.left if not a.reason else (0, 0) for a in own] for own in arms])
    out["n"] = shown_counts(left, rounded=rounded)
    kept = [
        [[m / max(n, 1) for n, m in zip(a.total, a.left, strict=True)] for a in own] for own in arms
    ]
    out["kept"] = np.round(kept, 2) if rounded else np.array(kept)
    told = [
        ["" if a.reason else population(a.total, a.left, len(a.plan.weight), a.names) for a in own]
        for own in arms
    ]
    out["population"] = np.array(told, dtype=np.str_)
    return out


def _mechanisms(found: Computed, made: Attributions, here: Setting) -> Text:
    direct = np.array([is_direct(here.cohort, s, here.groups) for s in made.features.names])
    used = np.abs(made.values.reshape(made.n, -1)).max(axis=0) > 0
    use = next((r.verdict for v, r, _ in found if (v.name, v.scale) == ("use", "margin")), None)
    out = []
    for view, part, _ in found:
        seen = part.verdict
        own = part.verdict if view.name == "use" else use
        out.append(mechanisms(seen, own, direct, group_is_input=bool((direct & used).any())))
    return np.stack(out)


def _gap(made: Attributions, here: Setting, arms: list[Arms]) -> dict[str, np.ndarray]:
    """The signed differences added up (c,), and what the stored output adds to them."""
    gap, rest = np.full(len(arms), np.nan), np.full(len(arms), np.nan)
    phi = made.values.reshape(made.n, -1).sum(axis=1, dtype=np.float64)
    both = np.column_stack([phi, made.output])[here.kept]
    again = arms_of(here, "nothing", both, draws=0, rng=np.random.default_rng(0))
    for i, arm in enumerate(again):
        if not arm.reason:
            gap[i], whole = difference(arm.cells.values, arm.plan).effect
            rest[i] = whole - gap[i]
    reason = np.array([arm.reason for arm in arms], dtype=np.str_)
    return {"gap": gap, "unexplained": rest, "gap_reason": reason}


def _levels(made: Attributions, here: Setting) -> dict[str, np.ndarray]:
    """Means of each level over all its units (k, p), and rows left out (k,)."""
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    mean, size = here.per_unit(phi), here.per_unit(np.abs(phi))
    k, p = len(here.groups.levels), phi.shape[1]
    out = {
        name: np.full((k, p), np.nan)
        for name in ("mean", "importance", "importance_low", "importance_high")
    }
    reason = np.full(k, "", dtype=object)
    for g in range(k):
        at = here.unit_group == g
        if at.sum() < SMALLEST_GROUP:
            reason[g] = f"suppressed (<{SMALLEST_GROUP})"
            continue
        out["mean"][g] = mean[at].mean(axis=0)
        limits = mean_interval(size[at])
        for name, values in zip(
            ("importance", "importance_low", "importance_high"), limits, strict=True
        ):
            out[name][g] = values
    lost = here.groups.codes[~made.converged]
    unconverged = np.bincount(lost[lost >= 0], minlength=k)
    few = (unconverged > 0) & (unconverged < SMALLEST_GROUP)
    unconverged[few] = SMALLEST_GROUP - 1
    return out | {"level_reason": reason.astype(np.str_), "unconverged": unconverged}
