"""Whether the attribution of a feature differs between groups: by how much, how surely, why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from evenlight.arrays import Bool, Float, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import row_sums
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Contrasts
from evenlight.errors import AttributionError
from evenlight.measures.arms import arms_of
from evenlight.measures.axes import compare_axes
from evenlight.measures.between import background_share, noise_share, redrawn
from evenlight.measures.comparison import Comparison
from evenlight.measures.conditional import conditional
from evenlight.measures.convergence import unconverged_reasons
from evenlight.measures.dominance import without_dominated
from evenlight.measures.family import PART, Shared
from evenlight.measures.hidden_people import (
    at_shown,
    coarse_mean,
    coarse_means,
    contrasts_at_shown,
    exact_sd,
    shown_people,
    spread_of_many,
)
from evenlight.measures.lopsided_output import of_few
from evenlight.measures.partners import Partner, partners
from evenlight.measures.prepare import Setting, is_direct
from evenlight.measures.streamed import (
    Streamed,
    beside,
    columns_of,
    ever_used,
    rows_of,
    sizes,
    subjects,
    units_of,
)
from evenlight.measures.tested import (
    Asked,
    How,
    Tested,
    counted,
    differences,
    overlap,
    stacked,
    tested,
)
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.told_effects import told_differences, told_shares, told_views
from evenlight.measures.unlike_rows import thinned
from evenlight.measures.views import at_level, attributed, used
from evenlight.measures.why import use_among, why
from evenlight.measures.withhold import withheld, withheld_whole
from evenlight.progress import Told, paced
from evenlight.small_groups import hidden_text, least_shown
from evenlight.stats.direct import tells_group
from evenlight.stats.effects import mean_interval
from evenlight.stats.multiplicity import draws_for
from evenlight.stats.unseen import ends_of, unseen


def compare(
    attributions: Attributions,
    cohort: Cohort,
    *,
    by: str | Groups | Axes,
    contrasts: Contrasts | None = None,
    repeats: Sequence[Attributions] = (),
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
    progress: bool | Told = False,
) -> Comparison:
    """Compare attributions (n, p) between the groups of `by`, within the cohort's strata.

    Views: *signed* and *magnitude* (|attribution|), each given nothing and given the outcome; and
    use: with `contrasts` *use*, whether the same change moves the output equally far, on the margin
    and on the response; without them *location* and *slope*, whether the same own value has the
    same attribution. Effects and the margin of `testing` are in SD(f), the pooled within-group SD
    of the output. `by` may be `Axes`: slopes along continuous ancestry (`measures.axes`). Declared
    covariates are adjusted for (Freedman and Lane), sampling weights are used.
    Where units of one group have more rows than those of another, and few, as many rows of each
    enter (`measures.unlike_rows`). One-hot columns are summed to their variable. Rows that did not
    converge are left out and counted; more than 5 % of them in a group, or more in one group than
    in another, and what rests on attributions is *not_estimable*. Strata without both groups are
    dropped and the loss is said; a contrast without enough overlap, or with fewer than 11 units in
    an arm, is *not_estimable*.

    `repeats` are attributions of the same rows made on other draws of the background (four or more
    are recommended): what a draw adds to the variance of a difference then enters its interval and
    p, since all rows share it (see `evenlight.measures.between`). Without any, nothing changes.
    `progress` True draws a bar on stderr, view by view; a function is called with a `Pace`.

    Raises GroupError where there is nothing to compare, and AttributionError where contrasts are
    given for attributions that are not on the margin, or repeats are no repeats.
    """
    if isinstance(by, Axes):
        return compare_axes(
            attributions, cohort, by, contrasts=contrasts, testing=testing, rng=rng,
            progress=progress,
        )  # fmt: skip
    asked = asked_for(testing)
    made, kind = subjects(attributions, cohort)
    others = redrawn(made, repeats, cohort)
    here = shown_people(cohort, by, kept=made.converged)
    given, made = at_shown(attributions, here), at_shown(made, here)
    others = tuple(at_shown(again, here) for again in others)
    if contrasts is not None:
        contrasts = contrasts_at_shown(contrasts, cohort, here)
    here, rows_told = thinned(here)
    pairs = here.groups.contrasts()
    draws = asked.draws or draws_for(len(made.features) * len(pairs), alpha=asked.alpha)
    how = How(asked, draws, [np.asarray(rows_of(again, here)) for again in others])
    generator = np.random.default_rng(rng)
    found, shared = _found(made, contrasts, here, how, generator, progress)
    plain = arms_of(here, "nothing", rows_of(made, here), draws=0, rng=np.random.default_rng(0))
    comparison = Comparison(
        grouping=here.groups.name,
        source=here.groups.source,
        levels=here.groups.levels,
        contrasts=pairs,
        subjects=made.features.names,
        subject_kind=kind,
        views=told_views([one.view for one in found], spread_of_many(here, made.total())),
        target=made.target,
        margin=asked.margin,
        alpha=asked.alpha,
        draws=draws,
        **stacked(found, asked.margin, here=here, speaks=partial(_speaks, rows_told)),
        mechanism=_mechanisms(found, made, here),
        partners=_partners(found, made, contrasts, here, generator),
        **_gap(made, here),
        **_levels(made, here),
        repeats=len(others),
        noise_share=told_shares(noise_share(given, here, plain), here),
        background_share=told_shares(background_share(plain, shared, len(made.features)), here),
        background="" if made.background is None else made.background.digest,
        cohort_digest=cohort.digest,
        rounded=here.rounded,
    )
    lost = unconverged_reasons(made.converged, here.groups, here.cohort.units)
    comparison = without_dominated(comparison, _of_units(rows_of(made, here), here), here)
    few = of_few(here, made)
    return withheld_whole(withheld(comparison, lost), few)


def _speaks(rows: str, one: Asked, left: tuple[int, int]) -> str:
    """For whom an estimate speaks, and of how many of their rows."""
    return " ".join(filter(None, (overlap(one, left), rows)))


def _found(
    made: Attributions,
    contrasts: Contrasts | None,
    here: Setting,
    how: How,
    rng: np.random.Generator,
    progress: bool | Told,
) -> tuple[list[Tested], Shared | None]:
    """Every view: of attributions, and of use by contrasts or, without these, by own values."""
    unit = exact_sd(here, made.total())
    if not unit > 0:
        raise AttributionError(
            "the output does not vary within groups; there is nothing to compare"
        )
    both = attributed(made, here, unit, how.testing, held=False)
    viewed = {g: list(views) for g, views in both.items()}
    if contrasts is not None:
        own = contrasts.at(here.cohort)
        sds = unit, unit if own.output is None else exact_sd(here, own.output)
        use = used(made, own, here, sds)
        viewed["nothing"] += [(at_level(view, how.testing), values) for view, values in use]
    own_value = how.testing.own_value is not False and here.cohort.x.ndim == 2
    given_value = contrasts is None and own_value
    each = len(here.groups.contrasts()) * len(made.features)
    many = (sum(map(len, viewed.values())) + 2 * given_value) * each
    with paced(many, progress, what="comparing", unit="tests") as done:
        found, shared = tested(here, viewed, replace(how, done=done), rng=rng)
        if given_value:
            views = conditional(made, here, unit=unit, testing=how.testing, rng=rng)
            found += [counted(at_level(v, how.testing), part, counts) for v, part, counts in views]
            done(2 * each)
    return found, shared


def _mechanisms(found: list[Tested], made: Attributions, here: Setting) -> Text:
    direct = np.array([is_direct(here.cohort, s, here.groups) for s in made.features.names])
    direct |= _sets_of_the_group(made, here)
    applied = ever_used(made)
    verdicts = {(one.view.name, one.view.scale): one.results.verdict for one in found}
    use, group_is_input = use_among(verdicts), bool((direct & applied).any())
    bent = made.scale != "margin"
    return np.stack(
        [
            why(
                one.results.verdict,
                one.results.verdict if one.view.name == "use" else use,
                direct,
                group_is_input=group_is_input,
                bent=bent,
            )
            for one in found
        ]
    )


def _sets_of_the_group(made: Attributions, here: Setting) -> Bool:
    """Which subjects that are no column or variable, as sets, add up to a function of the group."""
    known = here.cohort.features
    own = {*known.names, *(coded.variable for coded in known.indicators)}
    sums = np.array([name not in own for name in made.features.names])
    out = np.zeros(len(sums), dtype=bool)
    if sums.any():
        codes = here.groups.codes[here.kept]
        out[sums] = tells_group(columns_of(made, here, sums)[codes >= 0], codes[codes >= 0])
    return out


def _partners(
    found: list[Tested],
    made: Attributions,
    contrasts: Contrasts | None,
    here: Setting,
    rng: np.random.Generator,
) -> tuple[Partner, ...]:
    """Whom to name where the same change moves the output differently."""
    if contrasts is None or contrasts.kind != "common":
        return ()
    use = next(
        one.results.verdict for one in found if (one.view.name, one.view.scale) == ("use", "margin")
    )
    named = partners(contrasts, made, here, use, rng=rng)
    if not here.rounded:
        return named
    return tuple(replace(one, shares=tuple(round(s, 1) for s in one.shares)) for one in named)


def _gap(made: Attributions, here: Setting) -> dict[str, np.ndarray]:
    """The signed differences added up (c,), and what the stored output adds to them."""
    phi = row_sums(made.values)[0]
    both = np.column_stack([phi, made.output - phi])
    seen, reasons = differences(here, "nothing", both[here.kept])
    reason = np.array(reasons, dtype=np.str_)
    seen[reason != ""] = np.nan
    blunt = spread_of_many(here, phi)
    gap, unexplained = told_differences(seen, here.per_unit(both), blunt).T
    return {"gap": gap, "unexplained": unexplained, "gap_reason": reason}


def _levels(made: Attributions, here: Setting) -> dict[str, np.ndarray]:
    """Means of each level over all its units (k, p), and rows left out (k,)."""
    k, p = len(here.groups.levels), len(made.features)
    out = {
        name: np.full((k, p), np.nan)
        for name in ("mean", "importance", "importance_low", "importance_high")
    }
    reason = np.full(k, "", dtype=object)
    reason[here.sizes < least_shown()] = hidden_text()
    for some, mean, size in _of_units(rows_of(made, here), here):
        for g in np.flatnonzero(reason == ""):
            at = here.unit_group == g
            found = _level(here, mean[at], size[at], ends_of(size))
            for name, values in zip(out, found, strict=True):
                out[name][g, some] = values
    lost = here.groups.codes[~made.converged]
    unconverged = np.bincount(lost[lost >= 0], minlength=k)
    few = (unconverged > 0) & (unconverged < least_shown())
    unconverged[few] = least_shown() - 1
    return out | {"level_reason": reason.astype(np.str_), "unconverged": unconverged}


def _of_units(rows: Float | Streamed, here: Setting) -> Iterator[tuple[slice, Float, Float]]:
    """Means of some columns of rows (n kept, p) and of their sizes over each unit, (u, k)."""
    both = units_of(beside([rows, sizes(rows)]), here)
    p = rows.shape[1]
    each = max(1, PART // (8 * max(1, len(here.unit_group))))
    for start in range(0, p, each):
        stop = min(start + each, p)
        yield slice(start, stop), both[:, start:stop], both[:, p + start : p + stop]


def _level(
    here: Setting, mean: Float, size: Float, ends: Float
) -> tuple[Float, Float, Float, Float]:
    """The mean of attributions (u, p) of a level, that of their size, and its limits."""
    n = np.array(len(mean))
    own, low, high = mean_interval(size)
    slack = unseen(size, ends)
    limits = own, np.maximum(low - slack[0], 0.0), high + slack[1]
    told = coarse_means(here, limits, size.std(axis=0) / np.sqrt(n), n)
    return coarse_mean(here, mean), *told
