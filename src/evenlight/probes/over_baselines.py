"""One explanation from several baselines, side by side."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values
from evenlight.data.attributions import Attributions
from evenlight.data.by_baseline import ByBaseline
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.handed import need_cohort
from evenlight.errors import CohortError, EvenlightWarning, InputError
from evenlight.explainers.explain import explain
from evenlight.explainers.image_baselines import IMAGES
from evenlight.models.probe import prepare
from evenlight.small_groups import least_shown
from evenlight.stats.effects import unit_means

FLAT = 1e-12
"""A spread below this part of the size counts as none."""


def over_baselines(
    model: object,
    cohort: Cohort,
    *,
    sets: FeatureSets | None = None,
    baselines: Sequence[str] | Mapping[str, Values] = ("rows", *IMAGES),
    method: str = "ig",
    target: int | str | None = None,
    **own: Any,
) -> ByBaseline:
    """Shares of regions, and whether people stand alike in them, under each of several baselines.

    Parameters
    ----------
    sets
        regions over which maps are summed, or that play (`method="shapley"`).
    baselines
        words ("rows", "mean", "black", "blur", "inpaint"), or arrays and functions by name; all
        others are compared with the first.
    **own
        options of the explainer.

    Raises InputError for fewer than two baselines, or maps without `sets`, CohortError for fewer
    than 11 units whose rows converged from every baseline.
    """
    need_cohort(cohort, "over_baselines(model, cohort)")
    chosen: Mapping[str, Any] = (
        baselines if isinstance(baselines, Mapping) else {word: word for word in baselines}
    )
    if len(chosen) < 2:
        raise InputError("one baseline is compared with nothing; name at least two")
    if sets is None and cohort.x.ndim > 2:
        raise InputError("maps are compared by region; pass sets=, such as FeatureSets.from_grid")
    prepared = prepare(model, cohort, target=target)
    game: dict[str, Any] = {"players": sets} if method == "shapley" and sets is not None else {}
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # what starts elsewhere is `in_base`
        for one in chosen.values():
            made = explain(
                prepared, cohort, method=method, target=prepared.column, baseline=one,
                **game, **own,
            )  # fmt: skip
            found.append(made if sets is None or game else made.by(sets))
    return _compared(tuple(map(str, chosen)), found, cohort)


def _compared(names: tuple[str, ...], found: list[Attributions], cohort: Cohort) -> ByBaseline:
    kept: Bool = np.all([made.converged for made in found], axis=0)
    unit: Int = np.unique(cohort.units[kept], return_inverse=True)[1].astype(np.int64)
    units = int(unit.max(initial=-1)) + 1
    if units < least_shown():
        raise CohortError(
            f"{units} units whose rows converged from every baseline; at least {least_shown()} "
            "are needed, as fewer are people and no group"
        )
    order = (np.cumsum(kept) - 1)[cohort.order[kept[cohort.order]]]
    rows = [made.values[kept].astype(np.float64) for made in found]
    size = np.stack([unit_means(np.abs(one), unit, order).mean(axis=0) for one in rows])
    means = [unit_means(one, unit, order) for one in rows]
    alike = np.stack([_correlation(means[0], one) for one in means])
    spread = [float(np.var(made.base)) / max(float(np.var(made.output)), 1e-300) for made in found]
    return ByBaseline(
        names, found[0].features.names, size / np.maximum(size.sum(axis=1, keepdims=True), 1e-300),
        alike, np.array(spread), np.where(np.isnan(alike), "attributions do not vary", ""), units,
        found[0].method, found[0].target,
    )  # fmt: skip


def _correlation(a: Float, b: Float) -> Float:
    """Correlation of each column (p,); NaN where one is flat."""
    a0, b0 = a - a.mean(axis=0), b - b.mean(axis=0)
    flat = (a.std(axis=0) <= FLAT * np.abs(a).max()) | (b.std(axis=0) <= FLAT * np.abs(b).max())
    length = np.sqrt((a0**2).sum(axis=0) * (b0**2).sum(axis=0))
    made: Float = np.where(flat, np.nan, (a0 * b0).sum(axis=0) / np.where(flat, 1.0, length))
    return np.clip(made, -1, 1)
