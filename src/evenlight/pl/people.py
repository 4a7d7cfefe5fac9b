"""Figures of how people lie: bins of many; single people only where `individuals=True` says so."""

from __future__ import annotations

from dataclasses import replace
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
from evenlight.errors import InputError
from evenlight.figures.beeswarm import size as beeswarm_size
from evenlight.figures.ink import axis_labels, beside, look
from evenlight.figures.ink import key as legend
from evenlight.figures.person import size as person_size
from evenlight.measures.dependence import Dependence
from evenlight.measures.people import depend
from evenlight.measures.prepare import own_states, own_values
from evenlight.pl.binned import cells_of, strips_of
from evenlight.pl.given import KEY, attributed, grouping_of, known, own_name, shown_names
from evenlight.pl.shown import SEVERAL, axes, colours_of, done, marked, needed
from evenlight.pl.units import (
    bins_told,
    drawn,
    one_of,
    own_of,
    places_of,
    points_told,
    scale_of,
    units_of,
    whose,
)

_Points: TypeAlias = tuple[Float, Float, Int]


def beeswarm(
    data: Any,
    groupby: str | None = None,
    *,
    cohort: Cohort | None = None,
    top: int = 12,
    individuals: bool = False,
    gene_symbols: str | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """How attributions of people lie, for the `top` features: bins of many, a row a feature.

    What is counted is a unit of the cohort (donor, person): the mean over its rows. Bars are shaded
    by the feature's own value, or, with `groupby`, stand in a lane a group with its colour. A bin
    of fewer people than may be told of is not drawn. Features are in the order of mean
    |attribution| over units.

    `data` is an AnnData after `ev.tl.explain` (in another session, `rows` is the folder of
    `keep_rows=`), or Attributions with `cohort`. With `individuals=True` a point is drawn for each
    unit (above 3,000 for 3,000 of them), and a watermark: people's data, for a notebook.
    `gene_symbols` is a column of `adata.var` whose names are shown in place of those that the model
    knows.
    """
    made, here = attributed(data, cohort, key, rows)
    told = shown_names(data, key, gene_symbols)
    if top < 1:
        raise InputError(f"top is {top}; wanted 1 or more")
    each = units_of(np.asarray(made.values), here)
    chosen = np.argsort(-np.abs(each).mean(axis=0), kind="stable")[:top]
    names = [made.features.names[j] for j in chosen]
    at, each = drawn(len(each)), each[:, chosen]
    groups = None if groupby is None else grouping_of(here, groupby)
    room = axes(ax, *beeswarm_size(len(names), 1 if groups is None else len(groups.levels)))
    own = own_of(here, names) if groups is None else None
    names = [told.get(name, name) for name in names]
    if not individuals:
        plot = _binned(each, names, own=own, groups=groups, here=here, data=data, ax=room)
        axis_labels(plot, f"attribution, {scale_of(made, here)}; {bins_told(here)}")
        return done(plot, show, save)
    look_of = None
    if groups is not None:
        codes = unit_codes(groups.codes, here.units)[at]
        look_of = codes, groups.levels, colours_of(data, groups.name, groups.levels)
    own = None if own is None else own[at]
    plot = figures.beeswarm(each[at], names, own=own, groups=look_of, ax=room)
    axis_labels(plot, f"attribution, {scale_of(made, here)}; {points_told(here, len(at))}")
    return done(marked(plot, SEVERAL), show, save)


def person(
    data: Any,
    who: object,
    *,
    cohort: Cohort | None = None,
    top: int = 9,
    individuals: bool = False,
    gene_symbols: str | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """How the output of one person comes about, from the base, feature by feature: a waterfall.

    `who` is the id of a unit (donor, person), whose rows are averaged, or of a row. The `top`
    largest contributions have a bar each, all others one together; base and bars add up to the
    output, but for the explainer's error. `data`, `cohort`, `gene_symbols` and `rows` as in
    `beeswarm`.

    It shows one person, so it needs `individuals=True`, says so across the picture, and no report
    ever holds it.
    """
    needed(individuals)
    made, here = attributed(data, cohort, key, rows)
    at = whose(here, str(who))
    parts = np.asarray(made.values[at], dtype=np.float64).mean(axis=0)
    order = np.argsort(-np.abs(parts), kind="stable")
    told = shown_names(data, key, gene_symbols)
    names = [told.get(name, name) for name in (made.features.names[j] for j in order[:top])]
    shown = parts[order[:top]]
    if len(order) > top:
        names.append(f"{len(order) - top:,} others")
        shown = np.append(shown, parts[order[top:]].sum())
    plot = figures.waterfall(
        names, shown, base=float(made.base[at].mean()), output=float(made.output[at].mean()),
        scale=f"output, {scale_of(made, here)}", ax=axes(ax, *person_size(len(names))),
    )  # fmt: skip
    return done(marked(plot), show, save)


def dependence(
    data: Any,
    feature: str | None = None,
    groupby: str | None = None,
    *,
    cohort: Cohort | None = None,
    individuals: bool = False,
    gene_symbols: str | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Attribution of a feature against its own value: mean and 95 % band by group, in bins of many.

    Above stands how each group's values are spread. With `individuals=True` a point is drawn for
    each unit (donor, person) below, and a watermark: people's data, for a notebook. `data` may be a
    Dependence, which has no points; otherwise `data`, `cohort`, `gene_symbols` and `rows` are those
    of `beeswarm`, and `feature` may be the name that is shown.
    """
    told = shown_names(data, key, gene_symbols)
    if isinstance(data, Dependence):
        known(feature or data.subject, [data.subject], "subject of this record")
        return done(_curves(data, None, axes(ax, 460, 360), data), show, save)
    made, here = attributed(data, cohort, key, rows)
    if feature is None:
        raise InputError(f"name a feature, such as {made.features.names[0]!r}")
    subject = known(own_name(feature, told), made.features.names, "feature")
    groups = grouping_of(here, groupby)
    record = depend(made, here, by=groups.name, subject=subject)
    cloud = _cloud(made, here, groups, subject) if individuals else None
    record = replace(record, subject=told.get(subject, subject))
    plot = _curves(record, cloud, axes(ax, 460, 360), data)
    axis_labels(plot, plot.get_xlabel(), f"attribution, {scale_of(made, here)}")
    return done(marked(plot, SEVERAL) if individuals else plot, show, save)


def embedding(
    data: Any,
    basis: str = "umap",
    *,
    color: str | None = None,
    cohort: Cohort | None = None,
    individuals: bool = False,
    gene_symbols: str | None = None,
    key: str = KEY,
    rows: str | Path | None = None,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """How rows lie in the first two dimensions of an embedding, by group or by attribution.

    Parameters
    ----------
    data
        an AnnData after `ev.tl.explain`, or Attributions with `cohort`.
    basis
        an entry of `obsm`, with or without "X_"; of a cohort, one of its axes.
    color
        a feature (its attribution), a grouping or column of people, or "output" (base and all
        attributions together); by default the cohort's only grouping.
    gene_symbols
        a column of `adata.var` by whose names features are shown, and may be named in `color`.
    individuals
        draw every row, and a watermark: people's data, for a notebook. Otherwise cells of a grid
        that hold as many units (donors, people) as may be told of.

    Shades run from dark to light, with 0 in the middle.
    """
    made, here = attributed(data, cohort, key, rows)
    told = shown_names(data, key, gene_symbols)
    color = own_name(color, told)
    places, stem = places_of(data, here, basis)
    names = (f"{stem}1", f"{stem}2")
    columns = [str(c) for c in here.people.columns]
    known(color or "output", ["output", *made.features.names, *columns], "feature or column")
    room = axes(ax, 460, 400)
    if color == "output" or color in made.features.place:
        values = made.total() if color == "output" else one_of(made, str(color))
        what = "output" if color == "output" else f"attribution of {told.get(str(color), color)}"
        label = f"{what}, {scale_of(made, here)}"
        if individuals:
            plot = figures.embedded_values(places, values, label=label, names=names, ax=room)
        else:
            cells = cells_of(places, here.units, 0 * here.units, 1, value=values)
            plot = figures.cells_of_values(cells, label=label, names=names, ax=room)
    else:
        groups = _coloured(here, color)
        own: dict[str, Any] = {
            "names": names,
            "colours": colours_of(data, groups.name, groups.levels),
            "ax": room,
        }
        if individuals:
            plot = figures.embedded_groups(places, groups.codes, groups.levels, **own)
        else:
            cells = cells_of(places, here.units, groups.codes, len(groups.levels))
            plot = figures.cells_of_groups(cells, groups.levels, **own)
    return done(marked(plot, SEVERAL) if individuals else plot, show, save)


def _coloured(here: Cohort, color: str | None) -> Groups:
    """A grouping of the cohort, or any column of people as one, whole units or not."""
    if color is None or color in [g.name for g in here.groups]:
        return grouping_of(here, color)
    return Groups.from_labels(color, here.people[color])


def _binned(
    each: Float, names: list[str], *, own: Float | None, groups: Groups | None, here: Cohort,
    data: Any, ax: Axes,
) -> Axes:  # fmt: skip
    """Rows of bins, shaded by own values, or in lanes by group."""
    if groups is None:
        return figures.strips(strips_of(each, own=own), names, ax=ax)
    codes = unit_codes(groups.codes, here.units)
    found = strips_of(each, groups=(codes, len(groups.levels)))
    colours = colours_of(data, groups.name, groups.levels)
    return figures.strips(found, names, groups=(groups.levels, colours), ax=ax)


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
    y = units_of(one_of(made, subject), here)
    x = y if found is None else units_of(found, here)
    at = drawn(len(x))
    return x[at], y[at], unit_codes(groups.codes, here.units)[at]
