"""Attributions along continuous ancestry: slopes per SD of each axis, never groups.

Slopes are partial: beside the other axes, the cohort's covariates and its strata. An effect is the
change of an attribution in SD(f) per SD of the axis, SD(f) that of what the axes leave of the
output, so that the margin does not grow with the disparity.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Contrasts
from evenlight.data.roles import axes_at
from evenlight.errors import AttributionError, GroupError
from evenlight.measures.adjusted import few_units
from evenlight.measures.comparison import Comparison
from evenlight.measures.lopsided_output import of_few
from evenlight.measures.nuisance import Blocked, blocked, nuisance
from evenlight.measures.prepare import Setting, as_variables, own_states, own_values
from evenlight.measures.sloped import Sloped, effects, judged
from evenlight.measures.tested import Asked, Tested, stacked
from evenlight.measures.testing import Testing, asked_for
from evenlight.measures.unlike_rows import thinned_along
from evenlight.measures.views import at_level, attributed, used
from evenlight.measures.why import why
from evenlight.measures.withhold import withheld_whole
from evenlight.progress import Told, paced
from evenlight.small_groups import least_shown
from evenlight.stats.compositions import log_ratios, without_largest
from evenlight.stats.effects import mean_interval
from evenlight.stats.freedman_lane import (
    ALIASED,
    centred,
    orthonormal,
    own_part,
    regression,
)
from evenlight.stats.multiplicity import draws_for
from evenlight.stats.shuffles import shuffles

PER_SD = "per SD"

DIRECT = 0.99
"""A subject of whose values the axes explain more than this share is the axes."""


def compare_axes(
    attributions: Attributions,
    cohort: Cohort,
    axes: Axes,
    *,
    contrasts: Contrasts | None = None,
    testing: Testing | None = None,
    rng: np.random.Generator | int = 0,
    progress: bool | Told = False,
) -> Comparison:
    """Compare attributions (n, p) along `axes`: levels are axes, contrasts (axis, "per SD").

    Views as in `compare`. One family is all axes and subjects of a view. Units with an unknown
    covariate are left out. Where the number of rows a unit has follows an axis, as many of each
    enter (`measures.unlike_rows`). The mean and importance of a level are those of everybody.

    Raises GroupError where an axis is constant, or repeats another axis, a covariate or the strata.
    """
    asked = asked_for(testing)
    made, kind = as_variables(attributions, cohort)
    whole = everyone(cohort, made.converged, axes.name)
    names, at = coordinates(axes, cohort, whole)
    here, rows_told = thinned_along(whole, at)
    names, at = coordinates(axes, cohort, here)
    unit = left_sd(here.per_unit(made.total()), at, axes.name)
    draws = asked.draws or draws_for(len(made.features) * len(names), alpha=asked.alpha)
    generator = np.random.default_rng(rng)
    viewed = {g: list(v) for g, v in attributed(made, here, unit, asked).items()}
    if contrasts is not None:
        own = contrasts.at(cohort)
        response = unit if own.output is None else left_sd(here.per_unit(own.output), at, "")
        use = used(made, own, here, (unit, response))
        viewed["nothing"] += [(at_level(view, asked), values) for view, values in use]
    found: list[Tested] = []
    p = len(made.features)
    many = sum(map(len, viewed.values())) * len(names) * p
    with paced(many, progress, what="comparing", unit="tests") as done:
        for given, views in viewed.items():
            wide = np.hstack([values for _, values in views])
            along = sloped_axes(here, given, wide, names, at, draws=draws, rng=generator)
            entered = tuple(Asked(a.names, a.total, a.left, 0, a.reason) for a in along)
            for i, (view, values) in enumerate(views):
                columns = i * values.shape[1] + np.arange(values.shape[1])
                part = replace(asked, alpha=view.alpha)
                found.append(Tested(view, judged(along, columns, view, testing=part), entered))
                done(len(names) * p)
    comparison = Comparison(
        grouping=axes.name,
        source="axes",
        levels=names,
        contrasts=tuple((name, PER_SD) for name in names),
        subjects=made.features.names,
        subject_kind=kind,
        views=tuple(one.view for one in found),
        target=made.target,
        margin=asked.margin,
        alpha=asked.alpha,
        draws=draws,
        **stacked(found, asked.margin, speaks=partial(_population, rows_told)),
        mechanism=_mechanisms(found, made, cohort, at[whole.unit]),
        **_gap(made, here, names, at),
        **_everybody(made, here, len(names)),
        partners=(),
        repeats=0,
        noise_share=np.full((len(names), p), np.nan),
        background_share=np.full((len(names), p), np.nan),
        background="" if made.background is None else made.background.digest,
        cohort_digest=cohort.digest,
    )
    return withheld_whole(comparison, of_few(here, made))


def everyone(cohort: Cohort, kept: Bool, name: str) -> Setting:
    """A setting without groups: all kept rows are at one level."""
    if not kept.any():
        raise AttributionError("no row is left: none converged; see `converged`")
    unit = np.unique(cohort.units[kept], return_inverse=True)[1].astype(np.int64)
    place = np.cumsum(kept) - 1
    order = place[cohort.order[kept[cohort.order]]]
    zeros = np.zeros(cohort.n, dtype=np.int64)
    groups = Groups(name, ("everybody",), zeros, rows=cohort.rows)
    return Setting(cohort, groups, kept, unit, np.zeros(int(unit.max()) + 1, dtype=np.int64), order)


def coordinates(axes: Axes, cohort: Cohort, here: Setting) -> tuple[tuple[str, ...], Float]:
    """Names and values (u, q) of the axes of units; a composition loses one column.

    Raises GroupError for constant and for collinear axes.
    """
    values = here.per_unit(axes_at(axes, cohort.rows, np.arange(cohort.n)).values)
    names = axes.names
    if axes.composition == "shares":
        values, largest = without_largest(values)
        named = (f"{n} instead of {axes.names[largest]}" for n in axes.names)
        names = tuple(n for j, n in enumerate(named) if j != largest)
    elif axes.composition == "ilr":
        values = log_ratios(values)
        names = tuple(
            f"{' x '.join(axes.names[: j + 1])} against {axes.names[j + 1]}"
            for j in range(values.shape[1])
        )
    spread = np.ptp(values, axis=0) <= 1e-12 * np.abs(values).max(axis=0)
    if spread.any():
        still = [n for n, s in zip(names, spread, strict=True) if s]
        raise GroupError(f"{axes.name}: {still} do not vary among the units; leave them out")
    if orthonormal(centred(values, np.zeros(len(values), dtype=np.int64))).shape[1] < len(names):
        raise GroupError(
            f"{axes.name}: the axes {names} repeat one another; leave one out, or, where they are "
            'shares that add up to 1, say composition="shares"'
        )
    return names, values


def sloped_axes(
    here: Setting,
    given: str,
    values: Float,
    names: tuple[str, ...],
    at: Float,
    *,
    draws: int,
    rng: np.random.Generator,
) -> list[Sloped]:
    """One question an axis: its slope beside the other axes, covariates and strata.

    `values` are rows (n kept, columns), `at` the axes of all units (u, q).
    """
    own, beside = entering(here, given, values)
    x = at[own.unit]
    total = (len(here.unit_group),) * 2
    left = (len(own.unit),) * 2
    drawn = shuffles(own.block, draws=draws, rng=rng)
    side = np.ones(len(own.unit), dtype=bool)
    out = []
    for k, name in enumerate(names):
        others = np.hstack([beside, np.delete(x, k, axis=1)])
        reason = axis_reason(name, x[:, [k]], others, own.block)
        made = None if reason else regression(x[:, [k]], others, own.block, own.weights)
        scale = float(at[:, k].std())
        out.append(
            Sloped((name, PER_SD), own.values, made, drawn, side, scale, total, left, reason)
        )
    return out


def entering(here: Setting, given: str, values: Float) -> tuple[Blocked, Float]:
    """The units that enter a regression, and their covariates (u, r)."""
    own = blocked(here, given, values)
    wide, known = nuisance(here, given)
    left = own.only(known[own.unit])
    return left, wide[left.unit]


def axis_reason(name: str, x: Float, others: Float, block: Int) -> str:
    """Why a slope cannot be asked, "" if it can."""
    if len(x) < least_shown():
        return f"fewer than {least_shown()} units have known strata and covariates"
    if own_part(x, others, block)[0] < ALIASED:
        return f"{name} follows from the other axes, covariates and strata"
    return few_units(len(x), block, others)


def left_sd(total: Float, at: Float, name: str) -> float:
    """SD of what a regression on the axes leaves of the output of units (u,), 1/n."""
    block = np.zeros(len(total), dtype=np.int64)
    basis = orthonormal(centred(at, block))
    y = centred(total[:, None], block)
    sd = float(np.sqrt(np.mean((y - basis @ (basis.T @ y)) ** 2)))
    if sd <= 1e-12 * max(float(np.abs(total).max()), 1e-300):
        raise AttributionError(f"{name}: nothing of the output is left beside the axes to compare")
    return sd


def _population(rows: str, one: Asked, left: tuple[int, int]) -> str:
    """For whom a slope speaks, and of how many of their rows."""
    share = left[0] / max(one.total[0], 1)
    if one.left[0] >= 0.8 * max(one.total[0], 1):
        return rows
    told = f"Estimated for the {percent(share)} of units with known strata and covariates."
    return f"{told} {rows}".rstrip()


def _mechanisms(found: list[Tested], made: Attributions, cohort: Cohort, at: Float) -> Text:
    """`at` (n kept, q): the axes of rows."""
    rows = np.flatnonzero(made.converged)
    direct = np.array([_is_axis(cohort, s, rows, at) for s in made.features.names])
    applied = np.abs(made.values.reshape(made.n, -1)).max(axis=0) > 0
    named = {(one.view.name, one.view.scale): one.results.verdict for one in found}
    use, group_is_input = named.get(("use", "margin")), bool((direct & applied).any())
    out = []
    for one in found:
        verdict = one.results.verdict
        own = verdict if one.view.name == "use" else use
        out.append(why(verdict, own, direct, group_is_input=group_is_input))
    return np.stack(out)


def _is_axis(cohort: Cohort, subject: str, rows: Int, at: Float) -> bool:
    """Whether the subject's own values follow from the axes (R squared above 0.99)."""
    values = None if own_states(cohort, subject) is not None else own_values(cohort, subject)
    if values is None or np.ptp(values[rows]) == 0:
        return False
    block = np.zeros(len(rows), dtype=np.int64)
    return bool(1 - own_part(values[rows][:, None], at, block)[0] > DIRECT)


