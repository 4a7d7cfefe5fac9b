"""What the plan asks about reliance, checked against the cohort before any compute."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightError, PlanError
from evenlight.measures.sliced import levels_of
from evenlight.plan_parts import ReliancePlan

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


def nearest(name: str, known: Sequence[str]) -> str:
    """The end of an error message: the known name that is nearest, or nothing.

    >>> nearest("polcy", ["policy", "report"])
    "; did you mean 'policy'?"
    """
    bare = {k.casefold(): k for k in known}
    near = get_close_matches(name.casefold(), list(bare), n=1, cutoff=0.4)
    return f"; did you mean {bare[near[0]]!r}?" if near else ""


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
