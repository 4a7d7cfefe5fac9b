"""Regions of images that a plan names, settled before any compute."""

from __future__ import annotations

from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.space import shared_space
from evenlight.errors import InputError, PlanError
from evenlight.measures.superpixels import superpixels
from evenlight.plan import Plan
from evenlight.plan_parts import nearest


def settled_regions(plan: Plan, cohort: Cohort, sets: FeatureSets | None) -> FeatureSets | None:
    """The sets that were given, or the grid or superpixels that the plan asks for.

    Raises PlanError for regions of a table, regions that are given twice or not at all, and for
    names in `maps.without` that no region has.
    """
    made = _made(plan, cohort, sets)
    if plan.maps.compare:
        try:
            shared_space(cohort.features.space, what="maps.compare")
        except InputError as error:
            raise PlanError(str(error)) from None
    for name in plan.maps.without:
        known = () if made is None else made.names
        if name not in known:
            raise PlanError(
                f"maps.without names {name!r}, which is no region{nearest(name, known)}; known: "
                f"{', '.join(known[:12]) or 'none'}"
            )
    return made


def _made(plan: Plan, cohort: Cohort, sets: FeatureSets | None) -> FeatureSets | None:
    asked = plan.regions
    named = next((n for n in ("labels", "grid", "superpixels") if getattr(asked, n)), "")
    if not named:
        return sets
    if cohort.x.ndim < 3:
        raise PlanError(f"regions.{named} is of images, and x is a table of {cohort.x.shape[1]}")
    if named == "labels":
        if sets is None:
            raise PlanError(
                "regions.labels is a file beside the plan, which ev.run and `evenlight run` read; "
                "here pass sets=FeatureSets.from_label_map(labels, names, shape=x.shape[1:])"
            )
        return sets
    if sets is not None:
        raise PlanError(f"regions are given twice, by regions.{named} and by sets=; leave one out")
    try:
        if asked.superpixels:
            return superpixels(cohort, asked.superpixels)
        return FeatureSets.from_grid(tuple(cohort.x.shape[1:]), asked.grid)
    except InputError as error:
        raise PlanError(f"regions.{named}: {error}") from None
