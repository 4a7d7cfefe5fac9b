"""What the plan names of a cohort, checked before any compute: columns, slices, sets."""

from __future__ import annotations

from collections.abc import Sequence

from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightError, FeatureError, PlanError
from evenlight.measures.conforming import CLASSES, NUMBERS
from evenlight.measures.genotypes_named import named_genotypes
from evenlight.measures.sliced import levels_of
from evenlight.plan_parts import MeasurePlan, ReliancePlan, UncertaintyPlan, nearest

SLICED = ("binary", "continuous")
"""Outcomes of which slices are searched."""


def settled_reliance(asked: ReliancePlan, cohort: Cohort) -> ReliancePlan:
    """The same with columns named where the plan says all, and the competing explanation.

    Raises PlanError for axes, families, columns or a competing explanation that are not there, for
    slices without an outcome that they can be judged by, and slices by the outcome.
    """
    _structure(asked, cohort)
    slices = asked.slices
    if slices is True:
        names = (*(g.name for g in cohort.groups), *cohort.strata, *cohort.covariates)
        slices = tuple(dict.fromkeys(names))
    if slices:
        _sliceable(slices, cohort)
    against = asked.against
    if against is not None:
        _against(asked, cohort)
    elif asked.layers and cohort.strata:
        against = cohort.strata[0]
    return asked.model_copy(update={"slices": slices, "against": against})


def settled_measure(asked: MeasurePlan, cohort: Cohort) -> MeasurePlan:
    """The same with genotype columns named where the plan says all.

    Raises PlanError for columns that are not there, or hold anything else than allele counts.
    """
    if not asked.genotypes:
        return asked
    try:
        named = named_genotypes(cohort, asked.genotypes)
    except FeatureError as error:
        raise PlanError(f"measure.genotypes: {error}") from None
    return asked.model_copy(update={"genotypes": named})


def certain(asked: UncertaintyPlan, cohort: Cohort) -> None:
    """Raise PlanError for levels without an outcome that sets could hold, or another's score."""
    if not asked.levels:
        return
    kind = cohort.outcome_kind
    if kind is None or kind == "survival":
        found = "no outcome" if kind is None else "a survival outcome"
        raise PlanError(
            f"uncertainty.levels asks for sets that hold the outcome, and the cohort has {found}; "
            "name a binary, categorical or continuous one, or leave levels out"
        )
    scores = ("auto", *(NUMBERS[:1] if kind == "continuous" else CLASSES))
    if asked.score not in scores:
        raise PlanError(
            f"uncertainty.score is {asked.score!r}, which is no score of a {kind} outcome; known: "
            f"{', '.join(scores)}"
        )


def _structure(reliance: ReliancePlan, cohort: Cohort) -> None:
    """Axes and families that support is adjusted for must be those of the cohort."""
    columns = [str(column) for column in cohort.people]
    known = [*(axes.name for axes in cohort.axes), *columns]
    for name in reliance.axes:
        if name not in known:
            raise PlanError(
                f"reliance.axes names {name!r}, which is neither axes nor a column of people"
                f"{nearest(name, known)}"
            )
    families = reliance.families
    if families is not None and families not in columns:
        raise PlanError(
            f"reliance.families names {families!r}, which is no column of people"
            f"{nearest(families, columns)}"
        )


def _sliceable(names: Sequence[str], cohort: Cohort) -> None:
    """Columns over which slices are searched must be there, and no name of a person."""
    if cohort.outcome_kind not in SLICED:
        raise PlanError(
            f"reliance.slices needs a {' or '.join(SLICED)} outcome; name one with outcome = "
            '"...", or leave slices out'
        )
    known = [*(g.name for g in cohort.groups), *(str(column) for column in cohort.people)]
    for name in names:
        try:
            levels_of(cohort, [name])
        except EvenlightError as error:
            raise PlanError(f"reliance.slices: {error}{nearest(name, known)}") from None


def _against(asked: ReliancePlan, cohort: Cohort) -> None:
    known = [*(g.name for g in cohort.groups), *(str(column) for column in cohort.people)]
    if not asked.layers:
        raise PlanError("reliance.against is asked of layers; name some with reliance.layers")
    if asked.against not in known:
        raise PlanError(
            f"reliance.against names {asked.against!r}, which is no grouping and no column of "
            f"people{nearest(str(asked.against), known)}"
        )