def _gap(made: Attributions, here: Setting, names: tuple[str, ...], at: Float) -> dict[str, Any]:
    """The slopes added up over subjects (c,), and what the stored output adds to them."""
    phi = made.values.reshape(made.n, -1).sum(axis=1, dtype=np.float64)
    both = np.column_stack([phi, made.output])[here.kept]
    rng = np.random.default_rng(0)
    again = sloped_axes(here, "nothing", both, names, at, draws=0, rng=rng)
    found = effects(again)
    reason = np.array([one.reason for one in again], dtype=np.str_)
    return {"gap": found[:, 0], "unexplained": found[:, 1] - found[:, 0], "gap_reason": reason}


def _everybody(made: Attributions, here: Setting, c: int) -> dict[str, Any]:
    """Means over all units, the same for every axis (c, p); rows left out (c,)."""
    phi = made.values.reshape(made.n, -1).astype(np.float64)
    limits = mean_interval(here.per_unit(np.abs(phi)))
    names = ("importance", "importance_low", "importance_high")
    numbers = {"mean": here.per_unit(phi).mean(axis=0), **dict(zip(names, limits, strict=True))}
    lost = int((~made.converged).sum())
    shown = least_shown() - 1 if 0 < lost < least_shown() else lost
    return {
        **{name: np.tile(values, (c, 1)) for name, values in numbers.items()},
        "level_reason": np.full(c, "", dtype="<U1"),
        "unconverged": np.full(c, shown, dtype=np.int64),
    }
