"""Figures in which single people show: for a notebook, never for a report."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from matplotlib.axes import Axes

from evenlight import figures
from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.units import unit_codes
from evenlight.errors import InputError, UnknownName
from evenlight.figures.beeswarm import size as beeswarm_size
from evenlight.figures.ink import axis_labels, beside, look
from evenlight.figures.ink import key as legend
from evenlight.figures.person import size as person_size
from evenlight.measures.dependence import Dependence
from evenlight.measures.people import depend
from evenlight.measures.prepare import own_states, own_values
from evenlight.pl.given import KEY, attributed, grouping_of, is_adata, known
from evenlight.pl.shown import axes, colours_of, done, marked
from evenlight.stats.effects import unit_means

_Points: TypeAlias = tuple[Float, Float, Int]

MOST = 3000
"""People that are drawn at most, evenly by the order of their ids: more only hide each other."""


def beeswarm(
    data: Any,
    groupby: str | None = None,
    *,
    cohort: Cohort | None = None,
    top: int = 12,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Attribution of each person for the `top` features, a point each: people's data.

    A point is a unit of the cohort (donor, person): the mean over its rows. Points are shaded by
    the feature's own value, or, with `groupby`, stand in a lane a group with its colour and mark.
    Features are in the order of mean |attribution| over units. Above 3,000 units, 3,000 are drawn.

    `data` is an AnnData after `ev.tl.explain` (in another session, `rows` is the folder of
    `keep_rows=`), or Attributions with `cohort`. For a notebook: single people show.
    """
    made, here = attributed(data, cohort, key, rows)
    if top < 1:
        raise InputError(f"top is {top}; wanted 1 or more")
    each = _units(np.asarray(made.values), here)
    chosen = np.argsort(-np.abs(each).mean(axis=0), kind="stable")[:top]
    names = [made.features.names[j] for j in chosen]
    at = _drawn(len(each))
    if groupby is None:
        room = axes(ax, *beeswarm_size(len(names)))
        own = _own(here, names)[at]
        plot = figures.beeswarm(each[np.ix_(at, chosen)], names, own=own, ax=room)
    else:
        groups = grouping_of(here, groupby)
        codes = unit_codes(groups.codes, here.units)[at]
        look_of = codes, groups.levels, colours_of(data, groups.name, groups.levels)
        room = axes(ax, *beeswarm_size(len(names), len(groups.levels)))
        plot = figures.beeswarm(each[np.ix_(at, chosen)], names, groups=look_of, ax=room)
    axis_labels(plot, f"attribution, {_scale(made, here)}; {_points(here, len(at))}")
    return done(plot, show, save)


