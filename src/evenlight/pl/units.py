"""What of a cohort is drawn: its units, where they lie, and what a mark or a bar is called."""

from __future__ import annotations

from typing import Any

import numpy as np

from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError, UnknownName
from evenlight.measures.prepare import own_values
from evenlight.pl.given import is_adata, known
from evenlight.small_groups import least_shown
from evenlight.stats.effects import unit_means

MOST = 3000
"""People that are drawn at most, evenly by the order of their ids: more only hide each other."""


def drawn(units: int) -> Int:
    """The places (m,) of at most `MOST` units, evenly over all."""
    at: Int = np.unique(np.linspace(0, units - 1, min(MOST, units)).astype(np.int64))
    return at


def units_of(values: Float, here: Cohort) -> Float:
    """Means (u, ...) over the rows of each unit."""
    return unit_means(values.astype(np.float64), here.units, here.order)


def own_of(here: Cohort, names: list[str]) -> Float:
    """Own values (u, m) of features; NaN where one has states, or is a set."""
    found = [own_values(here, name) for name in names]
    gone = np.full(here.n, np.nan)
    return units_of(np.stack([gone if v is None else v for v in found], axis=1), here)


def scale_of(made: Attributions, here: Cohort) -> str:
    """The unit of the attributions, for the name of an axis: of the event or outcome, by name."""
    event = here.outcome_kind == "binary" and made.target in ("1", "1.0", "True", here.event)
    name = (here.event or here.outcome) if event else None
    return f"{made.scale} of {name if isinstance(name, str) else repr(made.target)}"


def points_told(here: Cohort, drawn: int) -> str:
    """What a point is, for the name of an axis."""
    unit = here.unit if here.unit not in (None, "row") else "row"
    return f"a point a {unit}" + (f" ({drawn:,} of {here.u:,})" if drawn < here.u else "")


def bins_told(here: Cohort) -> str:
    """What a bar is, for the name of an axis."""
    unit = here.unit if here.unit not in (None, "row") else "row"
    return f"bars of {least_shown()} {unit}s or more"


def whose(here: Cohort, who: str) -> Int:
    """Rows of a unit, or the one row of that id; no id of anybody else is told."""
    named = here.unit not in (None, "row")
    if named:
        at = np.flatnonzero((here.people[here.unit].astype(str) == who).to_numpy())
        if at.size:
            return at
    at = np.flatnonzero(here.rows == who)
    if not at.size:
        what = f"{here.u:,} values of {here.unit!r} or the " if named else ""
        raise UnknownName(f"{who!r} is not among the {what}{here.n:,} row ids of the cohort")
    return at


def one_of(made: Attributions, feature: str) -> Float:
    """Attributions (n,) of one feature."""
    values: Float = np.asarray(made.values[:, made.features.place[feature]], dtype=np.float64)
    return values


def places_of(data: Any, here: Cohort, basis: str) -> tuple[Float, str]:
    """Two coordinates a row (n, 2) in the cohort's order, and what they are called."""
    bare = basis.removeprefix("X_")
    if is_adata(data):
        entries = {str(name).removeprefix("X_"): name for name in data.obsm}
        held = data.obsm[entries[known(bare, list(entries), "entry of obsm")]]
        index = data.obs.index.astype(str).get_indexer(here.rows)
        values = np.asarray(held, dtype=np.float64)[index]
    else:
        axes_by = {a.name.removeprefix("X_"): a for a in here.axes}
        values = axes_by[known(bare, list(axes_by), "axes of the cohort")].values
    if values.ndim != 2 or values.shape[1] < 2:
        raise InputError(f"{basis} has shape {values.shape}; a plane needs two dimensions")
    return values[:, :2], {"umap": "UMAP", "pca": "PC", "tsne": "tSNE"}.get(bare, f"{bare} ")
