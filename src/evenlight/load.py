"""From a plan to the model and the cohort that it names; paths stay beside the plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenlight import cohorts
from evenlight.data.archives import check_packed
from evenlight.data.cohort import Cohort
from evenlight.data.feature_list import FeatureList
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes, Groups
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.data.outcome import Survival
from evenlight.data.space import shared_space
from evenlight.data.training import TrainingSummary
from evenlight.errors import FeatureError, InputError, PlanError
from evenlight.modalities.annotated import read_anndata, read_obs
from evenlight.modalities.atlases import named_labels, read_atlas
from evenlight.modalities.image_folders import read_file_rows
from evenlight.modalities.images import read_images
from evenlight.modalities.local_ancestry import read_msp
from evenlight.modalities.tables import frame_of, read_table
from evenlight.models.load import load_table, read_model
from evenlight.models.trust import Trusted, digest_of, trust_of
from evenlight.plan import Plan
from evenlight.plan_parts import ModelPlan
from evenlight.plan_people import AxesPlan, ImagesPlan

MODELS = {
    "warfarin.pharmacogenetic": cohorts.PHARMACOGENETIC,
    "warfarin.clinical": cohorts.CLINICAL,
}
LONGEST = 1024
"""Characters of the name of a file in a plan."""

COHORTS = {"warfarin": cohorts.warfarin}


def load_model(plan: Plan, folder: Path, *, trust: Trusted = None) -> object:
    """The model of a plan.

    Weights with a builder need `trust="import"`, a pickle "sha256:" and its digest; else Refused.
    InputError where `trust` says neither, also for a model that needs none.
    """
    asked = plan.model
    trust_of(trust)
    if asked.builtin:
        if asked.builtin not in MODELS:
            raise PlanError(f"no built-in model {asked.builtin!r}; known: {', '.join(MODELS)}")
        return MODELS[asked.builtin]
    if asked.table:
        return load_table(_same(asked, inside(folder, asked.table)), asked.link or "identity")
    if asked.weights:
        listed = _listed(asked.features, folder)
        file = _same(asked, inside(folder, asked.weights))
        gives = {"gives": asked.gives} if asked.gives else {}  # else the name of an output may tell
        return read_model(
            file, builder=asked.builder, trust=trust, link=asked.link, features=listed, **gives
        )
    raise PlanError("[model] names no model; give builtin, table, or weights")


def _same(asked: ModelPlan, file: Path) -> Path:
    """The file, which must have the digest that the plan names."""
    wanted = (asked.digest or "").removeprefix("sha256:").lower()
    if wanted and file.is_file() and (found := digest_of(file)) != wanted:
        raise PlanError(
            f"{file.name} is another file than the plan names: its sha256 is {found[:12]}..., and "
            f"model.digest {wanted[:12]}...; take the file that was meant, or write its digest"
        )
    return file


def _listed(name: str | None, folder: Path) -> FeatureList | None:
    """The sealed list of features beside the plan; PlanError where it is none, or was changed."""
    if name is None:
        return None
    try:
        return FeatureList.load(inside(folder, name))
    except FeatureError as error:
        raise PlanError(f"model.features: {error}") from None


def load_training(plan: Plan, folder: Path) -> TrainingSummary | None:
    """The summary of training that a plan names; PlanError where the file is none."""
    name = plan.model.training
    if name is None:
        return None
    try:
        return TrainingSummary.load(inside(folder, name))
    except FeatureError as error:
        raise PlanError(f"model.training: {error}") from None


def load_cohort(plan: Plan, folder: Path) -> Cohort:
    """The cohort of a plan."""
    asked = plan.cohort
    if asked.builtin:
        if asked.builtin not in COHORTS:
            raise PlanError(f"no built-in cohort {asked.builtin!r}; known: {', '.join(COHORTS)}")
        return COHORTS[asked.builtin]()
    if not asked.table and not asked.images:
        raise PlanError("[cohort] names no people; give builtin, table or images")
    left = {"builtin", "table", "id", "features", "images", "groups", "time", "layer"}
    roles = asked.model_dump(exclude=left) | {"source": asked.source or ""}
    if asked.time and asked.outcome:
        roles |= {"outcome": Survival(asked.time, asked.outcome), "outcome_kind": "survival"}
    path = inside(folder, asked.table) if asked.table else None
    roles["groups"] = [_grouping(name, plan, path, asked.id) for name in asked.groups]
    roles["axes"] = [_axes(name, plan.axes[name], path, asked.id) for name in plan.axes]
    if asked.images:
        return _with_images(asked.images, path, asked.id, folder, roles)
    assert path is not None
    if asked.annotated:
        layer = None if asked.layer == "X" else asked.layer
        return _placed(read_anndata(path, layer=layer, **roles), plan, folder)
    made = read_table(path, features=asked.features, id=asked.id, **roles)
    return _placed(made, plan, folder)


def _with_images(
    asked: ImagesPlan, path: Path | None, id: str | None, folder: Path, roles: dict[str, Any]
) -> Cohort:
    """People and their images, as the plan says that these are read."""
    source = inside(folder, asked.path, whole=True)
    options = asked.options()
    if asked.template:
        options["template"] = inside(folder, asked.template)
    return read_images(source, path, id=id if path else None, **options, **roles)


def load_sets(plan: Plan, folder: Path, cohort: Cohort) -> FeatureSets | None:
    """The sets of a plan's GMT file over the cohort's variables, or of its label map of regions.

    None where it names neither; a grid and superpixels need no file (`measured.settled_regions`).
    """
    if plan.regions.labels is not None:
        return _regions(plan.regions.labels, plan.regions.names, folder, cohort)
    if plan.sets.gmt is None:
        return None
    return FeatureSets.from_gmt(inside(folder, plan.sets.gmt), cohort.features.variables().names)


def _regions(
    name: str, names: str | Mapping[str, str] | None, folder: Path, cohort: Cohort
) -> FeatureSets:
    """The regions of a label map beside the plan; PlanError where it is none of these images."""
    path = inside(folder, name)
    told: Path | dict[int, str] | None = inside(folder, names) if isinstance(names, str) else None
    if isinstance(names, Mapping):
        told = {int(label): own for label, own in names.items()}
    try:
        if path.name.endswith((".nii", ".nii.gz")):
            return read_atlas(path, told).sets(cohort)
        space = shared_space(cohort.features.space, what=f"the label map {name}")
        read = read_file_rows([path])
        if len(read.channels) != 1:
            raise FeatureError(
                f"{name} has {len(read.channels)} channels ({', '.join(read.channels)}); a label "
                "map has one number at each position: write it as one channel of grey"
            )
        labels = np.asarray(read.x[:])[0, 0]
        if labels.shape != space.shape:
            raise FeatureError(f"{name} is {labels.shape}, the images {space.shape}")
        if not (labels == np.round(labels)).all():
            raise FeatureError(f"{name} holds numbers that are not whole, so they are no labels")
        whole = labels.astype(np.int64)
        return FeatureSets.from_label_map(
            whole, named_labels(whole, told), shape=tuple(cohort.x.shape[1:])
        )
    except InputError as error:
        raise PlanError(f"regions.labels: {error}") from None


def load_local(plan: Plan, folder: Path, cohort: Cohort) -> LocalAncestry | None:
    """The local ancestry of a plan's files, joined by id; None where it names none."""
    asked = plan.local
    if not asked.windows:
        return None
    return read_msp([inside(folder, name) for name in asked.windows], cohort)