def person(
    data: Any,
    who: object,
    *,
    cohort: Cohort | None = None,
    top: int = 9,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """How the output of one person comes about, from the base, feature by feature: a waterfall.

    `who` is the id of a unit (donor, person), whose rows are averaged, or of a row. The `top`
    largest contributions have a bar each, all others one together; base and bars add up to the
    output, but for the explainer's error. `data`, `cohort` and `rows` as in `beeswarm`.

    For a notebook: it shows one person, says so across the picture, and no report ever holds it.
    """
    made, here = attributed(data, cohort, key, rows)
    at = whose(here, str(who))
    parts = np.asarray(made.values[at], dtype=np.float64).mean(axis=0)
    order = np.argsort(-np.abs(parts), kind="stable")
    names = [made.features.names[j] for j in order[:top]]
    shown = parts[order[:top]]
    if len(order) > top:
        names.append(f"{len(order) - top:,} others")
        shown = np.append(shown, parts[order[top:]].sum())
    plot = figures.waterfall(
        names, shown, base=float(made.base[at].mean()), output=float(made.output[at].mean()),
        scale=f"output, {_scale(made, here)}", ax=axes(ax, *person_size(len(names))),
    )  # fmt: skip
    return done(marked(plot), show, save)


def dependence(
    data: Any,
    feature: str | None = None,
    groupby: str | None = None,
    *,
    cohort: Cohort | None = None,
    points: bool = True,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Attribution of a feature against its own value: mean and 95 % band by group, over points.

    Above stands how each group's values are spread. The points are the units (donors, people), for
    a notebook only; `points=False` leaves them out, and so does a Dependence as `data`. Otherwise
    `data`, `cohort` and `rows` are those of `beeswarm`.
    """
    if isinstance(data, Dependence):
        known(feature or data.subject, [data.subject], "subject of this record")
        return done(_curves(data, None, axes(ax, 460, 360), data), show, save)
    made, here = attributed(data, cohort, key, rows)
    if feature is None:
        raise InputError(f"name a feature, such as {made.features.names[0]!r}")
    subject = known(feature, made.features.names, "feature")
    groups = grouping_of(here, groupby)
    record = depend(made, here, by=groups.name, subject=subject)
    cloud = _cloud(made, here, groups, subject) if points else None
    plot = _curves(record, cloud, axes(ax, 460, 360), data)
    axis_labels(plot, plot.get_xlabel(), f"attribution, {_scale(made, here)}")
    return done(plot, show, save)


def embedding(
    data: Any,
    basis: str = "umap",
    *,
    color: str | None = None,
    cohort: Cohort | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Rows in the first two dimensions of an embedding, by group or by attribution.

    Parameters
    ----------
    data
        an AnnData after `ev.tl.explain`, or Attributions with `cohort`.
    basis
        an entry of `obsm`, with or without "X_"; of a cohort, one of its axes.
    color
        a feature (its attribution), a grouping or column of people, or "output" (base and all
        attributions together); by default the cohort's only grouping.

    Shades run from dark to light, with 0 in the middle. For a notebook: single people show.
    """
    made, here = attributed(data, cohort, key, rows)
    places, stem = _places(data, here, basis)
    names = (f"{stem}1", f"{stem}2")
    columns = [str(c) for c in here.people.columns]
    known(color or "output", ["output", *made.features.names, *columns], "feature or column")
    if color == "output" or color in made.features.place:
        values = made.total() if color == "output" else _of(made, str(color))
        what = "output" if color == "output" else f"attribution of {color}"
        plot = figures.embedded_values(
            places,
            values,
            label=f"{what}, {_scale(made, here)}",
            names=names,
            ax=axes(ax, 460, 400),
        )
    else:
        groups = _coloured(here, color)
        colours = colours_of(data, groups.name, groups.levels)
        plot = figures.embedded_groups(
            places, groups.codes, groups.levels, names=names, colours=colours,
            ax=axes(ax, 460, 400),
        )  # fmt: skip
    return done(plot, show, save)


def _coloured(here: Cohort, color: str | None) -> Groups:
    """A grouping of the cohort, or any column of people as one, whole units or not."""
    if color is None or color in [g.name for g in here.groups]:
        return grouping_of(here, color)
    return Groups.from_labels(color, here.people[color])


def _curves(record: Dependence, cloud: _Points | None, ax: Axes, data: Any) -> Axes:
    colours = colours_of(data, record.grouping, record.levels)
    figures.dependence(record, colours=colours, ax=ax)
    if cloud is not None:
        x, y, codes = cloud
        for k in range(len(record.levels)):
            style = look(k, colours)
            ax.scatter(
                x[codes == k], y[codes == k], s=7, color=style["color"], marker=style["marker"],
                alpha=0.25, linewidths=0, zorder=1, rasterized=len(x) > 500,
            )  # fmt: skip
    legend(beside(ax), record.levels, colours)
    return ax


def _cloud(made: Attributions, here: Cohort, groups: Groups, subject: str) -> _Points:
    """Own value (u,), attribution (u,) and group of each unit; states of a variable are numbers."""
    states = own_states(here, subject)
    found = own_values(here, subject) if states is None else states[0].astype(np.float64)
    y = _units(_of(made, subject), here)
    x = y if found is None else _units(found, here)
    at = _drawn(len(x))
    return x[at], y[at], unit_codes(groups.codes, here.units)[at]


def _drawn(units: int) -> Int:
    """The places (m,) of at most `MOST` units, evenly over all."""
    at: Int = np.unique(np.linspace(0, units - 1, min(MOST, units)).astype(np.int64))
    return at


def _units(values: Float, here: Cohort) -> Float:
    """Means (u, ...) over the rows of each unit."""
    return unit_means(values.astype(np.float64), here.units, here.order)


def _own(here: Cohort, names: list[str]) -> Float:
    """Own values (u, m) of features; NaN where one has states, or is a set."""
    found = [own_values(here, name) for name in names]
    gone = np.full(here.n, np.nan)
    return _units(np.stack([gone if v is None else v for v in found], axis=1), here)


def _scale(made: Attributions, here: Cohort) -> str:
    """The unit of the attributions, for the name of an axis: of the event or outcome, by name."""
    event = here.outcome_kind == "binary" and made.target in ("1", "1.0", "True", here.event)
    name = (here.event or here.outcome) if event else None
    return f"{made.scale} of {name if isinstance(name, str) else repr(made.target)}"


def _points(here: Cohort, drawn: int) -> str:
    """What a point is, for the name of an axis."""
    unit = here.unit if here.unit not in (None, "row") else "row"
    return f"a point a {unit}" + (f" ({drawn:,} of {here.u:,})" if drawn < here.u else "")


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


def _of(made: Attributions, feature: str) -> Float:
    values: Float = np.asarray(made.values[:, made.features.place[feature]], dtype=np.float64)
    return values


def _places(data: Any, here: Cohort, basis: str) -> tuple[Float, str]:
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
