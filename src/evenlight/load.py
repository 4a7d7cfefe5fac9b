"""From a plan to the model and the cohort that it names; paths stay beside the plan."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import pandas as pd

from evenlight import cohorts
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.errors import PlanError
from evenlight.modalities.tables import read_table
from evenlight.models.adapt import adapt
from evenlight.models.load import load_network, load_table
from evenlight.plan import GroupPlan, Plan

MODELS = {
    "warfarin.pharmacogenetic": cohorts.PHARMACOGENETIC,
    "warfarin.clinical": cohorts.CLINICAL,
}
COHORTS = {"warfarin": cohorts.warfarin}


def load_model(plan: Plan, folder: Path, *, trust: str | None = None) -> object:
    """The model of a plan; weights with a builder need `trust="import"`, else Refused."""
    asked = plan.model
    if asked.builtin:
        if asked.builtin not in MODELS:
            raise PlanError(f"no built-in model {asked.builtin!r}; known: {', '.join(MODELS)}")
        return MODELS[asked.builtin]
    if asked.table:
        return load_table(inside(folder, asked.table), asked.link or "identity")
    if asked.weights and asked.builder:
        path = inside(folder, asked.weights)
        return adapt(load_network(path, builder=asked.builder, trust=trust), link=asked.link)
    raise PlanError("[model] names no model; give builtin, table, or weights with builder")


def load_cohort(plan: Plan, folder: Path) -> Cohort:
    """The cohort of a plan."""
    asked = plan.cohort
    if asked.builtin:
        if asked.builtin not in COHORTS:
            raise PlanError(f"no built-in cohort {asked.builtin!r}; known: {', '.join(COHORTS)}")
        return COHORTS[asked.builtin]()
    if not asked.table:
        raise PlanError("[cohort] names no people; give builtin or table")
    path = inside(folder, asked.table)
    roles = asked.model_dump(exclude={"builtin", "table", "id", "features", "groups"})
    groups = [_grouping(name, plan, path, asked.id) for name in asked.groups]
    return read_table(path, features=asked.features, id=asked.id, groups=groups, **roles)


def inside(folder: Path, name: str) -> Path:
    """The path of `name` beside the plan; PlanError where it leads elsewhere."""
    root = folder.resolve()
    path = (root / name).resolve()
    if not path.is_relative_to(root):
        raise PlanError(f"{name!r} leads out of the plan's folder; put the file beside the plan")
    if not path.is_file():
        raise PlanError(f"there is no file {name!r} beside the plan")
    return path


def _grouping(name: str, plan: Plan, path: Path, id: str | None) -> Groups | str:
    """A grouping as the plan describes it; a plain column where it says nothing."""
    asked = plan.groups.get(name)
    if asked is None:
        return name
    labels = _labels(path, asked, id)
    return Groups.from_labels(
        name,
        labels,
        levels=asked.order,
        missing=asked.missing,
        merge=asked.merge,
        source=asked.source,
        reference=asked.reference,
    )


def _labels(path: Path, asked: GroupPlan, id: str | None) -> pd.Series:
    kinds: dict[Hashable, type[str]] = {asked.column: str}
    if id:
        kinds[id] = str
    table = pd.read_csv(path, dtype=kinds)
    if asked.column not in table.columns:
        raise PlanError(f"the table has no column {asked.column!r} for a grouping")
    return table.set_index(id)[asked.column] if id else table[asked.column]
