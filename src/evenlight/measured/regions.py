"""Regions of images that a plan names, settled before any compute."""

from __future__ import annotations

from collections.abc import Sequence

from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.space import shared_space
from evenlight.errors import InputError, PlanError
from evenlight.explainers.image_baselines import IMAGES, is_images
from evenlight.measured.rules import map_testing
from evenlight.measures.regions_within import inside_units
from evenlight.measures.superpixels import superpixels
from evenlight.plan import Plan
from evenlight.plan_parts import nearest


def settled_regions(plan: Plan, cohort: Cohort, sets: FeatureSets | None) -> FeatureSets | None:
    """The sets that were given, or the grid or superpixels that the plan asks for.

    Raises PlanError for regions of a table, regions that are given twice or not at all, for names
    in `maps.without` and subjects of questions that no region has, for maps, baselines and
    `regions.within` that cannot be asked of these rows.
    """
    made = _made(plan, cohort, sets)
    _within_asked(plan, cohort, made)
    _maps_asked(plan, cohort)
    _starts(plan.explain.baseline, cohort)
    if cohort.x.ndim > 2 and made is not None:
        _subjects(plan, made.names)
    for name in plan.maps.without:
        known = () if made is None else made.names
        if name not in known:
            raise PlanError(
                f"maps.without names {name!r}, which is no region{nearest(name, known)}; known: "
                f"{', '.join(known[:12]) or 'none'}"
            )
    return made


def _within_asked(plan: Plan, cohort: Cohort, made: FeatureSets | None) -> None:
    """Raise PlanError for columns that do not change from image to image, or have no regions."""
    for name in plan.regions.within:
        if cohort.x.ndim < 3 or made is None:
            raise PlanError(
                f"regions.within = {name!r} is of regions of images, and there are none"
            )
        try:
            inside_units(cohort, name)
        except InputError as error:
            raise PlanError(f"regions.within: {error}") from None


def _maps_asked(plan: Plan, cohort: Cohort) -> None:
    """Raise PlanError where maps are asked that cannot be compared, or not at the level asked."""
    asked = [q.grouping for q in plan.question if q.measure == "map"]
    try:
        for grouping in asked:
            map_testing(plan, grouping)
        if asked or plan.maps.compare:
            what = "maps.compare" if plan.maps.compare else "a question of map"
            shared_space(cohort.features.space, what=what)
    except InputError as error:
        raise PlanError(str(error)) from None


def _subjects(plan: Plan, known: Sequence[str]) -> None:
    """Raise PlanError where a question names a region that there is not."""
    for question in plan.question:
        name, totals = question.subject, ("unsupported_share", "eta_squared")
        measured = (*known, *(totals if question.measure == "reliance" else ()))
        if question.measure != "performance" and name is not None and name not in measured:
            raise PlanError(
                f"subject {name!r} of a question of {question.measure} is no region"
                f"{nearest(name, known)}; known: {', '.join(known[:12])}"
            )


def _starts(word: str, cohort: Cohort) -> None:
    """Raise PlanError for baselines of images where rows are no images."""
    if word in IMAGES and word != "mean" and not is_images(cohort):
        raise PlanError(
            f"explain.baseline = {word!r} is for images (n, c, h, w) or (n, c, d, h, w), and x is "
            f"{tuple(cohort.x.shape)}; say auto, mean or rows"
        )


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
