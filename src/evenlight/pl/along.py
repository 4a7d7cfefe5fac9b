"""What was found of variants along the chromosomes. Means over people: no single person shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from evenlight import figures
from evenlight.arrays import Float, Int
from evenlight.data.attributions import Attributions
from evenlight.data.chromosomes import chromosome
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import AttributionError, FeatureError, InputError
from evenlight.figures.locus import Places
from evenlight.measures.comparison import Comparison
from evenlight.measures.reliance import Reliance
from evenlight.modalities import annotated_results as results
from evenlight.modalities.sites import region as bounds
from evenlight.pl.given import (
    KEY,
    Asked,
    attributed,
    comparison_of,
    contrast_of,
    is_adata,
    known,
    reliance_of,
    shown_names,
)
from evenlight.pl.records import at_shares, difference_of
from evenlight.pl.shown import axes, colours_of, done
from evenlight.small_groups import least_shown
from evenlight.stats.effects import unit_means

KINDS = ("attribution", "importance", "difference", "reliance")


def locus(
    data: Any,
    region: str | None = None,
    groupby: str | None = None,
    *,
    of: Literal["attribution", "importance", "difference", "reliance"] | None = None,
    contrast: tuple[str, str] | None = None,
    features: Features | pd.DataFrame | None = None,
    cohort: Cohort | None = None,
    label: int = 6,
    cell_type: str | None = None,
    gene_symbols: str | None = None,
    key: str = KEY,
    ax: Axes | None = None,
    show: bool | None = None,
    save: str | Path | None = None,
) -> Axes | None:
    """Attribution along the chromosome, a stem a variant (or gene) at its position.

    Parameters
    ----------
    data
        an AnnData after `ev.tl.explain`; Attributions with `cohort`; a Comparison or a Reliance.
    region
        "22:100-200" or "22"; by default all chromosomes side by side.
    of
        *attribution* (mean |attribution| over all units), *importance* (the same by group),
        *difference* between two groups (SD of the output), *reliance* (share of its variance).
        By default what the record holds, and *attribution* for an AnnData.
    features
        the table of variants, by name, with `chromosome` and `position` (1-based bases), and
        `build` where it is known; by default that of the cohort, or `adata.var`.
    cell_type
        the comparison or reliance that `ev.tl` made with it; without, the plain one.
    gene_symbols
        a column of `adata.var` whose names are shown in place of those that the model knows.

    Raises FeatureError where there is no such table, and where the region holds no variant. All
    heights are means over 11 units or more.
    """
    told = shown_names(data, key, gene_symbols)
    kinds = {Comparison: "difference", Reliance: "reliance"}
    kind = known(of or kinds.get(type(data), "attribution"), KINDS, "measure along a chromosome")
    names, values, measure, levels, grouping = _heights(
        data, kind, Asked(groupby, cell_type, key), (contrast, cohort)
    )
    places = places_of(names, _table(data, features, cohort, key))
    places = replace(places, names=tuple(told.get(name, name) for name in names))
    at = np.arange(len(names)) if region is None else inside(places, region)
    shown = places.take(at)
    plot = figures.locus(
        shown, values[:, at], measure=measure, levels=levels, label=label, ax=axes(ax, 760, 300),
        colours=colours_of(data, grouping, levels or ("all",)),
    )  # fmt: skip
    return done(at_shares(plot, cell_type), show, save)


_Heights: TypeAlias = tuple[Sequence[str], Float, str, Sequence[str], str]
"""Names (p,), values (k, p), the measure in words, the groups, and what groups them."""

_Own: TypeAlias = tuple[tuple[str, str] | None, Cohort | None]


def _heights(data: Any, kind: str, asked: Asked, own: _Own) -> _Heights:
    contrast, cohort = own
    if kind == "attribution" and asked.cell_type is None:
        return _sizes(data, cohort, asked.key)
    if kind == "attribution":
        raise InputError(
            "cell_type= is of comparisons and reliances; the mean |attribution| that adata keeps "
            'is over all cells: name of="importance", "difference" or "reliance"'
        )
    if kind == "reliance":
        relied = reliance_of(data, asked)
        g = relied.strictest or 0
        told = "" if relied.given[g] == "nothing" else f", given {relied.given[g]}"
        words = f"share of the output's variance{told}"
        return relied.subjects, relied.share[g][None], words, (), relied.grouping
    record = comparison_of(data, asked)
    if kind == "importance":
        words = "mean |attribution|, margin"
        return record.subjects, record.importance, words, record.levels, record.grouping
    pair, v = contrast_of(record, contrast), record.view("signed")
    effect = record.effect[v, record.contrast(*pair)][None]
    words = f"{pair[0]} \N{MINUS SIGN} {pair[1]}: {difference_of(record.views[v])}"
    return record.subjects, effect, words, (), record.grouping


def _sizes(data: Any, cohort: Cohort | None, key: str) -> _Heights:
    """Mean |attribution| over units: what `ev.tl.explain` kept, or of the attributions given."""
    if is_adata(data):
        results.roles_of(data, key)
        names, size = _adata_names(data, key), data.varm[key]["mean_abs_attribution"].to_numpy()
        scale = "the output's scale"
    else:
        made, here = attributed(data, cohort, key, None)
        names, scale = list(made.features.names), made.scale
        size = unit_means(np.abs(np.asarray(made.values, dtype=np.float64)), here.units, here.order)
        size = size.mean(axis=0) if here.u >= least_shown() else np.full(len(names), np.nan)
    if not np.isfinite(size).any():
        raise AttributionError(f"fewer than {least_shown()} units; no mean over them is shown")
    return names, np.asarray(size, dtype=np.float64)[None], f"mean |attribution|, {scale}", (), ""


def _adata_names(adata: Any, key: str) -> list[str]:
    column = results.roles_of(adata, key).get("features")
    named = adata.var.index if column is None or column not in adata.var else adata.var[column]
    return [str(name) for name in named]


def _table(
    data: Any, features: Features | pd.DataFrame | None, cohort: Cohort | None, key: str
) -> pd.DataFrame:
    """The table of variants by name."""
    if isinstance(features, pd.DataFrame):
        return features
    found = features.table if isinstance(features, Features) else None
    if found is None and is_adata(data):
        return pd.DataFrame(data.var).set_axis(_adata_names(data, key))
    for own in (cohort, data if isinstance(data, Attributions) else None):
        found = own.features.table if found is None and own is not None else found
    if found is None:
        raise FeatureError(
            "nothing says where the variants lie; pass features= a table by name with columns "
            "chromosome and position (ev.read_vcf and ev.read_plink give it as cohort.features)"
        )
    return found


def places_of(names: Sequence[str], table: pd.DataFrame) -> Places:
    """Where the named variants lie, as a table by name says; FeatureError if it does not."""
    for column in ("chromosome", "position"):
        if column not in table.columns:
            raise FeatureError(
                f"the table of variants has no column {column!r}; it has "
                f"{', '.join(map(str, table.columns[:12])) or 'none'}; rename one"
            )
    if table.index.duplicated().any():
        raise FeatureError("a name occurs twice in the table of variants; make its index unique")
    rows = table.set_axis(table.index.astype(str)).reindex(list(names))
    if len(names) and rows["chromosome"].isna().all():
        raise FeatureError(f"none of {len(names)} features has a chromosome, such as {names[0]!r}")
    where = ["" if pd.isna(c) else chromosome(str(c)) for c in rows["chromosome"]]
    position = pd.to_numeric(rows["position"], errors="coerce").to_numpy(dtype=np.float64)
    builds = sorted(set(rows["build"].dropna().astype(str))) if "build" in rows else []
    build = builds[0] if len(builds) == 1 else ""
    return Places(tuple(names), np.asarray(where, dtype=np.str_), position, build)


def inside(places: Places, region: str) -> Int:
    """The positions of those in a region, "22:100-200" or "22"; FeatureError if none is."""
    asked = bounds(region if ":" in region else f"{region}:")
    if asked is None:
        raise FeatureError(f'region {region!r} is not understood; write "22" or "22:100-200"')
    at = places.inside(*asked)
    if not at.size:
        have = sorted({c for c in places.chromosome.tolist() if c})
        raise FeatureError(
            f"no variant lies in {region!r}; there are {len(places.names):,}, on chromosomes "
            f"{', '.join(have[:24])}"
        )
    return at