def _placed(cohort: Cohort, plan: Plan, folder: Path) -> Cohort:
    """The cohort with chromosome and position of its features, where the plan names their table."""
    if plan.local.sites is None:
        return cohort
    path = inside(folder, plan.local.sites)
    check_packed(path)
    table = pd.read_csv(path, dtype={"feature": str, "chromosome": str})
    lost = [name for name in ("feature", "chromosome", "position") if name not in table]
    if lost:
        raise PlanError(f"local.sites: the table has no column {', '.join(lost)}")
    twice = table["feature"][table["feature"].duplicated()]
    if len(twice):
        raise PlanError(f"local.sites names {len(twice)} features twice, first {twice.iloc[0]!r}")
    own = table.set_index("feature")[["chromosome", "position"]]
    here = [name for name in cohort.features.names if name in own.index]
    if not here:
        raise PlanError(
            f"local.sites names none of the cohort's {len(cohort.features)} features; its column "
            "`feature` holds their names"
        )
    whole = own.reindex(pd.Index(cohort.features.names, dtype=object))
    return cohort.altered(features=replace(cohort.features, table=whole))


def inside(folder: Path, name: str, *, whole: bool = False) -> Path:
    """The path of `name` beside the plan, a file, or with `whole` also a folder.

    PlanError where it leads elsewhere, or is not there.
    """
    if not name or any(ord(letter) < 32 for letter in name) or len(name) > LONGEST:
        raise PlanError(f"{name[:60]!r} is no name of a file beside the plan")
    try:
        root = folder.resolve()
        path = (root / name).resolve()
    except (OSError, RuntimeError, ValueError):  # a name too long, or links in a circle
        raise PlanError(f"{name[:60]!r} is no name of a file beside the plan") from None
    if not path.is_relative_to(root):
        raise PlanError(f"{name!r} leads out of the plan's folder; put the file beside the plan")
    if not (path.is_file() or (whole and path.is_dir())):
        raise PlanError(f"there is no file {'or folder ' * whole}{name!r} beside the plan")
    return path


def _grouping(name: str, plan: Plan, path: Path | None, id: str | None) -> Groups | str:
    """A grouping as the plan describes it; a plain column where it says nothing."""
    asked = plan.groups.get(name)
    if asked is None:
        return name
    labels = _column(path, asked.column, id, kind=str)
    return Groups.from_labels(
        name,
        labels,
        levels=asked.order,
        missing=asked.missing,
        merge=asked.merge,
        source=asked.source,
        reference=asked.reference,
    )


def _axes(name: str, asked: AxesPlan, path: Path | None, id: str | None) -> Axes:
    """Continuous axes as the plan describes them."""
    columns = [_column(path, column, id, kind=float) for column in asked.columns]
    values = np.column_stack([column.to_numpy(dtype=np.float64) for column in columns])
    rows = columns[0].index.astype(str).to_numpy(dtype=np.str_) if id else None
    return Axes(name, values, rows, asked.columns, asked.composition)


def _column(path: Path | None, name: str, id: str | None, *, kind: type) -> pd.Series:
    """A column of the table, indexed by id, as text or numbers."""
    if path is None:
        raise PlanError(f"column {name!r} is read from cohort.table, and the plan names no table")
    try:
        table = _people(path, {name: kind, **({id: str} if id else {})})
    except InputError:
        raise
    except ValueError as error:
        raise PlanError(f"column {name!r} of the table does not hold numbers: {error}") from None
    for asked in (name, id):
        if asked is not None and asked not in table.columns:
            raise PlanError(f"the table has no column {asked!r}")
    return table.set_index(id)[name] if id else table[name]


def _people(path: Path, kinds: Mapping[str, type]) -> pd.DataFrame:
    """The columns of people, those of `kinds` as these; of an annotated matrix its obs."""
    if path.suffix != ".h5ad":
        return frame_of(path, kinds)
    people, _ = read_obs(path)
    for name in kinds.keys() & set(people.columns):
        own = people[name]
        people[name] = own.astype(kinds[name]).where(own.notna())
    return people
