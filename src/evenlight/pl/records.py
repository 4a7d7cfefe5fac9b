"""Figures of what was found: differences, their ranking, and reliance. No single person shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from matplotlib.axes import Axes

from evenlight import figures
from evenlight.data.shown import short
from evenlight.errors import InputError
from evenlight.figures.importance import size as importance_size
from evenlight.figures.ink import axis_labels, beside, head
from evenlight.figures.ink import key as legend
from evenlight.figures.keys import reliance_key, verdict_key
from evenlight.figures.ranking import size as ranking_size
from evenlight.measures.comparison import Comparison, View
from evenlight.measures.reliance import Reliance
from evenlight.modalities.annotated_results import ALIKE
from evenlight.pl.given import KEY, Asked, comparison_of, contrast_of, known, reliance_of
from evenlight.pl.shown import axes, colours_of, done


def volcano(
    data: Any,
    groupby: str | None = None,
    *,
    contrast: tuple[str, str] | None = None,
    view: str = "signed",
    given: str = "nothing",
    label: int = 6,
    cell_type: str | None = None,
    gene_symbols: str | None = None,
    key: str = KEY,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Difference between two groups, SD of the output, against its adjusted p; a mark a feature.

    Parameters
    ----------
    data
        an AnnData after `ev.tl.compare`, or a Comparison.
    groupby
        the column that was compared; may be left out where only one was.
    contrast
        (level, reference); may be left out where there is one.
    view, given
        *signed* or *magnitude* (|attribution|); *nothing*, or *outcome*: at the same outcome.
    label
        how many features carry their name at most: those told to differ first, then those below the
        line of p, then those beyond the margin, each with the smallest p first.
    cell_type
        the comparison that `ev.tl.compare` made with it; without, the plain one.
    gene_symbols
        a column of `adata.var` whose names are shown in place of those that the model knows.

    The key says what marks and band are: they are those of the verdicts.
    """
    record = comparison_of(data, Asked(groupby, cell_type, key, gene_symbols))
    pair, v = contrast_of(record, contrast), record.view(view, given)
    ax = figures.volcano(record, pair, v, label=label, ax=axes(ax, 460, 330))
    axis_labels(ax, difference_of(record.views[v]), ax.get_ylabel())
    verdict_key(ax, record.verdict[v, record.contrast(*pair)], record.margin)
    at_shares(ax, cell_type)
    return done(ax, show, save)


def ranking(
    data: Any,
    groupby: str | None = None,
    *,
    by: Literal["difference", "importance", "reliance"] | None = None,
    contrast: tuple[str, str] | None = None,
    view: str = "signed",
    given: str = "nothing",
    top: int = 20,
    cell_type: str | None = None,
    gene_symbols: str | None = None,
    key: str = KEY,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """The `top` features in their order, with intervals.

    By *difference* between two groups (simultaneous intervals, SD of the output, the margin as a
    band), *importance* (mean |attribution| of each group, pointwise 95 % limits), or *reliance*
    (share of the output's variance between groups, simultaneous intervals). `data` is an AnnData
    after `ev.tl.compare` or `ev.tl.rely`, a Comparison or a Reliance; `groupby`, `contrast`,
    `view`, `given`, `cell_type` and `gene_symbols` as in `volcano`.
    """
    told = by or ("reliance" if isinstance(data, Reliance) else "difference")
    known(told, ("difference", "importance", "reliance"), "order of a ranking")
    if top < 1:
        raise InputError(f"top is {top}; wanted 1 or more")
    asked = Asked(groupby, cell_type, key, gene_symbols)
    if told == "reliance":
        relied = reliance_of(data, asked)
        made = _shares(relied, relied.condition(given), top=min(top, len(relied.subjects)), ax=ax)
        return done(at_shares(made, cell_type), show, save)
    record = comparison_of(data, asked)
    some = min(top, len(record.subjects))
    if told == "importance":
        colours = colours_of(data, record.grouping, record.levels)
        room = axes(ax, *importance_size(some, len(record.levels)))
        made = figures.importance(record, top, colours=colours, ax=room)
        legend(beside(made), record.levels, colours)
        return done(at_shares(made, cell_type), show, save)
    made = _differences(record, contrast, (view, given), top=some, ax=ax)
    return done(at_shares(made, cell_type), show, save)


def reliance(
    data: Any,
    groupby: str | None = None,
    *,
    label: int = 12,
    cell_type: str | None = None,
    gene_symbols: str | None = None,
    key: str = KEY,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """What tells the group (x) against what the model uses (y), a mark a feature.

    `data` is an AnnData after `ev.tl.rely`, or a Reliance. y is the share of mean |attribution|, x
    how far the feature's own values tell the group. `cell_type` and `gene_symbols` as in `volcano`.
    """
    record = reliance_of(data, Asked(groupby, cell_type, key, gene_symbols))
    made = figures.reliance_scatter(record, label=label, ax=axes(ax, 760, 400))
    reliance_key(made)
    return done(at_shares(made, cell_type), show, save)


def at_shares(ax: Axes, cell_type: str | None) -> Axes:
    """The same axes; where cell types weigh alike in what they show, that of x says so."""
    if cell_type is not None:
        told = f"{ax.get_xlabel()}\n{ALIKE.strip()} {short(cell_type, 40)}"
        ax.set_xlabel(told.strip(), parse_math=False)
    return ax


def difference_of(view: View) -> str:
    """The name of an axis on which differences of a view stand."""
    what = {"magnitude": " of |attribution|", "use": " of use"}.get(view.name, "")
    given = "" if view.given == "nothing" else f" given the {view.given}"
    scale = "" if view.scale == "margin" else f" ({view.scale})"
    return f"difference{what}{given}, SD of the output{scale}"


def _differences(
    record: Comparison,
    contrast: tuple[str, str] | None,
    view: tuple[str, str],
    *,
    top: int,
    ax: Axes | None,
) -> Axes:
    pair, v = contrast_of(record, contrast), record.view(*view)
    made = figures.ranking(record, pair, v, top=top, ax=axes(ax, *ranking_size(top)))
    head(made, f"{pair[0]} \N{MINUS SIGN} {pair[1]}")
    axis_labels(made, difference_of(record.views[v]))
    verdict_key(made, record.verdict[v, record.contrast(*pair)], record.margin)
    return made


def _shares(record: Reliance, given: int, *, top: int, ax: Axes | None) -> Axes:
    made = figures.ranked_reliance(record, given, top=top, ax=axes(ax, *ranking_size(top)))
    verdict_key(made, record.verdict[given])
    return made
